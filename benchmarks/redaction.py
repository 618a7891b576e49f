"""How much personal data redaction finds, and what it takes that is none.

    python benchmarks/redaction.py FOLDER          spans of multi_pii_spans.parquet in FOLDER, and made-up sentences
    python benchmarks/redaction.py FOLDER --names  the same with people's names

The sources name their types differently; KIND_OF maps each to the kind that redaction should make of it, and leaves
out what it does not look for (towns, jobs, ages). A span counts as found when all its digits are gone (all its letters
where it has no digit): what is left of an address is then the town. A replacement counts as right when at least half of
it lies in a span of any type. Polish spans that carry the noise of a bad scan ("+48 78E 379 E64") are counted apart:
those whose value has no longer the form of its type.

The made-up sentences are templates of ours filled by Faker's locales, 60 of each with a fixed seed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from faker import Faker

from feedback_nlp.language.redaction.redactor import Redacted, Redactor

KIND_OF = {
    **dict.fromkeys(("EMAIL_ADDRESS", "EMAIL"), "EMAIL"),
    **dict.fromkeys(("PHONE_NUMBER", "PHONE", "TELEFON_MOBIL", "TELEFON_FIX"), "PHONE"),
    **dict.fromkeys(("CREDIT_CARD", "CREDIT_CARD_NUMBER", "CARD_NUMBER"), "CARD"),
    **dict.fromkeys(("IBAN_CODE", "IBAN"), "IBAN"),
    "IP_ADDRESS": "IP",
    **dict.fromkeys(("US_SSN", "US_DRIVER_LICENSE", "CNP", "BULETIN", "PASAPORT", "NUMAR_LICENTA", "PESEL"), "ID"),
    "DOCUMENT_NUMBER": "ID",
    **dict.fromkeys(("NUMAR_CONTRACT", "ASIGURARE_MEDICALA", "CONT_BANCAR", "BANK_ACCOUNT"), "ACCOUNT"),
    **dict.fromkeys(("DATA_NASTERII", "DATE_OF_BIRTH"), "BIRTHDATE"),
    "WALLET_CRYPTO": "CRYPTO",
    "NUMAR_PLACA": "PLATE",
    "USERNAME": "HANDLE",
    "SECRET": "SECRET",
    **dict.fromkeys(("STREET_ADDRESS", "ADDRESS", "ADRESA", "ADRESA_LUCRU"), "ADDRESS"),
    **dict.fromkeys(("PERSON", "NAME", "SURNAME", "NUME_PRENUME"), "PERSON"),
}
# The form of a value that a scan has not harmed, for the types that Polish has; other types are never called harmed.
WHOLE = {
    "PHONE": re.compile(r"[+\d ()-]+"),
    "ID": re.compile(r"[A-Z]{0,3}[\d -]+"),
    "ACCOUNT": re.compile(r"[\d ]+"),
    "CARD": re.compile(r"[\d -]+"),
    "EMAIL": re.compile(r"[\x21-\x7e]+@[a-z0-9.-]+"),
    "BIRTHDATE": re.compile(r"[\d.-]+"),
    "ADDRESS": re.compile(
        r"(?:ul\.|al\.|pl\.|ulic\w|alej\w|alei|plac\w?|os\.) ?[^\d|!$<({\[]+\d+[a-z]?(?:/\d+)?(?: .*)?"
    ),
}
TEMPLATES = {
    "en": {
        "EMAIL": "You can write to me at {}.", "PHONE": "Please call me back on {} after six", "IBAN": "Refund it: {}",
        "CARD": "I paid with {} and was charged twice", "ID": "My SSN is {}, you have it on file",
        "ORDER": "Order {} has not arrived yet", "ACCOUNT": "my account number is {}, please check",
        "BIRTHDATE": "I was born on {} and you call me a minor", "ADDRESS": "The courier never came to {}, twice.",
        "IP": "Blocked from {} since Monday",
    },
    "ro": {
        "EMAIL": "Îmi puteți scrie la {}.", "PHONE": "Sunați-mă la {} după ora șase", "IBAN": "Returnați banii în {}",
        "CARD": "Am plătit cu {} și mi s-a luat de două ori", "ID": "CNP-ul meu este {}, îl aveți",
        "ORDER": "Comanda {} nu a ajuns nici azi", "ACCOUNT": "codul meu de client este {}, verificați",
        "BIRTHDATE": "Sunt născută la {} și nu mă credeți", "ADDRESS": "Curierul nu a venit la {}, deși am fost acasă.",
        "IP": "Blocat de la {} de luni",
    },
    "ru": {
        "EMAIL": "Пишите мне на {}.", "PHONE": "Перезвоните мне по {} после шести", "IBAN": "Верните деньги на {}",
        "CARD": "Платил картой {}, списали дважды", "ID": "Мой ИНН {}, он у вас есть",
        "ORDER": "Заказ № {} так и не пришёл", "ACCOUNT": "номер договора {}, проверьте",
        "BIRTHDATE": "Я родилась {} и мне отказали", "ADDRESS": "Курьер не приехал на {}, хотя я ждал.",
        "IP": "Заблокировали вход с {} в понедельник",
    },
    "it": {
        "EMAIL": "Scrivetemi a {}.", "PHONE": "Richiamatemi al {} dopo le sei", "IBAN": "Rimborsate su {}",
        "CARD": "Ho pagato con {} e mi hanno addebitato due volte", "ID": "Il mio codice fiscale è {}, ce l'avete",
        "ORDER": "L'ordine n. {} non è mai arrivato", "ACCOUNT": "il mio codice cliente è {}, controllate",
        "BIRTHDATE": "Sono nata il {} e non mi credete", "ADDRESS": "Il corriere non è venuto in {}, eppure c'ero.",
        "IP": "Bloccato da {} da lunedì",
    },
    "ar": {
        "EMAIL": "راسلوني على {} من فضلكم", "PHONE": "اتصلوا بي على {} بعد السادسة", "IBAN": "أعيدوا المبلغ إلى {}",
        "CARD": "دفعت بالبطاقة {} وخصم المبلغ مرتين", "ID": "رقم هويتي {} وهو عندكم",
        "ORDER": "الطلب رقم {} لم يصل", "ACCOUNT": "رقم العميل {} أرجو التحقق",
        "BIRTHDATE": "تاريخ ميلادي {} ولم تصدقوني", "ADDRESS": "لم يصل المندوب إلى {} أبدا",
        "IP": "تم الحظر من {} منذ الاثنين",
    },
    "pl": {
        "EMAIL": "Proszę pisać na {}.", "PHONE": "Proszę oddzwonić pod {} po osiemnastej", "IBAN": "Zwrot proszę na {}",
        "CARD": "Płaciłam kartą {} i pobrano dwa razy", "ID": "Mój PESEL to {}, macie go",
        "ORDER": "Zamówienie nr {} nie dotarło", "ACCOUNT": "mój numer klienta to {}, proszę sprawdzić",
        "BIRTHDATE": "Urodziłam się {} i nadal mi nie wierzycie", "ADDRESS": "Kurier nie przyjechał na {}, choć byłem.",
        "IP": "Zablokowano mnie z {} od poniedziałku",
    },
}  # fmt: skip
LOCALES = {
    "en": ("en_US", "en_GB"),
    "ro": ("ro_RO",),
    "ru": ("ru_RU",),
    "it": ("it_IT",),
    "ar": ("ar_SA", "ar_EG", "ar_AE"),
    "pl": ("pl_PL",),
}
PER_TEMPLATE = 60


def value_of(kind: str, language: str, fake: Faker, rng: random.Random) -> str:
    """A made-up value of the kind, as somebody of that country writes it."""
    match kind:
        case "EMAIL":
            return fake.email()
        case "PHONE":
            return fake.phone_number()
        case "IBAN":
            return fake.iban()
        case "CARD":
            return fake.credit_card_number()
        case "IP":
            return rng.choice([fake.ipv4(), fake.ipv6()])
        case "ORDER" | "ACCOUNT":
            return rng.choice([str(rng.randint(10_000, 99_999_999)), fake.bothify("??-#####").upper()])
        case "BIRTHDATE":
            return fake.date_of_birth().strftime(rng.choice(["%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d"]))
        case "ADDRESS":
            return fake.street_address().replace("\n", ", ")
    if language == "ru":
        return fake.individuals_inn()
    if language == "ar":
        return rng.choice(
            [fake.numerify("1#########"), fake.numerify("784-19##-#######-#"), fake.numerify("2##############")]
        )
    return fake.ssn()


def made_up() -> Iterator[tuple[str, str, str, int, int]]:
    """(language, kind, text, start, end) of every sentence."""
    for language, templates in TEMPLATES.items():
        for kind, template in templates.items():
            rng = random.Random(f"{language} {kind}")
            for number in range(PER_TEMPLATE):
                fake = Faker(LOCALES[language][number % len(LOCALES[language])])
                fake.seed_instance(f"{language} {kind} {number}")
                value = value_of(kind, language, fake, rng)
                start = template.index("{}")
                yield language, kind, template.format(value), start, start + len(value)


def is_found(text: str, result: Redacted, start: int, end: int) -> bool:
    """Whether all digits of text[start:end], or all letters where there is none, are replaced."""
    gone = {i for part in result.replacements for i in range(part.start, part.end)}
    wanted = [i for i in range(start, end) if text[i].isdigit()] or [i for i in range(start, end) if text[i].isalnum()]
    return all(i in gone for i in wanted)


def show(title: str, hits: dict[tuple[str, str], list[bool]]) -> None:
    """Print one line a language and kind."""
    print(f"\n{title}")
    for key in sorted(hits):
        values = hits[key]
        print(f"  {key[0]:3} {key[1]:16} {sum(values) / len(values):6.3f}  n={len(values)}")
    by_language: dict[str, list[bool]] = defaultdict(list)
    for (language, kind), values in hits.items():
        if kind.split()[0] not in ("ADDRESS", "PERSON") and "harmed" not in kind:
            by_language[language] += values
    for language, values in sorted(by_language.items()):
        print(f"  {language:3} structured, all {sum(values) / len(values):6.3f}  n={len(values)}")


def measure_spans(folder: Path, redactor: Redactor) -> None:
    """Print recall by type and precision by kind on the annotated set."""
    rows = pl.read_parquet(folder / "multi_pii_spans.parquet").to_dicts()
    redactor.redact_many(["12"], ["en"])  # loads what is loaded once
    began = time.process_time()
    results = redactor.redact_many([row["text"] for row in rows], [row["lang"] for row in rows])
    print(f"{len(rows) / (time.process_time() - began):.0f} texts a CPU second")
    recall: dict[tuple[str, str], list[bool]] = defaultdict(list)
    precision: dict[tuple[str, str], list[bool]] = defaultdict(list)
    tokens = Counter[str]()
    beyond = Counter[str]()
    for row, result in zip(rows, results, strict=True):
        annotated: set[int] = set()
        for span in json.loads(row["spans"]):
            annotated |= set(range(span["start"], span["end"]))
            kind = KIND_OF.get(span["type"])
            if kind and (kind != "PERSON" or redactor.names):
                harmed = row["lang"] == "pl" and kind in WHOLE and not WHOLE[kind].fullmatch(span["value"])
                label = f"{kind} harmed" if harmed else kind
                recall[row["lang"], label].append(is_found(row["text"], result, span["start"], span["end"]))
        tokens[row["lang"]] += len(row["text"].split())
        for part in result.replacements:
            inside = sum(i in annotated for i in range(part.start, part.end))
            precision[row["lang"], part.kind].append(2 * inside >= part.end - part.start)
            beyond[row["lang"]] += 2 * inside < part.end - part.start
    show("recall on multi_pii_spans", recall)
    show("precision on multi_pii_spans", precision)
    for language in sorted(tokens):
        print(f"  {language}: {beyond[language]} replacements outside spans in {tokens[language]} tokens")


def measure_made_up(redactor: Redactor) -> None:
    """Print recall by kind on the made-up sentences."""
    sentences = list(made_up())
    results = redactor.redact_many([text for _, _, text, _, _ in sentences], [language for language, *_ in sentences])
    recall: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for (language, kind, text, start, end), result in zip(sentences, results, strict=True):
        recall[language, kind].append(is_found(text, result, start, end))
    show("recall on made-up sentences", recall)


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where multi_pii_spans.parquet is")
    parser.add_argument("--names", action="store_true", help="look for people's names too")
    arguments = parser.parse_args()
    redactor = Redactor(names=arguments.names)
    measure_spans(arguments.folder, redactor)
    measure_made_up(redactor)


if __name__ == "__main__":
    main()
