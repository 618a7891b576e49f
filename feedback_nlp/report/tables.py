"""Tables as a notebook shows them: an estimate and its interval in one cell, every text in its own direction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from markupsafe import Markup, escape

from feedback_nlp.charts import palette
from feedback_nlp.errors import UsageError, did_you_mean
from feedback_nlp.report import wording

_SHARES = ("share", "overall_share", "reach", "coverage")  # 0..1, as are those that begin with "share_"
_ENDS = ("_low", "_high")
_STYLE = Markup(
    # Where a notebook's own rules align all cells to the right, these have to insist.
    "<style>table.fb-table{{border-collapse:collapse;font-family:{font};font-size:13px;color:inherit}}"
    "table.fb-table thead th{{text-align:start!important;vertical-align:bottom;font-weight:600;"
    "border-bottom:1px solid {muted}}}"
    "table.fb-table thead th,table.fb-table tbody td{{padding:4px 9px}}"
    "table.fb-table tbody td{{text-align:start!important;vertical-align:top;border-bottom:1px solid {line};"
    "max-width:36rem;overflow-wrap:break-word}}"
    "table.fb-table thead th.n,table.fb-table tbody td.n{{text-align:end!important;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}}"
    "table.fb-table small{{color:{muted};font-size:12px}}</style>"
).format(font=Markup(palette.FONT), line=palette.LINE, muted=palette.MUTED)


@dataclass(frozen=True, slots=True, eq=False)
class ShownTable:
    """A table for people: ``frame`` has the figures themselves, the intervals in columns of their own.

    ``columns`` are those shown; ``percent`` those of them written as percentages, ``points`` as percentage points;
    ``digits`` is for other figures, and at most ``rows`` rows are shown.
    """

    frame: pl.DataFrame
    columns: tuple[str, ...]
    percent: frozenset[str]
    points: frozenset[str]
    digits: int
    rows: int

    def __repr__(self) -> str:
        return repr(self.frame)

    def _repr_html_(self) -> str:
        heads = Markup("").join(
            Markup("<th{}>{}</th>").format(self._side(name), name.replace("_", " ")) for name in self.columns
        )
        lines = [
            Markup("<tr>{}</tr>").format(Markup("").join(self._cell(name, row) for name in self.columns))
            for row in self.frame.head(self.rows).iter_rows(named=True)
        ]
        left_out = self.frame.height - len(lines)
        more = Markup("<small>and {:,} more rows</small>").format(left_out) if left_out > 0 else ""
        if not lines:
            more = Markup("<small>no rows</small>")
        table = Markup('<table class="fb-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>')
        return str(_STYLE + table.format(heads, Markup("").join(lines)) + more)

    def _side(self, name: str) -> Markup:
        dtype = self.frame.schema[name]
        return Markup(' class="n"') if dtype.is_numeric() or dtype.is_temporal() else Markup("")

    def _cell(self, name: str, row: dict[str, Any]) -> Markup:
        value = row[name]
        if isinstance(value, str):
            return Markup('<td dir="auto">{}</td>').format(value)
        shown = escape(wording.DASH if value is None else self._written(name, value))
        low, high = (row.get(end) for end in _interval_of(name, self.frame.columns) or ("", ""))
        if value is not None and low is not None and high is not None:
            if name in self.percent:
                between = wording.share_range(low, high)
            else:
                ends = (100 * low, 100 * high) if name in self.points else (low, high)
                digits = 1 if name in self.points else self.digits
                between = " to ".join(wording.number(end, digits) for end in ends)
            shown += Markup(" <small>({})</small>").format(between)
        return Markup("<td{}>{}</td>").format(self._side(name), shown)

    def _written(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return "\u2713" if value else ""
        if isinstance(value, float):
            if name in self.percent:
                return wording.percent(value)
            if name in self.points:
                return f"{wording.number(100 * value, 1, signed=True)} pp"
            if name in ("p", "q") or name.endswith("_q"):
                return f"{value:.3f}"
            return wording.number(value, self.digits)
        if isinstance(value, list | tuple):
            return ", ".join(self._written(name, part) for part in value)
        if isinstance(value, date):  # a datetime is one
            return f"{value:%Y-%m-%d}"
        return f"{value:,}" if isinstance(value, int) else str(value)


def show_table(
    frame: pl.DataFrame, *columns: str, points: Collection[str] = (), digits: int = 2, rows: int = 40
) -> ShownTable:
    """Return a table as a notebook shows it, with its columns in the order named (default: all).

    A column whose 95 % interval is in the frame, as NAME_low and NAME_high (or low and high, for the column before
    them), is shown with it. Shares are written as percentages, and the columns in ``points``, differences of shares, in
    percentage points. ``.frame`` has the figures. Raises UsageError for a column that is not there.
    """
    for name in columns:
        if name not in frame.columns:
            raise UsageError(f"There is no column {name!r}.{did_you_mean(name, frame.columns)}")
    intervals = {name: ends for name in frame.columns if (ends := _interval_of(name, frame.columns))}
    within = {end for ends in intervals.values() for end in ends}
    shown = columns or tuple(name for name in frame.columns if name not in within)
    kept = dict.fromkeys(part for name in shown for part in (name, *intervals.get(name, ())))
    shares = {name for name in shown if name in _SHARES or name.startswith("share_")}
    return ShownTable(frame.select(list(kept)), tuple(shown), frozenset(shares), frozenset(points), digits, rows)


def _interval_of(name: str, columns: list[str]) -> tuple[str, str] | None:
    """Return the names of the ends of a column's interval, None where the frame does not have them."""
    low, high = (f"{name}{end}" for end in _ENDS)
    if low in columns and high in columns:
        return low, high
    if "low" in columns and "high" in columns and columns.index("low") == columns.index(name) + 1:
        return "low", "high"
    return None
