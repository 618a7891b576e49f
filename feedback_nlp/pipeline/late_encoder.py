"""The encoder of vectors that are stored already: its weights are loaded only when a text has none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from feedback_nlp.errors import EncoderError, did_you_mean
from feedback_nlp.records import EncoderIdentity
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store


def late_encoder(store: Store, settings: Settings, encoder_key: str) -> LoadedEncoder:
    """Return the encoder of stored vectors, whose weights are only loaded when there is something to encode."""
    from feedback_nlp.encoding import LoadedEncoder

    known = store.encoders()
    if encoder_key not in known:
        raise EncoderError(
            f"No encoder {encoder_key!r} is registered in this database.{did_you_mean(encoder_key, known)}"
        )
    return LoadedEncoder(_LateBackend(known[encoder_key], settings))


class _LateBackend:
    def __init__(self, identity: EncoderIdentity, settings: Settings) -> None:
        from feedback_nlp.encoding.tone import find_tone

        self.identity = identity
        self.tone = find_tone(identity)
        self._settings = settings

    def encode_distinct(
        self,
        texts: list[str],
        batch_size: int | None,
        advance: Callable[[int], Any],
        tones: np.ndarray | None = None,
    ) -> np.ndarray:
        encoder = self._load()
        if tones is None:
            vectors = encoder.encode(texts, batch_size=batch_size)
        else:
            vectors, tones[:] = encoder.encode_with_tone(texts, batch_size=batch_size)
        advance(len(texts))
        return np.asarray(vectors)

    def as_sentence_transformer(self) -> Any:
        return self._load().as_sentence_transformer()

    def _load(self) -> LoadedEncoder:
        from feedback_nlp.encoding import load_encoder

        encoder = load_encoder(self._settings)
        if encoder.identity != self.identity:
            raise EncoderError(
                f"The codebook's encoder is {self.identity.name!r}, and the one in force, {encoder.identity.name!r}, "
                "makes other vectors. Set encoder to the codebook's, or run 'discover' again."
            )
        return encoder
