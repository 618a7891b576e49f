"""Surveys with known truths: overlapping themes, a segment that confounds them, people who answer more than once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from feedback_nlp.analysis.drivers.contributions import fit_contributions
from feedback_nlp.analysis.drivers.removal import shapley_of_removal


@dataclass(frozen=True, eq=False)
class Survey:
    """Arrays as :class:`~feedback_nlp.analysis.drivers.responses.ScoredResponses` holds them."""

    g: np.ndarray
    mentions: np.ndarray  # (n, k) 0/1
    negative: np.ndarray  # (n, k) 0/1
    controls: sparse.csr_array
    person: np.ndarray


@dataclass(frozen=True, eq=False)
class Population:
    """Where surveys are drawn from. ``themes`` is how many there are; ``seed`` chooses what they do."""

    seed: int
    themes: int = 8

    def draw(self, n: int, seed: int) -> Survey:
        """Return ``n`` responses; about a tenth of the people answer twice."""
        chosen = np.random.default_rng(self.seed)
        k = self.themes
        often = chosen.uniform(-2.2, -0.9, k)  # log-odds of a mention
        drawn_to_segment = chosen.normal(0, 0.8, k)
        effect = chosen.normal(0, 0.7, k)
        pairs = chosen.normal(0, 0.9, k)  # a mood that makes some themes come together
        rng = np.random.default_rng([self.seed, seed])
        person = np.where(rng.random(n) < 0.1, rng.integers(0, n, n), np.arange(n))
        person = np.unique(person, return_inverse=True)[1]
        of_person = np.random.default_rng([self.seed, seed, 1])
        segment = of_person.random(n)[person] < 0.4
        temper = of_person.normal(0, 0.5, n)[person]
        mood = rng.normal(size=n)
        odds = often + segment[:, None] * drawn_to_segment + mood[:, None] * pairs
        mentions = (rng.random((n, k)) < 1 / (1 + np.exp(-odds))).astype(float)
        pleased = 0.3 + mentions @ effect + 0.9 * segment + temper + rng.normal(0, 0.8, n)
        g = np.where(pleased > 0.6, 100.0, np.where(pleased > -0.2, 0.0, -100.0))
        negative = mentions * (rng.random((n, k)) < 1 / (1 + np.exp(pleased)[:, None]))
        return Survey(g, mentions, negative, sparse.csr_array(segment[:, None].astype(float)), person)


def contributions_of(survey: Survey, draws: int = 0, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the contributions (k,) and their draws (draws, k); ``weight`` (n,) are survey weights."""
    columns = sparse.csr_array(survey.mentions)
    fitted = fit_contributions(survey.g, columns, survey.controls, survey.person, weight=weight, draws=draws)
    return fitted.parts, fitted.draws[:, 1:]


def removals_of(survey: Survey, draws: int = 0, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the Shapley values of removal (k,) and their draws (draws, k)."""
    row, theme = np.nonzero(survey.mentions)
    k = survey.mentions.shape[1]
    found = shapley_of_removal(survey.g, row, theme, k, survey.person, weight=weight, draws=draws)
    return found.values, found.draws


def people_behind(survey: Survey) -> np.ndarray:
    """Return how many people mention each theme or do not, whichever is less, minus 1, (k,)."""
    mention = np.zeros((survey.person.max() + 1, survey.mentions.shape[1]), bool)
    np.maximum.at(mention, survey.person, survey.mentions > 0)
    people = mention.sum(axis=0)
    return np.minimum(people, len(mention) - people) - 1
