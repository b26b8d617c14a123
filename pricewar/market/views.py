"""What each firm sees when it sets prices: its own figures, and rivals' prices late and blurred."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.base.luck import stream, streams
from pricewar.base.records import Floats, Ints, View, read_only
from pricewar.base.together import Lucks, number

from .research import Research
from .sight import Sight

if TYPE_CHECKING:
    from .firm import Firm


def view_of(sight: Sight, firm: Firm) -> View:
    """What one firm knows this month, before measures change it.

    Args:
        sight: what may be seen.
        firm: whose view it is. It keeps its last view, of which only what changes is replaced.
    """
    seen = prices_seen(sight, firm)
    changing: dict[str, Any] = {
        "period": sight.period,
        "month": sight.month,
        **{name: values[..., firm.line] for name, values in sight.by_product.items()},
        **{name: number(values[..., firm.index]) for name, values in sight.by_firm.items()},
        "seen": seen,
        "reference": sight.published[: len(seen)],
        "on_sale": sight.on_sale,
        "luck": _luck(sight, firm.key),
        "respond": _responses(sight, firm, seen[-1]),
    }
    if firm.view is None:
        market, noise = sight.setting.market, sight.setting.noise
        firm.view = View(
            firm=firm.index, landscape=sight.landscape, own=firm.own, noise=noise.view_sd, vat=market.vat,
            pass_through=market.pass_through, memory=firm.memory, **changing,
        )  # fmt: skip
    else:
        firm.view = firm.view.but(**changing)
    return firm.view


def _luck(sight: Sight, key: str) -> Callable[[], Any]:
    """The firm's own luck for this month."""
    seeds, period, runs = sight.seeds, sight.period, sight.runs
    if runs is None:
        return partial(stream, seeds[0], "firm", key, period)
    return Lucks(lambda s: stream(seeds[s], "firm", key, period), runs)


def _responses(sight: Sight, firm: Firm, seen: Floats) -> Callable[[Floats], Floats]:
    """The firm's best responses to the prices seen."""
    if sight.runs is None:
        return partial(_respond, sight.research, firm.own, seen)
    return Responses(sight.research, firm.own, seen)


class Responses:
    """Best responses of a firm in runs that step together: of all at once, or of one of them."""

    def __init__(self, research: Research, own: Ints, seen: Floats) -> None:
        self.research, self.own, self.seen = research, own, seen

    def __call__(self, value: Any) -> Floats:
        """(S, n) own prices, given unit values (S, n)."""
        return _respond(self.research, self.own, self.seen, value)

    def run(self, s: int) -> Callable[[Any], Floats]:
        """The best response in one run."""
        return partial(_respond, self.research.run(s), self.own, self.seen[s])


def _respond(research: Research, own: Ints, seen: Floats, value: Any) -> Floats:
    return research.respond(own, seen, np.asarray(value, dtype=np.float64))


def prices_seen(sight: Sight, firm: Firm) -> Floats:
    """(lags + 1, J) prices as a firm knows them: rivals' late and blurred, its own exact."""
    noise = sight.setting.noise
    last = max(sight.period - noise.view_lag, 0)
    seen = sight.paid[: last + 1]
    if noise.view_sd == 0.0 and noise.view_lag == 0:
        return read_only(seen)
    seen = seen.copy()
    if noise.view_sd > 0.0:
        blurred = seen[1:] * np.exp(noise.view_sd * _blur(sight, firm)[:last])
        rivals = sight.landscape.firm_of != firm.index
        seen[1:] = np.where(rivals, blurred, seen[1:])
    seen[-1][..., firm.line] = sight.offers.price[..., firm.line]
    return seen


def _blur(sight: Sight, firm: Firm) -> Floats:
    """(T, J) errors, in standard deviations, with which a firm sees each product's price: drawn once."""
    if firm.blur is None:
        found = [_blur_of(seed, sight, firm.key) for seed in sight.seeds]
        firm.blur = found[0] if sight.runs is None else np.stack(found, axis=1)
    return firm.blur


def _blur_of(seed: int, sight: Sight, key: str) -> Floats:
    length, names = sight.setting.periods, sight.landscape.products
    lucks = streams(seed, (("view", key, name) for name in names))
    return np.array([luck.standard_normal(length) for luck in lucks]).T
