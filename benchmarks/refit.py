"""What learning themes again does to them: which mentions keep their theme, and whether new topics are seen.

    python benchmarks/refit.py DATA_FOLDER [--vectors FOLDER] [--set NAME]... [--rows 4000] [--no-peers]

DATA_FOLDER holds the sets named in SETS. With --vectors, NAME.multilingual.npy (a unit row for each row of the set) is
read instead of encoding anew. A base of five sixths of the distinct texts, drawn at random, is learnt from, then

- "grown": all of them, a fifth more;
- "moved": a window without a fifth of the base and with what the base lacked;
- "planted": two labels are kept out of the base; all texts, with up to a tenth of the base of each of the two.

On the texts that both fits had:

- "surviving": share of the mentions (a statement and its best theme) whose theme is still there after the refit;
- "keep": share of those that have the same id, as their best theme or as its parent. "top" is the same for the
  themes of level 1;
- "AMI" and "covered" of all texts of the refit, of the fit as it is found and of its continuation: what identity costs.

Of a planted label: the new theme that has most of it, the share of the label there (recall) and of the theme that is it
(purity). The peers are BERTopic as it comes (UMAP, HDBSCAN, seed 0) on the same vectors: "refit" learns again, where an
equal topic number is chance; "merge_models" merges the first model with one of the added rows and tags with the result.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SETS = {
    "en_banking77": "label",
    "multi_sib200_topics_parallel": "label",
    "en_airline_tweets": "label",
    "multi_trustpilot_demographics": None,
    "pl_8tags_topics": "label",
    "en_clinc150": "label",
    "en_airline_support_dialogues": None,
}
NO_TOPIC = ("oos", None, "")
OURS = ("en", "ro", "ru", "it", "ar", "pl")


class _FirstKeyword:
    """Names themes by number: names have no part in what is measured, and take long."""

    def label(self, evidence):  # type: ignore[no-untyped-def]
        return [f"theme {number}" for number in range(len(evidence))]


def read(folder: Path, vectors: Path | None, name: str, label: str | None, most: int):  # type: ignore[no-untyped-def]
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
    rows = rows.sample(most, seed=0) if len(rows) > most else rows
    texts = rows["text"].to_list()
    if vectors is None:
        found = load_encoder(Settings(encoder="multilingual")).encode(texts)
    else:
        found = np.load(vectors / f"{name}.multilingual.npy")[rows["number"].to_numpy()]
    return texts, rows["lang"].to_list(), rows[label].to_list() if label else None, unit_rows(found.astype(np.float32))


def fit(texts, languages, vectors, rows):  # type: ignore[no-untyped-def]
    """Return the codebook that is found in some rows."""
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.language.stopwords import stop_words
    from feedback_nlp.records import stable_hash
    from feedback_nlp.settings import Settings
    from feedback_nlp.themes.discovery.discover import Corpus, discover
    from feedback_nlp.themes.space import load_projection

    settings = Settings(encoder="multilingual")
    identity = load_encoder(settings).identity
    keys = tuple(stable_hash(texts[i]) for i in rows)
    corpus = Corpus(
        keys,
        tuple(texts[i] for i in rows),
        tuple(languages[i] for i in rows),
        *(keys, keys, keys),
        people=tuple(frozenset({key}) for key in keys),
        vectors=vectors[rows],
    )
    return discover(
        corpus,
        encoder_key=identity.key,
        encode=lambda said: np.zeros((len(said), vectors.shape[1]), np.float32),
        stop_words=stop_words,
        settings=settings,
        projection=load_projection(identity),
        labeller=lambda encode_prepared: _FirstKeyword(),
    ).codebook


def cases(labels, n):  # type: ignore[no-untyped-def]
    """Return the rows of the base and of the refit by case, and the planted labels."""
    order = np.random.default_rng(0).permutation(n)
    size = round(n / 1.2)
    base = np.sort(order[:size])
    found = {"grown": (base, np.arange(n)), "moved": (base, np.sort(order[round(size / 5) :]))}
    if labels is None:
        return found, []
    names, counts = np.unique([label for label in labels if label not in NO_TOPIC], return_counts=True)
    held = [str(label) for label in np.random.default_rng(1).choice(names[counts >= 30], 2, replace=False)]
    known = np.array([i for i in base if labels[i] not in held])
    spare = {i for label in held for i in [i for i in order if labels[i] == label][round(len(known) / 10) :]}
    found["planted"] = (known, np.array([i for i in range(n) if i not in spare]))
    return found, held


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


def planted(name: str, ids: np.ndarray, labels: np.ndarray, held, before: set) -> None:  # type: ignore[no-untyped-def,type-arg]
    """Print where each planted label went among new themes."""
    for label in held:
        mine = labels == label
        themes, counts = np.unique(ids[mine & ~np.isin(ids, sorted(before))], return_counts=True)
        at = int(counts.argmax()) if len(counts) else 0
        recall = counts[at] / mine.sum() if len(counts) else 0.0
        purity = counts[at] / (ids == themes[at]).sum() if len(counts) else 0.0
        print(f"    planted {label[:32]:32} n {mine.sum():4}  {name:24} recall {recall:.2f}  purity {purity:.2f}")


def peers(texts, vectors, base, again, labels, held) -> None:  # type: ignore[no-untyped-def]
    """Print the same figures of BERTopic, learnt again and merged."""
    from bertopic import BERTopic
    from umap import UMAP

    def fitted(rows):  # type: ignore[no-untyped-def]
        reducer = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=0)
        return BERTopic(umap_model=reducer).fit([texts[i] for i in rows], embeddings=vectors[rows])

    first, second = fitted(base), fitted(again)
    merged = BERTopic.merge_models([first, fitted(np.setdiff1d(again, base))])
    now = merged.transform([texts[i] for i in again], embeddings=vectors[again])[0]
    both = np.intersect1d(base, again)
    old = np.array(first.topics_)[np.searchsorted(base, both)]
    for name, topics in (("BERTopic refit", np.array(second.topics_)), ("BERTopic merge_models", np.array(now))):
        share, kept = keep(old, topics[np.searchsorted(again, both)], set(topics.tolist()) - {-1})
        print(f"    {name:24} surviving {share:.3f}  keep {kept:.3f}  covered {(topics >= 0).mean():.3f}")
        if held:
            planted(name, topics, labels[again], held, set(first.topics_) if "merge" in name else {-1})


def main() -> None:
    """Measure each set and print a few lines of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--set", dest="sets", action="append", choices=list(SETS))
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    from sklearn.metrics import adjusted_mutual_info_score

    from feedback_nlp.themes.refit.continuing import continue_codebook

    for name in options.sets or SETS:
        texts, languages, labels, vectors = read(options.folder, options.vectors, name, SETS[name], options.rows)
        rows_of, held = cases(labels, len(texts))
        said, names = np.array(languages), np.array([str(label) for label in labels or [""] * len(texts)])
        known: dict[bytes, Any] = {}
        for case, (base, again) in rows_of.items():
            for rows in (base, again):
                if rows.tobytes() not in known:
                    known[rows.tobytes()] = fit(texts, languages, vectors, rows)
            old, fresh = known[base.tobytes()], known[again.tobytes()]
            started = time.process_time()
            sample = (vectors[again], said[again].tolist())
            continued = continue_codebook(fresh, old, (), {}, *sample, settled_on=len(base)).codebook
            seconds = time.process_time() - started
            both = np.intersect1d(base, again)
            before = leaves_and_tops(old, vectors[both], said[both].tolist())
            everything = leaves_and_tops(continued, *sample)
            leaf, top = (ids[np.searchsorted(again, both)] for ids in everything)
            present = set(continued.row_of)
            # A sub-theme's mention is one of its parent too: a theme that got sub-themes has kept its mentions.
            share, kept = keep(before[0], np.where(before[0] == top, top, leaf), present)
            top_share, top_kept = keep(before[1], top, present)
            print(f"{name}, {case}: {len(base)} -> {len(again)} texts, {len(old.themes)} -> {len(present)} themes")
            print(
                f"    {'feedback-nlp':24} surviving {share:.3f}  keep {kept:.3f}  top {top_share:.3f} {top_kept:.3f}  "
                f"matching {seconds:.1f} CPU s"
            )
            alone = leaves_and_tops(fresh, *sample)[0]
            covered = [f"{(found != '').mean():.3f}" for found in (alone, everything[0])]
            print(f"    covered fresh -> continued  {' -> '.join(covered)}")
            if labels:
                scores = [f"{adjusted_mutual_info_score(names[again], x):.3f}" for x in (alone, everything[0])]
                print(f"    AMI fresh -> continued  {' -> '.join(scores)}")
            new_ids = held if case == "planted" else []
            planted("feedback-nlp", everything[0], names[again], new_ids, {"", *old.row_of})
            if not options.no_peers:
                peers(texts, vectors, base, again, names, new_ids)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
