"""Guided coding from a few phrases a theme against BERTopic's zero-shot topics: macro-F1 with the same vectors.

    python benchmarks/guided.py DATA_FOLDER [--encoder multilingual] [--vectors FOLDER]

DATA_FOLDER holds en_airline_tweets.parquet (negative tweets; the reason, "Can't Tell" being none),
en_nl_semeval_absa.parquet (restaurants of 2014 and 2015-16, laptops of 2015; several aspects a sentence) and
multi_mabsa_aspects_parallel.parquet (restaurants and hotels; English, Russian, Arabic, Polish). The codebooks in
``guided_codebooks.json`` were written from the names of the labels alone, in English, before any row was read.

Ours: every row's mentions against its labels, without one label seen; "phrases" is without a corpus to learn from.
BERTopic: ``zeroshot_topic_list`` of the labels as a person would name them, each row its one topic; topics that it
finds beside them count as none. "default" is ``zeroshot_min_similarity=0.7``, "best" the best value of a sweep, and the
better of two sets of names, chosen on the very rows that are scored: more than a user could have. Themes of fewer than
ten rows are left out of the mean.

Not about any theme: rows of SIB-200 mixed in, a fifth of the whole, and how many of them are tagged; and how many of a
set of other texts the starter codebook tags. --vectors keeps encoded texts between runs, one file for each set of data.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

CODEBOOKS = Path(__file__).parent / "guided_codebooks.json"
SWEEP = (0.0, 0.5, 0.6, 0.7, 0.75, 0.78, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9)
FEWEST = 10
SETS = (
    "en_airline_tweets", "en_nl_semeval_absa", "multi_mabsa_aspects_parallel", "multi_sib200_topics_parallel",
    "en_clinc150", "multi_trustpilot_demographics",
)  # fmt: skip
LAPTOP_PARTS = {
    "DISPLAY": "display", "KEYBOARD": "keyboard", "MOUSE": "mouse", "BATTERY": "battery", "POWER_SUPPLY": "power",
    "GRAPHICS": "graphics", "MULTIMEDIA_DEVICES": "multimedia", "OPTICAL_DRIVES": "multimedia", "HARD_DISC": "memory",
    "HARD_DISK": "memory", "MEMORY": "memory", "SOFTWARE": "software", "OS": "os", "SUPPORT": "support",
    "WARRANTY": "support", "COMPANY": "company", "SHIPPING": "shipping",
}  # fmt: skip
LAPTOP_ASPECTS = {
    "GENERAL": "overall", "QUALITY": "quality", "OPERATION_PERFORMANCE": "performance", "DESIGN_FEATURES": "design",
    "USABILITY": "usability", "PORTABILITY": "portability", "CONNECTIVITY": "connectivity",
}  # fmt: skip


class Task(NamedTuple):
    """Rows with vectors (n, d), languages and labels (n, k), and the codebook's name and theme ids."""

    name: str
    codebook: str
    themes: tuple[str, ...]
    vectors: np.ndarray
    languages: list[str]
    labels: np.ndarray


def restaurant(entity: str, aspect: str) -> set[str]:
    """Return the themes of a label such as FOOD#PRICES or, of 2014, "price"."""
    themes = {entity} & {"food", "drinks", "service", "ambience", "location"}
    return themes | ({"price"} if "price" in (entity, aspect.rstrip("s")) else set()) | (
        {"overall"} if (entity, aspect) == ("restaurant", "general") else set()
    )  # fmt: skip


def hotel(entity: str, aspect: str) -> set[str]:
    """Return the themes of a label such as "rooms cleanliness"."""
    names = {"food_drinks": "food", "rooms": "rooms", "room_amenities": "rooms"}
    names |= {name: name for name in ("service", "location", "facilities")}
    return ({names[entity]} if entity in names else set()) | ({"price"} if aspect == "prices" else set()) | (
        {"overall"} if (entity, aspect) == ("hotel", "general") else set()
    )  # fmt: skip


def laptop(entity: str, aspect: str) -> set[str]:
    """Return the themes of a label such as LAPTOP#USABILITY: the part, or of the laptop itself the aspect."""
    entity, aspect = entity.upper(), aspect.upper()
    price = {"price"} if aspect == "PRICE" else set()
    if entity in LAPTOP_PARTS:
        return price | {LAPTOP_PARTS[entity]}
    return price | ({LAPTOP_ASPECTS[aspect]} if entity == "LAPTOP" and aspect in LAPTOP_ASPECTS else set())


def aspects(rule: Callable[[str, str], set[str]]) -> Callable[[str | None], set[str]]:
    """Return a reader of cells such as "FOOD#QUALITY;SERVICE#GENERAL"."""

    def read(cell: str | None) -> set[str]:
        found: set[str] = set()
        for label in (cell or "").lower().split(";"):
            entity, _, aspect = label.replace("#", " ", 1).strip().partition(" ")
            found |= rule(entity, aspect)
        return found

    return read


def tasks(folder: Path, encode: Callable[[Sequence[str]], np.ndarray], books: dict[str, Any]) -> Iterator[Task]:
    """Give each task; the vectors are made here, once, for both sides."""
    import polars as pl

    def task(
        name: str, book: str, themes: Sequence[str], rows: Any, column: str, read: Callable[..., set[str]]
    ) -> Task:
        themes = tuple(themes)
        labels = np.array([[theme in read(cell) for theme in themes] for cell in rows[column].to_list()])
        return Task(name, book, themes, encode(rows["text"].to_list()), rows["lang"].to_list(), labels)

    airline = pl.read_parquet(folder / "en_airline_tweets.parquet").filter(pl.col("sentiment") == "negative")
    yield task("airline reasons", "airline", list(books["airline"]), airline, "label", lambda cell: {cell})
    semeval = pl.read_parquet(folder / "en_nl_semeval_absa.parquet")
    old = semeval.filter((pl.col("semeval_year") == 2014) & (pl.col("domain") == "restaurant"))
    new = semeval.filter((pl.col("semeval_year") >= 2015) & (pl.col("domain") == "restaurant"))
    laptops = semeval.filter((pl.col("semeval_year") == 2015) & (pl.col("domain") == "laptop"))
    yield task(
        "SemEval restaurants 2014", "restaurant", ("food", "service", "price", "ambience"), old, "labels",
        aspects(restaurant),
    )  # fmt: skip
    yield task("SemEval restaurants 2016", "restaurant", list(books["restaurant"]), new, "labels", aspects(restaurant))
    yield task("SemEval laptops 2015", "laptop", list(books["laptop"]), laptops, "labels", aspects(laptop))
    mabsa = pl.read_parquet(folder / "multi_mabsa_aspects_parallel.parquet")
    mabsa = mabsa.filter(pl.col("lang").is_in(["en", "ru", "ar", "pl"]))
    for domain, rule in (("restaurant", restaurant), ("hotel", hotel)):
        rows = mabsa.filter(pl.col("domain") == domain)
        yield task(f"M-ABSA {domain}s", domain, list(books[domain]), rows, "labels", aspects(rule))


class Kept:
    """An encoder that reads and keeps the vectors of whole sets of data in a folder, NAME.ENCODER.npy by row."""

    def __init__(self, encoder: Any, name: str, folder: Path, vectors_at: Path) -> None:
        import polars as pl

        self.identity, self._encoder = encoder.identity, encoder
        self._known: dict[str, np.ndarray] = {}
        self._rest = vectors_at / f"guided.{name}.npz"
        if self._rest.is_file():
            with np.load(self._rest) as rest:
                self._known |= dict(zip(rest["texts"].tolist(), rest["vectors"], strict=True))
        self._new = list(self._known)
        for data in SETS:
            texts = pl.read_parquet(folder / f"{data}.parquet")["text"].to_list()
            kept = vectors_at / f"{data}.{name}.npy"
            vectors = np.load(kept).astype(np.float32) if kept.is_file() else np.empty((0, 0))
            if len(vectors) != len(texts):  # of another version of the set, or of a part of it
                continue
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            self._known |= dict(zip(texts, vectors, strict=True))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return shape (len(texts), d); what is new is kept."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, np.asarray(self._encoder.encode(new)), strict=True))
            self._new += new
        return np.stack([self._known[text] for text in texts])

    def keep(self) -> None:
        """Write what was not read from a file of a whole set."""
        if self._new:
            vectors = np.stack([self._known[text] for text in self._new])
            np.savez(self._rest, texts=np.array(self._new), vectors=vectors)


def macro_f1(labels: np.ndarray, said: np.ndarray) -> float:
    """Return the mean F1 of the themes that at least ten rows have."""
    enough = labels.sum(axis=0) >= FEWEST
    hits = (labels & said).sum(axis=0)
    scores = 2 * hits / np.maximum(labels.sum(axis=0) + said.sum(axis=0), 1)
    return float(scores[enough].mean())


def ours(
    vectors: np.ndarray, languages: Sequence[str], guided: Any, encoder: Any, *, learn: bool
) -> tuple[np.ndarray, float]:
    """Return what guided tagging says, (n, k), and the CPU seconds that the codebook took."""
    from feedback_nlp.records import stable_hash
    from feedback_nlp.themes.discovery.discover import Corpus
    from feedback_nlp.themes.guided.adding import add_guided, empty_codebook
    from feedback_nlp.themes.space import PreparedSpace, load_projection
    from feedback_nlp.themes.tagging import tag

    ids = tuple(str(i) for i in range(len(vectors)))
    corpus = Corpus(
        tuple(stable_hash(name) for name in ids), ids, tuple(languages), ids, ids, ids,
        tuple(frozenset([name]) for name in ids), vectors,
    )  # fmt: skip
    space = PreparedSpace.fit(vectors, languages, load_projection(encoder.identity))
    started = time.process_time()
    codebook = add_guided(
        empty_codebook(encoder.identity.key, space),
        guided,
        encode=encoder.encode,
        reading_language="en",
        corpus=corpus if learn else None,
    )
    seconds = time.process_time() - started
    tagging = tag(codebook, vectors, languages)
    said = np.zeros((len(vectors), len(codebook.themes)), dtype=bool)
    said[tagging.rows, tagging.themes] = True
    return said, seconds


def bertopic_zero_shot(vectors: np.ndarray, names: Sequence[str], encoder: Any, least: float) -> np.ndarray:
    """Return what BERTopic's zero-shot topics say, (n, k): one topic a row, or none of the named ones."""
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from bertopic.dimensionality import BaseDimensionalityReduction
    from sklearn.cluster import KMeans

    class Backend(BaseEmbedder):
        def embed(self, documents: Sequence[str], verbose: bool = False) -> np.ndarray:
            return np.asarray(encoder.encode(list(documents)))

    class NoReduction(BaseDimensionalityReduction):
        def transform(self, rows: np.ndarray) -> np.ndarray:
            return rows

    model = BERTopic(
        embedding_model=Backend(),
        zeroshot_topic_list=list(names),
        zeroshot_min_similarity=least,
        # What it finds beside the named topics counts as none, so that how it finds it does not matter.
        umap_model=NoReduction(),
        hdbscan_model=KMeans(n_clusters=2, random_state=0),
    )
    topics, _ = model.fit_transform([f"text {i}" for i in range(len(vectors))], embeddings=vectors)
    if not set(names) & set(model.topic_labels_.values()):
        # Where every row is near enough to a name, it forgets which topic had which: taken as it was meant.
        return nearest_name(vectors, names, encoder, least)
    column_of = {topic: names.index(label) for topic, label in model.topic_labels_.items() if label in names}
    said = np.zeros((len(vectors), len(names)), dtype=bool)
    for row, topic in enumerate(topics):
        if topic in column_of:
            said[row, column_of[topic]] = True
    return said


def nearest_name(vectors: np.ndarray, names: Sequence[str], encoder: Any, least: float) -> np.ndarray:
    """Return what :func:`bertopic_zero_shot` does by its rule alone, for the sweep: the nearest name if near enough."""
    similarity = vectors @ np.asarray(encoder.encode(list(names))).T
    said = np.zeros(similarity.shape, dtype=bool)
    rows = np.flatnonzero(similarity.max(axis=1) >= least)
    said[rows, similarity[rows].argmax(axis=1)] = True
    return said


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--encoder", default="multilingual")
    parser.add_argument("--vectors", type=Path, help="folder that keeps encoded texts between runs")
    given = parser.parse_args()
    if not given.folder.is_dir():
        parser.error(f"there is no folder {str(given.folder)!r}")

    import polars as pl

    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.guided.adding import GuidedCodebook, GuidedTheme, Phrases, load_guided

    encoder: Any = load_encoder(Settings(encoder=given.encoder))
    if given.vectors is not None:
        encoder = Kept(encoder, given.encoder, given.folder, given.vectors)
    books = json.loads(CODEBOOKS.read_text(encoding="utf-8"))

    def some(name: str) -> tuple[np.ndarray, list[str]]:
        rows = pl.read_parquet(given.folder / f"{name.partition(' ')[0]}.parquet")
        if name.endswith("out of scope"):
            rows = rows.filter(pl.col("label") == "oos")
        if name.startswith("multi_sib200"):
            rows = rows.filter(pl.col("lang").is_in(["en", "ro", "ru", "it", "ar", "pl"]))
        rows = rows.sample(min(1_500, rows.height), seed=0)
        return np.asarray(encoder.encode(rows["text"].to_list())), rows["lang"].to_list()

    foreign, foreign_languages = some("multi_sib200_topics_parallel")
    print(f"{'':26}{'n':>6}{'k':>4}{'ours':>8}{'phrases':>9}{'default':>9}{'best':>8}  {'ours - best':>11}"
          f"{'tagged':>8}{'foreign tagged':>16}{'CPU s':>7}")  # fmt: skip
    gains = []
    for task in tasks(given.folder, lambda texts: np.asarray(encoder.encode(list(texts))), books):
        book = books[task.codebook]
        names = [book[theme]["label"] for theme in task.themes]
        guided = GuidedCodebook(
            task.codebook,
            tuple(
                GuidedTheme(f"t{i}", {"en": names[i]}, phrases={"en": Phrases(neutral=tuple(book[theme]["phrases"]))})
                for i, theme in enumerate(task.themes)
            ),
        )  # fmt: skip
        said, seconds = ours(task.vectors, task.languages, guided, encoder, learn=True)
        alone, _ = ours(task.vectors, task.languages, guided, encoder, learn=False)
        default = macro_f1(task.labels, bertopic_zero_shot(task.vectors, names, encoder, 0.7))
        best = max(
            macro_f1(task.labels, nearest_name(task.vectors, called, encoder, least))
            for called in (names, list(task.themes))
            for least in SWEEP
        )
        m = min(len(task.vectors) // 4, len(foreign))
        mixed, _ = ours(
            np.vstack([task.vectors, foreign[:m]]),
            [*task.languages, *foreign_languages[:m]],
            guided,
            encoder,
            learn=True,
        )
        f1 = macro_f1(task.labels, said)
        gains.append(f1 - best)
        print(
            f"{task.name:26}{len(said):>6}{said.shape[1]:>4}{f1:>8.3f}{macro_f1(task.labels, alone):>9.3f}"
            f"{default:>9.3f}{best:>8.3f}  {f1 - best:>+11.3f}{said.any(axis=1).mean():>8.2f}"
            f"{mixed[len(said):].any(axis=1).mean():>16.2f}{seconds:>7.1f}",
            flush=True,
        )  # fmt: skip
    print(f"mean of ours - best: {np.mean(gains):+.3f}")
    starter = load_guided("starter")
    print("\nThe starter codebook on texts that are mostly about none of its themes: share tagged")
    for name in (
        "multi_sib200_topics_parallel",
        "en_clinc150",
        "en_clinc150 out of scope",
        "multi_trustpilot_demographics",
    ):
        vectors, languages = some(name)
        said, _ = ours(vectors, languages, starter, encoder, learn=True)
        print(f"  {name:32}{len(said):>6}{said.any(axis=1).mean():>8.2f}")
    if given.vectors is not None:
        encoder.keep()
    return 0


if __name__ == "__main__":
    sys.exit(main())
