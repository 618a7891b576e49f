"""Measure the finder of people's names and addresses: ``python benchmarks/person_names.py FOLDER`` (the labelled sets).

Prints recall and precision on ``multi_pii_spans`` by source, the share of tokens that it redacts in real feedback (what
it redacts there must be read: ``--show NAME``), and texts a second of one core (CPU time, 150 characters a text).
Recall counts a gold span when the found spans cover all of it but titles and degrees; precision counts a found span
that touches a gold one.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from pathlib import Path

import polars

from feedback_nlp.language.redaction.person_names import NameFinder, find_names_many
from feedback_nlp.resources import resource_path

PEOPLE = {"PERSON", "NAME", "SURNAME", "NUME_PRENUME", "HEALTHCARE_PROFESSIONAL", "INITIALS"}
ADDRESSES = {"ADDRESS", "STREET_ADDRESS", "ADRESA", "ADRESA_LUCRU"}
REAL = (
    ("en_airline_tweets", "en"), ("en_skytrax_airline_reviews", "en"), ("en_nps_telecom_verbatim", "en"),
    ("pl_wccrs_hotel_medicine", "pl"), ("ro_laroseda_reviews", "ro"), ("ru_kazakhtelecom_reviews", "ru"),
    ("ru_gazprombank_reviews", "ru"), ("multi_trustpilot_demographics", "it"), ("multi_trustpilot_demographics", "de"),
    ("multi_trustpilot_demographics", "fr"), ("ar_reviews_elsahar", "ar"),
)  # fmt: skip
Found = list[tuple[int, int, str]]


def rows(folder: Path, name: str, language: str, most: int) -> list[str]:
    """Return up to ``most`` texts of a set in a language, drawn with a fixed seed."""
    texts = polars.read_parquet(folder / f"{name}.parquet").filter(polars.col("lang") == language)["text"].to_list()
    return random.Random(0).sample(texts, min(most, len(texts)))


TITLES = re.compile(
    r"^(?:(?:mr|mrs|ms|miss|dr|prof|sir|pan|pani|dl|dna|domnul|doamna)\b\.?\s*)+|\s+(?:md|dds|phd|dvm|esq)\.?$", re.I
)


def without_titles(start: int, end: int, text: str) -> tuple[int, int]:
    """Return the place of a name without "Mrs." before and "PhD" behind it, which the program leaves where they are."""
    name = text[start:end]
    for match in list(TITLES.finditer(name)):
        if match.end() < len(name):
            start += match.end()
        elif match.start():
            end -= len(name) - match.start()
    return start, end


def covered(start: int, end: int, found: Found, text: str) -> bool:
    """Whether the found spans cover every letter and digit of [start, end)."""
    return all(
        any(s <= at < e for s, e, _ in found) for at in range(start, end) if text[at].isalnum()
    )  # fmt: skip


def spans_table(folder: Path, find: object) -> None:
    """Print recall and precision by source, language and kind."""
    table = polars.read_parquet(folder / "multi_pii_spans.parquet")
    print("| source | texts | kind | recall | touched | precision | n |\n|---|---|---|---|---|---|---|")
    for (source, language), part in sorted(table.group_by("source", "lang"), key=lambda item: item[0]):
        texts = part["text"].to_list()
        all_found = (
            find_names_many(texts, [str(language)] * len(texts))
            if find is None
            else find(texts, [str(language)] * len(texts))
        )
        for kind, types in (("PERSON", PEOPLE), ("ADDRESS", ADDRESSES)):
            there = full = touched = said = right = 0
            for text, listed, found in zip(texts, part["spans"].to_list(), all_found, strict=True):
                gold = [(s["start"], s["end"], s["type"]) for s in json.loads(listed)]
                mine = [span for span in gold if span[2] in types]
                there += len(mine)
                full += sum(covered(*without_titles(s, e, text), found, text) for s, e, _ in mine)
                touched += sum(any(a < e and s < b for a, b, _ in found) for s, e, _ in mine)
                of_kind = [span for span in found if span[2] == kind]
                either = [span for span in gold if span[2] in PEOPLE | ADDRESSES]
                said += len(of_kind)
                right += sum(any(a < e and s < b for s, e, _ in either) for a, b, _ in of_kind)
            print(
                f"| {source} ({language}) | {len(texts)} | {kind} | {full / max(1, there):.3f} | "
                f"{touched / max(1, there):.3f} | {right / max(1, said):.3f} | {there} |"
            )


def real_table(folder: Path, find: object, most: int) -> None:
    """Print the share of tokens redacted in real feedback, true names among them."""
    print("\n| set | texts | tokens | spans found | tokens redacted |\n|---|---|---|---|---|")
    for name, language in REAL:
        texts = rows(folder, name, language, most)
        all_found = (
            find_names_many(texts, [language] * len(texts))
            if find is None
            else find(texts, [str(language)] * len(texts))
        )
        tokens = sum(len(re.findall(r"\w+", text)) for text in texts)
        hidden = sum(len(re.findall(r"\w+", t[s:e])) for t, f in zip(texts, all_found, strict=True) for s, e, _ in f)
        spans = sum(map(len, all_found))
        print(f"| {name} ({language}) | {len(texts)} | {tokens} | {spans} | {hidden / tokens:.2%} |")


def speed(folder: Path, find: object) -> None:
    """Print texts a second of CPU time on texts cut to 150 characters, for each language."""
    print("\n| texts of 150 characters | texts a second of one core |\n|---|---|")
    for name, language in (REAL[1], REAL[3], REAL[4], REAL[6], REAL[7], REAL[10]):
        texts = [text[:150] for text in rows(folder, name, language, 1000)]
        began = time.process_time()
        find_names_many(texts, [language] * len(texts)) if find is None else find(texts, [str(language)] * len(texts))
        print(f"| {name} ({language}) | {len(texts) / (time.process_time() - began):.0f} |")


def show(folder: Path, find: object, name: str, language: str, most: int) -> None:
    """Print each thing found in a set, with what stands around it, to be read and judged; write it nowhere."""
    texts = rows(folder, name, language, most)
    all_found = (
        find_names_many(texts, [language] * len(texts)) if find is None else find(texts, [str(language)] * len(texts))
    )
    for text, found in zip(texts, all_found, strict=True):
        for start, end, kind in found:
            around = text[max(0, start - 30) : start] + "[" + text[start:end] + "]" + text[end : end + 20]
            print(kind[0], around.replace("\n", " | "))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--show", nargs=2, metavar=("NAME", "LANGUAGE"))
    parser.add_argument("--model", type=Path, help="another folder than the one that is shipped")
    options = parser.parse_args()
    finder = NameFinder.from_disk(options.model or resource_path("models/person-names"))
    finder.find(["Warm up for Anna"])
    if options.show:
        show(options.folder, finder.find, *options.show, options.rows)
        return
    spans_table(options.folder, finder.find)
    real_table(options.folder, finder.find, options.rows)
    speed(options.folder, finder.find)


if __name__ == "__main__":
    main()
