"""The bundled survey is what its README says: the same bytes each time, and every planted fact in the rows."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from tests.survey.identifiers import IDENTIFIERS, NOTES
from tests.survey.make_survey import COLUMNS, DATA, HERE, make_files
from tests.survey.plan import LANGUAGES, THEMES

STOCKS = sorted(HERE.glob("stock_*.json"))
NAMES = {theme.key for theme in THEMES}


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, str]]:
    return {row["response_id"]: row for row in read_csv(DATA / "survey.csv")}


@pytest.fixture(scope="module")
def statements() -> list[dict[str, str]]:
    return read_csv(HERE / "truth_statements.csv")


@pytest.fixture(scope="module")
def about() -> dict[str, dict[str, str]]:
    return {row["response_id"]: row for row in read_csv(HERE / "truth_responses.csv")}


@pytest.fixture(scope="module")
def truths() -> dict:
    return json.loads((DATA / "survey_truths.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def named(rows, statements, about) -> dict[str, set[str]]:
    """Themes of every meaningful response, from the statements' truth alone."""
    found: dict[str, set[str]] = {number: set() for number in rows if about[number]["kind"] != "non_answer"}
    for statement in statements:
        found[statement["response_id"]].add(statement["theme_key"])
    return found


def net_promoters(scores: list[int]) -> float:
    return 100 * (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)) / len(scores)


def share(theme: str, numbers: list[str], named: dict[str, set[str]]) -> float:
    return sum(theme in named[number] for number in numbers) / len(numbers)


def test_the_files_are_made_byte_for_byte():
    made = make_files()
    assert {path.name: path.read_bytes() == text.encode("utf-8") for path, text in made.items()} == {
        "survey.csv": True,
        "survey_truths.json": True,
        "README.md": True,
        "truth_statements.csv": True,
        "truth_identifiers.csv": True,
        "truth_responses.csv": True,
    }


def test_every_language_has_a_stock():
    assert [path.stem[-2:] for path in STOCKS] == sorted(LANGUAGES)


@pytest.mark.parametrize("path", STOCKS, ids=lambda path: path.stem)
def test_a_stock_is_rich_enough_and_says_nothing_twice(path):
    stock = json.loads(path.read_text(encoding="utf-8"))
    assert set(stock["themes"]) == NAMES
    assert set(stock["plain"]) == NAMES
    piles = [*stock["themes"].values(), *stock["plain"].values(), stock["neutral_general"]]
    sentences = [sentence for pile in piles for sentence in pile]
    assert len(sentences) == len({sentence.casefold().strip(" .!?؟") for sentence in sentences})
    least = {theme.key: 12 if theme.polarity == "negative" else 10 for theme in THEMES}
    assert [key for key, pile in stock["themes"].items() if len(pile) < least[key]] == []
    assert [key for key, pile in stock["plain"].items() if len(pile) < 12] == []
    assert [s for pile in stock["plain"].values() for s in pile if len(s.split()) > 16] == []
    slots = {name for sentence in sentences for name in re.findall(r"\{(.*?)\}", sentence)}
    assert slots <= set(stock["slots"])
    sizes = {name: len(stock[name]) for name in ("neutral_general", "openers", "connectors", "closers", "non_answers")}
    least_other = {"neutral_general": 10, "openers": 6, "connectors": 4, "closers": 6, "non_answers": 10}
    assert [name for name, size in sizes.items() if size < least_other[name]] == []


def test_columns_counts_and_blanks(rows, about, truths):
    assert tuple(next(iter(rows.values()))) == COLUMNS
    assert list(rows) == [f"R{number:05d}" for number in range(1, 2401)]
    days = [row["date"] for row in rows.values()]
    assert days == sorted(days)
    assert (days[0][:7], days[-1][:7], len({day[:7] for day in days})) == ("2025-10", "2026-09", 12)
    assert {row["plan"] for row in rows.values()} == {"Basic", "Family", "Business"}
    assert {row["region"] for row in rows.values()} == {"North", "South", "East", "West", "Capital"}
    assert {row["channel"] for row in rows.values()} == {"web", "app", "phone", "shop", "e-mail"}
    assert {row["nps"] for row in rows.values()} == {"", *map(str, range(11))}
    assert {row["csat"] for row in rows.values()} == {"", *"12345"}
    assert all(row["comment"].strip() for row in rows.values())

    def part(column: str) -> float:
        return sum(not row[column] for row in rows.values()) / len(rows)

    assert 0.02 < part("language") < 0.04
    assert 0.01 < part("nps") < 0.04
    assert 0.12 < part("csat") < 0.18
    assert 0.02 < part("customer_id") < 0.04
    assert {row["language"] or about[number]["language"] for number, row in rows.items()} == set(LANGUAGES)
    assert [n for n, row in rows.items() if row["language"] and row["language"] != about[n]["language"]] == []
    counted = Counter(row["language"] for row in about.values())
    assert truths["counts"]["languages"] == dict(sorted(counted.items()))
    assert all(abs(counted[code] / len(rows) - wanted) < 0.03 for code, wanted in LANGUAGES.items())
    customers = Counter(row["customer_id"] for row in rows.values() if row["customer_id"])
    assert set(customers.values()) == {1, 2}


def test_the_untidy_parts_are_there(rows, about, truths):
    kinds = Counter(row["kind"] for row in about.values())
    assert 0.06 < kinds["non_answer"] / len(rows) < 0.10
    assert truths["counts"]["non_answers"] == kinds["non_answer"]
    repeats = {number: row["duplicate_of"] for number, row in about.items() if row["duplicate_of"]}
    assert 0.02 < len(repeats) / len(rows) < 0.045
    assert truths["counts"]["duplicates"] == len(repeats)
    assert [n for n, original in repeats.items() if rows[n]["comment"] != rows[original]["comment"]] == []
    styles = Counter(style for row in about.values() for style in row["styles"].split())
    assert 0.03 < styles["typos"] / len(rows) < 0.07
    assert min(styles[s] for s in ("bare", "emoji", "html", "lower", "mixed", "plain_letters", "rant", "shout")) >= 8


def test_statements_lie_where_the_truth_says(rows, statements, about):
    places = defaultdict(list)
    for statement in statements:
        start, end = int(statement["start"]), int(statement["end"])
        text = rows[statement["response_id"]]["comment"][start:end]
        assert text and text == text.strip()
        assert statement["theme_key"] in NAMES
        assert about[statement["response_id"]]["kind"] != "non_answer"
        places[statement["response_id"]].append((start, end))
    assert all(a[1] <= b[0] for found in places.values() for a, b in pairwise(found))


def test_a_plain_statement_is_a_sentence_of_its_language(rows, statements, about):
    """Where nothing was roughened, the words at a place come from that theme's stock, slots aside."""
    known = defaultdict(set)
    for path in STOCKS:
        stock = json.loads(path.read_text(encoding="utf-8"))
        for key in NAMES:
            known[stock["language"], key] |= {
                re.compile(".+".join(map(re.escape, re.split(r"\{\w+\}", s.rstrip(".!?…؟")))))
                for s in (*stock["themes"][key], *stock["plain"][key])
            }
    seen = 0
    for statement in statements:
        row = about[statement["response_id"]]
        if set(row["styles"].split()) & {"typos", "lower", "bare", "shout", "mixed", "plain_letters", "opener"}:
            continue
        text = rows[statement["response_id"]]["comment"][int(statement["start"]) : int(statement["end"])]
        body = text.rstrip(".!?…؟")
        spelt = (body, body[0].upper() + body[1:], body[0].lower() + body[1:])
        patterns = known[row["language"], statement["theme_key"]]
        assert any(p.fullmatch(s) for p in patterns for s in spelt), statement
        seen += 1
    assert seen > 2000


def test_each_language_says_eighty_different_things(rows, statements, about):
    said = defaultdict(set)
    for statement in statements:
        text = rows[statement["response_id"]]["comment"][int(statement["start"]) : int(statement["end"])]
        said[about[statement["response_id"]]["language"]].add(re.sub(r"\W+", " ", text.casefold()).strip())
    assert sorted(said) == sorted(LANGUAGES)
    assert {code: len(texts) >= 150 for code, texts in said.items()} == dict.fromkeys(LANGUAGES, True)


def test_no_sentence_is_worn_out(rows, statements):
    texts = Counter(
        rows[s["response_id"]]["comment"][int(s["start"]) : int(s["end"])].casefold().rstrip(".") for s in statements
    )
    assert texts.most_common(1)[0][1] <= 15


def test_the_truth_file_agrees_with_the_rows(rows, named, truths):
    scored = {number: int(rows[number]["nps"]) for number in named if rows[number]["nps"]}
    overall = net_promoters(list(scored.values()))
    assert truths["nps"]["meaningful"] == round(overall, 2)
    assert 5 <= overall <= 15
    assert [theme["key"] for theme in truths["themes"]] == [theme.key for theme in THEMES]
    for theme in truths["themes"]:
        inside = [score for number, score in scored.items() if theme["key"] in named[number]]
        outside = [score for number, score in scored.items() if theme["key"] not in named[number]]
        mentions = sum(theme["key"] in themes for themes in named.values())
        assert theme["n_responses"] == mentions
        assert theme["share"] == round(mentions / len(named), 4)
        assert theme["nps_with"] == round(net_promoters(inside), 2)
        assert theme["nps_without"] == round(net_promoters(outside), 2)
        assert theme["gap"] == round(net_promoters(inside) - net_promoters(outside), 2)
        assert theme["impact"] == round(overall - net_promoters(outside), 2)
        assert (theme["impact"] < 0) == (theme["polarity"] == "negative")


def test_the_worst_theme_is_clearly_the_worst(truths):
    impacts = sorted((theme["impact"], theme["key"]) for theme in truths["themes"])
    assert impacts[0][1] == truths["special"]["worst_theme"] == "wait_for_support"
    assert impacts[0][0] < impacts[1][0] - 2


def test_billing_errors_hurt_business_most(rows, named, truths):
    rates, impacts = {}, {}
    for plan in ("Basic", "Family", "Business"):
        numbers = [number for number in named if rows[number]["plan"] == plan]
        rates[plan] = share("billing_errors", numbers, named)
        scored = [(int(rows[n]["nps"]), "billing_errors" in named[n]) for n in numbers if rows[n]["nps"]]
        without = net_promoters([score for score, told in scored if not told])
        impacts[plan] = net_promoters([score for score, _ in scored]) - without
    told = truths["special"]["billing_errors_hurts_most_in_business"]
    assert told["share"] == {plan: round(rate, 4) for plan, rate in rates.items()}
    assert told["impact"] == {plan: round(impact, 2) for plan, impact in impacts.items()}
    assert rates["Business"] > 3 * max(rates["Basic"], rates["Family"])
    assert impacts["Business"] < min(impacts["Basic"], impacts["Family"]) - 5


def test_facts_of_time_place_and_channel(rows, named, truths):
    special = truths["special"]

    def rate(theme: str, keep) -> float:
        return round(share(theme, [number for number in named if keep(rows[number])], named), 4)

    login = special["app_login_problems_starts"]
    assert login["share_before"] == rate("app_login_problems", lambda row: row["date"] < "2026-03")
    assert login["share_since"] == rate("app_login_problems", lambda row: row["date"] >= "2026-03")
    assert login["share_before"] < 0.01 < 0.07 < login["share_since"]

    east = special["outages_slow_internet_in_east"]["share"]
    assert east == {
        place: rate("outages_slow_internet", lambda row, place=place: row["region"] == place) for place in east
    }
    assert east["East"] > 2.5 * max(value for place, value in east.items() if place != "East")

    fixed = special["technician_no_show_fixed"]
    assert fixed["share_until"] == rate("technician_no_show", lambda row: row["date"] < "2026-07")
    assert fixed["share_after"] == rate("technician_no_show", lambda row: row["date"] >= "2026-07")
    assert fixed["share_until"] > 2.5 * fixed["share_after"]

    shop = special["friendly_staff_in_shop"]
    assert shop["share_shop"] == rate("friendly_staff", lambda row: row["channel"] == "shop")
    assert shop["share_elsewhere"] == rate("friendly_staff", lambda row: row["channel"] != "shop")
    assert shop["share_shop"] > 1.8 * shop["share_elsewhere"]


def _luhn(number: str) -> bool:
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    return sum(digits[0::2] + [sum(divmod(2 * d, 10)) for d in digits[1::2]]) % 10 == 0


def _iban(number: str) -> bool:
    plain = number.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def test_identifiers_are_test_values_and_nothing_else_looks_like_one(rows):
    fiction = re.compile(r"\+44 (7700 900|20 7946 0|1632 960)|\+1 \(?\d{3}\)?[ -]555-01\d\d$")
    assert all(re.search(r"@example\.(com|ro|org)$", value) for value in IDENTIFIERS["email"])
    assert all(fiction.match(value) for value in IDENTIFIERS["phone"])
    assert all(_luhn(value) for value in IDENTIFIERS["card"])
    assert all(_iban(value) for value in IDENTIFIERS["iban"])
    assert {code: set(notes) for code, notes in NOTES.items()} == {code: set(IDENTIFIERS) for code in LANGUAGES}

    planted: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for found in read_csv(HERE / "truth_identifiers.csv"):
        start, end = int(found["start"]), int(found["end"])
        assert rows[found["response_id"]]["comment"][start:end] in IDENTIFIERS[found["kind"]]
        planted[found["response_id"]].append((start, end))
    assert 15 <= len(planted) <= 45
    for number, row in rows.items():
        rest = row["comment"]
        for start, end in sorted(planted[number], reverse=True):
            rest = rest[:start] + rest[end:]
        assert not re.search(r"@|\d(?:[\s().-]*\d){6}", rest), number


def test_the_readme_says_it_is_made_up():
    assert "Made up from the first letter to the last" in (DATA / "README.md").read_text(encoding="utf-8")
