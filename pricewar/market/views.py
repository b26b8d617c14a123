"""What each firm sees when it sets prices: its own figures, and rivals' prices late and blurred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pricewar.base.luck import stream
from pricewar.base.records import Floats, View, read_only

from .costs import fixed_a_car

if TYPE_CHECKING:
    from .firm import Firm
    from .model import PriceWar


def own_figures(model: PriceWar) -> dict[str, Floats]:
    """(J,) figures of which each firm is shown its own part."""
    state, start, sales = model.state, model.landscape, model.sales
    figures = {
        "list_price": state.list_price,
        "promotion": state.promotion,
        "price": state.list_price - state.promotion,
        "start_price": start.start_price,
        "unit_cost": state.unit_cost,
        "start_cost": model.cost_curve.start,
        "full_cost": state.unit_cost + fixed_a_car(state, sales),
        "growth": model.calibration.growth,
        "orders": sales.orders if sales else start.start_units,
        "units": sales.units if sales else start.start_units,
        "stock": state.stock,
        "start_stock_months": state.start_stock_months,
        "backlog": state.backlog,
    }
    return {name: read_only(values) for name, values in figures.items()}


def view_of(model: PriceWar, firm: Firm, figures: dict[str, Floats]) -> View:
    """What one firm knows this month, before measures change it.

    Args:
        model: the market.
        firm: who looks; keeps its last view, of which only what changes is replaced.
        figures: of `own_figures`.
    """
    state, own, f = model.state, firm.own, firm.index
    seen = prices_seen(model, firm)
    research, period, seed = model.research, model.period, model.seed_of_run
    changing: dict[str, Any] = {
        "period": period,
        "month": model.setting.month(period),
        **{name: values[firm.line] for name, values in figures.items()},
        "capacity": float(state.capacity[f] * state.supply[f]),
        "cash": float(state.cash[f]),
        "fixed_cost": float(state.fixed_cost[f]),
        "seen": seen,
        "reference": read_only(model.reference.published[: len(seen)]),
        "on_sale": state.on_sale,
        "luck": lambda: stream(seed, "firm", firm.key, period),
        "respond": lambda value: research.respond(own, seen[-1], np.asarray(value, dtype=np.float64)),
    }
    if firm.view is None:
        market = model.setting.market
        firm.view = View(
            firm=f, landscape=model.landscape, own=own, noise=model.setting.noise.view_sd, vat=market.vat,
            pass_through=market.pass_through,
            memory=firm.memory, **changing,
        )  # fmt: skip
    else:
        firm.view = firm.view.but(**changing)
    return firm.view


def prices_seen(model: PriceWar, firm: Firm) -> Floats:
    """(lags + 1, J) prices as a firm knows them: rivals' late and blurred, its own exact."""
    noise = model.setting.noise
    last = max(model.period - noise.view_lag, 0)
    seen = model.price_history[: last + 1]
    if noise.view_sd == 0.0 and noise.view_lag == 0:
        return read_only(seen)
    seen = seen.copy()
    if noise.view_sd > 0.0:
        blurred = seen[1:] * np.exp(noise.view_sd * _blur(model, firm)[:last])
        rivals = model.landscape.firm_of != firm.index
        seen[1:] = np.where(rivals, blurred, seen[1:])
    seen[-1, firm.own] = model.offers.price[firm.own]
    return seen


def _blur(model: PriceWar, firm: Firm) -> Floats:
    """(T, J) errors, in standard deviations, with which a firm sees each product's price: drawn once."""
    if firm.blur is None:
        length, names = model.setting.periods, model.landscape.products
        streams = (stream(model.seed_of_run, "view", firm.key, name) for name in names)
        firm.blur = np.array([luck.standard_normal(length) for luck in streams]).T
    return firm.blur
