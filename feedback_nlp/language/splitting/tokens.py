"""The words and marks of a text, as spaCy's tokenisers tell them apart, and where spaCy sees sentences begin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING

from feedback_nlp.language.cleaning.texts import fold

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

_WIDE_ENDS = "。｡！？；\u0964\u0965\u104a\u104b\u17d4\u0589"  # of Chinese, Japanese, Hindi, Burmese, Khmer, Armenian
SENTENCE_ENDS = (".", "!", "?", "..", "...", "....", "…", ";", "؛", "؟", "۔", "‼", "⁉", "⁇", "⁈", *_WIDE_ENDS)
MOST_STRINGS = 100_000  # in a tokeniser's vocabulary before it starts afresh: spaCy never forgets a word by itself

_LETTER = r"[^\W\d_]"
_WIDE = _WIDE_ENDS + "，、："  # after these nobody leaves a space
_PREFIXES = (r"[•‣▪●◦]", rf"[-+](?={_LETTER}{_LETTER})")
_INFIXES = (  # sentences and clauses written without a space between them
    rf"[!?؟؛{_WIDE}…]+(?=\w)",
    rf"(?<={_LETTER}{_LETTER})[.,;:](?=[A-ZА-ЯЁҐЄІЇȘȚĂÎÂŁŚŻŹĆÓÉÈÀÄÖÜÇÑŠČŘĞİ]{_LETTER})",
    rf"(?<={_LETTER})[,،;](?={_LETTER})",
    r"[•‣▪●◦]",
)
_SUFFIXES = (r"(?<=_\d)>", r"(?<=_\d\d)>", r"(?<=>)[.,;:!?؟،؛]", rf"[{_WIDE}]")  # placeholders such as <EMAIL_1>
_LONG_RUN = re.compile(r"[^\w\s]{40,}")
_UNBROKEN = re.compile(r"\S{300,}")  # taking affixes off a token takes time quadratic in its length,
_PART = 200  # so of so many characters at once; nor are texts longer than
_LONGEST = 50_000  # handed over in one go, because spaCy holds hundreds of bytes a character
_SPACE = re.compile(r"\s")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_EMOTICON = re.compile(r"(?:[:;=][-'^o]?[()\[\]DPp3/|]|[xX]D+|[()]{2,}|<3|\^_*\^)+\Z")
# Nobody leaves spaces between these: about 2 Chinese or Japanese characters are a word, and 4 of the others.
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
# spaCy's own tokenisers for these need further packages, or take a second and more to load for what is seldom met.
_NEUTRAL = frozenset({"zh", "ja", "ko", "vi", "th", "id", "ms"})

WORD, MARK, SYMBOL = 0, 1, 2  # kinds: what is said in letters or digits, punctuation, emoji and emoticons


@dataclass(slots=True)
class Tokens:
    """The n tokens of a text, white space left out: parallel lists of length n, in the order of the text."""

    starts: list[int] = field(default_factory=list)  # offsets into the text
    ends: list[int] = field(default_factory=list)
    norms: list[str] = field(default_factory=list)  # the token folded, or as written when it is punctuation
    kinds: list[int] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)  # 1 for a word, 0 for a mark or a clipped word ("n't", "l'")
    words: list[float] = field(default_factory=list)  # of length n + 1: the words before each token, and of all
    sentences: list[int] = field(default_factory=list)  # the tokens that begin spaCy's sentences

    def count(self, first: int, last: int) -> float:
        """Return the number of words from token ``first`` up to ``last``."""
        return self.words[last] - self.words[first]


def tokenize(text: str, language: str, pipeline: Language | None = None) -> Tokens:
    """Return the tokens of a text and the starts of its sentences, in time linear in its length.

    ``pipeline`` is a spaCy pipeline that sets sentence boundaries; without one it is spaCy's tokeniser for the
    language (its language-neutral one for a language that spaCy does not know) and its rule-based sentencizer.
    """
    tokens = Tokens()
    text = _LONG_RUN.sub(_shortened, text)
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", text)  # which spaCy cannot hash
    start = 0
    for end in (*_forced_breaks(text), len(text)):
        if pipeline is None:
            _add(tokens, _marked(text[start:end], language), start)
        else:
            with _lock, pipeline.memory_zone():  # so that its vocabulary does not grow
                _add(tokens, pipeline(text[start:end]), start)
        start = end
    tokens.words = [0.0, *accumulate(tokens.sizes)]
    return tokens


def _forced_breaks(text: str) -> list[int]:
    """Return where text without a space in hundreds of characters, or of many pages, is handed over in parts."""
    breaks = [at for run in _UNBROKEN.finditer(text) for at in range(run.start() + _PART, run.end(), _PART)]
    if len(text) > _LONGEST:
        pages = range(_LONGEST, len(text), _LONGEST)
        breaks = sorted({*breaks, *(space.start() for at in pages if (space := _SPACE.search(text, at)))})
    return breaks


def _shortened(run: re.Match[str]) -> str:
    """Blank a long run of marks after its first three: spaCy takes marks off a token one by one, in quadratic time."""
    return run[0][:3] + " " * (len(run[0]) - 3)


def _add(tokens: Tokens, doc: Doc, offset: int) -> None:
    known = _known
    norms, kinds, sizes, starts, ends = tokens.norms, tokens.kinds, tokens.sizes, tokens.starts, tokens.ends
    # A part that was broken off begins a sentence only after the end of one.
    begins = not norms or norms[-1] in SENTENCE_ENDS
    for number, token in enumerate(doc):
        orth = token.orth
        facts = known.get(orth)
        if facts is None:
            facts = _learn(orth, token.text)
        length, norm, kind, size = facts
        begins = begins or (number > 0 and token.is_sent_start is True)
        if not length:  # white space
            continue
        if begins:
            tokens.sentences.append(len(norms))
            begins = False
        start = token.idx + offset
        starts.append(start)
        ends.append(start + length)
        norms.append(norm)
        kinds.append(kind)
        sizes.append(size)


_known: dict[int, tuple[int, str, int, float]] = {}  # by spaCy's hash of the token's text


def _learn(orth: int, token: str) -> tuple[int, str, int, float]:
    """Return a token's length (0 for white space), norm, kind and size, and remember them."""
    if len(_known) > MOST_STRINGS:
        _known.clear()
    facts = (0, "", MARK, 0.0) if token.isspace() else (len(token), *facts_of(token))
    _known[orth] = facts
    return facts


def facts_of(token: str) -> tuple[str, int, float]:
    """Return the norm, kind and size of one token, which is not white space."""
    if _EMOTICON.match(token):
        return token, SYMBOL, 0.0
    norm = fold(token) if token[0].isalnum() else ""
    if not norm:
        if any(character.isalnum() for character in token):
            return token.lower(), WORD, 0.0 if token[0] in "'’" else 1.0  # "'s" is part of a word
        return token, SYMBOL if _has_picture(token) else MARK, 0.0
    size = 0.0 if token[-1] in "'’" or token.endswith(("n't", "n’t")) else 1.0
    unspaced = len(_IDEOGRAPHS.findall(token)) / 2 + len(_UNSPACED.findall(token)) / 4
    return token.lower() if "_" in token else norm.replace(" ", "-"), WORD, max(size, unspaced)


def _has_picture(token: str) -> bool:
    """Whether there is an emoji in a token, which says something without a word; boxes and balls are bullets."""
    return any(
        character > "\u2190"
        and unicodedata.category(character) in ("So", "Sk")
        and not "\u25a0" <= character <= "\u25ff"
        and character != "\ufffd"
        for character in token
    )


def _marked(text: str, language: str) -> Doc:
    """Return the text as spaCy tokenises it and marks its sentences, with a vocabulary of bounded size."""
    found = _tokenizers.get(language)
    if found is None or len(found.vocab.strings) > found.most_strings:
        with _lock:
            found = _tokenizers[language] = _tokenizer(language)
    return found.sentencizer(found.make_doc(text))


@dataclass(frozen=True, slots=True)
class _Tokenizer:
    vocab: Vocab
    make_doc: Callable[[str], Doc]
    sentencizer: Callable[[Doc], Doc]
    most_strings: int


_tokenizers: dict[str, _Tokenizer] = {}
_lock = Lock()


def _tokenizer(language: str) -> _Tokenizer:
    import spacy
    from spacy.tokenizer import Tokenizer
    from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

    try:
        nlp = spacy.blank("xx" if language in _NEUTRAL else language)
    except ImportError:  # no such language, or one whose tokeniser is another package
        nlp = spacy.blank("xx")
    if isinstance(nlp.tokenizer, Tokenizer):
        rules = nlp.Defaults
        nlp.tokenizer.prefix_search = compile_prefix_regex([*(rules.prefixes or ()), *_PREFIXES]).search
        nlp.tokenizer.infix_finditer = compile_infix_regex([*(rules.infixes or ()), *_INFIXES]).finditer
        nlp.tokenizer.suffix_search = compile_suffix_regex([*(rules.suffixes or ()), *_SUFFIXES]).search
    sentencizer = nlp.add_pipe("sentencizer", config={"punct_chars": list(SENTENCE_ENDS)})
    return _Tokenizer(nlp.vocab, nlp.tokenizer, sentencizer, len(nlp.vocab.strings) + MOST_STRINGS)
