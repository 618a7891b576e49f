"""How far themes lie apart: in the space that they were found in, and in that of an encoder that had no part in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from feedback_nlp.errors import UsageError
from feedback_nlp.evaluation.figures import Evidence, Figure, mean_figure, share_figure
from feedback_nlp.settings import Settings
from feedback_nlp.themes import quality

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.store import Store
    from feedback_nlp.themes.codebook import Codebook

SEPARATION_SAMPLE = 20_000  # distinct statements; the mean of so many is exact to three digits
SEPARATION_WARN = 0.05  # members are hardly nearer to their own sub-theme than to its neighbour; also tagging's margin
SECOND_SAMPLE = 40  # distinct statements of each sub-theme that a second encoder reads, half of them for its centre
SECOND_MOST = 4_000  # of all: some four seconds of encoding
SECOND_FEWEST = 6  # members of a sub-theme below which half of them make no centre
ONE_LANGUAGE_ENCODERS = {"english": ("en",)}  # vectors of other languages would say nothing


def separation(store: Store, codebook: Codebook, evidence: Evidence) -> Figure:
    """Return how far sub-themes lie apart in the prepared space, over distinct statements."""
    how = (
        "Cosine of a statement to its own sub-theme's centre minus that to the nearest other one, on average "
        f"(simplified silhouette, Hruschka et al. 2004). Below {SEPARATION_WARN} sub-themes blur into one another; "
        "0.1 and more is clear. The space was made by what is judged here; `--second-encoder` asks another one."
    )
    leaves = list(codebook.leaves)
    row_of = {codebook.themes[row].theme_id: i for i, row in enumerate(leaves)}
    distinct = (
        evidence.statements.filter(pl.col("leaf").is_in(list(row_of)))
        .sort("text_hash", "language", "leaf")
        .unique("text_hash", keep="first", maintain_order=True)
        .head(SEPARATION_SAMPLE)  # hashes are as good as random to choose by
    )
    if len(leaves) < 2 or distinct.is_empty():
        return Figure("separation", None, distinct.height, how)
    hashes, vectors = store.vectors(codebook.encoder_key, distinct["text_hash"].to_list())
    distinct = distinct.filter(pl.col("text_hash").is_in(hashes))  # both sorted by hash
    prepared = codebook.space.prepare(vectors, distinct["language"].to_list())
    own = np.array([row_of[theme_id] for theme_id in distinct["leaf"]], dtype=np.int64)
    return mean_figure("separation", quality.separation(prepared, own, codebook.centroids[leaves]), how)


def second_separation(
    evidence: Evidence, codebook: Codebook, settings: Settings, name: str, encoder: LoadedEncoder | None = None
) -> tuple[Figure, ...]:
    """Return how far sub-themes lie apart for the encoder ``name``, over a sample of each sub-theme.

    Centres come from one half of the sample and are judged on the other, and the other way round. Raises UsageError
    when ``name`` is the codebook's own encoder.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.themes.space import PreparedSpace, unit_rows

    encoder = encoder or load_encoder(replace(settings, encoder=name))
    if encoder.identity.key == codebook.encoder_key:
        raise UsageError(
            f"--second-encoder {name!r} is the encoder that the themes were found with; a second opinion needs another "
            "one, such as 'english' or 'multilingual'."
        )
    spoken = ONE_LANGUAGE_ENCODERS.get(name)
    level, sample = _sample(evidence, spoken)
    called = "sub-theme" if level == "leaf" else "theme"
    only = f" (statements in {', '.join(spoken)} only)" if spoken else ""
    how = (
        f"The same with the encoder {name!r}{only}, which had no part in finding the themes. Each {called}'s centre "
        "is the mean of one half of a sample of it, judged on the other half. Below 0 the themes are artefacts of "
        "their encoder; values of two encoders are not comparable."
    )
    names = sample[level].unique().sort().to_list()
    if len(names) < 2:
        return (Figure("separation_second", None, sample.height, how),)
    vectors = encoder.encode(sample["text"].to_list())
    languages = sample["language"].to_list()
    prepared = PreparedSpace.fit(vectors, languages).prepare(vectors, languages)
    row_of = {leaf: number for number, leaf in enumerate(names)}
    own = np.array([row_of[leaf] for leaf in sample[level]], dtype=np.int64)
    half = sample["half"].to_numpy()
    margins = np.empty(len(own))
    for judged in (0, 1):
        others, rows = half != judged, half == judged
        sums = np.zeros((len(names), prepared.shape[1]))
        np.add.at(sums, own[others], prepared[others])
        margins[rows] = quality.separation(prepared[rows], own[rows], unit_rows(sums))
    nearest = share_figure(
        "nearest_second",
        pl.Series(margins > 0),
        sample["person_id"],
        f"Share of statements that lie nearest to their own {called}'s centre among {len(names)} for that encoder. By "
        f"chance it would be {1 / len(names):.2f}; near that, the second encoder does not see these themes.",
    )
    return (mean_figure("separation_second", margins, how), nearest)


def _sample(evidence: Evidence, spoken: tuple[str, ...] | None) -> tuple[str, pl.DataFrame]:
    """Return up to so many distinct statements of each sub-theme, each in one of two halves, and the level.

    Top-level themes stand in where most sub-themes have too few statements to be halved.
    """
    rows = evidence.statements.filter(pl.col("leaf").is_not_null())
    if spoken is not None:
        rows = rows.filter(pl.col("language").is_in(list(spoken)))
    distinct = rows.sort("text_hash", "statement_id").unique("text_hash", keep="first", maintain_order=True)
    enough = distinct.group_by("leaf").len().filter(pl.col("len") >= SECOND_FEWEST).height
    level = "leaf" if 2 * enough >= evidence.statements["leaf"].drop_nulls().n_unique() else "top"
    place, size = pl.int_range(pl.len()).over(level), pl.len().over(level)
    many = max(1, distinct[level].n_unique())
    each = max(SECOND_FEWEST, min(SECOND_SAMPLE, SECOND_MOST // many))
    kept = distinct.filter((size >= SECOND_FEWEST) & (place < each))
    return level, kept.with_columns((pl.int_range(pl.len()).over(level) % 2).alias("half"))
