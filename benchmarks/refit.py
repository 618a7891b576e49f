"""How many mentions keep their theme's id when themes are learnt again from a fifth more rows: ours beside BERTopic.

    python benchmarks/refit.py DATA_FOLDER [--vectors FOLDER] [--set NAME]... [--no-peers]

DATA_FOLDER holds the sets named in SETS. With --vectors, NAME.multilingual.npy (a unit row for each row of the set) is
read instead of encoding anew. Five sixths of the distinct texts, drawn at random, are learnt from; then all of them.
On the five sixths:

- "surviving": share of the mentions (a statement and its best theme) whose theme is still there after the refit;
- "keep": share of those that have the same id, as their best theme or as its parent. "top" is the same for the
  themes of level 1;
- "AMI fresh -> continued": agreement with the set's own label of the new fit as it is found, and after it was matched
  with the old one. What identity costs in quality is the difference.

The peers are BERTopic as it comes (UMAP, HDBSCAN, seed 0) on the same vectors: "refit" learns again, where an equal
topic number is chance; "merge_models" merges the first model with one of the added rows and tags with the result.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

SETS = {
    "en_banking77": "label",
    "multi_sib200_topics_parallel": "label",
    "en_airline_tweets": "label",
    "multi_trustpilot_demographics": None,
}
OURS = ("en", "ro", "ru", "it", "ar", "pl")


class _FirstKeyword:
    """Names themes by number: names have no part in what is measured, and take long."""

    def label(self, evidence):  # type: ignore[no-untyped-def]
        return [f"theme {number}" for number in range(len(evidence))]


def read(folder: Path, vectors: Path | None, name: str, label: str | None):  # type: ignore[no-untyped-def]
    """Return distinct texts, languages, labels or None, and unit vectors (n, d)."""
    import polars as pl

    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.space import unit_rows

    path = folder / f"{name}.parquet"
    if not path.exists():
        sys.exit(f"{path} is not there. Give the folder that holds the sets.")
    rows = pl.read_parquet(path).with_row_index("number").filter(pl.col("lang").is_in(OURS))
    rows = rows.unique("text", keep="first", maintain_order=True)
    texts = rows["text"].to_list()
    if vectors is None:
        found = load_encoder(Settings(encoder="multilingual")).encode(texts)
    else:
        found = np.load(vectors / f"{name}.multilingual.npy")[rows["number"].to_numpy()]
    return texts, rows["lang"].to_list(), rows[label].to_list() if label else None, unit_rows(found.astype(np.float32))


def ours(texts, languages, vectors, base):  # type: ignore[no-untyped-def]
    """Return the codebook of the five sixths, the fresh one of all, and that as a continuation of the first."""
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.language.stopwords import stop_words
    from feedback_nlp.records import stable_hash
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.continuing import continue_codebook
    from feedback_nlp.themes.discovery import Corpus, discover
    from feedback_nlp.themes.space import load_projection

    settings = Settings(encoder="multilingual")
    identity = load_encoder(settings).identity
    fits = []
    for rows in (base, np.arange(len(texts))):
        keys = tuple(stable_hash(texts[i]) for i in rows)
        corpus = Corpus(
            keys,
            tuple(texts[i] for i in rows),
            tuple(languages[i] for i in rows),
            *(keys, keys, keys),
            people=tuple(frozenset({key}) for key in keys),
            vectors=vectors[rows],
        )
        found = discover(
            corpus,
            encoder_key=identity.key,
            encode=lambda said: np.zeros((len(said), vectors.shape[1]), np.float32),
            stop_words=stop_words,
            settings=settings,
            projection=load_projection(identity),
            labeller=_FirstKeyword(),
        )
        fits.append(found.codebook)
    started = time.process_time()
    continued = continue_codebook(fits[1], fits[0], (), {}, vectors, languages)
    return *fits, continued, time.process_time() - started


def leaves_and_tops(codebook, vectors, languages):  # type: ignore[no-untyped-def]
    """Return the ids of each statement's best theme and of its theme of level 1, "" for none."""
    from feedback_nlp.themes.tagging import tag

    labels = tag(codebook, vectors, languages, most=1).labels()
    leaf = np.array([theme.theme_id for theme in codebook.themes] + [""])
    top = np.array([theme.parent_id or theme.theme_id for theme in codebook.themes] + [""])
    return leaf[labels], top[labels]


def keep(old: np.ndarray, new: np.ndarray, present: set) -> tuple[float, float]:  # type: ignore[type-arg]
    """Return the share of old mentions whose theme is still ``present``, and of those the share with the same id."""
    mentioned = old != ("" if old.dtype.kind == "U" else -1)
    surviving = mentioned & np.isin(old, sorted(present))
    return float(surviving.sum() / mentioned.sum()), float((old == new)[surviving].mean())


def peers(texts, vectors, base) -> None:  # type: ignore[no-untyped-def]
    """Print the same figures of BERTopic, learnt again and merged."""
    from bertopic import BERTopic
    from umap import UMAP

    def fitted(rows):  # type: ignore[no-untyped-def]
        reducer = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=0)
        return BERTopic(umap_model=reducer).fit([texts[i] for i in rows], embeddings=vectors[rows])

    first, again = fitted(base), fitted(np.arange(len(texts)))
    old, new = np.array(first.topics_), np.array(again.topics_)[base]
    share, kept = keep(old, new, set(new.tolist()) - {-1})
    print(f"  BERTopic refit          surviving {share:.3f}  keep {kept:.3f}")
    added = np.setdiff1d(np.arange(len(texts)), base)
    merged = BERTopic.merge_models([first, fitted(added)])
    now = np.array(merged.transform([texts[i] for i in base], embeddings=vectors[base])[0])
    share, kept = keep(old, now, set(merged.get_topics()) - {-1})
    print(f"  BERTopic merge_models   surviving {share:.3f}  keep {kept:.3f}")


def main() -> None:
    """Measure each set and print a few lines of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--set", dest="sets", action="append", choices=list(SETS))
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    from sklearn.metrics import adjusted_mutual_info_score

    for name in options.sets or SETS:
        texts, languages, labels, vectors = read(options.folder, options.vectors, name, SETS[name])
        base = np.sort(np.random.default_rng(0).permutation(len(texts))[: round(len(texts) / 1.2)])
        old, fresh, continued, seconds = ours(texts, languages, vectors, base)
        before = leaves_and_tops(old, vectors[base], [languages[i] for i in base])
        everything = leaves_and_tops(continued.codebook, vectors, languages)
        present = set(continued.codebook.row_of)
        leaf, top = (ids[base] for ids in everything)
        # A sub-theme's mention is one of its parent too: a theme that got sub-themes has kept its mentions.
        share, kept = keep(before[0], np.where(before[0] == top, top, leaf), present)
        top_share, top_kept = keep(before[1], top, present)
        print(f"{name}: {len(base)} -> {len(texts)} texts, {len(old.themes)} -> {len(present)} themes")
        print(
            f"  feedback-nlp            surviving {share:.3f}  keep {kept:.3f}  top {top_share:.3f} {top_kept:.3f}  "
            f"matching {seconds:.1f} CPU s"
        )
        if labels:
            alone = leaves_and_tops(fresh, vectors, languages)
            scores = [f"{adjusted_mutual_info_score(labels, found):.3f}" for found in (alone[0], everything[0])]
            print(f"  AMI fresh -> continued  {' -> '.join(scores)}")
        if not options.no_peers:
            peers(texts, vectors, base)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
