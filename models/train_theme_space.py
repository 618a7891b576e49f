"""Learn the linear map that puts apart what customers mean, and write it beside this script.

    python models/train_theme_space.py DATA_FOLDER [ENCODER ...]

Shrinkage linear discriminant analysis on labelled requests (Fisher 1936; Ledoit & Wolf 2004 for shrinking): the
directions in which paraphrases of one intent differ are damped, those that tell intents apart are kept. Vectors are
taken from the encoder, centred by language and set to length 1 exactly as in discovery. DATA_FOLDER holds the Parquet
files named in SETS with the columns text, lang and label. Nothing is tuned on the sets that themes are scored on.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
from safetensors.numpy import save_file

from feedback_nlp.encoding import load_encoder
from feedback_nlp.settings import Settings
from feedback_nlp.themes.space import PreparedSpace

SETS = {
    "en_clinc150": "CC BY 3.0",
    "en_hint3_chatbots": "ODbL",
    "en_bitext_support": "CDLA-Sharing 1.0",
}
NO_LABEL = ("oos", "NO_NODES_DETECTED")
SHRINKAGE = 0.5
DIMENSIONS = 200
HERE = Path(__file__).resolve().parent


def labelled(path: Path) -> pl.DataFrame:
    """Return text, lang and label of one set, without its out-of-scope rows; labels of several bots stay apart."""
    rows = pl.read_parquet(path).filter(~pl.col("label").is_in(NO_LABEL))
    if "bot" in rows.columns:
        rows = rows.with_columns((pl.col("bot") + "/" + pl.col("label")).alias("label"))
    return rows.select("text", "lang", "label").sort("label", "text")


def scatter(vectors: np.ndarray, labels: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance within classes and between class means, (d, d) each, of classes with two rows or more."""
    _, classes = np.unique(labels, return_inverse=True)
    sizes = np.bincount(classes)
    means = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(means, classes, vectors)
    means /= sizes[:, None]
    several = sizes > 1
    rest = (vectors - means[classes])[several[classes]]
    within = rest.T @ rest / (len(rest) - several.sum())
    centred = means[several] - means[several].mean(axis=0)
    return within, centred.T @ centred / several.sum()


def discriminants(within: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Return the projection (d, DIMENSIONS), float32, best direction first."""
    d = len(within)
    shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / d * np.eye(d)
    values, axes = np.linalg.eigh(shrunk)
    whiten = axes @ np.diag(values**-0.5) @ axes.T
    _, directions = np.linalg.eigh(whiten @ between @ whiten)
    chosen = directions[:, ::-1][:, :DIMENSIONS]
    chosen *= np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])])  # eigenvectors have no sign
    return np.ascontiguousarray(whiten @ chosen, dtype=np.float32)


def main(folder: Path, names: list[str]) -> None:
    """Learn and write the map for each encoder named."""
    for name in names:
        encoder = load_encoder(Settings(encoder=name))
        within, between, counts = [], [], {}
        for data in SETS:
            rows = labelled(folder / f"{data}.parquet")
            languages = rows["lang"].to_list()
            vectors = encoder.encode(rows["text"].to_list())
            prepared = PreparedSpace.fit(vectors, languages).prepare(vectors, languages).astype(np.float64)
            w, b = scatter(prepared, rows["label"].to_list())
            within.append(w)
            between.append(b)
            counts[data] = {"rows": rows.height, "labels": rows["label"].n_unique(), "licence": SETS[data]}
        projection = discriminants(np.mean(within, axis=0), np.mean(between, axis=0))
        save_file({"projection": projection}, HERE / f"theme-space-{name}.safetensors")
        identity = encoder.identity
        card = {
            "encoder": identity.name,
            "dimensions": identity.dimensions,
            "pooling": identity.pooling,
            "prefix": identity.prefix,
            "kept": DIMENSIONS,
            "shrinkage": SHRINKAGE,
            "sets": counts,
        }
        (HERE / f"theme-space-{name}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {projection.shape}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("Usage: python models/train_theme_space.py DATA_FOLDER [multilingual] [english]")
    main(Path(sys.argv[1]), sys.argv[2:] or ["multilingual", "english"])
