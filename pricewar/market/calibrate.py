"""Calibration: from what was sold in the month before the start to demand, costs and growth motives.

Four steps, no estimation:
1. the scenario's demand is fitted to observed units: mean utilities, or what a demand has in their place
   (Berry 1994, RAND 25; contraction of Berry, Levinsohn and Pakes 1995, accelerated);
2. its price sensitivity is scaled until the unit-weighted mean own-price elasticity is the stated one;
3. unit costs follow from reported gross margins;
4. each product's growth motive theta is the value of one more car, beyond its profit, at which today's price
   is the best response (objective profit + theta * units, after Baumol 1958). So the market starts at rest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from pricewar.base.errors import bad_input
from pricewar.base.own_code import FAILURES, blame
from pricewar.base.records import Flags, Floats, Ints, Landscape, Record, read_only
from pricewar.base.sums import dot
from pricewar.demand.anchored import Anchored
from pricewar.demand.base import NOT_ON_SALE, Demand
from pricewar.demand.buyers import first_rows
from pricewar.demand.mixed import MixedLogit
from pricewar.demand.observed import Observed
from pricewar.demand.population import CAR_TASTES, Population, make_population
from pricewar.equilibrium.motives import growth_motives
from pricewar.files.kept import Shelf, source_mark
from pricewar.kernels.machine import machine
from pricewar.scenario import preferences
from pricewar.scenario.columns import attributes, column_of, further
from pricewar.scenario.hints import unsettled
from pricewar.scenario.parts import ProductSpec
from pricewar.scenario.tree import SEGMENTS, Scenario

COLUMNS = tuple(name for name in ProductSpec.model_fields if name != "attributes")
SKETCH = 256
"""Rows by which firms judge a campaign before they launch it."""
_ROOMS = ("base", "demand", "equilibrium", "kernels", "market", "scenario")
CODE = tuple(f"pricewar.{room}" for room in _ROOMS)
"""Packages whose code a calibration may follow from."""
SHELF = Shelf("calibrations", most=64, largest=200_000_000, writes=8)
"""Where calibrations are kept, about 4 MB each: one takes a third of a second, and most runs repeat one. A
sweep that draws parameters has a new one in each run: it keeps few."""
MET = 1e-6
"""Largest gap between a share at the start and the observed one, as a fraction of it."""


@dataclass(frozen=True)
class Calibration(Record):
    """What is fixed before the first month. R rows of buyers, J products, F firms."""

    landscape: Landscape
    population: Population
    demand: MixedLogit | Anchored
    """Of the start, later launches with the appeal they will have."""
    attributes: Floats
    """(J, K) attributes for which rows have tastes; no columns for a demand without rows."""
    first: Ints
    """(F + 1,) first product of each firm."""
    delta: Floats
    """(J,) mean utility without price; zeros for a demand that has none, which counts changes only."""
    fleet: Floats
    """(F + 1,) brands' shares of the cars on the road at the start."""
    on_sale: Flags
    """(J,) sold before the first month."""
    share: Floats
    """(J,) expected share of shoppers at start prices."""
    unit_cost: Floats
    """(J,) CNY ex VAT."""
    overhead: Floats
    """(J,) the part of unit cost that does not vary with output, CNY ex VAT."""
    growth: Floats
    """(J,) growth motive, CNY a car: beyond price less what varies of unit cost."""
    elasticity: Floats
    """(J,) own-price elasticity of transaction prices; NaN for later launches."""
    attraction: float
    """Mean log-sum of the offers at the start, the yardstick of pull-forward."""
    key: bytes = b""
    """Digest of all that it follows from, code included; empty where that is not known."""

    @cached_property
    def alpha(self) -> Floats:
        """(R,) price sensitivity per CNY; empty for a demand without rows."""
        return read_only(self.demand.alpha if isinstance(self.demand, MixedLogit) else np.zeros(0))

    @cached_property
    def sketch(self) -> MixedLogit | Anchored:
        """The demand of the first rows: enough for what a firm can know of all buyers.

        Rows are quasi-random, so the first of them cover tastes and incomes as all do.
        """
        demand = self.demand
        return (
            first_rows(demand, SKETCH).laid_out()
            if isinstance(demand, MixedLogit) and demand.rows > SKETCH
            else demand
        )

    @property
    def base(self) -> Floats:
        """(R, J) utility from tastes; without rows for a demand without them."""
        if isinstance(self.demand, MixedLogit):
            return read_only(np.asarray(self.demand.tastes))
        return np.zeros((0, self.demand.products))

    @property
    def loyal(self) -> float:
        """exp(utility of one's own brand)."""
        return float(np.exp(self.demand.loyal)) if isinstance(self.demand, MixedLogit) else 1.0


def calibrate(scenario: Scenario) -> Calibration:
    """Calibrate a scenario; equal inputs are computed once, and kept in the user's cache.

    Raises:
        InputError: demand that cannot be calibrated to this market.
        ConvergenceError: no mean utilities reproduce the observed units.
    """
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
                "market": {"vat", "variable_share"},
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
    def work() -> Calibration:
        return _Work(keyed.scenario).result()

    if not type(keyed.scenario.demand).__module__.startswith("pricewar."):
        return work()  # of a user's own demand we do not know all that it follows from
    key = keyed.key + source_mark(CODE) + machine()
    return SHELF.get(key, work).but(key=key)


class _Work:
    """The steps of one calibration, in order."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        firms = tuple(scenario.firms)
        by_firm = sorted(scenario.products.items(), key=lambda item: firms.index(item[1].firm))
        self.ids = tuple(key for key, _ in by_firm)
        self.products = tuple(product for _, product in by_firm)
        self.firms = firms
        self.firm_of = np.array([firms.index(product.firm) for product in self.products], dtype=np.int64)
        self.first = np.searchsorted(self.firm_of, np.arange(len(firms) + 1)).astype(np.int64)
        self.units = np.array([product.units for product in self.products], dtype=np.float64)
        self.fleet = self.start_fleet()
        self.observed = self.look()

    def start_fleet(self) -> Floats:
        """(F + 1,) brands' shares of the cars on the road: that of new cars, times the share of NEVs."""
        sold = np.bincount(self.firm_of, weights=self.units, minlength=len(self.firms))
        nev = self.scenario.dynamics.loyalty.nev_fleet_share
        own = nev * sold / max(sold.sum(), 1.0)
        return np.append(own, 1.0 - own.sum())

    def look(self) -> Observed:
        """The market as a demand sees it."""
        spec, loyalty = self.scenario.consumers, self.scenario.dynamics.loyalty
        place = {key: j for j, key in enumerate(self.ids)}
        own = len(getattr(self.scenario.demand, "tastes", ()))
        population = make_population(spec.draws, spec.seed, CAR_TASTES + own)
        like = [place[product.like] if product.like and not product.units else j
                for j, product in enumerate(self.products)]  # fmt: skip
        return Observed(
            name=self.scenario.name,
            price=np.array([product.price for product in self.products], dtype=np.float64),
            units=self.units,
            shoppers=self.scenario.consumers.shoppers,
            like=np.array(like, dtype=np.int64),
            appeal=np.array([product.appeal for product in self.products], dtype=np.float64),
            firm_of=self.firm_of,
            columns={
                name: np.array(column_of(name, self.products)) for name in (*COLUMNS, *further(self.products))
            },
            population=population,
            income_log_sd=spec.income_log_sd,
            brand=population.driven(self.fleet, np.argsort(np.array(self.firms), kind="stable")),
            loyal=loyalty.strength if loyalty.on else 0.0,
            causes=tuple(unsettled(self.scenario)),
        )

    def attributes(self) -> Floats:
        """(J, K) attributes for which buyers have tastes."""
        spec = self.scenario.demand
        own = tuple(spec.tastes) if isinstance(spec, preferences.MixedLogit) else ()
        found = attributes(self.observed.columns, own, self.observed.on_sale)
        return found if spec.rows else found[:, :0]

    def demand(self) -> MixedLogit | Anchored:
        """The scenario's demand, fitted to the market."""
        spec = self.scenario.demand
        try:
            found = spec.calibrated(self.observed)
        except FAILURES as error:
            blame(error, spec.kind, "when it is calibrated")
            raise
        if not isinstance(found, Demand) or found.products != len(self.ids):
            made = f"{type(found).__name__} from {spec.kind}.calibrated()"
            allowed = f"a pricewar.demand.Demand of {len(self.ids)} products"
            raise bad_input(self.scenario.name, ("demand.kind", made, allowed))
        if isinstance(found, MixedLogit):
            return found
        return Anchored(found, self.observed.price, np.zeros(len(self.ids)))

    def costs(self) -> Floats:
        """(J,) unit cost: stated, or net price less the firm's gross margin."""
        net = self.observed.price / (1.0 + self.scenario.market.vat)
        margins = [self.scenario.firms[product.firm].gross_margin for product in self.products]
        stated = [product.unit_cost for product in self.products]
        costs = [c or p * (1.0 - m) for c, p, m in zip(stated, net, margins, strict=True)]
        return np.array(costs, dtype=np.float64)

    def growth(self, start: Demand, full: Demand, variable_cost: Floats) -> Floats:
        """(J,) theta: stated, or from first-order conditions; of a launch, with all products on sale."""
        sold, price, vat = self.observed.on_sale, self.observed.price, self.scenario.market.vat
        theta = growth_motives(start, price, variable_cost, self.firm_of, vat)
        if not sold.all():
            theta = np.where(sold, theta, growth_motives(full, price, variable_cost, self.firm_of, vat))
        stated = [self.scenario.firms[product.firm].growth for product in self.products]
        return np.where([s is None for s in stated], theta, [s or 0.0 for s in stated])

    def result(self) -> Calibration:
        """All steps."""
        full, observed = self.demand(), self.observed
        price, sold, rows = observed.price, observed.on_sale, full.rows
        delta = full.delta if isinstance(full, MixedLogit) else np.zeros(len(sold))
        brand = full.brand if isinstance(full, MixedLogit) else None
        start = full if sold.all() else full.at(np.where(sold, delta, NOT_ON_SALE), None, brand)
        by_group, inside = start.by_group(price)
        share = by_group.sum(axis=0)
        self.require_met(share)
        unit_cost = self.costs()
        overhead = (1.0 - self.scenario.market.variable_share) * unit_cost
        with np.errstate(divide="ignore", invalid="ignore"):
            elasticity = np.where(sold, start.own_slopes(price) * price / share, np.nan)
        landscape = Landscape(
            firms=self.firms,
            products=self.ids,
            firm_of=self.firm_of,
            segment_of=np.array([SEGMENTS.index(product.segment) for product in self.products]),
            segments=SEGMENTS,
            start_price=price,
            start_units=np.where(sold, share * observed.shoppers, 0.0),
            closeness=full.closeness(price),
        )
        return Calibration(
            landscape=landscape,
            population=observed.population,
            demand=full,
            attributes=self.attributes(),
            first=self.first,
            delta=delta,
            fleet=self.fleet,
            on_sale=sold,
            share=np.where(sold, share, 0.0),
            unit_cost=unit_cost,
            overhead=overhead,
            growth=self.growth(start, full, unit_cost - overhead),
            elasticity=elasticity,
            attraction=dot(observed.population.weight, np.log1p(inside)) if rows else 0.0,
        )

    def require_met(self, share: Floats) -> None:
        """Refuse a demand, of a user's own perhaps, that does not sell at the start what was observed."""
        sold, observed = self.observed.on_sale, self.observed.share
        wrong = ~(np.abs(share[sold] - observed[sold]) <= MET * observed[sold])
        if wrong.any():
            j = int(np.flatnonzero(sold)[np.flatnonzero(wrong)[0]])
            found = f"a share of {share[j]:.6g} of {self.ids[j]} at start prices"
            raise bad_input(self.scenario.name, ("demand.kind", found, f"the observed {observed[j]:.6g}"))
