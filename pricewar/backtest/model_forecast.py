"""From draws of the model to books as they may be published: season, growth, drift, error.

The run of the model is at rest but for its events, costs and rules: it says by how much a firm's sales
differ from those of April 2025. On top of that

    cars_fm = April_f * model_fm * market_m * exp(drift_fm + error_fm),   scaled to the market's total,

where market_m is the season and growth of new-energy retail. A firm that is sold out delivers what the
model says it can make; neither season nor drift makes it faster.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.base.luck import stream
from pricewar.data import MarketData

from .books import Books
from .momentum import KEPT, fit_errors, fit_momentum, past_errors
from .money import Start, draw_money, editions
from .names import DELIVERIES, MONTHS
from .past import Past
from .simulate import Simulated
from .total import Growth, draw_totals

HORIZON = len(MONTHS)
FIXED_WALK = 0.02
"""The same for fixed cost; assumed."""
GROWS = 0.8
"""Largest elasticity of fixed cost with season and growth, drawn from 0: selling follows sales; assumed."""
EXPORT_WALK = 0.02
"""The same for deliveries with exports over home sales; assumed."""
SUPPLY_SD = 0.06
"""Log points by which deliveries of a firm that is sold out scatter about its capacity; assumed."""
RANGE_SD = 2 * 1.645
"""A range of the data is read as 90%: its width in standard deviations."""


class Constants(NamedTuple):
    """What the method takes from the past beside the months themselves."""

    kept: float = KEPT
    """Part of a share's trend that is believed."""
    seen: Growth | None = None
    """The market's growth over the year before; None: as the past shows it."""


DEFAULT = Constants()


def start_of(data: MarketData, firms: tuple[str, ...]) -> Start:
    """Read the base month of the firms of a run."""
    table = data.figures[data.figures["table"] == "firms"].set_index(["variable", "entity"])
    units, margin = table.loc["units"].loc[list(firms)], table.loc["gross_margin"].loc[list(firms)]
    width = (units["high"] - units["low"]).fillna(0.0).to_numpy(float)
    known = (margin["confidence"] != "assumed").to_numpy()
    value = pd.to_numeric(margin["value"]).to_numpy(float)
    return Start(
        width / RANGE_SD / pd.to_numeric(units["value"]).to_numpy(float), np.where(known, value, np.nan)
    )


def model_books(
    simulated: Simulated, past: Past, start: Start, seed: int, constants: Constants = DEFAULT
) -> Books:
    """Books of the model's forecast, a row for each draw.

    Everything that the model does not draw hangs on `seed` alone, not on the run: books of `simulated` and of
    `simulated.at_rest()` have one season, one drift and one set of errors.

    Args:
        simulated: at least eight months after the base month.
        past: what is known at the end of the base month.
        start: of the same firms.
        seed: of everything that the model does not draw.
        constants: of season and drift.
    """
    values = {name: field[:, : HORIZON + 1].transpose(0, 2, 1) for name, field in simulated.values.items()}
    rng = stream(seed, "backtest", "market")
    home, passenger = _cars(values, simulated.firms, past, start, rng, constants)
    luck = stream(seed, "backtest", "books")
    export = exports(start, simulated.firms)
    wander = walk(luck, home.shape, EXPORT_WALK) * (export != 1.0)
    busy = home / np.maximum(values["units"], 1.0)
    fixed = values["fixed_cost"] * np.exp(walk(luck, home.shape, FIXED_WALK))
    grows = luck.uniform(0.0, GROWS, (*home.shape[:2], 1))
    money = draw_money(start, simulated.firms, past.months[-1], home.shape, stream(seed, "backtest", "money"))
    revenue = home * values["revenue"] / np.maximum(values["units"], 1e-9) * np.exp(money.price)
    anchor = np.nan_to_num(start.margin - simulated.margin)[:, :, None]
    margin = values["gross_profit"] / np.maximum(values["revenue"], 1e-9) + anchor + money.margin
    depth, told = values["depth"], values.get("told", values["depth"])
    renewed = depth[:, :, :1] * editions(start.models, home.shape, stream(seed, "backtest", "editions"))
    moved = renewed - (1.0 - depth) * np.expm1(money.price)
    return Books(
        firms=simulated.firms,
        home=home,
        shown=home * export * np.exp(wander),
        revenue=revenue,
        gross=revenue * margin,
        fixed=fixed * (busy / busy[:, :, :1]) ** grows,
        discount=100.0 * (depth - depth[:, :, :1] + moved),
        announced=100.0 * (told - told[:, :, :1] + moved),
        market=home.sum(axis=1),
        passenger=passenger,
    )


def exports(start: Start, firms: tuple[str, ...]) -> Floats:
    """(F, 1) cars as each firm reports them over those it sells at home."""
    usual = np.array([DELIVERIES.get(firm, 1.0) for firm in firms])
    return np.asarray(usual if start.export is None else start.export)[:, None]


def _cars(
    values: dict[str, Floats],
    firms: tuple[str, ...],
    past: Past,
    start: Start,
    rng: np.random.Generator,
    constants: Constants,
) -> tuple[Floats, Floats]:
    """(D, F, M) cars sold at home and (D, M) all passenger cars; both begin with the base month."""
    draws = len(values["units"])
    totals = draw_totals(past.even, HORIZON, draws, rng, constants.seen)
    drift = share_drift(past, firms, draws, rng, constants.kept)
    sd = start.level_sd[:, None]
    april = values["units"][:, :, :1] * np.exp(sd * rng.standard_normal((draws, len(firms), 1)))
    model = values["units"] / np.maximum(values["units"][:, :, :1], 1e-9)
    season = (totals.nev / past.nev[-1])[:, None, :]
    rest = model[:, :, 1:]
    market = (values["units"][:, :, :1] * rest * season).sum(axis=1)
    supply = np.exp(SUPPLY_SD * rng.standard_normal(rest.shape))
    limited = values["sold_out"][:, :, 1:] > 0
    bound = np.where(limited, april * rest * supply, 0.0)
    free = np.where(limited, 0.0, april * rest * season * np.exp(drift))
    left = np.maximum(market - bound.sum(axis=1), 0.0) / np.maximum(free.sum(axis=1), 1e-9)
    cars = bound + free * left[:, None, :]
    replaced = rng.uniform(0.5, 1.0, (draws, 1))
    everything = totals.passenger + (1.0 - replaced) * (cars.sum(axis=1) - totals.nev)
    first = np.full((draws, 1), past.passenger[-1])
    return np.concatenate([april, cars], axis=2), np.concatenate([first, everything], axis=1)


def share_drift(
    past: Past, firms: tuple[str, ...], draws: int, rng: np.random.Generator, kept: float = KEPT
) -> Floats:
    """(D, F, H) log change of shares that the model does not explain: momentum where recorded, and error."""
    past = past.even
    momentum = fit_momentum(past, kept)
    errors = fit_errors(past_errors(past, HORIZON, kept), past.firms)
    ahead = momentum.ahead(HORIZON, rng.uniform(0.7, 0.9, draws))
    drift = errors.draw(firms, HORIZON, draws, rng)
    for row, firm in enumerate(momentum.firms):
        if firm in firms:
            drift[:, firms.index(firm)] += ahead[:, row]
    return drift


def walk(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> Floats:
    """Wandering from 0 in the base month."""
    steps = sd * rng.standard_normal(shape)
    steps[..., 0] = 0.0
    return np.asarray(steps.cumsum(axis=-1))
