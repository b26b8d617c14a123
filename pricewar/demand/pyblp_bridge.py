"""From pyblp: a user's estimates or simulation become a `MixedLogit`, with owners, prices, costs beside it.

Nothing of pyblp is imported; its objects are read. Random coefficients are numbers for each agent, so any
distribution of theirs can be taken over. What cannot: utility that is not linear in prices, a price
coefficient that differs by product, a scale of epsilon other than one, choice sets that differ by agent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import bad_input

from .base import Floats
from .mixed import MixedLogit

_TRANSFORMS: Mapping[str, Callable[[Floats], Floats]] = {
    "linear": lambda x: x,
    "log": np.exp,
    "logit": lambda x: 1.0 / (1.0 + np.exp(-x)),
}
_SAME = 1e-9
"""Largest deviation from a straight line in prices, as part of the slope."""


@dataclass(frozen=True, eq=False)
class PyblpMarket:
    """One market of a pyblp object, ready for `solve(m.demand, m.costs, m.firm_ids)`.

    Attributes:
        demand: its demand.
        firm_ids: (J,) owners, None where pyblp was told an ownership matrix only.
        ownership: (J, J) matrix told to pyblp, None where owners say all.
        prices, shares: (J,) in the data, or simulated.
        costs: (J,) marginal costs as pyblp has or computes them, None where it can do neither.
    """

    demand: MixedLogit
    firm_ids: NDArray[Any] | None
    ownership: Floats | None
    prices: Floats
    shares: Floats
    costs: Floats | None


def from_pyblp(results: Any, market_id: Any = None) -> MixedLogit:
    """Return the demand of one market of pyblp's.

    Args:
        results: a `pyblp.ProblemResults`, `pyblp.SimulationResults` or `pyblp.Simulation`. The last has no
            solved prices: its mean utility is beta'x + xi.
        market_id: one of its market ids; may be left out where there is one market only.

    Raises:
        InputError: not such an object, no such market, or something that a `MixedLogit` cannot express.
    """
    return _Market(results, market_id).demand()


def market_from_pyblp(results: Any, market_id: Any = None) -> PyblpMarket:
    """Return `from_pyblp` with the market's owners, prices, shares and costs.

    Args:
        results: as for `from_pyblp`.
        market_id: as for `from_pyblp`.

    Raises:
        InputError: as `from_pyblp`.
    """
    market = _Market(results, market_id)
    firms, ownership = market.owners()
    prices, shares = market.column("prices"), market.column("shares")
    return PyblpMarket(market.demand(), firms, ownership, prices, shares, market.costs())


@dataclass(frozen=True)
class _Column:
    """A column of X1 or X2 as intercept + slope p_j."""

    name: str
    intercept: Floats
    slope: float


@dataclass(eq=False)
class _Market:
    """One market of a pyblp object, read through its documented attributes."""

    source: Any
    asked: Any
    economy: Any = field(init=False)

    def __post_init__(self) -> None:
        kind = type(self.source)
        found = next(
            (getattr(self.source, name) for name in ("problem", "simulation") if hasattr(self.source, name)),
            None,
        )
        known = ("ProblemResults", "SimulationResults", "Simulation")
        if not kind.__module__.startswith("pyblp.") or kind.__name__ not in known:
            allowed = "a pyblp.ProblemResults, SimulationResults or Simulation"
            raise bad_input("from_pyblp", ("results", kind.__name__, allowed))
        self.economy = self.source if found is None else found
        self.market_id = self._market_id()
        self._refuse()

    def _market_id(self) -> Any:
        ids = self.economy.unique_market_ids.tolist()
        chosen = ids[0] if self.asked is None and len(ids) == 1 else self.asked
        if np.ndim(chosen) or chosen not in ids:
            shown = ", ".join(map(str, ids[:8])) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
            raise bad_input("from_pyblp", ("market_id", self.asked, f"one of {shown}"))
        return chosen

    def _refuse(self) -> None:
        wrong: list[tuple[str, object, str]] = []
        if self.economy.epsilon_scale != 1.0:
            wrong.append(
                ("epsilon_scale", self.economy.epsilon_scale, "1: utility in units of the logit error")
            )
        availability = self.agents.availability
        if availability.size and not (np.asarray(availability) == 1).all():
            wrong.append(("availability", "choice sets that differ by agent", "all products for all agents"))
        if wrong:
            raise bad_input("from_pyblp", *wrong)

    @property
    def parameters(self) -> Any:
        """What holds sigma, pi, rho and beta: estimates, or the simulation of simulated results."""
        return self.source if hasattr(self.source, "beta") else self.economy

    # --- data

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows of the market's products."""
        return np.flatnonzero(self.economy.products.market_ids.ravel() == self.market_id)

    @property
    def agents(self) -> Any:
        """The market's agents."""
        agents = self.economy.agents
        return agents[agents.market_ids.ravel() == self.market_id]

    @property
    def data(self) -> dict[str, NDArray[Any]]:
        """Product data by name (J, k); those of simulated results where there are any."""
        products = self.economy.products
        out = {name: products[name][self.rows] for name in products.dtype.names}
        newer = getattr(self.source, "product_data", None)
        if newer is not None and self.source is not self.economy:
            out |= {name: newer[name][self.rows] for name in newer.dtype.names if name in out}
        return out

    def column(self, name: str) -> Floats:
        """One product variable (J,)."""
        return np.asarray(self.data[name], dtype=np.float64).ravel()

    def columns(self, table: str) -> list[_Column]:
        """Columns of X1 or X2, each as a line in prices."""
        formulations = self.economy.products.dtype.fields[table][2]
        return [self._line(table, formulation) for formulation in formulations]

    def _line(self, table: str, formulation: Any) -> _Column:
        data, name = self.data, str(formulation)
        at = [
            self._value(formulation, data, {"prices": np.full((self.rows.size, 1), p)})
            for p in (0.0, 1.0, 2.0)
        ]
        slope = at[1] - at[0]
        straight = np.allclose(at[2] - at[1], slope, rtol=_SAME, atol=_SAME) and np.isfinite(at).all()
        if (
            not straight
            or not np.allclose(slope, slope[0], rtol=_SAME, atol=_SAME)
            or "shares" in formulation.names
        ):
            allowed = "utility linear in prices, with one slope for all products, and free of shares"
            raise bad_input("from_pyblp", (f"{table} column {name}", name, allowed))
        return _Column(name, at[0], float(slope[0]))

    def _value(self, formulation: Any, data: Mapping[str, Any], override: Mapping[str, Any]) -> Floats:
        with np.errstate(all="ignore"):
            value = np.asarray(formulation.evaluate(data, override), dtype=np.float64)
        return np.broadcast_to(value.reshape(-1) if value.ndim else value, (self.rows.size,)).copy()

    # --- demand

    def demand(self) -> MixedLogit:
        """The market's demand."""
        linear, random = self.columns("X1"), self.columns("X2")
        beta = np.asarray(self.parameters.beta, dtype=np.float64).ravel()
        if np.isnan(beta).any():
            raise bad_input("from_pyblp", ("beta", "not estimated", "a number for each column of X1"))
        coefficients = self.coefficients(len(random))
        weights = np.asarray(self.agents.weights, dtype=np.float64).ravel()
        mean = sum(b * column.slope for b, column in zip(beta, linear, strict=True))
        alpha, tastes = np.full(weights.size, -float(mean)), np.zeros((weights.size, self.rows.size))
        for column, values in zip(random, coefficients, strict=True):
            tastes += values * column.intercept
            alpha -= column.slope * self._alike(column, values)
        nests, rho = self.nests()
        return MixedLogit(self.delta(beta, linear), alpha, tastes, weights, nests, rho)

    def _alike(self, column: _Column, values: Floats) -> Floats:
        """Coefficients (R,) of a column with a price; by product they must be one number."""
        if column.slope and not np.allclose(values, values[:, :1], rtol=_SAME, atol=0.0):
            allowed = "a price coefficient that is the same for all products"
            raise bad_input("from_pyblp", (f"demographics of {column.name}", "values by product", allowed))
        return values[:, 0]

    def delta(self, beta: Floats, linear: list[_Column]) -> Floats:
        """Mean utility without prices (J,)."""
        found = getattr(self.source, "delta", None)
        if found is not None:
            mean = sum(b * column.slope for b, column in zip(beta, linear, strict=True))
            return np.asarray(found, dtype=np.float64)[self.rows].ravel() - float(mean) * self.column(
                "prices"
            )
        xi = np.asarray(self.source.xi, dtype=np.float64)[self.rows].ravel()
        return np.asarray(xi + sum(b * column.intercept for b, column in zip(beta, linear, strict=True)))

    def coefficients(self, count: int) -> list[Floats]:
        """Each column's coefficient by agent and product, (R, J) or (R, 1)."""
        agents, sigma = self.agents, np.asarray(self.parameters.sigma, dtype=np.float64)
        if not count:
            return []
        drawn = np.asarray(agents.nodes, dtype=np.float64) @ self._by_node(sigma, agents.nodes.shape[1]).T
        total = drawn.T[:, :, None]
        demographics = np.asarray(agents.demographics, dtype=np.float64)
        if demographics.shape[1]:
            by_product = demographics if demographics.ndim == 3 else demographics[:, :, None]
            pi = np.asarray(self.parameters.pi, dtype=np.float64)
            total = total + np.einsum("kd,rdj->krj", pi, by_product[:, :, : self.rows.size])
        kinds = self.economy.rc_types
        return [np.asarray(_TRANSFORMS[kind](total[k])) for k, kind in enumerate(kinds)]

    def _by_node(self, sigma: Floats, nodes: int) -> Floats:
        """sigma with a column for each of nodes, of which pyblp leaves out those that do not vary."""
        if sigma.shape[1] == nodes:
            return sigma
        varying = sigma[:, (sigma != 0.0).any(axis=0)]
        if varying.shape[1] > nodes:
            raise bad_input("from_pyblp", ("nodes", f"{nodes} columns", f"{varying.shape[1]}, as sigma has"))
        return np.pad(varying, ((0, 0), (0, nodes - varying.shape[1])))

    def nests(self) -> tuple[NDArray[Any] | None, Any]:
        """Nest of each product, and rho by sorted nest."""
        rho = np.asarray(self.parameters.rho, dtype=np.float64).ravel()
        every = self.economy.unique_nesting_ids
        if not rho.size or not every.size:
            return None, 0.0
        own = self.data["nesting_ids"].ravel()
        labels = np.unique(own)
        chosen = np.full(labels.size, rho[0]) if rho.size == 1 else rho[np.searchsorted(every, labels)]
        return np.searchsorted(labels, own), chosen

    # --- the game

    def owners(self) -> tuple[NDArray[Any] | None, Floats | None]:
        """Owners (J,), and the ownership matrix (J, J) if pyblp was told one."""
        data, size = self.data, self.rows.size
        firms = data["firm_ids"].ravel() if data["firm_ids"].size else None
        matrix = data["ownership"]
        return firms, np.asarray(matrix[:, :size], dtype=np.float64) if matrix.size else None

    def costs(self) -> Floats | None:
        """Marginal costs (J,): simulated, or found by pyblp from its own pricing conditions."""
        firms, matrix = self.owners()
        if self.source is self.economy:
            return self._simulated_costs()
        simulated = getattr(self.source, "costs", None)
        if simulated is not None:
            return np.asarray(simulated, dtype=np.float64)[self.rows].ravel()
        if (firms is None and matrix is None) or not hasattr(self.source, "compute_costs"):
            return None
        return np.asarray(self.source.compute_costs(market_id=self.market_id), dtype=np.float64).ravel()

    def _simulated_costs(self) -> Floats | None:
        """Marginal costs (J,) of a simulation that was not solved: X3 gamma + omega, or exp of it."""
        formulations = self.economy.products.dtype.fields["X3"][2]
        if not formulations or any({"prices", "shares"} & one.names for one in formulations):
            return None
        gamma = np.asarray(self.source.gamma, dtype=np.float64).ravel()
        omega = np.asarray(self.source.omega, dtype=np.float64)[self.rows].ravel()
        index = omega + sum(
            g * self._value(one, self.data, {}) for g, one in zip(gamma, formulations, strict=True)
        )
        return np.asarray(np.exp(index) if self.economy.costs_type == "log" else index)
