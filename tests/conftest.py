"""A small market, built from Python, on which laws are tested fast: 3 firms, 6 products, 200 buyers."""

from __future__ import annotations

import copy
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.dispatcher import Dispatcher

from pricewar.base.records import Offers
from pricewar.base.state import State
from pricewar.data import load_market_data
from pricewar.files.locks import Lock
from pricewar.market.model import PriceWar
from pricewar.scenario.files import load, merge, shipped_scenarios
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.tree import Scenario, scenario_from

os.environ["PRICEWAR_CACHE_DIR"] = ""  # what an earlier test worked out must not hide what a later one breaks

Tree = dict[str, Any]

MECHANISMS = (
    "waiting", "reference_price", "brand", "loyalty", "pull_forward", "word_of_mouth", "backlog",
    "dealer_stock", "learning", "battery",
)  # fmt: skip
OFF: Tree = {name: {"on": False} for name in MECHANISMS}
AT_REST: Tree = {f"dynamics.{trend}.on": False for trend in ("learning", "battery")} | {
    "noise.market_sd": 0.0,
    "noise.taste_sd": 0.0,
    "noise.firm_sd": {},
    "campaigns.on": False,
    "events": [],
}
"""Changes that leave a market nothing to move by: no event, no trend, no luck."""

_BROUGHT: Tree = {key: part for key, part in load_market_data().scenario.items() if isinstance(part, dict)}
CARS: Tree = merge(_BROUGHT, {"market": {"vat": 0.13}})
"""What the shipped data set brings beside figures: tastes, mechanisms, amounts of money."""


def car_dynamics(**mechanisms: Tree) -> Dynamics:
    """The mechanisms of the shipped market, with changes."""
    return Dynamics.model_validate(merge(CARS["dynamics"], mechanisms))


_TINY: Tree = {
    **CARS,
    "name": "tiny",
    "start": "2025-01",
    "periods": 8,
    "consumers": {"shoppers": 200_000, "draws": 200},
    "dynamics": CARS["dynamics"] | {"word_of_mouth": {"on": True}},
    "noise": {"market_sd": 0.05, "taste_sd": 0.1},
    "supply_chain": CARS["supply_chain"] | {
        "groups": {
            "cells": {"name": "Cells", "share": 0.6, "margin": 0.1, "cash_months": 4.0},
            "parts": {"name": "Parts", "share": 0.4, "margin": 0.05, "cash_months": 1.0},
        }
    },
    "firms": {
        "ace": {
            "name": "Ace", "gross_margin": 0.2, "fixed_cost": 2e8, "cash": 5e9, "external_income": 1e6,
            "capacity": 30_000, "dealer_stock": 22_500, "payable_days": 120,
            "strategy": {"kind": "Match", "base": {"kind": "CostPlus", "pass_through": 0.7}},
        },
        "bolt": {
            "name": "Bolt", "gross_margin": 0.12, "fixed_cost": 1e8, "cash": 2e9,
            "capacity": 16_000, "dealer_stock": 6_000, "payable_days": 20,
            "strategy": {"kind": "BestResponse"},
        },
        "cove": {
            "name": "Cove", "gross_margin": 0.18, "fixed_cost": 1e8, "cash": 3e9,
            "capacity": 6_500, "backlog": 24_000, "payable_days": 60,
            "strategy": {"kind": "StockClearing"},
        },
    },
    "products": {
        "ace-small": {
            "firm": "ace", "name": "Ace S", "segment": "A0", "body": "hatchback", "list_price": 80_000,
            "promotion": 5_000, "units": 9_000, "battery_kwh": 38, "range_km": 400, "powertrain": "BEV",
        },
        "ace-large": {
            "firm": "ace", "name": "Ace L", "segment": "C", "list_price": 220_000,
            "promotion": 20_000, "units": 6_000, "battery_kwh": 80, "range_km": 600, "powertrain": "BEV",
        },
        "bolt-small": {
            "firm": "bolt", "name": "Bolt S", "segment": "A0", "list_price": 70_000, "units": 8_000,
            "battery_kwh": 35, "range_km": 350, "powertrain": "BEV",
        },
        "bolt-suv": {
            "firm": "bolt", "name": "Bolt X", "segment": "B", "body": "SUV", "powertrain": "PHEV",
            "list_price": 150_000, "promotion": 10_000, "units": 4_000, "battery_kwh": 18, "range_km": 1_000,
        },
        "cove-one": {
            "firm": "cove", "name": "Cove One", "segment": "C", "list_price": 230_000, "units": 4_000,
            "battery_kwh": 90, "range_km": 650, "powertrain": "BEV",
        },
        "cove-suv": {
            "firm": "cove", "name": "Cove SUV", "segment": "C", "body": "SUV", "list_price": 260_000,
            "units": 2_000, "battery_kwh": 95, "range_km": 620, "powertrain": "BEV",
        },
    },
}  # fmt: skip


TYPICAL = ("baseline", "byd-one-third", "china-2023-costs", "supply-chain", "textbook-duopoly")
"""Shipped scenarios of every sort: peace, a war, another year and rule, suppliers, a market from scratch."""
every_scenario = pytest.mark.parametrize(
    "name",
    [
        *TYPICAL,
        *(pytest.param(name, marks=pytest.mark.slow) for name in shipped_scenarios() if name not in TYPICAL),
    ],
)
"""A law that runs each shipped scenario: the typical ones are fast, the others slow, and CI runs both."""


def tiny(changes: Mapping[str, Any] | None = None, /, **parts: Any) -> Scenario:
    """The small market with changes, as `Scenario.but` takes them."""
    return scenario_from(copy.deepcopy(_TINY), "tiny").but({**(changes or {}), **parts})


def short(name: str, periods: int, draws: int = 200) -> Scenario:
    """A shipped scenario with few months and rows; what would happen later is left out."""
    scenario = load(name)
    last = scenario.month(periods - 1)
    parts = {
        part: [rule for rule in getattr(scenario, part) if (getattr(rule, when) or "") <= last]
        for part, when in (("events", "month"), ("interventions", "start"))
    }
    return scenario.but({"consumers.draws": draws, "periods": periods, **parts})


def tiny_tree() -> Tree:
    """The small market as a tree of plain values, to be changed at will."""
    return copy.deepcopy(_TINY)


def strategies(rule: object) -> Tree:
    """Changes that give every firm of the small market one rule."""
    return {f"firms.{firm}.strategy": rule for firm in _TINY["firms"]}


def ran(scenario: Scenario, seed: int | None = None) -> PriceWar:
    """The model at the end of its horizon."""
    return PriceWar(scenario, seed=seed, collect=False).run_model()


def column(model: PriceWar, record: str, name: str) -> np.ndarray[Any, np.dtype[Any]]:
    """(T, ...) one attribute of a record over the months of a run."""
    return np.array([getattr(getattr(month, record), name) for month in model.history])


def showroom(model: PriceWar, price: Any = None) -> Offers:
    """Last month's offers at other transaction prices (J,)."""
    offers = model.offers.but(period=model.period, on_sale=model.state.on_sale)
    return offers if price is None else offers.with_price(np.asarray(price, dtype=float))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests begin, so that no worker is left with one at the end; nothing is counted in them.

    They work in browsers, servers and processes of their own, where coverage sees nothing and costs much.
    Nor are lines counted that hypothesis passes a hundred times over, unless kernels run as Python: then its
    examples are what goes through them.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        many = getattr(getattr(item, "obj", None), "is_hypothesis_test", False) and not config.DISABLE_JIT
        if many or item.get_closest_marker("slow") is not None:
            item.add_marker(pytest.mark.no_cover)


def _nothing() -> None:
    return None


@pytest.fixture(scope="session", autouse=True)
def compiler_once_untraced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each kernel is compiled by one worker, and no line is counted meanwhile.

    In a fresh clone all workers want the same kernels at once. One compiles, the others wait and load what it
    has saved; without the lock each would compile all of them, and of two that save an index the last wins.
    While a kernel is compiled none of our lines runs, and numba traced takes a third longer.
    """
    compile_as_usual, folder = Dispatcher.compile, tmp_path_factory.getbasetemp().parent

    def compile_once_untraced(self: Any, sig: Any) -> Any:
        tracer = sys.gettrace()
        sys.settrace(None)
        try:
            with global_compiler_lock, _locked(folder, self.py_func):
                return compile_as_usual(self, sig)
        finally:
            sys.settrace(tracer)
            _nothing()  # coverage takes its place again at the next call, and must see this frame end

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatcher, "compile", compile_once_untraced)
        yield


_HELD: set[str] = set()


@contextmanager
def _locked(folder: Path, function: Callable[..., Any]) -> Iterator[None]:
    """Nobody else of this session compiles the function, if it is of the package: only those are kept.

    A kernel waits while it holds the lock of one that calls it. Calls of kernels form no circle, and the
    threads of a process wait for numba's own lock first, so two never wait for each other.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    if "PYTEST_XDIST_WORKER" not in os.environ or not name.startswith("pricewar.") or name in _HELD:
        yield
        return
    while (lock := Lock.take(folder / f"{name}.lock")) is None:
        time.sleep(0.05)
    _HELD.add(name)
    try:
        with lock:
            yield
    finally:
        _HELD.discard(name)


@pytest.fixture
def market() -> PriceWar:
    """The small market before its first month, nothing but demand in it."""
    return PriceWar(tiny(dynamics=OFF, **{"noise.market_sd": 0, "noise.taste_sd": 0}), collect=False)


@pytest.fixture
def state(market: PriceWar) -> State:
    """The small market's state before its first month."""
    return market.state
