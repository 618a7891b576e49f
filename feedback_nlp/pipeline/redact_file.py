"""A file with personal data becomes the same file without it, batch by batch."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from feedback_nlp.language.cleaning.markup import ENTITY
from feedback_nlp.language.cleaning.offsets import Draft, Origins, Span
from feedback_nlp.language.cleaning.texts import clean_text, clean_with_map
from feedback_nlp.language.detection import LanguageDetector
from feedback_nlp.language.language_codes import language_code
from feedback_nlp.language.redaction.redactor import Redacted, Redactor
from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.records import UNDETERMINED

if TYPE_CHECKING:
    import polars as pl

    from feedback_nlp.language.reading.tables import Table
    from feedback_nlp.settings import Settings

ROWS_AT_ONCE = 512
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


@dataclass(frozen=True)
class RedactionReport:
    """What was replaced in a file, without a value of it.

    ``replaced`` counts by kind, ``by_language`` and ``by_column`` by language (ISO 639-1, or und) or column and kind.
    ``n_changed`` of ``n_rows`` rows hold a replacement; ``n_rejected`` more rows could not be read and are not in the
    outcome. ``names`` says whether names of people were looked for.
    """

    n_rows: int
    n_changed: int
    n_rejected: int
    columns: tuple[str, ...]
    names: bool
    replaced: Mapping[str, int]
    by_language: Mapping[str, Mapping[str, int]]
    by_column: Mapping[str, Mapping[str, int]]


@dataclass
class FileRedaction:
    """Redacts some columns of a table as its batches go by, and counts.

    ``columns`` are redacted. The language of a cell is that of ``language_column``, else detected: for a cell of
    ``texts`` by itself, for another one by the longest text of its row.
    """

    table: Table
    columns: Sequence[str]
    texts: Sequence[str]
    language_column: str | None
    settings: Settings
    names: bool
    progress: Progress = silent
    _n_rows: int = 0
    _n_changed: int = 0
    _counts: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield the table's batches, its column ``__line__`` included, with the columns redacted.

        Cells in which nothing was found are as they were. Raises SettingError for bad recognizers.
        """
        import polars as pl

        redactor = _CellRedactor(self.settings, self.names)
        detector = LanguageDetector(self.settings.languages)
        total = self.table.n_rows
        for frame in self.table.batches(ROWS_AT_ONCE):
            cells = {name: frame[name].to_list() for name in self.columns}
            languages = self._languages(frame, detector)
            changed = [False] * frame.height
            for name, values in cells.items():
                spoken = languages[name]
                for row, found in enumerate(redactor.redact(values, spoken)):
                    if found is not None:
                        values[row] = found.text
                        changed[row] = True
                        self._counts[name, spoken[row]].update(found.counts)
            self._n_rows += frame.height
            self._n_changed += sum(changed)
            self.progress("Redacting", min(self._n_rows, total), total)
            yield frame.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in cells.items())

    def report(self) -> RedactionReport:
        """Return what was replaced so far."""
        replaced: Counter[str] = Counter()
        by_column: dict[str, Counter[str]] = defaultdict(Counter)
        by_language: dict[str, Counter[str]] = defaultdict(Counter)
        for (column, language), counts in self._counts.items():
            replaced.update(counts)
            by_column[column].update(counts)
            by_language[language].update(counts)
        return RedactionReport(
            n_rows=self._n_rows,
            n_changed=self._n_changed,
            n_rejected=sum(reject.kind == "row" for reject in self.table.rejects),
            columns=tuple(self.columns),
            names=self.names,
            replaced=_sorted(replaced),
            by_language={name: _sorted(by_language[name]) for name in sorted(by_language)},
            by_column={name: _sorted(by_column[name]) for name in self.columns if name in by_column},
        )

    def _languages(self, frame: pl.DataFrame, detector: LanguageDetector) -> dict[str, list[str]]:
        """Return the language of every cell to redact."""
        told: list[str | None] = [None] * frame.height
        if self.language_column is not None:
            told = [language_code(value) for value in frame[self.language_column].to_list()]
        spoken = {name: self._spoken(frame[name].to_list(), told, detector) for name in self.texts}
        if all(name in spoken for name in self.columns):
            return spoken
        texts = [frame[name].to_list() for name in self.texts]
        longest = [max(row, key=len, default="") for row in zip(*texts, strict=True)] or [""] * frame.height
        of_rows = self._spoken(longest, told, detector)
        return {name: spoken.get(name, of_rows) for name in self.columns}

    @staticmethod
    def _spoken(texts: Sequence[str], told: Sequence[str | None], detector: LanguageDetector) -> list[str]:
        unknown = [i for i, text in enumerate(texts) if told[i] is None and text.strip()]
        cleaned = [clean_text(texts[i]) for i in unknown]
        found = dict(zip(unknown, detector.detect_many(cleaned), strict=True))
        return [told[i] or found.get(i, UNDETERMINED) for i in range(len(texts))]


class _CellRedactor:
    """Redacts raw text: what is found in it as a reader sees it, and then what its markup hides."""

    def __init__(self, settings: Settings, names: bool) -> None:
        self._seen = Redactor.from_settings(settings, names=names)
        self._hidden = Redactor.from_settings(settings, names=False)

    def redact(self, texts: Sequence[str], languages: Sequence[str]) -> list[Redacted | None]:
        """Return each text redacted, with counts; None for one in which nothing is to be replaced."""
        known: dict[tuple[str, str], Redacted | None] = dict.fromkeys(zip(texts, languages, strict=True))
        pending = [key for key in known if key[0].strip()]
        for key, result in zip(pending, self._redact([k[0] for k in pending], [k[1] for k in pending]), strict=True):
            known[key] = result if result.text != key[0] else None
        return [known[key] for key in zip(texts, languages, strict=True)]

    def _redact(self, texts: Sequence[str], languages: Sequence[str]) -> list[Redacted]:
        cleaned = [clean_with_map(text) for text in texts]
        results = self._seen.redact_many([item.text for item in cleaned], languages)
        unlike = [i for i, item in enumerate(cleaned) if item.text != item.original]
        drafts = []
        for i in unlike:
            results[i] = Redacted(
                _put_back(texts[i], cleaned[i].text, results[i], cleaned[i].origin), results[i].counts
            )
            # An address in a link's target is no text to a reader; entities are what it may be written with.
            draft = Draft(results[i].text, remember=True)
            draft.sub(ENTITY, lambda match: html.unescape(match[0]))
            drafts.append(draft)
        hidden = self._hidden.redact_many([draft.text for draft in drafts], [languages[i] for i in unlike])
        for i, draft, more in zip(unlike, drafts, hidden, strict=True):
            if more.replacements:
                text = _put_back(results[i].text, draft.text, more, Origins(draft.steps or ()).origin)
                results[i] = Redacted(text, Counter(results[i].counts) + Counter(more.counts))
        return results


def _put_back(original: str, seen: str, redacted: Redacted, origin: Callable[[int, int], Span]) -> str:
    """Return the original with placeholders where what they stand for in ``seen`` was written; tags within it stay."""
    pieces = []
    end = 0
    for item in redacted.replacements:
        first, last = origin(item.start, item.end)
        if last <= end:
            continue  # within the entity or the mended letters that another one took
        first = max(first, end)
        pieces += [original[end:first], redacted.text[item.new_start : item.new_end]]
        if "<" not in seen[item.start : item.end]:
            pieces += _TAG.findall(original, first, last)
        end = last
    return "".join([*pieces, original[end:]])


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
