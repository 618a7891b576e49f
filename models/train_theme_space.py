"""Learn the linear map that puts apart what customers mean, and write it beside this script.

    python models/train_theme_space.py DATA_FOLDER [ENCODER ...] [--cache FOLDER]

Shrinkage linear discriminant analysis (Fisher 1936; Ledoit & Wolf 2004 for shrinking): the directions in which texts
that mean the same differ are damped, those that tell meanings apart are kept. Texts mean the same when they carry one
label (``requests``, ``aspects``), when they are translations of one sentence (``translations``: within-class
covariance normalisation over languages, after Hatch et al. 2006), or when one is the other written otherwise: typos,
capitals, words left out (``writing``). How the means of the languages differ counts too (``languages``): where a
language was not met at the fit, no mean of its own is taken away.

Vectors are taken from the encoder, centred by language and set to length 1 exactly as in discovery. DATA_FOLDER holds
the Parquet files named below. Nothing is learnt from the sets that themes are scored on; of the translated set only
half the sentences are used, and six of its ten languages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from safetensors.numpy import save_file

from feedback_nlp.encoding import load_encoder
from feedback_nlp.encoding.encoder import LoadedEncoder
from feedback_nlp.language.cleaning.texts import clean_text
from feedback_nlp.settings import Settings
from feedback_nlp.themes.space import PreparedSpace

REQUESTS = {
    "en_clinc150": "CC BY 3.0",
    "en_hint3_chatbots": "ODbL",
    "en_bitext_support": "CDLA-Sharing 1.0",
}
NO_LABEL = ("oos", "NO_NODES_DETECTED")
TRANSLATED = "multi_mabsa_aspects_parallel"
TRANSLATED_LICENCE = "none stated; English side from SemEval, for research"
TRANSLATED_LANGUAGES = ("ar", "de", "en", "es", "fr", "ru")
REWRITTEN_REQUESTS, REWRITTEN_A_LANGUAGE = 800, 400  # how many texts are written otherwise
DIMENSIONS = 200
HERE = Path(__file__).resolve().parent
Scatter = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """How much each source counts in the covariance within classes and between them, after setting traces to 1.

    Chosen on airline tweets, 8TAGS, SemEval aspects and the held-out half of the translated set.
    """

    shrinkage: float
    within: dict[str, float]
    between: dict[str, float]


RECIPES = {
    "multilingual": Recipe(
        shrinkage=0.5,
        within={"requests": 0.32, "translations": 0.27, "aspects": 0.13, "writing": 0.18, "languages": 0.1},
        between={"requests": 0.8, "aspects": 0.2},
    ),
    "english": Recipe(shrinkage=0.8, within={"requests": 0.5, "writing": 0.5}, between={"requests": 1.0}),
}


def requests(path: Path) -> pl.DataFrame:
    """Return text, lang and label of one set, without its out-of-scope rows; labels of several bots stay apart."""
    rows = pl.read_parquet(path).filter(~pl.col("label").is_in(NO_LABEL))
    if "bot" in rows.columns:
        rows = rows.with_columns((pl.col("bot") + "/" + pl.col("label")).alias("label"))
    return rows.select("text", "lang", "label").sort("label", "text")


def translated(path: Path) -> pl.DataFrame:
    """Return text, lang, sentence and label (domain and aspect where there is one alone) of the half to learn from."""
    rows = pl.read_parquet(path).filter(pl.col("lang").is_in(TRANSLATED_LANGUAGES))
    learnt = [is_learnt_from(sentence) for sentence in rows["parallel_id"]]
    one = pl.col("labels").is_not_null() & ~pl.col("labels").str.contains(";", literal=True)
    label = pl.when(one).then(pl.col("domain") + "/" + pl.col("labels").str.to_lowercase())
    rows = rows.filter(pl.Series(learnt)).with_columns(label.alias("label"))
    return rows.select("text", "lang", pl.col("parallel_id").alias("sentence"), "label").sort("sentence", "lang")


def is_learnt_from(sentence: str) -> bool:
    """Return whether a sentence of the translated set is learnt from; the other half is for validation."""
    return zlib.crc32(sentence.encode()) % 2 == 0


def written_otherwise(text: str, chance: random.Random) -> list[str]:
    """Return a text as it is and in five careless spellings: small, typed badly, shouted, without words."""
    words = text.split()
    typed = list(words)
    for _ in range(max(1, len(words) // 6)):
        at = chance.randrange(len(typed))
        word = typed[at]
        if len(word) > 3:
            i = chance.randrange(1, len(word) - 2)
            swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
            typed[at] = swapped if chance.random() < 0.5 else word[:i] + word[i + 1 :]
    return [
        text,
        text.lower().rstrip(".!?؟"),
        text.upper(),
        " ".join(typed),
        " ".join(word for word in words if len(word) > 3) or text,
        " ".join(word for word in words if chance.random() > 0.25) or text,
    ]


def rewritten(samples: list[pl.DataFrame]) -> pl.DataFrame:
    """Return text, lang and label (the number of the text that it is another writing of)."""
    chance = random.Random(0)
    rows = []
    for number, (text, language) in enumerate(pl.concat(samples).select("text", "lang").iter_rows()):
        if text.split():
            rows += [(other, language, str(number)) for other in written_otherwise(text, chance)]
    return pl.DataFrame(rows, schema=["text", "lang", "label"], orient="row")


def scatter(vectors: np.ndarray, labels: list[str]) -> Scatter:
    """Return the covariance within classes and between class means, (d, d) each of trace 1.

    Only classes with two rows or more count.
    """
    _, classes = np.unique(labels, return_inverse=True)
    sizes = np.bincount(classes)
    means = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(means, classes, vectors)
    means /= sizes[:, None]
    several = sizes > 1
    rest = (vectors - means[classes])[several[classes]]
    within = rest.T @ rest
    centred = means[several] - means[several].mean(axis=0)
    between = centred.T @ centred
    return within / np.trace(within), between / np.trace(between)


def discriminants(within: np.ndarray, between: np.ndarray, shrinkage: float, kept: int = DIMENSIONS) -> np.ndarray:
    """Return the projection (d, kept), float32, best direction first."""
    d = len(within)
    shrunk = (1 - shrinkage) * within + shrinkage * np.trace(within) / d * np.eye(d)
    values, axes = np.linalg.eigh(shrunk)
    whiten = axes @ np.diag(values**-0.5) @ axes.T
    _, directions = np.linalg.eigh(whiten @ between @ whiten)
    chosen = directions[:, ::-1][:, :kept]
    chosen *= np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])])  # eigenvectors have no sign
    return np.ascontiguousarray(whiten @ chosen, dtype=np.float32)


def encoded(encoder: LoadedEncoder, texts: list[str], cache: Path | None) -> np.ndarray:
    """Return the vectors (n, d) of cleaned texts, kept in the folder ``cache`` where one is given."""
    cleaned = [clean_text(text) for text in texts]
    key = hashlib.sha256("\n".join([encoder.identity.key, *cleaned]).encode()).hexdigest()[:16]
    kept = None if cache is None else cache / f"{key}.npy"
    if kept is not None and kept.exists():
        return np.load(kept)
    vectors = np.asarray(encoder.encode(cleaned))
    if kept is not None:
        np.save(kept, vectors)
    return vectors


def centred(vectors: np.ndarray, languages: list[str]) -> np.ndarray:
    """Return vectors (n, d) centred by language, as discovery has them before the map."""
    return PreparedSpace.fit(vectors, languages).prepare(vectors, languages).astype(np.float64)


def sources(folder: Path, name: str) -> dict[str, pl.DataFrame]:
    """Return the rows of each set that an encoder learns from."""
    found = {data: requests(folder / f"{data}.parquet") for data in REQUESTS}
    samples = [found["en_clinc150"].sample(REWRITTEN_REQUESTS, seed=0)]
    parallel = translated(folder / f"{TRANSLATED}.parquet")
    if name == "english":
        parallel = parallel.filter(pl.col("lang") == "en")
    else:
        found[TRANSLATED] = parallel
    samples += [rows.sample(REWRITTEN_A_LANGUAGE, seed=0) for _, rows in parallel.group_by("lang", maintain_order=True)]
    found["writing"] = rewritten([sample.select("text", "lang") for sample in samples])
    return found


def learn(encoder: LoadedEncoder, name: str, found: dict[str, pl.DataFrame], cache: Path | None) -> np.ndarray:
    """Return the projection (d, DIMENSIONS) of one encoder."""
    plain = {data: encoded(encoder, rows["text"].to_list(), cache) for data, rows in found.items()}
    vectors = {data: centred(plain[data], rows["lang"].to_list()) for data, rows in found.items()}
    labelled = [scatter(vectors[data], found[data]["label"].to_list()) for data in REQUESTS]
    parts: dict[str, Scatter] = {
        "requests": (np.mean([w for w, _ in labelled], axis=0), np.mean([b for _, b in labelled], axis=0)),
        "writing": scatter(vectors["writing"], found["writing"]["label"].to_list()),
    }
    if TRANSLATED in found:
        rows = found[TRANSLATED]
        has_label = rows["label"].is_not_null()
        parts["translations"] = scatter(vectors[TRANSLATED], rows["sentence"].to_list())
        parts["languages"] = (scatter(plain[TRANSLATED].astype(np.float64), rows["lang"].to_list())[1],) * 2
        parts["aspects"] = scatter(vectors[TRANSLATED][has_label.to_numpy()], rows.filter(has_label)["label"].to_list())
    recipe = RECIPES[name]
    within = sum(weight * parts[part][0] for part, weight in recipe.within.items())
    between = sum(weight * parts[part][1] for part, weight in recipe.between.items())
    return discriminants(np.asarray(within), np.asarray(between), recipe.shrinkage)


def main(folder: Path, names: list[str], cache: Path | None) -> None:
    """Learn and write the map for each encoder named."""
    licences = REQUESTS | {
        TRANSLATED: TRANSLATED_LICENCE,
        "writing": f"texts of en_clinc150 and {TRANSLATED}, written otherwise",
    }
    for name in names:
        encoder = load_encoder(Settings(encoder=name))
        found = sources(folder, name)
        projection = learn(encoder, name, found, cache)
        save_file({"projection": projection}, HERE / f"theme-space-{name}.safetensors")
        identity = encoder.identity
        card = {
            "encoder": identity.name,
            "dimensions": identity.dimensions,
            "pooling": identity.pooling,
            "prefix": identity.prefix,
            "kept": DIMENSIONS,
            **asdict(RECIPES[name]),
            "sets": {
                data: {"rows": rows.height, "labels": rows["label"].drop_nulls().n_unique(), "licence": licences[data]}
                for data, rows in found.items()
            },
        }
        (HERE / f"theme-space-{name}.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {projection.shape}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("encoders", nargs="*", default=["multilingual", "english"], metavar="ENCODER")
    parser.add_argument("--cache", type=Path, help="folder in which vectors are kept between runs")
    chosen = parser.parse_args()
    main(chosen.folder, chosen.encoders, chosen.cache)
