"""Words that set a group's answers apart from everybody else's, language by language.

Log-odds with an informative Dirichlet prior, the words of all as the prior (Monroe, Colaresi & Quinn 2008, "Fightin'
Words", eq. 16-22), counted by people: a word that one person repeats counts once, and its inflected forms are one word,
or half of what six languages say would be too rare to tell. Survey weights are left out: it tells how people talk.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.special import ndtr

from feedback_nlp.analysis import intervals
from feedback_nlp.analysis.frames import NOT_GIVEN, AnalysisFrames, segment_column
from feedback_nlp.language.stopwords import stop_words
from feedback_nlp.themes.labels.word_forms import stems_of

_WORD = r"[\p{L}\p{M}][\p{L}\p{M}\p{N}'\u2019-]*[\p{L}\p{M}\p{N}]"
_PRIOR = 0.1  # words of prior for each word of the smaller side
_PLACEHOLDER = r"<[A-Z_]+_\d+>"


def distinctive_words(frames: AnalysisFrames, by: str, *, most: int = 10, clear: float = 0.1) -> pl.DataFrame:
    """Return the words said more often by one value of ``by`` than by the others, the most distinctive first.

    Columns: segment_value, language, word (in its commonest form), n_people (of the group who say it), n_others (null
    where too few to tell), log_odds (natural, above 0), z, q (Benjamini-Hochberg over the words of a language). Only
    words with q at most ``clear`` that at least the privacy minimum of people say, at most ``most`` a group and
    language. Raises UsageError for an unknown ``by``.
    """
    column = segment_column(frames, by)
    feedback = frames.feedback.filter("meaningful").select(
        "feedback_id", "person_id", pl.col(column).fill_null(NOT_GIVEN).cast(pl.String).alias("segment_value")
    )
    said = frames.statements.select("feedback_id", "language", "text").join(feedback, on="feedback_id")
    counts = (
        _in_one_form(_words(said))
        .unique(["segment_value", "language", "person_id", "word"])
        .group_by("segment_value", "language", "word")
        .agg(pl.len().cast(pl.Int64).alias("n_people"))
        .sort("language", "word", "segment_value")
    )
    everybody = pl.col("n_people").sum().over("language", "word")
    inside = pl.col("n_people").sum().over("language", "segment_value")
    table = counts.with_columns(
        (everybody - pl.col("n_people")).alias("n_others"),
        inside.alias("words_inside"),
        (pl.col("n_people").sum().over("language") - inside).alias("words_outside"),
    ).filter(pl.col("words_outside") > 0)
    y1, y2 = table["n_people"].to_numpy().astype(float), table["n_others"].to_numpy().astype(float)
    n1, n2 = table["words_inside"].to_numpy().astype(float), table["words_outside"].to_numpy().astype(float)
    prior_total = _PRIOR * np.minimum(n1, n2)
    prior = prior_total * (y1 + y2) / np.maximum(n1 + n2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_odds = np.log((y1 + prior) / (n1 + prior_total - y1 - prior)) - np.log(
            (y2 + prior) / (n2 + prior_total - y2 - prior)
        )
        z = log_odds / np.sqrt(1 / (y1 + prior) + 1 / (y2 + prior))
    table = table.with_columns(pl.Series("log_odds", log_odds), pl.Series("z", z))
    # Rarer words cannot be shown, so they are not tested either.
    table = table.filter(pl.col("z").is_finite() & (pl.col("n_people") >= frames.privacy_minimum))
    q = pl.concat(
        [
            part.with_columns(pl.Series("q", intervals.false_discovery(2 * ndtr(-np.abs(part["z"].to_numpy())))))
            for part in table.partition_by("language", maintain_order=True)
        ]
        or [table.with_columns(pl.lit(None, pl.Float64).alias("q"))]
    )
    return (
        q.filter((pl.col("log_odds") > 0) & (pl.col("q") <= clear))
        .sort(["segment_value", "language", "z", "word"], descending=[False, False, True, False])
        .group_by("segment_value", "language", maintain_order=True)
        .head(most)
        .with_columns(pl.when(_few_others(frames)).then(None).otherwise("n_others").alias("n_others"))
        .select("segment_value", "language", "word", "n_people", "n_others", "log_odds", "z", "q")
    )


def _few_others(frames: AnalysisFrames) -> pl.Expr:
    return pl.col("n_others").is_between(1, frames.privacy_minimum - 1)


def _in_one_form(words: pl.DataFrame) -> pl.DataFrame:
    """Return the words with each in the commonest of its forms: the one that most people of the language use."""
    forms = (
        words.unique(["language", "person_id", "word"])
        .group_by("language", "word")
        .agg(pl.len().alias("n"))
        .sort(["language", "n", "word"], descending=[False, True, False])
    )
    known = []
    for (language,), own in forms.group_by("language", maintain_order=True):
        stem_of = stems_of(dict(own.select("word", "n").iter_rows()))
        shown: dict[str, str] = {}
        for word in own["word"]:  # the commonest first
            shown.setdefault(stem_of[word], word)
        known += [(language, word, shown[stem_of[word]]) for word in own["word"]]
    schema = {"language": pl.String, "word": pl.String, "form": pl.String}
    return (
        words.join(pl.DataFrame(known, schema, orient="row"), on=["language", "word"])
        .drop("word")
        .rename({"form": "word"})
    )


def _words(said: pl.DataFrame) -> pl.DataFrame:
    """Return segment_value, language, person_id and word (lower-case, no stop words), a row a word of a statement."""
    text = pl.col("text").str.replace_all(_PLACEHOLDER, " ").str.to_lowercase()
    words = said.select("segment_value", "language", "person_id", text.str.extract_all(_WORD).alias("word"))
    languages = said["language"].unique().to_list()
    stops = [(language, word) for language in languages for word in sorted(stop_words(language))]
    dropped = pl.DataFrame(stops, schema={"language": pl.String, "word": pl.String}, orient="row")
    return words.explode("word").drop_nulls("word").join(dropped, on=["language", "word"], how="anti")
