"""sentiment: how people feel and what they want, why a text is scored so, and a head tuned to labels of one's own."""

from __future__ import annotations

from collections.abc import Mapping

import click

from feedback_nlp.cli.sentiment_lists import LISTS
from feedback_nlp.cli.sentiment_tune import tune
from feedback_nlp.cli.shared import common_options, open_store, say, say_json
from feedback_nlp.errors import UsageError
from feedback_nlp.settings import Settings


@click.group()
def sentiment() -> None:
    """Feelings and intents: a summary, lists to act on, why a text is scored so, and tuning to labelled rows."""


for command in LISTS:
    sentiment.add_command(command)


@sentiment.command()
@click.argument("statement_id", required=False)
@click.option("--text", help="Explain this text, which need not be stored.")
@click.option("--language", metavar="CODE", help="Language of --text, such as 'ro' (default: detected).")
@click.option("--question", metavar="TEXT", help="The question that --text answers.")
@common_options
def explain(
    statement_id: str | None,
    text: str | None,
    language: str | None,
    question: str | None,
    settings: Settings,
    as_json: bool,
) -> None:
    """Show how a statement is scored and which of its words moved the score.

    STATEMENT_ID is what `themes statements` and the lists of `sentiment` show. Each word is left out in turn: its
    contribution is by how much the log odds of positive against negative fall. 0.7 doubles or halves the odds, 2.3
    makes them ten times as large. Contributions rank words; they do not add up to the score.
    """
    from feedback_nlp.language.language_codes import language_code
    from feedback_nlp.pipeline.sentiment_explaining import explain_statement, explain_text

    if (statement_id is None) == (text is None):
        raise UsageError("Name one thing to explain: a STATEMENT_ID, or a text with --text.")
    if text is None and (language or question):
        raise UsageError("--language and --question are for --text; a stored statement has its own. Leave them out.")
    code = language_code(language) if language else None
    if language and code is None:
        raise UsageError(f"--language {language!r} is no language code. Give one such as 'en', 'ro' or 'ar'.")
    if text is None:
        with open_store(settings, must_exist=True) as store:
            found = explain_statement(store, str(statement_id), settings)
    else:
        found = explain_text(text, code, question or "", settings)
    spans = [(item, found.text[item.start : item.end]) for item in found.evidence]
    if as_json:
        words = [
            {"start": item.start, "end": item.end, "text": word, "contribution": item.contribution}
            for item, word in spans
        ]
        names = ("statement_id", "text", "language", "question", "leaning", "score", "scorer_key")
        say_json({**{name: getattr(found, name) for name in names}, "evidence": words})
        return
    score = found.score
    say(f"{found.text}")
    say(
        f"{score.label}, probability {score.confidence:.2f}, polarity {score.polarity:+.2f} (-1 to 1), {found.language}"
    )
    say(f"emotions: {_chances(score.emotions)}; intents: {_chances(score.intents)}")
    if found.leaning:
        side = "what is good" if found.leaning > 0 else "what is bad"
        say(f"The question asks for {side} ({found.leaning:+.2f}).")
    if not spans:
        say("No single word moves the score by much.")
    for item, word in spans:
        say(f"  {item.contribution:+6.2f}  {' '.join(word.split())}")
    say("Log odds by which each word speaks for positive (+) or negative (-); they rank words and do not add up.")


def _chances(found: Mapping[str, float] | None) -> str:
    """Return emotions or intents as words: "anger 0.81, worry 0.55", "none", or that they were not looked for."""
    if found is None:
        return "not looked for by this scorer"
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {value:.2f}" for name, value in ranked) or "none"


sentiment.add_command(tune)
