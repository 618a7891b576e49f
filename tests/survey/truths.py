"""What is true of the survey by construction, counted again from the finished rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.survey.plan import (
    LOGIN_TROUBLE_FROM,
    NO_SHOWS_FIXED_AFTER,
    PLANS,
    REGIONS,
    SEED,
    THEMES,
    Answer,
)
from tests.survey.wording import Comment

Row = tuple[Answer, Comment, frozenset[str]]


def nps(scores: Sequence[int]) -> float:
    """Net promoter score of 0-10 answers, -100..100."""
    return 100 * (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)) / len(scores)


def _link(rows: Sequence[Row], theme: str) -> dict[str, Any]:
    """Share of a theme among meaningful responses and what it does to their NPS."""
    scored = [(answer.nps, theme in themes) for answer, _, themes in rows if answer.nps is not None]
    everyone = nps([score for score, _ in scored])
    with_it = nps([score for score, named in scored if named])
    without = nps([score for score, named in scored if not named])
    number = sum(theme in themes for *_, themes in rows)
    return {
        "n_responses": number,
        "share": round(number / len(rows), 4),
        "nps_with": round(with_it, 2),
        "nps_without": round(without, 2),
        "gap": round(with_it - without, 2),
        "impact": round(everyone - without, 2),
    }


def _share(rows: Sequence[Row], theme: str, among: Callable[[Answer], bool] = lambda _: True) -> float:
    chosen = [themes for answer, _, themes in rows if among(answer)]
    return round(sum(theme in themes for themes in chosen) / len(chosen), 4)


def measure(answers: Sequence[Answer], comments: Sequence[Comment]) -> dict[str, Any]:
    """Return the content of ``survey_truths.json``. Non-answers count in the totals only."""
    rows: list[Row] = [
        (answer, comment, frozenset(piece.theme for piece in comment.pieces if piece.theme))
        for answer, comment in zip(answers, comments, strict=True)
        if answer.kind != "non_answer"
    ]
    themes = [
        {"key": t.key, "label": t.label, "polarity": t.polarity, "effect": t.effect, **_link(rows, t.key)}
        for t in THEMES
    ]
    languages = sorted({answer.language for answer in answers})
    by_plan = {plan: _link([row for row in rows if row[0].plan == plan], "billing_errors") for plan in PLANS}
    special = {
        "billing_errors_hurts_most_in_business": {
            "share": {plan: by_plan[plan]["share"] for plan in PLANS},
            "impact": {plan: by_plan[plan]["impact"] for plan in PLANS},
        },
        "app_login_problems_starts": {
            "first_month": LOGIN_TROUBLE_FROM,
            "share_before": _share(rows, "app_login_problems", lambda a: a.month < LOGIN_TROUBLE_FROM),
            "share_since": _share(rows, "app_login_problems", lambda a: a.month >= LOGIN_TROUBLE_FROM),
        },
        "outages_slow_internet_in_east": {
            "share": {
                region: _share([row for row in rows if row[0].region == region], "outages_slow_internet")
                for region in REGIONS
            }
        },
        "technician_no_show_fixed": {
            "last_bad_month": NO_SHOWS_FIXED_AFTER,
            "share_until": _share(rows, "technician_no_show", lambda a: a.month <= NO_SHOWS_FIXED_AFTER),
            "share_after": _share(rows, "technician_no_show", lambda a: a.month > NO_SHOWS_FIXED_AFTER),
        },
        "friendly_staff_in_shop": {
            "share_shop": _share(rows, "friendly_staff", lambda a: a.channel == "shop"),
            "share_elsewhere": _share(rows, "friendly_staff", lambda a: a.channel != "shop"),
        },
        "worst_theme": min(themes, key=lambda theme: theme["impact"])["key"],
    }
    return {
        "about": "Made-up survey of the made-up provider Norvia; nobody in it exists. See README.md.",
        "seed": SEED,
        "question": "What is the main reason for your score?",
        "counts": {
            "responses": len(answers),
            "meaningful": len(rows),
            "non_answers": len(answers) - len(rows),
            "duplicates": sum(bool(comment.duplicate_of) for comment in comments),
            "with_identifier": sum(any(p.identifier for p in comment.pieces) for comment in comments),
            "statements": sum(bool(piece.theme) for comment in comments for piece in comment.pieces),
            "languages": {code: sum(answer.language == code for answer in answers) for code in languages},
        },
        "nps": {
            "all_responses": round(nps([a.nps for a in answers if a.nps is not None]), 2),
            "meaningful": round(nps([row[0].nps for row in rows if row[0].nps is not None]), 2),
        },
        "themes": themes,
        "special": special,
    }


def describe(truths: dict[str, Any]) -> str:
    """Return the README of the data folder, its figures taken from the truths."""
    counts, special = truths["counts"], truths["special"]
    billing, login = special["billing_errors_hurts_most_in_business"], special["app_login_problems_starts"]
    fixed, shop = special["technician_no_show_fixed"], special["friendly_staff_in_shop"]
    east = special["outages_slow_internet_in_east"]["share"]
    elsewhere = max(share for region, share in east.items() if region != "East")
    languages = ", ".join(f"{code} {number}" for code, number in counts["languages"].items())
    table = "\n".join(
        f"| `{t['key']}` | {t['polarity']} | {t['effect']:+.1f} | {t['share']:.1%} "
        f"| {t['nps_with']:+.1f} | {t['nps_without']:+.1f} | {t['gap']:+.1f} | {t['impact']:+.1f} |"
        for t in truths["themes"]
    )
    return f"""# The bundled survey

**Made up from the first letter to the last.** Norvia, a telephone and internet provider, does not exist, and
neither do its customers. The sentences were written for this project and copied from nowhere; a seeded program
joined them into answers and drew the scores. Use it to see the program at work, never as evidence about customers.

- `survey.csv`: {counts["responses"]:,} answers (UTF-8, commas) to "{truths["question"]}", from 2025-10-01 to
  2026-09-30. Languages: {languages}.
- `survey_truths.json`: the facts planted in it, as achieved in the rows.

Both, and this page, are written by `python -m tests.survey.make_survey`, byte for byte the same each time.

| column | what it is |
|---|---|
| `response_id` | R00001 and on, oldest first |
| `customer_id` | some customers answer twice; about 3 % are empty |
| `date` | ISO date |
| `language` | ISO 639-1 code; about 3 % are empty |
| `nps` | 0-10, "how likely are you to recommend us"; a few are empty |
| `csat` | 1-5, 5 is best; about 15 % are empty |
| `plan`, `region`, `channel` | segments |
| `comment` | the answer |

What makes it like the real thing: {counts["non_answers"]} non-answers ("n/a", "nimic", "..."), {counts["duplicates"]} \
exact repeats, typing errors, all lower
case, Romanian and Polish without diacritics, two languages in one answer, leftover HTML, emoji, rants, and
{counts["with_identifier"]} answers with an identifier (example domains, numbers reserved for fiction, test cards, \
IBANs out of manuals).

## What is planted

NPS of the meaningful answers (all but non-answers): **{truths["nps"]["meaningful"]:+.1f}**. An answer's latent
satisfaction (0-10) is a base plus the effects of the themes it names plus noise; NPS and CSAT are rounded from it.
Share: of the meaningful answers. Gap: NPS of those naming the theme minus NPS of the others. Impact: NPS of all
minus NPS of the others, in points; negative means the theme pulls the score down.

| theme | polarity | effect | share | NPS with | NPS without | gap | impact |
|---|---|---|---|---|---|---|---|
{table}

1. The worst theme is `{special["worst_theme"]}`.
2. `billing_errors` hurts most in plan Business: {billing["share"]["Business"]:.1%} of its answers and \
{billing["impact"]["Business"]:+.1f} points (Basic {billing["impact"]["Basic"]:+.1f}, \
Family {billing["impact"]["Family"]:+.1f}).
3. `app_login_problems` starts in {login["first_month"]}: {login["share_before"]:.1%} of the answers before, \
{login["share_since"]:.1%} since.
4. `outages_slow_internet` sits in region East: {east["East"]:.1%} there, at most {elsewhere:.1%} elsewhere.
5. `technician_no_show` is mended after {fixed["last_bad_month"]}: {fixed["share_until"]:.1%} until then, \
{fixed["share_after"]:.1%} after.
6. `friendly_staff` is named most in the shop: {shop["share_shop"]:.1%} there, {shop["share_elsewhere"]:.1%} elsewhere.

Which statement speaks of which theme, with its place in the comment, is in the source tree under
`tests/survey/truth_statements.csv`, identifiers in `truth_identifiers.csv`, everything else about a row in
`truth_responses.csv`. Places are counted in characters of the comment as it stands in the file, end exclusive.
"""
