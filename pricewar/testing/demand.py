"""Test kit for demands of one's own: the battery that every shipped one passes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.errors import InputError, bad_input
from pricewar.base.rules import make_rule
from pricewar.base.sums import times
from pricewar.demand.base import AGREES, PRICED_OUT, Demand, Floats, numerical_jacobian, require_curvature
from pricewar.demand.inversion import invert_shares
from pricewar.demand.mixed import MixedLogit
from pricewar.demand.observed import Observed
from pricewar.demand.population import make_population
from pricewar.scenario.preferences import Preferences

from .strategies import SHOPPERS, example_landscape

Misfit = tuple[str, object, str]
MET = 1e-6
"""Largest gap between the share of a product at start prices and the observed one, as a fraction of it."""
STEPS = (-0.03, 0.01, 0.04)
"""Price changes, in turn from product to product, at which a demand of the example market is looked at."""
_MOST_STEPS = 60


def example_observed(money: float = 1.0, products: int = 6) -> Observed:
    """What a made-up market of six products shows before its first month.

    Args:
        money: factor on all prices, as of another currency.
        products: how many of the six there are.
    """
    land = example_landscape()
    first = np.arange(products)
    words = {
        "firm": np.array(land.firms)[land.firm_of], "segment": np.array(["A0", "B", "C"] * 2),
        "body": np.array(["sedan", "SUV"] * 3), "powertrain": np.array(["BEV", "PHEV", "BEV"] * 2),
    }  # fmt: skip
    numbers = {
        "list_price": money * land.start_price, "promotion": money * np.arange(6.0),
        "battery_kwh": 30.0 + 10.0 * np.arange(6.0), "range_km": 300.0 + 50.0 * np.arange(6.0),
    }  # fmt: skip
    population = make_population(200, 0, 16)
    return Observed(
        name="the example market", price=money * land.start_price[first], units=land.start_units[first],
        shoppers=SHOPPERS, like=first.copy(), appeal=np.zeros(products), firm_of=land.firm_of[first],
        columns={name: column[:products] for name, column in (words | numbers).items()},
        population=population, income_log_sd=0.6,
        brand=population.driven(np.array([0.2, 0.1, 0.1, 0.6]), np.arange(3)), loyal=0.5,
    )  # fmt: skip


def check_demand(
    demand: Demand | Preferences, prices: ArrayLike | None = None, *, observed: Observed | None = None
) -> None:
    """Hold a demand of one's own against itself and against what it was calibrated from.

    Of a demand at prices: shares and slopes are finite and of the right shape; nothing is sold below zero, or
    where a product is priced out; own prices lower own sales; Jacobian, own slopes and curvature agree with
    differences, and the terms of the pricing condition with the Jacobian; prices are found again from
    shares; surplus falls by what is bought as prices rise; cross slopes are equal where `symmetric` claims
    it; whoever is turned away is not counted twice.

    Of the kind of a scenario file besides: it sells what was observed at the prices observed, at most one
    product to a buyer; money times a factor is the same market; it pickles, and its table makes it again.

    Args:
        demand: a `pricewar.demand.Demand`, or a `Preferences` as in a scenario file.
        prices: (J,) at which a demand is looked at; better not where a product begins or ceases to sell.
            Of `Preferences` they are prices near those observed.
        observed: the market to which `Preferences` are calibrated; the example market by default.

    Raises:
        InputError: naming every check that failed.
    """
    if isinstance(demand, Preferences):
        problems = list(_of_kind(demand, observed or example_observed()))
    elif isinstance(demand, Demand) and prices is not None:
        problems = list(_of_demand(demand, demand.check_prices(prices)))
    else:
        wanted = "a Demand with prices, or Preferences"
        raise bad_input("check_demand", ("demand", type(demand).__name__, wanted))
    if problems:
        raise bad_input(type(demand).__name__, *problems)


def _of_kind(rule: Preferences, observed: Observed) -> Iterator[Misfit]:
    if pickle.loads(pickle.dumps(rule)) != rule:
        yield "pickle", "another rule", "the same"
    if make_rule(rule.model_dump(), "pricewar.scenario.preferences", Preferences) != rule:  # type: ignore[type-abstract]
        yield "model_dump", "a table that makes another rule", "the same rule"
    found = rule.calibrated(observed)
    if not isinstance(found, Demand) or found.products != len(observed.price):
        yield "calibrated", type(found).__name__, f"a Demand of {len(observed.price)} products"
        return
    start = observed.price
    share = found.expected(start)
    if not np.all(np.abs(share - observed.share) <= MET * observed.share):
        yield "calibrated", f"shares {share.tolist()}", f"those observed, {observed.share.tolist()}"
    near = start * (1.0 + np.resize(STEPS, len(start)))
    yield from _of_demand(found, near)
    at_near = found.expected(near)
    if at_near.sum() > 1.0 + 1e-9:
        yield "expected", f"{at_near.sum():g} products to a buyer", "at most one"
    yield from _in_other_money(rule, observed, near, at_near)


def _in_other_money(rule: Preferences, observed: Observed, near: Floats, share: Floats) -> Iterator[Misfit]:
    """What a parameter says in money cannot be known here: such a rule is asked with its money scaled."""
    from pricewar.scenario.units import times_money

    for k in (0.01, 250.0):
        columns = {**observed.columns}
        for name in {"list_price", "promotion"} & columns.keys():
            columns[name] = k * columns[name]
        market = observed.but(price=k * observed.price, columns=columns)
        found = rule.model_copy(update=times_money(rule, k)).calibrated(market).expected(k * near)
        if not np.allclose(found, share, rtol=1e-6, atol=1e-12):
            yield "calibrated", f"other shares with all money times {k:g}", f"the same, {share.tolist()}"


def _of_demand(demand: Demand, p: Floats) -> Iterator[Misfit]:
    shapes = list(_shapes(demand, p))
    yield from shapes
    if shapes:
        return
    for check in (_signs, _slopes, _pricing, _inverse, _surplus, _turned_away):
        yield from check(demand, p)


def _shapes(demand: Demand, p: Floats) -> Iterator[Misfit]:
    for name, shape in (("expected", (p.size,)), ("jacobian", (p.size, p.size)), ("own_slopes", (p.size,))):
        found = np.asarray(getattr(demand, name)(p), float)
        finite = bool(np.isfinite(found).all())
        if found.shape != shape or not finite:
            yield name, f"shape {found.shape}, finite: {finite}", f"finite numbers of shape {shape}"


def _signs(demand: Demand, p: Floats) -> Iterator[Misfit]:
    share = demand.expected(p)
    if (share < 0.0).any():
        yield "expected", share.tolist(), "shares of at least zero"
    away = np.where(np.arange(p.size) == 0, PRICED_OUT * np.abs(p), p)
    left = demand.expected(away)[0]
    if not left <= 1e-6 * share[0]:
        yield "expected", f"{left:g} sold of a product at {PRICED_OUT:g} times its price", "nearly nothing"


def _slopes(demand: Demand, p: Floats) -> Iterator[Misfit]:
    given, slopes = np.asarray(demand.jacobian(p), float), numerical_jacobian(demand, p)
    size = np.abs(slopes).max()
    if np.abs(given - slopes).max() > AGREES * size:
        yield "jacobian", given.tolist(), f"{slopes.tolist()}, differences of its shares"
    if (np.diag(slopes) > AGREES * size).any():
        yield (
            "expected",
            f"own slopes {np.diag(slopes).tolist()}",
            "none above zero: a dearer product sells less",
        )
    if np.abs(demand.own_slopes(p) - np.diag(slopes)).max() > AGREES * size:
        yield "own_slopes", demand.own_slopes(p).tolist(), f"{np.diag(slopes).tolist()}, the diagonal"
    if demand.symmetric and np.abs(slopes - slopes.T).max() > AGREES * size:
        yield "symmetric", "cross slopes that differ", "cross slopes that are equal, or symmetric = False"
    try:
        for internal in (np.eye(p.size), np.ones((p.size, p.size))):
            require_curvature(demand, p, 0.3 * p, internal)
    except InputError as error:
        yield from ((problem.place, problem.found, problem.allowed) for problem in error.problems)


def _pricing(demand: Demand, p: Floats) -> Iterator[Misfit]:
    firms, margins = np.arange(p.size) // 2, 0.2 * p
    for conduct in (0.0, 0.4):
        given = demand.markup_terms(p, margins, firms, conduct)
        plain = Demand.markup_terms(demand, p, margins, firms, conduct)
        mine, theirs = (margins * slope - gain for _, slope, gain in (given, plain))
        if not np.abs(mine - theirs).max() <= AGREES * np.abs(theirs).max():
            allowed = f"{theirs.tolist()}, from the Jacobian"
            yield "markup_terms", f"margin times slope less gain {mine.tolist()}", allowed
            return


def _inverse(demand: Demand, p: Floats) -> Iterator[Misfit]:
    """Prices from shares by Newton's method, where shares say all about prices; mean utilities of a logit."""
    share, jacobian = demand.expected(p), demand.jacobian(p)
    if isinstance(demand, MixedLogit) and share.sum() < 1.0 and (share > 0).all():
        again = invert_shares(demand, share, p)
        if not again.converged or np.abs(demand.with_delta(again.delta).expected(p) - share).max() > 1e-9:
            yield "invert_shares", f"residual {again.residual:g}", "mean utilities that give the shares"
    if not np.linalg.cond(jacobian) < 1e8:
        return  # as on a street where all buy: only differences of prices matter
    guess = p * (1.0 + 0.001 * np.resize((1.0, -0.5), p.size))
    for _ in range(_MOST_STEPS):
        gap = demand.expected(guess) - share
        if np.abs(gap).max() <= 1e-11 * np.abs(share).max():
            break
        guess = guess - np.linalg.solve(demand.jacobian(guess), gap)
    if not np.abs(guess / p - 1.0).max() <= 1e-6:
        yield "expected", f"the same shares at prices {guess.tolist()}", f"at {p.tolist()} alone"


def _surplus(demand: Demand, p: Floats) -> Iterator[Misfit]:
    """The fall of surplus along a path of prices is what is bought on it (Roy; Small and Rosen 1981)."""
    node, weight = np.polynomial.legendre.leggauss(8)
    together = np.full(p.size, 0.02 * np.abs(p).mean())  # the way of `Demand.consumer_surplus`
    for step in (together, 0.02 * p * np.resize((1.0, 0.3, -0.4), p.size)):
        bought = sum(
            0.5 * w * float(times(demand.expected(p + 0.5 * (x + 1.0) * step), step))
            for x, w in zip(node, weight, strict=True)
        )
        fall = demand.consumer_surplus(p) - demand.consumer_surplus(p + step)
        size = float(times(demand.expected(p), np.abs(step)))
        on_the_way = demand.symmetric or step is together  # else it depends on the path
        if on_the_way and not abs(fall - bought) <= 1e-3 * size:
            yield "consumer_surplus", f"a fall of {fall:g} as prices rise", f"{bought:g}, what is bought"
            return


def _turned_away(demand: Demand, p: Floats) -> Iterator[Misfit]:
    share, refused = demand.expected(p), np.zeros(p.size)
    refused[0] = 0.5
    gained = demand.second_choices(p, refused)
    most = 0.5 * share[0] * (1.0 + 1e-6)
    if gained[0] != 0.0 or (gained < 0.0).any() or gained.sum() > most:
        yield "second_choices", gained.tolist(), f"at least zero, and together at most {most:g}"


__all__ = ["check_demand", "example_observed"]
