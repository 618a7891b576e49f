"""Runs encoders in torch through sentence-transformers: the bundled ones on a GPU, and any model of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.encoding.bundled import BundledEncoder
from feedback_nlp.encoding.prepared import prepared_folder
from feedback_nlp.encoding.tone import Tone, find_tone
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.settings import Settings
from feedback_nlp.torch_models import quiet, weights_sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SLICE_TEXTS = 1024  # texts between two movements of the progress bar


class TorchBackend:
    """A ``SentenceTransformer``, with its prefix, under the identity that it was given."""

    def __init__(self, model: SentenceTransformer, identity: EncoderIdentity, tone: Tone | None = None) -> None:
        self.identity = identity
        self.tone = tone
        self._model = model
        self._toned: SentenceTransformer | None = None  # the same with a last step, made when first needed

    def encode_distinct(
        self,
        texts: list[str],
        batch_size: int | None,
        advance: Callable[[int], Any],
        tones: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return vectors of shape (len(texts), d)."""
        vectors = np.empty((len(texts), self.identity.dimensions), np.float32)
        if tones is None or self.tone is None:
            for rows, found in self._run(self._model, texts, batch_size, normalize=True):
                vectors[rows] = found
                advance(len(rows))
            return vectors
        from feedback_nlp.encoding.torch_tone import all_layers, with_tone

        self._toned = self._toned or with_tone(self._model, self.tone)
        with all_layers(self._model):
            for rows, found in self._run(self._toned, texts, batch_size, normalize=False):
                vectors[rows], tones[rows] = np.split(found, [self.identity.dimensions], axis=1)
                advance(len(rows))
        return vectors

    def _run(
        self, model: SentenceTransformer, texts: list[str], batch_size: int | None, *, normalize: bool
    ) -> Iterator[tuple[list[int], np.ndarray]]:
        """Yield (rows, what the model makes of them)."""
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))  # alike in length, little padding
        for start in range(0, len(order), _SLICE_TEXTS):
            rows = order[start : start + _SLICE_TEXTS]
            yield (
                rows,
                model.encode(
                    [texts[row] for row in rows],
                    prompt=self.identity.prefix or None,
                    batch_size=batch_size or 64,
                    convert_to_numpy=True,
                    normalize_embeddings=normalize,
                    show_progress_bar=False,
                ),
            )

    def as_sentence_transformer(self) -> Any:
        """Return the model itself."""
        return self._model


def bundled_backend(encoder: BundledEncoder, settings: Settings, device: str) -> TorchBackend:
    """Return a bundled encoder in float32 on ``device``.

    Its identity is the one of the 8-bit form: the weights are the same and the vectors agree to a cosine of 0.999,
    so that a database filled on a GPU machine can be carried on elsewhere. The same holds for its tones.
    """
    model = bundled_sentence_transformer(encoder, settings, device)
    return TorchBackend(model, encoder.identity, find_tone(encoder.identity))


def bundled_sentence_transformer(encoder: BundledEncoder, settings: Settings, device: str) -> SentenceTransformer:
    """Return a bundled encoder as a ``SentenceTransformer`` in float32, mean-pooled and normalised."""
    from sentence_transformers import SentenceTransformer

    folder = prepared_folder(encoder, settings, lambda path: _write_hugging_face(encoder, path))
    with quiet():
        return SentenceTransformer(
            str(folder), device=device, local_files_only=True, model_kwargs={"add_pooling_layer": False}
        )


def named_backend(name: str, settings: Settings, device: str, *, offline: bool) -> TorchBackend:
    """Return the sentence-transformers model of that id or folder. Raises whatever the library raises."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(name, device=device, local_files_only=offline)
    dimensions = model.get_embedding_dimension()
    if dimensions is None:
        dimensions = len(model.encode("a"))
    revision = getattr(getattr(getattr(model[0], "auto_model", None), "config", None), "_commit_hash", None) or ""
    modes = [mode for module in model if (mode := getattr(module, "pooling_mode", None))]
    pooling = "+".join([modes[0]] if isinstance(modes[0], str) else modes[0]) if modes else "none"
    shown = Path(name).name if Path(name).is_dir() else name
    prefix = settings.encoder_prefix or model.prompts.get(model.default_prompt_name or "") or ""
    identity = EncoderIdentity(shown, revision, weights_sha256(model), dimensions, pooling, prefix)
    return TorchBackend(model, identity)


def _write_hugging_face(encoder: BundledEncoder, folder: Path) -> None:
    """Write the weights, the tokenizer and the configuration files that sentence-transformers reads."""
    from safetensors.numpy import save_file

    weights = encoder.read_weights()
    shape = weights.shape
    # "pt" is what transformers looks for in the metadata; no torch is needed to write it.
    save_file(
        {name: values for name, values in weights.tensors.items() if not name.endswith("position_ids")},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    (folder / "tokenizer.json").write_bytes(encoder.tokenizer.verified().read_bytes())
    is_xlm = encoder.name == "multilingual"
    _write_json(
        folder / "config.json",
        {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.feed_forward,
            "hidden_act": "gelu",
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.token_types,
            "layer_norm_eps": shape.layer_norm_epsilon,
            "pad_token_id": 1 if is_xlm else 0,
            "dtype": "float32",
        },
    )
    marks = (
        {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"}
        | {"pad_token": "<pad>", "mask_token": "<mask>"}
        if is_xlm
        else {"cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]", "pad_token": "[PAD]"}
        | {"mask_token": "[MASK]"}
    )
    # The tokenizer.json says everything; the generic class takes it as it is.
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": encoder.max_tokens, **marks},
    )
    modules = ("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")
    _write_json(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ],
    )
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": encoder.max_tokens, "do_lower_case": False})
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    _write_json(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
    )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
