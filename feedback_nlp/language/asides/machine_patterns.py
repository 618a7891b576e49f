"""The shapes of lines that machines write: logs, stack traces, compilers, package managers, shells and code.

Every pattern is matched at a line's start, and none nests one repetition in another that could match the same text.
"""

from __future__ import annotations

import re

_LEVEL = (
    r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|FATAL|CRITICAL|SEVERE|[Ii]nfo|[Ww]arn(?:ing)?|[Ee]rror|"
    r"[Dd]ebug|[VDIWEF](?=[ /]))"
)
_STAMP = r"[\[(]?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}[T ,]*)?\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z| ?[+-]\d{2}:?\d{2})?[\])]?"
_TRACES = (
    r"at (?:async |new |Object\.)?[\w$.<>\[\]/ ]{1,200} ?\(.*\)?$",  # JavaScript, Java, .NET
    r"at \S{1,300}:\d+(?::\d+)?\)?$",
    r"at (?:[\w$]+\.)+[\w$<>`]+\(.*$",
    r"at [A-Z][\w$]*$|at (?:div|span|main|section|form|button|header|footer|nav|ul|li|body|p|a)$",
    r"[\w$/.<>]{0,100}@(?:https?|webpack|file|chrome-extension)\S*:\d+",
    r"(?:created by|in) [\w$.]+ \((?:at|created by) .*\)$|\(?created by [A-Z]\w+\)?$",
    r"Traceback \(most recent call last\)|File \".{1,300}\", line \d+|During handling of the above exception",
    r"(?:[A-Za-z_]\w*\.){0,10}[A-Z]\w*(?:Error|Exception|Warning|Interrupt)(?::|$)|Caused by: ",
    r"(?:Uncaught |Unhandled )?(?:[\w.]+)?(?:Error|Exception): .*(?:at |line \d|0x|\w\.\w+\(|null|undefined)",
    r"\.\.\. \d+ (?:more|common)|goroutine \d+ \[|panic: |thread '.{1,100}' panicked at|note: run with `RUST",
    r"\d+: +0x[0-9a-f]|#\d+ +(?:0x[0-9a-f]+|[\w:~]+ ?\()|(?:0x)?[0-9a-f]{6,16}:?(?: +[0-9a-f]{2,8}){3,}",
    r"# ?\d{1,3}: \w|# [A-Z]{3,}: \d+$|exit status \d+|signal: ",
    r"\S{1,200}\.(?:go|rs|py|js|ts|tsx|jsx|java|cpp|cc|c|h|hpp|cs|rb|php|kt|swift):\d+(?::\d+)?(?:[:) ]|$)",
    r"Exception in thread|Process finished with exit|Process exited|Exit code:? ?\d+|The above error occurred in",
    r"Segmentation fault(?: \(|$)|Aborted \(core|Exception (?:address|code) ?:",
)
_LOGS = (
    rf"{_STAMP}[\s,:-]*(?:\S{{1,60}} ){{0,3}}\[? ?{_LEVEL}\b",
    rf"{_STAMP}[\s:,-]*(?:\[[\w.:/-]{{0,60}}[./:\d][\w.:/-]{{0,60}}\]|[\w.$/-]+\.[\w.$/-]+[:(\[])",
    rf"{_STAMP} .*(?:\w=\S|\w\(\)|0x[0-9a-f]|/\w+/\w+)",
    rf"\[? ?{_LEVEL}\]|\[?{_LEVEL}(?:\]|:| -)\s.*(?:\w[/\\]\w|\w\.\w+|=|\d{{3,}}|\(\))",
    r"[VDIWEF]\d{4} \d\d:\d\d:\d\d|\[ *\d+\.\d{3,}\] |<\d>\[|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \S+ ",
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*:? [VDIWEF] ",
    r"(?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) (?:/|https?:)\S*|HTTP/\d(?:\.\d)? \d{3}",
    r"(?:\w[\w.-]{0,40}=\S+[\s,;]+){2,}\w[\w.-]{0,40}=\S+|\|?(?: ?:?-{3,}:? ?\|)+(?: ?:?-{3,}:? ?)?$",
    r"[0-9a-f]{32,}$|[A-Za-z0-9+/]{60,}={0,2}$|[\w.-]+\|[\w.-]+\|[\w.]+$|[a-z0-9_]+:\d{6,}$",
    r"[\w. -]{1,40}: (?:enabled|disabled|unavailable)\w*\|?$|[a-z]\w*(?:_\w+)+: \w+\|?$",
    r"\{\s*[\"'].*\}$|\[\s*\{.*\}\s*\]$|<\?xml ",
    r"[\w.-]+; [\w.-]{1,20}; v?\d[\w.-]*$",
)
_TOOLS = (
    r"\S{1,200}:\d+(?::\d+)?: (?:fatal )?(?:error|warning|note|info)\b",
    r"(?:fatal )?error(?:\[E\d+\]| [A-Z]{1,3}\d{3,5}):? ",
    r"npm (?:ERR!|WARN|notice|http|verb)|yarn (?:run|install) v|pnpm[: ]|> \S+@\d+\.\d+\.\d+ \w+",
    r"(?:Collecting|Downloading|Using cached|Building wheels? for|Successfully (?:installed|built)) "
    r"\S*(?:==|\.whl|\.tar|://|\w/\w|-\d)|Requirement already satisfied: |Installing collected packages: ",
    r"\S{0,100}(?:gcc|g\+\+|clang|cmake|make(?:\[\d+\])?|ninja|cc1plus|ld|collect2|nvcc|bazel|cargo|rustc|link): "
    r"(?:\S+: )?(?:fatal|error|warning|\*\*\*|note|command|undefined|No such|Entering|Leaving|Nothing|/)",
    r"\S{1,200}: (?:undefined reference|in function|multiple definition)|In file included from|At line:\d+ char:\d+",
    r"\+ (?:CategoryInfo|FullyQualifiedErrorId|~{3})|\S{1,200}\(\d+(?:,\d+)?\): \S",
    r"-- (?:The|Check|Found|Looking|Performing|Detecting|Configuring|Generating|Build|Could NOT|Installing)\b",
    r"-- \S.*(?:[/_]\w|\.so\b)|CMake (?:Error|Warning)|\[ {0,2}\d{1,3}%\] |\[\d+/\d+\] \S",
    r"(?:\$ (?=[a-z./~])|>>> ?|PS [A-Z]:|[A-Z]:\\|[\w-]+@[\w-]+:\S*[$#])\S",
)
_STATEMENTS = (
    r"(?:import|from) [\w.{}*, @'\"/-]+(?: as \w+| from .+| import .+)?;?$(?<![.!?] )",
    r"#\s?(?:include|define|ifdef|ifndef|endif|pragma)\b|@[A-Z]?\w+(?:\.\w+)*(?:\(.*\))?$",
    r"(?:async )?(?:def|function\*?|class|fn|func|sub|struct|enum|interface|impl)\s+[\w$.]*\s*[({:<].*",
    r"(?:export|public|private|protected|static|abstract) (?:[\w<>\[\],.]+ ){0,5}[\w$]+\s*[({=;]",
    r"(?:const|let|var|auto|final|int|float|double|char|bool|string|String|void|size_t|unsigned|cv::\w+|std::\S+) "
    r"[\w$*&{}\[\], <>:]+\s*(?:=|;|\()",
    r"(?:if|for|while|switch|catch|elif|else if) ?\(.*\)\s*(?:\{|$|[\w.]+[(;=])|\}? ?else ?\{",
    r"(?:for \w+ in .+|while .+|if .+|elif .+|else|try|except .*|finally|with .+ as \w+):$",
    r"(?:return|throw|raise|yield|await|print|echo|console\.\w+|assert|del|using|namespace|package)\b.*[();{}\[\]]",
    r"(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP) .*\b(?:FROM|INTO|SET|TABLE|INDEX)\b",
)
_PUNCTUATION = (
    r"<[A-Za-z][\w.:-]*(?:\s+[\w:@.-]+(?:=(?:\"[^\"]*\"|'[^']*'|\{.*\}))?)*\s*/?>?.*|</[A-Za-z][\w.:-]*>|/>|<>|</>",
    r"[\w$.\[\]'\"()*&>-]{1,80}\s*(?:[-+*/|&^%:]|<<|>>)?=(?!=|>)\s*\S.*(?:[();\[\]{}'\"]|\d$|\w\.\w)",
    r"(?:[\w$]+(?:\.|::|->))*[\w$]+\(.*\)[;,{)]*(?: *(?://|#).*)?$|\.\w+\(.*",
    r"[{}()\[\];,]+$|.*[{;]$|.*\)\s*=>\s*.*|[\"'][\w.$/@ -]+[\"']\s*:\s*.+[,{\[\"\d}]$",
    r"//.*|/\*.*|\*/|\*\s@\w+|--\w[\w-]*[ =]\S+|[=\-*_#~]{6,}$",
    r"diff --git|@@ -\d+|\+\+\+ \S|--- [ab]/|[+-]\s*[\w.$]+\(.*\)|[+-]\s+(?:const|let|var|return|import|def|if)\b",
)
LOG = re.compile("|".join((*_TRACES, *_LOGS, *_TOOLS)))
CODE = re.compile("|".join((*_STATEMENTS, *_PUNCTUATION)))
COMMAND = re.compile(
    r"(?:sudo|pip3? install|npm (?:i|install|run|start|test)|yarn|git (?:clone|checkout|commit|log|push|diff|pull)|"
    r"conda|docker (?:run|build|pull)|apt(?:-get)? install|brew install|python3?|node|gcc|g\+\+|clang|cmake|make|"
    r"bazel|cargo) \S|(?:source|export|chmod|mkdir|wget|curl|tar|touch|cp|mv|rm|ls|cat|echo|ssh|scp|cd) [~./$\"'-]\S*"
    r"|\.{0,2}/\S+ -{1,2}\w"
)
VERSION = re.compile(
    r"\bv?\d+\.\d+|\bv\d+|[0-9a-f]{12,}|\b\d+ ?(?:x|GB|MB|GHz|bit)\b|"
    r"(?i:\b(?:windows|mac ?os|os ?x|linux|ubuntu|debian|fedora|android|ios|ipados|iphone|ipad|chrome|firefox|safari|"
    r"edge|samsung|galaxy|pixel|xiaomi|huawei|arch|centos|nvidia|geforce|gcc|visual studio|python|node|docker|wsl|x64|"
    r"x86|arm64)\b)"
)
