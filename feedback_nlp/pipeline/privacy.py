"""Erasing people on request: from the database and from the originals kept apart from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedback_nlp.errors import NothingToShow, UsageError
from feedback_nlp.pipeline.editing import republish

if TYPE_CHECKING:
    from feedback_nlp.settings import Settings
    from feedback_nlp.store import Store
    from feedback_nlp.store.originals import Originals

OUTSIDE = (
    "Exports, reports, rejects files, the files that were read and backups lie outside of the database: see to them "
    "yourself."
)
KEYWORDS = "Labels and keywords of themes stay; the next discovery learns them without what was erased."
_SERVER = "PostgreSQL keeps what was erased in its write-ahead log, replicas and backups until they are recycled."


@dataclass(frozen=True)
class ErasurePlan:
    """What is stored about the people asked for, before anything is erased.

    ``customer_ids`` and ``external_ids`` are those that somebody has, each also as the pseudonym under which an
    e-mail address or a phone number is stored. ``not_found`` says which were not, by flag and place ("--customer 2"),
    as an id may be an address. ``n_elsewhere`` counts feedback of the same customers that was not asked for.
    """

    customer_ids: tuple[str, ...]
    external_ids: tuple[str, ...]
    not_found: tuple[str, ...]
    feedback_ids: tuple[str, ...]
    n_statements: int
    n_vectors: int
    n_quotes: int
    n_originals: int
    n_elsewhere: int
    notes: tuple[str, ...]

    @property
    def n_feedback(self) -> int:
        """How many feedback are theirs."""
        return len(self.feedback_ids)


@dataclass(frozen=True)
class ErasureSummary:
    """What was erased. ``wiped`` is False when bytes may still be in the database's files: erase again to go on.

    ``n_vectors`` counts vectors of texts that nobody else wrote, ``n_quotes`` places in codebooks that pointed to
    what was erased. ``notes`` say what lies out of reach.
    """

    n_feedback: int
    n_statements: int
    n_vectors: int
    n_quotes: int
    n_originals: int
    kept_out: bool
    wiped: bool
    not_found: tuple[str, ...]
    notes: tuple[str, ...]


def plan_erasure(
    store: Store, settings: Settings, customers: Sequence[str] = (), external_ids: Sequence[str] = ()
) -> ErasurePlan:
    """Return what is stored about the people with these ids, and change nothing.

    Ids are compared letter by letter, white space around them aside. Raises UsageError for no id or an empty one,
    NothingToShow when originals were kept and are not where the settings say.
    """
    customer_forms = [_forms(value, "--customer") for value in customers]
    external_forms = [_forms(value, "--id") for value in external_ids]
    if not customer_forms and not external_forms:
        raise UsageError("Nobody is named. Tell who with --customer ID or --id ID.")
    traces = store.traces(_flat(customer_forms), _flat(external_forms))
    found_customers = [not traces.customer_ids.isdisjoint(forms) for forms in customer_forms]
    found_external = [not traces.external_ids.isdisjoint(forms) for forms in external_forms]
    missing = [f"--customer {n}" for n, found in enumerate(found_customers, start=1) if not found]
    missing += [f"--id {n}" for n, found in enumerate(found_external, start=1) if not found]
    notes = []
    n_originals = 0
    were_kept = any(run["settings"].get("originals_kept") for run in store.runs())
    if settings.originals:
        n_originals = _count_originals(settings, traces.feedback_ids, were_kept)
    elif were_kept:
        notes.append(
            "Originals were kept when feedback was read, and the setting 'originals' does not say where: the texts as "
            "written stay there. Name it with --set originals=URL."
        )
    return ErasurePlan(
        customer_ids=_flat([forms for forms, found in zip(customer_forms, found_customers, strict=True) if found]),
        external_ids=_flat([forms for forms, found in zip(external_forms, found_external, strict=True) if found]),
        not_found=tuple(missing),
        feedback_ids=traces.feedback_ids,
        n_statements=traces.n_statements,
        n_vectors=traces.n_vectors,
        n_quotes=traces.n_quotes,
        n_originals=n_originals,
        n_elsewhere=traces.n_elsewhere,
        notes=tuple(notes),
    )


def carry_out(store: Store, settings: Settings, plan: ErasurePlan, *, keep_out: bool = False) -> ErasureSummary:
    """Erase the people of the plan, and return what went.

    Originals go first: whatever stops this in the middle, the same ids are still found and the rest goes the next
    time. ``keep_out`` remembers keyed hashes of the ids, so that their rows are left out of files read later.
    Raises StoreError when originals cannot be removed with every byte of theirs.
    """
    from feedback_nlp.language.near_duplicates import nearly_same

    n_originals = _remove_originals(settings, plan.feedback_ids)
    erased = store.erase(plan.customer_ids, plan.external_ids, keep_out=keep_out)
    if late := sorted(set(erased.feedback_ids) - set(plan.feedback_ids)):  # read in since the plan was made
        n_originals += _remove_originals(settings, late)
    store.refresh_duplicates(nearly_same)
    if erased.n_in_edits:  # what was learnt from their examples goes before its bytes do
        republish(store, settings)
    server = () if store.url.startswith("sqlite") else (_SERVER,)
    return ErasureSummary(
        n_feedback=len(erased.feedback_ids),
        n_statements=erased.n_statements,
        n_vectors=erased.n_vectors,
        n_quotes=erased.n_quotes,
        n_originals=n_originals,
        kept_out=keep_out,
        wiped=store.wipe(),
        not_found=plan.not_found,
        notes=(*plan.notes, KEYWORDS, *server, OUTSIDE),
    )


def open_originals(settings: Settings, *, must_exist: bool = False) -> Originals:
    """Open the originals that the settings name. Raises SettingError when they name the feedback's own database."""
    from feedback_nlp.store.originals import Originals

    return Originals.open(settings.originals, apart_from=settings.db, must_exist=must_exist)


def _forms(value: str, flag: str) -> tuple[str, ...]:
    """Return an id as written and, where that differs, as it is stored."""
    from feedback_nlp.pipeline.prepare import safe_id

    bare = value.strip()
    if not bare:
        raise UsageError(f"{flag} {value!r} is empty. Tell the id as it stood in the file.")
    return tuple(dict.fromkeys((bare, safe_id(bare) or bare)))


def _flat(forms: Sequence[Sequence[str]]) -> tuple[str, ...]:
    return tuple(form for one in forms for form in one)


def _count_originals(settings: Settings, feedback_ids: Sequence[str], were_kept: bool) -> int:
    try:
        with open_originals(settings, must_exist=True) as originals:
            return originals.count(feedback_ids)
    except NothingToShow:
        if were_kept:  # nothing is erased before it is known where they are
            raise
        return 0


def _remove_originals(settings: Settings, feedback_ids: Sequence[str]) -> int:
    """Remove what there is, with its bytes: also where a killed erasure had removed the texts and not the bytes."""
    if not settings.originals or not feedback_ids:
        return 0
    try:
        originals = open_originals(settings, must_exist=True)
    except NothingToShow:
        return 0
    with originals:
        return originals.remove(feedback_ids)
