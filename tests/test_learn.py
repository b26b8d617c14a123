"""Learned pricing in the market: the update by hand, what is learned where it can be, and freezing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pricewar import PriceWar, load
from pricewar.base.errors import InputError
from pricewar.base.records import View
from pricewar.base.rules import make_rule
from pricewar.experiment import load_experiment
from pricewar.experiment.metrics import measure
from pricewar.experiment.work import simulate
from pricewar.strategies import Learned, QLearning, Strategy, freeze
from pricewar.strategies.learn import best
from pricewar.testing.strategies import check_strategy, example_view


def level(rule: Strategy, view: View, memory: dict[str, Any]) -> float:
    """The common change of the line that a rule chooses."""
    change = np.asarray(rule.price(view.but(memory=memory))) / view.start_price - 1.0
    assert np.ptp(change) < 1e-12
    return float(change[0])


def earned(view: View) -> float:
    """Profit with growth motive of the view's last month over revenue at the start."""
    gain = (view.price / 1.13 - view.unit_cost + view.growth) @ view.orders
    return float(gain / (view.start_price / 1.13 @ view.landscape.start_units[view.own]))


def train(reward_at: dict[float, float], months: int, **parameters: Any) -> dict[str, Any]:
    """Notebook after playing against demand that depends on the own level only."""
    memory: dict[str, Any] = {}
    rule, orders, change = QLearning(**parameters), example_view(0).orders, 0.0
    for period in range(months):
        view = example_view(0, period=period, seed=7)
        sold = orders * reward_at[round(change, 6)]
        change = level(rule, view.but(orders=sold, price=view.start_price * (1 + change)), memory)
    return memory


def test_battery() -> None:
    check_strategy(QLearning())
    with pytest.raises(AssertionError, match="at rest"):
        check_strategy(QLearning(), rests=True)


def test_first_update_by_hand() -> None:
    memory: dict[str, Any] = {}
    rule = QLearning(beta=100, grid=3, bins=3, alpha=0.5, delta=0.9)
    first = example_view(0)
    rest = earned(first) / 0.1
    level(rule, first, memory)  # month 0 explores with certainty
    action = memory["action"]
    later = example_view(0, period=1, history=np.array([[0, 0, 0, -0.1, -0.1, -0.1]]))
    later = later.but(orders=1.5 * later.orders)
    level(rule, later, memory)
    expected = np.full((3, 3, 3), rest)
    expected[1, 1, action] = 0.5 * rest + 0.5 * (earned(later) + 0.9 * rest)
    assert memory["q"] == pytest.approx(expected)
    assert memory["state"] == (action, 0)  # rivals 10% down are in the lowest bin of +-12%


def test_without_exploration_and_news_it_keeps_its_price() -> None:
    memory: dict[str, Any] = {}
    rule = QLearning(beta=100)
    level(rule, example_view(0), memory)
    moved = [level(rule, example_view(0, period=t), memory) for t in range(1, 6)]
    assert len(set(moved)) == 1


def test_it_learns_which_of_three_prices_pays() -> None:
    pays = {-0.1: 1.0, 0.0: 1.0, 0.1: 1.6}
    table = freeze(train(pays, 2000, low=-0.1, high=0.1, grid=3, bins=1, beta=0.002, delta=0.5))
    assert table.policy == ((2,), (2,), (2,))
    pays = {-0.1: 3.0, 0.0: 1.0, 0.1: 0.5}
    table = freeze(train(pays, 2000, low=-0.1, high=0.1, grid=3, bins=1, beta=0.002, delta=0.5))
    assert table.policy == ((0,), (0,), (0,))


def test_exploration_fades_as_its_formula_says() -> None:
    """Share of months off the rest level while every level pays the same: (1 - 1/grid) exp(-beta t)."""
    away, months, runs = 0, 40, 60
    for seed in range(runs):
        memory: dict[str, Any] = {}
        for period in range(months):
            view = example_view(0, period=period, seed=seed)
            memory.pop("q", None) if period == 0 else memory.update(q=np.zeros((5, 1, 5)), action=2)
            away += level(QLearning(grid=5, bins=1, beta=0.05), view, memory) != 0.0
    chance = 0.8 * np.exp(-0.05 * np.arange(months))
    spread = np.sqrt(runs * (chance * (1 - chance)).sum())
    assert abs(away - runs * chance.sum()) < 4 * spread


def test_ties_go_to_the_level_nearest_to_the_last() -> None:
    assert best(np.array([1.0, 0.0, 1.0, 1.0]), 3) == 3
    assert best(np.array([1.0, 0.0, 0.0, 0.5]), 3) == 0


@settings(deadline=None, max_examples=50)
@given(change=st.floats(-0.5, 0.5), bins=st.integers(1, 9), low=st.floats(-0.5, -0.01))
def test_rivals_are_put_in_the_nearest_bin(change: float, bins: int, low: float) -> None:
    rule = QLearning(low=low, high=0.2)
    view = example_view(0, history=np.array([[0, 0, 0, change, change, change]]))
    levels = np.linspace(low, 0.2, bins)
    found = rule.position(view, bins)
    assert abs(levels[found] - change) <= np.abs(levels - change).min() + 1e-9


@settings(deadline=None, max_examples=25)
@given(grid=st.integers(2, 6), bins=st.integers(1, 4), seed=st.integers(0, 1000))
def test_what_is_frozen_plays_like_the_greedy_learner(grid: int, bins: int, seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=(grid, bins, grid))
    learner = {
        "q": table.copy(),
        "range": (-0.2, 0.1),
        "action": 0,
        "months": 1,
        "scale": 1.0,
        "state": (0, 0),
    }
    rule = QLearning(low=-0.2, high=0.1, grid=grid, bins=bins, beta=100, alpha=1e-12)
    frozen, memory = freeze(learner), {"action": 0}
    for period in range(6):
        view = example_view(0, period=period, history=np.array([[0, 0, 0, -0.03 * period, -0.1, 0.1]]))
        assert level(frozen, view, memory) == pytest.approx(level(rule, view, learner))


def test_a_learner_in_the_market_freezes_into_a_scenario_file(tmp_path: Path) -> None:
    changes = {"firms.left.strategy": {"kind": "QLearning"}, "events": [], "periods": 30}
    setting = load("textbook-duopoly").but(changes)
    model = PriceWar(setting, seed=3, collect=False).run_model()
    again = PriceWar(setting, seed=3, collect=False).run_model()
    assert np.array_equal(model.price_history, again.price_history)
    assert len(np.unique(model.price_history[:, 0])) > 2
    policy = freeze(model.firms[0].memory)
    file = tmp_path / "policy.json"
    file.write_text(policy.model_dump_json())
    read = make_rule({"kind": "Learned", "file": str(file)}, "pricewar.strategies", Strategy)
    assert read == policy
    inline = setting.but({"firms.left.strategy": policy.model_dump()})
    by_file = setting.but({"firms.left.strategy": {"kind": "Learned", "file": str(file)}})
    assert inline.digest == by_file.digest
    check_strategy(policy, rests=False)
    model = PriceWar(by_file, seed=3, collect=False).run_model()
    steps = np.round(model.price_history[:, 0] / model.price_history[0, 0] - 1.0, 9)
    assert set(steps) <= set(np.round(np.linspace(-0.12, 0.12, 7), 9))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"kind": "QLearning", "grid": 1}, "grid"),
        ({"kind": "QLearning", "delta": 1.0}, "delta"),
        ({"kind": "QLearning", "alpha": 0.0}, "alpha"),
        ({"kind": "QLearning", "low": 0.1}, "low"),
        ({"kind": "Learned"}, "two rows or more"),
        ({"kind": "Learned", "policy": [[0, 1], [1]]}, "all of one length"),
        ({"kind": "Learned", "policy": [[0, 2], [1, 1]]}, "0 to 1, the rows"),
        ({"kind": "Learned", "policy": [[0, -1], [1, 1]]}, "policy"),
        ({"kind": "Learned", "file": "no-such.json"}, r"no-such\.json"),
    ],
)
def test_bad_parameters_are_refused(rule: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_rule(rule, "pricewar.strategies", Strategy)


@pytest.mark.parametrize("text", ["[1, 2]", "{"])
def test_a_file_that_holds_no_policy_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.json"
    file.write_text(text)
    with pytest.raises(ValidationError, match=r"odd\.json"):
        Learned(file=str(file))
    file.write_text(json.dumps({"policy": [[0], [1]], "colour": "red"}))
    with pytest.raises(ValidationError, match="colour"):
        Learned(file=str(file))


def test_nothing_to_freeze() -> None:
    with pytest.raises(InputError, match="a firm that played QLearning"):
        freeze({"cut": 0.1})


def test_measures_of_the_last_year() -> None:
    """By hand from the model of one run; the growth motive is what makes the start's price the best one."""
    names = ("price_end.left", "profit_end.left", "aim_end.left", "surplus_end")
    setting = load("textbook-duopoly").but(
        {
            "events": [],
            "periods": 15,
            "firms.left.growth": 2000.0,
            "firms.left.strategy": {"kind": "QLearning"},
        }
    )
    found = measure(simulate(setting, 2), names)
    model = PriceWar(setting, seed=2, collect=False).run_model()
    own, last = model.landscape.own(0), model.history[-12:]
    profit = np.mean([month.accounts.operating_profit[0] for month in last])
    change = np.array([month.offers.price / model.landscape.start_price - 1.0 for month in last])
    price = model.landscape.by_start_units(change)[:, 0].mean()
    assert found["price_end.left"] == pytest.approx(100 * price)
    assert found["profit_end.left"] == pytest.approx(profit)
    orders = np.mean([month.sales.orders[own].sum() for month in last])
    assert found["aim_end.left"] == pytest.approx(profit + 2000.0 * orders)
    surplus = np.mean([month.surplus.sum() for month in last])
    assert found["surplus_end"] == pytest.approx(surplus)


def test_the_shipped_experiment_has_learners_matchers_and_late_prices() -> None:
    experiment = load_experiment("10", small=True)
    found = set()
    for number in range(len(experiment.points)):
        scenario = experiment.scenario_at(number)
        kinds = tuple(scenario.firms[key].strategy.kind for key in ("xiaomi", "tesla"))
        found.add((*kinds, scenario.noise.view_lag))
    rules = ("Match", "QLearning")
    assert found == {(mine, theirs, lag) for mine in rules for theirs in rules for lag in (0, 3)}
