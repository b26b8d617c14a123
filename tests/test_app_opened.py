"""The page and the game open on a user's own market."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pricewar import market_from
from pricewar.app.game import Game
from pricewar.app.game_rules import GameRules
from pricewar.app.opened import known_markets, open_markets, own_markets
from pricewar.app.settings import read_settings
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
