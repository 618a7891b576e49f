"""Runs a bundled encoder in ONNX Runtime; neither torch nor transformers is imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from feedback_nlp.encoding.bundled import BundledEncoder
from feedback_nlp.encoding.prepared import prepared_onnx
from feedback_nlp.encoding.tone import find_tone
from feedback_nlp.settings import Settings

BATCH_TOKENS = 640  # a batch whose activations stay in a core's cache is fastest
_CHUNK_TEXTS = 8192  # texts tokenised and sorted by length together


class OnnxBackend:
    """A bundled encoder in 8 bits on the CPU.

    A batch holds texts of exactly one length, so nothing is padded and nothing masked. Each thread runs whole
    batches by itself: that needs no waiting for one another, and no number depends on how many threads there are.
    """

    def __init__(self, encoder: BundledEncoder, settings: Settings) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.identity = encoder.identity
        self.tone = find_tone(encoder.identity)
        self._encoder = encoder
        self._settings = settings
        self._threads = settings.threads or available_cores()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Higher levels would fuse Add and LayerNormalization into one slow operator.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        # As the graph is written, so that a layer's states are read while they are in the cache.
        options.execution_order = onnxruntime.ExecutionOrder.PRIORITY_BASED
        self._session = onnxruntime.InferenceSession(
            str(prepared_onnx(encoder, settings)), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(encoder.tokenizer.verified()))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(encoder.max_tokens)

    def encode_distinct(
        self,
        texts: list[str],
        batch_size: int | None,
        advance: Callable[[int], Any],
        tones: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return vectors of shape (len(texts), d), calling ``advance`` from this thread after each batch."""
        vectors = np.empty((len(texts), self.identity.dimensions), np.float32)
        outputs = ["vectors"] if tones is None else ["vectors", "tones"]

        def run(job: tuple[np.ndarray, np.ndarray]) -> int:
            rows, ids = job
            found = self._session.run(outputs, {"input_ids": ids})
            vectors[rows] = found[0]
            if tones is not None:
                tones[rows] = found[1]
            return len(rows)

        if self._threads == 1 or len(texts) == 1:
            for job in self._batches(texts, batch_size):
                advance(run(job))
            return vectors
        pool = ThreadPoolExecutor(self._threads)
        try:
            for start in range(0, len(texts), _CHUNK_TEXTS):
                for done in pool.map(run, self._batches(texts[start : start + _CHUNK_TEXTS], batch_size, start)):
                    advance(done)
        finally:
            pool.shutdown(cancel_futures=True)  # so that Ctrl-C waits for two batches and not for a chunk
        return vectors

    def _batches(
        self, texts: list[str], batch_size: int | None, first: int = 0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (rows, ids): rows (b,) of the whole array, ids (b, s) int64 of texts with the same number of tokens."""
        prefix = self._encoder.prefix
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch([prefix + text for text in texts])]
        lengths = np.fromiter((len(row) for row in ids), np.int64, len(ids))
        order = np.argsort(-lengths, kind="stable")
        position = 0
        while position < len(order):
            length = int(lengths[order[position]])
            most = max(1, BATCH_TOKENS // length)
            end = position + min(most, batch_size or most)
            rows = order[position:end]
            rows = rows[lengths[rows] == length]
            yield rows + first, np.array([ids[row] for row in rows], np.int64)
            position += len(rows)

    def as_sentence_transformer(self) -> Any:
        """Return the same weights in float32 as a ``SentenceTransformer`` on the CPU."""
        from feedback_nlp.encoding.torch_backend import bundled_sentence_transformer

        return bundled_sentence_transformer(self._encoder, self._settings, device="cpu")


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
