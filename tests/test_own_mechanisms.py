"""Mechanisms of a user's own: at rest, at work, remembered, in the digest, and told when they fail."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, column, ran, short, strategies, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar import InputError, compare, load
from pricewar.base.errors import RuleError
from pricewar.base.records import Floats, Offers, Sales
from pricewar.base.state import State
from pricewar.market.model import PriceWar
from pricewar.scenario.own_mechanism import Notebook, OwnMechanism
from pricewar.testing import check_mechanism

QUIET = {**AT_REST, **strategies("Hold")}
CUT: dict[str, Any] = {"events": [{"kind": "Cut", "month": "2025-02", "firm": "ace", "depth": 0.15}]}


class Fatigue(OwnMechanism):
    """A second cut in a row impresses less: what is remembered of cuts takes appeal away."""

    strength: float = 2.0

    def appeal(self, state: State, offers: Offers, memory: Notebook) -> Floats:
        return -self.strength * memory.get("cut", np.zeros(len(offers.price)))

    def remember(self, state: State, offers: Offers, sales: Sales, memory: Notebook) -> None:
        now = np.maximum(1 - offers.price / state.landscape.start_price, 0.0)
        memory["cut"] = 0.5 * memory.get("cut", 0.0) + 0.5 * now


class Dread(OwnMechanism):
    """Buyers weigh a burden on all that is cheaper than at the start, and fewer come."""

    money: float = 5_000.0
    stay_away: float = 0.1

    def burden(self, state: State, offers: Offers, memory: Notebook) -> Floats:
        return self.money * (offers.price < 0.95 * state.landscape.start_price)

    def shoppers(self, state: State, offers: Offers, memory: Notebook) -> float:
        cheap = bool((offers.price < 0.95 * state.landscape.start_price).any())
        return 1.0 - self.stay_away * cheap


class Restless(OwnMechanism):
    def appeal(self, state: State, offers: Offers, memory: Notebook) -> Floats:
        return np.ones(len(offers.price))

    def shoppers(self, state: State, offers: Offers, memory: Notebook) -> float:
        return 1.2


class Broken(OwnMechanism):
    how: str = "shape"

    def appeal(self, state: State, offers: Offers, memory: Notebook) -> Floats:
        if offers.period < 1:
            return np.zeros(len(offers.price))
        if self.how == "raises":
            raise KeyError("nothing there")
        return np.zeros(len(offers.price) + 1) if self.how == "shape" else np.full(len(offers.price), np.nan)


def test_at_rest_it_leaves_no_trace() -> None:
    plain = ran(tiny(QUIET))
    with_it = ran(tiny(QUIET).but({"dynamics.fatigue": Fatigue(), "dynamics.dread": Dread()}))
    assert np.array_equal(column(plain, "sales", "orders"), column(with_it, "sales", "orders"))
    assert np.array_equal(column(plain, "accounts", "cash"), column(with_it, "accounts", "cash"))


def test_what_it_remembers_takes_appeal_away_in_the_month_after() -> None:
    plain = column(ran(tiny({**QUIET, **CUT})), "sales", "orders")
    own = column(ran(tiny({**QUIET, **CUT}).but({"dynamics.fatigue": Fatigue()})), "sales", "orders")
    assert np.array_equal(plain[:2], own[:2])
    assert np.all(own[2:, :2] < plain[2:, :2])
    off = tiny({**QUIET, **CUT}).but({"dynamics.fatigue": Fatigue(on=False)})
    assert np.array_equal(column(ran(off), "sales", "orders"), plain)


def test_a_burden_moves_choices_and_is_not_lost_by_buyers() -> None:
    plain = ran(tiny({**QUIET, **CUT}))
    own = ran(tiny({**QUIET, **CUT}).but({"dynamics.dread": Dread(stay_away=0.0)}))
    assert np.all(column(own, "sales", "orders")[1, :2] < column(plain, "sales", "orders")[1, :2])
    one, other = plain.history[1].sales, own.history[1].sales
    lost = one.surplus.sum() - other.surplus.sum()
    assert 0 < lost < 5_000.0 * one.orders[:2].sum()  # a worse choice, not the burden itself


def test_fewer_come() -> None:
    plain = ran(tiny({**QUIET, **CUT})).history[1].sales.shoppers
    own = ran(tiny({**QUIET, **CUT}).but({"dynamics.dread": Dread(money=0.0)})).history[1].sales.shoppers
    assert own == pytest.approx(0.9 * plain)


def test_two_runs_of_one_scenario_do_not_share_a_notebook() -> None:
    scenario = tiny({**QUIET, **CUT}).but({"dynamics.fatigue": Fatigue()})
    one, other = ran(scenario), ran(scenario)
    assert np.array_equal(column(one, "sales", "orders"), column(other, "sales", "orders"))
    assert PriceWar(scenario).state.notebooks == {"fatigue": {}}


@settings(deadline=None, max_examples=10)
@given(st.permutations(["fatigue", "dread"]))
def test_the_order_in_a_file_is_irrelevant(order: list[str]) -> None:
    kinds: dict[str, OwnMechanism] = {"fatigue": Fatigue(), "dread": Dread()}
    base = tiny({**QUIET, **CUT})
    moved = base.but({f"dynamics.{name}": kinds[name] for name in order})
    assert moved.digest == base.but({f"dynamics.{name}": kinds[name] for name in kinds}).digest
    assert (
        ran(moved).price_index
        == ran(base.but({f"dynamics.{name}": kinds[name] for name in kinds})).price_index
    )


def test_it_is_in_the_digest_with_its_source_and_in_a_file() -> None:
    scenario = tiny().but({"dynamics.fatigue": {"kind": "test_own_mechanisms:Fatigue", "strength": 3}})
    assert scenario.dynamics.own == {"fatigue": Fatigue(strength=3)}
    assert scenario.digest != tiny().digest
    assert "test_own_mechanisms" in scenario.sources
    assert scenario.but({"dynamics.fatigue.strength": 4}).dynamics.own["fatigue"] == Fatigue(strength=4)


def test_runs_compare_and_workers_take_it() -> None:
    cut = short("byd-one-third", 6)
    own = cut.but({"dynamics.fatigue": Fatigue(), "name": "tired"})
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        results = compare([cut, own], seeds=2, executor=pool).require_complete()
    assert compare([cut, own], seeds=2).market.equals(results.market)
    units = results.firms.query("firm == 'byd'").groupby("scenario").orders.sum()
    assert units["tired"] < units["byd-one-third"]


def test_one_that_moves_the_start_is_refused_with_all_it_moves() -> None:
    with pytest.raises(InputError) as caught:
        PriceWar(tiny().but({"dynamics.restless": Restless()}))
    assert [p.place for p in caught.value.problems] == ["dynamics.restless"] * 2
    assert "acts on changes only" in str(caught.value)


@pytest.mark.parametrize(
    ("how", "says"), [("shape", "6 finite numbers"), ("nan", "6 finite numbers"), ("raises", "nothing there")]
)
def test_a_fault_is_told_with_its_place(how: str, says: str) -> None:
    with pytest.raises(RuleError, match=rf"Broken.*dynamics\.broken.*{says}"):
        ran(tiny().but({"dynamics.broken": Broken(how=how)}))


def test_unknown_mechanisms_are_still_refused() -> None:
    with pytest.raises(InputError, match=r"dynamics\.wating.*unknown key.*known keys only"):
        load("baseline").but({"dynamics.wating": {"on": True}})
    with pytest.raises(InputError, match=r"dynamics\.tired.*nowhere"):
        load("baseline").but({"dynamics.tired": {"kind": "nowhere:Fatigue"}})


class Forgets(OwnMechanism):
    """Keeps what it knows in itself, where other runs find it."""

    def remember(self, state: State, offers: Offers, sales: Sales, memory: Notebook) -> None:
        state.delta[:] = 0.0


class Keeps(OwnMechanism):
    def remember(self, state: State, offers: Offers, sales: Sales, memory: Notebook) -> None:
        memory["what"] = lambda: 1


@pytest.mark.parametrize("rule", [Fatigue(), Dread(), Fatigue(strength=0.0)], ids=repr)
def test_the_battery_lets_good_ones_pass(rule: OwnMechanism) -> None:
    check_mechanism(rule)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (Restless(), "at the start"),
        (Broken(how="shape"), "finite numbers"),
        (Broken(how="raises"), "nothing there"),
        (Forgets(), "writes to the state"),
        (Keeps(), "pickle"),
    ],
    ids=lambda case: getattr(case, "kind", ""),
)
def test_the_battery_catches_broken_ones(rule: OwnMechanism, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_mechanism(rule)
