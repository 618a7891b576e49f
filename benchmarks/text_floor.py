"""How fast the text floor is and how its memory grows: ours beside Presidio's recognizers and spaCy's sentencizer.

    python benchmarks/text_floor.py DATA_FOLDER [--rows 4000] [--processes 2]

DATA_FOLDER holds the sets named in SETS. Each line is measured in a process of its own, after a first batch that loads
what is loaded once. "wall" is texts a second by the clock, which other work on the machine slows: read the ratios.
"peer" does less: it redacts with Presidio's predefined recognizers (no names) and cuts at sentence ends, in English.
Memory is the peak above what the process held before the first text, over N texts and over four times as many.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SETS = (
    "multi_trustpilot_demographics", "ro_laroseda_reviews", "en_nps_telecom_verbatim", "ru_kazakhtelecom_reviews",
    "ar_reviews_elsahar", "pl_wccrs_hotel_medicine",
)  # fmt: skip
BATCH = 256
MODES = ("peer", "floor, 1 process", "floor, processes", "floor with names, 1 process", "floor with names, processes")


def texts(folder: Path, rows: int) -> list[str]:
    """Return an equal share of every set, mixed, the same ones every time."""
    import polars as pl

    share = max(1, rows // len(SETS))
    frames = [pl.read_parquet(folder / f"{name}.parquet", columns=["text"]).drop_nulls() for name in SETS]
    taken = [frame.sample(share, seed=1, with_replacement=frame.height < share) for frame in frames]
    return pl.concat(taken).sample(fraction=1, shuffle=True, seed=2)["text"].to_list()


def peer(batches: Iterator[list[str]]) -> Iterator[int]:
    """Do the peer's part of the work, a batch at a time."""
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    loaded = RecognizerRegistry(supported_languages=["en"])
    loaded.load_predefined_recognizers(languages=["en"])
    kept = [recognizer for recognizer in loaded.recognizers if recognizer.name != "SpacyRecognizer"]
    registry = RecognizerRegistry(recognizers=kept, supported_languages=["en"])
    nothing = NoOpNlpEngine([{"lang_code": "en", "model_name": ""}])
    engine = AnalyzerEngine(registry=registry, nlp_engine=nothing, supported_languages=["en"])
    for batch in batches:
        for text in batch:
            engine.analyze(text, "en")
        for doc in nlp.pipe(batch):
            list(doc.sents)
        yield len(batch)


def floor(batches: Iterator[list[str]], names: bool, processes: int) -> Iterator[int]:
    """Do the floor's work, a batch at a time."""
    from feedback_nlp.language.text_floor import WrittenText
    from feedback_nlp.pipeline.text_workers import prepared_batches
    from feedback_nlp.settings import Settings

    settings = Settings(redact_names="on" if names else "off")
    written = ((None, [WrittenText(text) for text in batch]) for batch in batches)
    for _, prepared in prepared_batches(written, settings, processes=processes):
        yield len(prepared)


def measure(folder: Path, mode: str, rows: int, processes: int) -> None:
    """Print texts a second, CPU seconds and peak memory of one mode, on one line."""
    found = texts(folder, rows)
    count = processes if mode.endswith("processes") else 1
    warm = 2 * count  # large batches that load models and the tables of each language, in every process

    def batches() -> Iterator[list[str]]:
        for _ in range(warm):
            yield found[: 4 * BATCH]
        for start in range(0, len(found), BATCH):
            yield found[start : start + BATCH]

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work = peer(batches()) if mode == "peer" else floor(batches(), "names" in mode, count)
    done, started = 0, 0.0
    for number, size in enumerate(work, start=1):
        if number > warm:
            done += size
        elif number == warm:
            started = time.perf_counter()
    seconds = time.perf_counter() - started
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    worker = f" + {children / 1024:.0f} a worker" if children else ""
    print(f"{done}\t{done / seconds:.0f}\t{grown:.0f}{worker}", flush=True)


def main() -> None:
    """Read the arguments and measure each mode twice, on so many rows and on four times as many."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--mode", choices=MODES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    missing = [name for name in SETS if not (options.folder / f"{name}.parquet").is_file()]
    if missing:
        sys.exit(f"{options.folder} lacks {', '.join(missing)}: nothing was measured.")
    if options.mode:
        measure(options.folder, options.mode, options.rows, options.processes)
        return
    print("| | texts | texts/s, wall | to the peer | MB | MB over 4 times as many |\n|---|---|---|---|---|---|")
    peer_rate = 0.0
    for mode in MODES:
        found = []
        for rows in (options.rows, 4 * options.rows):
            flags = ["--mode", mode, "--rows", str(rows), "--processes", str(options.processes)]
            done = subprocess.run(
                [sys.executable, __file__, str(options.folder), *flags], check=True, capture_output=True, text=True
            )
            found.append(done.stdout.strip().splitlines()[-1].split("\t"))
        rate = float(found[0][1])
        peer_rate = peer_rate or rate
        memory = f"{found[0][2]} | {found[1][2]}"
        print(f"| {mode} | {found[0][0]} | {rate:,.0f} | {rate / peer_rate:.1f}x | {memory} |", flush=True)


if __name__ == "__main__":
    main()
