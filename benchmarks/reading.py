"""How much memory and time reading takes, and how both grow with the file.

    python benchmarks/reading.py [ROWS] [FOLDER]

Writes made-up surveys of ROWS (default 50,000) and of ten times as many rows as CSV, JSON Lines and Parquet into
FOLDER (default: a temporary one), and reads each in a process of its own: once with ids and once without. Prints the
peak of the memory above that of an idle process with the same libraries, its ratio (a flat memory has 1, a memory
that grows with the file has 10), and rows read per second of processor time, all passes together.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

WORDS = (
    "delivery",
    "late",
    "again",
    "friendly",
    "staff",
    "app",
    "crashes",
    "prices",
    "went",
    "up",
    "nobody",
    "answers",
)
FORMATS = ("csv", "jsonl", "parquet")


def made_up(n: int) -> Iterator[dict[str, str]]:
    """Yield ``n`` answers with an id, a date, a score, two segments and eighteen words."""
    random = Random(n)
    for i in range(n):
        yield {
            "response_id": f"r{i:08d}",
            "created_at": f"2024-{i % 12 + 1:02d}-{i % 28 + 1:02d}",
            "nps": str(i % 11),
            "plan": ("free", "pro", "team")[i % 3],
            "country": ("RO", "PL", "IT", "US")[i % 4],
            "comment": " ".join(random.choices(WORDS, k=18)),
        }


def write(folder: Path, n: int) -> None:
    """Write the same answers in every format."""
    import polars as pl

    with (folder / f"{n}.jsonl").open("w", encoding="utf-8") as handle:
        for row in made_up(n):
            handle.write(json.dumps(row) + "\n")
    pl.scan_ndjson(folder / f"{n}.jsonl").sink_parquet(folder / f"{n}.parquet")
    pl.scan_parquet(folder / f"{n}.parquet").sink_csv(folder / f"{n}.csv")


def read(path: Path, with_ids: bool) -> dict[str, float]:
    """Read one file as ingest does, without storing anything."""
    import numpy
    import polars

    from feedback_nlp.language.reading.columns import ColumnFlags, map_columns
    from feedback_nlp.language.reading.files import read_file
    from feedback_nlp.language.reading.rows import iter_rows

    polars.DataFrame({"a": numpy.arange(10)}).write_csv()  # what the libraries take is not the file's
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    table = read_file(path)
    mapping = map_columns(table, ColumnFlags() if with_ids else ColumnFlags(id="none"))
    n = sum(1 for _ in iter_rows(table, mapping))
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rows": n, "mb": (peak - idle) / 1024, "rows_per_s": n / seconds}


def measure(path: Path, with_ids: bool) -> dict[str, float]:
    """Run :func:`read` in a process of its own, so that no other file's memory counts."""
    words = [sys.executable, __file__, "--read", str(path), str(int(with_ids))]
    found: dict[str, float] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return found


def main(n: int, folder: Path) -> None:
    """Print one line a format, with and without ids."""
    for size in (n, 10 * n):
        if not (folder / f"{size}.csv").exists():  # elsewhere: a process begins with the peak of the one that starts it
            subprocess.run([sys.executable, __file__, "--write", str(folder), str(size)], check=True)
    print(f"{'':22}{n:>12,} rows{10 * n:>12,} rows   ratio   rows/s")
    for suffix in FORMATS:
        for with_ids in (True, False):
            small, large = (measure(folder / f"{size}.{suffix}", with_ids) for size in (n, 10 * n))
            name = f"{suffix}, {'with ids' if with_ids else 'without ids'}"
            print(
                f"{name:22}{small['mb']:>14.0f} MB{large['mb']:>14.0f} MB{large['mb'] / small['mb']:>8.2f}"
                f"{large['rows_per_s']:>9,.0f}"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        print(json.dumps(read(Path(sys.argv[2]), sys.argv[3] == "1")))
    elif sys.argv[1:2] == ["--write"]:
        write(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
        with tempfile.TemporaryDirectory() as temporary:
            main(rows, Path(sys.argv[2] if len(sys.argv) > 2 else temporary))
