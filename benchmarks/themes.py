"""How good and how steady discovered themes are, with plain BERTopic beside them on the same vectors in the same run.

    python benchmarks/themes.py DATA_FOLDER [--only banking-multilingual,banking-english,sib,speed]
                                [--vectors FOLDER] [--rows 100000] [--no-peer]

DATA_FOLDER holds en_banking77.parquet and multi_sib200_topics_parallel.parquet; for "speed" also
multi_mabsa_aspects_parallel.parquet, en_clinc150.parquet and others that make up the rows. --vectors keeps encoded
texts (NAME.ENCODER.npy) between runs.

Every row is scored: a row without a theme is in a class of its own. AMI is taken at the level, themes or sub-themes,
whose number is nearest to that of the labels. "other seed" is a fit with seed 1 on shuffled rows, "90 %" two fits on
nine rows in ten, judged on the rows of both, both as ARI at that level. "same sentence" is how often a sentence in one
language has the top-level theme that most of its languages have, and how often two of its languages agree. Times are
CPU seconds, so that a busy machine does not count. The peer is BERTopic(language="multilingual") with its own UMAP and
HDBSCAN; what its ``transform`` changes is told as "retagged".
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PARTS = ("banking-multilingual", "banking-english", "sib", "speed")
LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl")
MIXED = (
    "multi_mabsa_aspects_parallel",
    "en_clinc150",
    "en_airline_tweets",
    "pl_8tags_topics",
    "en_banking77",
    "en_nl_semeval_absa",
    "multi_trustpilot_demographics",
    "en_bitext_support",
    "en_hint3_chatbots",
    "en_nlupp_multilabel",
)


@dataclass(frozen=True)
class Texts:
    """One set of rows: ``vectors`` (n, d) of unit rows; the other columns have n values each."""

    texts: list[str]
    languages: list[str]
    vectors: np.ndarray
    labels: np.ndarray | None = None
    parallel: np.ndarray | None = None

    def rows(self, rows: np.ndarray) -> Texts:
        """Return some of the rows, in that order."""
        return Texts([self.texts[i] for i in rows], [self.languages[i] for i in rows], self.vectors[rows])


def read(folder: Path, name: str, loaded: Any, vectors_at: Path | None, languages: tuple[str, ...] = ()) -> Texts:
    """Return a set with its vectors, encoded now or read from where an earlier run left them."""
    import polars as pl

    path = folder / f"{name}.parquet"
    if not path.is_file():
        sys.exit(f"{path} is not there: give the folder with the data sets as the first argument.")
    frame = pl.read_parquet(path)
    if languages:
        frame = frame.filter(pl.col("lang").is_in(languages))
    texts = frame["text"].to_list()
    encoder = "english" if "MiniLM" in loaded.identity.name else "multilingual"
    kept = vectors_at / f"{name}.{encoder}.npy" if vectors_at else None
    if kept is not None and kept.is_file() and len(vectors := np.load(kept)) == len(texts):
        vectors = vectors.astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    else:
        vectors = loaded.encode(texts)
        if kept is not None:
            np.save(kept, vectors.astype(np.float16))
    labels = frame["label"].fill_null("").to_numpy() if "label" in frame.columns else None
    parallel = frame["parallel_id"].to_numpy() if "parallel_id" in frame.columns else None
    return Texts(texts, frame["lang"].to_list(), vectors, labels, parallel)


def ours(data: Texts, loaded: Any, seed: int = 0) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return what discovery found, and each row's best leaf and top-level theme as numbers, -1 where unthemed."""
    from feedback_nlp.language.stopwords import negations, stop_words
    from feedback_nlp.records import stable_hash
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.discovery.discover import discover
    from feedback_nlp.themes.discovery.found import Corpus
    from feedback_nlp.themes.space import load_projection
    from feedback_nlp.themes.tagging import tag

    n = len(data.texts)
    hashes = tuple(stable_hash(text, language) for text, language in zip(data.texts, data.languages, strict=True))
    first = {text_hash: row for row, text_hash in reversed(list(enumerate(hashes)))}
    once = np.array(sorted(first.values()))
    ids = tuple(hashes[i] for i in once)
    corpus = Corpus(
        ids,
        tuple(data.texts[i] for i in once),
        tuple(data.languages[i] for i in once),
        ids,
        ids,
        ids,
        tuple(frozenset({text_hash}) for text_hash in ids),
        data.vectors[once],
    )
    found = discover(
        corpus,
        encoder_key=loaded.identity.key,
        encode=lambda texts: loaded.encode(list(texts)),
        stop_words=stop_words,
        negations=negations,
        settings=dataclasses.replace(Settings(), seed=seed),
        projection=load_projection(loaded.identity),
    )
    book = found.codebook
    leaves = tag(book, data.vectors, data.languages, most=1).labels()
    row_of = book.row_of
    parent = np.array([row_of[theme.parent_id] if theme.parent_id else row for row, theme in enumerate(book.themes)])
    assert len(leaves) == n
    return found, leaves, np.where(leaves >= 0, parent[leaves], -1)


def bertopic(data: Texts, seed: int = 0) -> tuple[Any, np.ndarray]:
    """Return plain BERTopic and its topics, on the vectors as they are."""
    from bertopic import BERTopic
    from umap import UMAP

    reduced = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed, low_memory=False)
    model = BERTopic(language="multilingual", embedding_model=None, umap_model=reduced)
    topics, _ = model.fit_transform(data.texts, embeddings=data.vectors)
    return model, np.asarray(topics)


def quality(title: str, data: Texts, loaded: Any, peer: bool) -> None:
    """Print the table of one set."""
    from sklearn.metrics import adjusted_mutual_info_score as ami
    from sklearn.metrics import adjusted_rand_score as ari

    assert data.labels is not None
    n, numbers = len(data.texts), np.random.default_rng(7)
    shuffled, parts = numbers.permutation(n), [np.sort(numbers.permutation(n)[: int(0.9 * n)]) for _ in range(2)]
    print(f"\n{title}: {n:,} rows, {len(set(data.labels))} labels")
    started = time.process_time()
    found, *levels = ours(data, loaded)
    spent = time.process_time() - started
    print("  candidates: themes least coverage stability ARI separation")
    for c in found.candidates:
        measured = (c.coverage, c.stability, c.agreement, c.separation)
        figures = " ".join("    -" if figure is None else f"{figure:.3f}" for figure in measured)
        print(f"    {c.n_themes:4d} {c.smallest:5d} {figures}  {c.chosen}: {c.reason}".rstrip())
    nearest = min((0, 1), key=lambda level: abs(len(set(levels[level]) - {-1}) - len(set(data.labels))))
    again = np.empty((2, n), int)
    again[:, shuffled] = ours(data.rows(shuffled), loaded, seed=1)[1:]
    halves = np.full((2, 2, n), -2)
    for number, part in enumerate(parts):
        halves[number][:, part] = ours(data.rows(part), loaded)[1:]
    both = (halves[0][0] > -2) & (halves[1][0] > -2)
    for level, name in ((0, "sub-themes"), (1, "themes")):
        labels = levels[level]
        print(
            f"  ours, {name}{' *' if level == nearest else ''}: {len(set(labels) - {-1})} themes, "
            f"AMI {ami(data.labels, labels):.3f}, coverage {np.mean(labels >= 0):.3f}, language AMI "
            f"{ami(data.languages, labels):.3f}, other seed {ari(labels, again[level]):.3f}, "
            f"90 % {ari(halves[0][level][both], halves[1][level][both]):.3f}, "
            f"same sentence {same_sentence(data, labels)}"
        )
    doubtful = [theme.state for theme in found.codebook.themes].count("candidate")
    print(f"  ours: {spent:.1f} CPU s, {doubtful} candidates; {' '.join(found.notes)}")
    if not peer:
        return
    started = time.process_time()
    model, topics = bertopic(data)
    spent = time.process_time() - started
    changed = np.mean(np.asarray(model.transform(data.texts, embeddings=data.vectors)[0]) != topics)
    other = np.empty(n, int)
    other[shuffled] = bertopic(data.rows(shuffled), seed=1)[1]
    cut = np.full((2, n), -2)
    for number, part in enumerate(parts):
        cut[number][part] = bertopic(data.rows(part))[1]
    print(
        f"  BERTopic: {topics.max() + 1} topics, AMI {ami(data.labels, topics):.3f}, "
        f"coverage {np.mean(topics >= 0):.3f}, language AMI {ami(data.languages, topics):.3f}, "
        f"other seed {ari(topics, other):.3f}, "
        f"90 % {ari(cut[0][both], cut[1][both]):.3f}, same sentence {same_sentence(data, topics)}, "
        f"retagged {changed:.3f}, {spent:.1f} CPU s"
    )


def same_sentence(data: Texts, labels: np.ndarray) -> str:
    """Return how often languages agree on a sentence's theme: with the majority, and in pairs."""
    if data.parallel is None:
        return "-"
    shares, pairs = [], []
    for sentence in np.unique(data.parallel):
        own = labels[data.parallel == sentence].tolist()
        shares.append(max(own.count(label) for label in own) / len(own))
        pairs += [one == other for one, other in itertools.combinations(own, 2)]
    return f"{np.mean(shares):.3f} (pairs {np.mean(pairs):.3f})"


def speed(folder: Path, loaded: Any, vectors_at: Path | None, rows: int, peer: bool) -> None:
    """Print what a discovery of many rows costs: vectors given; hierarchy, thresholds, words and labels included."""
    sets = [read(folder, name, loaded, vectors_at) for name in MIXED]
    texts = [text for one in sets for text in one.texts]
    if len(texts) < rows:
        sys.exit(f"The sets have {len(texts):,} rows: ask for so many with --rows.")
    data = Texts(
        texts, [code for one in sets for code in one.languages], np.vstack([one.vectors for one in sets])
    ).rows(np.sort(np.random.default_rng(0).permutation(len(texts))[:rows]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    started, clock = time.process_time(), time.monotonic()
    found, *_ = ours(data, loaded)
    spent, waited = time.process_time() - started, time.monotonic() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    levels = [theme.level for theme in found.codebook.themes]
    print(
        f"\nspeed: {rows:,} rows, {levels.count(1)} themes, {levels.count(2)} sub-themes, {found.mode}: "
        f"{spent:.1f} CPU s, {waited:.1f} s by the clock, "
        f"peak {peak:.2f} GB ({before:.2f} GB before: vectors and encoder)"
    )
    if peer:
        started = time.process_time()
        bertopic(data)
        print(f"  BERTopic: {time.process_time() - started:.1f} CPU s")


def main() -> None:
    """Read the arguments and print the tables."""
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.settings import load_settings

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, comma-separated: " + ", ".join(PARTS))
    parser.add_argument("--vectors", type=Path, help="folder that keeps encoded texts between runs")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--no-peer", action="store_true", help="leave BERTopic out")
    asked = parser.parse_args()
    only = asked.only.split(",")
    if unknown := set(only) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: the parts are {', '.join(PARTS)}.")
    for part in only:
        name = "english" if part == "banking-english" else "multilingual"
        loaded = load_encoder(load_settings({"encoder": name}))
        if part == "speed":
            speed(asked.folder, loaded, asked.vectors, asked.rows, not asked.no_peer)
        elif part == "sib":
            data = read(asked.folder, "multi_sib200_topics_parallel", loaded, asked.vectors, LANGUAGES)
            quality("SIB-200 in six languages", data, loaded, not asked.no_peer)
        else:
            data = read(asked.folder, "en_banking77", loaded, asked.vectors)
            quality(f"Banking77, {name} encoder", data, loaded, not asked.no_peer)


if __name__ == "__main__":
    main()
