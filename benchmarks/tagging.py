"""Tagging a million vectors: ours beside BERTopic's ``transform``, on the same vectors, in the same batches.

    python benchmarks/tagging.py DATA_FOLDER [--rows 1000000] [--themes 300] [--slow-rows 2000]
        [--fitted 5000] [--batch 65536] [--methods ours bertopic-cosine bertopic-umap]

DATA_FOLDER holds en_banking77.parquet with the column text. Its texts are encoded once; rows beyond them are copies
with a little noise, so that no two are alike. Themes are the clusters of one k-means, the same for all. Each method
runs in a process of its own and reads the vectors from disk a batch at a time, so that its peak memory is its own:

ours              ``tag``: centring by language, the learnt map, cosines, thresholds, several themes, margins, reasons
bertopic-cosine   a model of the same topics saved as safetensors and loaded again: ``transform`` by cosine, which has
                  no threshold
bertopic-umap     BERTopic's defaults fitted on --fitted texts: ``transform`` by UMAP and HDBSCAN, on --slow-rows,
                  scaled; both are bounds, for it takes minutes where the others take seconds

Then 100 rows are tagged one at a time, to see how many get another theme than they got in a batch. Memory is the peak
of the process above what it held before the first batch (Linux only). Read seconds as ratios: CPU seconds where the
machine is busy.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SET = "en_banking77"
METHODS = ("ours", "bertopic-cosine", "bertopic-umap")
ALONE = 100
Tagger = Callable[[np.ndarray], np.ndarray]


def prepare(folder: Path, work: Path, rows: int, themes: int) -> None:
    """Encode the texts, cluster them and write all that the methods read."""
    import polars as pl
    from sklearn.cluster import MiniBatchKMeans

    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.space import load_projection, unit_rows

    texts = sorted(set(pl.read_parquet(folder / f"{SET}.parquet")["text"].to_list()))
    encoder = load_encoder(Settings())
    vectors = unit_rows(encoder.encode(texts).astype(np.float32))
    labels = MiniBatchKMeans(themes, random_state=0, n_init=1).fit_predict(vectors - vectors.mean(axis=0))
    projection = load_projection(encoder.identity)
    np.savez(work / "learnt.npz", vectors=vectors, labels=np.unique(labels, return_inverse=True)[1])
    if projection is not None:
        np.save(work / "projection.npy", projection)
    (work / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    numbers = np.random.default_rng(0)
    with (work / "vectors.f16").open("wb") as file:
        for start in range(0, rows, 65_536):
            part = vectors[np.arange(start, min(start + 65_536, rows)) % len(vectors)]
            noise = numbers.normal(size=part.shape).astype(np.float32) * np.float32(0.05 / part.shape[1] ** 0.5)
            file.write(unit_rows(part + noise).astype(np.float16).tobytes())


def ours(work: Path) -> Tagger:
    """Return our tagger, from a codebook that was saved as files and loaded again."""
    from feedback_nlp.records import Theme
    from feedback_nlp.themes.codebook import Codebook, Prototypes
    from feedback_nlp.themes.discovery.thresholds import thresholds_of
    from feedback_nlp.themes.files import load_codebook_files, save_codebook
    from feedback_nlp.themes.space import PreparedSpace, unit_rows
    from feedback_nlp.themes.tagging import tag

    learnt = np.load(work / "learnt.npz")
    vectors, labels, languages = learnt["vectors"], learnt["labels"], ["en"] * len(learnt["labels"])
    projection = np.load(work / "projection.npy") if (work / "projection.npy").exists() else None
    space = PreparedSpace.fit(vectors, languages, projection)
    prepared = space.prepare(vectors, languages)
    centroids = unit_rows(np.vstack([prepared[labels == label].mean(axis=0) for label in range(labels.max() + 1)]))
    limits = thresholds_of(prepared, labels, centroids)
    themes = tuple(Theme(f"t{n}", str(n), 1, None, "active", float(limit)) for n, limit in enumerate(limits))
    prototypes = Prototypes.found(centroids, limits, range(len(themes)))
    save_codebook(Codebook("benchmark", themes, centroids, prototypes, space), work / "codebook")
    codebook = load_codebook_files(work / "codebook")
    return lambda batch: tag(codebook, batch, ["en"] * len(batch)).labels()


def bertopic_cosine(work: Path) -> Tagger:
    """Return BERTopic's transform of a model that was saved as safetensors, which compares by cosine."""
    from bertopic import BERTopic
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction

    learnt, texts = np.load(work / "learnt.npz"), json.loads((work / "texts.json").read_text(encoding="utf-8"))
    model = BERTopic(embedding_model=None, umap_model=BaseDimensionalityReduction(), hdbscan_model=BaseCluster())
    model.fit(texts, embeddings=learnt["vectors"], y=learnt["labels"])
    model.save(str(work / "bertopic"), serialization="safetensors", save_ctfidf=True, save_embedding_model=False)
    loaded = BERTopic.load(str(work / "bertopic"))
    return lambda batch: np.asarray(loaded.transform([""] * len(batch), embeddings=batch.astype(np.float32))[0])


def bertopic_umap(work: Path, fitted: int) -> Tagger:
    """Return BERTopic's transform as it is by default: UMAP, then HDBSCAN's approximate prediction."""
    from bertopic import BERTopic

    learnt, texts = np.load(work / "learnt.npz"), json.loads((work / "texts.json").read_text(encoding="utf-8"))
    model = BERTopic(embedding_model=None)
    rows = np.random.default_rng(0).permutation(len(texts))[:fitted]
    model.fit([texts[row] for row in rows], embeddings=learnt["vectors"][rows])
    return lambda batch: np.asarray(model.transform([""] * len(batch), embeddings=batch.astype(np.float32))[0])


MADE = {"ours": ours, "bertopic-cosine": bertopic_cosine}


def measure(method: str, work: Path, rows: int, batch: int, fitted: int) -> dict[str, float]:
    """Tag ``rows`` rows in this process; return seconds and MB for them, and rows that differ when tagged alone."""
    tagger = bertopic_umap(work, fitted) if method == "bertopic-umap" else MADE[method](work)
    d = np.load(work / "learnt.npz")["vectors"].shape[1]
    with (work / "vectors.f16").open("rb") as file:

        def read(n: int) -> np.ndarray:
            return np.frombuffer(file.read(2 * d * n), np.float16).reshape(-1, d)

        first = read(ALONE)
        tagger(first)  # whatever is compiled or loaded at the first call is no part of it
        file.seek(0)
        held = fresh_peak()
        wall = cpu = 0.0
        themed, start = 0, 0
        together = np.empty(0, int)
        while start < rows:
            part = read(min(batch, rows - start))
            at, used = time.perf_counter(), time.process_time()
            found = tagger(part)
            wall, cpu = wall + time.perf_counter() - at, cpu + time.process_time() - used
            together = found if start == 0 else together
            themed, start = themed + int((found >= 0).sum()), start + len(part)
    used = peak() - held
    alone = np.concatenate([tagger(first[row : row + 1]) for row in range(ALONE)])
    differ = int((alone != together[:ALONE]).sum())
    return {"rows": rows, "wall": wall, "cpu": cpu, "mb": used, "themed": themed / rows, "differ": differ}


def fresh_peak() -> float:
    """Forget the peak so far (Linux only) and return what this process holds now, in MB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak()


def peak() -> float:
    """Return the most memory that this process held since the peak was forgotten, in MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Run every method and print a line for each, with ratios to ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--themes", type=int, default=300)
    parser.add_argument("--slow-rows", type=int, default=2_000)
    parser.add_argument("--fitted", type=int, default=5_000)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--batch", type=int, default=65_536)
    parser.add_argument("--method", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.method:
        print(json.dumps(measure(given.method, given.work, given.rows, given.batch, given.fitted)))
        return
    if not (given.folder / f"{SET}.parquet").exists():
        sys.exit(f"{given.folder} does not hold {SET}.parquet. Give the folder with the benchmark's data.")
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        prepare(given.folder, work, given.rows, given.themes)
        per_row: dict[str, tuple[float, float]] = {}
        for method in sorted(given.methods, key=METHODS.index):
            rows = min(given.rows, given.slow_rows) if method == "bertopic-umap" else given.rows
            sizes = ["--rows", str(rows), "--batch", str(given.batch), "--fitted", str(given.fitted)]
            command = [sys.executable, __file__, str(given.folder), "--method", method, "--work", str(work), *sizes]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(f"{method} failed:\n{done.stderr}")
            found = json.loads(done.stdout.splitlines()[-1])
            scale = 1_000_000 / rows
            per_row[method] = (found["wall"] * scale, found["cpu"] * scale)
            wall, cpu = per_row[method]
            first = next(iter(per_row.values()))
            ratio = f"{wall / first[0]:.1f}x wall, {cpu / first[1]:.1f}x CPU of the first"
            print(
                f"{method:16s} {wall:8.1f} s wall {cpu:8.1f} s CPU for a million (measured on {rows:,} rows, {ratio}), "
                f"peak +{found['mb']:.0f} MB, {found['themed']:.1%} with a theme, "
                f"{found['differ']} of {ALONE} rows get another theme alone",
                flush=True,
            )


if __name__ == "__main__":
    main()
