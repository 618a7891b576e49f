"""Invent names that no list has, so that the name finder also learns from what stands around a name."""

from __future__ import annotations

import random

_LATIN = (
    "b br c ch d dr f g gr h j k kh kl kr l m n p r s sh st t th tr v w y z zh",
    "a a a e e i i o o u ai ei ou ya ie ö á é ü ć",
    "l m n n r s t k d v x ng nd rt sz ck nn",
)
_CYRILLIC = (
    "б бр в г гр д ж з к кр л м н п пр р с ст т тр ф х ц ч ш",
    "а а а е е и и о о у я ё",
    "л м н н р с т к д в й нд рт мб",
)
_ENDS = {
    "en": ("", "", "son", "ov", "ski", "ez", "sen", "ley", "ini", "escu", "yan", "berg", "oglu", "ena", "ita", "ina"),
    "ro": ("", "escu", "eanu", "aru", "oiu", "ica", "ina", "ela"),
    "it": ("", "ini", "etti", "ello", "ucci", "ina", "ella"),
    "pl": ("", "ski", "wicz", "czyk", "ak", "ka", "ina"),
    "ru": ("", "ов", "ев", "ин", "ко", "дзе", "ян", "баев", "ия", "ина"),
}


def invented(language: str, chance: random.Random) -> str:
    """Return a made-up name of two or three syllables in the letters of a language (not Arabic)."""
    starts, vowels, ends = (part.split() for part in (_CYRILLIC if language == "ru" else _LATIN))
    name = ""
    for _ in range(chance.choice((1, 2, 2))):
        name += chance.choice(starts) + chance.choice(vowels)
        if chance.random() < 0.4:
            name += chance.choice(ends)
    if chance.random() < 0.3:
        name += chance.choice(starts) + chance.choice(vowels) + chance.choice(ends)
    else:
        name += chance.choice(_ENDS[language])
    return (name if len(name) > 3 else name + chance.choice(starts) + chance.choice(vowels)).capitalize()
