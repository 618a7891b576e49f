"""The labelled sets that the sentiment heads learn from: which rows are taken, and which are held out.

Rows are chosen by a hash of their text, so the choice depends on nothing else. Nothing of a row is written anywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

CLASSES = ("negative", "neutral", "positive")
MADE_UP = "sentiment_statements"  # our own, beside this file
LONGEST = 220  # characters; statements are short, so longer reviews are left out (or cut, where few are short)
_POSITIVE = ("joy", "trust", "trust;joy", "admiration", "gratitude", "love", "approval", "excitement", "optimism")
_NEGATIVE = ("anger", "sadness", "sadness;anger", "annoyance", "disapproval", "disappointment", "disgust")
EMOTIONS = dict.fromkeys(_POSITIVE, "positive") | dict.fromkeys(_NEGATIVE, "negative") | {"neutral": "neutral"}


@dataclass(frozen=True, slots=True)
class Source:
    """One labelled set: the file, its licence, its kind of licence, and how much of it is taken."""

    file: str
    licence: str
    terms: str  # "open", "unstated" (research or no licence given) or "non-commercial"
    most: dict[str, int]  # language -> most rows a class in training
    text: str = "text"
    label: str = "sentiment"  # column; "emotions" goes through EMOTIONS, "rating" through 0-3 and 9-10
    cut: bool = False  # cut long rows instead of leaving them out
    group: str = ""  # rows that share this column stay on one side of the split
    weight: float = 1.0  # of the set within a language, beside the root of its size

    @property
    def name(self) -> str:
        """The file, and the column where it is not the text itself."""
        return self.file if self.text == "text" else f"{self.file}.{self.text}"


SOURCES = (
    Source("en_airline_tweets", "CC BY-NC-SA 4.0", "non-commercial", {"en": 1500}),
    Source("en_tweeteval_sentiment", "no restrictions stated", "open", {"en": 1000}),
    Source(
        "multi_xlmt_tweet_sentiment",
        "Apache-2.0",
        "open",
        {"ar": 600, "en": 600, "it": 600, "de": 300, "fr": 300, "es": 300, "pt": 300},
    ),
    Source("pl_wccrs_hotel_medicine", "CC BY-SA 4.0", "open", {"pl": 1200}),
    Source("ro_laroseda_reviews", "CC BY-NC-SA 4.0", "non-commercial", {"ro": 1500}),
    Source("ro_laroseda_reviews", "CC BY-NC-SA 4.0", "non-commercial", {"ro": 800}, text="title", group="text"),
    Source("ro_red_emotions", "MIT", "open", {"ro": 600}, label="emotions"),
    Source("ru_sentirueval16_bank_telecom", "research, none stated", "unstated", {"ru": 1500}),
    Source("ru_kazakhtelecom_reviews", "none stated", "unstated", {"ru": 500}, cut=True),
    Source("ru_bank_clauses_llm_silver", "none stated; labels by a model", "unstated", {"ru": 1500}, group="review_id"),
    Source("ar_reviews_elsahar", "research, none stated", "unstated", {"ar": 1500}),
    Source("ar_astd_tweets", "GPL-2", "open", {"ar": 500}),
    Source("de_germeval2017_bahn", "research, none stated", "unstated", {"de": 600}),
    Source(
        "multi_mabsa_aspects_parallel",
        "none stated",
        "unstated",
        {"ar": 1500, "ru": 1500, "en": 1200, "de": 400, "fr": 400, "es": 400, "pt": 400},
        group="parallel_id",
    ),
    Source("en_nps_telecom_verbatim", "GPL", "open", {"en": 400}, label="rating"),
    Source("en_huliu_product_features", "free for research", "unstated", {"en": 350}),
    Source("en_goemotions", "Apache-2.0", "open", {"en": 600}, label="emotions"),
    Source(
        "multi_xed_emotions",
        "CC BY 4.0",
        "open",
        {"en": 300, "ro": 400, "ru": 400, "it": 400, "ar": 400, "pl": 400},
        label="emotions",
    ),
    Source(
        MADE_UP,
        "written for this project",
        "open",
        dict.fromkeys(("en", "ro", "ru", "it", "ar", "pl"), 1000),
        group="statement",
        weight=8.0,
    ),
)
HELD_OUT_MOST = 300  # held-out rows a set and language


def read_sources(folder: Path) -> pl.DataFrame:
    """Return one row a labelled text: set, terms, lang, text, label (0, 1, 2), part ("train", "calibrate", "test").

    Raises FileNotFoundError when ``folder`` lacks a set.
    """
    return pl.concat([_read(source, folder) for source in SOURCES]).unique("text", keep="first", maintain_order=True)


def _read(source: Source, folder: Path) -> pl.DataFrame:
    frame = _made_up() if source.file == MADE_UP else pl.read_parquet(folder / f"{source.file}.parquet")
    frame = frame.filter(pl.col("lang").is_in(list(source.most)))
    if source.label == "emotions":
        label = pl.col("emotions").replace_strict(EMOTIONS, default=None, return_dtype=pl.Utf8)
    elif source.label == "rating":
        label = (
            pl.when(pl.col("rating") <= 3).then(pl.lit("negative")).when(pl.col("rating") >= 9).then(pl.lit("positive"))
        )
    else:
        label = pl.col(source.label)
    text = pl.col(source.text).str.strip_chars()
    frame = (
        frame.select(
            set=pl.lit(source.name),
            terms=pl.lit(source.terms),
            lang="lang",
            text=text.str.slice(0, LONGEST) if source.cut else text,
            label=label.replace_strict({name: i for i, name in enumerate(CLASSES)}, default=None, return_dtype=pl.Int8),
            group=pl.col(source.group or source.text).cast(pl.Utf8),
        )
        .drop_nulls()
        .filter(pl.col("text").str.len_chars().is_between(3, LONGEST))
        .unique("text", keep="first", maintain_order=True)
        .with_columns(
            order=pl.col("text").map_elements(_hash, return_dtype=pl.Int64),
            fold=pl.col("group").map_elements(_hash, return_dtype=pl.Int64) % 10,
        )
        .sort("order")
        .with_columns(
            part=pl.when(pl.col("fold") < 2)
            .then(pl.lit("test"))
            .when(pl.col("fold") == 2)
            .then(pl.lit("calibrate"))
            .otherwise(pl.lit("train"))
        )
    )
    rank = pl.int_range(pl.len())
    train = frame.filter(
        (pl.col("part") == "train")
        & (rank.over("lang", "label", "part") < pl.col("lang").replace_strict(source.most, return_dtype=pl.Int64))
    )
    # Held-out rows keep the set's own shares of the classes.
    most = {"test": HELD_OUT_MOST, "calibrate": HELD_OUT_MOST // 2}
    held_out = frame.filter(pl.col("part") != "train").filter(
        rank.over("lang", "part") < pl.col("part").replace_strict(most, return_dtype=pl.Int64)
    )
    return pl.concat([train, held_out]).select("set", "terms", "lang", "text", "label", "part")


def _made_up() -> pl.DataFrame:
    """Return our own statements, one row a statement and language; ``statement`` is the English one."""
    wide = pl.read_csv(Path(__file__).with_name(f"{MADE_UP}.tsv"), separator="\t", quote_char=None)
    languages = wide.columns[1:]
    return (
        wide.with_columns(statement="en")
        .unpivot(languages, index=["label", "statement"], variable_name="lang", value_name="text")
        .rename({"label": "sentiment"})
    )


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())
