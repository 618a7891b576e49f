"""Two versions of a codebook on the statements that are stored now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from feedback_nlp.errors import UsageError
from feedback_nlp.pipeline.codebooks import load_codebook
from feedback_nlp.pipeline.corpus import vectors_of
from feedback_nlp.pipeline.tagging import TAG_AT_ONCE

if TYPE_CHECKING:
    from feedback_nlp.store import Store
    from feedback_nlp.themes.refit.comparing import Comparison


def compare_versions(store: Store, old: int, new: int) -> Comparison:
    """Tag every statement that has a vector with both versions, as the model does, and compare them.

    Stored tags are not needed, nor is the encoder. Raises UsageError for a version that is not there any more, and for
    versions of two encoders.
    """
    from feedback_nlp.themes.refit.comparing import compare
    from feedback_nlp.themes.tagging import tag

    books = [load_codebook(store, version) for version in (old, new)]
    key = books[0].encoder_key
    if books[1].encoder_key != key:
        raise UsageError(
            f"Codebooks {old} and {new} are of two encoders, {key} and {books[1].encoder_key}: no statement can be "
            "tagged with both. Compare versions of one encoder: feedback-nlp themes history lists them."
        )
    statements = store.statements_to_tag(old, only_new=False)
    known = store.vectors(key, statements["text_hash"].unique().to_list())[0]
    statements = statements.filter(statements["text_hash"].is_in(known))
    labels: list[list[np.ndarray]] = [[], []]
    for start in range(0, statements.height, TAG_AT_ONCE):
        part = statements.slice(start, TAG_AT_ONCE)
        vectors = vectors_of(store, key, part["text_hash"].to_list())
        for book, found in zip(books, labels, strict=True):
            found.append(tag(book, vectors, part["language"].to_list(), most=1).labels())
    none = np.empty(0, np.int64)
    return compare(books[0], books[1], *(np.concatenate([none, *found]) for found in labels))
