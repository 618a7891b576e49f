"""Add feedback: take in a small file, see how its columns were understood, correct that, and run."""

from __future__ import annotations

import html
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from feedback_nlp.errors import DiscoveryError, FeedbackError, MappingError
from feedback_nlp.pages import shell
from feedback_nlp.pages.data import forget, open_store
from feedback_nlp.pages.wording import count, percent
from feedback_nlp.records import FACT_KINDS
from feedback_nlp.settings import Settings, load_settings

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping
    from feedback_nlp.language.reading.tables import Table
    from feedback_nlp.pipeline import RunSummary

T = TypeVar("T")

MOST_MB = 20
MOST_ROWS = 20_000
SUFFIXES = ("csv", "tsv", "xlsx", "jsonl", "parquet")
SCORE_NAMES = ("nps", "csat", "ces", "stars", "likely", "churn", "fcr", "resolution", "flag")
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "stars": (1, 5), "likely": (1, 5)}
NONE = "(none)"


def _page() -> None:
    settings = load_settings()
    names = "are too" if settings.redact_names == "on" else "are not, as set now"
    shell.heading(
        "add",
        "Read a file of answers, reviews or tickets. E-mail addresses, phone, card and account numbers are taken out "
        f"first; names of people {names}.",
    )
    upload = st.file_uploader(
        "File",
        type=list(SUFFIXES),
        max_upload_size=MOST_MB,
        help=f"CSV, Excel, JSON Lines or Parquet with a header, up to {MOST_MB} MB and {MOST_ROWS:,} rows.",
    )
    if upload is None:
        st.caption("One row is one response. Any column names will do; a column of text is the only one needed.")
        return
    if upload.size > MOST_MB * 1_000_000 * 1.05:
        _too_large(upload.name, f"{upload.size / 1e6:.0f} MB", f"{MOST_MB} MB")
        return
    table, guessed = _with_file(upload, _preview)
    if table.n_rows > MOST_ROWS:
        _too_large(upload.name, f"{table.n_rows:,} rows", f"{MOST_ROWS:,}")
        return
    _understood(table, guessed)
    flags = _mapping_form(table, guessed, upload.file_id)
    if flags is not None:
        _run(upload, flags, settings)


def _preview(path: Path) -> tuple[Table, ColumnMapping]:
    """Read a file and guess its columns; where no text is found the reader is asked instead."""
    from feedback_nlp.language.reading.columns import ColumnFlags, ColumnMapping
    from feedback_nlp.language.reading.files import read_file
    from feedback_nlp.pipeline import preview

    try:
        return preview(path, ColumnFlags())
    except MappingError as error:
        return read_file(path), ColumnMapping(text_columns=(), explanation=(str(error),))


def _too_large(name: str, size: str, most: str) -> None:
    st.warning(f"{name} has {size}; this page takes up to {most}. Read it in the terminal, which has no limit:")
    st.code(f"feedback-nlp run {shlex.quote(name)}", language="bash")


def _with_file(upload: UploadedFile, use: Callable[[Path], T]) -> T:
    """Lend the upload to ``use`` as a file, and remove it whatever happens."""
    with tempfile.TemporaryDirectory(prefix="feedback-") as folder:
        # The name of an upload is the reader's own: only its last part counts, never a folder.
        path = Path(folder) / (Path(upload.name.replace("\\", "/")).name or "upload.csv")
        path.write_bytes(upload.getvalue())
        try:
            return use(path)
        except FeedbackError as error:  # the reader knows the file by its name, not by where it lay for a moment
            raise type(error)(str(error).replace(f"{path.parent}{os.sep}", "")) from None


def _understood(table: Table, mapping: ColumnMapping) -> None:
    notes = [*mapping.explanation, *table.notes]
    with st.container(border=True):
        st.markdown(f"**{count(table.n_rows)} rows** read as {table.format}. How the columns were understood:")
        st.html(f'<ul class="fb-list">{"".join(f"<li>{html.escape(line)}</li>" for line in notes)}</ul>')
    if table.rejects:
        with st.expander(f"{count(len(table.rejects))} rows could not be read and will be left out"):
            st.dataframe([{"Line": reject.line, "Reason": reject.reason} for reject in table.rejects], hide_index=True)
    with st.expander("First rows, as they are in the file"):
        st.dataframe(table.sample[table.columns].head(5), hide_index=True)


def _mapping_form(table: Table, guessed: ColumnMapping, file_id: str) -> ColumnFlags | None:
    """Let the reader correct the mapping; returns it when they press the button."""
    from feedback_nlp.language.reading.columns import ColumnFlags

    columns = table.columns
    one = [NONE, *columns]

    def pick(label: str, guess: str | None, help_text: str) -> str | None:
        index = one.index(guess) if guess in one else 0
        found = st.selectbox(label, one, index=index, help=help_text, key=f"{label}_{file_id}")
        return None if found == NONE else found

    st.subheader("Columns")
    left, right = st.columns(2, gap="large")
    with left:
        text = st.multiselect(
            "Text",
            columns,
            default=[name for name in guessed.text_columns if name in columns],
            key=f"text_{file_id}",
            help="What people wrote. Several columns are several questions of one response.",
        )
        date = pick("Date", guessed.date, "When it was written; trends need it.")
        language = pick("Language", guessed.language, "Only if the file says it; else it is recognised.")
        identifier = pick("Id", guessed.id, "One value a row: the same file again then updates and does not repeat.")
        customer = pick("Customer", guessed.customer, "Who wrote it, so that people are counted once.")
    with right:
        segments = st.multiselect(
            "Segments",
            columns,
            default=[name for name in guessed.segments if name in columns],
            key=f"segments_{file_id}",
            help="Columns to compare and filter by, such as plan, region or product.",
        )
        question = pick("Question", guessed.question_column, "A column that names the question a row answers.")
        source = pick("Source", guessed.source, "Where it came from, such as survey or ticket.")
        channel = pick("Channel", guessed.channel, "Web, phone, shop and the like.")
        speaker = pick(
            "Speaker",
            guessed.speaker.column if guessed.speaker else None,
            "In chats and tickets with one message a row: who wrote it. Only what customers wrote is read, and the id "
            "names the conversation.",
        )
        weight = pick("Weight", guessed.weight, "The survey's weights: how much each response counts. Never guessed.")
        scores = _score_boxes(columns, guessed, file_id)
    if not text:
        st.info("Choose at least one text column to go on.")
        return None
    if not st.button("Read and find themes", type="primary", icon=":material/play_arrow:"):
        return None
    return ColumnFlags(
        text=tuple(text),
        id=identifier,
        customer=customer,
        date=date,
        scores=tuple(scores),
        segments=tuple(segments),
        question=question or guessed.question_text or None,
        source=source,
        language=language,
        channel=channel,
        speaker=speaker,
        weight=weight,
        guess=False,  # the reader has seen every column
    )


def _score_boxes(columns: Sequence[str], guessed: ColumnMapping, file_id: str) -> list[str]:
    """Which columns are scores, of which kind and scale, as the command line would be told."""
    known = {score.column: score for score in guessed.scores}
    chosen = st.multiselect(
        "Scores",
        columns,
        default=[name for name in known if name in columns],
        key=f"scores_{file_id}",
        help="Numbers that people gave: 0\u201310 to recommend, satisfaction, stars, effort. Or facts of a ticket: "
        "churn, resolved at first contact (fcr), time to resolution, any yes or no (flag).",
    )
    flags = []
    for column in chosen:
        score = known.get(column)
        guess = score.scale.kind if score is not None else "csat"
        with st.container(border=True):
            st.text(column)
            kind_box, low_box, high_box, best_box = st.columns([3, 2, 2, 3], vertical_alignment="bottom")
            names = list(SCORE_NAMES) if guess in SCORE_NAMES else [guess, *SCORE_NAMES]
            kind = kind_box.selectbox("Kind", names, index=names.index(guess), key=f"kind_{column}_{file_id}")
            if kind in FACT_KINDS:
                known_as = score.name if score is not None and score.scale.kind == kind else ""
                flags.append(_fact_box(column, kind, known_as, file_id))
                continue
            usual = SCALES.get(kind, (0, 10))
            told = score if score is not None and score.scale.kind == kind else None
            least, most = (told.scale.minimum, told.scale.maximum) if told is not None else usual
            low = low_box.number_input("From", value=float(least), format="%g", key=f"low_{column}_{kind}_{file_id}")
            high = high_box.number_input("To", value=float(most), format="%g", key=f"high_{column}_{kind}_{file_id}")
            higher = told.scale.higher_is_better if told is not None else True
            best = best_box.selectbox(
                "Best is", ["higher", "lower"], index=0 if higher else 1, key=f"best_{column}_{file_id}"
            )
        name = told.name if told is not None else kind
        flags.append(f"{name}={column}:{low:g}-{high:g}:{best}")
    return flags


def _fact_box(column: str, kind: str, name: str, file_id: str) -> str:
    """What a yes or no means, or which unit a time has, as the command line would be told."""
    from feedback_nlp.language.reading.ticket_values import UNITS, time_unit

    if kind == "resolution":
        units = list(UNITS)
        unit = st.selectbox(
            "Plain numbers are", units, index=units.index(time_unit(column)), key=f"unit_{column}_{file_id}"
        )
        return f"{name or kind}={column}:{unit}"
    if kind != "flag":
        return f"{name or kind}={column}:{kind}"
    best = st.selectbox("Good is", ["yes", "no"], key=f"good_{column}_{file_id}")
    plain_name = re.sub(r"[^\w -]+", " ", column).strip()[:40].lower() or kind
    return f"{name or plain_name}={column}:flag:{'higher' if best == 'yes' else 'lower'}"


def _run(upload: UploadedFile, flags: ColumnFlags, settings: Settings) -> None:
    """Take the file in with visible progress, then go to the overview."""
    from feedback_nlp.pipeline import run_pipeline

    with st.status("Working \u2026 keep this page open.", expanded=True) as status:
        bar, seen = st.progress(0.0), {"step": ""}

        def progress(step: str, done: int, total: int) -> None:
            ratio = min(done / total, 1.0) if total else 0.0
            bar.progress(ratio, text=f"{step}: {count(done)} of {count(total)}" if total else step)
            if step != seen["step"]:
                seen["step"] = step
                status.update(label=f"{step[:1].upper()}{step[1:]} \u2026")

        def run(path: Path) -> RunSummary:
            # The reader has seen which rows cannot be taken; a list on the server's disk would help nobody.
            rejects = path.with_name("rejects.csv")
            return run_pipeline(store, path, flags, settings, progress=progress, rejects_file=rejects)

        store = open_store(settings.db)
        try:
            summary = _with_file(upload, run)
        except DiscoveryError as error:
            forget()
            status.update(label="The answers are stored; no themes were found.", state="error")
            st.warning(str(error), icon=":material/category:")
            st.page_link(shell.page_path("overview"), label="Overview", icon=shell.PAGES["overview"][1])
            return
        status.update(label="Done.", state="complete")
    forget()
    shell.leave_message(_summary_words(summary))
    st.switch_page(shell.page_path("overview"))


def _summary_words(summary: RunSummary) -> str:
    taken, found, tagged = summary.ingest, summary.discovery, summary.tagging
    return (
        f"{taken.file}: {count(taken.n_read)} rows read; {count(taken.n_added)} answers added, "
        f"{count(taken.n_updated)} updated, {count(taken.n_unchanged)} known already, {count(taken.n_rejected)} rows "
        f"left out. Codebook version {found.codebook_version} has {count(found.n_themes)} themes and "
        f"{count(found.n_sub_themes)} sub-themes; {percent(tagged.coverage)} of the statements have one."
    )


_page()
