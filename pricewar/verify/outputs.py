"""Every output by its name in the case format, as a function of a state."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from pricewar import equilibrium as eq

from .state import State

Output = Callable[[State], Any]

#: Names of outputs in units of money; what is far below all prices and costs is zero in them.
_MONEY = ("prices", "costs", "markups", "profits", "consumer_surplus", "upp", "approximate_prices")


class NotThere(Exception):
    """The file lacks what this output is a function of."""


def find_output(name: str) -> Output | None:
    """Return the function that computes the output called `name`, or None if nobody here knows it."""
    factor = re.fullmatch(r"aggregate_elasticity(?:_factor_([0-9]+(?:\.[0-9]+)?))?", name)
    if factor is not None:
        size = float(factor[1] or 0.1)
        return lambda s: s.demand.aggregate_elasticity(s.prices, size)
    return _OUTPUTS.get(name) or next((_OUTPUTS[k] for k in _FAMILIES if name.startswith(k)), None)


def size_of(name: str, state: State) -> float:
    """The size of the numbers that an output is made of: far below it, only rounding is left."""
    if any(word in name for word in _MONEY):
        return float(max(np.abs(state.prices).max(), np.abs(state.costs).max()))
    if name.startswith("jacobian"):
        return 0.0
    return 1e4 if "hhi" in name else 100.0 if "_pct" in name else 1.0


def _pass_through(state: State) -> Any:
    if state.equilibrium is None:
        raise NotThere("pass-through needs an equilibrium")
    return eq.pass_through(state.equilibrium)


def _merged_ids(state: State) -> Any:
    if state.merged_ids is None:
        raise NotThere("the file names no merger (firm_ids that differ from the inputs')")
    return state.merged_ids


def _merger_loss(state: State) -> float:
    if state.merged is None:
        raise NotThere("the file names no merger (firm_ids that differ from the inputs')")
    after = state.demand.consumer_surplus(state.merged.prices)
    return after - state.demand.consumer_surplus(state.origin.prices)


def _parties(state: State) -> Any:
    """1 for products of firms that end up under a roof with another firm."""
    before, after = state.firm_ids, _merged_ids(state)
    return np.array([np.unique(before[after == owner]).size > 1 for owner in after], dtype=int)


def _gross(state: State) -> Any:
    """Gross pressure; with taxes or an ownership matrix, of the parts of profit that are new to the owner."""
    after = _merged_ids(state)
    if state.terms.plain:
        return eq.gross_upward_pressure(state.demand, state.prices, state.costs, state.firm_ids, after)
    assert state.merged_terms is not None
    new = state.merged_terms.internal(after) - state.terms.internal(state.firm_ids)
    return (new * state.demand.diversion(state.prices)) @ state.margins


def _compensating(state: State) -> Any:
    """Marginal costs at which the merged firms would keep these prices."""
    after = _merged_ids(state)
    assert state.merged_terms is not None
    if state.terms.plain and state.merged_terms.plain:
        return eq.compensating_costs(state.demand, state.prices, after)
    return state.merged_terms.costs_of(state.demand, state.prices, after)


def _saved(state: State) -> Any:
    return state.costs - _compensating(state)


def _elasticities(state: State) -> Any:
    return state.demand.elasticities(state.prices)


def _jacobian(state: State) -> Any:
    return state.demand.jacobian(state.prices)


def _binding(state: State) -> Any:
    if state.equilibrium is None:
        raise NotThere("what binds needs an equilibrium")
    return (state.equilibrium.binding != 0).astype(int)


def _first_order_prices(state: State) -> Any:
    base = state.origin
    if state.terms.plain:
        return eq.first_order_prices(base.demand, base.prices, base.costs, state.firm_ids)
    margins = state.terms.kept(base.prices) - state.terms.costs_of(base.demand, base.prices, state.firm_ids)
    kept = base.costs + margins
    return (kept + np.asarray(state.terms.unit_tax)) * (1.0 + np.asarray(state.terms.ad_valorem_tax))


def _xi(state: State) -> Any:
    if state.linear is None:
        raise NotThere("xi needs beta")
    return state.demand.delta - state.linear


def _foc_costs(state: State) -> Any:
    return state.terms.costs_of(state.demand, state.prices, state.firm_ids)


_OUTPUTS: dict[str, Output] = {
    "prices": lambda s: s.prices,
    "shares": lambda s: s.shares,
    "outside_share": lambda s: 1.0 - s.shares.sum(),
    "costs": lambda s: s.costs,
    "xi": _xi,
    "delta": lambda s: s.demand.delta,
    "delta_excluding_price": lambda s: s.demand.delta,
    "lerner_markups": lambda s: eq.lerner(s.prices, s.costs) if s.terms.plain else s.margins / s.prices,
    "markups": lambda s: s.margins,
    "profits_per_capita": lambda s: s.margins * s.shares,
    "hhi_inside_0_10000": lambda s: eq.hhi(s.shares, s.firm_ids),
    "consumer_surplus_per_capita": lambda s: s.demand.consumer_surplus(s.prices),
    "costs_from_bertrand_foc": _foc_costs,
    "own_elasticities": lambda s: np.diag(_elasticities(s)),
    "elasticities": _elasticities,
    "elasticity_sum": lambda s: _elasticities(s).sum(),
    "elasticity_frobenius": lambda s: np.linalg.norm(_elasticities(s)),
    "jacobian": _jacobian,
    "jacobian_sum": lambda s: _jacobian(s).sum(),
    "jacobian_frobenius": lambda s: np.linalg.norm(_jacobian(s)),
    "diversion_ratios": lambda s: s.demand.diversion(s.prices),
    "diversion_to_outside": lambda s: np.diag(s.demand.diversion(s.prices)),
    "long_run_diversion": lambda s: s.demand.long_run_diversion(s.prices),
    "long_run_diversion_to_outside": lambda s: np.diag(s.demand.long_run_diversion(s.prices)),
    "passthrough": _pass_through,
    "passthrough_own": lambda s: np.diag(_pass_through(s)),
    "passthrough_row_sums": lambda s: _pass_through(s).sum(axis=1),
    "binding": _binding,
    "approximate_prices_one_step_blp_markup": _first_order_prices,
    "parties": _parties,
    "compensating_costs": _compensating,
    "cmcr_pct_of_cost": lambda s: 100.0 * _saved(s) / s.costs,
    "cmcr_pct_of_price": lambda s: 100.0 * _saved(s) / s.prices,
    "gross_upp_newly_internalised": _gross,
    "guppi": lambda s: _gross(s) / s.prices,
    "delta_hhi_at_base_shares": lambda s: eq.hhi_change(s.shares, s.firm_ids, _merged_ids(s)),
    "delta_consumer_surplus_per_capita": _merger_loss,
}

#: Outputs whose names go on to say how rows and columns are laid out.
_FAMILIES = ("jacobian_ds_", "diversion_ratios_row_", "passthrough_dp_", "elasticities_row_")
_OUTPUTS |= {
    "jacobian_ds_": _jacobian,
    "diversion_ratios_row_": _OUTPUTS["diversion_ratios"],
    "passthrough_dp_": _pass_through,
    "elasticities_row_": _elasticities,
}
