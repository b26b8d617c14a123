"""States of a case's market: the base, and what a section of the outputs makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.demand import MixedLogit
from pricewar.equilibrium import Equilibrium

from .market import Case
from .terms import Terms, owners

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class State:
    """A market with prices: everything an output is a function of.

    Attributes:
        demand, firm_ids, terms: the game.
        bare_costs: (J,) costs; where they depend on output, the c of `Terms.cost_at`.
        prices: (J,) what buyers pay.
        base: the state before the change, None for the base itself.
        found: the equilibrium these prices are, None where they were observed or imposed.
        imposed: whether some prices are nobody's choice, and nobody answered.
        merged_ids, merged_terms, merged: owners, terms and state after the merger that the file names.
        linear: (J,) beta'x without price, where the file has a beta; of the base only.
    """

    demand: MixedLogit
    firm_ids: NDArray[Any]
    terms: Terms
    bare_costs: Floats
    prices: Floats
    base: State | None = None
    found: Equilibrium | None = None
    imposed: bool = False
    merged_ids: NDArray[Any] | None = None
    merged_terms: Terms | None = None
    linear: Floats | None = None

    @cached_property
    def shares(self) -> Floats:
        """Expected shares (J,)."""
        return self.demand.expected(self.prices)

    @cached_property
    def costs(self) -> Floats:
        """Marginal costs at these shares (J,)."""
        return self.terms.cost_at(self.bare_costs, self.shares)

    @property
    def margins(self) -> Floats:
        """What a sale leaves of the price after tax and cost (J,)."""
        return self.terms.kept(self.prices) - self.costs

    @property
    def origin(self) -> State:
        """The base state (itself for the base)."""
        return self if self.base is None else self.base

    @cached_property
    def equilibrium(self) -> Equilibrium | None:
        """The equilibrium here; None where prices are imposed and nobody answers."""
        if self.found is not None or self.imposed:
            return self.found
        return self.terms.solve(self.demand, self.bare_costs, self.firm_ids, start=self.prices)

    @cached_property
    def merged(self) -> State | None:
        """The equilibrium after the merger that the file names, at the same costs."""
        if self.merged_ids is None or self.merged_terms is None:
            return None
        return self.settle(self.bare_costs, self.merged_ids, self.merged_terms)

    def settle(self, costs: Floats, firm_ids: NDArray[Any], terms: Terms, **bounds: Any) -> State:
        """The equilibrium of this market with other costs, owners, terms and bounds."""
        found = terms.solve(self.demand, costs, firm_ids, start=self.prices, **bounds)
        return State(self.demand, firm_ids, terms, costs, found.prices, self.origin, found)


def base_state(case: Case) -> State:
    """The market at rest: prices solved from costs, or costs inferred from prices."""
    terms, costs = case.terms, case.costs
    merger = _merger(case)
    if case.prices is not None:
        if costs is None:
            marginal = terms.costs_of(case.demand, case.prices, case.firm_ids)
            costs = terms.bare_costs(marginal, case.demand.expected(case.prices))
        return State(
            case.demand, case.firm_ids, terms, costs, case.prices, None, None, False, *merger, case.linear
        )
    assert costs is not None  # `build` guarantees one of the two
    start = {"start": case.stated["prices"]} if "prices" in case.stated else {}
    found = terms.solve(case.demand, costs, case.firm_ids, **start)
    return State(
        case.demand, case.firm_ids, terms, costs, found.prices, None, found, False, *merger, case.linear
    )


def _merger(case: Case) -> tuple[NDArray[Any] | None, Terms | None]:
    """Owners and terms of the first section whose owners are not those of the inputs."""
    for section in case.outputs.values():
        if isinstance(section, dict) and np.shape(section.get("firm_ids", 0)) == case.firm_ids.shape:
            labels, terms = owners(section, case.firm_ids, case.terms)
            if (labels != case.firm_ids).any():
                return labels, terms
    return None, None
