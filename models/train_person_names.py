"""Train the finder of people's names and street addresses: ``python models/train_person_names.py`` (some minutes).

Everything it learns from is made here: hand-written sentences in six languages (``person_names_sentences``), filled
with names from Faker, and frequent words in no order from wordfreq. Needs ``pip install "Faker>=40" wordfreq`` besides
the program itself. The result lies in ``models/person-names``: a spaCy pipeline with one component, and the lists.

One template in eight and one name in ten are held out; the figures at the end are of those, with held-out names taken
off the lists. The lists that are shipped hold them again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import spacy
from person_names_rows import Row, mixed_rows
from person_names_words import BRAND, COMMON, GIVEN, LANGUAGES, PLACE, SURNAME, gazetteer
from spacy.training import Example
from thinc.api import fix_random_seed
from tqdm import tqdm

from feedback_nlp.language.redaction.name_tokens import Gazetteer, Token, make_doc, regions_of, tokens_of

FOLDER = Path(__file__).resolve().parent
LABELS = ("PERSON", "ADDRESS", "ORG", "PLACE")
CONFIG = {
    "model": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 48,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": 64,
                "attrs": ["LEMMA", "PREFIX", "SUFFIX", "SHAPE", "TAG"],
                "rows": [5000, 500, 2500, 500, 200],
                "include_static_vectors": False,
            },
            "encode": {
                "@architectures": "spacy.MaxoutWindowEncoder.v2",
                "width": 64,
                "window_size": 1,
                "maxout_pieces": 3,
                "depth": 4,
            },
        },
    }
}  # fmt: skip
_DROPPED = {GIVEN: 0.25, SURNAME: 0.45, PLACE: 0.35, BRAND: 0.35, COMMON: 0.25}  # what the lists lack in life


def thinned(lists: Gazetteer) -> Gazetteer:
    """Return the lists without a share of their entries, so that the model also learns to do without them."""
    kept = {}
    for word, marks in lists.entries.items():
        draw = hashlib.blake2b(("list " + word).encode(), digest_size=2).digest()[0] / 256
        left = "".join(mark for mark in marks if draw >= _DROPPED.get(mark, 0.0))
        if left:
            kept[word] = left
    return Gazetteer(kept)


def examples(nlp: Any, rows: list[tuple[str, Row]], lists: Gazetteer) -> list[Example]:
    """Return one example for each stretch of a row that the program would read."""
    found = []
    chance = random.Random(len(rows))
    for _, (text, spans) in rows:
        tokens = tokens_of(text, lists)
        for first, last in regions_of(tokens):
            region = tokens[first:last]
            doc = make_doc(nlp.vocab, text, _estranged(region, spans, chance))
            gold = doc.copy()
            gold.ents = _entities(gold, region, spans)
            found.append(Example(doc, gold))
    return found


def _estranged(tokens: list[Token], spans: list[tuple[int, int, str]], chance: random.Random) -> list[Token]:
    """Return the tokens, four in ten names among them as if nobody had seen them: on no list, their letters unknown."""
    strange = [span for span in spans if span[2] != "ADDRESS" and chance.random() < 0.4]
    return [
        replace(token, word=replace(token.word, lists="", folded=f"{token.word.folded[:1]}{chance.getrandbits(40):x}"))
        if token.text[0].isalpha() and any(start <= token.start < end for start, end, _ in strange)
        else token
        for token in tokens
    ]


def _entities(doc: Any, tokens: list[Token], spans: list[tuple[int, int, str]]) -> list[Any]:
    found = []
    for start, end, label in spans:
        inside = [index for index, token in enumerate(tokens) if token.start < end and token.end > start]
        while inside and not any(letter.isalnum() for letter in tokens[inside[-1]].text):
            inside.pop()
        if inside:
            found.append(doc[inside[0] : inside[-1] + 1])
            found[-1] = spacy.tokens.Span(doc, inside[0], inside[-1] + 1, label=label)
    return spacy.util.filter_spans(found)


def train(rows: int, passes: int, seed: int) -> Any:
    """Return the trained pipeline."""
    fix_random_seed(seed)
    random.seed(seed)
    numpy.random.seed(seed)
    nlp = spacy.blank("xx")
    ner = nlp.add_pipe("ner", config=CONFIG)
    for label in LABELS:
        ner.add_label(label)
    lists = thinned(gazetteer(held_out=False))
    began = time.process_time()
    found = examples(nlp, mixed_rows(rows, held_out=False, seed=seed), lists)
    print(f"{len(found)} examples, {sum(len(e.x) for e in found)} tokens, {time.process_time() - began:.0f} s")
    optimizer = nlp.initialize(lambda: found[:2000])
    batches = range(0, len(found), 64)
    total = passes * len(batches)
    done = 0
    for epoch in range(passes):
        random.Random(seed + epoch).shuffle(found)
        losses: dict[str, float] = {}
        for start in tqdm(batches, mininterval=30):
            optimizer.learn_rate = 0.0015 * min(1.0, 1.02 - done / total)
            nlp.update(found[start : start + 64], sgd=optimizer, drop=0.15, losses=losses)
            done += 1
        print(f"pass {epoch + 1}: loss {losses['ner']:.0f}, {time.process_time() - began:.0f} s", flush=True)
    nlp.meta.update(
        name="person_names",
        version="1.0.0",
        description="People's names and street addresses in customer feedback",
        license="Apache-2.0",
        author="The feedback-nlp authors",
    )
    return nlp


def figures(folder: Path, lists: Gazetteer) -> dict[str, dict[str, float]]:
    """Return recall and precision of names on held-out templates and names, per language, as the program finds them."""
    from feedback_nlp.language.redaction.person_names import NameFinder

    finder = NameFinder.from_disk(folder, gazetteer=lists)
    counts: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    rows = mixed_rows(6000, held_out=True, seed=1)
    all_found = finder.find([text for _, (text, _) in rows], [language for language, _ in rows])
    for (language, (text, spans)), spans_found in zip(rows, all_found, strict=True):
        for kind in ("PERSON", "ADDRESS"):
            gold = [(start, end - (text[end - 1] == ".")) for start, end, label in spans if label == kind]
            found = [(start, end) for start, end, label in spans_found if label == kind]
            counts[language][f"{kind} there"] += len(gold)
            counts[language][f"{kind} found"] += sum(any(a <= s and e <= b for a, b in found) for s, e in gold)
            counts[language][f"{kind} said"] += len(found)
            counts[language][f"{kind} right"] += sum(any(a < e and s < b for s, e in gold) for a, b in found)
    return {
        language: {
            f"{kind.lower()}_{name}": round(count[f"{kind} {over}"] / max(1, count[f"{kind} {under}"]), 3)
            for kind in ("PERSON", "ADDRESS")
            for name, over, under in (("recall", "found", "there"), ("precision", "right", "said"))
        }
        | {"names": count["PERSON there"], "addresses": count["ADDRESS there"]}
        for language, count in counts.items()
    }


def main() -> None:
    """Train, measure, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=38_000)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, default=FOLDER / "person-names")
    parser.add_argument("--only-lists", action="store_true", help="write the lists again, train nothing")
    parser.add_argument("--only-figures", action="store_true", help="measure the model that is there")
    options = parser.parse_args()
    if not options.only_figures:
        if not options.only_lists:
            nlp = train(options.rows, options.passes, options.seed)
            nlp.to_disk(options.to, exclude=["vocab"])  # hashes need no strings
        gazetteer(held_out=True).to_disk(options.to / "gazetteer.json")
    for held_out in (True, False):
        print(f"held-out templates and names, the names {'on' if held_out else 'off'} the lists:")
        for language, figure in figures(options.to, gazetteer(held_out=held_out)).items():
            print(language, json.dumps(figure))


if __name__ == "__main__":
    main()
