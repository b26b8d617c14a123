"""Two forecasts without a model: no change since April, and the year before with its growth.

Both come with intervals from their own errors in the past, so that they can be scored like the model.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from pricewar.base.arrays import Floats
from pricewar.base.luck import stream

from .books import Books
from .model_forecast import HORIZON, exports
from .money import Start, draw_money
from .past import Past
from .simulate import Simulated
from .total import LEAST_SD

NO_CHANGE, LAST_YEAR = "no change", "last year"
YEAR = 12


def naive_books(simulated: Simulated, past: Past, start: Start, seed: int, kind: str, draws: int) -> Books:
    """Books of a naive forecast; April's cars, prices and costs are those of the calibration."""
    rng = stream(seed, "backtest", kind)
    shape = (draws, len(simulated.firms), HORIZON + 1)
    nev, passenger = _market(past, draws, rng, kind)
    now = {name: field[0, 0] for name, field in simulated.values.items()}
    share = now["units"] / now["units"].sum()
    home = nev[:, None, :] * share[:, None] * np.exp(_shares(past, simulated.firms, draws, rng, kind))
    money = draw_money(start, simulated.firms, past.months[-1], shape, rng)
    net = now["revenue"][:, None] / now["units"][:, None] * np.exp(money.price)
    printed = np.where(np.isnan(start.margin), simulated.margin.mean(axis=0), start.margin)[:, None]
    revenue = home * net
    still = -100.0 * (1.0 - now["depth"][:, None]) * np.expm1(money.price)
    april = simulated.values["fixed_cost"][:, 0].mean(axis=0)
    return Books(
        firms=simulated.firms,
        home=home,
        shown=home * exports(start, simulated.firms),
        revenue=revenue,
        gross=revenue * (printed + money.margin),
        fixed=np.broadcast_to(april[:, None], shape),
        discount=still,
        announced=still,
        market=nev,
        passenger=passenger,
    )


def _market(past: Past, draws: int, rng: np.random.Generator, kind: str) -> tuple[Floats, Floats]:
    """(D, M) new-energy cars and all cars; errors of the two move together."""
    luck = _even(draws, rng)
    path = _unchanged if kind == NO_CHANGE else _year_before
    (nev, nev_sd), (cars, cars_sd) = path(np.log(past.nev)), path(np.log(past.passenger))
    return np.exp(nev + nev_sd * luck), np.exp(cars + cars_sd * luck)


def _shares(past: Past, firms: tuple[str, ...], draws: int, rng: np.random.Generator, kind: str) -> Floats:
    """(D, F, M) log change of shares. A firm without a record keeps its share, with the median error."""
    path = _unchanged if kind == NO_CHANGE else _year_before
    known = {firm: path(row) for firm, row in zip(past.firms, past.log_share, strict=True)}
    usual = np.median([_unchanged(row)[1] for row in past.log_share], axis=0)
    now = dict(zip(past.firms, past.log_share[:, -1], strict=True))
    moves = np.zeros((draws, len(firms), HORIZON + 1))
    for place, firm in enumerate(firms):
        mean, sd = (known[firm][0] - now[firm], known[firm][1]) if firm in known else (0.0, usual)
        moves[:, place] = mean + sd * _even(draws, rng)
    return moves


def _even(draws: int, rng: np.random.Generator) -> Floats:
    """(D, 1) normal quantiles in random order: their median is 0 whatever the number of draws."""
    return np.asarray(rng.permutation(ndtri((np.arange(draws) + 0.5) / draws))[:, None])


def _unchanged(series: Floats) -> tuple[Floats, Floats]:
    """(M,) the last value, and the root mean square of the changes over as many months."""
    rms = [np.sqrt(np.mean((series[ahead:] - series[:-ahead]) ** 2)) for ahead in range(1, HORIZON + 1)]
    return np.full(HORIZON + 1, series[-1]), np.array([0.0, *rms])


def _year_before(series: Floats) -> tuple[Floats, Floats]:
    """(M,) the same month of the year before plus this year's growth, and the growth's scatter.

    January and February count as one: the spring festival moves between them.
    """
    last = len(series)
    growth = series[YEAR:] - series[: last - YEAR]
    festival = _log_mean(series[YEAR : YEAR + 2]) - _log_mean(series[:2])
    blocks = np.array([festival, *growth[2:]])
    mean = np.average(blocks, weights=[2.0, *np.ones(len(blocks) - 1)])
    sd = max(LEAST_SD, float(blocks.std(ddof=1))) * np.sqrt(1.0 + 1.0 / len(blocks))
    path = series[last - YEAR : last - YEAR + HORIZON] + mean
    return np.append(series[-1], path), np.append(0.0, np.full(HORIZON, sd))


def _log_mean(series: Floats) -> float:
    return float(np.log(np.exp(series).mean()))
