"""A transformers text-classification model as the scorer: read from a folder or from what was fetched before.

Weights are read from safetensors only, never from pickles, and no code of the model's own is run. Nothing is fetched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from feedback_nlp.errors import EncoderError, SettingError, did_you_mean
from feedback_nlp.records import SentimentLabel, SentimentScore
from feedback_nlp.sentiment.label_names import NEGATIVE, NEUTRAL, POSITIVE, label_named
from feedback_nlp.settings import Settings
from feedback_nlp.torch_models import quiet, torch_device, weights_sha256

BATCH_SIZE = 32
_OFFSET_TYPES = frozenset(
    {"roberta", "xlm-roberta", "camembert", "longformer", "xlm-roberta-xl", "data2vec-text"}
)  # two positions are no tokens
MOST_TOKENS = 512  # of a text; less when the model reads less
SLOW_SECONDS = 2.0  # scoring that takes longer shows its progress
_DECIMALS = 4  # more would hang on which texts share a batch
_LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")
_STARS = re.compile(r"([1-5]|one|two|three|four|five)\s*[-_]?\s*stars?|stars?\s*[-_]?\s*([1-5])", re.IGNORECASE)
_STAR_WORDS = ("one", "two", "three", "four", "five")
_NUMBERED = re.compile(r"(?:LABEL_)?(\d)", re.IGNORECASE)
_RULE = (
    "Labels can be negative, neutral and positive in usual spellings (neutral may lack), '1 star' to '5 stars', or "
    "LABEL_0 to LABEL_1 or LABEL_2, which are taken from negative to positive."
)


class TransformerScorer:
    """A classifier of its own texts: it needs no tones, and is told nothing of the question.

    ``key`` holds the hash of its weights and what each label was taken for. It looks for no emotions and intents.
    """

    tone_key: str | None = None

    def __init__(self, name: str, model: Any, tokenizer: Any, device: str) -> None:
        """Raises :class:`SettingError` for labels that are no polarity."""
        self._labels = polarity_of_labels(name, model.config.id2label)
        self._model = model.to(device).eval()
        self._tokenizer = tokenizer
        self._device = device
        reads = getattr(model.config, "max_position_embeddings", None) or MOST_TOKENS
        offset = 2 if getattr(model.config, "model_type", "") in _OFFSET_TYPES else 0  # positions that are not tokens
        self._most_tokens = max(8, min(MOST_TOKENS, int(reads) - offset, int(tokenizer.model_max_length)))
        taken = ",".join(map(str, self._labels))
        self.key = f"{Path(name).name}-{weights_sha256(model)[:12]}-{hashlib.sha256(taken.encode()).hexdigest()[:4]}"

    def score(
        self,
        vectors: np.ndarray | None,
        texts: Sequence[str],
        languages: Sequence[str],
        /,
        *,
        tones: np.ndarray | None = None,
        leanings: np.ndarray | Sequence[float] | None = None,
    ) -> list[SentimentScore]:
        """Return one score a text; only the texts are looked at. Equal texts are read once.

        A model of two labels says neutral where neither reaches three quarters. Of stars, 1 and 2 are negative and 4
        and 5 positive.
        """
        places: dict[str, int] = {}
        rows = [places.setdefault(text, len(places)) for text in texts]
        probabilities = self._probabilities(list(places))
        told = [_told(*row) for row in probabilities.tolist()]
        return [told[row] for row in rows]

    def question_leanings(self, questions: Sequence[str], tones: np.ndarray) -> np.ndarray:
        """Return zeros: a classifier of texts does not look at questions."""
        return np.zeros(len(questions))

    def _probabilities(self, texts: list[str]) -> np.ndarray:
        """Return the probabilities of negative, neutral and positive, (n, 3); alike lengths go together."""
        import torch
        from tqdm import tqdm

        taken = np.zeros((len(self._labels), 3))
        taken[np.arange(len(self._labels)), self._labels] = 1
        found = np.empty((len(texts), 3))
        order = sorted(range(len(texts)), key=lambda row: (-len(texts[row]), texts[row]))
        with (
            torch.inference_mode(),
            tqdm(total=len(texts), desc="Scoring", unit=" texts", delay=SLOW_SECONDS, leave=False) as bar,
        ):
            for start in range(0, len(order), BATCH_SIZE):
                rows = order[start : start + BATCH_SIZE]
                read = [texts[row].encode("utf-8", "replace").decode("utf-8") for row in rows]
                inputs = self._tokenizer(
                    read, padding=True, truncation=True, max_length=self._most_tokens, return_tensors="pt"
                )
                logits = self._model(**inputs.to(self._device)).logits.float()
                found[rows] = torch.softmax(logits, dim=-1).cpu().numpy().astype(np.float64) @ taken
                bar.update(len(rows))
        return found if NEUTRAL in self._labels else _with_doubt(found)


def load_transformer(name: str, settings: Settings) -> TransformerScorer:
    """Return the text-classification model in the folder ``name``, or of that id when it was fetched before.

    Raises :class:`SettingError` when there is none or its labels are no polarity, :class:`EncoderError` when it cannot
    be loaded.
    """
    folder = Path(name).expanduser()
    source = str(folder) if folder.is_dir() else name
    if not folder.is_dir() and (folder.exists() or name.startswith((".", "/", "~")) or not _is_model_id(name)):
        raise _unknown(name, "there is no such folder")
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    device = torch_device(settings)
    try:
        with quiet():
            model, said = AutoModelForSequenceClassification.from_pretrained(
                source, local_files_only=True, use_safetensors=True, output_loading_info=True, trust_remote_code=False
            )
            tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # the library raises many kinds, from OSError to its own
        if folder.is_dir():
            raise EncoderError(
                f"The folder {name!r} does not hold a text-classification model that can be loaded "
                f"({type(error).__name__}). It needs config.json, model.safetensors and a tokenizer; weights in "
                "pytorch_model.bin, which is a pickle, are not read: save them again as safetensors."
            ) from None
        raise _unknown(name, "it is not among the models fetched before") from None
    lacking = sorted(said["missing_keys"])
    if lacking:
        raise EncoderError(
            f"The model {name!r} has no weights for {lacking[0]!r}, so that its answers would be chance: it is an "
            "encoder and no text-classification model. Choose one that was trained for sentiment."
        )
    return TransformerScorer(name, model, tokenizer, device)


def polarity_of_labels(name: str, labels: Mapping[int, str]) -> list[int]:
    """Return the place in records.SENTIMENT_LABELS of each label of a model, in the order of its outputs.

    Names are taken as they are spelt, stars by their number, and LABEL_0 and so on only for two (negative, positive)
    or three (negative, neutral, positive). Raises :class:`SettingError` for any other set.
    """
    told = [str(labels[number]) for number in sorted(labels, key=int)]
    by_name = [label_named(label) for label in told]
    stars = [_star(label) for label in told]
    numbers = [match[1] if (match := _NUMBERED.fullmatch(label.strip())) else "" for label in told]
    if all(isinstance(place, int) for place in by_name) and len(set(by_name)) == len(told):
        places = [int(place) for place in by_name if place is not None]
    elif sorted(stars) == [1, 2, 3, 4, 5]:
        places = [NEGATIVE if star < 3 else NEUTRAL if star == 3 else POSITIVE for star in stars]
    elif numbers == ["0", "1"]:
        places = [NEGATIVE, POSITIVE]
    elif numbers == ["0", "1", "2"]:
        places = [NEGATIVE, NEUTRAL, POSITIVE]
    else:
        places = []
    if not {NEGATIVE, POSITIVE} <= set(places):
        shown = ", ".join(repr(label) for label in told[:12]) + (", ..." if len(told) > 12 else "")
        raise SettingError(
            f"sentiment = {name!r}: its {len(told)} labels ({shown}) are no polarity. {_RULE} Choose another model, or "
            "name the labels in id2label of its config.json."
        )
    return places


def _star(label: str) -> int:
    match = _STARS.fullmatch(label.strip())
    if match is None:
        return 0
    number = (match[1] or match[2]).casefold()
    return _STAR_WORDS.index(number) + 1 if number in _STAR_WORDS else int(number)


def _with_doubt(probabilities: np.ndarray) -> np.ndarray:
    """Return the probabilities of a model that knows no neutral with what it is unsure of as neutral.

    Where both are likely the model says nothing: neutral gets twice the lesser one, so that it is the likeliest where
    the other stays below three quarters.
    """
    lesser = np.minimum(probabilities[:, NEGATIVE], probabilities[:, POSITIVE])
    found = probabilities - lesser[:, None] * np.array([1, 0, 1])
    found[:, NEUTRAL] = 2 * lesser
    return found


def _told(negative: float, neutral: float, positive: float) -> SentimentScore:
    chances = (negative, neutral, positive)
    best = max(range(3), key=chances.__getitem__)
    return SentimentScore(round(positive - negative, _DECIMALS) + 0.0, _LABELS[best], round(chances[best], _DECIMALS))


def _is_model_id(name: str) -> bool:
    return re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) is not None


def _unknown(name: str, why: str) -> SettingError:
    hint = did_you_mean(name, ("bundled", "off"))
    if hint.startswith(" Did you mean"):
        return SettingError(f"sentiment = {name!r}: there is no such scorer.{hint}")
    return SettingError(
        f"sentiment = {name!r}: it is neither 'bundled' nor 'off', no tuned head and no plug-in, and as a transformers "
        f"model {why}. Nothing is fetched: download the model where there is a network (`hf download {name}`) and give "
        "its folder."
    )
