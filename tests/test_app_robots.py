"""Computer firms that only a game has, and textbook markets and tables with numbers of one's own."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.game import Game
from pricewar.app.game_rules import GameRules
from pricewar.app.markets import START, Textbook, make_market, textbook
from pricewar.app.robots import GRID, Trained, trained
from pricewar.base.errors import InputError
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.game import logit_game
from pricewar.market.model import PriceWar
from pricewar.scenario.files import shipped_scenarios


def prices(game: Game, rounds: int) -> np.ndarray:
    """(rounds, firms) prices of a market in which nobody sits."""
    game.order(game.teacher_token, "start", 0.0)
    for _ in range(rounds):
        game.order(game.teacher_token, "next", 0.0)
    return np.array([month.offers.price for month in game.model.history])


@pytest.mark.parametrize("firms", sorted(GRID))
def test_learners_among_themselves_play_the_path_of_their_table(firms: int) -> None:
    rules = trained((100_000.0,) * firms, 200_000.0, 25_000.0, 1)
    grid, m = np.array(rules[0]["grid"]), GRID[firms]
    game = Game(GameRules(firms=firms, rounds=8, computer="q-learner"))
    found = prices(game, 8)
    digits = np.abs(grid - START).argmin(axis=1)
    for month in found:
        state = int(np.ravel_multi_index(tuple(digits), (m,) * firms))
        digits = np.array([rule["policy"][state] for rule in rules])
        np.testing.assert_allclose(month, grid[np.arange(firms), digits])
    best = logit_game(LogitMarket((2.0,) * firms, (1.0,) * firms), m)
    assert grid.min() < best.nash[0] * 1e5 < best.monopoly[0] * 1e5 < grid.max()


def test_a_learner_answers_a_cut_as_its_table_says_and_the_same_seed_learns_the_same() -> None:
    game = Game(GameRules(firms=2, rounds=4, computer="q-learner"))
    ticket = game.join("Ann")
    game.order(game.teacher_token, "start", 0.0)
    game.decide(ticket.token, 0, 150_000, 0, 1.0)
    game.decide(ticket.token, 1, 150_000, 0, 1.0)
    rule = game.base.firms["birch"].strategy
    assert isinstance(rule, Trained)
    again = trained.__wrapped__((100_000.0,) * 2, 200_000.0, 25_000.0, 1)[1]
    assert list(rule.policy) == again["policy"]
    grid = np.array(rule.grid)
    before = game.model.history[0].offers.price
    state = np.ravel_multi_index(tuple(np.abs(grid - before[:, None]).argmin(axis=1)), grid.shape[1:] * 2)
    assert game.model.history[1].offers.price[1] == pytest.approx(grid[1, rule.policy[int(state)]])


def test_a_campaigner_answers_lost_sales_for_three_months() -> None:
    game = Game(GameRules(firms=2, rounds=8, computer="campaign"))
    ticket = game.join("Ann")
    game.order(game.teacher_token, "start", 0.0)
    for round_, asked in enumerate((180_000, 150_000, 180_000, 180_000, 180_000, 180_000, 180_000, 180_000)):
        game.decide(ticket.token, round_, asked, 0, 1.0)
    other = [month.offers.price[1] for month in game.model.history]
    assert other == pytest.approx([START, START, *[0.9 * START] * 3, START, START, START])


def test_a_textbook_market_of_the_usual_numbers_is_what_it_was() -> None:
    one, other = textbook(4, 6, "match", 1), make_market("textbook", 4, 6, "match", 1, Textbook())
    assert one == other
    assert {product.list_price for product in one.products.values()} == {START}


@pytest.mark.parametrize("gap", [0.0, 0.2])
def test_a_textbook_market_of_other_numbers_starts_between_nash_and_joint_profit(gap: float) -> None:
    numbers = Textbook(cost=10, cost_gap=gap, spread=4, worth=25, shoppers=5000)
    market = textbook(3, 6, "hold", 1, numbers)
    costs = np.array([product.unit_cost for product in market.products.values()])
    np.testing.assert_allclose(costs, 10 * (1 + gap * np.array([-1, 0, 1])))
    theory = LogitMarket((25.0,) * 3, tuple(costs), 4.0)
    start = next(iter(market.products.values())).list_price
    assert theory.nash().mean() < start < theory.monopoly().mean()
    model = PriceWar(market, collect=False)
    model.step()
    share = np.exp((25 - start) / 4) / (1 + 3 * np.exp((25 - start) / 4))
    np.testing.assert_allclose(model.history[0].sales.orders, 5000 * share, rtol=1e-6)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_table_of_products_is_a_market_to_play_in(sign: str) -> None:
    table = (
        "firm,product,price,quantity,cost\nAcorn,one,20,400,12\nBeech,two,22,300,13\nBeech,three,24,100,14\n"
    )
    game = Game(GameRules(market="table", table=table.replace(",", sign), firms=2, rounds=3))
    ticket = game.join("Ann")
    game.order(game.teacher_token, "start", 0.0)
    low = game.outlook(ticket.firm).list_range[0]
    game.decide(ticket.token, 0, low + 1, 0, 1.0)
    assert game.round == 1
    assert game.base.firms[ticket.firm].name in ("Acorn", "Beech")


def test_a_table_that_cannot_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match="price"):
        Game(GameRules(market="table", table="firm,product,price,quantity\nA,one,dear,4\n"))


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_every_scenario_that_ships_can_be_played(name: str) -> None:
    game = Game(GameRules(market=name, firms=2, rounds=3))
    ticket = game.join("Ann")
    game.order(game.teacher_token, "start", 0.0)
    game.decide(ticket.token, 0, game.outlook(ticket.firm).list_range[1], 0, 1.0)
    assert game.round == 1
