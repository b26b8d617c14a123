"""The four records that flow through a month: View -> Offers -> Sales -> Accounts.

All are frozen bundles of read-only arrays. J products, F firms; money in CNY, prices as a buyer pays
them (incl. VAT) unless the name says net; one period is one month.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .errors import bad_input

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """The same memory as an array that refuses to be written to."""
    view = values.view()
    view.flags.writeable = False
    return view


class Record:
    """A frozen bundle whose arrays are made read-only when it is built."""

    def __post_init__(self) -> None:
        for name, value in self.__dict__.items():
            if type(value) is np.ndarray and value.flags.writeable:
                self.__dict__[name] = read_only(value)

    def but(self, **changes: Any) -> Self:
        """A copy with some fields replaced.

        Raises:
            TypeError: no field of that name.
        """
        names = _field_names(type(self))  # type: ignore[arg-type]
        if not changes.keys() <= names:
            unknown = ", ".join(sorted(changes.keys() - names))
            raise TypeError(f"{type(self).__name__} has no field {unknown}")
        copy = object.__new__(type(self))
        held = copy.__dict__
        held.update(self.__dict__)
        if len(held) > len(names):  # what was derived and cached may not hold for the copy
            for derived in held.keys() - names:
                del held[derived]
        for name, value in changes.items():
            held[name] = read_only(value) if type(value) is np.ndarray else value
        return copy


@cache
def _field_names(record: type[Record]) -> frozenset[str]:
    return frozenset(field.name for field in fields(record))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Landscape(Record):
    """What never changes within a run and everybody knows: who makes what, and where it all began."""

    firms: tuple[str, ...]
    """Firm ids, length F."""
    products: tuple[str, ...]
    """Product ids, length J, in order of firms."""
    firm_of: Ints
    """(J,) position of each product's firm."""
    segment_of: Ints
    """(J,) position of each product's segment in `segments`."""
    segments: tuple[str, ...]
    """Names of the segments, small to large."""
    start_price: Floats
    """(J,) transaction price before the first month; for later launches the price planned."""
    start_units: Floats
    """(J,) cars a month before the first month; 0 for later launches."""
    closeness: Floats
    """(J, J) diversion at the start: of the buyers that product j would lose by a price rise, the share
    that goes to k. Rows sum to less than one; the rest goes outside. Own-firm entries are included."""

    @cached_property
    def by_name(self) -> Ints:
        """(F,) positions of the firms in the order of their ids: whatever goes round the firms goes so, that
        the order in which a scenario lists them is irrelevant."""
        return read_only(np.argsort(np.array(self.firms), kind="stable"))

    def rival_weights(self, own: Ints, on_sale: Flags) -> Floats:
        """(n, J) weights of rivals on sale for each of a firm's products, by closeness; rows sum to one, or
        to zero where there is no rival. Worked out once for each make-up of the market."""
        key = (own.tobytes(), on_sale.tobytes())
        if key not in self._weights:
            rivals = on_sale & (self.firm_of != self.firm_of[own[0]])
            weight = self.closeness[own] * rivals
            total = weight.sum(axis=1, keepdims=True)
            self._weights[key] = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return self._weights[key]

    @cached_property
    def _weights(self) -> dict[tuple[bytes, bytes], Floats]:
        return {}

    def own(self, firm: int) -> Ints:
        """Positions of the products of one firm."""
        return np.flatnonzero(self.firm_of == firm)

    def firm(self, name: str) -> int:
        """Position of the firm called `name`.

        Raises:
            InputError: there is no such firm.
        """
        return _positions("firm", (name,), self.firms)[0]

    def product(self, name: str) -> int:
        """Position of the product called `name`.

        Raises:
            InputError: there is no such product.
        """
        return _positions("product", (name,), self.products)[0]

    def firms_in(self, firms: str | tuple[str, ...]) -> Flags:
        """(F,) which firms a list of ids, or "all", stands for.

        Raises:
            InputError: an id is unknown.
        """
        return _chosen("firm", firms, self.firms)

    def products_in(
        self,
        firms: str | tuple[str, ...] = "all",
        products: str | tuple[str, ...] = "all",
        segments: str | tuple[str, ...] = "all",
    ) -> Flags:
        """(J,) products that lie in all three selections, each a tuple of ids or "all".

        Raises:
            InputError: an id is unknown.
        """
        by_firm: Flags = _chosen("firm", firms, self.firms)[self.firm_of]
        by_segment: Flags = _chosen("segment", segments, self.segments)[self.segment_of]
        return by_firm & by_segment & _chosen("product", products, self.products)


def _positions(sort: str, names: tuple[str, ...], known: tuple[str, ...]) -> list[int]:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise bad_input("market", *((sort, name, f"one of {', '.join(known)}") for name in unknown))
    return [known.index(name) for name in names]


def _chosen(sort: str, names: str | tuple[str, ...], known: tuple[str, ...]) -> Flags:
    if names == "all":
        return np.ones(len(known), dtype=np.bool_)
    listed = (names,) if isinstance(names, str) else names
    flags = np.zeros(len(known), dtype=np.bool_)
    flags[_positions(sort, listed, known)] = True
    return flags


@dataclass(frozen=True)
class View(Record):
    """What one firm knows when it sets prices for a month. n = number of its own products.

    Arrays named own things are (n,); `seen` arrays are over all J products. A rival's costs, cash and
    plans are not here.
    """

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
    """(n,) production cost of one more car this month, ex VAT."""
    start_cost: Floats
    full_cost: Floats
    """(n,) unit cost plus the firm's fixed cost spread over last month's cars, ex VAT."""
    growth: Floats
    """(n,) growth motive theta: what one more car sold is worth beyond its profit, CNY."""
    orders: Floats
    units: Floats
    stock: Floats
    start_stock_months: Floats
    """(n,) months of sales in stock at the start, what the firm holds to be normal."""
    backlog: Floats
    capacity: float
    """Cars a month that the firm can make now."""
    cash: float
    fixed_cost: float
    seen: Floats
    """(lags + 1, J) transaction prices of all products as this firm knows them; the last row is the
    newest month it knows, with the scenario's lag and noise. The first row is the start."""
    on_sale: Flags
    """(J,) which products are on sale, as of last month."""
    vat: float
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

    @cached_property
    def rivals(self) -> Flags:
        """(J,) True for products on sale of other firms."""
        others: Flags = self.on_sale & (self.landscape.firm_of != self.firm)
        return read_only(others)

    @property
    def stock_months(self) -> Floats:
        """(n,) stock in months of current orders."""
        return self.stock / np.maximum(self.orders, 1.0)

    def rival_change(self, months_ago: int = 0) -> Floats:
        """(n,) how far rivals' prices stand from the start, as a fraction, each weighted by closeness.

        -0.10 means that the rivals to whom a product would lose its buyers stand 10% below their start.
        """
        row = max(len(self.seen) - 1 - months_ago, 0)
        change = self.seen[row] / self.landscape.start_price - 1.0
        mean: Floats = self.landscape.rival_weights(self.own, self.on_sale) @ change
        return mean


@dataclass(frozen=True)
class Quote(Record):
    """A firm's answer to a View: list price and promotion of its own products, (n,) each."""

    list_price: Floats
    promotion: Floats


@dataclass(frozen=True)
class Offers(Record):
    """What stands in the showrooms this month, over all J products."""

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
    known_rise: Floats | None = None
    """(J,) CNY by which buyers know that the state will soon make a car dearer for them (a subsidy that
    ends, a tax that starts); None: nothing is announced."""

    @property
    def price(self) -> Floats:
        """(J,) transaction price: list price less promotion."""
        return self.list_price - self.promotion

    @property
    def buyer_price(self) -> Floats:
        """(J,) what a buyer finally pays: transaction price less subsidy plus tax."""
        return self.list_price - self.promotion - self.subsidy + self.tax

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
    shoppers: float
    """People in the market this month."""
    waiting: float
    """Shoppers who put off the purchase because they expect lower prices, above the usual number."""
    surplus: Floats
    """(G,) consumer surplus by income group, CNY, relative to having only the outside option."""


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

    @property
    def gross_profit(self) -> Floats:
        """(F,) revenue less production cost of the cars delivered."""
        return self.revenue - self.production_cost

    @property
    def operating_profit(self) -> Floats:
        """(F,) gross profit less fixed cost, fines and levies."""
        return self.gross_profit - self.fixed_cost - self.fines - self.levy
