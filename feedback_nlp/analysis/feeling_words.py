"""Emotions and intents in words: what each is called, what it means, and whether it speaks for or against."""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl

Tone = Literal["negative", "neutral", "positive"]
# Stands before a name, so that colour never speaks alone.
TONE_SIGNS: dict[Tone, str] = {"negative": "\u2212", "neutral": "\u25cb", "positive": "+"}


class Feeling(NamedTuple):
    """What an emotion or intent is called in a figure or on a chip, and what counts as it."""

    word: str
    tone: Tone
    meaning: str

    @property
    def signed(self) -> str:
        """The word after the sign of its tone."""
        return f"{TONE_SIGNS[self.tone]} {self.word}"


EMOTION_WORDS: dict[str, Feeling] = {
    "anger": Feeling("anger", "negative", "Anger or frustration."),
    "confusion": Feeling("confusion", "negative", "Does not understand, or does not know what to do."),
    "disappointment": Feeling("disappointment", "negative", "Disappointment or sadness: expected better."),
    "worry": Feeling("worry", "negative", "Worry or fear of what may come."),
    "joy": Feeling("joy", "positive", "Joy or delight."),
    "gratitude": Feeling("gratitude", "positive", "Thanks somebody."),
    "surprise": Feeling("surprise", "neutral", "Did not expect it, for good or bad."),
    "none": Feeling("no emotion", "neutral", "Looked for, and none was found."),
}
INTENT_WORDS: dict[str, Feeling] = {
    "complaint": Feeling("complaint", "negative", "Says that something is wrong."),
    "suggestion": Feeling("suggestion", "neutral", "Suggests or asks for a change."),
    "question": Feeling("question", "neutral", "Asks something."),
    "praise": Feeling("praise", "positive", "Says that something is good."),
    "churn": Feeling("may leave", "negative", "Has left, is leaving or means to."),
    "urgent": Feeling("urgent", "negative", "Needs a person now: harm, safety, law, somebody vulnerable."),
}
WORDS = {"emotion": EMOTION_WORDS, "intent": INTENT_WORDS}  # by kind, as feelings() names them
NOT_SURE = (
    "A model reads them off each statement, several or none at once. It misses some and sees some that are not there, "
    "most of all in irony. Read what was written before you act."
)


def named_feelings(table: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Add word and tone to the rows of one kind ("emotion" or "intent") of a table of feelings, and n_feedback as n."""
    words = [WORDS[kind][name] for name in table["name"]]
    return table.with_columns(
        pl.Series("word", [feeling.signed for feeling in words], dtype=pl.String),
        pl.Series("tone", [feeling.tone for feeling in words], dtype=pl.String),
        pl.col("n_feedback").alias("n"),
    )
