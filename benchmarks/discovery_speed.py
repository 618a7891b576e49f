"""Discovery on many statements: ours beside BERTopic as it is by default, on the same vectors, in one run.

    python benchmarks/discovery_speed.py DATA_FOLDER [--vectors FOLDER] [--rows 100000]

DATA_FOLDER holds the sets below as parquet files with the columns text and lang. They are encoded first, which is no
part of the measurement, or their vectors are read from FOLDER: NAME.multilingual.npy beside a NAME.parquet whose rows
they are. Distinct texts of all sets are mixed; each method runs in a process of its own and gets the same ones:

ours       ``discover``: resampled fits, granularity, thresholds, hierarchy, keywords of every language, labels
bertopic   ``BERTopic(embedding_model=None, language="multilingual").fit_transform``: UMAP, HDBSCAN, c-TF-IDF

Ours encodes its label candidates, of which the number is printed; BERTopic names topics by their first keywords. What
numba compiles is compiled before. Memory is the peak of the whole process (ru_maxrss), which holds texts and vectors
too. Read seconds as ratios: CPU seconds where the machine is busy.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

SETS = ("multi_mabsa_aspects_parallel", "en_clinc150", "en_airline_support_dialogues", "en_airline_tweets")
METHODS = ("ours", "bertopic")


def prepare(folder: Path, vectors: Path | None, work: Path, rows: int) -> None:
    """Write the distinct texts, their languages and their vectors for all methods to read."""
    import polars as pl

    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.space import unit_rows

    frames = [pl.read_parquet((vectors or folder) / f"{name}.parquet", columns=["text", "lang"]) for name in SETS]
    together = pl.concat(frames).with_row_index("at").unique("text", keep="first", maintain_order=True)
    chosen = together.sample(min(rows, together.height), shuffle=True, seed=0)
    texts = chosen["text"].to_list()
    if vectors is not None:
        read = np.concatenate([np.load(vectors / f"{name}.multilingual.npy") for name in SETS])
        encoded = unit_rows(read[chosen["at"].to_numpy()].astype(np.float32))
    else:
        encoded = unit_rows(load_encoder(Settings(encoder="multilingual")).encode(texts).astype(np.float32))
    np.save(work / "vectors.npy", encoded)
    (work / "texts.json").write_text(json.dumps([texts, chosen["lang"].to_list()]), encoding="utf-8")


def ours(texts: list[str], languages: list[str], vectors: np.ndarray) -> Callable[[], dict[str, int]]:
    """Return our discovery of these texts, ready to run."""
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.language.stopwords import negations, stop_words
    from feedback_nlp.records import stable_hash
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.discovery.clustering import warm_up
    from feedback_nlp.themes.discovery.discover import discover
    from feedback_nlp.themes.discovery.found import Corpus
    from feedback_nlp.themes.space import load_projection

    encoder = load_encoder(Settings(encoder="multilingual"))
    encoder.encode(["once"])
    warm_up()
    ids = tuple(map(stable_hash, texts))
    people = tuple(frozenset([one]) for one in ids)
    corpus = Corpus(ids, tuple(texts), tuple(languages), ids, ids, ids, people, vectors)
    encoded = [0]

    def encode(phrases: Sequence[str]) -> np.ndarray:
        encoded[0] += len(phrases)
        return encoder.encode(list(phrases))

    def run() -> dict[str, int]:
        found = discover(
            corpus,
            encoder_key=encoder.identity.key,
            encode=encode,
            stop_words=stop_words,
            negations=negations,
            settings=Settings(encoder="multilingual"),
            projection=load_projection(encoder.identity),
        )
        themes = found.codebook.themes
        return {"themes": len(found.codebook.leaves), "top": sum(t.level == 1 for t in themes), "encoded": encoded[0]}

    return run


def bertopic(texts: list[str], languages: list[str], vectors: np.ndarray) -> Callable[[], dict[str, int]]:
    """Return BERTopic's default fit of these texts, ready to run; a small fit has compiled what numba compiles."""
    from bertopic import BERTopic

    def fit(n: int) -> int:
        # "multilingual" changes which characters its words may have and, without an embedding model, nothing else.
        model = BERTopic(embedding_model=None, language="multilingual")
        topics, _ = model.fit_transform(texts[:n], embeddings=vectors[:n])
        return len(set(topics) - {-1})

    fit(1_000)
    return lambda: {"themes": fit(len(texts)), "top": 0, "encoded": 0}


def measure(method: str, work: Path) -> dict[str, float]:
    """Run one method in this process; return seconds, MB and what it found."""
    texts, languages = json.loads((work / "texts.json").read_text(encoding="utf-8"))
    run = {"ours": ours, "bertopic": bertopic}[method](texts, languages, np.load(work / "vectors.npy"))
    at, used = time.perf_counter(), time.process_time()
    found = run()
    wall, cpu = time.perf_counter() - at, time.process_time() - used
    return {"wall": wall, "cpu": cpu, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **found}


def main() -> None:
    """Run every method and print a line for each, with ratios to ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.method:
        print(json.dumps(measure(given.method, given.work)))
        return
    for name in SETS:
        wanted = [given.folder / f"{name}.parquet"]
        if given.vectors:
            wanted += [given.vectors / f"{name}.parquet", given.vectors / f"{name}.multilingual.npy"]
        for path in wanted:
            if not path.exists():
                sys.exit(f"{path} is missing. Give the folders with the benchmark's data and vectors.")
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        prepare(given.folder, given.vectors, work, given.rows)
        first: dict[str, float] = {}
        for method in METHODS:
            command = [sys.executable, __file__, str(given.folder), "--method", method, "--work", str(work)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{method} failed:\n{done.stderr}")
            found = json.loads(done.stdout.splitlines()[-1])
            first = first or found
            ratios = ", ".join(f"{found[key] / first[key]:.2f}x {key}" for key in ("wall", "cpu", "mb"))
            print(
                f"{method:9s} {found['wall']:7.1f} s wall {found['cpu']:7.1f} s CPU, peak {found['mb']:5.0f} MB, "
                f"{found['themes']} themes, {found['encoded']:,} phrases encoded ({ratios} of ours)",
                flush=True,
            )


if __name__ == "__main__":
    main()
