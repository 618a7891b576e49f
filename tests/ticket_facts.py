"""Facts of the made-up feedback of ``tests/sample.py``: who waited leaves more often, a crash takes long."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from feedback_nlp.store import Store

NAMES = ("churn=gone", "fcr=at_once", "resolution=took_minutes", "kept=stayed:flag", "upset=annoyed:flag:lower")
COLUMNS = ("ticket", "gone", "at_once", "took_minutes", "stayed", "annoyed", "tier")


def write_facts(url: str, path: Path, seed: int = 0) -> list[dict[str, str]]:
    """Write a CSV of facts by response and return its rows. ``kept`` is the contrary of ``churn``."""
    draw = random.Random(seed)
    with Store.open(url) as store:
        raw = store.read_frames()
    themes: dict[str, set[str]] = {}
    for row in raw["mentions"].iter_rows(named=True):
        themes.setdefault(row["feedback_id"], set()).add(row["theme_id"])
    said: dict[str, set[str]] = {}
    for row in raw["feedback"].iter_rows(named=True):
        said.setdefault(row["external_id"], set()).update(themes.get(row["feedback_id"], ()))
    rows = []
    for external_id, mentioned in sorted(said.items()):
        gone = draw.random() < (0.55 if "t-waiting" in mentioned else 0.1)
        slow = "t-crash" in mentioned
        took = 60 * draw.lognormvariate(3.4 if slow else 2.2, 0.7)
        values = (
            external_id,
            "да" if gone else "no",
            "1" if draw.random() < (0.3 if slow else 0.8) else "0",
            f"{took:.1f}",
            "no" if gone else "yes",
            "yes" if gone else "nie",
            draw.choice(("gold", "silver")),
        )
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    save(path, rows)
    return rows


def save(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
