"""Run the text floor in several processes, batches in and out in the same order.

A worker is this module run by the same Python; batches travel as JSON over its pipes. That needs neither fork, which
is unsafe beside the threads of Polars and ONNX Runtime, nor a guarded ``__main__``, which scripts of users lack, nor
pickles. Text is on the pipes only: it is written to no file, argument or log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, TypeVar

from feedback_nlp.errors import FeedbackError
from feedback_nlp.language.text_floor import PreparedText, TextFloor, WrittenText
from feedback_nlp.records import Aside
from feedback_nlp.settings import Settings

T = TypeVar("T")

WORTH_PROCESSES = 4_000  # texts; fewer are done before a second process has started
AHEAD = 2  # batches a worker that are in preparation while one is being stored: what bounds the memory


def prepared_batches(
    batches: Iterable[tuple[T, Sequence[WrittenText]]], settings: Settings, *, processes: int
) -> Iterator[tuple[T, list[PreparedText]]]:
    """Yield each batch's tag with its prepared texts, in order; the outcome does not depend on ``processes``.

    At most a few batches are held at a time. A worker that dies (out of memory, killed) costs nothing: its batch is
    prepared here.
    """
    floor = TextFloor(settings)  # here too: a wrong setting is said at once, and it stands in for a lost worker
    if processes <= 1:
        for tag, texts in batches:
            yield tag, floor.prepare(texts)
        return
    with _Workers(settings, processes, floor) as workers:
        waiting: deque[tuple[T, Future[list[PreparedText]]]] = deque()
        for tag, texts in batches:
            waiting.append((tag, workers.submit(texts)))
            if len(waiting) > processes * AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


def process_count(settings: Settings, n_texts: int) -> int:
    """Return how many processes to use: one where starting more would take longer than the work."""
    return 1 if n_texts < WORTH_PROCESSES else settings.workers or os.cpu_count() or 1


class _Workers:
    """Worker processes, each served by a thread of ours that waits for it."""

    def __init__(self, settings: Settings, count: int, floor: TextFloor) -> None:
        self._floor = floor
        self._threads = ThreadPoolExecutor(max_workers=count, thread_name_prefix="text-worker")
        self._processes = [_start(settings) for _ in range(count)]
        self._free: SimpleQueue[subprocess.Popen[str] | None] = SimpleQueue()
        for process in self._processes:
            self._free.put(process)

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *error: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()
            process.wait()
        self._threads.shutdown(wait=True)
        for process in self._processes:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def submit(self, texts: Sequence[WrittenText]) -> Future[list[PreparedText]]:
        return self._threads.submit(self._prepare, texts)

    def _prepare(self, texts: Sequence[WrittenText]) -> list[PreparedText]:
        process = self._free.get()
        try:
            if process is not None:
                return _asked(process, texts)
        except (OSError, ValueError):  # a broken pipe, or half a line: the worker is gone
            process = None
        finally:
            self._free.put(process)
        return self._floor.prepare(texts)


def _start(settings: Settings) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback there could hold text
        encoding="ascii",  # JSON escapes the rest, half a surrogate pair included
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(settings) | {"db": ""}) + "\n")  # not as an argument, which all can see
    process.stdin.flush()
    return process


def _asked(process: subprocess.Popen[str], texts: Sequence[WrittenText]) -> list[PreparedText]:
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps([[item.text, item.language, item.question] for item in texts]) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline() or "null")
    if not isinstance(answer, list) or len(answer) != len(texts):
        raise ValueError("no answer")
    return [_read(item) for item in answer]


def _spell(item: PreparedText) -> list[Any]:
    return [
        item.text,
        item.language,
        item.non_answer,
        item.asides,
        item.statements,
        item.duplicate_key,
        item.near_keys,
        dict(item.redactions),
    ]


def _read(values: list[Any]) -> PreparedText:
    text, language, non_answer, asides, statements, duplicate_key, near, redactions = values
    return PreparedText(
        text=text,
        language=language,
        non_answer=non_answer,
        asides=tuple(Aside(*aside) for aside in asides),
        statements=tuple((start, end) for start, end in statements),
        duplicate_key=duplicate_key,
        near_keys=tuple(near),
        redactions=redactions,
    )


def _serve(settings: Settings, requests: IO[str], answers: IO[str]) -> None:
    """Answer batches until the pipe is closed."""
    floor = TextFloor(settings)
    for line in requests:
        texts = [WrittenText(text, language, question) for text, language, question in json.loads(line)]
        answers.write(json.dumps([_spell(item) for item in floor.prepare(texts)]) + "\n")
        answers.flush()


def _main() -> None:
    told: dict[str, Any] = json.loads(sys.stdin.readline())
    values: dict[str, Any] = {name: tuple(told[name]) if isinstance(told[name], list) else told[name] for name in told}
    settings = Settings(**values)
    if settings.splitter == "rules" and not settings.redact_recognizers:
        # spaCy and Presidio import these where they are installed: seconds and hundreds of MB that nothing here uses.
        sys.modules.update({"torch": None, "transformers": None})  # type: ignore[dict-item]
    answers = sys.stdout
    sys.stdout = sys.stderr  # what a library prints must not stand among the answers
    with suppress(FeedbackError, BrokenPipeError, KeyboardInterrupt):
        _serve(settings, sys.stdin, answers)


if __name__ == "__main__":
    _main()
