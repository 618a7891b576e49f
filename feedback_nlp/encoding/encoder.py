"""The encoder that the rest of the program sees, whatever runs behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from feedback_nlp.encoding.tone import Tone, halved
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


class ToneBackend(Backend, Protocol):
    """A backend that can make tones in the same pass; ``tone`` is None when none was made for its encoder."""

    tone: Tone | None

    def encode_distinct(
        self,
        texts: list[str],
        batch_size: int | None,
        advance: Callable[[int], Any],
        tones: np.ndarray | None = None,
    ) -> np.ndarray:
        """As a backend does, and fill ``tones``, float32 of shape (len(texts), T), where given."""
        ...


class LoadedEncoder:
    """Texts in, unit vectors out; used as a ``SentenceTransformer`` is.

    A text's vector depends on the text alone, not on the texts around it, their order or the number of threads; so
    does its tone, which encoders without one of their own (all but the bundled ones) do not make.
    """

    def __init__(self, backend: Backend | ToneBackend) -> None:
        self._backend = backend
        self._tone: Tone | None = getattr(backend, "tone", None)

    @property
    def identity(self) -> EncoderIdentity:
        """What decides the vectors: name, revision, hash of the weights, pooling, prefix."""
        return self._backend.identity

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self.identity.dimensions

    @property
    def tone_key(self) -> str | None:
        """The key under which its tones are stored; None when it makes none."""
        return self._tone.key(self.identity) if self._tone else None

    @property
    def tone_dimensions(self) -> int | None:
        """The length of a tone; None when it makes none."""
        return self._tone.dimensions if self._tone else None

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
        vectors, _ = self._encode(given, batch_size, show_progress or bool(show_progress_bar))
        if single:
            vectors = vectors[0]
        if convert_to_tensor:
            import torch

            return torch.from_numpy(vectors)
        return vectors

    def encode_with_tone(
        self, texts: Sequence[str], /, *, batch_size: int | None = None, show_progress: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the vectors that :meth:`encode` gives, and the tones, from one forward pass.

        Tones are float32 of shape (len(texts), T), rounded to what float16 holds, which is how they are stored; None
        from an encoder that makes none. See :mod:`feedback_nlp.encoding.tone`.
        """
        return self._encode(texts, batch_size, show_progress, with_tone=self._tone is not None)

    def _encode(
        self, texts: Sequence[str], batch_size: int | None, show_progress: bool, *, with_tone: bool = False
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Encode equal texts once; see :meth:`encode_with_tone`."""
        places: dict[str, int] = {}
        rows = np.fromiter((places.setdefault(text, len(places)) for text in texts), np.int64, len(texts))
        tones = np.empty((len(places), self._tone.dimensions), np.float32) if self._tone and with_tone else None
        if not places:
            return np.empty((0, self.dimensions), np.float32), tones
        vectors = self._encode_distinct([_encodable(text) for text in places], batch_size, show_progress, tones)
        if tones is None:
            return vectors[rows], None
        tones = halved(tones)
        self._refuse_infinite(tones)
        return vectors[rows], tones[rows]

    def _encode_distinct(
        self, texts: list[str], batch_size: int | None, show_progress: bool, tones: np.ndarray | None
    ) -> np.ndarray:
        from tqdm import tqdm

        filled = {} if tones is None else {"tones": tones}
        with tqdm(
            total=len(texts), desc="Encoding", unit=" texts", delay=SLOW_SECONDS, disable=not show_progress, leave=False
        ) as bar:
            vectors = np.asarray(self._backend.encode_distinct(texts, batch_size, bar.update, **filled), np.float32)
        if vectors.shape != (len(texts), self.dimensions):
            raise EncoderError(
                f"The encoder {self.identity.name!r} returned the shape {vectors.shape} for {len(texts)} texts; "
                f"({len(texts)}, {self.dimensions}) was expected. Mend the encoder or choose another with --encoder."
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._refuse_infinite(lengths)
        return vectors / np.where(lengths > 0, lengths, 1)

    def _refuse_infinite(self, numbers: np.ndarray) -> None:
        if not np.isfinite(numbers).all():
            raise EncoderError(
                f"The encoder {self.identity.name!r} returned numbers that are not finite. "
                "Mend the encoder or choose another with --encoder."
            )


def _encodable(text: str) -> str:
    """Return ``text`` without lone surrogates, which no tokenizer takes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
