"""The page and the game open on a user's own market."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pricewar import load, market_from
from pricewar.app.game import Game
from pricewar.app.game_rules import GameRules
from pricewar.app.happenings import buttons
from pricewar.app.opened import known_markets, open_markets, own_markets, place_of
from pricewar.app.seats import player_view
from pricewar.app.settings import first_leader, read_settings
from pricewar.base.errors import InputError
from pricewar.from_table.examples import example_tables
from pricewar.runs import run


@pytest.fixture(params=["supermarkets", "streaming", "airline"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    made = market_from(example_tables()[request.param], period="week", currency="EUR")
    open_markets([made.save(tmp_path / "own")])
    yield request.param
    open_markets([])


def test_the_page_runs_it_with_its_levers(opened: str) -> None:
    assert known_markets()[0] == opened
    settings = read_settings({"scenario": opened, "a.cut_depth": "20", "b.elasticity": "-4", "compare": "1"})
    for side in ("a", "b"):
        scenario = settings.plan(side).scenario.but(periods=8)
        assert scenario.market.currency == "EUR"
        assert run(scenario).runs["status"].eq("ok").all()
    assert "extends" not in settings.plan("a").toml


def test_a_game_is_played_in_it(opened: str) -> None:
    game = Game(GameRules(market=opened, firms=2, rounds=4))
    assert len(game.firms) == 2
    assert set(game.firms) <= set(game.base.firms)
    assert game.base.period == "week"


def test_prices_have_the_digits_that_they_need(opened: str) -> None:
    game = Game(GameRules(market=opened, firms=2, rounds=4))
    ticket = game.join("Ann")
    game.join("Bo")
    game.order(game.teacher_token, "start", 0.0)
    for _ in range(2):  # in the second round from the first one's price
        seen = player_view(game, ticket.firm, 0.0)
        low, high = seen["limits"]["list"]
        asked = round(0.9 * seen["reference"], 2) + 0.01
        game.decide(ticket.token, game.round, asked, 0.25, 0.0)
        seen = player_view(game, ticket.firm, 0.0)
        assert seen["decided"] == [pytest.approx(asked, abs=1e-9), 0.25]
        assert seen["stands"]["price"] == pytest.approx(asked - 0.25, abs=1e-9)
        assert [low, high] == [round(low, 2), round(high, 2)]
        game.order(game.teacher_token, "next", 0.0)
        assert player_view(game, ticket.firm, 0.0)["last"]["stood"] == pytest.approx(asked - 0.25, abs=0.006)
    refused = game.outlook(ticket.firm).refusal(low - 0.02, 0.0)
    assert game.base.words.prices(high) in refused


def test_money_that_is_given_fits_the_market(opened: str) -> None:
    market = Game(GameRules(market=opened, firms=2, rounds=4)).base
    subsidy = next(one for one in buttons(market.words) if one["sort"] == "subsidy")
    price = max(product.price for product in market.products.values())
    assert 0.0 < subsidy["low"] < subsidy["usual"] < subsidy["high"] < price
    assert subsidy["unit"] == f"EUR {market.words.a_unit}"
    act = f"subsidy@2::{subsidy['usual']:g}"
    link = read_settings({"scenario": opened, "a.acts": act})
    assert link.query["a.acts"] == act
    (measure,) = link.plan("a").scenario.interventions
    assert (measure.amount, measure.label) == (
        pytest.approx(subsidy["usual"]),
        f"Trade-in money of {market.words.prices(subsidy['usual'])} {market.words.a_unit} for six weeks",
    )
    with pytest.raises(InputError, match="size from"):
        read_settings({"scenario": opened, "a.acts": "subsidy@2::10000"})


def test_a_limit_by_the_week_is_one_by_the_week(opened: str) -> None:
    plan = read_settings({"scenario": opened, "a.acts": "limit@2::5,cut@2:" + leader(opened) + ":30"}).plan(
        "a"
    )
    prices = run(plan.scenario.but(periods=6)).require_complete().products
    own = prices[prices["firm"] == leader(opened)].pivot(index="period", columns="product", values="price")
    falls = own.pct_change().min(axis=1)
    assert falls[2] == pytest.approx(-0.05, rel=1e-6)
    assert falls[3] == pytest.approx(-0.05, rel=1e-6)


def leader(market: str) -> str:
    return first_leader(load(place_of(market)))


def test_a_name_that_ships_is_refused(tmp_path: Path) -> None:
    made = market_from(example_tables()["airline"], name="baseline")
    with pytest.raises(InputError, match="a name that no other market"):
        open_markets([made.save(tmp_path / "own")])
    assert own_markets() == ()


def test_a_market_that_was_not_opened_is_refused() -> None:
    with pytest.raises(InputError, match="one of anti-involution"):
        read_settings({"scenario": "shops"})
    with pytest.raises(ValueError, match="one of textbook, china"):
        GameRules(market="shops")
