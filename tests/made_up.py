"""Made-up answers in six languages on four topics, as rows and as CSV files, and the tests' encoder as a plug-in.

The words are those of :class:`tests.fake_encoder.TopicEncoder`, so that its themes can be told beforehand.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SENTENCES: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "delivery": (
            "The parcel did not arrive",
            "The courier left my package outside",
            "Delivery to our street failed",
        ),
        "price": ("The price is far too expensive", "Your fees cost me a fortune", "It is overpriced for what we get"),
        "app": ("The app crashes on the start screen", "I cannot log in with my password", "The app update broke it"),
        "staff": ("The staff were friendly and helpful", "A polite employee explained it", "Your agent was so helpful"),
    },
    "ro": {
        "delivery": ("Coletul nu a mai ajuns", "Curierul a lăsat coletul afară", "Livrarea pe strada noastră a eșuat"),
        "price": ("Prețul este mult prea scump", "Tariful vostru este prea scump", "Este scump pentru ce primim noi"),
        "app": (
            "Aplicația se blochează la pornire",
            "Nu mai merge parola în aplicație",
            "Aplicația merge foarte prost",
        ),
        "staff": ("Personalul a fost amabil și atent", "Un angajat politicos mi-a explicat", "Angajatul a fost amabil"),
    },
    "ru": {
        "delivery": ("Посылка так и не пришла", "Курьер оставил посылку на улице", "Доставка на нашу улицу сорвалась"),
        "price": ("Цена слишком дорогая для нас", "Ваши тарифы стоят очень дорого", "Слишком дорого за такую услугу"),
        "app": (
            "Приложение вылетает при запуске",
            "Не могу войти, пароль не подходит",
            "Обновление приложения подвело",
        ),
        "staff": ("Персонал был очень приветлив", "Вежливый сотрудник всё объяснил", "Сотрудники вежливы с нами"),
    },
    "it": {
        "delivery": (
            "Il pacco non è mai arrivato",
            "Il corriere ha lasciato il pacco fuori",
            "La consegna da noi è fallita",
        ),
        "price": (
            "Il prezzo è troppo caro per noi",
            "Le vostre tariffe sono troppo care",
            "I prezzi sono cresciuti molto",
        ),
        "app": (
            "L'applicazione si blocca all'avvio",
            "L'accesso con la password fallisce",
            "La schermata si blocca sempre",
        ),
        "staff": ("Il commesso è stato gentile con noi", "Un impiegato cortese ha spiegato", "Operatore molto gentile"),
    },
    "ar": {
        "delivery": ("لم يصل الطرد إلى بيتنا", "ترك المندوب الطرد خارج الباب", "فشل التوصيل إلى شارعنا"),
        "price": ("السعر غالي جدا علينا", "الأسعار عندكم غالية كثيرا", "السعر لا يناسب ما نحصل عليه"),
        "app": ("التطبيق يتعطل عند البداية", "لا أستطيع الدخول إلى التطبيق", "التحديث أفسد التطبيق تماما"),
        "staff": ("الموظف كان لطيف معنا", "شرح لنا الموظف كل شيء بأدب", "الموظفين عندكم في غاية الأدب"),
    },
    "pl": {
        "delivery": (
            "Paczka do nas nie dotarła",
            "Kurier zostawił paczkę pod drzwiami",
            "Dostawa na naszą ulicę zawiodła",
        ),
        "price": ("Cena jest dla nas za droga", "Opłaty kosztują nas majątek", "To za drogo jak na taką ofertę"),
        "app": ("Aplikacja zawiesza się na starcie", "Hasło do logowania nie działa", "Aktualizacja popsuła aplikację"),
        "staff": ("Obsługa była bardzo uprzejma", "Uprzejmy pracownik wszystko wyjaśnił", "Pracownicy są życzliwi"),
    },
}
ENDINGS: dict[str, tuple[str, ...]] = {
    "en": ("last Monday", "once again this week", "in the evening", "during the holidays", "as always"),
    "ro": ("lunea trecută", "din nou săptămâna asta", "seara târziu", "în timpul vacanței", "ca de obicei"),
    "ru": ("в прошлый понедельник", "снова на этой неделе", "поздно вечером", "во время отпуска", "как всегда"),
    "it": ("lunedì scorso", "di nuovo questa settimana", "la sera tardi", "durante le vacanze", "come sempre"),
    "ar": ("يوم الاثنين الماضي", "مرة أخرى هذا الأسبوع", "في المساء", "خلال العطلة", "كما هو الحال دائما"),
    "pl": ("w zeszły poniedziałek", "znowu w tym tygodniu", "późnym wieczorem", "podczas wakacji", "jak zawsze"),
}
TOPICS = ("delivery", "price", "app", "staff")
COLUMNS = ("response_id", "customer_id", "date", "language", "nps", "plan", "comment")

Row = dict[str, str]


def rows(n: int = 120, seed: int = 0, topics: Sequence[str] = TOPICS) -> list[Row]:
    """``n`` responses of one or two sentences; NPS is 9 where only staff is praised, 3 where anything is wrong."""
    random_of = random.Random(seed)
    made = []
    for number in range(1, n + 1):
        language = random_of.choice(tuple(SENTENCES))
        named = random_of.sample(list(topics), k=random_of.choice((1, 1, 2) if len(topics) > 1 else (1,)))
        said = [
            f"{random_of.choice(SENTENCES[language][topic])} {random_of.choice(ENDINGS[language])}." for topic in named
        ]
        made.append(
            {
                "response_id": f"S{seed}-{number:04d}",
                "customer_id": f"C{seed}-{number:04d}",
                "date": f"2026-{random_of.randint(1, 6):02d}-{random_of.randint(1, 28):02d}",
                "language": language,
                "nps": "9" if named == ["staff"] else "3",
                "plan": random_of.choice(("Basic", "Family")),
                "comment": " ".join(said),
            }
        )
    return made


def write_csv(path: Path, made: Iterable[Mapping[str, str]]) -> Path:
    """Write rows as UTF-8 CSV and return the path."""
    lines = list(made)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return path


def write_plugin(folder: Path, name: str = "topic-encoder", made_by: str = "tests.made_up:make_encoder") -> Path:
    """Make ``folder`` what an installed package with the tests' encoder looks like to Python; put it on the path."""
    info = folder / "topic_encoder-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: topic-encoder\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[feedback_nlp.encoders]\n{name} = {made_by}\n", encoding="utf-8")
    return folder


def make_encoder(settings: object) -> object:
    """What the plug-in's entry point names: the settings in, an encoder out."""
    from tests.fake_encoder import TopicEncoder

    return TopicEncoder()
