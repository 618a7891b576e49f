"""The labelled sets that the sentiment heads learn from: their licences, which rows are taken, which are held out.

Rows are chosen, and held out, by a hash of their text without digits, links and names of accounts, so the choice
depends on nothing else. Translations of one sentence, and a review and its title, stay on one side. Nothing of a row
is written anywhere.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sentiment_marks import CLASSES, MADE_UP_INTENTS, MARKS, marks_of

HERE = Path(__file__).resolve().parent
EQUALS = ("en", "ro", "ru", "it", "ar", "pl")
ALL = dict.fromkeys((*EQUALS, "de", "fr", "es", "pt"), 10_000)
MADE_UP = "sentiment_statements"  # our own, beside this file
OWN = (MADE_UP, MADE_UP_INTENTS)
HELD_OUT = "intent_statements_held_out"  # our own too; nothing learns from them
OPEN, UNSTATED, NON_COMMERCIAL = "open", "unstated", "non-commercial"
TEST, VALIDATION, FOLDS = 5, 2, 20  # of 20 parts of a set: five only test, two choose, thirteen teach
_POSITIVE = ("joy", "trust", "trust;joy", "admiration", "gratitude", "love", "approval", "excitement", "optimism")
_NEGATIVE = ("anger", "sadness", "sadness;anger", "annoyance", "disapproval", "disappointment", "disgust")
_POLARITY_OF_EMOTIONS = (
    dict.fromkeys(_POSITIVE, "positive") | dict.fromkeys(_NEGATIVE, "negative") | {"neutral": "neutral"}
)


@dataclass(frozen=True, slots=True)
class Source:
    """One labelled set: the file, its licence, how much of it is taken, and what it says.

    ``label`` is the column of polarity; "emotions" goes by the emotions, "rating" by 0-3 and 9-10, "intents" by
    complaint and praise, "" says nothing.
    """

    file: str
    licence: str
    terms: str  # OPEN, UNSTATED (research, or no licence given) or NON_COMMERCIAL
    most: dict[str, int]  # language -> most rows
    text: str = "text"
    label: str = "sentiment"
    group: str = ""  # rows that share this column stay on one side of the split
    weight: float = 1.0  # of the set within a language, beside the root of its size
    feedback: bool = False  # a negative text complains, a positive one praises

    @property
    def name(self) -> str:
        """The file, and the column where it is not the text itself."""
        return self.file if self.text == "text" else f"{self.file}.{self.text}"


SOURCES = (
    Source("en_airline_tweets", "CC BY-NC-SA 4.0", NON_COMMERCIAL, ALL, feedback=True),
    Source("en_tweeteval_sentiment", "no restrictions stated", OPEN, ALL),
    Source("multi_xlmt_tweet_sentiment", "Apache-2.0", OPEN, ALL),
    Source("pl_wccrs_hotel_medicine", "CC BY-SA 4.0", OPEN, ALL, feedback=True),
    Source("ro_laroseda_reviews", "CC BY-NC-SA 4.0", NON_COMMERCIAL, ALL, feedback=True),
    Source("ro_laroseda_reviews", "CC BY-NC-SA 4.0", NON_COMMERCIAL, {"ro": 2500}, text="title", group="text"),
    Source("ru_sentirueval16_bank_telecom", "research, none stated", UNSTATED, ALL),
    Source("ru_kazakhtelecom_reviews", "none stated", UNSTATED, ALL, feedback=True),
    Source("ru_bank_clauses_llm_silver", "none stated; labels by a model", UNSTATED, {"ru": 3000}, group="review_id",
           weight=0.5),
    Source("ar_reviews_elsahar", "research, none stated", UNSTATED, ALL, feedback=True),
    Source("ar_astd_tweets", "GPL-2", OPEN, ALL),
    Source("de_germeval2017_bahn", "research, none stated", UNSTATED, ALL),
    Source("multi_mabsa_aspects_parallel", "none stated", UNSTATED,
           dict.fromkeys(("de", "fr", "es", "pt"), 1200) | dict.fromkeys(("en", "ar", "ru"), 3000),
           group="parallel_id", feedback=True),
    Source("en_nps_telecom_verbatim", "GPL", OPEN, ALL, label="rating", feedback=True),
    Source("en_huliu_product_features", "free for research", UNSTATED, ALL, feedback=True),
    Source("en_goemotions", "Apache-2.0", OPEN, {"en": 13_000}, label="emotions"),
    Source("ro_red_emotions", "MIT", OPEN, ALL, label="emotions"),
    Source("en_tweeteval_emotion", "no restrictions stated", OPEN, ALL, label="emotions"),
    Source("multi_xed_emotions", "CC BY 4.0", OPEN,
           dict.fromkeys(EQUALS, 3000) | dict.fromkeys(("de", "fr", "es", "pt"), 500), label="emotions", weight=0.5),
    Source("en_app_reviews_bug_feature", "none stated", UNSTATED, ALL, label=""),
    Source("en_github_issue_tickets", "none stated", UNSTATED, ALL, text="title", label=""),
    Source("en_course_eval_openended", "CC BY 4.0 or CC BY-NC 4.0", NON_COMMERCIAL, {"en": 2200}, label=""),
    Source("en_clinc150", "CC BY 3.0", OPEN, {"en": 2500}, label=""),
    Source("en_banking77", "CC BY 4.0", OPEN, {"en": 2000}, label=""),
    Source("en_bitext_support", "CDLA-Sharing 1.0", OPEN, {"en": 1200}, label=""),
    Source("en_nlupp_multilabel", "CC BY 4.0", OPEN, {"en": 1500}, label=""),
    Source("en_hint3_chatbots", "ODbL", OPEN, {"en": 800}, label=""),
    Source(MADE_UP, "written for this project", OPEN, ALL, group="statement", weight=8.0),
    Source(MADE_UP_INTENTS, "written for this project", OPEN, ALL, label="intents", group="statement", weight=4.0),
)  # fmt: skip
BY_NAME = {source.name: source for source in SOURCES}


def read_sources(folder: Path) -> pl.DataFrame:
    """Return one row a text: set, terms, lang, text, polarity (0, 1, 2, or -1: unknown), marks, part.

    ``marks`` is a list of MARKS' length: 1 the text has it, 0 it has not, -1 the set cannot say. ``part`` is "test",
    "validation" or "train"; ``half`` is 0 or 1, for cross-fitting. No text of another part equals one to test.
    Raises FileNotFoundError when ``folder`` lacks a set.
    """
    rows = pl.concat([_read(source, folder) for source in SOURCES])
    tested = rows.filter(pl.col("part") == "test")["key"].unique()
    return rows.filter((pl.col("part") == "test") | ~pl.col("key").is_in(tested.implode())).drop("key")


def read_held_out() -> pl.DataFrame:
    """Return the sentences written apart from those to learn from, one row a sentence and language: set, lang, text,
    polarity and marks as :func:`read_sources` has them."""
    frame, marks = _labelled(_made_up(HELD_OUT), BY_NAME[MADE_UP_INTENTS])
    return frame.select("lang", "text", "polarity", set=pl.lit(HELD_OUT), marks=marks)


def _read(source: Source, folder: Path) -> pl.DataFrame:
    frame = _made_up(source.file) if source.terms == OPEN and (HERE / f"{source.file}.tsv").exists() else None
    if frame is None:
        frame = pl.read_parquet(folder / f"{source.file}.parquet")
    frame = frame.filter(pl.col("lang").is_in(list(source.most)), pl.col(source.text).is_not_null())
    if source.file == "multi_mabsa_aspects_parallel":  # an English sentence may have several numbers
        english = pl.read_parquet(folder / f"{source.file}.parquet").filter(pl.col("lang") == "en")
        names = english.select("parallel_id", english="text").unique("parallel_id")
        frame = frame.join(names, "parallel_id", how="left", maintain_order="left")
        group = pl.coalesce("english", "parallel_id")
    else:
        group = pl.col(source.group or source.text).cast(pl.Utf8)
    frame, marks = _labelled(frame, source)
    fold = pl.col("group").map_elements(lambda text: text_hash(normal(text)), return_dtype=pl.Int64)
    rows = (
        frame.with_columns(group=group)
        .select(
            "lang",
            "polarity",
            "group",
            set=pl.lit(source.name),
            terms=pl.lit(source.terms),
            text=pl.col(source.text).str.strip_chars(),
            marks=marks,
        )
        .filter(pl.col("text").str.len_chars() >= 2, (pl.col("polarity") >= 0) | (pl.col("marks").list.max() >= 0))
        .with_columns(
            key=pl.col("text").map_elements(lambda text: text_hash(normal(text)), return_dtype=pl.Int64), fold=fold
        )
        .unique("text" if source.file == MADE_UP_INTENTS else "key", keep="first", maintain_order=True)
        .sort("key", "text")
        .filter(pl.int_range(pl.len()).over("lang") < pl.col("lang").replace_strict(source.most, return_dtype=pl.Int64))
    )
    assert rows["marks"].list.len().eq(len(MARKS)).all()
    part = (
        pl.when(pl.col("fold") % FOLDS < TEST)
        .then(pl.lit("test"))
        .when(pl.col("fold") % FOLDS < TEST + VALIDATION)
        .then(pl.lit("validation"))
        .otherwise(pl.lit("train"))
    )
    return rows.select("set", "terms", "lang", "text", "polarity", "marks", "key", part=part,
                       half=pl.col("fold") // FOLDS % 2)  # fmt: skip


def _labelled(frame: pl.DataFrame, source: Source) -> tuple[pl.DataFrame, pl.Series]:
    """Return the rows with ``polarity``, and the marks of each."""
    frame = frame.with_columns(polarity=_polarity(source).replace_strict(
        {name: i for i, name in enumerate(CLASSES)}, default=-1, return_dtype=pl.Int8
    ))  # fmt: skip
    marks = [marks_of(source.file, source.feedback, row) for row in frame.iter_rows(named=True)]
    return frame, pl.Series(marks, dtype=pl.List(pl.Int8))


def _polarity(source: Source) -> pl.Expr:
    if source.label == "rating":
        low, high = pl.col("rating") <= 3, pl.col("rating") >= 9
        return pl.when(low).then(pl.lit("negative")).when(high).then(pl.lit("positive"))
    if source.label == "emotions":
        return pl.col("emotions").replace_strict(_POLARITY_OF_EMOTIONS, default=None, return_dtype=pl.Utf8)
    if source.label == "intents":
        named = pl.col("intents").fill_null("")
        bad, good = named.str.contains("complaint"), named.str.contains("praise")
        flat = named.is_in(["", "question"])  # whether a wish, a goodbye or a call for help is negative stays open
        return (
            pl.when(bad & ~good).then(pl.lit("negative")).when(good & ~bad).then(pl.lit("positive"))
            .when(flat).then(pl.lit("neutral"))
        )  # fmt: skip
    return pl.col(source.label) if source.label else pl.lit(None, pl.Utf8)


def _made_up(name: str) -> pl.DataFrame:
    """Return our own sentences, one row a sentence and language; ``statement`` is the English one.

    What ends in a question mark comes without it as well, so that the mark is not all that tells a question.
    """
    wide = pl.read_csv(HERE / f"{name}.tsv", separator="\t", quote_char=None, infer_schema=False)
    first = wide.columns[0]
    rows = wide.with_columns(statement="en").unpivot(
        list(EQUALS), index=[first, "statement"], variable_name="lang", value_name="text"
    )
    if name == MADE_UP_INTENTS:
        bare = rows.filter(pl.col("text").str.contains("[?؟]$"))
        rows = pl.concat([rows, bare.with_columns(pl.col("text").str.strip_chars_end("?؟ "))])
    return rows.rename({first: "sentiment" if first == "label" else first})


def normal(text: str) -> str:
    """Return the text without case, links, accounts, digits and punctuation."""
    bare = re.sub(r"https?://\S+|@\w+|\d+", " ", text.casefold())
    return re.sub(r"[\W_]+", " ", bare).strip() or text


def text_hash(text: str) -> int:
    """Return a number below 2**56 that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=7).digest())
