"""sentiment summary, list, urgent, churn, disagreements: what people feel and want, and who waits for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from feedback_nlp.cli.output import analysis_frames
from feedback_nlp.cli.shared import common_options, open_store, say, say_json, view_from, view_options
from feedback_nlp.cli.theme_names import theme_named, themes_in_force
from feedback_nlp.errors import UsageError
from feedback_nlp.records import EMOTIONS, INTENTS
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.analysis.frames import AnalysisFrames

_MOST_SHOWN = 120  # characters of a text in a list
_THEME = click.option("--theme", metavar="THEME", help="Only what mentions this theme, by its id or label.")
_LIMIT = click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows to list at most.")
_NO_SENTIMENT = "Nothing was looked for: the scorer in force finds no emotions and intents, or sentiment is off."


@click.command()
@_THEME
@view_options
@common_options
def summary(theme: str | None, settings: Settings, as_json: bool, **view: Any) -> None:
    """Count the answers that express each emotion and intent, with share and 95 % interval.

    Several can be expressed at once, so that shares need not add up to 100 %. An answer counts once, whatever it says
    how often.
    """
    from feedback_nlp.analysis.feelings import feelings

    frames, theme_id = _opened(settings, view, theme)
    table = feelings(frames, theme_id=theme_id)
    if as_json:
        say_json(table.to_dicts())
        return
    if table.is_empty():
        say(_NO_SENTIMENT)
        return
    say(f"{'':8} {'':16} {'answers':>8} {'of':>8} {'share':>7}  95 % interval")
    for row in table.iter_rows(named=True):
        start = f"{row['kind']:8} {row['name']:16}"
        if row["share"] is None:
            say(f"{start} {'-':>8}  fewer than {settings.privacy_minimum} people, or to be found by subtraction")
            continue
        interval = f"{row['share_low']:.1%} to {row['share_high']:.1%}"
        say(f"{start} {row['n_feedback']:8,} {row['base']:8,} {row['share']:7.1%}  {interval}")


@click.command("list")
@click.option("--intent", type=click.Choice(INTENTS), help="Statements that have this intent.")
@click.option("--emotion", type=click.Choice(EMOTIONS), help="Statements that express this emotion.")
@_THEME
@_LIMIT
@view_options
@common_options
def list_statements(
    intent: str | None,
    emotion: str | None,
    theme: str | None,
    limit: int,
    settings: Settings,
    as_json: bool,
    **view: Any,
) -> None:
    """List the statements with one intent or emotion, the newest first."""
    if (intent is None) == (emotion is None):
        raise UsageError(f"Name one: --intent ({', '.join(INTENTS)}) or --emotion ({', '.join(EMOTIONS)}).")
    frames, theme_id = _opened(settings, view, theme)
    if intent is not None:
        _tell_intent(frames, intent, theme_id, limit, settings, as_json)
    else:
        _tell_emotion(frames, str(emotion), theme_id, limit, settings, as_json)


@click.command()
@_THEME
@_LIMIT
@view_options
@common_options
def urgent(theme: str | None, limit: int, settings: Settings, as_json: bool, **view: Any) -> None:
    """List statements that need a person now (harm, safety, law, somebody vulnerable), the newest first."""
    frames, theme_id = _opened(settings, view, theme)
    _tell_intent(frames, "urgent", theme_id, limit, settings, as_json)


@click.command()
@_THEME
@_LIMIT
@view_options
@common_options
def churn(theme: str | None, limit: int, settings: Settings, as_json: bool, **view: Any) -> None:
    """List statements of customers who leave or mean to, the newest first."""
    frames, theme_id = _opened(settings, view, theme)
    _tell_intent(frames, "churn", theme_id, limit, settings, as_json)


@click.command()
@click.option("--score", metavar="NAME", help="Only this score (default: all whose direction is known).")
@_LIMIT
@view_options
@common_options
def disagreements(score: str | None, limit: int, settings: Settings, as_json: bool, **view: Any) -> None:
    """List answers whose score says one thing and whose text another, the widest gap first: to look at, not errors."""
    from feedback_nlp.analysis.disagreement import disagreements as find

    frames, _ = _opened(settings, view, None)
    found = find(frames, score=score, limit=limit)
    rows = found.items.join(frames.feedback.select("feedback_id", "text", "language"), on="feedback_id").to_dicts()
    if as_json:
        facts = {name: getattr(found, name) for name in ("total", "base", "suppressed", "how_to_read")}
        say_json({**facts, "items": rows})
        return
    if found.suppressed:
        _say_withheld(settings)
        return
    for row in rows:
        say(f"{row['feedback_id']}  gap {row['gap']:.2f}  {row['reason']}: {_short(row['text'])}")
    _say_total(found.total, len(rows), f"answers of {found.base:,} that were compared")
    say(found.how_to_read)


LISTS = (summary, list_statements, urgent, churn, disagreements)


def _opened(settings: Settings, view: dict[str, Any], theme: str | None) -> tuple[AnalysisFrames, str | None]:
    """Return the tables of the view, and the id of the theme that was named."""
    with open_store(settings, must_exist=True) as store:
        frames = analysis_frames(store, settings, view_from(**view))
        if theme is None:
            return frames, None
        return frames, theme_named(themes_in_force(store), theme)


def _tell_intent(
    frames: AnalysisFrames, intent: str, theme_id: str | None, limit: int, settings: Settings, as_json: bool
) -> None:
    from feedback_nlp.analysis.acting import to_act_on

    found = to_act_on(frames, intent=intent, theme_id=theme_id, limit=limit)
    _tell(found.items, found.total, found.suppressed, settings, as_json)


def _tell_emotion(
    frames: AnalysisFrames, emotion: str, theme_id: str | None, limit: int, settings: Settings, as_json: bool
) -> None:
    import polars as pl

    place = pl.col("emotions").list.eval(pl.element() == emotion).list.arg_max()
    people = frames.feedback.filter("meaningful").select("feedback_id", "person_id", "created_at", "question")
    found = (
        frames.statements.filter(pl.col("emotions").list.contains(emotion))
        .with_columns(pl.col("emotion_confidence").list.get(place).alias("probability"))
        .join(people, on="feedback_id")
    )
    if theme_id is not None:
        found = found.join(frames.mentions.filter(pl.col("theme_id") == theme_id), on="statement_id", how="semi")
    small = frames.feedback["person_id"].n_unique() < frames.privacy_minimum and not found.is_empty()
    if small or theme_id in frames.withheld:
        found = found.clear()
    found = found.sort(
        ["created_at", "feedback_id", "start", "statement_id"], descending=[True, False, False, False], nulls_last=True
    ).select(
        *("statement_id", "feedback_id", "person_id", "created_at", "language", "question", "text", "probability"),
        *("sentiment", "sentiment_label"),
    )
    _tell(found.head(limit), found.height, small or theme_id in frames.withheld, settings, as_json)


def _tell(table: pl.DataFrame, total: int, suppressed: bool, settings: Settings, as_json: bool) -> None:
    rows = table.to_dicts()
    if as_json:
        say_json({"total": total, "suppressed": suppressed, "statements": rows})
        return
    if suppressed:
        _say_withheld(settings)
        return
    for row in rows:
        day = f"{row['created_at']:%Y-%m-%d}" if row["created_at"] else "no date   "
        themes = f"  [{', '.join(row['theme_labels'])}]" if row.get("theme_labels") else ""
        say(f"{row['statement_id']}  {day}  {row['probability']:.2f}  {_short(row['text'])}{themes}")
    _say_total(total, len(rows), "statements")
    if rows:
        say("Why one is scored so: feedback-nlp sentiment explain STATEMENT_ID")


def _say_total(total: int, shown: int, of: str) -> None:
    more = f" {total - shown:,} more: raise --limit." if total > shown else ""
    say(f"{total:,} {of}.{more}")


def _say_withheld(settings: Settings) -> None:
    say(f"Fewer than {settings.privacy_minimum} people would be shown: nothing is listed.")


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _MOST_SHOWN else words[:_MOST_SHOWN] + "…"
