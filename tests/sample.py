"""Made-up feedback in the shape that the store hands to analysis: six languages, two levels of themes, two scores.

Every sentence here was written for these tests. ``raw_frames`` is deterministic for its arguments.
"""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

import polars as pl

LANGUAGES = ("en", "ro", "ru", "it", "ar", "pl")
QUESTIONS = ("What could we do better?", "What did you like most?")
MONTHS = 8
FIRST_DAY = datetime(2025, 1, 6, 9, 0)

# (theme_id, label, parent_id, effect on the score, how often) and the keywords by language
THEMES: tuple[tuple[str, str, str | None, float, float], ...] = (
    ("t-service", "Customer service", None, 0.0, 0.0),
    ("t-waiting", "Waiting time", "t-service", -3.4, 0.24),
    ("t-staff", "Friendly staff", "t-service", 2.4, 0.22),
    ("t-product", "Product", None, 0.0, 0.0),
    ("t-crash", "App crashes", "t-product", -2.6, 0.16),
    ("t-ease", "Easy to use", "t-product", 2.0, 0.18),
    ("t-money", "Price and billing", None, 0.0, 0.0),
    ("t-price", "High price", "t-money", -1.2, 0.14),
    ("t-bill", "Wrong invoice", "t-money", -3.0, 0.06),
    ("t-delivery", "Delivery", None, 0.0, 0.0),
    ("t-late", "Late parcel", "t-delivery", -1.8, 0.10),
    ("t-legal", "Contract terms", None, -1.0, 0.004),
)

SENTENCES: dict[str, dict[str, tuple[str, ...]]] = {
    "t-waiting": {
        "en": ("I waited forty minutes before anyone answered.", "The queue on the phone is far too long."),
        "ro": ("Am așteptat patruzeci de minute la telefon.", "Coada la ghișeu este mult prea lungă."),
        "ru": ("Я ждал ответа сорок минут.", "Очередь на линии слишком длинная."),
        "it": ("Ho aspettato quaranta minuti al telefono.", "La coda allo sportello è troppo lunga."),
        "ar": ("انتظرت أربعين دقيقة حتى رد علي أحد.", "طابور الانتظار طويل جدا."),
        "pl": ("Czekałem czterdzieści minut na połączenie.", "Kolejka na infolinii jest za długa."),
    },
    "t-staff": {
        "en": ("The lady at the desk was kind and patient.", "Your staff really listened to me."),
        "ro": ("Doamna de la ghișeu a fost amabilă și răbdătoare.", "Personalul m-a ascultat cu adevărat."),
        "ru": ("Сотрудница была вежливой и терпеливой.", "Персонал действительно меня выслушал."),
        "it": ("La signora allo sportello è stata gentile.", "Il personale mi ha ascoltato davvero."),
        "ar": ("كانت الموظفة لطيفة وصبورة.", "فريقكم استمع إلي حقا."),
        "pl": ("Pani w okienku była miła i cierpliwa.", "Pracownicy naprawdę mnie wysłuchali."),
    },
    "t-crash": {
        "en": ("The app closes itself when I pay.", "Since the update it freezes every day."),
        "ro": ("Aplicația se închide singură când plătesc.", "De la actualizare se blochează zilnic."),
        "ru": ("Приложение закрывается при оплате.", "После обновления оно зависает каждый день."),
        "it": ("L'app si chiude da sola quando pago.", "Dopo l'aggiornamento si blocca ogni giorno."),
        "ar": ("التطبيق يغلق وحده عند الدفع.", "بعد التحديث يتجمد كل يوم."),
        "pl": ("Aplikacja sama się zamyka przy płatności.", "Po aktualizacji codziennie się zawiesza."),
    },
    "t-ease": {
        "en": ("Everything is easy to find on the screen.", "It took me one minute to set up."),
        "ro": ("Totul se găsește ușor pe ecran.", "Am terminat configurarea într-un minut."),
        "ru": ("На экране всё легко найти.", "Настройка заняла одну минуту."),
        "it": ("Sullo schermo si trova tutto facilmente.", "L'ho configurata in un minuto."),
        "ar": ("كل شيء سهل الوصول على الشاشة.", "استغرق الإعداد دقيقة واحدة."),
        "pl": ("Wszystko łatwo znaleźć na ekranie.", "Konfiguracja zajęła mi minutę."),
    },
    "t-price": {
        "en": ("It costs more than it is worth.", "The monthly fee went up again."),
        "ro": ("Costă mai mult decât merită.", "Abonamentul s-a scumpit din nou."),
        "ru": ("Это стоит дороже, чем заслуживает.", "Абонентская плата снова выросла."),
        "it": ("Costa più di quanto vale.", "Il canone è aumentato di nuovo."),
        "ar": ("السعر أعلى من القيمة.", "ارتفع الاشتراك الشهري مرة أخرى."),
        "pl": ("Kosztuje więcej, niż jest warte.", "Abonament znowu podrożał."),
    },
    "t-bill": {
        "en": ("My invoice was wrong twice in a row.",),
        "ro": ("Factura a fost greșită de două ori la rând.",),
        "ru": ("Счёт дважды подряд был неверным.",),
        "it": ("La fattura era sbagliata per due volte.",),
        "ar": ("كانت الفاتورة خاطئة مرتين متتاليتين.",),
        "pl": ("Faktura była błędna dwa razy z rzędu.",),
    },
    "t-late": {
        "en": ("The parcel came a week late.", "Nobody told me when it would arrive."),
        "ro": ("Coletul a ajuns cu o săptămână întârziere.", "Nimeni nu mi-a spus când ajunge."),
        "ru": ("Посылка пришла на неделю позже.", "Никто не сказал, когда она придёт."),
        "it": ("Il pacco è arrivato con una settimana di ritardo.", "Nessuno mi ha detto quando arrivava."),
        "ar": ("وصل الطرد متأخرا أسبوعا.", "لم يخبرني أحد بموعد الوصول."),
        "pl": ("Paczka przyszła tydzień później.", "Nikt nie powiedział, kiedy dotrze."),
    },
    "t-legal": {
        "en": ("The contract is hard to understand.",),
        "ro": ("Contractul este greu de înțeles.",),
        "ru": ("Договор трудно понять.",),
        "it": ("Il contratto è difficile da capire.",),
        "ar": ("العقد صعب الفهم.",),
        "pl": ("Umowa jest trudna do zrozumienia.",),
    },
}
OTHER_SENTENCES = {
    "en": "My cousin recommended you.",
    "ro": "Verișoara mea v-a recomandat.",
    "ru": "Вас посоветовала двоюродная сестра.",
    "it": "Vi ha consigliati mia cugina.",
    "ar": "نصحتني بكم ابنة عمي.",
    "pl": "Poleciła was moja kuzynka.",
}
# Around a ticket: a greeting before it, a signature and a log after it, which nobody says.
GREETINGS = {"en": "Dear team,", "ro": "Bună ziua,", "ru": "Добрый день,", "it": "Buongiorno,", "ar": "السلام عليكم،"}
GREETINGS["pl"] = "Dzień dobry,"
SIGNATURES = {
    "en": "Best regards,\n<PERSON_1>\n<PHONE_1>",
    "ro": "Cu stimă,\n<PERSON_1>",
    "ru": "С уважением,\n<PERSON_1>",
    "it": "Cordiali saluti,\n<PERSON_1>\n<EMAIL_1>",
    "ar": "مع التحية،\n<PERSON_1>",
    "pl": "Z poważaniem\n<PERSON_1>",
}
LOG = "\n".join(f"2025-03-0{day} 10:4{day}:09 ERROR checkout.pay: timeout after {day}0 s" for day in range(1, 7))
NON_ANSWERS = {"en": "n/a", "ro": "nimic", "ru": "нет", "it": "niente", "ar": "لا شيء", "pl": "brak"}
_EFFECTS = {theme_id: effect for theme_id, _, _, effect, _ in THEMES}
_PARENTS = {theme_id: parent for theme_id, _, parent, _, _ in THEMES}

_SCHEMAS: dict[str, dict[str, Any]] = {
    "feedback": {
        "feedback_id": pl.String,
        "response_id": pl.String,
        "external_id": pl.String,
        "customer_id": pl.String,
        "source": pl.String,
        "channel": pl.String,
        "question": pl.String,
        "language": pl.String,
        "created_at": pl.Datetime("us"),
        "text": pl.String,
        "is_non_answer": pl.Boolean,
        "non_answer": pl.String,
        "asides": pl.String,
        "duplicate_of": pl.String,
        "duplicate_kind": pl.String,
        "scores": pl.String,
        "segments": pl.String,
        "n_statements": pl.Int64,
    },
    "statements": {
        "statement_id": pl.String,
        "feedback_id": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "text": pl.String,
        "language": pl.String,
        "text_hash": pl.String,
        "sentiment": pl.Float64,
        "sentiment_label": pl.String,
        "best_theme_id": pl.String,
        "best_similarity": pl.Float64,
        "unthemed_reason": pl.String,
    },
    "mentions": {
        "statement_id": pl.String,
        "feedback_id": pl.String,
        "theme_id": pl.String,
        "confidence": pl.Float64,
        "provenance": pl.String,
    },
    "themes": {
        "theme_id": pl.String,
        "label": pl.String,
        "level": pl.Int64,
        "parent_id": pl.String,
        "state": pl.String,
        "threshold": pl.Float64,
        "keywords": pl.String,
        "definition": pl.String,
        "quote_ids": pl.String,
        "n_statements": pl.Int64,
    },
    "scales": {
        "name": pl.String,
        "kind": pl.String,
        "minimum": pl.Float64,
        "maximum": pl.Float64,
        "higher_is_better": pl.Boolean,
    },
}


def raw_frames(n: int = 400, seed: int = 0) -> dict[str, pl.DataFrame]:
    """Return the store's frames for ``n`` responses (one in four answers two questions) of about ``0.9 n`` people."""
    rng = random.Random(seed)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _SCHEMAS}
    first_of_text: dict[str, str] = {}
    for i in range(n):
        response = _response(rng, i, n)
        for q in range(response.pop("n_answers")):
            _add_feedback(rng, rows, response, q, first_of_text)
    _add_themes(rows)
    rows["scales"] = [
        {"name": "nps", "kind": "nps", "minimum": 0.0, "maximum": 10.0, "higher_is_better": True},
        {"name": "csat", "kind": "csat", "minimum": 1.0, "maximum": 5.0, "higher_is_better": True},
    ]
    return {name: pl.DataFrame(rows[name], schema=schema, orient="row") for name, schema in _SCHEMAS.items()}


def _response(rng: random.Random, i: int, n: int) -> dict[str, Any]:
    """Draw who answers, what they will talk about and how they score."""
    returning = i > 20 and rng.random() < 0.1
    themes = [theme_id for theme_id, _, _, _, share in THEMES if rng.random() < share]
    plan = rng.choices(("Basic", "Plus", "Enterprise"), (6, 3, 1))[0]
    if plan == "Basic" and rng.random() < 0.25 and "t-waiting" not in themes:
        themes.append("t-waiting")
    feeling = 7.9 + sum(_EFFECTS[t] for t in themes) + rng.gauss(0, 1.6)
    scores: dict[str, float] = {}
    if rng.random() < 0.93:
        scores["nps"] = float(min(10, max(0, round(feeling))))
    if rng.random() < 0.6:
        scores["csat"] = float(min(5, max(1, round(1 + feeling / 2.4))))
    day = rng.randrange(MONTHS * 30)
    return {
        "response_id": f"r{i:05d}",
        "customer_id": None if rng.random() < 0.15 else f"c{rng.randrange(i) if returning else i:05d}",
        "language": rng.choices(LANGUAGES, (30, 14, 16, 14, 14, 12))[0],
        "created_at": None if rng.random() < 0.02 else FIRST_DAY + timedelta(days=day, minutes=rng.randrange(540)),
        "themes": themes,
        "scores": json.dumps(scores),
        "segments": json.dumps({"plan": plan, "region": rng.choice(("North", "South", "East", "West"))}),
        "n_answers": 2 if rng.random() < 0.25 else 1,
        "source": "survey" if rng.random() < 0.8 else "ticket",
    }


def _add_feedback(
    rng: random.Random, rows: dict[str, list[dict[str, Any]]], response: dict[str, Any], q: int, seen: dict[str, str]
) -> None:
    feedback_id, language = f"f-{response['response_id']}-{q}", response["language"]
    themes = response["themes"] if q == 0 else [t for t in response["themes"] if _EFFECTS[t] > 0]
    non_answer = rng.random() < 0.06
    parts: list[tuple[str | None, str]] = []
    if not non_answer:
        parts = [(theme_id, rng.choice(SENTENCES[theme_id][language])) for theme_id in themes]
        if not parts or rng.random() < 0.2:
            parts.append((None, OTHER_SENTENCES[language]))
    text, spans = NON_ANSWERS[language] if non_answer else "", []
    for _, sentence in parts:
        text += " " if text else ""
        spans.append((len(text), len(text) + len(sentence)))
        text += sentence
    rows["feedback"].append(
        {
            **{k: response[k] for k in ("response_id", "customer_id", "source", "language", "created_at")},
            **{k: response[k] for k in ("scores", "segments")},
            "feedback_id": feedback_id,
            "external_id": f"x{response['response_id']}",
            "channel": "web",
            "question": QUESTIONS[q],
            "text": text,
            "is_non_answer": non_answer,
            "non_answer": _kind(language, q) if non_answer else None,
            "asides": "[]",
            "duplicate_of": None if non_answer else seen.get(text),
            "duplicate_kind": None if non_answer or text not in seen else "exact",
            "n_statements": len(parts),
        }
    )
    if not non_answer:
        seen.setdefault(text, feedback_id)
    for k, ((theme_id, sentence), (start, end)) in enumerate(zip(parts, spans, strict=True)):
        polarity = 0.0 if theme_id is None else (0.75 if _EFFECTS[theme_id] > 0 else -0.7)
        sentiment = max(-1.0, min(1.0, polarity + rng.gauss(0, 0.15)))
        label = "positive" if sentiment > 0.33 else "negative" if sentiment < -0.33 else "neutral"
        statement_id = f"{feedback_id}-{k}"
        rows["statements"].append(
            {
                "statement_id": statement_id,
                "feedback_id": feedback_id,
                "start": start,
                "end": end,
                "text": sentence,
                "language": language,
                "text_hash": f"h-{sentence}",
                "sentiment": sentiment,
                "sentiment_label": label,
                "best_theme_id": theme_id or "t-ease",
                "best_similarity": 0.7 if theme_id else 0.2,
                "unthemed_reason": None if theme_id else "below_threshold",
            }
        )
        for mentioned in (theme_id, _PARENTS.get(theme_id or "")):
            if mentioned is not None:
                rows["mentions"].append(
                    {
                        "statement_id": statement_id,
                        "feedback_id": feedback_id,
                        "theme_id": mentioned,
                        "confidence": round(0.6 + 0.4 * rng.random(), 4),
                        "provenance": "model",
                    }
                )


def _kind(language: str, q: int) -> str:
    return "not_applicable" if language == "en" else ("nothing_to_improve", "nothing_good")[q]


def with_tickets(raw: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Put a greeting before each meaningful ticket, and a signature and a log after it, all set aside."""
    shifts: dict[str, int] = {}
    rows = []
    for row in raw["feedback"].iter_rows(named=True):
        if row["source"] == "ticket" and not row["is_non_answer"]:
            greeting, signature = GREETINGS[row["language"]], SIGNATURES[row["language"]]
            shifts[row["feedback_id"]] = len(greeting) + 1
            text = f"{greeting}\n{row['text']}\n\n{signature}\n{LOG}"
            first, last = text.index(signature), text.index(LOG)
            asides = [[0, len(greeting), "greeting"], [first, last - 1, "signature"], [last, len(text), "log"]]
            row |= {"text": text, "asides": json.dumps(asides)}
        rows.append(row)
    shift = pl.col("feedback_id").replace_strict(shifts, default=0, return_dtype=pl.Int64)
    return {
        **raw,
        "feedback": pl.DataFrame(rows, schema=raw["feedback"].schema, orient="row"),
        "statements": raw["statements"].with_columns(pl.col("start") + shift, pl.col("end") + shift),
    }


def _add_themes(rows: dict[str, list[dict[str, Any]]]) -> None:
    """One row a theme; the quotes are the first statements, one per feedback, of it or of its children."""
    for theme_id, label, parent_id, _, _ in THEMES:
        members = [m["statement_id"] for m in rows["mentions"] if m["theme_id"] == theme_id]
        rows["themes"].append(
            {
                "theme_id": theme_id,
                "label": label,
                "level": 1 if parent_id is None else 2,
                "parent_id": parent_id,
                "state": "active",
                "threshold": 0.45,
                "keywords": json.dumps({"en": label.lower().split()}),
                "definition": f"Feedback about: {label.lower()}.",
                "quote_ids": json.dumps(members[:8]),
                "n_statements": len(members),
            }
        )
