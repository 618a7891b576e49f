"""Splitting: a table of cases per language, what holds for every text, and splitters of one's own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback_nlp.errors import SettingError
from feedback_nlp.language.splitting import tokens as tokens_module
from feedback_nlp.language.splitting.statements import MOST_WORDS, load_splitter, split_statements
from feedback_nlp.plugins import Splitter
from feedback_nlp.settings import Settings

# One case a line: the statements of the text stand between braces, and \n is a line break.
TABLES = {path.stem: path for path in sorted((Path(__file__).parent / "splitting_cases").glob("*.txt"))}
SIX = ("en", "ro", "ru", "it", "ar", "pl")


def cases_of(language: str) -> list[tuple[str, list[str]]]:
    lines = TABLES[language].read_text(encoding="utf-8").splitlines()
    marked = [line.replace("\\n", "\n") for line in lines]
    return [(re.sub("[{}]", "", line), re.findall(r"\{([^}]*)\}", line)) for line in marked]


def pieces(text: str, language: str) -> list[str]:
    return [text[start:end] for start, end in split_statements(text, language)]


@pytest.mark.parametrize("language", TABLES)
def test_cases(language: str) -> None:
    cases = cases_of(language)
    assert {text: pieces(text, language) for text, _ in cases} == dict(cases)


def test_each_of_the_six_languages_has_forty_cases_or_more() -> None:
    assert {language: len(cases_of(language)) >= 40 for language in SIX} == dict.fromkeys(SIX, True)
    assert len({text for language in SIX for text, _ in cases_of(language)}) == sum(len(cases_of(s)) for s in SIX)


@pytest.mark.parametrize("text", ["", "  \n ", "....", "?!", "- - -", "* \n *", "،", "●", "\ufffd", "\ud800"])
def test_a_text_without_words_or_emoji_has_no_statement(text: str) -> None:
    assert split_statements(text, "en") == []


@pytest.mark.parametrize("text", ["Thanks", "ok", "👍👍", "Slow", "no.", ":)", "<EMAIL_1>", "x", "'tis", "#fail", "5"])
def test_a_text_that_is_one_fragment_is_one_statement(text: str) -> None:
    assert pieces(text, "en") == [text]


def test_lines_broken_by_a_program_are_joined() -> None:
    text = (
        "I ordered a new router because the old one kept on losing its\nsignal every evening. The engineer never came."
    )
    assert pieces(text, "en") == [text[: text.index(" The engineer")], "The engineer never came."]


def test_a_letter_is_split_at_its_paragraphs_and_loses_no_word() -> None:
    text = "Dear team,\n\nthe invoice was wrong\n\nnobody answers the phone\n\nRegards"
    assert pieces(text, "en") == ["Dear team,\n\nthe invoice was wrong", "nobody answers the phone\n\nRegards"]


def test_text_without_full_stops_is_cut_at_its_commas_and_conjunctions() -> None:
    clause = "the man who came to fix the line was late again, and then he left without a word to us"
    text = ", ".join([clause] * 6)
    found = pieces(text, "en")
    assert [len(piece.split()) <= 40 and len(piece.split()) >= 9 for piece in found] == [True] * len(found)
    assert {piece.split()[0] for piece in found} == {"the", "and"}


def test_text_without_any_mark_is_cut_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    found = pieces(text, "en")
    assert " ".join(found) == text
    assert max(len(piece.split()) for piece in found) <= MOST_WORDS


def test_long_chinese_text_is_cut_at_its_commas() -> None:
    clause = "送货的速度实在是太慢了而且包装也坏了"
    found = pieces("，".join([clause] * 12) + "。", "zh")
    assert "，".join(found) == "，".join([clause] * 12) + "。"
    assert {len(piece) < 90 for piece in found} == {True}


def test_a_long_run_of_marks_is_shortened() -> None:
    assert pieces("Great service overall " + "!" * 20_000, "en") == ["Great service overall !!!"]
    assert split_statements("(" * 20_000 + " the box was empty", "en") == [(0, 20_018)]


def test_an_unknown_language_is_cut_at_sentence_ends() -> None:
    text = "Esta es una frase. Y esta es otra frase!"
    assert pieces(text, "zz") == pieces(text, "und") == ["Esta es una frase.", "Y esta es otra frase!"]


FRAGMENTS = """
the staff was kind slow but however , . ... ! ? - • 1. 2) and although dar însă но хотя ma però لكن ale choć <EMAIL_1>
3.5 e.g. Dr. 👍 :) ؟ ؛ … ( ) " ' n't don't L'ho http://a.bc/d?e=1 ; not only nothing etc. )) ¿ « » г. т.е. 慢。 ช้า
,unfortunately
"""
TEXTS = st.one_of(
    st.text(),
    st.text(st.characters(codec=None)),
    st.lists(st.sampled_from([*FRAGMENTS.split(), "\n", "\n\n"]), max_size=120).map(" ".join),
    st.lists(st.sampled_from([*FRAGMENTS.split(), " ", "\n", "•", "\u0301", "\u202e", "\0"]), max_size=60).map("".join),
)
LANGUAGES = st.sampled_from([*TABLES, "ko", "vi", "zz", ""])
LISTS = json.loads(
    (Path(split_statements.__code__.co_filename).parents[1] / "data" / "clauses.json").read_text("utf-8")
)
JOINING = {
    language: {
        tokens_module.facts_of(w)[0] for g in ("contrast", "after_comma") for p in lists.get(g, ()) for w in p.split()
    }
    for language, lists in LISTS.items()
}


@given(TEXTS, LANGUAGES)
@settings(max_examples=300, deadline=None)
def test_offsets_are_exact_ordered_apart_and_trimmed_and_only_joining_words_are_left_out(
    text: str, language: str
) -> None:
    spans = split_statements(text, language)
    assert split_statements(text, language) == spans == sorted(spans)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert all(left < right for left, right in spans)
    assert edges == sorted(edges)
    gaps = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    statements = [text[start:end] for start, end in spans]
    assert [s for s in statements if s != s.strip()] == []
    rebuilt = [gaps[0]] + [part for pair in zip(statements, gaps[1:], strict=True) for part in pair]
    assert "".join(rebuilt) == text
    left_out = {
        tokens_module.facts_of(word)[0] for gap in gaps for word in re.findall(r"[^\W_]+", _without_numbering(gap))
    }
    assert left_out - JOINING.get(language, set()) == set()


def _without_numbering(gap: str) -> str:
    return re.sub(r"(?:^|(?<=[\s•]))\(?(?:\d{1,2}[.)]|[^\W\d_]\))(?=\s)", "", gap)


@pytest.mark.parametrize("language", SIX)
def test_a_statement_split_again_stays_whole(language: str) -> None:
    statements = [statement for _, found in cases_of(language) for statement in found if len(statement.split()) > 3]
    assert {s: pieces(s, language) for s in statements} == {s: [s] for s in statements}


HOSTILE = {
    "commas": "a, ",
    "contrasts": "but ",
    "clauses": "x but y z w k ",
    "guards": "not only but ",
    "clipped": "'s",
    "unbroken": "abcdefgh",
    "brackets": "( a",
    "asides": 'a ("b." c ',
    "pauses": "a... ",
    "smiles": "a)) ",
    "bullets": "\t -",
    "lines": "- a\n",
    "emoji": "😀 a b ",
    "marks": "\u0301",
    "overrides": "\u202e abc. ",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear_in_the_length(name: str) -> None:
    def seconds(length: int) -> float:
        text = (HOSTILE[name] * length)[:length]
        start = time.process_time()
        split_statements(text, "en")
        return time.process_time() - start

    seconds(1_000)
    short, long = min(seconds(10_000) for _ in range(3)), min(seconds(100_000) for _ in range(2))
    assert long < 50 * max(short, 0.004)  # quadratic would be 100 times


def test_memory_does_not_grow_with_the_number_of_distinct_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "MOST_STRINGS", 5_000)
    tokens_module._tokenizers.clear()
    seen = set()
    for number in range(0, 20_000, 20):
        split_statements(" ".join(f"w{number + i}x" for i in range(20)), "en")
        tokenizer = tokens_module._tokenizers["en"]
        seen.add(id(tokenizer))
        assert len(tokenizer.vocab.strings) <= tokenizer.most_strings + 60  # norm, prefix and suffix of each word too
        assert len(tokens_module._known) <= 5_001
    assert len(seen) > 2
    tokens_module._tokenizers.clear()


def test_a_fresh_vocabulary_changes_nothing() -> None:
    texts = [text for text, _ in cases_of("it")]
    before = [split_statements(text, "it") for text in texts]
    tokens_module._tokenizers.clear()
    tokens_module._known.clear()
    assert [split_statements(text, "it") for text in reversed(texts)] == before[::-1]


def test_rules_is_the_splitter_without_a_setting() -> None:
    assert load_splitter("rules") is split_statements
    assert load_splitter(Settings().splitter) is split_statements


def test_a_spacy_pipeline_of_ones_own_says_where_sentences_end(tmp_path: Path) -> None:
    nlp = spacy.blank("it")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["~"]})
    nlp.to_disk(tmp_path / "mine")
    splitter = load_splitter(str(tmp_path / "mine"))

    text = "Il personale era gentile. La camera era pulita ~ la colazione era scarsa, ma il prezzo era basso"
    expected = [
        "Il personale era gentile. La camera era pulita ~",
        "la colazione era scarsa",
        "il prezzo era basso",
    ]
    assert [text[start:end] for start, end in splitter(text, "it")] == expected
    assert splitter("Good price. Slow app ~ bad", "en") == split_statements("Good price. Slow app ~ bad", "en")


def test_a_multi_language_pipeline_serves_every_language(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["~"]})
    nlp.to_disk(tmp_path / "mine")
    splitter = load_splitter(str(tmp_path / "mine"))
    assert splitter("Good price. Slow app ~ bad support line", "en") == [(0, 22), (23, 39)]


def test_a_trained_sentence_recogniser_is_used(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("senter")
    doc = nlp.make_doc("the app is slow nobody answers the phone")
    starts: list[bool | int | None] = [token.i in (0, 4) for token in doc]
    example = spacy.training.Example(doc, spacy.tokens.Doc(nlp.vocab, [t.text for t in doc], sent_starts=starts))
    spacy.util.fix_random_seed(0)
    nlp.initialize(lambda: [example])
    for _ in range(30):
        nlp.update([example])
    nlp.to_disk(tmp_path / "senter")
    splitter = load_splitter(str(tmp_path / "senter"))
    assert splitter(doc.text, "en") == [(0, 15), (16, 40)]
    strings = len(splitter.args[0].vocab.strings)  # type: ignore[attr-defined]
    splitter("words that this vocabulary never saw before", "en")
    assert len(splitter.args[0].vocab.strings) == strings  # type: ignore[attr-defined]


def test_a_pipeline_that_sets_no_sentences_is_refused(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "empty")
    with pytest.raises(SettingError, match=r"no component of the pipeline sets sentence boundaries.*add_pipe"):
        load_splitter(str(tmp_path / "empty"))


def test_a_folder_that_is_no_pipeline_or_holds_a_pickle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"cannot load the pipeline"):
        load_splitter(str(tmp_path))
    (tmp_path / "model.pkl").write_bytes(b"")
    with pytest.raises(SettingError, match=r"holds a pickle \(model\.pkl\)"):
        load_splitter(str(tmp_path))


def test_an_unknown_splitter_is_refused_with_what_to_do() -> None:
    with pytest.raises(SettingError, match=r"'en_core_web_zz' is neither .* python -m spacy download .*'rules'"):
        load_splitter("en_core_web_zz")


class Halves:
    """A splitter that cuts a text in two, or wrongly when it says so."""

    def __init__(self, settings: Settings) -> None:
        self.batch_size = settings.batch_size

    def split(self, text: str, language: str, /) -> list[tuple[int, int]]:
        if "wrong" in text:
            return [(0, len(text)), (1, 2)]
        return [(0, len(text) // 2), (len(text) // 2, len(text))]


def test_a_plugin_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {("splitters", "halves"): Halves}
    found = "feedback_nlp.language.splitting.statements.find_plugin"
    monkeypatch.setattr(found, lambda group, name: parts.get((group, name)))
    assert isinstance(Halves(Settings()), Splitter)
    splitter = load_splitter("halves")
    assert splitter("abcd", "en") == [(0, 2), (2, 4)]
    with pytest.raises(SettingError, match=r"'halves' gave the span \(1, 2\) after offset 5 in a text of 5 characters"):
        splitter("wrong", "en")


def test_importing_the_module_loads_nothing_heavy() -> None:
    code = "import sys, feedback_nlp.language.splitting.statements; print('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
