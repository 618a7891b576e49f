"""Accounts that very many people name (@acme_support) are a company's or a celebrity's: not personal, and the topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from feedback_nlp.language.redaction.identifiers import find_handles
from feedback_nlp.records import UNDETERMINED

LEAST_ROWS = 20
LEAST_SHARE = 0.01  # of the rows


def public_accounts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the accounts that at least 20 texts and 1 % of them name, folded, in alphabetical order.

    One text is taken for one person. Any other account is taken for somebody's own.
    """
    rows = 0
    named: Counter[str] = Counter()
    for text in texts:
        rows += 1
        named.update({found.value for found in find_handles(text, UNDETERMINED)})
    least = max(LEAST_ROWS, LEAST_SHARE * rows)
    return tuple(sorted(account for account, count in named.items() if count >= least))
