"""What each firm sees when it sets prices: its own figures, and rivals' prices late and blurred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.base.luck import stream, streams
from pricewar.base.records import Floats, View, read_only

from .sight import Sight

if TYPE_CHECKING:
    from .firm import Firm


def view_of(sight: Sight, firm: Firm) -> View:
    """What one firm knows this month, before measures change it.

    Args:
        sight: what may be seen.
        firm: whose view it is. It keeps its last view, of which only what changes is replaced.
    """
    own, research, seed, period = firm.own, sight.research, sight.seed, sight.period
    seen = prices_seen(sight, firm)
    changing: dict[str, Any] = {
        "period": period,
        "month": sight.month,
        **{name: values[firm.line] for name, values in sight.by_product.items()},
        **{name: float(values[firm.index]) for name, values in sight.by_firm.items()},
        "seen": seen,
        "reference": sight.published[: len(seen)],
        "on_sale": sight.on_sale,
        "luck": lambda: stream(seed, "firm", firm.key, period),
        "respond": lambda value: research.respond(own, seen[-1], np.asarray(value, dtype=np.float64)),
    }
    if firm.view is None:
        market, noise = sight.setting.market, sight.setting.noise
        firm.view = View(
            firm=firm.index, landscape=sight.landscape, own=own, noise=noise.view_sd, vat=market.vat,
            pass_through=market.pass_through, memory=firm.memory, **changing,
        )  # fmt: skip
    else:
        firm.view = firm.view.but(**changing)
    return firm.view


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
    seen[-1, firm.own] = sight.offers.price[firm.own]
    return seen


def _blur(sight: Sight, firm: Firm) -> Floats:
    """(T, J) errors, in standard deviations, with which a firm sees each product's price: drawn once."""
    if firm.blur is None:
        length, names = sight.setting.periods, sight.landscape.products
        lucks = streams(sight.seed, (("view", firm.key, name) for name in names))
        firm.blur = np.array([luck.standard_normal(length) for luck in lucks]).T
    return firm.blur
