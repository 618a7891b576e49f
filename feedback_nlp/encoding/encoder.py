"""The encoder that the rest of the program sees, whatever runs behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from feedback_nlp.errors import EncoderError
from feedback_nlp.records import EncoderIdentity

SLOW_SECONDS = 2.0  # an encoding that takes longer shows its progress


class Backend(Protocol):
    """What turns distinct texts into vectors; the texts carry no prefix yet."""

    identity: EncoderIdentity

    def encode_distinct(self, texts: list[str], batch_size: int | None, advance: Callable[[int], Any]) -> np.ndarray:
        """Return vectors of shape (len(texts), d); call ``advance(n)`` after every n texts."""
        ...

    def as_sentence_transformer(self) -> Any:
        """Return a ``SentenceTransformer`` of the same weights in float32."""
        ...


class LoadedEncoder:
    """Texts in, unit vectors out; used as a ``SentenceTransformer`` is.

    A text's vector depends on the text alone, not on the texts around it, their order or the number of threads.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @property
    def identity(self) -> EncoderIdentity:
        """What decides the vectors: name, revision, hash of the weights, pooling, prefix."""
        return self._backend.identity

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self.identity.dimensions

    def get_sentence_embedding_dimension(self) -> int:
        """The length of a vector, under sentence-transformers' name."""
        return self.dimensions

    get_embedding_dimension = get_sentence_embedding_dimension  # its newer name

    def as_sentence_transformer(self) -> Any:
        """Return the same model in float32 as a real ``SentenceTransformer`` (imports torch).

        It applies no prefix by itself: pass ``prompt=encoder.identity.prefix`` to its ``encode``.
        """
        return self._backend.as_sentence_transformer()

    def encode(
        self,
        texts: str | Sequence[str],
        /,
        *,
        batch_size: int | None = None,
        show_progress: bool = False,
        show_progress_bar: bool | None = None,
        convert_to_tensor: bool = False,
        **_sentence_transformers: Any,
    ) -> Any:
        """Return float32 vectors of shape (len(texts), d), rows of length 1; a single str gives shape (d,).

        Equal texts are encoded once. With ``show_progress`` a bar appears on stderr once the work has taken two
        seconds. ``batch_size`` is a number of texts, chosen well when left out. ``convert_to_tensor`` returns a
        torch tensor; sentence-transformers' other arguments are accepted and change nothing, as vectors are
        always normalised and no other precision is offered.
        """
        single = isinstance(texts, str)
        given = [texts] if isinstance(texts, str) else list(texts)
        places: dict[str, int] = {}
        rows = np.fromiter((places.setdefault(text, len(places)) for text in given), np.int64, len(given))
        distinct = [_encodable(text) for text in places]
        if distinct:
            vectors = self._encode_distinct(distinct, batch_size, show_progress or bool(show_progress_bar))[rows]
        else:
            vectors = np.empty((0, self.dimensions), np.float32)
        if single:
            vectors = vectors[0]
        if convert_to_tensor:
            import torch

            return torch.from_numpy(vectors)
        return vectors

    def _encode_distinct(self, texts: list[str], batch_size: int | None, show_progress: bool) -> np.ndarray:
        from tqdm import tqdm

        with tqdm(
            total=len(texts), desc="Encoding", unit=" texts", delay=SLOW_SECONDS, disable=not show_progress, leave=False
        ) as bar:
            vectors = np.asarray(self._backend.encode_distinct(texts, batch_size, bar.update), np.float32)
        if vectors.shape != (len(texts), self.dimensions):
            raise EncoderError(
                f"The encoder {self.identity.name!r} returned the shape {vectors.shape} for {len(texts)} texts; "
                f"({len(texts)}, {self.dimensions}) was expected. Mend the encoder or choose another with --encoder."
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all():
            raise EncoderError(
                f"The encoder {self.identity.name!r} returned numbers that are not finite. "
                "Mend the encoder or choose another with --encoder."
            )
        return vectors / np.where(lengths > 0, lengths, 1)


def _encodable(text: str) -> str:
    """Return ``text`` without lone surrogates, which no tokenizer takes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
