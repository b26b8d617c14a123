"""The words of a market: its money, its units, its periods, in every table, figure, page and message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pytest
from typer.testing import CliRunner

from pricewar.base.words import PLAIN, SCALES, Words, singular
from pricewar.cli.app import app
from pricewar.events import CapacityChange, Cut, FixedCost, Subsidy
from pricewar.interventions import Intervention
from pricewar.plots.experiment import unit_of
from pricewar.results.schema import SCHEMA
from pricewar.runs import run
from pricewar.scenario.files import load, shipped_scenarios
from pricewar.scenario.units import times_money

MARKET: Final = """
name = "corner"
title = "Two chains of supermarkets"
period = "week"
start = "2025-05-12"
periods = 16
[market]
currency = "EUR"
unit = "baskets"
[consumers]
shoppers = 20000
draws = 100
[noise]
taste_sd = 0.05
[dynamics]
waiting.on = true
reference_price.on = true
brand.on = true
loyalty.on = true
pull_forward.on = true
backlog.on = true
dealer_stock.on = true
learning.on = true
[supply_chain.groups.farms]
name = "Farms"
share = 0.5
[firms.aldo]
name = "Aldo"
strategy.kind = "Match"
fixed_cost = 1500.0
[firms.berta]
name = "Berta"
strategy.kind = "StockClearing"
[products.a-small]
firm = "aldo"
name = "Small basket"
list_price = 6.99
units = 3000
[products.a-large]
firm = "aldo"
name = "Large basket"
list_price = 19.99
units = 1000
[products.b-small]
firm = "berta"
name = "Small basket"
list_price = 7.49
promotion = 0.3
units = 4000
"""
CUT: Final = """
extends = "corner"
[[events]]
kind = "Cut"
firm = "berta"
period = 4
until_period = 9
amount = 1.5
[[events]]
kind = "FixedCost"
firm = "berta"
period = 3
amount = 900.0
[[events]]
kind = "Subsidy"
month = "2025-07"
amount = 0.25
[[events]]
kind = "CapacityChange"
firm = "aldo"
month = "2025-06-02"
units = 500
[[events]]
kind = "ChipShock"
firms = ["aldo"]
period = 11
cost = 0.4
[[interventions]]
kind = "PriceFloor"
period = 12
price = 5.5
"""
FOREIGN: Final = re.compile(
    r"\b(cars?|vehicles?|CNY|yuan|RMB|batter(y|ies)|makers?|NEVs?|electric|petrol|BYD|Aito|China|SUV|kWh)\b|nev_"
    r"|battery_|petrol_",
    re.IGNORECASE,
)
COLUMNS: Final = {column.name for table in SCHEMA.values() for column in table}
"""Names of stored columns are the same for every market, whatever it sells (ADR 0097)."""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Everything that comes out of one market of one's own: name -> text."""
    home = tmp_path_factory.mktemp("corner")
    for name, text in (("corner", MARKET), ("corner-cut", CUT)):
        (home / f"{name}.toml").write_text(text, encoding="utf-8")
    files = [str(home / "corner.toml"), str(home / "corner-cut.toml")]
    runner, told = CliRunner(), dict[str, str]()
    for command in (
        ["check", *files],
        ["calibrate", files[0], "--out", str(home / "fit")],
        ["run", files[1], "--out", str(home / "one")],
        ["compare", *files, "--seeds", "2", "--out", str(home / "two")],
    ):
        result = runner.invoke(app, command)
        assert result.exit_code == 0, result.output
        told[command[0]] = result.output.replace(str(home), "")
    return told | dict(_texts(home))


def _texts(home: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(home.rglob("*")):
        name, where = path.suffix, str(path.relative_to(home))
        if name in (".html", ".svg", ".md"):
            yield where, re.sub(r"base64,[^\"]+", "", path.read_text(encoding="utf-8"))
        elif path.name == "captions.json":
            yield where, path.read_text(encoding="utf-8")
        elif name == ".csv":
            words = re.split(r"[,\n]", path.read_text(encoding="utf-8"))
            yield where, "\n".join(word for word in words if word not in COLUMNS)


def test_no_output_speaks_of_the_goods_of_another_market(outputs: dict[str, str]) -> None:
    assert {"check", "run", "compare", "two/report.html", "two/log.csv"} <= set(outputs)
    assert sum(name.endswith(".svg") for name in outputs) >= 10
    found = {
        name: [text[max(0, hit.start() - 60) : hit.end() + 30] for hit in FOREIGN.finditer(text)]
        for name, text in outputs.items()
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_outputs_speak_of_the_market_s_own_money_units_and_periods(outputs: dict[str, str]) -> None:
    report, captions = outputs["two/report.html"], outputs["two/figures/captions.json"]
    assert "mean price, EUR" in outputs["compare"]
    assert "baskets, thousand" in outputs["compare"]
    assert "consumer surplus, thousand EUR" in outputs["compare"]
    for words in ("Baskets delivered (thousand)", "EUR a basket ordered in “Two chains", "16 weeks",
                  "Lag (weeks)", "weight of the newest month", "baskets a week before the first week",
                  "Sacrifice (EUR thousand)"):  # fmt: skip
        assert words in report, words
    assert "share of baskets delivered" in captions
    assert "over 16 weeks, EUR thousand" in captions
    log = outputs["two/log.csv"]
    for words in ("2025-W24", "berta cuts prices by 1.50 EUR", "+900 EUR a week", "+0.25 EUR a basket",
                  "+ 500 baskets a week", "0.40 EUR more a basket"):  # fmt: skip
        assert words in log, words
    assert "6.99" in outputs["calibrate"], "prices have the digits that they need"


def test_axes_speak_of_weeks_and_euros(outputs: dict[str, str]) -> None:
    svg = outputs["two/figures/consumer-surplus.svg"]
    assert "Difference, EUR thousand a week" in svg
    assert "<!-- Week -->" in svg
    assert "W20 25" in svg


def test_the_words_of_cars_in_china_are_those_that_they_were() -> None:
    for name in shipped_scenarios():
        words = load(name).words
        assert (words.money, words.units, words.maker, words.period) == ("CNY", "cars", "maker", "month")
        assert [words.total.word, words.many.word, words.price.word] == ["bn", "million", "thousand"], name
        assert words.axis() == "CNY bn"
        assert words.of_money() == "bn CNY"
        assert words.amount("1.2") == "CNY 1.2 bn"


def test_results_of_before_words_are_of_cars_in_china() -> None:
    assert Words.of({}).axis() == "CNY bn"
    assert Words.of({"market": {"vat": 0.13}, "products": {}}).units == "cars"
    assert PLAIN.money == "money"
    assert PLAIN.prices(6.5) == "6.50"
    assert PLAIN.amount("3") == "3"


@pytest.mark.parametrize(
    ("plural", "one"),
    [("cars", "car"), ("boxes", "box"), ("deliveries", "delivery"), ("glasses", "glass"), ("dishes", "dish"),
     ("seats", "seat"), ("subscriptions", "subscription"), ("fish", "fish"), ("ties", "tie")],
)  # fmt: skip
def test_one_of_many(plural: str, one: str) -> None:
    assert singular(plural) == one


@pytest.mark.parametrize(("price", "asked", "lowest"), [(6.99, 6.29, 6.3), (128_000.0, 6, 7)])
def test_prices_are_asked_for_in_cents_or_in_whole_money(price: float, asked: float, lowest: float) -> None:
    words = Words.of({"products": {"a": {"units": 10.0, "list_price": price, "promotion": 0.0}}})
    assert words.rounded(6.2912) == asked
    assert words.raised(6.2912) == lowest
    assert words.raised(lowest * (1.0 + 1e-12)) == lowest  # rounding is no reason to ask for a cent more


def test_figures_of_experiments_have_the_units_of_their_market() -> None:
    shops = Words.of(
        {
            "market": {"currency": "EUR", "unit": "baskets"},
            "period": "week",
            "firms": {"a": {}},
            "products": {"b": {"units": 1e6, "list_price": 60.0, "promotion": 0.0}},
        }
    )
    assert unit_of("diff.welfare", shops) == (1e6, "EUR million")
    assert unit_of("operating_profit.a", shops) == (1e6, "EUR million")
    assert unit_of("units", shops) == (1e6, "million baskets")
    assert unit_of("war_months", shops) == (1.0, "weeks")
    assert unit_of("mine:metric", shops) == (1.0, "")
    cars = load("baseline").words
    assert unit_of("diff.welfare", cars) == (1e9, "CNY bn")


@pytest.mark.parametrize("k", [1e-3, 1.0, 1e3, 1e9])
def test_numbers_have_the_scale_of_the_market(k: float) -> None:
    tree = {"market": {"currency": "X", "unit": "y"}, "products": {"a": {"units": 4e4, "list_price": 7.0 * k,
            "promotion": 0.0}}}  # fmt: skip
    words, year = Words.of(tree), 12 * 4e4 * 7.0 * k
    assert words.total in SCALES
    assert words.total.size == 1.0 or year >= 10 * words.total.size
    assert words.price.size <= 7.0 * k or words.price.size == 1.0


def test_events_speak_without_a_name_for_money_too() -> None:
    cut = Cut(month="2025-06", firm="a", amount=1234.0)
    assert cut.describe() == "a cuts prices by 1,234"
    assert CapacityChange(period=1, firm="a", units=5.0).describe() == "capacity of a + 5 units a month"
    assert Subsidy(period=1, amount=-2.5).describe() == "subsidy -2.50 a unit"
    assert FixedCost(period=1, firm="a", amount=300.0).describe() == "fixed cost of a +300 a month"
    assert Intervention(period=2).describe() == "intervention"


@pytest.mark.parametrize(("field", "value"), [("currency", "a\nb"), ("currency", "<b>"), ("unit", "")])
def test_words_that_would_break_a_page_are_refused(field: str, value: object) -> None:
    from pricewar.base.errors import InputError

    with pytest.raises(InputError, match=rf"market\.{field}"):
        load("baseline").but({f"market.{field}": value})


def _tables(tmp_path: Path) -> tuple[Path, Path]:
    base, other = tmp_path / "corner.toml", tmp_path / "corner-cut.toml"
    base.write_text(MARKET, encoding="utf-8")
    other.write_text(CUT, encoding="utf-8")
    return base, other


def test_money_times_a_thousand_is_the_same_market_by_the_week(tmp_path: Path) -> None:
    scenario = load(_tables(tmp_path)[1])
    one, other = (run(s).require_complete() for s in (scenario, scenario.but(times_money(scenario, 1000.0))))
    for name in ("units", "orders", "war_index", "hhi"):
        pd.testing.assert_series_equal(one.market[name], other.market[name], rtol=1e-7, atol=1e-7)
    for name in ("mean_price", "producer_surplus", "fiscal_cost"):
        pd.testing.assert_series_equal(1000.0 * one.market[name], other.market[name], rtol=1e-6, atol=1e-3)
    assert other.words().total.size > one.words().total.size


def test_names_change_nothing(tmp_path: Path) -> None:
    """Currency, unit, title and the order of products are words: not one number moves."""
    scenario = load(_tables(tmp_path)[1])
    tree: dict[str, Any] = json.loads(scenario.model_dump_json())
    tree["market"] |= {"currency": "Taler", "unit": "sacks"}
    tree["title"], tree["products"] = "other", dict(reversed(tree["products"].items()))
    tree["firms"] = dict(reversed(tree["firms"].items()))
    one, other = run(scenario).require_complete(), run(load(tree)).require_complete()
    assert scenario.but({"market.currency": "Taler", "market.unit": "sacks"}).digest == scenario.digest
    for name in ("units", "mean_price", "producer_surplus", "hhi"):
        pd.testing.assert_series_equal(one.market[name], other.market[name], rtol=1e-9)


def test_a_price_of_zero_is_refused_with_the_reason() -> None:
    from pricewar.base.errors import InputError

    for price, words in ((0, "no change is a percentage of a price of 0"), (-1, "no change is a percentage")):
        with pytest.raises(InputError, match=words):
            load("textbook-duopoly").but({"products.left-car.list_price": price})
    with pytest.raises(InputError, match="no price is 0"):
        load("textbook-duopoly").but({"products.left-car.promotion": 147292.6660})


def seats(**changes: Any) -> Any:
    """Two airlines on a route, seats by the day: who finds none takes the other or stays at home."""
    return load(
        {
            "name": "route",
            "period": "day",
            "start": "2025-06-02",
            "periods": 10,
            "market": {"currency": "USD", "unit": "seats"},
            "consumers": {"shoppers": 2000, "draws": 100},
            "dynamics": {"backlog": {"on": True, "longest_months": 0.0}},
            "firms": {
                "east": {"name": "East", "strategy": "Hold", "capacity": 650},
                "west": {"name": "West", "strategy": "Hold"},
            },
            "products": {
                "e1": {"firm": "east", "name": "E1", "list_price": 119.0, "units": 600},
                "w1": {"firm": "west", "name": "W1", "list_price": 129.0, "units": 400},
            },
            **changes,
        }
    )


def test_seats_that_are_full_send_people_to_a_second_choice_and_are_lost_when_empty() -> None:
    cut = {"kind": "Cut", "firm": "east", "period": 2, "until_period": 4, "depth": 0.25}
    rest, full = (run(seats(**more)).require_complete() for more in ({}, {"events": [cut]}))
    free = run(seats(events=[cut], dynamics={})).require_complete()
    east = {name: r.firms.query("firm == 'east'")["units"].to_numpy() for name, r in
            (("rest", rest), ("full", full), ("free", free))}  # fmt: skip
    assert east["free"][2:5].min() > 700, "without the limit it would sell more"
    assert east["full"][2:5] == pytest.approx([650.0] * 3, rel=1e-9)
    assert east["full"][5:] == pytest.approx(east["rest"][5:], rel=1e-9), "empty seats are not kept"
    assert full.firms["backlog"].max() == pytest.approx(0.0, abs=1e-9)
    west = {
        r: x.firms.query("firm == 'west'")["units"].to_numpy()[3] for r, x in (("full", full), ("free", free))
    }
    assert west["full"] > west["free"], "some of those without a seat fly with the other"


def test_a_capacity_that_does_nothing_is_told() -> None:
    from pricewar.scenario.hints import hints

    told = "\n".join(hints(seats(dynamics={})))
    assert "firms.east.capacity" in told
    assert "firms.east.capacity" not in "\n".join(hints(seats()))
