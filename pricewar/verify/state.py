"""States of a case's market: the base, a merger, a cost shock, a cut, a floor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.demand import MixedLogit
from pricewar.equilibrium import Equilibrium, costs_from_prices, solve

from .case import Case

Floats = NDArray[np.float64]

#: Prices of a case are solved well below the tolerance they are compared at.
TOLERANCE = 1e-13


@dataclass(frozen=True, eq=False)
class State:
    """A market with prices: everything an output is a function of."""

    demand: MixedLogit
    firm_ids: NDArray[Any]
    costs: Floats
    prices: Floats
    base: State | None = None
    equilibrium: Equilibrium | None = None
    merged_ids: NDArray[Any] | None = None
    merged: State | None = None

    @cached_property
    def shares(self) -> Floats:
        """Expected shares (J,)."""
        return self.demand.expected(self.prices)

    @cached_property
    def origin(self) -> State:
        """The base state (itself for the base)."""
        return self if self.base is None else self.base


def base_state(case: Case) -> State:
    """The market at rest: prices solved from costs, or costs inferred from prices."""
    costs = case.costs
    if costs is None:
        assert case.prices is not None  # read_case guarantees one of the two
        costs = costs_from_prices(case.demand, case.prices, case.firm_ids)
    found = solve(case.demand, costs, case.firm_ids, start=case.prices, tol=TOLERANCE).require_converged()
    asked = "prices" in case.outputs.get("base", {})
    prices = found.prices if case.prices is None or (asked and case.costs is not None) else case.prices
    return State(case.demand, case.firm_ids, costs, prices, equilibrium=found, merged_ids=_merged_ids(case))


def _merged_ids(case: Case) -> NDArray[Any] | None:
    for section in case.outputs.values():
        if isinstance(section, dict) and "firm_ids" in section:
            labels = np.asarray(section["firm_ids"])
            if labels.shape == case.firm_ids.shape and (labels != case.firm_ids).any():
                return labels
    return None


def state_of(section: str, given: dict[str, Any], base: State) -> State:
    """The state a section describes by its name and by costs, firm_ids, fixed, floor or cap given in it."""
    if section in ("base", "merger_screens"):
        return _with_merger(base) if section == "merger_screens" else base
    costs = _costs(section, given, base)
    firms = np.asarray(given.get("firm_ids", base.firm_ids))
    imposed = _imposed(section, given, base)
    if imposed is not None and "no_response" in section:
        prices = np.where(np.isnan(imposed), base.prices, imposed)
        return State(base.demand, firms, costs, prices, base)
    found = solve(
        base.demand,
        costs,
        firms,
        fixed=imposed,
        floor=_bound(given, "floor", "floors"),
        cap=_bound(given, "cap", "caps"),
        start=base.prices,
        tol=TOLERANCE,
    ).require_converged()
    return State(base.demand, firms, costs, found.prices, base, found)


def _with_merger(base: State) -> State:
    if base.merged_ids is None:
        return base
    found = solve(
        base.demand, base.costs, base.merged_ids, start=base.prices, tol=TOLERANCE
    ).require_converged()
    merged = State(base.demand, base.merged_ids, base.costs, found.prices, base, found)
    return State(
        base.demand, base.firm_ids, base.costs, base.prices, base, base.equilibrium, base.merged_ids, merged
    )


def _costs(section: str, given: dict[str, Any], base: State) -> Floats:
    shock = re.search(r"cost_shock_(all|one_firm)_(plus|minus)_([0-9]+(?:\.[0-9]+)?)pct", section)
    if shock is None:
        return np.asarray(given["costs"], dtype=np.float64) if "costs" in given else base.costs
    change = float(shock[3]) / 100.0 * (1.0 if shock[2] == "plus" else -1.0)
    hit = np.full(base.costs.size, True) if shock[1] == "all" else base.firm_ids == given.get("firm")
    return np.where(hit, base.costs * (1.0 + change), base.costs)


def _imposed(section: str, given: dict[str, Any], base: State) -> Floats | None:
    """Imposed prices, NaN where free: the section's cut, else its own prices where `fixed`."""
    percent = re.search(r"([0-9]+(?:\.[0-9]+)?)pct_cut", section)
    cut = 1.0 / 3.0 if "one_third_cut" in section else float(percent[1]) / 100.0 if percent else None
    if "fixed" in given:
        mask = np.asarray(given["fixed"], dtype=bool)
    elif cut is not None and "firm" in given:
        mask = base.firm_ids == given["firm"]
    else:
        return None
    level = np.asarray(given["prices"], dtype=np.float64) if cut is None else base.prices * (1.0 - cut)
    return np.where(mask, level, np.nan)


def _bound(given: dict[str, Any], *names: str) -> Floats | None:
    for name in names:
        if name in given:
            return np.asarray(given[name], dtype=np.float64)
    return None
