"""The market at rest before the first month, and the luck of the whole run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.base.book import OrderBook, Terms, Voided
from pricewar.base.luck import stream, streams
from pricewar.base.records import Flags, Floats
from pricewar.base.standing import Standing
from pricewar.base.state import State
from pricewar.demand.population import QUINTILES
from pricewar.events import Entry
from pricewar.scenario.tree import Scenario

from .calibrate import Calibration

if TYPE_CHECKING:
    pass

AMPLE = 1_000.0
"""Where the scenario sets no limit, a firm has this many months of the whole market's sales in cash, and
can make this many times what all shoppers could buy. Both are finite, out of reach, and in the market's own
units.
"""


def start_state(scenario: Scenario, calibration: Calibration) -> State:
    """The market at rest before the first month."""
    landscape = calibration.landscape
    products = [scenario.products[key] for key in landscape.products]
    firms = list(scenario.firms.values())
    units, firm_of = landscape.start_units, landscape.firm_of
    by_firm = landscape.by_firm(units)
    share = np.divide(units, by_firm[firm_of], out=np.zeros_like(units), where=by_firm[firm_of] > 0)
    backlog = _floats(firm.backlog for firm in firms)[firm_of] * share * scenario.dynamics.backlog.on
    stock = np.where(backlog > 0, 0.0, _floats(firm.dealer_stock for firm in firms)[firm_of] * share)
    if not scenario.dynamics.dealer_stock.on:
        stock = np.zeros_like(stock)
    days, clock = _floats(firm.payable_days for firm in firms), scenario.clock
    made_cost, count = landscape.by_firm(units * calibration.unit_cost), len(products)
    return State(
        landscape=landscape,
        list_price=_floats(product.list_price for product in products),
        promotion=_floats(product.promotion for product in products),
        on_sale=calibration.on_sale.copy(),
        active=_active(scenario, by_firm),
        delta=calibration.delta.copy(),
        taste=np.zeros(count),
        brand=np.zeros(len(firms)),
        reference=landscape.start_price.copy(),
        fleet=calibration.fleet.copy(),
        price_trend=np.zeros(count),
        planned=1.0,
        demand_factor=1.0,
        month_luck=1.0,
        unit_cost=calibration.unit_cost.copy(),
        overhead=calibration.overhead,
        cost_factor=np.ones(count),
        cost_extra=np.zeros(count),
        cumulative=_experience(by_firm) * clock.periods_a_year * scenario.dynamics.learning.years_made,
        pack_price=1.0,
        capacity=_limits((firm.capacity for firm in firms), scenario.consumers.shoppers),
        supply=np.ones(len(firms)),
        forecast=units.copy(),
        stock=stock,
        backlog=backlog,
        start_lead=np.divide(backlog, units, out=np.zeros_like(units), where=units > 0),
        start_stock_months=np.divide(stock, units, out=np.zeros_like(units), where=units > 0),
        cash=_limits((firm.cash for firm in firms), float((units * landscape.start_price).sum())),
        payables=scenario.supply_chain.purchased_share * made_cost * days / clock.days_a_period,
        payable_days=days,
        inventory=stock * calibration.unit_cost,
        fixed_cost=_floats(firm.fixed_cost for firm in firms),
        subsidy=np.zeros(count),
        months_broke=np.zeros(len(firms)),
        credit=_credit(scenario, landscape.by_firm(units * landscape.start_price)),
        **_no_orders(count, len(firms)),
    )


def _credit(scenario: Scenario, sales: Floats) -> Floats:
    """(F,) credit lines, money; `sales` are a period's at the start, incl. VAT."""
    months = _floats(firm.credit_months for firm in scenario.firms.values())
    return months * sales / (1.0 + scenario.market.vat)


def _floats(values: Iterable[float]) -> Floats:
    """Amounts of a scenario as an array of state.

    They are floats even where a scenario made by hand has whole numbers, because what is carried from month
    to month is not whole.
    """
    return np.array(list(values), dtype=np.float64)


def _limits(values: Iterable[float | None], usual: float) -> Floats:
    """Limits of firms; where none is set, an ample one in units of what is usual in the market."""
    return _floats(AMPLE * usual if value is None else value for value in values)


def _no_orders(products: int, firms: int) -> dict[str, Any]:
    """An order book before it is opened (`settling.open_book`)."""
    none, groups = np.zeros(products), np.zeros((QUINTILES, products))
    terms = Terms(price=none, subsidy=none, tax=none, rebate=none, on_sale=none > 0)
    book = OrderBook.opening(none, none, terms, groups, np.zeros(QUINTILES))
    voided = Voided.none(products, QUINTILES)
    standing = Standing.none(products, firms)
    return {
        "standing": standing,
        "book": book,
        "voided": voided,
        "deposits": np.zeros(firms),
        "owners": groups,
    }


def _experience(by_firm: Floats) -> Floats:
    """(F,) cars a month behind a firm's experience; an entrant knows what the mean firm knows (assumed)."""
    sells = by_firm > 0
    return np.where(sells, by_firm, by_firm[sells].mean() if sells.any() else 1.0)


def _active(scenario: Scenario, by_firm: Floats) -> Flags:
    """(F,) firms in the market at the start: not those that sell nothing yet and have an entry to come."""
    entering = {event.firm for event in scenario.events if isinstance(event, Entry)}
    return np.array([u > 0 or key not in entering for key, u in zip(scenario.firms, by_firm, strict=True)])


def draw_noise(scenario: Scenario, products: Sequence[str], seed: int) -> tuple[Floats, Floats]:
    """Luck of demand for the whole run, the same for every scenario that shares the seed.

    Returns:
        (T,) factors on shoppers and (T, J) passing taste shocks in utility, each product with its own luck.
    """
    noise, length = scenario.noise, scenario.periods
    market, taste = np.ones(length), np.zeros((length, len(products)))
    if noise.market_sd > 0:
        market = np.exp(noise.market_sd * stream(seed, "shoppers").standard_normal(length))
    if noise.taste_sd > 0:
        lucks = streams(seed, (("taste", name) for name in products))
        fresh = np.array([luck.standard_normal(length) for luck in lucks]).T
        taste = _passing(fresh, noise.taste_sd, noise.taste_memory)
    for firm, sd in sorted(noise.firm_sd.items()):
        luck = stream(seed, "firm taste", firm).standard_normal(length)
        shock = _passing(luck, sd, noise.firm_memory)
        own = np.array([scenario.products[name].firm == firm for name in products])
        taste = taste + np.outer(shock, own)
    return market, taste


def _passing(fresh: Floats, sd: float, kept: float) -> Floats:
    """(T, ...) shocks of a standard deviation that fade by `kept` a month, from standard normals (T, ...)."""
    path, step = np.zeros_like(fresh), sd * np.sqrt(1.0 - kept**2)
    for t in range(len(fresh)):
        path[t] = (kept * path[t - 1] if t else 0.0) + step * fresh[t]
    return path
