"""Make street addresses as people write them, in six languages and, for English texts, from many countries."""

from __future__ import annotations

import random
import re

from person_names_words import _provider, faker, romanised, words

_FOREIGN = ("de_DE", "fr_FR", "es_ES", "nl_NL", "sv_SE", "da_DK", "fi_FI", "hu_HU", "cs_CZ", "pt_BR", "hr_HR", "it_IT")
_ENGLISH = ("en_US", "en_US", "en_US", "en_GB", "en_GB", "en_CA", "en_AU", "en_IN", "en_IE", "en_NZ")
_ROMANIAN_STREETS = [
    "Ștefan cel Mare",
    "Mihai Viteazul",
    "Mihai Eminescu",
    "Independenței",
    "Unirii",
    "Libertății",
    "Victoriei",
    "Dacia",
    "Alexandru Ioan Cuza",
    "Avram Iancu",
    "Nicolae Bălcescu",
    "Traian",
    "Decebal",
    "Florilor",
    "Trandafirilor",
    "Primăverii",
    "Gării",
    "Morii",
    "1 Decembrie 1918",
    "Nicolae Iorga",
    "Vasile Alecsandri",
    "Ion Creangă",
    "George Coșbuc",
    "Tudor Vladimirescu",
    "Teiului",
    "Salcâmilor",
    "Muncii",
    "Păcii",
    "Iuliu Maniu",
    "Calea Ieșilor",
    "Lipscani",
    "Armenească",
    "Bucuriei",
    "Zorilor",
    "Horea",
    "Crișan",
]
_ITALIAN_STREETS = [
    "Roma",
    "Garibaldi",
    "Giuseppe Garibaldi",
    "Giuseppe Mazzini",
    "Dante Alighieri",
    "Guglielmo Marconi",
    "Camillo Cavour",
    "Verdi",
    "Vittorio Emanuele II",
    "della Libertà",
    "del Popolo",
    "dei Mille",
    "delle Rose",
    "San Francesco",
    "Santa Lucia",
    "XX Settembre",
    "XXV Aprile",
    "Aldo Moro",
    "Giacomo Matteotti",
    "Leonardo da Vinci",
    "Galileo Galilei",
    "Europa",
    "Torino",
    "Milano",
    "Nazionale",
    "Tiburtina",
]
_ARABIC_STREETS = [
    "الملك فهد",
    "الملك عبدالعزيز",
    "الملك عبدالله",
    "التحلية",
    "الجامعة",
    "النصر",
    "الحرية",
    "التحرير",
    "فلسطين",
    "الأمير سلطان",
    "خالد بن الوليد",
    "عمر بن الخطاب",
    "طلعت حرب",
    "شريف",
    "الهرم",
    "جمال عبدالناصر",
    "الشيخ زايد",
    "المدينة المنورة",
    "العليا",
    "الستين",
    "صلاح الدين",
    "الزهراء",
    "بغداد",
    "الثورة",
    "الكورنيش",
    "الاستقلال",
    "محمد الخامس",
    "الحسن الثاني",
    "أبو بكر الصديق",
    "السلام",
]
_ARABIC_QUARTERS = [
    "النزهة",
    "الروضة",
    "العليا",
    "الملز",
    "السليمانية",
    "الصفا",
    "المعادي",
    "مدينة نصر",
    "الزمالك",
    "الدقي",
    "الحمراء",
    "الجبيهة",
    "المرقاب",
]
_RUSSIAN_STREETS = [
    "Ленина",
    "Мира",
    "Советская",
    "Пушкина",
    "Гагарина",
    "Кирова",
    "Лесная",
    "Садовая",
    "Школьная",
    "Молодёжная",
    "Центральная",
    "Октябрьская",
    "Тверская",
    "Ленинский",
    "Невский",
    "Комсомольская",
    "Победы",
    "Абая",
    "Достык",
    "Сатпаева",
    "Толе би",
    "Чехова",
    "Горького",
    "Маяковского",
    "8 Марта",
    "Южная",
    "Карла Маркса",
    "Розы Люксембург",
    "Космонавтов",
    "Строителей",
    "Заводская",
    "Набережная",
    "Вокзальная",
    "Академика Королёва",
]
_RUSSIAN_KINDS = (
    "ул. ",
    "ул. ",
    "ул ",
    "улица ",
    "улице ",
    "пр. ",
    "проспект ",
    "пр-т ",
    "пер. ",
    "наб. ",
    "ш. ",
    "бульвар ",
)


def street_address(language: str, rng: random.Random) -> str:
    """Return a street address in the manner of the language's countries, in one line or several."""
    made = {"en": _english, "ro": _romanian, "ru": _russian, "it": _italian, "ar": _arabic, "pl": _polish}[language](
        rng
    )
    return re.sub(r" {2,}", " ", made).strip()


def _from_faker(locale: str, method: str, rng: random.Random) -> str:
    fake = faker(locale)
    fake.seed_instance(rng.getrandbits(32))
    return str(getattr(fake, method)())


def _english(rng: random.Random) -> str:
    draw = rng.random()
    number = rng.randint(1, 400) if rng.random() < 0.6 else rng.randint(400, 99_999)
    if draw < 0.45:
        return _glued(_from_faker(rng.choice(_ENGLISH), "address", rng), rng)
    if draw < 0.65:
        return f"{number} {romanised(_from_faker(rng.choice(_ENGLISH), 'street_name', rng))}"
    locale = rng.choice(_FOREIGN)
    street = romanised(_from_faker(locale, "street_address", rng)).split("\n")[0]
    if draw < 0.75:
        return street
    unit = rng.choice((f"Apt. {rng.randint(1, 999)}", f"Suite {rng.randint(1, 999)}", ""))
    city = _from_faker(locale, "city", rng)
    city = city.upper() if rng.random() < 0.3 else city
    country = _from_faker("en_US", "country", rng)
    parts = [f"{number if rng.random() < 0.7 else ''} {street}", unit, city, f"{country} {rng.randint(1000, 99_999)}"]
    return rng.choice(("\n", "\n ", ", ", " ")).join(part.strip() for part in parts if part)


def _glued(address: str, rng: random.Random) -> str:
    return address if rng.random() < 0.3 else address.replace("\n", rng.choice((", ", " ", ", ", "\n ")))


def _polish(rng: random.Random) -> str:
    provider = _provider("pl_PL", "address")
    street = rng.choice(tuple(provider.streets) or ("Polna",))
    kind = rng.choice(
        ("ul. ", "ul. ", "ul.", "ulica ", "ulicy ", "al. ", "aleja ", "alei ", "pl. ", "plac ", "placu ", "os. ")
    )
    number = f"{rng.randint(1, 99):0{rng.choice((1, 2))}}" + rng.choice(
        ("", "", f"/{rng.randint(1, 99)}", f" m. {rng.randint(1, 60)}", "a")
    )
    first = f"{kind}{street} {number}"
    if rng.random() < 0.25:
        return first
    city = rng.choice(tuple(provider.cities))
    return f"{first}{rng.choice((', ', ' ', ' ', chr(10)))}{rng.randint(0, 99):02}-{rng.randint(0, 999):03} {city}"


def _romanian(rng: random.Random) -> str:
    kind = rng.choice(
        (
            "str. ",
            "str. ",
            "Str. ",
            "strada ",
            "Strada ",
            "bd. ",
            "Bd. ",
            "bulevardul ",
            "B-dul ",
            "calea ",
            "Aleea ",
            "șos. ",
        )
    )
    number = rng.choice((" nr. ", " nr ", ", nr. ", " ", " ")) + str(rng.randint(1, 250))
    rest = rng.choice(
        (
            "",
            "",
            "",
            f", bl. {rng.randint(1, 99)}",
            f", bl. A{rng.randint(1, 9)}, sc. {rng.randint(1, 4)}, ap. {rng.randint(1, 90)}",
            f", ap. {rng.randint(1, 90)}",
        )
    )
    town = rng.choice(words("ro")["places"])
    end = rng.choice(
        (
            "",
            "",
            f", {town}",
            f", {town}",
            f", {town}, MD-20{rng.randint(1, 99):02}",
            f", {town} {rng.randint(10000, 999999)}",
        )
    )
    return f"{kind}{rng.choice(_ROMANIAN_STREETS)}{number}{rest}{end}"


def _italian(rng: random.Random) -> str:
    kind = rng.choice(
        (
            "via ",
            "via ",
            "Via ",
            "Via ",
            "viale ",
            "Viale ",
            "piazza ",
            "Piazza ",
            "corso ",
            "Corso ",
            "vicolo ",
            "largo ",
        )
    )
    street = rng.choice(_ITALIAN_STREETS) if rng.random() < 0.7 else _from_faker("it_IT", "name", rng)
    number = (
        rng.choice((" ", ", ", " n. ", ", n. "))
        + str(rng.randint(1, 250))
        + rng.choice(("", "", "", "/A", " int. 4", "B"))
    )
    town = _from_faker("it_IT", "city", rng) if rng.random() < 0.5 else rng.choice(words("it")["places"])
    end = rng.choice(
        (
            "",
            "",
            f", {rng.randint(10, 99)}{rng.randint(100, 199)} {town}",
            f", {town}",
            f" - {rng.randint(10000, 98999)} {town} (MI)",
        )
    )
    return f"{kind}{street}{number}{end}"


def _russian(rng: random.Random) -> str:
    number = rng.choice(
        (
            f", д. {rng.randint(1, 150)}",
            f", дом {rng.randint(1, 150)}",
            f", {rng.randint(1, 150)}",
            f" {rng.randint(1, 150)}",
            f" д.{rng.randint(1, 150)}",
        )
    )
    flat = rng.choice(
        (
            "",
            "",
            f", кв. {rng.randint(1, 300)}",
            f", кв {rng.randint(1, 300)}",
            f"/{rng.randint(1, 9)}",
            f" к. {rng.randint(1, 5)}",
        )
    )
    street = rng.choice(_RUSSIAN_STREETS) if rng.random() < 0.7 else _from_faker("ru_RU", "street_title", rng)
    town = rng.choice(_provider("ru_RU", "address").city_names)
    before = rng.choice(("", "", "", f"г. {town}, ", f"{town}, ", f"{rng.randint(100000, 699999)}, г. {town}, "))
    return f"{before}{rng.choice(_RUSSIAN_KINDS)}{street}{number}{flat}"


def _arabic(rng: random.Random) -> str:
    street = f"{rng.choice(('شارع', 'شارع', 'طريق', 'ش'))} {rng.choice(_ARABIC_STREETS)}"
    number = rng.choice(
        (
            f" {rng.randint(1, 200)}",
            f" رقم {rng.randint(1, 200)}",
            f"، مبنى {rng.randint(1, 90)}",
            f"، عمارة {rng.randint(1, 90)} شقة {rng.randint(1, 40)}",
            f" فيلا {rng.randint(1, 90)}",
        )
    )
    quarter = rng.choice(("", "", f"، حي {rng.choice(_ARABIC_QUARTERS)}", f" {rng.choice(_ARABIC_QUARTERS)}"))
    town = rng.choice(
        (
            "",
            f"، {rng.choice(words('ar')['places'])}",
            f" {rng.choice(words('ar')['places'])} {rng.randint(10000, 99999)}",
        )
    )
    if rng.random() < 0.2:
        return f"حي {rng.choice(_ARABIC_QUARTERS)} {street}{number}{town}"
    return f"{street}{number}{quarter}{town}"
