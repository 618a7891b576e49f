"""How much is set aside of real feedback, how fast, and whether a customer's turns survive a chat in one cell.

Run ``python benchmarks/asides.py DATA`` with the folder of labelled Parquet files. Reviews hardly hold anything but
greetings and closing formulas: what is touched beyond those is an error to read. Prints counts only, never a text.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl

from feedback_nlp.language.asides.finding import find_asides, without_asides
from feedback_nlp.language.cleaning.texts import clean_text

REVIEWS = (
    "en_skytrax_airline_reviews", "multi_trustpilot_demographics", "ro_laroseda_reviews", "ru_gazprombank_reviews",
    "ar_reviews_elsahar", "pl_wccrs_hotel_medicine", "en_nps_telecom_verbatim", "en_cfpb_complaints_stripped",
)  # fmt: skip
TICKETS = "en_github_issue_tickets"
CHATS = "en_airline_support_dialogues"
MOST_CHATS = 3000
Turns = list[tuple[str, str]]


def texts_of(folder: Path, name: str) -> list[str]:
    return [clean_text(text) for text in pl.read_parquet(folder / f"{name}.parquet")["text"].to_list()]


def measure(name: str, texts: list[str]) -> None:
    """Print how many texts are touched, the share of characters by kind, and texts a CPU second."""
    started = time.process_time()
    found = [find_asides(text) for text in texts]
    seconds = time.process_time() - started
    total = sum(map(len, texts))
    kinds: Counter[str] = Counter()
    for asides in found:
        for aside in asides:
            kinds[aside.kind] += aside.end - aside.start
    shares = ", ".join(f"{kind} {size / total:.4f}" for kind, size in kinds.most_common())
    print(f"{name}: n {len(texts)}, touched {sum(map(bool, found))}, {len(texts) / seconds:.0f} texts/s, {shares}")


def chats(folder: Path) -> list[Turns]:
    """Return conversations as (speaker, words), the speakers being AGENT and CUSTOMER."""
    frame = pl.read_parquet(folder / f"{CHATS}.parquet").head(MOST_CHATS)
    found = []
    for text, context in zip(frame["text"], frame["context"], strict=True):
        parts = re.split(r"\b(AGENT|CUSTOMER): ", " ".join(clean_text(context).split()))
        turns = [("CUSTOMER", " ".join(clean_text(text).split()))]
        turns += [(who, words.strip()) for who, words in zip(parts[1::2], parts[2::2], strict=True)]
        if any(who == "AGENT" for who, _ in turns):
            found.append(turns)
    return found


def measure_chats(name: str, conversations: list[Turns], written: Callable[[Turns], str]) -> None:
    """Print the share of chats of which exactly the customer's words are left, greetings apart."""
    right = 0
    for turns in conversations:
        cell = clean_text(written(turns))
        asides = [aside for aside in find_asides(cell) if aside.kind != "greeting"]
        left = " ".join(without_asides(cell, asides).split())
        right += left == " ".join(" ".join(words for who, words in turns if who == "CUSTOMER").split())
    print(f"chats, {name}: n {len(conversations)}, whole {right / len(conversations):.4f}")


def main() -> None:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("benchmarks/asides.py needs the folder of labelled data. Skipped: nothing was measured.")
    folder = Path(sys.argv[1])
    find_asides("Hi: a\n\nb `c`")  # compiles the patterns
    for name in (*REVIEWS, TICKETS):
        measure(name, texts_of(folder, name))
    conversations = chats(folder)
    measure_chats("in one line", conversations, lambda turns: " ".join(f"{who}: {words}" for who, words in turns))
    measure_chats("in lines", conversations, lambda turns: "\n".join(f"{who.title()}: {words}" for who, words in turns))
    names = {"AGENT": "Anna (Support)", "CUSTOMER": "Peter"}
    measure_chats(
        "with times and names",
        conversations,
        lambda turns: "\n".join(f"[10:{at:02d}] {names[who]}: {words}" for at, (who, words) in enumerate(turns)),
    )


if __name__ == "__main__":
    main()
