"""Watch: the score over time, themes that come up more often than was to be expected, and what no theme covers yet."""

from __future__ import annotations

import polars as pl
import streamlit as st

from feedback_nlp import charts
from feedback_nlp.analysis.codebook_breaks import codebook_breaks
from feedback_nlp.analysis.outcomes import Outcome, choose_outcome
from feedback_nlp.analysis.trends import score_by_period
from feedback_nlp.analysis.watching.alerts import FALSE_ALARMS, alerts
from feedback_nlp.analysis.watching.counts import LEAST_PAST
from feedback_nlp.pages import acting, shell, tables
from feedback_nlp.pages.data import Slice, current_slice
from feedback_nlp.pages.emerging import show_emerging
from feedback_nlp.pages.wording import count, interval, number, percent, percent_interval, plain

UNIT_WORDS = {"month": "Month", "week": "Week"}
CHARTED = 24


def _page() -> None:
    shell.heading("watch", "What changes over time, what stands out, and what comes up that no theme covers yet.")
    part = current_slice()
    shell.view_sentence(part)
    acting.show_outcome(part.loaded.settings)
    outcome = part.compute(choose_outcome, name=part.outcome_name)
    with st.container(horizontal=True):
        unit = st.segmented_control(
            "Period",
            list(UNIT_WORDS),
            default="month",
            required=True,
            format_func=UNIT_WORDS.__getitem__,
            key="unit",
            bind="query-params",
        )
        level = shell.choose_level()
    _score(part, outcome, str(unit))
    if not part.loaded.has_themes:
        shell.no_themes()
        return
    with shell.guarded("alerts"):
        _alerts(part, str(unit), level)
    show_emerging(part)


def _score(part: Slice, outcome: Outcome, unit: str) -> None:
    st.subheader(f"{outcome.label} by {unit}")
    scores = part.compute(score_by_period, unit=unit, outcome=outcome)
    if scores["value"].drop_nulls().len() < 2:
        st.info(f"A trend needs two {unit}s or more with enough dated scores.")
        return
    shell.draw(
        charts.score_trend(scores.rename({"period": "month"}), label=outcome.axis),
        f"{outcome.label} by {unit}, with 95% intervals",
    )
    hidden, few = int(scores["suppressed"].sum()), scores.filter(pl.col("n") < part.loaded.settings.low_base).height
    notes = ["The band is the 95% interval."]
    if few:
        notes.append(
            f"{count(few)} of {count(scores.height)} {unit}s have a low base (fewer than "
            f"{part.loaded.settings.low_base} scores)."
        )
    if hidden:
        notes.append(f"Left open for too few people: {count(hidden)}.")
    st.caption(" ".join(notes))


def _alerts(part: Slice, unit: str, level: int) -> None:
    st.subheader("Themes that stand out")
    judged = part.compute(alerts, unit=unit, level=level)
    known = judged.filter("judged")
    shell.breaks_note(part.compute(codebook_breaks, unit=unit))
    if known.is_empty():
        reasons = judged["reason"].drop_nulls().unique(maintain_order=True).to_list()
        st.info(
            "There is too little past to judge by. "
            + (reasons[0] if reasons else f"At least {LEAST_PAST} {unit}s with feedback have to come before.")
        )
        return
    loud = known.filter("alarm")
    st.caption(
        f"{count(loud.height)} of {count(known.height)} pairs of theme and {unit}, over the latest two {unit}s. What "
        "was to be expected follows from trend, season and volume, with past outbreaks set aside; of the alarms, about "
        f"{percent(FALSE_ALARMS)} may be chance."
    )
    if loud.is_empty():
        st.info(
            f"Nothing stands out: every theme came up about as often as was to be expected in the latest two {unit}s.",
            icon=":material/task_alt:",
        )
    for row in loud.iter_rows(named=True):
        _alarm(row, unit)
    newest = known["period"].sort()[-1]
    latest = known.filter(pl.col("period") == newest)
    named = pl.concat([loud.filter(pl.col("period") != newest), latest]).head(CHARTED)
    named = named.with_columns(
        pl.when(pl.col("period") == newest)
        .then(pl.col("label"))
        .otherwise(pl.format("{} ({})", "label", pl.col("period").dt.strftime("%Y-%m-%d")))
        .alias("name")
    )
    st.caption(
        f"The {unit} that begins on {newest}: the bar holds 95% of such {unit}s, the mark is what came. It may not be "
        "over yet."
    )
    shell.draw(charts.alert_bands(named), f"Answers by theme in the latest {unit} against what was to be expected")
    with st.expander("All figures"):
        tables.show(*_alert_table(known, unit))
    if judged["suppressed"].any():
        shell.withheld_note(part.loaded.settings.privacy_minimum)


def _alarm(row: dict[str, object], unit: str) -> None:
    figures = {name: float(row[name]) for name in ("expected", "expected_low", "expected_high", "ratio", "q")}  # type: ignore[arg-type]
    label, theme_id = str(row["label"]), str(row["theme_id"])
    with st.container(border=True, key=f"alarm_{theme_id}_{row['period']}"):
        st.markdown(
            f":material/notification_important: **{plain(label)}** came up in {count(int(str(row['n_feedback'])))} of "
            f"{count(int(str(row['base'])))} answers in the {unit} from {row['period']}, "
            f"**{number(figures['ratio'])} times** what was to be expected: {number(figures['expected'])} "
            f"({interval(figures['expected_low'], figures['expected_high'], digits=0)} in 95% of such {unit}s), "
            f"q {figures['q']:.3f}."
        )
        if st.button("Read what they say", icon=":material/forum:", key=f"read_{theme_id}_{row['period']}"):
            st.switch_page(shell.page_path("theme"), query_params={"theme": theme_id})


def _alert_table(known: pl.DataFrame, unit: str) -> tuple[pl.DataFrame, dict[str, object]]:
    rows = [
        {
            "theme": row["label"],
            "period": row["period"],
            "n": row["n_feedback"],
            "base": row["base"],
            "share": percent_interval(row["share_low"], row["share_high"]),
            "expected": row["expected"],
            "band": None
            if row["expected_low"] is None
            else interval(row["expected_low"], row["expected_high"], digits=0),
            "ratio": row["ratio"],
            "q": row["q"],
            "alarm": "\u2713" if row["alarm"] else "",
        }
        for row in known.iter_rows(named=True)
    ]
    column = st.column_config
    return pl.DataFrame(rows, infer_schema_length=None), {
        "theme": column.TextColumn("Theme", width=270),
        "period": column.DateColumn(f"{UNIT_WORDS[unit]} from"),
        "n": column.NumberColumn("Answers", help="That mention it in the period (n)."),
        "base": column.NumberColumn("Base", help="Answers of the period that say something."),
        "share": column.TextColumn("Share, 95%", help="Wilson interval of the share."),
        "expected": column.NumberColumn("Expected", format="%.1f"),
        "band": column.TextColumn("Expected, 95%", help="What 95% of such periods hold."),
        "ratio": column.NumberColumn("Times", format="%.2f", help="Observed over expected."),
        "q": column.NumberColumn("q", format="%.3f", help="Allows for the number of themes looked at."),
        "alarm": column.TextColumn("Stands out"),
    }


_page()
