"""Tunes the sentiment head to a user's own labelled rows: what the command line and the app call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from feedback_nlp.errors import EncoderError
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.pipeline.sentiment_rows import LabelledText, read_labelled
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.sentiment import Scorer
    from feedback_nlp.sentiment.tuning import Tuned

ENCODE_AT_ONCE = 512  # texts, so that progress shows


@dataclass(frozen=True)
class TuningSummary:
    """What became of tuning: ``out`` is the head written, None when it was refused, for the reason in ``result``.

    ``n_read`` rows were read, ``left_out`` counts those not used by reason; ``languages`` counts the rest.
    """

    out: str | None
    n_read: int
    left_out: dict[str, int]
    languages: dict[str, int]
    explanation: tuple[str, ...]
    result: Tuned

    def table(self) -> pl.DataFrame:
        """Return one row a figure: figure, before, after, gain (above 0 is better) with gain_low and gain_high (95 %).

        Empty when there was too little to cross-validate on.
        """
        before, after = self.result.before, self.result.after
        rows = [
            (name, getattr(before, name), getattr(after, name), gain.value, gain.low, gain.high)
            for name, gain in self.result.gains.items()
        ]
        numbers = ("before", "after", "gain", "gain_low", "gain_high")
        schema: dict[str, type[pl.DataType]] = {"figure": pl.String, **dict.fromkeys(numbers, pl.Float64)}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types, without the weights."""
        said = asdict(replace(self.result, change=None))
        languages = [
            dict(zip(("language", "n", "before", "after", "gains"), row, strict=True)) for row in said.pop("languages")
        ]
        del said["change"]
        return {
            "out": self.out,
            "n_read": self.n_read,
            "left_out": self.left_out,
            "rows_by_language": self.languages,
            "explanation": list(self.explanation),
            **said,
            "by_language": languages,
        }


def tune_sentiment(
    path: Path,
    out: Path,
    settings: Settings,
    *,
    encoder: LoadedEncoder | None = None,
    progress: Progress = silent,
    **columns: str | None,
) -> TuningSummary:
    """Fit the bundled head to the labelled rows of ``path``, and write it to ``out`` when that helps.

    ``columns`` are those of :func:`~feedback_nlp.pipeline.sentiment_rows.read_labelled`. The head is always the
    bundled one, so that tuning again with more rows compares with what has not seen them. Texts are labelled whole.
    Raises what reading raises, and EncoderError when there is no bundled head.
    """
    from feedback_nlp.encoding import load_encoder, load_tone_encoder
    from feedback_nlp.sentiment import Scorer, load_scorer
    from feedback_nlp.sentiment.tuned_head import write_tuned
    from feedback_nlp.sentiment.tuning import tune

    file = read_labelled(path, settings, progress=progress, **columns)  # type: ignore[arg-type]
    toner = load_tone_encoder(settings, encoder or load_encoder(settings))
    head = load_scorer(replace(settings, sentiment="bundled"), toner.tone_key)
    if not isinstance(head, Scorer):
        raise EncoderError("There is no bundled sentiment head for this encoder. Install feedback-nlp again.")
    rows = _activations(file.rows, head, toner, progress)
    result = tune(
        rows,
        head.temperatures,
        seed=settings.seed,
        progress=lambda done, total: progress("Cross-validating", done, total),
    )
    languages = _counted(rows.languages)
    if result.refusal is None and result.change is not None:
        said = asdict(replace(result, change=None))
        facts = {name: said[name] for name in ("n", "n_labels", "before", "after", "gains")}
        source = {"file_sha256": _file_hash(path), "languages": languages, "penalty": result.change.penalty}
        write_tuned(out, head, result.change, {**source, **facts, "seed": settings.seed})
    return TuningSummary(
        out=None if result.refusal else str(out),
        n_read=file.n_read,
        left_out=dict(file.left_out),
        languages=languages,
        explanation=file.explanation,
        result=result,
    )


def _activations(texts: Sequence[LabelledText], head: Scorer, toner: LoadedEncoder, progress: Progress) -> Any:
    """Return what the head says of the texts; equal texts, and those of one group, belong together."""
    from feedback_nlp.sentiment.tuning_fit import LabelledRows

    hidden = np.empty((len(texts), len(head.out_weight)))
    logits = np.empty((len(texts), 3))
    for start in range(0, len(texts), ENCODE_AT_ONCE):
        part = [row.text for row in texts[start : start + ENCODE_AT_ONCE]]
        tones = toner.encode_with_tone(part)[1]
        assert tones is not None  # a toner has a tone key
        hidden[start : start + len(part)] = head.hidden(tones, part)
        logits[start : start + len(part)] = head.logits(tones, part)[:, :3]
        progress("encode", start + len(part), len(texts))
    return LabelledRows(
        hidden=hidden,
        logits=logits,
        labels=np.array([row.label for row in texts], np.int64),
        languages=[row.language for row in texts],
        groups=_joined(texts),
    )


def _joined(texts: Sequence[LabelledText]) -> np.ndarray:
    """Return a number for every set of rows that a text or a group joins, directly or by way of others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    places: dict[tuple[str, str], int] = {}
    edges = [
        (row, places.setdefault(key, len(texts) + len(places)))
        for row, item in enumerate(texts)
        for key in (("text", item.text_key), ("group", item.group))
        if key[1]
    ]
    size = len(texts) + len(places)
    ends = np.array(edges, np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][: len(texts)], np.int64)


def _counted(languages: Sequence[str]) -> dict[str, int]:
    from collections import Counter

    return dict(sorted(Counter(languages).items(), key=lambda item: (-item[1], item[0])))


def _file_hash(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
