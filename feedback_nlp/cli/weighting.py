"""What commands say of survey weights beside the scores that they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from feedback_nlp.cli.shared import say

if TYPE_CHECKING:
    from feedback_nlp.analysis.frames import AnalysisFrames
    from feedback_nlp.analysis.outcomes import Outcome


def weighting_facts(frames: AnalysisFrames, outcome: Outcome, *, meaningful: bool = False) -> dict[str, Any]:
    """Return ``weighted`` and ``effective_n`` of the responses with the outcome, or the ``meaningful`` of them."""
    from feedback_nlp.analysis.outcomes import response_values
    from feedback_nlp.analysis.weighting import WEIGHT, weighting_of

    values = response_values(frames, outcome)
    found = weighting_of((values.filter("meaningful") if meaningful else values)[WEIGHT])
    return {"weighted": found.weighted, "effective_n": found.effective_n}


def say_weighting(facts: dict[str, Any]) -> None:
    """Say that figures go by weights, where they do."""
    if facts["weighted"]:
        say(f"weighted; effective n = {facts['effective_n']:,.0f}")
