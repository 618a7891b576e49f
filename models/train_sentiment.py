"""Train the sentiment head of a bundled encoder: ``python models/train_sentiment.py DATA_FOLDER``.

Writes ``sentiment-multilingual.safetensors`` and its ``.json``, and the figures at the end of ``sentiment_card.md``;
prints the figures. With ``--encoder english`` the head learns from English rows only, and the card stays as it is.
Seeds are fixed and one thread is used, so a second run on the same machine writes the same bytes.
``--compare`` measures, without writing, what each kind of licence and the made-up statements add.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
from safetensors.numpy import save
from sentiment_sources import CLASSES, MADE_UP, SOURCES, read_sources
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from feedback_nlp.encoding.loading import load_encoder
from feedback_nlp.encoding.sentiment import OTHER_LANGUAGES, Scorer, load_scorer
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.settings import Settings

HERE = Path(__file__).resolve().parent
EQUALS = ("en", "ro", "ru", "it", "ar", "pl")
MEMBERS = 3  # perceptrons of different seeds, averaged in logits: side by side they are one wider perceptron
WIDTH = 256
EPOCHS = 12
DECAY = 1e-3
GAIN = 6.0  # the vectors of e5 lie close together; spread out, they are learnt in few epochs
SET_WEIGHTS = {source.name: source.weight for source in SOURCES}
FIGURES = "## Figures"


def main() -> None:
    """Train, measure and write, or only compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder with the labelled sets as parquet files")
    parser.add_argument("--encoder", default="multilingual", choices=("multilingual", "english"))
    parser.add_argument("--cache", type=Path, help="folder to keep vectors in between runs")
    parser.add_argument("--compare", action="store_true", help="measure heads on fewer sets; write nothing")
    options = parser.parse_args()
    rows = read_sources(options.data)
    if options.encoder == "english":
        rows = rows.filter(pl.col("lang") == "en")
    identity, vectors = encode(rows["text"].to_list(), options.encoder, options.cache)
    with threadpool_limits(1):
        if options.compare:
            compare(rows, vectors)
            return
        # Non-commercial sets add little (see the card), so they only test.
        allowed = (rows["terms"] != "non-commercial").to_numpy()
        head = train(rows, vectors, allowed)
        temperatures = calibrate(head, rows, vectors, allowed)
        write(f"sentiment-{options.encoder}", head, temperatures, identity)
        scorer = load_scorer(identity)
        assert scorer is not None
        figures = report(scorer, rows, vectors)
    print(figures)
    if options.encoder == "english":
        return
    card = HERE / "sentiment_card.md"
    card.write_text(card.read_text(encoding="utf-8").split(FIGURES)[0] + figures, encoding="utf-8")


def encode(texts: list[str], name: str, cache: Path | None) -> tuple[EncoderIdentity, np.ndarray]:
    """Return the encoder's identity and the vectors of ``texts`` (n, d), kept under ``cache`` by their hash."""
    encoder = load_encoder(Settings(encoder=name))
    digest = hashlib.sha256("\x1f".join([encoder.identity.key, *texts]).encode()).hexdigest()[:16]
    path = cache / f"vectors-{digest}.npy" if cache else None
    if path and path.exists():
        return encoder.identity, np.load(path)
    vectors = np.asarray(encoder.encode(texts, show_progress=True), np.float32)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors)
    return encoder.identity, vectors


def row_weights(rows: pl.DataFrame) -> np.ndarray:
    """Return weights with mean 1: the six languages twice the others, sets by root of size, classes alike."""
    cells = rows.group_by("set", "lang", "label").len("cell")
    sets = cells.group_by("set", "lang").agg(
        classes=pl.len(),
        share=pl.col("cell").sum().sqrt() * pl.col("set").first().replace_strict(SET_WEIGHTS, return_dtype=pl.Float64),
    )
    languages = sets.group_by("lang").agg(total=pl.col("share").sum())
    weights = (
        rows.join(cells, ["set", "lang", "label"], how="left", maintain_order="left")
        .join(sets, ["set", "lang"], how="left", maintain_order="left")
        .join(languages, "lang", how="left", maintain_order="left")
        .select(
            pl.when(pl.col("lang").is_in(EQUALS)).then(2.0).otherwise(1.0)
            * pl.col("share")
            / pl.col("total")
            / pl.col("classes")
            / pl.col("cell")
        )
        .to_series()
        .to_numpy()
    )
    return weights / weights.mean()


def train(rows: pl.DataFrame, vectors: np.ndarray, allowed: np.ndarray) -> dict[str, np.ndarray]:
    """Return the tensors of a head learnt from the training rows among ``allowed`` (n,), in float16."""
    chosen = np.flatnonzero(allowed & (rows["part"] == "train").to_numpy())
    mean = vectors[chosen].mean(axis=0)
    features = (vectors[chosen] - mean) * np.float32(GAIN)
    labels = rows["label"].to_numpy()[chosen]
    weights = row_weights(rows[chosen]).astype(np.float32)
    members = [
        MLPClassifier((WIDTH,), alpha=DECAY, batch_size=256, max_iter=EPOCHS, random_state=seed).fit(
            features, labels, sample_weight=weights
        )
        for seed in range(MEMBERS)
    ]
    hidden = np.concatenate([member.coefs_[0] for member in members], axis=1) * GAIN
    hidden_bias = np.concatenate([member.intercepts_[0] for member in members]) - mean @ hidden
    out = np.concatenate([member.coefs_[1] for member in members]) / MEMBERS
    out_bias = np.mean([member.intercepts_[1] for member in members], axis=0)
    tensors = {"hidden.weight": hidden, "hidden.bias": hidden_bias, "out.weight": out, "out.bias": out_bias}
    return {name: np.ascontiguousarray(values, np.float16) for name, values in tensors.items()}


def scorer_of(head: dict[str, np.ndarray], temperatures: dict[str, float]) -> Scorer:
    """Return the head as the program runs it."""
    single = {name: values.astype(np.float32) for name, values in head.items()}
    return Scorer(
        "unnamed",
        len(single["hidden.weight"]),
        temperatures,
        single["hidden.weight"],
        single["hidden.bias"],
        single["out.weight"],
        single["out.bias"],
    )


def calibrate(
    head: dict[str, np.ndarray], rows: pl.DataFrame, vectors: np.ndarray, allowed: np.ndarray
) -> dict[str, float]:
    """Return a temperature for each of the six languages and for all others, least log loss on the calibration rows."""
    plain = scorer_of(head, {OTHER_LANGUAGES: 1.0})
    # Labels projected onto subtitles are wrong too often to tell how sure the head may be.
    fit = allowed & (rows["set"] != "multi_xed_emotions").to_numpy()
    chosen = np.flatnonzero(fit & (rows["part"] == "calibrate").to_numpy())
    log_odds = np.log(plain.probabilities(vectors[chosen], [""] * len(chosen)) + 1e-12)
    labels = rows["label"].to_numpy()[chosen]
    groups = rows["lang"].replace({code: OTHER_LANGUAGES for code in rows["lang"].unique() if code not in EQUALS})
    groups = groups.to_numpy()[chosen]
    grid = np.round(np.arange(0.5, 5.01, 0.05), 2)

    def loss(mask: np.ndarray, temperature: float) -> float:
        scaled = log_odds[mask] / temperature
        scaled -= np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-scaled[np.arange(mask.sum()), labels[mask]].mean())

    found = {
        group: float(min(grid, key=lambda temperature: loss(groups == group, temperature)))
        for group in (*EQUALS, OTHER_LANGUAGES)
        if group in groups
    }
    return {**found, OTHER_LANGUAGES: found.get(OTHER_LANGUAGES, max(found.values()))}  # unseen languages: be modest


def write(name: str, head: dict[str, np.ndarray], temperatures: dict[str, float], identity: EncoderIdentity) -> None:
    """Write the weights and the JSON that describes them."""
    content = save(head)
    (HERE / f"{name}.safetensors").write_bytes(content)
    description = {
        "name": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "encoder": {
            "name": identity.name,
            "dimensions": identity.dimensions,
            "pooling": identity.pooling,
            "prefix": identity.prefix,
        },
        "labels": CLASSES,
        "temperatures": temperatures,
    }
    (HERE / f"{name}.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def macro_f1(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean F1 over the classes that ``truth`` holds, choosing among these only."""
    present = np.unique(truth)
    guess = present[probabilities[:, present].argmax(axis=1)]
    return float(f1_score(truth, guess, labels=present, average="macro", zero_division=0))


def calibration_error(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the expected calibration error over ten equal bins of confidence."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * 10).astype(int), 9)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).sum() for b in np.unique(bins)]
    return float(sum(gaps) / len(truth))


def tested(rows: pl.DataFrame) -> Iterable[tuple[str, str, np.ndarray]]:
    """Yield (set, language, indices) of the held-out rows."""
    held_out = rows.with_row_index("row").filter(pl.col("part") == "test")
    for (name, language), group in held_out.group_by("set", "lang"):
        yield str(name), str(language), group["row"].to_numpy()


def compare(rows: pl.DataFrame, vectors: np.ndarray) -> None:
    """Print the mean macro-F1 of heads that learn from fewer sets, over all held-out sets, the open ones, and more."""
    terms, sets = rows["terms"].to_numpy(), rows["set"].to_numpy()
    choices = {
        "all": np.ones(len(rows), bool),
        "all but non-commercial": terms != "non-commercial",
        "open only": terms == "open",
        "all but made-up": sets != MADE_UP,
        "all but film dialogue": sets != "multi_xed_emotions",
    }
    labels, languages = rows["label"].to_numpy(), rows["lang"].to_list()
    print(f"| learnt from | all sets | open sets | made-up | {' | '.join(EQUALS)} |\n|---|{'---|' * (3 + len(EQUALS))}")
    for name, allowed in choices.items():
        scorer = scorer_of(train(rows, vectors, allowed), {OTHER_LANGUAGES: 1.0})
        probabilities = scorer.probabilities(vectors, languages)
        found = [(file, code, macro_f1(labels[index], probabilities[index])) for file, code, index in tested(rows)]
        public = [figure for figure in found if figure[0] != MADE_UP]
        open_sets = {source.name for source in SOURCES if source.terms == "open"}
        groups = [
            public,
            [figure for figure in public if figure[0] in open_sets],
            [figure for figure in found if figure[0] == MADE_UP],
            *([figure for figure in public if figure[1] == code] for code in EQUALS),
        ]
        means = [np.mean([value for *_, value in group]) for group in groups]
        print(f"| {name} | {' | '.join(f'{mean:.3f}' for mean in means)} |", flush=True)


def report(scorer: Scorer, rows: pl.DataFrame, vectors: np.ndarray) -> str:
    """Return the figures of the held-out rows as Markdown."""
    labels, languages = rows["label"].to_numpy(), rows["lang"].to_list()
    probabilities = scorer.probabilities(vectors, languages)
    licences = {source.name: source.licence for source in SOURCES}
    terms = {source.name: source.terms for source in SOURCES}
    lines = [
        FIGURES,
        "",
        f"Head `{scorer.key}`, held-out rows only. Macro-F1 is over the classes that a set has; ECE is the expected",
        "calibration error over ten bins. Confusions: rows are the truth, columns the head's label, in the order",
        "negative, neutral, positive.",
        "",
        "| set | licence | language | rows learnt from | rows held out | macro-F1 | ECE | confusions |",
        "|---|---|---|---|---|---|---|---|",
    ]
    trained = {
        (name, language): count
        for name, language, count in rows.filter(pl.col("part") == "train").group_by("set", "lang").len().rows()
        if terms[name] != "non-commercial"
    }
    scores: dict[str, list[float]] = {}
    for name, language, index in sorted(tested(rows), key=lambda found: found[:2]):
        truth, found = labels[index], probabilities[index]
        figure = macro_f1(truth, found)
        if name != MADE_UP:
            scores.setdefault(language, []).append(figure)
        table = confusion_matrix(truth, found.argmax(axis=1), labels=range(len(CLASSES)))
        confusions = " / ".join(" ".join(map(str, row)) for row in table)
        lines.append(
            f"| {name} | {licences[name]} | {language} | {trained.get((name, language), 0)} | {len(index)} "
            f"| {figure:.2f} | {calibration_error(truth, found):.2f} | {confusions} |"
        )
    overall = np.mean([figure for figures in scores.values() for figure in figures])
    lines += [
        "",
        f"Mean over the public sets {overall:.3f}; by language:",
        "",
        "| language | sets | mean macro-F1 | ECE |",
    ]
    lines.append("|---|---|---|---|")
    held_out = np.flatnonzero((rows["part"] == "test").to_numpy())
    for language in sorted(scores, key=lambda code: (code not in EQUALS, code)):
        index = np.array([row for row in held_out if languages[row] == language])
        error = calibration_error(labels[index], probabilities[index])
        lines.append(f"| {language} | {len(scores[language])} | {np.mean(scores[language]):.2f} | {error:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
