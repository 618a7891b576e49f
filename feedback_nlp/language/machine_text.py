"""What machines wrote: code, logs, stack traces, compilers' messages, dumps and tables of versions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from feedback_nlp.language.aside_words import Line, is_prose, keys, label_key
from feedback_nlp.records import Aside

_STRONG, _WEAK, _NEUTRAL, _PROSE = 3, 2, 1, 0
_LONGEST_LINE = 2000  # of a longer line only the beginning is judged
_MOST_GLUED = 3  # lines between two of a machine that go with them
_MOST_SINGLE = 200  # lines between two lone backticks
_LEAST_INLINE = 40  # characters of `code` in a sentence that is set aside
_FENCE = re.compile(r"`{3,}|~{3,}")
_INFORMED = re.compile(r"(?:`{3,}|~{3,}) ?[A-Za-z]")
_INLINE = re.compile(rf"(?<!`)`([^`\n]{{{_LEAST_INLINE},}})`(?!`)")
_WORTH_A_LOOK = re.compile(r"[\d:=;{}()\[\]<>|\\/$#_]|^at |^npm|^[A-Z][A-Za-z]{2,}ing ")
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|FATAL|CRITICAL|SEVERE|[Ii]nfo|[Ww]arn(?:ing)?|[Ee]rror|[Dd]ebug|[VDIWEF](?=[ /]))"
_STAMP = r"[\[(]?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[T ,]*)?\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z| ?[+-]\d{2}:?\d{2})?[\])]?"
_LOG = re.compile(
    "|".join(
        (
            r"at (?:async |new |Object\.)?[\w$.<>\[\]/ ]{1,200} ?\(.*\)?$",  # JavaScript, Java, .NET
            r"at \S{1,300}:\d+(?::\d+)?\)?$",
            r"at (?:[\w$]+\.)+[\w$<>`]+\(.*$",
            r"at [A-Z][\w$]*$|at (?:div|span|main|section|form|button|header|footer|nav|ul|li|body|p|a)$",
            r"[\w$/.<>]{0,100}@(?:https?|webpack|file|chrome-extension)\S*:\d+",
            r"(?:created by|in) [\w$.]+ \((?:at|created by) .*\)$|\(?created by [A-Z]\w+\)?$",
            r"Traceback \(most recent call last\)|File \".{1,300}\", line \d+|During handling of the above exception",
            r"(?:[A-Za-z_]\w*\.){0,10}[A-Z]\w*(?:Error|Exception|Warning|Interrupt)(?::|$)|Caused by: |\.\.\. \d+ (?:more|common)",
            r"(?:Uncaught |Unhandled )?(?:[\w.]+)?(?:Error|Exception): .*(?:at |line \d|0x|\w\.\w+\(|null|undefined)",
            r"goroutine \d+ \[|panic: |thread '.{1,100}' panicked at|note: run with `RUST|exit status \d+|signal: ",
            r"\d+: +0x[0-9a-f]|#\d+ +(?:0x[0-9a-f]+|[\w:~]+ ?\()|(?:0x)?[0-9a-f]{6,16}:?(?: +[0-9a-f]{2,8}){3,}",
            r"\S{1,200}\.(?:go|rs|py|js|ts|tsx|jsx|java|cpp|cc|c|h|hpp|cs|rb|php|kt|swift):\d+(?::\d+)?(?:[:) ]|$)",
            r"\S{1,200}:\d+(?::\d+)?: (?:fatal )?(?:error|warning|note|info)\b|(?:fatal )?error(?:\[E\d+\]| [A-Z]{1,3}\d{3,5}):? ",
            rf"{_STAMP}[\s,:-]*(?:\S{{1,60}} ){{0,3}}\[? ?{_LEVEL}\b",
            rf"{_STAMP}[\s:,-]*(?:\[[\w.:/-]{{0,60}}[./:\d][\w.:/-]{{0,60}}\]|[\w.$/-]+\.[\w.$/-]+[:(\[])",
            rf"{_STAMP} .*(?:\w=\S|\w\(\)|0x[0-9a-f]|/\w+/\w+)",
            rf"\[? ?{_LEVEL}\]|\[?{_LEVEL}(?:\]|:| -)\s.*(?:\w[/\\]\w|\w\.\w+|=|\d{{3,}}|\(\))",
            r"[VDIWEF]\d{4} \d\d:\d\d:\d\d|\[ *\d+\.\d{3,}\] |<\d>\[|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \S+ ",
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*:? [VDIWEF] ",
            r"npm (?:ERR!|WARN|notice|http|verb)|yarn (?:run|install) v|pnpm[: ]|> \S+@\d+\.\d+\.\d+ \w+",
            r"(?:Collecting|Downloading|Using cached|Building wheels? for|Successfully (?:installed|built)) "
            r"\S*(?:==|\.whl|\.tar|://|\w/\w|-\d)|Requirement already satisfied: |Installing collected packages: ",
            r"\S{0,100}(?:gcc|g\+\+|clang|cmake|make(?:\[\d+\])?|ninja|cc1plus|ld|collect2|nvcc|bazel|cargo|rustc|link): "
            r"(?:\S+: )?(?:fatal|error|warning|\*\*\*|note|command|undefined|No such|Entering|Leaving|Nothing|/)",
            r"\S{1,200}: (?:undefined reference|in function|multiple definition)|In file included from|At line:\d+ char:\d+",
            r"\+ (?:CategoryInfo|FullyQualifiedErrorId|~{3})|\S{1,200}\(\d+(?:,\d+)?\): \S",
            r"[\w. -]{1,40}: (?:enabled|disabled|unavailable)\w*\|?$|[a-z]\w*(?:_\w+)+: \w+\|?$|[\w.-]+; [\w.-]{1,20}; v?\d[\w.-]*$",
            r"-- (?:The|Check|Found|Looking|Performing|Detecting|Configuring|Generating|Build|Could NOT|Installing|Up-to-date)\b|-- \S.*(?:[/_]\w|\.so\b)|CMake (?:Error|Warning)|\[ {0,2}\d{1,3}%\] |\[\d+/\d+\] \S",
            r"(?:\$ (?=[a-z./~])|>>> ?|PS [A-Z]:|[A-Z]:\\|[\w-]+@[\w-]+:\S*[$#])\S",
            r"[0-9a-f]{32,}$|[A-Za-z0-9+/]{60,}={0,2}$|[\w.-]+\|[\w.-]+\|[\w.]+$|[a-z0-9_]+:\d{6,}$",
            r"(?:\w[\w.-]{0,40}=\S+[\s,;]+){2,}\w[\w.-]{0,40}=\S+|\|?(?: ?:?-{3,}:? ?\|)+(?: ?:?-{3,}:? ?)?$",
            r"(?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) (?:/|https?:)\S*|HTTP/\d(?:\.\d)? \d{3}|Segmentation fault(?: \(|$)|Aborted \(core",
            r"Exception in thread|Process finished with exit|Process exited|Exit code:? ?\d+|The above error occurred in",
        )
    )
)
_CODE = re.compile(
    "|".join(
        (
            r"(?:import|from) [\w.{}*, @'\"/-]+(?: as \w+| from .+| import .+)?;?$(?<![.!?] )|#\s?(?:include|define|ifdef|ifndef|endif|pragma)\b",
            r"(?:async )?(?:def|function\*?|class|fn|func|sub|struct|enum|interface|impl)\s+[\w$.]*\s*[({:<].*|(?:export|public|private|protected|static|abstract) (?:[\w<>\[\],.]+ ){0,5}[\w$]+\s*[({=;]",
            r"(?:const|let|var|auto|final|int|float|double|char|bool|string|String|void|size_t|unsigned|cv::\w+|std::\S+) [\w$*&{}\[\], <>:]+\s*(?:=|;|\()",
            r"(?:if|for|while|switch|catch|elif|else if) ?\(.*\)\s*(?:\{|$|[\w.]+[(;=])|(?:for \w+ in .+|while .+|if .+|elif .+|else|try|except .*|finally|with .+ as \w+):$|\}? ?else ?\{|(?:return|throw|raise|yield|await|print|echo|console\.\w+|assert|del|using|namespace|package)\b.*[();{}\[\]]",
            r"<(?:[A-Za-z][\w.:-]*)(?:\s+[\w:@.-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{.*\}))?)*\s*/?>?.*|</[A-Za-z][\w.:-]*>|/>|<>|</>",
            r"[\w$.\[\]'\"()*&>-]{1,80}\s*(?:[-+*/|&^%:]|<<|>>)?=(?!=|>)\s*\S.*(?:[();\[\]{}'\"]|\d$|\w\.\w)",
            r"(?:[\w$]+(?:\.|::|->))*[\w$]+\(.*\)[;,{)]*(?: *(?://|#).*)?$|\.\w+\(.*",
            r"[{}()\[\];,]+$|.*[{;]$|.*\)\s*=>\s*.*|[\"'][\w.$/@ -]+[\"']\s*:\s*.+[,{\[\"\d}]$|@[A-Z]?\w+(?:\.\w+)*(?:\(.*\))?$",
            r"(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP) .*\b(?:FROM|INTO|SET|TABLE|INDEX)\b|//.*|/\*.*|\*/|\*\s@\w+|--\w[\w-]*[ =]\S+",
            r"diff --git|@@ -\d+|\+\+\+ \S|--- [ab]/|[+-]\s*[\w.$]+\(.*\)|[+-]\s+(?:const|let|var|return|import|def|if)\b",
        )
    )
)
_COMMAND = re.compile(
    r"(?:sudo|pip3? install|npm (?:i|install|run|start|test)|yarn|git (?:clone|checkout|commit|log|push|diff|pull)|conda|"
    r"docker (?:run|build|pull)|apt(?:-get)? install|brew install|python3?|node|gcc|g\+\+|clang|cmake|make|bazel|cargo) \S"
    r"|(?:source|export|chmod|mkdir|wget|curl|tar|touch|cp|mv|rm|ls|cat|echo|ssh|scp|cd) [~./$\"'-]\S*|\.{0,2}/\S+ -{1,2}\w"
)
_SYMBOL = re.compile(r"[{}\[\];=<>\\|$]|[^\W_]_[^\W_]|\w\(|\)\.|::|->")
_URL = re.compile(r"(?:https?://|www\.)\S+|!?\[[^\]\n]*\]\([^)\n]*\)|<[A-Z]+_\d+>")
_ENVIRONMENT = re.compile(r"[-*•|>\s]*\**(?P<label>[^:=|;\n]{1,100}?)\**\s*(?::|=>|=|\||;)\s*(?P<value>[^\n]{0,200})")
_SEPARATOR = re.compile(r"[:=|;]")
_PARENTHESIS = re.compile(r"\([^()]*\)|`")
_VERSION = re.compile(
    r"\bv?\d+\.\d+|\bv\d+|[0-9a-f]{12,}|\b\d+ ?(?:x|GB|MB|GHz|bit)\b|"
    r"(?i:\b(?:windows|mac ?os|os ?x|linux|ubuntu|debian|fedora|android|ios|ipados|iphone|ipad|chrome|firefox|safari|edge|"
    r"samsung|galaxy|pixel|xiaomi|huawei|arch|centos|nvidia|geforce|gcc|visual studio|python|node|docker|wsl|x64|x86|arm64)\b)"
)
_RATING = re.compile(r"\d+(?:[.,]\d+)? ?(?:/|of|out of|из|din|su|z|من) ?\d+\b|\d ?(?:stars?|\*|★)", re.IGNORECASE)
_MESSAGE = re.compile(r"\w: \w|\w=\w|\[\w+\]|\(\d+\)|\w/\w+/\w")
_COMMENT = re.compile(r"(?:#|//|/\*|\*)")
_LONG_TOKEN = re.compile(r"(?=\S*[\d_:=;./\\])\S{36,}$")


def fenced(lines: Sequence[Line]) -> list[Aside]:
    """Return blocks between fences (``` or ~~~). Prose that somebody put into one stays; the fences go.

    Some forms wrap whatever is typed into a fence, so a block is judged by its lines.
    """
    marks: list[Aside] = []
    opened: tuple[int, Aside] | None = None
    below = 0  # lines of a block between single backticks are done
    for index, line in enumerate(lines):
        if index < below:
            continue
        if opened is None and line.text.startswith("`") and line.text.count("`") == 1:
            size = _single_size(lines, index)
            below = index + size
            marks += [other.aside("code") for other in lines[index:below] if other.text]
        if "```" not in line.text and not line.text.startswith("~~~"):
            continue
        places = [(match.start(), match.end()) for match in _FENCE.finditer(line.text)]
        if opened is not None and opened[0] != index and _INFORMED.match(line.text):
            continue  # a closing fence names no language, so this one lies inside the block
        for start, end in places:
            if opened is None:
                opened = (index, Aside(line.start + start, line.end, "code"))
            elif opened[0] == index:
                marks.append(Aside(opened[1].start, line.start + end, "code"))  # opened and closed within a line
                opened = None
            else:
                marks += _block(lines[opened[0] + 1 : index], opened[1], Aside(line.start, line.start + end, "code"))
                opened = None
    if opened is not None:
        block = list(lines[opened[0] + 1 :])
        marks += _block(block, opened[1], None)
    return sorted(marks)


def _single_size(lines: Sequence[Line], index: int) -> int:
    """Return how many lines lie between a lone backtick here and the next one, which ends its line: 0 for none."""
    for size, line in enumerate(lines[index + 1 : index + _MOST_SINGLE], start=2):
        if "`" in line.text:
            return size if line.text.endswith("`") and line.text.count("`") == 1 else 0
    return 0


def _block(block: Sequence[Line], opening: Aside, closing: Aside | None) -> list[Aside]:
    said = [line for line in block if line.text]
    prose = sum(len(line.text) for line in said if _is_sentence(line.text))
    human = prose >= 0.4 * max(1, sum(len(line.text) for line in said))
    judged = [_strength(line.text) for line in said]
    clean = all(strength < _WEAK for strength, _ in judged) and not any(_MESSAGE.search(line.text) for line in said)
    human = human or (clean and any(is_prose(line.text) for line in said))
    kinds = [kind for _, kind in judged]
    kind = "log" if kinds.count("log") > kinds.count("code") else "code"
    marks = [opening._replace(kind=kind)]
    if not human:
        marks += [line.aside(kind) for line in said]
    if closing:
        marks.append(closing._replace(kind=kind))
    return marks


def _is_sentence(text: str) -> bool:
    """Whether a line in a fence is what somebody says: a whole sentence, unlike the messages of programs."""
    ends = text.endswith((".", "?", "!", ":", ")", "…", "؟")) or len(text.split()) >= 12
    return ends and is_prose(text, 5) and not _MESSAGE.search(text) and _strength(text)[0] == _PROSE


def inline_code(lines: Sequence[Line]) -> list[Aside]:
    """Return long pieces of `code` within sentences; short ones are names of things and stay."""
    marks = []
    for line in lines:
        if "`" in line.text:
            marks += [
                Aside(line.start + match.start(), line.start + match.end(), "code")
                for match in _INLINE.finditer(line.text)
                if not is_prose(match[1])
            ]
    return marks


def machine_lines(lines: Sequence[Line]) -> list[Aside]:
    """Return lines outside fences that a machine wrote: clear ones, and doubtful ones beside others."""
    judged = [_strength(line.text) for line in lines]
    taken = [False] * len(lines)
    near: list[int] = []  # the nearest lines with text, before and behind
    for index, (strength, _) in enumerate(judged):
        if lines[index].text:
            near.append(index)
        taken[index] = strength == _STRONG
    for place, index in enumerate(near):
        beside = near[max(0, place - 1) : place] + near[place + 1 : place + 2]
        if judged[index][0] == _WEAK:
            close = [other for other in beside if abs(lines[other].number - lines[index].number) <= 2]
            taken[index] = any(judged[other][0] >= _WEAK for other in close)
    if near and near[0] == 0 and not (len(near) > 1 and taken[near[1]] and lines[near[1]].number <= 1):
        taken[0] = False  # the first line is the subject, even when it quotes an error
    _glue(lines, judged, near, taken)
    kinds = [kind for _, kind in judged]
    return [line.aside(kinds[index] or "log") for index, line in enumerate(lines) if taken[index] and line.text]


def _glue(lines: Sequence[Line], judged: list[tuple[int, str]], near: list[int], taken: list[bool]) -> None:
    """Take the few undecided lines that stand directly between two lines of a machine, or after a traceback's file."""
    last = None
    for place, index in enumerate(near):
        if not taken[index]:
            continue
        if last is not None and 1 < place - last <= _MOST_GLUED + 1:
            between = near[last + 1 : place]
            joined = lines[index].number - lines[near[last]].number == place - last
            if joined and all(judged[other][0] >= _NEUTRAL for other in between):
                for other in between:
                    taken[other] = True
                    judged[other] = (_WEAK, judged[near[last]][1])
        last = place


def _strength(text: str) -> tuple[int, str]:
    """Return how surely a line was written by a machine, and whether it is code or log."""
    if not text or not _WORTH_A_LOOK.search(text[:_LONGEST_LINE]):
        return (_PROSE, "") if is_prose(text, 3) else (_NEUTRAL, "")
    text = text[:_LONGEST_LINE]
    environment = _environment(text)
    if environment:
        return environment, "log"
    if _LOG.match(text):
        return _STRONG, "log"
    prose = is_prose(text)
    if _COMMENT.match(text) and _CODE.match(text):
        return (_NEUTRAL if prose else _WEAK), "code"
    if not prose and _COMMAND.match(text) and not text.endswith(("!", "?")):
        return _STRONG if " -" in text or "/" in text else _WEAK, "log"
    if _CODE.match(text) and not (prose and not text.endswith(("{", "};", ");"))):
        return _WEAK, "code"
    bare = _URL.sub("", text)
    if prose or not bare.strip():
        return _PROSE, ""
    if len(_SYMBOL.findall(bare)) >= max(3, len(bare) // 12) or _LONG_TOKEN.match(bare):
        return _WEAK, "code"
    return (_PROSE, "") if is_prose(text, 3) else (_NEUTRAL, "")


def _environment(text: str) -> int:
    """Return how surely a line is a row of a table of versions, such as "OS: Windows 10": 0 when it is none."""
    match = _ENVIRONMENT.match(text) if _SEPARATOR.search(text[:120]) else None
    if not match or _label(match["label"]) not in _labels():
        return 0
    value = match["value"].strip()
    if _RATING.search(value) or is_prose(value, 5) or value.endswith(("!", "?")):
        return 0
    return _STRONG if _VERSION.search(value) else _WEAK


@lru_cache(maxsize=4096)
def _label(label: str) -> str:
    return label_key(_PARENTHESIS.sub("", label)) or label_key(label)


@lru_cache(maxsize=1)
def _labels() -> frozenset[str]:
    return keys("environment") | frozenset(label_key(_PARENTHESIS.sub("", label)) for label in keys("environment"))
