"""About this data: what is in it, where it came from, with which settings, and how every figure is made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import streamlit as st

from feedback_nlp.analysis.overview import NON_ANSWER_WORDS, OTHER, Overview, overview
from feedback_nlp.analysis.passages import placeholder_words
from feedback_nlp.analysis.replaced import ReplacedTable, replaced
from feedback_nlp.pages import shell
from feedback_nlp.pages.data import Slice, current_slice, open_store
from feedback_nlp.pages.wording import count, percent, replaced_languages
from feedback_nlp.settings import Settings, setting_fields, sourced_settings
from feedback_nlp.store import Store

HIDDEN_SETTINGS = frozenset({"db"})  # an address may hold a password


def _page() -> None:
    shell.heading("about", "What the figures rest on, and how each of them is made.")
    part = current_slice()
    shell.view_sentence(part)
    _bases(part.compute(overview), part)
    _replaced(part.compute(replaced), part.loaded.settings)
    store = open_store(part.loaded.settings.db)
    _codebook(store, part)
    _runs(store)
    _settings()
    _method(part.loaded.settings)


def _bases(facts: Overview, part: Slice) -> None:
    st.subheader("Bases")
    rows: list[tuple[str, int | None, str]] = [
        ("Responses", facts.n_responses, "forms, tickets or reviews; a score counts once in each"),
        ("People", facts.n_people, "customers, or responses where no customer is known"),
        ("Answers", facts.n_answered, "texts, one a question and response"),
        ("Answers that say something", facts.n_meaningful, "the base of every share"),
        ("Answers that say nothing", facts.n_non_answers, "kept, and left out of every share; by kind:"),
    ]
    rows += [("\u2003" + NON_ANSWER_WORDS.get(kind, kind), n, _non_answer(facts, kind)) for kind, n in _kinds(facts)]
    rows += [
        (
            "Answers that repeat another",
            facts.n_exact_duplicates,
            "word for word, but for case, accents and spacing; they count",
        ),
        (
            "Answers that nearly repeat another",
            facts.n_near_duplicates,
            "but for a few words: forwarded, from a template; they count",
        ),
        ("Statements", facts.n_statements, "single ideas that answers were split in"),
        (
            "Statements with a theme",
            facts.n_themed_statements,
            f"{percent(facts.coverage)} of the statements; the rest is shown as unthemed",
        ),
    ]
    shown = [{"what": what, "n": n, "meaning": meaning} for what, n, meaning in rows]
    st.dataframe(
        [row | {"meaning": row["meaning"] if row["n"] is not None else "withheld: too few people"} for row in shown],
        hide_index=True,
        height="content",
        column_config={
            "what": st.column_config.TextColumn("What", width="medium"),
            "n": st.column_config.NumberColumn("n", format="localized", width="small"),
            "meaning": st.column_config.TextColumn("Which means", width="large"),
        },
    )
    undated = part.frames.feedback["created_at"].null_count()
    if undated:
        st.caption(f"{count(undated)} answers have no date: they are in every figure but the trends.")


def _kinds(facts: Overview) -> Iterator[tuple[str, int]]:
    yield from facts.non_answers.iter_rows()


def _non_answer(facts: Overview, kind: str) -> str:
    asked = {"nothing_to_improve": facts.nothing_to_improve, "nothing_good": facts.nothing_good}.get(kind)
    of = f" ({count(asked.n_asked)} answered such a question)" if asked else ""
    meanings = {
        "nothing_to_improve": f"a compliment, asked what to improve{of}",
        "nothing_good": f"a complaint, asked what was good{of}",
        OTHER: "of too few people to be shown one by one",
    }
    return meanings.get(kind, "")


def _replaced(table: ReplacedTable, settings: Settings) -> None:
    st.subheader("What was replaced")
    if table.rows:
        st.caption(
            "Personal data was replaced by placeholders before anything was stored; here is how often, never what. "
            "An answer with several kinds of placeholder counts for each."
        )
        st.dataframe(
            [
                {
                    "type": placeholder_words(row.kind),
                    "places": row.n,
                    "answers": row.n_feedback,
                    "languages": replaced_languages(row),
                }
                for row in table.rows
            ],
            hide_index=True,
            height="content",
            column_config={
                "type": st.column_config.TextColumn("Type", width="medium"),
                "places": st.column_config.NumberColumn("Places", format="localized", width="small"),
                "answers": st.column_config.NumberColumn("Answers", format="localized", width="small"),
                "languages": st.column_config.TextColumn("Places by language", width="large"),
            },
        )
    else:
        st.caption("No placeholder stands in these texts." if not table.n_withheld else "Too little to show.")
    if table.n_withheld:
        st.caption(
            f"{table.n_withheld} more kinds stand in the texts of fewer than {settings.privacy_minimum} people."
            if table.n_withheld > 1
            else f"One more kind stands in the texts of fewer than {settings.privacy_minimum} people."
        )


def _codebook(store: Store, part: Slice) -> None:
    st.subheader("Codebook")
    version = part.loaded.codebook_version
    if version is None:
        shell.no_themes()
        return
    versions = {row["version"]: row for row in store.codebook_versions()}
    book, encoders = versions[version], store.encoders()
    encoder = encoders.get(book["encoder_key"])
    named = f"**{encoder.name}** ({encoder.dimensions} dimensions, {encoder.pooling} pooling)" if encoder else "unknown"
    st.markdown(
        f"Version **{version}** of {_day(book['created_at'])}, {count(book['n_themes'])} themes and sub-themes. "
        f"Encoder: {named}. Reason: {book['reason'] or 'not given'}."
    )
    labels = dict(part.loaded.frames.themes.select("theme_id", "label").iter_rows())
    edits = [edit for edit in store.edits() if edit["undone_at"] is None]
    if edits:
        with st.expander(f"{len(edits)} edits by people, kept on top of every version"):
            st.dataframe(
                [
                    {
                        "theme": labels.get(edit["theme_id"], edit["theme_id"]),
                        "edit": edit["kind"],
                        "to": ", ".join(str(value) for value in edit["payload"].values()),
                        "author": edit["author"],
                        "when": edit["created_at"],
                    }
                    for edit in edits
                ],
                hide_index=True,
            )


def _runs(store: Store) -> None:
    st.subheader("Files taken in")
    runs = store.runs()
    if not runs:
        st.caption("None is recorded.")
        return
    st.dataframe(
        [
            {
                "file": run["file_name"],
                "state": run["state"],
                "started": run["started_at"],
                "counts": " · ".join(
                    f"{count(value)} {name.replace('_', ' ')}" for name, value in run["counts"].items()
                ),
            }
            for run in reversed(runs)
        ],
        hide_index=True,
        column_config={
            "file": st.column_config.TextColumn("File", width="medium"),
            "state": st.column_config.TextColumn(
                "State", width="small", help="interrupted: the program ended before it finished; run the file again."
            ),
            "started": st.column_config.DatetimeColumn("Started", format="D MMM YYYY, HH:mm"),
            "counts": st.column_config.TextColumn("What it brought", width="large"),
        },
    )


def _settings() -> None:
    st.subheader("Settings")
    settings, sources = sourced_settings()
    with st.expander("Every setting in force, and where it comes from"):
        st.dataframe(
            [
                {
                    "setting": f.name,
                    "value": _value(getattr(settings, f.name)),
                    "from": sources[f.name],
                    "meaning": f.metadata["help"],
                }
                for f in setting_fields()
                if f.name not in HIDDEN_SETTINGS
            ],
            hide_index=True,
            column_config={
                "setting": "Setting",
                "value": "Value",
                "from": "From",
                "meaning": st.column_config.TextColumn("Meaning", width="large"),
            },
        )


def _value(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _day(moment: datetime) -> str:
    return f"{moment:%d %B %Y}"


def _method(settings: Settings) -> None:
    st.subheader("How the figures are made")
    names = (
        " and, as set now, names of people" if settings.redact_names == "on" else "; as set now, not names of people"
    )
    st.markdown(
        f"""
- **Base.** Shares count answers that mention a theme, of the answers that say something. People, answers and
  statements are counted apart; every figure says which it counts.
- **Answers that say nothing** are \u201cn/a\u201d, \u201cnothing\u201d, a bare \u201cgood\u201d, a number or
  noise, told by language and question: they are counted and left out of every share. \u201cNothing\u201d to a
  question about what to improve is a compliment, and counted as one.
- **Repeats** are answers alike but for case, accents and spacing, or nearly alike (a forwarded ticket, a template).
  Each counts in every share, as different people wrote them; themes are learnt from one of them.
- **Set aside** in tickets, e-mails and chats is what the customer does not say: quoted messages, signatures, greetings,
  disclaimers, logs, code, forms and the agent\u2019s words. It is shown small and grey, and never themed, scored or
  searched.
- **Scores** count once a response. NPS is promoters (9\u201310) minus detractors (0\u20136) in points; satisfaction and
  stars are the share of the two top boxes; other scores are means, turned so that higher is better.
- **Impact** is the score of everybody minus the score of those who do not mention the theme. It says what a theme is
  *associated with*. People who mention a theme may differ in other ways too, so it is no proof of a cause and no
  promise that the score moves when the theme is dealt with.
- **Net sentiment** is positive minus negative, from \u2212100 to +100, judged statement by statement
  from the words alone.
- **Intervals** are 95%: shares after Wilson, NPS after the adjusted Wald method, impacts by the delta method with
  people as the unit. A difference is called clear when its interval leaves 0 out.
- **Low base** marks scores from fewer than {settings.low_base} responses.
- **Privacy.** Groups of fewer than {settings.privacy_minimum} people are not shown, nor a second group from which they
  could be worked out. Personal data was replaced in the texts before they were stored: e-mail addresses, phone, card,
  account, order and identity numbers, addresses{names}. No method finds all of it.
- **Themes** are found by grouping statements of like meaning across languages. A statement may belong to several themes
  or to none; those with none are shown as unthemed and never forced into one.
"""
    )


_page()
