"""Who answers the made-up survey, when, about what and with which score: drawn before a word is written."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

SEED = "norvia-2026"
N_RESPONSES = 2400
FIRST_DAY, LAST_DAY = date(2025, 10, 1), date(2026, 9, 30)

LANGUAGES: Mapping[str, float] = {"en": 0.24, "ro": 0.16, "ru": 0.15, "it": 0.15, "ar": 0.15, "pl": 0.15}
PLANS: Mapping[str, float] = {"Basic": 0.44, "Family": 0.34, "Business": 0.22}
REGIONS: Mapping[str, float] = {"North": 0.18, "South": 0.20, "East": 0.20, "West": 0.18, "Capital": 0.24}
CHANNELS: Mapping[str, float] = {"web": 0.34, "app": 0.25, "phone": 0.14, "shop": 0.15, "e-mail": 0.12}

LOGIN_TROUBLE_FROM = "2026-03"  # first month of the app's bad release
NO_SHOWS_FIXED_AFTER = "2026-06"  # last month before the technicians' new schedule

BASE_LATENT = 8.2  # of 0..10, for a response that names no theme
LATENT_NOISE = 1.25  # standard deviation


@dataclass(frozen=True, slots=True)
class PlantedTheme:
    """A theme of the survey: ``weight`` is how often it comes up, ``effect`` what it adds to the latent score."""

    key: str
    label: str
    polarity: str
    weight: float
    effect: float


THEMES: tuple[PlantedTheme, ...] = (
    PlantedTheme("wait_for_support", "Waiting for support", "negative", 13.0, -3.4),
    PlantedTheme("unresolved_repeat_contact", "Repeated contact, still not solved", "negative", 6.0, -3.4),
    PlantedTheme("rude_staff", "Rude staff", "negative", 3.4, -3.0),
    PlantedTheme("billing_errors", "Billing errors", "negative", 4.2, -3.0),
    PlantedTheme("price_too_high", "Price too high", "negative", 10.0, -2.0),
    PlantedTheme("outages_slow_internet", "Outages and slow internet", "negative", 5.6, -2.7),
    PlantedTheme("app_login_problems", "Cannot log in to the app", "negative", 12.0, -2.1),
    PlantedTheme("technician_no_show", "Technician did not come", "negative", 5.6, -3.0),
    PlantedTheme("bot_no_human", "Chatbot, no human", "negative", 4.2, -2.3),
    PlantedTheme("unclear_contract", "Unclear contract", "negative", 3.6, -1.8),
    PlantedTheme("equipment_faulty", "Faulty equipment", "negative", 4.0, -2.0),
    PlantedTheme("hard_to_cancel", "Hard to cancel", "negative", 2.8, -2.8),
    PlantedTheme("friendly_staff", "Friendly staff", "positive", 17.0, 1.7),
    PlantedTheme("fast_reliable_connection", "Fast, reliable connection", "positive", 26.0, 1.8),
    PlantedTheme("easy_ordering", "Easy ordering", "positive", 13.0, 1.4),
    PlantedTheme("good_value", "Good value", "positive", 17.0, 1.6),
    PlantedTheme("app_easy", "The app is easy", "positive", 12.5, 1.3),
)
BY_KEY: Mapping[str, PlantedTheme] = {theme.key: theme for theme in THEMES}

# Nobody calls the same thing both good and bad in one breath.
OPPOSITES: Mapping[str, str] = {
    "price_too_high": "good_value",
    "outages_slow_internet": "fast_reliable_connection",
    "rude_staff": "friendly_staff",
    "app_login_problems": "app_easy",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One planned response. ``themes`` holds a key per statement (None: a vague one) in no particular order."""

    number: int  # 1-based
    customer_id: str
    day: date
    language: str
    plan: str
    region: str
    channel: str
    kind: str  # "answer", "rant" or "non_answer"
    themes: tuple[str | None, ...]
    nps: int | None
    csat: int | None

    @property
    def response_id(self) -> str:
        return f"R{self.number:05d}"

    @property
    def month(self) -> str:
        return self.day.isoformat()[:7]


def pick(rng: random.Random, weights: Mapping[str, float]) -> str:
    """Draw one key in proportion to its weight."""
    totals = list(accumulate(weights.values()))
    mark = rng.random() * totals[-1]
    return next(key for key, total in zip(weights, totals, strict=True) if mark < total)


def theme_weights(plan: str, region: str, channel: str, month: str) -> dict[str, float]:
    """How often each theme comes up for one segment in one month: this is where the facts are planted."""
    weights = {theme.key: theme.weight for theme in THEMES}
    weights["billing_errors"] *= 5.5 if plan == "Business" else 1.0
    weights["price_too_high"] *= 0.6 if plan == "Business" else 1.15
    weights["outages_slow_internet"] *= 4.5 if region == "East" else 1.0
    weights["app_login_problems"] *= 1.0 if month >= LOGIN_TROUBLE_FROM else 0.02
    weights["technician_no_show"] *= 1.0 if month <= NO_SHOWS_FIXED_AFTER else 0.2
    weights["friendly_staff"] *= 3.2 if channel == "shop" else 0.8
    return weights


def _draw_themes(rng: random.Random, weights: dict[str, float], kind: str) -> tuple[str | None, ...]:
    if kind == "non_answer":
        return ()
    if kind == "answer" and rng.random() < 0.05:
        return (None,)
    mood = pick(rng, {p: sum(weights[t.key] for t in THEMES if t.polarity == p) for p in ("negative", "positive")})
    # Someone who is cross mostly tells cross things, with the odd good word, and the other way round.
    leaning = {t.key: weights[t.key] * (1.0 if t.polarity == mood else 0.16) for t in THEMES}
    wanted = rng.choice((2, 3)) if kind == "rant" else int(pick(rng, {"1": 0.48, "2": 0.36, "3": 0.16}))
    chosen: list[str | None] = []
    for _ in range(wanted):
        key = pick(rng, leaning)
        chosen.append(key)
        for spent in (key, OPPOSITES.get(key), *(good for good in OPPOSITES if OPPOSITES[good] == key)):
            if spent:
                leaning[spent] = 0.0
    if kind == "rant":
        chosen += [chosen[0], *rng.sample((None, chosen[0], chosen[1]), k=rng.choice((1, 2)))]
    elif wanted < 3 and rng.random() < 0.10:
        chosen.append(chosen[0] if rng.random() < 0.4 else None)
    return tuple(chosen)


def _draw_scores(rng: random.Random, themes: Sequence[str | None]) -> tuple[int | None, int | None]:
    named = sorted({key for key in themes if key})
    latent = BASE_LATENT + sum(BY_KEY[key].effect for key in named) + rng.gauss(0.0, LATENT_NOISE)
    nps = min(10, max(0, round(latent)))
    csat = min(5, max(1, round(1 + 4 * (latent + rng.gauss(0.0, 0.8)) / 10)))
    return (None if rng.random() < 0.025 else nps), (None if rng.random() < 0.15 else csat)


def draw_answers(languages: Sequence[str]) -> list[Answer]:
    """Draw every response, oldest first. ``languages`` are those a stock of sentences exists for."""
    rng = random.Random(f"{SEED}:answers")
    spoken = {code: share for code, share in LANGUAGES.items() if code in languages}
    days = sorted(FIRST_DAY + timedelta(rng.randrange((LAST_DAY - FIRST_DAY).days + 1)) for _ in range(N_RESPONSES))
    answers: list[Answer] = []
    returned: set[str] = set()
    for number, day in enumerate(days, start=1):
        customer, language = f"C{10_000 + 7 * number}", pick(rng, spoken)
        plan, region, channel = pick(rng, PLANS), pick(rng, REGIONS), pick(rng, CHANNELS)
        if number > 500 and rng.random() < 0.09:  # the same customer answers again, months later
            earlier = answers[rng.randrange(number - 400)]
            if earlier.customer_id and earlier.customer_id not in returned:
                returned.add(earlier.customer_id)
                customer, language = earlier.customer_id, earlier.language
                plan, region = earlier.plan, earlier.region
        if rng.random() < 0.03:
            customer = ""
        kind = pick(rng, {"answer": 0.90, "rant": 0.02, "non_answer": 0.08})
        themes = _draw_themes(rng, theme_weights(plan, region, channel, day.isoformat()[:7]), kind)
        nps, csat = _draw_scores(rng, themes)
        answers.append(Answer(number, customer, day, language, plan, region, channel, kind, themes, nps, csat))
    return answers
