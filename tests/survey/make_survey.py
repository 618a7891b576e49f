"""Make the bundled survey: ``python -m tests.survey.make_survey``. The same stocks give the same bytes."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.survey.plan import SEED, Answer, draw_answers
from tests.survey.truths import describe, measure
from tests.survey.wording import Comment, load_stocks, write_comments

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "feedback_nlp" / "data"
COLUMNS = ("response_id", "customer_id", "date", "language", "nps", "csat", "plan", "region", "channel", "comment")


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _survey_rows(answers: Sequence[Answer], comments: Sequence[Comment]) -> Iterable[tuple[object, ...]]:
    rng = random.Random(f"{SEED}:language column")
    for answer, comment in zip(answers, comments, strict=True):
        yield (
            answer.response_id,
            answer.customer_id,
            answer.day.isoformat(),
            "" if rng.random() < 0.03 else answer.language,
            "" if answer.nps is None else answer.nps,
            "" if answer.csat is None else answer.csat,
            answer.plan,
            answer.region,
            answer.channel,
            comment.text,
        )


def make_files() -> dict[Path, str]:
    """Return every file of the survey with its content."""
    stocks = load_stocks(HERE)
    answers = draw_answers(sorted(stocks))
    comments = write_comments(answers, stocks)
    pairs = list(zip(answers, comments, strict=True))
    spans = [(answer.response_id, piece, start, end) for answer, c in pairs for piece, start, end in c.spans()]
    truths = measure(answers, comments)
    return {
        DATA / "survey.csv": _csv(COLUMNS, _survey_rows(answers, comments)),
        DATA / "survey_truths.json": json.dumps(truths, ensure_ascii=False, indent=2) + "\n",
        DATA / "README.md": describe(truths),
        HERE / "truth_statements.csv": _csv(
            ("response_id", "theme_key", "start", "end"),
            [(number, piece.theme, start, end) for number, piece, start, end in spans if piece.theme],
        ),
        HERE / "truth_identifiers.csv": _csv(
            ("response_id", "kind", "start", "end"),
            [(number, piece.identifier, start, end) for number, piece, start, end in spans if piece.identifier],
        ),
        HERE / "truth_responses.csv": _csv(
            ("response_id", "language", "kind", "duplicate_of", "styles"),
            [(a.response_id, a.language, a.kind, c.duplicate_of, " ".join(c.styles)) for a, c in pairs],
        ),
    }


def main() -> None:
    """Write the files over the old ones."""
    for path, content in make_files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
        print(f"{path.relative_to(HERE.parents[1])}: {len(content.encode()):,} bytes")


if __name__ == "__main__":
    main()
