"""What a question asks for, and what that says of the answer: "the price" is praise under "What do you love?"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feedback_nlp.sentiment.surface import count_words

_SHORT_WORDS = 6  # an answer of so many words leans on its question in full
_LETTERS_PER_WORD = 6  # where no spaces show the words


def question_shift(texts: Sequence[str], leanings: np.ndarray, strength: float) -> np.ndarray:
    """Return what to add to the logits of negative, neutral and positive, shape (n, 3).

    ``leanings`` (n,) lie in -1..1. A text that is clear by itself keeps its label, as its logits lie further apart
    than the shift. A short one hangs on its question; the longer it is, the more it speaks for itself, so the shift
    fades in proportion to the words beyond six.
    """
    shift = np.zeros((len(texts), 3))
    for row in np.flatnonzero(leanings).tolist():
        words = max(count_words(texts[row]), len(texts[row]) // _LETTERS_PER_WORD, 1)
        amount = strength * leanings[row] * min(1.0, _SHORT_WORDS / words)
        shift[row] = -amount, 0.0, amount
    return shift
