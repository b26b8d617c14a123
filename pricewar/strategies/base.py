"""What a strategy is: one method from a View to prices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.errors import StrategyError
from pricewar.base.records import Floats, Quote, View
from pricewar.base.rules import Rule


class Strategy(Rule):
    """A pricing rule. Subclass it and write `price`; nothing else is needed.

    The rule itself is frozen; what it must remember goes into `view.memory`.
    """

    rests: ClassVar[bool] = True
    """Whether prices stay where they are while nothing happens; False for a rule that experiments."""
    batched: ClassVar[bool] = False
    """Whether `price` serves many runs of a market at once: own arrays of the View are then (S, n), and so
    are the prices. A rule that does not say so is asked run by run."""
    instrument: Literal["promotion", "list"] = "promotion"
    """Which of the two moves when the transaction price moves: a limited-time promotion or the list price."""

    @abstractmethod
    def price(self, view: View) -> ArrayLike | Quote:
        """Transaction prices (n,) of the firm's own products, money incl. VAT, or a Quote."""

    def names(self) -> Iterable[tuple[str, str]]:
        """(field, firm or product id) pairs that must exist in the market; used to check files."""
        for field, value in self:
            if isinstance(value, Strategy):
                yield from ((f"{field}.{where}", name) for where, name in value.names())

    def misfits(self, own: Collection[str]) -> Iterable[tuple[str, object, str]]:
        """(field, found, allowed) of what a firm whose products are `own` cannot do; used to check files.

        Args:
            own: ids of the firm's products.
        """
        for field, value in self:
            if isinstance(value, Strategy):
                yield from (
                    (f"{field}.{where}", found, allowed) for where, found, allowed in value.misfits(own)
                )

    def in_peace(self, segment: str) -> Strategy:
        """The rule that sets the prices of a segment while nobody cuts: the innermost `base` or `target`.

        How it passes costs on decides what counts as a cut of this firm (`pricewar.market.reference`).

        Args:
            segment: word of the products' size class.
        """
        for name in ("base", "target"):
            inner = getattr(self, name, None)
            if isinstance(inner, Strategy):
                return inner.in_peace(segment)
        return self

    def quote(self, view: View) -> Quote:
        """Ask the rule and split its transaction prices into list price and promotion.

        Args:
            view: what the firm knows this month.

        Raises:
            StrategyError: the answer is not one finite positive price per own product.
        """
        if view.runs is not None and not self.batched:
            return Quote.together([self.quote(view.run(s)) for s in range(view.runs)])
        answer = self.price(view)
        if isinstance(answer, Quote):
            self._check(view, answer.list_price - answer.promotion)
            return answer
        price = self._check(view, answer)
        if self.instrument == "list":
            promotion = np.minimum(view.promotion, view.list_price)
            return Quote(list_price=price + promotion, promotion=promotion)
        list_price = np.maximum(view.list_price, price)
        return Quote(list_price=list_price, promotion=list_price - price)

    def _check(self, view: View, answer: ArrayLike) -> Floats:
        price = np.asarray(answer, dtype=np.float64)
        if view.runs is not None and price.shape == view.price.shape and _sound(price):
            return price
        firm = view.landscape.firms[view.firm]
        if price.shape != view.price.shape:
            raise StrategyError(
                f"{self.kind} of firm {firm!r} in {view.month}: found shape {price.shape}; "
                f"allowed: {view.price.shape}, one price per own product"
            )
        if not all(0.0 < p < np.inf for p in price.ravel().tolist()):  # NaN fails both comparisons
            names = [view.landscape.products[j] for j in view.own]
            worst = price if price.ndim == 1 else next(prices for prices in price if not _sound(prices))
            found = {name: float(p) for name, p in zip(names, worst, strict=True) if not _sound(p)}
            raise StrategyError(
                f"{self.kind} of firm {firm!r} in {view.month}: found {found}; allowed: finite prices above 0"
            )
        return price


def _sound(price: ArrayLike) -> bool:
    """Whether prices are finite and above 0."""
    return bool(np.all(np.isfinite(price) & (np.asarray(price) > 0)))
