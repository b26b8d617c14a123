"""The debrief: benchmarks against formulas, the but-for world, who cut first, a CSV that no name can harm."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.benchmarks import StillMarket
from pricewar.app.debrief import but_for, debrief, first_cut, results_csv, safe_cell
from pricewar.app.game import Game
from pricewar.app.game_rules import GameRules
from pricewar.app.markets import COST, SPREAD, textbook
from pricewar.app.played import Played
from pricewar.runs import run
from pricewar.testing.strategies import check_strategy


def game_of(shares: list[list[float]], names: list[str], rules: GameRules) -> Game:
    """A game in which players take turns as given: shares[round][player] of the start list price."""
    game = Game(rules)
    tickets = [game.join(name) for name in names]
    game.order(game.teacher_token, "start", 0.0)
    for row in shares:
        for ticket, share in zip(tickets, row, strict=True):
            game.decide(ticket.token, game.round, share * game.reference(ticket.firm), 0.0, 1.0)
    return game


@pytest.fixture(scope="module")
def war() -> Game:
    shares = [[1, 1, 1], [1, 0.9, 1], [0.85, 0.85, 1], [0.8, 0.8, 0.8], [0.8, 0.78, 0.78], [0.8, 0.78, 0.78]]
    return game_of(shares, ["Ann", "=cmd|' /C calc'!A0", "Cy"], GameRules(firms=3, rounds=6))


@pytest.mark.parametrize("firms", [2, 4, 12])
def test_nash_and_joint_profit_of_the_textbook_market_are_those_of_the_logit_formulas(firms: int) -> None:
    market = StillMarket(textbook(firms, 6, "hold", 1))
    for found, rivals_too in ((market.nash(), False), (market.joint(), True)):
        appeal = np.exp((2.0 * COST - found.price) / SPREAD)
        share = appeal / (1 + appeal.sum())
        lost = share.sum() if rivals_too else share
        assert np.allclose(found.price - COST, SPREAD / (1 - lost), rtol=1e-6)
    assert np.all(market.joint().profit > market.profit(market.start))
    assert np.all(market.profit(market.start) > market.nash().profit)


def test_in_the_china_market_nobody_gains_by_leaving_nash_alone() -> None:
    from pricewar.app.markets import china

    market = StillMarket(china(4, 6, "hold", 1))
    nash = market.nash()
    for firm in (0, 3, 6):
        own = market.landscape.own(firm)
        for factor in (0.97, 1.03):
            price = nash.price.copy()
            price[own] *= factor
            assert market.profit(price)[firm] < nash.profit[firm]


def test_who_cut_first_and_how_deep(war: Game) -> None:
    found = first_cut(war)
    assert [cut["round"] for cut in found] == [2, 3, 4]
    assert found[0]["firm"] == war.firms[1]
    assert found[0]["depth"] == pytest.approx(0.1)


def test_the_debrief_finds_the_war_and_what_it_cost(war: Game) -> None:
    facts = debrief(war)
    assert [episode["leader"] for episode in facts["wars"]] == [war.firms[1]]
    peace = run(but_for(war)).firms.groupby("firm")["operating_profit"].sum()
    played = war.model.tables()["firms"].groupby("firm")["operating_profit"].sum()
    assert facts["profit_destroyed"] == pytest.approx(float((peace - played).sum()))
    assert facts["profit_destroyed"] > 0
    assert sum(facts["profit_destroyed_by_firm"].values()) == pytest.approx(facts["profit_destroyed"])
    assert (
        facts["theory"]["nash"]["price"]
        < facts["theory"]["played"]["price"]
        < facts["theory"]["joint"]["price"]
    )


def test_without_a_war_nothing_is_destroyed() -> None:
    facts = debrief(game_of([[1.0, 1.0]] * 4, ["Ann", "Bo"], GameRules(firms=2, rounds=4)))
    assert facts["wars"] == []
    assert facts["first_cut"] == []
    assert facts["profit_destroyed"] == 0.0
    assert facts["theory"]["played"]["price"] == 1.0


def test_a_game_ended_early_is_compared_over_the_rounds_played() -> None:
    game = Game(GameRules(firms=2, rounds=20))
    ticket = game.join("Ann")
    game.order(game.teacher_token, "start", 0.0)
    for _ in range(3):
        game.decide(ticket.token, game.round, 0.8 * game.reference(ticket.firm), 0.0, 1.0)
    game.order(game.teacher_token, "end", 1.0)
    facts = debrief(game)
    assert facts["rounds"] == 3
    peace = run(but_for(game)).firms.query("period < 3")["operating_profit"].sum()
    assert facts["profit_destroyed"] == pytest.approx(
        float(peace - game.model.tables()["firms"]["operating_profit"].sum())
    )


def test_results_as_csv_hold_every_decision_and_no_formula(war: Game) -> None:
    frame = pd.read_csv(io.StringIO(results_csv({"A": war})))
    assert len(frame) == 3 * 6
    names = set(frame["player"])
    assert names == {"Ann", "'=cmd|' /C calc'!A0", "Cy"}
    ann = frame[frame["player"] == "Ann"]
    assert list(ann["list_price_decided"]) == [180_000, 180_000, 153_000, 144_000, 144_000, 144_000]
    assert list(ann["round"]) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell("Ann") == "Ann"


def test_played_keeps_what_every_strategy_must() -> None:
    from conftest import tiny

    start = {key: product.list_price for key, product in tiny().products.items()}
    check_strategy(Played(table={}, start_list=start))
