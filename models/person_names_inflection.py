"""Decline given names and surnames in Polish, Russian and Romanian, by rule.

Rules cover the regular classes; a rare name may come out wrong, as it does when customers write it. Cases are named
"gen", "dat", "acc", "ins" and "loc"; "nom" and unknown cases return the name as it is.
"""

from __future__ import annotations

_PL_MASCULINE = {"gen": "a", "acc": "a", "dat": "owi", "ins": "em", "loc": "ie"}
_PL_ADJECTIVE = {"gen": "ego", "acc": "ego", "dat": "emu", "ins": "m", "loc": "m"}
_PL_LOCATIVE = {
    "ka": "ce", "ga": "dze", "ra": "rze", "ta": "cie", "da": "dzie", "ła": "le", "na": "nie", "ia": "ii", "ja": "i",
    "la": "li", "sa": "sie", "za": "zie", "wa": "wie", "ba": "bie", "ma": "mie", "pa": "pie", "cha": "sze",
}  # fmt: skip
_RU_MASCULINE = {"gen": "а", "acc": "а", "dat": "у", "ins": "ом", "loc": "е"}
_RU_SOFT = {"gen": "я", "acc": "я", "dat": "ю", "ins": "ем", "loc": "е"}
_RU_SURNAME = {"gen": "а", "acc": "а", "dat": "у", "ins": "ым", "loc": "е"}
_RU_ADJECTIVE = {"gen": "ого", "acc": "ого", "dat": "ому", "ins": "им", "loc": "ом"}
_RU_HUSHING = "гкхжшщч"


def decline(name: str, language: str, gender: str, case: str, part: str) -> str:
    """Return a name ("given", "last" or "patronymic") of a man ("m") or woman ("f") in a grammatical case."""
    if case == "nom" or not name:
        return name
    if "-" in name:
        return "-".join(decline(piece, language, gender, case, part) for piece in name.split("-"))
    if language == "pl":
        return _polish(name, gender, case, part)
    if language == "ru":
        return _russian(name, gender, case, part)
    if language == "ro":
        return _romanian(name, gender, case, part)
    return name


def _polish(name: str, gender: str, case: str, part: str) -> str:
    last = name[-1]
    if name.endswith(("ska", "cka", "dzka")) and part == "last":
        return name[:-1] + {"gen": "iej", "dat": "iej", "acc": "ą", "ins": "ą", "loc": "iej"}[case]
    if last == "a":
        return _polish_in_a(name, case)
    if gender == "f":
        return name
    if last in "iy":
        return name + _PL_ADJECTIVE[case]
    if last in "oe":
        if part == "given" or last == "e":
            return name
        stem = name[:-1]
        return stem + {"gen": "i" if stem[-1] in "kg" else "y", "acc": "ę", "dat": "owi", "ins": "ą", "loc": "ce"}[case]
    stem = name
    if name.endswith("ek") and len(name) > 3:
        stem = name[:-2] + "k"
    elif name.endswith(("eł", "er")) and part == "given" and len(name) > 4:
        stem = name[:-2] + name[-1]
    elif name.endswith("iec"):
        stem = name[:-3] + "c"
    elif name.endswith("ń"):
        stem = name[:-1] + "ni"
    elif name.endswith("ś"):
        stem = name[:-1] + "si"
    elif name.endswith("ć"):
        stem = name[:-1] + "ci"
    ending = _PL_MASCULINE[case]
    if case == "ins" and stem[-1] in "kg":
        ending = "iem"
    if case == "loc":
        ending = "u" if stem[-1] in "kghlcjżzi" else {"r": "ze", "d": "zie", "t": "cie"}.get(stem[-1], "ie")
        stem = stem[:-1] if stem.endswith("t") else stem
    return stem + ending


def _polish_in_a(name: str, case: str) -> str:
    stem = name[:-1]
    if case in ("dat", "loc"):
        for ending, other in _PL_LOCATIVE.items():
            if name.endswith(ending):
                return name[: -len(ending)] + other
        return stem + "ie"
    if case == "gen":
        if stem.endswith("i"):
            return stem + "i" if len(stem) > 3 else stem
        return stem + ("i" if stem[-1] in "kglj" else "y")
    return stem + {"acc": "ę", "ins": "ą"}[case]


def _russian(name: str, gender: str, case: str, part: str) -> str:
    last = name[-1]
    if part == "last" and gender == "f":
        if name.endswith(("ова", "ева", "ёва", "ина", "ына")):
            return name[:-1] + {"acc": "у"}.get(case, "ой")
        if name.endswith("ая"):
            return name[:-2] + {"acc": "ую"}.get(case, "ой")
    if part == "last" and gender == "m":
        if name.endswith(("ов", "ев", "ёв", "ин", "ын")):
            return name + _RU_SURNAME[case]
        if name.endswith(("ий", "ый", "ой")):
            return name[:-2] + _RU_ADJECTIVE[case]
    if last == "а":
        soft = name[-2] in _RU_HUSHING
        ending = {"gen": "и" if soft else "ы", "dat": "е", "acc": "у", "ins": "ей" if name[-2] in "жшщчц" else "ой"}
        return name[:-1] + ending.get(case, "е")
    if last == "я":
        dative = "и" if name.endswith("ия") else "е"
        return name[:-1] + {"gen": "и", "dat": dative, "acc": "ю", "ins": "ей", "loc": dative}[case]
    if gender == "f":
        return name[:-1] + {"ins": "ью", "acc": "ь"}.get(case, "и") if last == "ь" else name
    if last in "йь":
        ending = "и" if case == "loc" and name.endswith("ий") else _RU_SOFT[case]
        return name[:-1] + ending
    if last in "оеиуюыэ":
        return name
    stem = {"Павел": "Павл", "Лев": "Льв", "Пётр": "Петр"}.get(name, name)
    if name.endswith("ец") and part == "last":
        stem = name[:-2] + "ц"
    return stem + ("ем" if case == "ins" and stem[-1] in "жшщчц" else _RU_MASCULINE[case])


def _romanian(name: str, gender: str, case: str, part: str) -> str:
    if case not in ("gen", "dat") or gender != "f" or part != "given":
        return name if gender == "f" or case not in ("gen", "dat") or part != "given" else "lui " + name
    if name.endswith("ca"):
        return name[:-1] + "ăi"
    if name.endswith("ga"):
        return name[:-1] + "ăi"
    if name.endswith("ia"):
        return name[:-1] + "ei"
    return name[:-1] + "ei" if name.endswith(("a", "ă")) else "lui " + name
