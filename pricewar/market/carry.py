"""What is carried from one month to the next: the start, luck, books, memories, exits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.base.book import OrderBook, Terms, Voided
from pricewar.base.luck import stream
from pricewar.base.records import Accounts, Flags, Floats, Offers, Sales
from pricewar.base.state import State, leave
from pricewar.events import Entry
from pricewar.results.metrics import cut_depth
from pricewar.scenario.mechanisms import Dynamics
from pricewar.scenario.tree import Scenario

from .calibrate import Calibration
from .population import QUINTILES
from .production import Flow

if TYPE_CHECKING:
    from .suppliers import Supplier

DAYS_A_MONTH = 365.0 / 12.0
AMPLE = 1_000.0
"""Where the scenario sets no limit, a firm has so many months of the whole market's sales in cash, and can
make so many times what all shoppers could buy: finite, out of reach, and in the market's own units."""


def start_state(scenario: Scenario, calibration: Calibration) -> State:
    """The market at rest before the first month."""
    landscape = calibration.landscape
    products = [scenario.products[key] for key in landscape.products]
    firms = list(scenario.firms.values())
    units, firm_of = landscape.start_units, landscape.firm_of
    by_firm = np.bincount(firm_of, weights=units, minlength=len(firms))
    share = np.divide(units, by_firm[firm_of], out=np.zeros_like(units), where=by_firm[firm_of] > 0)
    backlog = _floats(firm.backlog for firm in firms)[firm_of] * share * scenario.dynamics.backlog.on
    stock = np.where(backlog > 0, 0.0, _floats(firm.dealer_stock for firm in firms)[firm_of] * share)
    if not scenario.dynamics.dealer_stock.on:
        stock = np.zeros_like(stock)
    days = _floats(firm.payable_days for firm in firms)
    made_cost = np.bincount(firm_of, weights=units * calibration.unit_cost, minlength=len(firms))
    count = len(products)
    return State(
        landscape=landscape,
        list_price=_floats(product.list_price for product in products),
        promotion=_floats(product.promotion for product in products),
        on_sale=calibration.on_sale.copy(),
        active=_active(scenario, by_firm.astype(np.float64)),
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
        cost_factor=np.ones(count),
        cost_extra=np.zeros(count),
        cumulative=_experience(by_firm.astype(np.float64)) * 12.0 * scenario.dynamics.learning.years_made,
        pack_price=1.0,
        capacity=_limits((firm.capacity for firm in firms), scenario.consumers.shoppers),
        supply=np.ones(len(firms)),
        forecast=units.copy(),
        stock=stock,
        backlog=backlog,
        start_lead=np.divide(backlog, units, out=np.zeros_like(units), where=units > 0),
        start_stock_months=np.divide(stock, units, out=np.zeros_like(units), where=units > 0),
        cash=_limits((firm.cash for firm in firms), float((units * landscape.start_price).sum())),
        payables=scenario.supply_chain.purchased_share * made_cost * days / DAYS_A_MONTH,
        payable_days=days,
        inventory=stock * calibration.unit_cost,
        fixed_cost=_floats(firm.fixed_cost for firm in firms),
        subsidy=np.zeros(count),
        months_broke=np.zeros(len(firms)),
        **_no_orders(count, len(firms)),
    )


def _floats(values: Iterable[float]) -> Floats:
    """Amounts of a scenario as an array of state: of floats, also where a scenario made by hand holds whole
    numbers, because what is carried from month to month is not whole."""
    return np.array(list(values), dtype=np.float64)


def _limits(values: Iterable[float | None], usual: float) -> Floats:
    """Limits of firms, and an ample one, in units of what is usual in the market, where none is set."""
    return _floats(AMPLE * usual if value is None else value for value in values)


def _no_orders(products: int, firms: int) -> dict[str, Any]:
    """An order book before it is opened (`settling.open_book`)."""
    none, groups = np.zeros(products), np.zeros((QUINTILES, products))
    terms = Terms(price=none, subsidy=none, tax=none, rebate=none, on_sale=none > 0)
    book = OrderBook.opening(none, none, terms, groups, np.zeros(QUINTILES))
    voided = Voided.none(products, QUINTILES)
    return {"book": book, "voided": voided, "deposits": np.zeros(firms), "owners": groups}


def _experience(by_firm: Floats) -> Floats:
    """(F,) cars a month behind a firm's experience; an entrant knows what the mean firm knows (assumed)."""
    sells = by_firm > 0
    return np.where(sells, by_firm, by_firm[sells].mean() if sells.any() else 1.0)


def _active(scenario: Scenario, by_firm: Floats) -> Flags:
    """(F,) firms in the market at the start: not those that sell nothing yet and have an entry to come."""
    entering = {event.firm for event in scenario.events if isinstance(event, Entry)}
    return np.array([u > 0 or key not in entering for key, u in zip(scenario.firms, by_firm, strict=True)])


def start_offers(state: State) -> Offers:
    """What stood in the showrooms before the first month."""
    return showroom(state, -1, state.list_price, state.promotion)


def showroom(state: State, period: int, list_price: Floats, promotion: Floats) -> Offers:
    """Offers at stated prices, before events and measures."""
    count = len(list_price)
    return Offers(
        period=period,
        list_price=list_price,
        promotion=promotion,
        on_sale=state.on_sale & state.active[state.landscape.firm_of],
        subsidy=state.subsidy,
        tax=np.zeros(count),
        rebate=np.zeros(count),
        announced_end=np.full(count, -1),
    )


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
        fresh = np.array([stream(seed, "taste", name).standard_normal(length) for name in products]).T
        kept = noise.taste_memory
        step = noise.taste_sd * np.sqrt(1.0 - kept**2)
        for t in range(length):
            taste[t] = (kept * taste[t - 1] if t else 0.0) + step * fresh[t]
    return market, taste


def books(state: State, accounts: Accounts, made: Flow, inventory: Floats) -> None:
    """Cash, payables and cars at the end of the month."""
    state.cash, state.payables = accounts.cash, accounts.payables
    state.payable_days = accounts.payable_days
    state.stock, state.backlog, state.forecast = made.stock, made.backlog, made.forecast
    state.inventory = inventory
    state.deposits = accounts.deposits
    firm_of = state.landscape.firm_of
    state.cumulative = state.cumulative + np.bincount(
        firm_of, weights=made.produced, minlength=len(state.active)
    )
    state.months_broke = np.where(state.cash < 0, state.months_broke + 1, 0.0)


def buyers(
    state: State, before: Offers, offers: Offers, sales: Sales, reference: Floats, scenario: Scenario
) -> None:
    """What buyers remember: prices, brands, what they drive, and whether they still plan to buy."""
    dynamics = scenario.dynamics
    state.list_price, state.promotion = offers.list_price, offers.promotion
    state.reference = _toward(state.reference, offers.buyer_price, dynamics.reference_price.memory)
    change = np.where(offers.on_sale & before.on_sale, offers.price / before.price - 1.0, 0.0)
    state.price_trend = _toward(state.price_trend, change, 1.0 - dynamics.waiting.learning)
    state.brand = _brand(state, offers, reference, dynamics)
    if dynamics.loyalty.on or dynamics.word_of_mouth.on:
        state.fleet = _fleet(state, sales, dynamics)
    if dynamics.pull_forward.on:
        usual = scenario.consumers.shoppers * state.demand_factor * state.month_luck
        left = 1.0 - sales.shoppers / usual + sales.waiting / usual
        state.planned = max(0.1, state.planned + left / dynamics.pull_forward.window_months)


def _toward(old: Floats, new: Floats, memory: float) -> Floats:
    """Exponential smoothing that leaves a value at rest exactly where it is."""
    return old + (1.0 - memory) * (new - old)


def _brand(state: State, offers: Offers, reference: Floats, dynamics: Dynamics) -> Floats:
    spec = dynamics.brand
    if not spec.on:
        return state.brand
    depth = state.landscape.by_start_units(cut_depth(offers.price, reference))
    healed = state.brand * 0.5 ** (1.0 / spec.half_life)
    return np.asarray(healed - spec.erosion * depth, dtype=np.float64)


def _fleet(state: State, sales: Sales, dynamics: Dynamics) -> Floats:
    """Brands' shares of the cars on the road move with deliveries above or below the usual ones.

    The fleet at the start is taken as in balance with sales at the start.
    """
    firm_of, firms = state.landscape.firm_of, len(state.active)
    sold = np.bincount(firm_of, weights=sales.units, minlength=firms)
    usual = np.bincount(firm_of, weights=state.landscape.start_units, minlength=firms)
    total = max(float(usual.sum()), 1.0)
    turnover = 1.0 / dynamics.loyalty.replacement_months
    own = state.fleet[:-1] + turnover * (sold - usual) / total * state.fleet[:-1].sum()
    own = np.maximum(own, 1e-9)
    own = own / max(float(own.sum()), 1.0)
    return np.append(own, max(1.0 - float(own.sum()), 1e-9))


def trends(state: State, dynamics: Dynamics, sales: Sales) -> None:
    """Battery prices."""
    if dynamics.battery.on:
        state.pack_price *= (1.0 + dynamics.battery.change_a_year) ** (1.0 / 12.0)


def supply(state: State, suppliers: Sequence[Supplier], dependence: float) -> None:
    """Capacity that the suppliers still standing can feed."""
    lost = sum(supplier.spec.share * supplier.lost for supplier in suppliers)
    state.supply = np.full(len(state.active), 1.0 - dependence * min(lost, 1.0))


def exits(state: State, patience: Sequence[int]) -> list[int]:
    """Firms that leave because they have been out of cash for too long; returns their positions."""
    leaving = state.active & (state.months_broke >= np.array(patience))
    gone = np.flatnonzero(leaving)
    if len(gone):
        leave(state, leaving)
    return [int(f) for f in gone]
