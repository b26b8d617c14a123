"""The four records that flow through a month: View -> Offers -> Sales -> Accounts.

All are frozen bundles of read-only arrays. J products, F firms; money in CNY, prices as a buyer pays
them (incl. VAT) unless the name says net; one period is one month. In S runs that step together every array
has a leading axis of runs, and every number of a run is an array (S,).
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from .arrays import Flags, Floats, Ints, Record, read_only
from .book import Bookings, Terms
from .landscape import Landscape
from .sums import times
from .together import PerRun

__all__ = [
    "Accounts",
    "Flags",
    "Floats",
    "Ints",
    "Landscape",
    "Offers",
    "Quote",
    "Record",
    "Sales",
    "View",
    "read_only",
]


@dataclass(frozen=True)
class View(Record):
    """What one firm knows when it sets prices for a month. n = number of its own products.

    Arrays named own things are (n,); `seen` arrays are over all J products. A rival's costs, cash and
    plans are not here.
    """

    shared: ClassVar[frozenset[str]] = frozenset({"own"})
    axes: ClassVar[dict[str, int]] = {"seen": 1, "reference": 1}

    period: int
    month: str
    firm: int
    landscape: Landscape
    own: Ints
    """(n,) positions of own products among the J."""
    list_price: Floats
    promotion: Floats
    price: Floats
    """(n,) own transaction prices of last month (list price less promotion)."""
    start_price: Floats
    unit_cost: Floats
    """(n,) production cost of a car this month as the books have it, ex VAT."""
    start_cost: Floats
    variable_cost: Floats
    """(n,) what one more car adds to cost this month, ex VAT: unit cost less overhead."""
    full_cost: Floats
    """(n,) unit cost plus the firm's fixed cost spread over last month's cars, ex VAT."""
    growth: Floats
    """(n,) growth motive theta: what one more car sold is worth beyond its profit, CNY."""
    orders: Floats
    units: Floats
    stock: Floats
    start_stock_months: Floats
    """(n,) months of sales in stock at the start, which the firm regards as normal."""
    backlog: Floats
    capacity: PerRun
    """Cars a month that the firm can make now."""
    cash: PerRun
    fixed_cost: PerRun
    seen: Floats
    """(lags + 1, J) transaction prices of all products as this firm knows them; the last row is the
    newest month it knows, with the scenario's lag and noise. The first row is the start. Of runs that step
    together (lags + 1, S, J): months stay first."""
    reference: Floats
    """(lags + 1, J) what would be no cut of each price seen: start price times the cost index published for
    its segment, at most the highest price charged."""
    on_sale: Flags
    """(J,) which products are on sale, as of last month."""
    noise: float
    """Log standard deviation of the error with which rivals' prices are seen."""
    vat: float
    pass_through: float
    """Share of a change in cost that reaches prices in this market by custom."""
    memory: MutableMapping[str, Any]
    """The firm's notebook: the only thing a strategy may write to."""
    luck: Callable[[], np.random.Generator]
    """A generator of this firm's own luck for this month."""
    respond: Callable[[Floats], Floats]
    """Best response of own prices to the prices seen, given unit values (n,) = unit cost - growth."""

    @property
    def n(self) -> int:
        """Number of own products."""
        return len(self.own)

    @property
    def runs(self) -> int | None:
        """How many runs see at once; None: it is the view of one run."""
        return None if self.on_sale.ndim == 1 else len(self.on_sale)

    @cached_property
    def rivals(self) -> Flags:
        """(J,) True for products on sale of other firms; (S, J) of runs that step together."""
        others: Flags = self.on_sale & (self.landscape.firm_of != self.firm)
        return read_only(others)

    @property
    def stock_months(self) -> Floats:
        """(n,) stock in months of current orders."""
        return self.stock / np.maximum(self.orders, 1.0)

    def change(self, months_ago: int = 0) -> Floats:
        """(J,) how far each price seen differs from what costs explain, as a fraction; below 0 is a cut.

        A difference within two standard deviations of the error of sight counts as error.
        """
        row = max(len(self.seen) - 1 - months_ago, 0)
        change = np.asarray(self.seen[row] / self.reference[row] - 1.0)
        return np.where(np.abs(change) > 2.0 * self.noise, change, 0.0) if self.noise > 0 else change

    def rival_cut(self, months_ago: int = 0) -> Floats:
        """(n,) how far rivals' prices are below what costs explain, a fraction >= 0, weighted by closeness.

        0.10 means that the rivals to which a product would lose its buyers have cut by 10%. A rise of one
        rival does not cancel the cut of another.
        """
        return self._of_rivals(np.maximum(-self.change(months_ago), 0.0))

    def rival_rise(self, months_ago: int = 0) -> Floats:
        """(n,) the same for prices above what costs explain."""
        return self._of_rivals(np.maximum(self.change(months_ago), 0.0))

    def rival_change(self, months_ago: int = 0) -> Floats:
        """(n,) rises less cuts of rivals. The two may cancel: a rule that answers cuts uses `rival_cut`."""
        return self._of_rivals(self.change(months_ago))

    def _of_rivals(self, values: Floats) -> Floats:
        return times(self.rival_weights, values if self.runs is None else values[:, None, :])

    @cached_property
    def rival_weights(self) -> Floats:
        """(n, J) weights of rivals on sale for each own product, see `Landscape.rival_weights`; (S, n, J) of
        runs in which other products are on sale."""
        own, sells, weights = self.own, self.on_sale, self.landscape.rival_weights
        if self.runs is None:
            return read_only(weights(own, sells))
        if (sells == sells[0]).all():
            return read_only(weights(own, sells[0]))
        return read_only(np.array([weights(own, flags) for flags in sells]))


@dataclass(frozen=True)
class Quote(Record):
    """A firm's answer to a View: list price and promotion of its own products, (n,) each."""

    list_price: Floats
    promotion: Floats


@dataclass(frozen=True)
class Offers(Record):
    """What is offered this month, over all J products."""

    period: int
    list_price: Floats
    promotion: Floats
    on_sale: Flags
    subsidy: Floats
    """(J,) paid by the state to the buyer, CNY a car."""
    tax: Floats
    """(J,) paid by the buyer to the state on top of the price (purchase tax), CNY a car."""
    rebate: Floats
    """(J,) what a firm must expect to pay back later to each of this month's buyers, CNY a car."""
    announced_end: Ints
    """(J,) last period of a limited-time offer as announced to buyers; -1 where none was."""
    headline: Floats | None = None
    """(J,) prices as announced, limited-time offers taken off; None: what is announced is what is paid."""
    known_rise: Floats | None = None
    """(J,) CNY by which, as buyers know, the state will soon make a car more expensive for them (a subsidy
    that ends, a tax that starts); None: nothing is announced.
    """

    @property
    def price(self) -> Floats:
        """(J,) transaction price: list price less promotion."""
        return self.list_price - self.promotion

    @property
    def announced(self) -> Floats:
        """(J,) prices that rivals and the regulator see."""
        return self.price if self.headline is None else np.maximum(self.headline, self.price)

    @property
    def buyer_price(self) -> Floats:
        """(J,) what a buyer finally pays: transaction price less subsidy plus tax."""
        return self.list_price - self.promotion - self.subsidy + self.tax

    @property
    def terms(self) -> Terms:
        """What an order placed now agrees on, and what a car delivered now is invoiced at."""
        return Terms(
            price=self.price, subsidy=self.subsidy, tax=self.tax, rebate=self.rebate, on_sale=self.on_sale
        )

    def with_price(self, price: Floats) -> Offers:
        """The same list prices with promotions such that transaction prices are `price`; where the price
        lies above the list price, the list price rises to it."""
        list_price = np.maximum(self.list_price, price)
        return self.but(list_price=list_price, promotion=list_price - price)


@dataclass(frozen=True)
class Sales(Record):
    """What buyers did this month, over J products; surplus over G income groups."""

    period: int
    orders: Floats
    units: Floats
    """(J,) cars delivered."""
    produced: Floats
    backlog: Floats
    stock: Floats
    shoppers: PerRun
    """People in the market this month."""
    arrivals: PerRun
    """People who would be in it if nobody moved a purchase to another month."""
    waiting: PerRun
    """Shoppers who put off the purchase because they expect lower prices, above the usual number."""
    surplus: Floats
    """(G,) consumer surplus of the month by income group, CNY, relative to having only the outside option:
    experience utility, at the price of the order. Its level counts once for each person who arrives."""
    bookings: Bookings
    """What the order book did: orders taken, cars settled, orders voided."""
    petrol: PerRun = 0.0
    """Petrol cars that shoppers took instead, cars."""
    feels_cheap: PerRun = 0.0
    """CNY by which orders feel cheaper than they are; moves choices, is not in the surplus."""


@dataclass(frozen=True)
class Accounts(Record):
    """The books of all F firms at the end of a month, CNY ex VAT."""

    period: int
    revenue: Floats
    production_cost: Floats
    """(F,) cost of the cars delivered."""
    fixed_cost: Floats
    fines: Floats
    levy: Floats
    """(F,) paid to the state under an intervention (windfall levy), CNY."""
    paid_suppliers: Floats
    payables: Floats
    payable_days: Floats
    cash: Floats
    inventory: Floats
    """(F,) value of stock at cost."""
    deposits: Floats
    """(F,) held of buyers whose cars are not delivered yet, end of month."""
    protection: Floats
    """(J,) paid back to earlier buyers under a measure, CNY incl. VAT; revenue is net of it."""

    @property
    def gross_profit(self) -> Floats:
        """(F,) revenue less production cost of the cars delivered."""
        return self.revenue - self.production_cost

    @property
    def operating_profit(self) -> Floats:
        """(F,) gross profit less fixed cost, fines and levies."""
        return self.gross_profit - self.fixed_cost - self.fines - self.levy
