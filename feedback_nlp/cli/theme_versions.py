"""themes compare: what became of each theme between two codebook versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from feedback_nlp.cli.shared import common_options, open_store, say, say_json
from feedback_nlp.settings import Settings

_COUNTS = ("n_old", "n_new", "n_kept")


@click.command()
@click.argument("old", type=int)
@click.argument("new", type=int)
@common_options
def compare(old: int, new: int, settings: Settings, as_json: bool) -> None:
    """Say what became of each theme from version OLD to version NEW, on the statements that are stored now."""
    from feedback_nlp.pipeline.comparing import compare_versions

    with open_store(settings, must_exist=True) as store:
        found = compare_versions(store, old, new)
    minimum = settings.privacy_minimum
    rows = [_row(asdict(change), minimum) for change in found.changes]
    shares = {name: getattr(found, name) for name in ("kept", "kept_surviving", "surviving")}
    if as_json:
        flows = [asdict(flow) for flow in found.flows if flow.n >= minimum]
        say_json({"old": old, "new": new, "n": found.n, **shares, "themes": rows, "flows": flows})
        return
    say(f"{found.n:,} statements. Mentions of {old} whose theme is in {new}: {_percent(found.surviving)}.")
    say(f"Of these, mentions that still have it: {_percent(found.kept_surviving)}; of all: {_percent(found.kept)}.")
    say(f"{'theme':12}  {'before':>8}  {'now':>8}  {'both':>8}  change")
    for row in rows:
        counts = "  ".join("-".rjust(8) if row[name] is None else f"{row[name]:8,}" for name in _COUNTS)
        other = f" ({row['other_id']})" if row["other_id"] else ""
        was = f", was {row['old_label']!r}" if row["outcome"] == "renamed" else ""
        say(f"{row['theme_id']:12}  {counts}  {row['outcome']}{other}: {row['label']}{was}")
    say(f"'-': fewer than {minimum} statements would show.")


def _row(row: dict[str, Any], minimum: int) -> dict[str, Any]:
    """Return the row without its counts where 1 to minimum - 1 statements are, came or went."""
    n_old, n_new, n_kept = (row[name] for name in _COUNTS)
    parts = (n_old, n_new, n_kept, n_old - n_kept, n_new - n_kept)
    return row | dict.fromkeys(_COUNTS) if any(0 < part < minimum for part in parts) else row


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"
