"""Calibration: from what was sold in the month before the start to utilities, costs and growth motives.

Four steps, no estimation:
1. mean utilities delta are inverted so that expected units equal observed units (Berry 1994, RAND 25;
   contraction of Berry, Levinsohn and Pakes 1995);
2. price sensitivity is scaled until the unit-weighted mean own-price elasticity is the stated one;
3. unit costs follow from reported gross margins;
4. each product's growth motive theta is the value of one more car, beyond its profit, at which today's price
   is the best response (objective profit + theta * units, after Baumol 1958). So the market starts at rest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pricewar.base.errors import ConvergenceError, bad_input
from pricewar.base.records import Flags, Floats, Ints, Landscape, Record
from pricewar.base.sums import dot, solved
from pricewar.kernels.market import choices, derivatives
from pricewar.scenario.hints import unsettled
from pricewar.scenario.preferences import MixedLogit
from pricewar.scenario.tree import SEGMENTS, Scenario

from .population import QUINTILES, Population, make_population, price_sensitivity, taste_utility

NOT_ON_SALE = -1.0e3
"""Utility of a product that nobody can buy."""
ELECTRIC = ("BEV", "PHEV", "EREV")
"""Powertrains of cars that are bought for being new-energy vehicles."""


@dataclass(frozen=True)
class Calibration(Record):
    """What is fixed before the first month. R rows of buyers, J products, F firms."""

    landscape: Landscape
    population: Population
    first: Ints
    """(F + 1,) first product of each firm."""
    attributes: Floats
    """(J, K) attributes of products, columns as in `preferences.TASTES`."""
    base: Floats
    """(R, J) utility from tastes."""
    alpha: Floats
    """(R,) price sensitivity per CNY."""
    delta: Floats
    """(J,) mean utility without price."""
    loyal: float
    """exp(utility of one's own brand)."""
    fleet: Floats
    """(F + 1,) brands' shares of the cars on the road at the start."""
    on_sale: Flags
    """(J,) sold before the first month."""
    share: Floats
    """(J,) expected share of shoppers at start prices."""
    unit_cost: Floats
    """(J,) CNY ex VAT."""
    growth: Floats
    """(J,) growth motive, CNY a car."""
    elasticity: Floats
    """(J,) own-price elasticity of transaction prices; NaN for later launches."""
    attraction: float
    """Mean log-sum of the offers at the start, the yardstick of pull-forward."""


def calibrate(scenario: Scenario) -> Calibration:
    """Calibrate a scenario; equal inputs are computed once per process.

    Raises:
        InputError: demand of a kind that cannot be calibrated.
        ConvergenceError: no mean utilities reproduce the observed units.
    """
    if not isinstance(scenario.demand, MixedLogit):
        raise bad_input(scenario.name, ("demand.kind", scenario.demand.kind, "MixedLogit or Logit"))
    return _calibrate(_Keyed(scenario))


class _Keyed:
    """A scenario that is equal to another when calibration would give the same."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        parts = scenario.model_dump(
            mode="json",
            include={
                "consumers": True,
                "demand": True,
                "market": {"vat"},
                "dynamics": {"loyalty"},
                "products": True,
                "firms": {"__all__": {"gross_margin", "growth"}},
            },
        )
        self.key = hashlib.sha256(json.dumps(parts, sort_keys=False).encode()).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=64)
def _calibrate(keyed: _Keyed) -> Calibration:
    return _Work(keyed.scenario).result()


class _Work:
    """The steps of one calibration, in order."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.preferences = scenario.demand
        assert isinstance(self.preferences, MixedLogit)
        firms = tuple(scenario.firms)
        by_firm = sorted(scenario.products.items(), key=lambda item: firms.index(item[1].firm))
        self.ids = tuple(key for key, _ in by_firm)
        self.products = tuple(product for _, product in by_firm)
        self.firms = firms
        self.firm_of = np.array([firms.index(product.firm) for product in self.products], dtype=np.int64)
        self.first = np.searchsorted(self.firm_of, np.arange(len(firms) + 1)).astype(np.int64)
        self.price = np.array([product.price for product in self.products], dtype=np.float64)
        self.units = np.array([product.units for product in self.products], dtype=np.float64)
        self.on_sale = self.units > 0
        spec = scenario.consumers
        self.population = make_population(spec.draws, spec.seed)
        self.base = taste_utility(self.population, self.preferences, self.attributes())
        self.relative_alpha = price_sensitivity(self.population, self.preferences, spec.income_log_sd)
        loyalty = scenario.dynamics.loyalty
        self.loyal = float(np.exp(loyalty.strength)) if loyalty.on else 1.0
        self.fleet = self.start_fleet()
        self.brand = self.population.driven(self.fleet, np.argsort(np.array(firms), kind="stable"))
        self.outside = np.ones(spec.draws)

    def attributes(self) -> Floats:
        """(J, K) attributes in the order of `preferences.TASTES`."""
        return np.array(
            [
                [
                    1.0 if product.powertrain in ELECTRIC else 0.0,
                    SEGMENTS.index(product.segment) - 2.5,
                    1.0 if product.body == "SUV" else 0.0,
                    product.range_km / 100.0 - 5.0
                    if product.powertrain == "BEV" and product.range_km
                    else 0.0,
                ]
                for product in self.products
            ]
        )

    def start_fleet(self) -> Floats:
        """(F + 1,) brands' shares of the cars on the road: that of new cars, times the share of NEVs."""
        sold = np.bincount(self.firm_of, weights=self.units, minlength=len(self.firms))
        nev = self.scenario.dynamics.loyalty.nev_fleet_share
        own = nev * sold / max(sold.sum(), 1.0)
        return np.append(own, 1.0 - own.sum())

    def shares(self, delta: Floats, alpha: Floats) -> tuple[Floats, Floats]:
        """Expected shares (J,) and sums of exponentials (R,) at start prices."""
        share, inside = np.empty((QUINTILES, len(delta))), np.empty(len(alpha))
        choices(
            self.base, delta, self.price, alpha, self.population.weight, self.brand, self.first, self.loyal,
            self.outside, self.population.group, share, inside,
        )  # fmt: skip
        return share.sum(axis=0), inside

    def jacobian(self, delta: Floats, alpha: Floats) -> Floats:
        """(J, J) d share / d price at start prices."""
        matrix = np.empty((len(delta), len(delta)))
        derivatives(
            self.base, delta, self.price, alpha, self.population.weight, self.brand, self.first, self.loyal,
            self.outside, matrix,
        )  # fmt: skip
        return matrix

    def invert(self, delta: Floats, alpha: Floats, tolerance: float = 1e-13, limit: int = 5000) -> Floats:
        """Mean utilities at which expected shares equal observed ones; those not on sale stay as they are."""
        sold = self.on_sale
        target = np.log(self.units[sold] / self.scenario.consumers.shoppers)
        for _ in range(limit):
            share, _ = self.shares(delta, alpha)
            gap = target - np.log(share[sold])
            delta = delta.copy()
            delta[sold] += gap
            if np.max(np.abs(gap)) < tolerance:
                return delta
        cause = "; ".join(unsettled(self.scenario)) or "use fewer or smaller taste spreads"
        raise ConvergenceError(
            f"{self.scenario.name}: mean utilities do not settle after {limit} iterations, "
            f"largest gap {np.max(np.abs(gap)):.1e} in log share; {cause}"
        )

    def own_elasticity(self, delta: Floats, alpha: Floats) -> Floats:
        """(J,) own-price elasticities."""
        share, _ = self.shares(delta, alpha)
        with np.errstate(divide="ignore", invalid="ignore"):
            elasticity = np.diag(self.jacobian(delta, alpha)) * self.price / share
        return np.where(self.on_sale, elasticity, np.nan)

    def demand(self) -> tuple[Floats, Floats]:
        """delta and alpha that meet observed units and the stated elasticity."""
        assert isinstance(self.preferences, MixedLogit)
        fixed = self.preferences.price_sensitivity
        scale = fixed or -self.preferences.own_elasticity / float(np.average(self.price, weights=self.units))
        delta = np.where(self.on_sale, scale * self.price - 3.0, NOT_ON_SALE)
        for _ in range(200):
            alpha = scale * self.relative_alpha
            rough = 1e-13 if fixed else 1e-9
            delta = self.invert(delta, alpha, rough)
            if fixed:
                return delta, alpha
            mean = self.mean(self.own_elasticity(delta, alpha))
            ratio = self.preferences.own_elasticity / mean
            if abs(ratio - 1.0) < 1e-8:
                return self.invert(delta, alpha), alpha
            scale *= ratio
        raise ConvergenceError(f"{self.scenario.name}: no price sensitivity gives the elasticity asked for")

    def mean(self, values: Floats) -> float:
        """Unit-weighted mean over products on sale."""
        return float(np.average(values[self.on_sale], weights=self.units[self.on_sale]))

    def launches(self, delta: Floats) -> Floats:
        """delta with the appeal of later launches filled in."""
        full = delta.copy()
        for j, product in enumerate(self.products):
            if not self.on_sale[j]:
                full[j] = delta[self.ids.index(product.like or "")] + product.appeal
        return full

    def costs(self) -> Floats:
        """(J,) unit cost: stated, or net price less the firm's gross margin."""
        net = self.price / (1.0 + self.scenario.market.vat)
        margins = [self.scenario.firms[product.firm].gross_margin for product in self.products]
        stated = [product.unit_cost for product in self.products]
        costs = [c or p * (1.0 - m) for c, p, m in zip(stated, net, margins, strict=True)]
        return np.array(costs, dtype=np.float64)

    def growth(self, jacobian: Floats, share: Floats, unit_cost: Floats, sold: Flags) -> Floats:
        """(J,) theta from first-order conditions: price less Bertrand mark-up is unit cost less theta."""
        vat = 1.0 + self.scenario.market.vat
        theta = np.zeros(len(share))
        for f in range(len(self.firms)):
            own = np.flatnonzero((self.firm_of == f) & sold)
            if len(own):
                markup = solved(-jacobian[np.ix_(own, own)].T * vat, share[own])
                theta[own] = unit_cost[own] - (self.price[own] / vat - markup)
        return theta

    def result(self) -> Calibration:
        """All steps."""
        delta, alpha = self.demand()
        share, inside = self.shares(delta, alpha)
        full = self.launches(delta)
        everything = np.ones(len(full), dtype=bool)
        full_share, _ = self.shares(full, alpha)
        full_jacobian = self.jacobian(full, alpha)
        unit_cost = self.costs()
        growth = np.where(
            self.on_sale,
            self.growth(self.jacobian(delta, alpha), share, unit_cost, self.on_sale),
            self.growth(full_jacobian, full_share, unit_cost, everything),
        )
        stated = [self.scenario.firms[product.firm].growth for product in self.products]
        growth = np.where([s is None for s in stated], growth, [s or 0.0 for s in stated])
        closeness = -full_jacobian.T / np.diag(full_jacobian)[:, None]
        np.fill_diagonal(closeness, 0.0)
        landscape = Landscape(
            firms=self.firms,
            products=self.ids,
            firm_of=self.firm_of,
            segment_of=np.array([SEGMENTS.index(product.segment) for product in self.products]),
            segments=SEGMENTS,
            start_price=self.price,
            start_units=np.where(self.on_sale, share * self.scenario.consumers.shoppers, 0.0),
            closeness=closeness,
        )
        return Calibration(
            landscape=landscape,
            population=self.population,
            first=self.first,
            attributes=self.attributes(),
            base=self.base,
            alpha=alpha,
            delta=full,
            loyal=self.loyal,
            fleet=self.fleet,
            on_sale=self.on_sale,
            share=np.where(self.on_sale, share, 0.0),
            unit_cost=unit_cost,
            growth=growth,
            elasticity=self.own_elasticity(delta, alpha),
            attraction=dot(self.population.weight, np.log1p(inside)),
        )
