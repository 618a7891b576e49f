"""Two versions of a codebook side by side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feedback_nlp.themes.refit.comparing import Comparison, Flow, compare
from tests.clustered import book_of


@pytest.fixture
def comparison() -> Comparison:
    old = book_of((((0,), (1,)), ((2,),), ((3,),), ((4,),)))
    new = book_of((((0,), (1,)), ((2,),), ((5,),), ((6,),)))
    new = replace(new, themes=(*new.themes[:3], replace(new.themes[3], label="Price"), *new.themes[4:]))
    o, n = old.row_of, new.row_of
    pairs = [
        *[(o["s0"], n["s0"])] * 5,
        *[(o["s1"], n["s0"])] * 2,
        *[(o["s1"], n["s1"])] * 2,
        *[(o["T2"], n["T2"])] * 3,
        *[(o["T2"], n["T5"])] * 4,
        *[(o["T3"], n["T2"])] * 2,
        *[(o["T4"], -1)] * 2,
        *[(-1, n["T6"])] * 3,
    ]
    labels = np.array(pairs)
    return compare(old, new, labels[:, 0], labels[:, 1])


def test_what_became_of_each_theme(comparison: Comparison) -> None:
    told = {c.theme_id: (c.outcome, c.n_old, c.n_new, c.n_kept, c.other_id) for c in comparison.changes}
    assert told == {
        "T0-1": ("continued", 9, 9, 9, None),
        "s0": ("grown", 5, 7, 5, None),
        "s1": ("shrunk", 4, 2, 2, None),
        "T2": ("renamed", 7, 5, 3, None),
        "T5": ("split", 0, 4, 0, "T2"),
        "T6": ("born", 0, 3, 0, None),
        "T3": ("merged", 2, 0, 0, "T2"),
        "T4": ("retired", 2, 0, 0, None),
    }


def test_the_shares_and_flows(comparison: Comparison) -> None:
    assert comparison.n == 23
    assert (comparison.kept, comparison.kept_surviving, comparison.surviving) == (19 / 29, 19 / 25, 25 / 29)
    assert comparison.flows[:3] == (Flow("s0", "s0", 5), Flow("T2", "T5", 4), Flow(None, "T6", 3))
    assert sum(flow.n for flow in comparison.flows) == 23
    assert Flow("T4", None, 2) in comparison.flows


def test_it_reads_and_writes(comparison: Comparison) -> None:
    lines = comparison.to_text().splitlines()
    assert lines[0] == (
        "23 statements. Of the old mentions 65.5 % keep their theme's id; of those whose theme is still there "
        "(86.2 %), 76.0 %."
    )
    assert lines[1] == "1 born, 1 split, 1 retired, 1 merged, 1 renamed, 1 grown, 1 shrunk, 1 continued"
    assert "  renamed   T2 'Price', was 'About T2': 7 -> 5 statements, 3 in both" in lines
    assert comparison.to_dict()["flows"][0] == {"old_id": "s0", "new_id": "s0", "n": 5}


def test_nothing_to_compare_is_none_and_not_zero() -> None:
    book = book_of((((0,),),))
    nothing = compare(book, book, np.array([-1, -1]), np.array([-1, 0]))
    assert (nothing.kept, nothing.kept_surviving, nothing.surviving) == (None, None, None)
    assert nothing.changes[0].outcome == "grown"
