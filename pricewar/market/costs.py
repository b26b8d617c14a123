"""Costs and accounts: what a car costs, what a month earns, when suppliers are paid.

Money in CNY ex VAT. Cash is conserved: what firms pay is what suppliers, the state and staff receive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pricewar.base.book import Bookings
from pricewar.base.errors import RuleError, shown
from pricewar.base.months import DAYS_A_MONTH
from pricewar.base.own_code import FAILURES, blame
from pricewar.base.records import Accounts, Floats, Record, Sales
from pricewar.base.rules import is_shipped
from pricewar.base.state import State
from pricewar.base.together import column
from pricewar.scenario.cost_curves import Constant, CostCurve, Experience, Output
from pricewar.scenario.parts import SupplyChainSpec
from pricewar.scenario.tree import Scenario

from .calibrate import Calibration
from .production import Flow

BATTERY_CEILING = 0.6
"""No battery is taken to be more than this share of a car's cost (assumed)."""

VARIABLE_SHARE = 0.88
"""Share of unit cost that varies with the car for courts and campaigns, where a scenario states no overhead:
the rest is depreciation (assumed, 0.8 to 0.95)."""
AVOIDABLE_SHARE = 0.25
"""Share of fixed cost that leaving the product out would save within a year (assumed, 0.1 to 0.5)."""
INCREMENTAL_SHARE = 0.8
"""Share of fixed cost that belongs to the products and not to the whole firm (assumed, 0.6 to 1)."""
PERIOD_SHARE = 0.55
"""Share of fixed cost that is period expenses (sales, administration, finance), not research (assumed,
0.4 to 0.7)."""


@dataclass(frozen=True)
class CostParts(Record):
    """What the unit cost of each product is made of at the start, (J,) each."""

    battery: Floats
    rest: Floats

    @property
    def start(self) -> Floats:
        """(J,) unit cost at the start."""
        return self.battery + self.rest

    @classmethod
    def of(cls, scenario: Scenario, calibration: Calibration) -> CostParts:
        """Split calibrated unit costs into battery and the rest."""
        kwh = np.array([scenario.products[key].battery_kwh for key in calibration.landscape.products])
        battery = np.minimum(kwh * scenario.market.pack_price, BATTERY_CEILING * calibration.unit_cost)
        return cls(battery=battery, rest=calibration.unit_cost - battery)

    def full_terms(self, state: State, scenario: Scenario, start_cumulative: Floats) -> Floats:
        """(J,) cost of one more car this month if suppliers got the prices they had at the start.

        Args:
            state: with cumulative output, plans, battery price and shocks.
            scenario: for the learning rate and the cost curve.
            start_cumulative: (F,) cars made before the first month.

        Raises:
            RuleError: a cost curve of a user's own fails, or its factors are no positive numbers.
        """
        rest = self.rest
        for curve in _curves(scenario):
            rest = rest * _factors(curve, _output(state, start_cumulative))
        whole: Floats = self.battery * column(state.pack_price) + rest
        return whole * state.cost_factor + state.cost_extra


def _curves(scenario: Scenario) -> Iterator[CostCurve]:
    """The curves along which unit cost moves: learning where it is on, and the one of the scenario."""
    learning = scenario.dynamics.learning
    if learning.on:
        yield Experience(rate=learning.rate)
    if not isinstance(scenario.cost, Constant):
        yield scenario.cost


def _output(state: State, start_cumulative: Floats) -> Output:
    land = state.landscape
    return Output(
        landscape=land,
        planned=land.by_firm(state.forecast),
        usual=land.by_firm(land.start_units),
        made=state.cumulative,
        made_at_start=start_cumulative,
    )


def _factors(curve: CostCurve, output: Output) -> Floats:
    """(J,) factors of a curve, checked: each must be a positive number. One of a user's own is asked run by
    run."""
    if output.made.ndim > 1 and not is_shipped(curve):
        return np.array([_factors(curve, output.run(s)) for s in range(len(output.made))])
    try:
        factors = np.asarray(curve.factor(output), dtype=np.float64)
    except FAILURES as error:
        blame(error, curve.kind, "(cost, factor)")
        raise
    many = len(output.landscape.products)
    if factors.shape[-1:] != (many,) or not (np.isfinite(factors) & (factors > 0)).all():
        allowed = f"{many} positive numbers, one a product"
        raise RuleError(f"{curve.kind} (cost): factor() gives {shown(factors, 80)}; allowed: {allowed}")
    return factors


def squeezed_out(full_terms: Floats, price_fall: Floats, chain: SupplyChainSpec) -> Floats:
    """(J,) what suppliers give up on each car because the maker has cut its prices, CNY.

    Args:
        full_terms: (J,) unit cost at the suppliers' prices of the start.
        price_fall: (J,) fraction by which the maker's prices are below their reference, >= 0.
        chain: share of cost that is bought, and share of a price cut that is passed back.
    """
    return full_terms * chain.purchased_share * chain.squeeze * price_fall


def avoidable(unit_cost: Floats, overhead: Floats) -> Floats:
    """(J,) what varies of unit cost: all but overhead, or the usual share where none is stated."""
    return np.where(overhead > 0, unit_cost - overhead, VARIABLE_SHARE * unit_cost)


def cost_lines(unit_cost: Floats, overhead: Floats, fixed_a_car: Floats) -> dict[str, Floats]:
    """Legal cost lines of each product (J,), given its overhead and the firm's fixed cost per car sold.

    AVC and AAC after Areeda and Turner 1975 and Baumol 1996; LRAIC and ATC as in the EU guidance on
    exclusionary conduct (2009/C 45/02); "full" is production cost plus period expenses, the line of the
    Chinese guidelines for price behaviour in the automobile industry (2026).
    """
    avc = avoidable(unit_cost, overhead)
    return {
        "avc": avc,
        "aac": avc + AVOIDABLE_SHARE * fixed_a_car,
        "lraic": unit_cost + INCREMENTAL_SHARE * fixed_a_car,
        "atc": unit_cost + fixed_a_car,
        "full": unit_cost + PERIOD_SHARE * fixed_a_car,
    }


def fixed_a_car(state: State, sales: Sales | None) -> Floats:
    """(J,) the firm's fixed cost per car of last month, at half the start's volume or more.

    Auditors spread fixed cost over normal output, so a firm that hardly sells is not below cost only for
    this reason.
    """
    land = state.landscape
    normal = 0.5 * land.by_firm(land.start_units)
    cars = land.by_firm(sales.units if sales else land.start_units)
    return land.by_product(state.fixed_cost / np.maximum(np.maximum(cars, normal), 1.0))


def unused_overhead(state: State, produced: Floats) -> Floats:
    """(F,) overhead of the output of the start that a month's output does not carry; below 0 if it is larger.

    Absorption costing: unit cost is that of the output of the start, and the difference is an expense of the
    month. A maker that has left pays none.
    """
    short = state.landscape.start_units - produced
    return state.landscape.by_firm(state.overhead * short) * state.active


@dataclass(frozen=True)
class Purchases(Record):
    """What making a month's cars costs, (F,) each, CNY."""

    made_cost: Floats
    """Unit cost of the cars made, and overhead that they do not carry."""
    paid: Floats
    """The part of it that is bought from suppliers on credit."""
    usual: Floats
    """What the same purchases would have cost at the start's terms."""


def purchases(state: State, made: Flow, squeezed: Floats, chain: SupplyChainSpec) -> Purchases:
    """Costs of the cars made and what of them is bought; squeezed (J,) is what suppliers give up on a car."""
    made_cost = state.landscape.by_firm(made.produced * state.unit_cost)
    idle = unused_overhead(state, made.produced)
    given_up = state.landscape.by_firm(made.produced * squeezed)
    usual = chain.purchased_share * (made_cost + given_up)
    return Purchases(made_cost=made_cost + idle, paid=usual - given_up, usual=usual)


def draft(
    state: State, made: Flow, bookings: Bookings, period: int, vat: float, deposit: float
) -> tuple[Accounts, Floats]:
    """The books before bills are paid, and the value of stock by product (J,) after deliveries.

    Cars leave the stock at its average cost; overhead that the month's output does not carry is an expense.
    Revenue is what the cars delivered paid, whenever they were ordered.
    """
    by_firm = state.landscape.by_firm
    value = state.inventory + made.produced * state.unit_cost
    cars = state.stock + made.produced
    average = np.divide(value, cars, out=state.unit_cost.copy(), where=cars > 0)
    cost = np.minimum(average * made.units, value)  # no stock is worth nothing, not less by rounding
    inventory = value - cost
    zeros = np.zeros(state.active.shape)
    accounts = Accounts(
        period=period,
        revenue=by_firm(bookings.paid) / (1.0 + vat),
        production_cost=by_firm(cost) + unused_overhead(state, made.produced),
        fixed_cost=state.fixed_cost * state.active,
        fines=zeros,
        levy=zeros,
        paid_suppliers=zeros,
        payables=state.payables,
        payable_days=state.payable_days,
        cash=state.cash,
        inventory=by_firm(inventory),
        deposits=deposit * by_firm(bookings.value),
        protection=np.zeros(value.shape),
    )
    return accounts, inventory


def outside_income(state: State, scenario: Scenario) -> Floats:
    """(F,) what firms in the market earn outside it, less interest on what they had borrowed a month ago."""
    firms = scenario.firms.values()
    external = np.array([firm.external_income for firm in firms])
    borrowed = np.minimum(np.maximum(-state.cash, 0.0), state.credit)
    rate = np.array([firm.credit_rate for firm in firms]) / scenario.clock.periods_a_year
    return np.asarray((external - rate * borrowed) * state.active)


def pay(
    accounts: Accounts,
    made_cost: Floats,
    bought: Floats,
    external: Floats,
    deposits: Floats,
    days_a_period: float = DAYS_A_MONTH,
) -> Accounts:
    """Pay suppliers and everybody else; what is left is cash.

    Args:
        accounts: drafted, with payment terms and fines as interventions left them.
        made_cost: (F,) cost of the cars made this month.
        bought: (F,) part of it that is bought on credit.
        external: (F,) income from outside the market, interest paid.
        deposits: (F,) held of buyers at the end of last month; what they grow by comes in as cash.
        days_a_period: length of a period, days.
    """
    days = accounts.payable_days
    due_old = np.minimum(days_a_period / np.maximum(days, 1e-9), 1.0)
    due_new = np.maximum(1.0 - days / days_a_period, 0.0)
    paid = accounts.payables * due_old + bought * due_new
    other = made_cost - bought + accounts.fixed_cost + accounts.fines + accounts.levy
    return accounts.but(
        paid_suppliers=paid,
        payables=accounts.payables + bought - paid,
        cash=accounts.cash + accounts.revenue + external + accounts.deposits - deposits - paid - other,
    )
