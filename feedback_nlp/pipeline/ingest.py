"""Ingest: a file into the store, redacted, split, encoded and scored. Knows nothing of themes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp.pipeline.progress import Progress, silent
from feedback_nlp.pipeline.scoring import score_pending
from feedback_nlp.settings import Settings

if TYPE_CHECKING:
    from feedback_nlp.encoding import LoadedEncoder
    from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping
    from feedback_nlp.language.reading.rejects import Reject
    from feedback_nlp.language.reading.rows import RawFeedback
    from feedback_nlp.language.reading.tables import Table
    from feedback_nlp.pipeline.prepare import Preparer, Record
    from feedback_nlp.store import Store
    from feedback_nlp.store.originals import Originals

ENCODE_AT_ONCE = 4096  # distinct statements encoded before they are stored: what a killed process has to do again


@dataclass(frozen=True)
class IngestSummary:
    """What became of a file. ``n_read`` rows were read, each holding one answer a question; the rest counts answers.

    Of ``n_answers`` texts, ``n_said_something`` hold a statement; the rest are non-answers (``non_answers`` by kind).
    ``n_set_aside`` are turns of agents and machines in chats, ``n_kept_out`` answers of people who were erased, and
    ``asides`` the parts of texts that the customer did not say, by kind. ``redactions`` counts what was replaced by
    language and kind; ``public_accounts`` were left as they are. ``languages`` counts the feedback by language,
    ``explanation`` says how the columns were understood.
    """

    file: str
    n_read: int
    n_added: int
    n_updated: int
    n_unchanged: int
    n_rejected: int
    n_warnings: int
    rejects_file: str | None
    n_set_aside: int
    n_kept_out: int
    n_answers: int
    n_said_something: int
    n_non_answers: int
    n_statements: int
    n_encoded: int
    n_duplicates: int
    non_answers: Mapping[str, int]
    public_accounts: tuple[str, ...]
    asides: Mapping[str, int]
    redactions: Mapping[str, Mapping[str, int]]
    languages: Mapping[str, int]
    explanation: tuple[str, ...]


def preview(
    path: Path,
    flags: ColumnFlags,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> tuple[Table, ColumnMapping]:
    """Return a file as a table and how its columns would be understood, without storing anything."""
    from feedback_nlp.language.reading.columns import map_columns
    from feedback_nlp.language.reading.files import read_file

    table = read_file(path, encoding=encoding, delimiter=delimiter, sheet=sheet)
    return table, map_columns(table, flags)


def ingest(
    store: Store,
    path: Path,
    flags: ColumnFlags,
    settings: Settings,
    *,
    encoder: LoadedEncoder | None = None,
    source: str = "survey",
    rejects_file: Path | None = None,
    progress: Progress = silent,
    read: tuple[Table, ColumnMapping] | None = None,
    **reading: Any,
) -> IngestSummary:
    """Read ``path`` into the store, batch by batch, each in one transaction; then encode and score what is new.

    Reading a file again adds nothing and updates changed rows; after a killed run it goes on where it stopped.
    ``read`` is what :func:`preview` returned for this file. Bad rows go to ``rejects_file`` (default: beside the
    database's working folder, named after the file) and the rest goes in.
    """
    from feedback_nlp.encoding import load_encoder
    from feedback_nlp.language.near_duplicates import nearly_same
    from feedback_nlp.language.reading.rejects import write_rejects
    from feedback_nlp.pipeline.privacy import open_originals

    table, mapping = read or preview(path, flags, **reading)
    encoder = encoder or load_encoder(settings)
    store.upsert_scales([score.scale for score in mapping.scores])
    accounts = _public_accounts(store, table, mapping) if settings.public_accounts == "keep" else ()
    told_to_run = _stored_settings(settings) | {"accounts_kept": accounts}
    run = store.begin_run(path.name, file_hash(path), told_to_run)
    settings = replace(settings, redact_allow=(*settings.redact_allow, *accounts))
    counts: Counter[str] = Counter()
    try:
        rejects = list(table.rejects)
        with open_originals(settings) if settings.originals else nullcontext() as originals:
            told = _store_rows(store, table, mapping, settings, source, run, counts, rejects, originals, progress)
        counts["duplicates"] = store.refresh_duplicates(nearly_same)
        counts["encoded"] = encode_pending(store, encoder, progress)
        score_pending(store, encoder, settings, progress)
    except BaseException:
        store.finish_run(run, dict(counts), state="failed")
        raise
    lost = [reject for reject in rejects if reject.kind == "row"]
    counts["rejected"] = len(lost)
    target = None
    if rejects:
        target = rejects_file or default_rejects_file(path)
        write_rejects(target, rejects, path)
    store.finish_run(run, dict(counts))
    return IngestSummary(
        file=path.name,
        n_read=counts["read"],
        n_added=counts["added"],
        n_updated=counts["updated"],
        n_unchanged=counts["unchanged"],
        n_rejected=len(lost),
        n_warnings=len(rejects) - len(lost),
        rejects_file=str(target) if target else None,
        n_set_aside=counts["set_aside"],
        n_kept_out=counts["kept_out"],
        n_answers=counts["answers"],
        n_said_something=counts["said"],
        n_non_answers=told.non_answers.total(),
        non_answers=dict(told.non_answers.most_common()),
        n_statements=counts["statements"],
        n_encoded=counts["encoded"],
        n_duplicates=counts["duplicates"],
        public_accounts=accounts,
        asides=dict(told.asides.most_common()),
        redactions={language: dict(sorted(kinds.items())) for language, kinds in sorted(told.redactions.items())},
        languages=dict(told.languages.most_common()),
        explanation=(*table.notes, *mapping.explanation),
    )


def _store_rows(
    store: Store,
    table: Table,
    mapping: ColumnMapping,
    settings: Settings,
    source: str,
    run: int,
    counts: Counter[str],
    rejects: list[Reject],
    originals: Originals | None,
    progress: Progress,
) -> Preparer:
    """Store every row that can be read; add to ``counts`` and ``rejects``. Return what counted the texts."""
    from feedback_nlp.language.reading.rows import iter_rows
    from feedback_nlp.pipeline.prepare import Preparer, written_texts
    from feedback_nlp.pipeline.text_workers import prepared_batches, process_count

    preparer = Preparer()
    total = table.n_rows
    rows = _responses(iter_rows(table, mapping, source=source, counts=counts), rejects)
    written = ((batch, written_texts(batch)) for batch in _batches(rows, settings.batch_size))
    processes = process_count(settings, total)
    for batch, prepared in prepared_batches(written, settings, processes=processes):
        records = preparer.records(batch, prepared)
        raw = [answer.text for answers in batch for answer in answers]
        welcome = _not_erased(store, records)
        counts["kept_out"] += welcome.count(False)
        records, raw = list(compress(records, welcome)), list(compress(raw, welcome))
        if originals is not None:
            originals.put([(record.feedback.feedback_id, text) for record, text in zip(records, raw, strict=True)])
        known = store.known_content([record.feedback.feedback_id for record in records])
        statements = {
            feedback.feedback_id: found
            for feedback, found in records
            if known.get(feedback.feedback_id) != feedback.content_hash
        }
        stored = store.upsert_feedback([record.feedback for record in records], statements, run)
        counts["read"] += len(batch)
        counts["answers"] += sum(bool(record.feedback.text) for record in records)
        counts["said"] += sum(bool(record.statements) for record in records)
        counts["added"] += stored.added
        counts["updated"] += stored.updated
        counts["unchanged"] += stored.unchanged
        counts["statements"] += sum(len(found) for found in statements.values())
        progress("read", min(counts["read"], total), total)
    progress("read", total, total)
    return preparer


def _public_accounts(store: Store, table: Table, mapping: ColumnMapping) -> tuple[str, ...]:
    """Return the accounts that are public by this file, or were by an earlier one: a night's file may be too small."""
    from feedback_nlp.language.redaction.public_accounts import public_accounts

    rows = table.sample.select(mapping.text_columns).iter_rows()
    known = {account for run in store.runs() for account in run["settings"].get("accounts_kept", ())}
    return tuple(sorted(known.union(public_accounts(" ".join(row) for row in rows))))


def _not_erased(store: Store, records: Sequence[Record]) -> list[bool]:
    """Return which records may go in: those of nobody who was erased and is to stay so."""
    customers = store.is_erased([r.feedback.customer_id for r in records if r.feedback.customer_id])
    external = store.is_erased([r.feedback.external_id for r in records if r.feedback.external_id], "external")
    return [r.feedback.customer_id not in customers and r.feedback.external_id not in external for r in records]


def _responses(items: Iterable[RawFeedback | Reject], rejects: list[Reject]) -> Iterator[list[RawFeedback]]:
    """Yield the answers of one row at a time; what could not be read is added to ``rejects``."""
    from feedback_nlp.language.reading.rejects import Reject

    row: list[RawFeedback] = []
    for item in items:
        if isinstance(item, Reject):
            rejects.append(item)
            continue
        if row and row[0].row_key != item.row_key:
            yield row
            row = []
        row.append(item)
    if row:
        yield row


def _batches(rows: Iterator[list[RawFeedback]], size: int) -> Iterator[list[list[RawFeedback]]]:
    batch: list[list[RawFeedback]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def encode_pending(store: Store, encoder: LoadedEncoder, progress: Progress = silent) -> int:
    """Encode every statement text that has no vector yet, and return how many; each chunk is stored at once.

    Tones, which sentiment reads, come out of the same pass where the encoder makes them.
    """
    key = store.register_encoder(encoder.identity)
    total = store.count_without_vectors(key)
    done = 0
    while missing := store.statements_without_vectors(key, limit=ENCODE_AT_ONCE):
        for start in range(0, len(missing), 512):  # in steps, so that progress shows
            part = missing[start : start + 512]
            vectors, tones = encoder.encode_with_tone([text for _, text in part])
            hashes = [text_hash for text_hash, _ in part]
            store.add_vectors(key, hashes, vectors, tone_key=encoder.tone_key, tones=tones)
            done += len(part)
            progress("encode", min(done, total), total)
    return done


def default_rejects_file(path: Path) -> Path:
    """Return the file in the working folder that tells what of ``path`` was not taken in.

    The name is cut so that its suffix still fits in the 255 bytes that file systems allow.
    """
    stem = path.stem.encode("utf-8", "ignore")[:200].decode("utf-8", "ignore")
    return Path(f"{stem}.rejects.csv")


def file_hash(path: Path) -> str:
    """Return the BLAKE2b of a file's bytes."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _stored_settings(settings: Settings) -> dict[str, Any]:
    """Return the settings that shaped a run, without addresses, which may hold passwords, and words to be hidden."""
    kept: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    del kept["db"], kept["originals"]
    kept["originals_kept"] = bool(settings.originals)
    kept["redact_deny"] = len(settings.redact_deny)
    return kept
