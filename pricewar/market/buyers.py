"""The market of one month: what buyers weigh, what they choose, where the turned-away go.

Buyers weigh money and appeal. All that is money enters as a shift of the price they pay, so a buyer who is
twice as price sensitive minds a week's wait twice as much; all that is appeal enters as utility.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pricewar.base.book import Settlement
from pricewar.base.records import Floats, Ints, Offers, Record, read_only
from pricewar.base.state import State
from pricewar.base.sums import by_place, dot, times, total
from pricewar.base.together import PerRun, column
from pricewar.demand.anchored import Anchored
from pricewar.demand.base import NOT_ON_SALE
from pricewar.demand.buyers import by_group_of_runs
from pricewar.demand.mixed import MixedLogit
from pricewar.demand.population import QUINTILES
from pricewar.scenario.mechanisms import Dynamics

from . import own_mechanisms
from .calibrate import Calibration

WEEKS_A_MONTH = 52.0 / 12.0
UNKNOWN = 1e-4
"""Share of the cars on the road below which a brand is as unknown as one that has never sold (assumed)."""


@dataclass(frozen=True)
class Conditions(Record):
    """What buyers find in a month. R rows, J products."""

    delta: Floats
    """(J,) utility apart from price and tastes."""
    price: Floats
    """(J,) what buyers pay, CNY."""
    shift: Floats
    """(J,) money that buyers weigh on top of the price: waiting time, gap to the remembered price."""
    felt: Floats
    """(J,) the part of `shift` that is felt and never paid: the gap to the remembered price."""
    brand: Ints
    """(R,) firm whose car each row drives."""
    outside: Floats
    """(R,) exponential of the outside option, waiting included; 1 at rest."""


@dataclass(frozen=True)
class Choice(Record):
    """What buyers choose under conditions."""

    by_group: Floats
    """(G, J) share of all shoppers who belong to an income group and choose the product."""
    inside: Floats
    """(R,) sum of exponentials over products."""

    @cached_property
    def share(self) -> Floats:
        """(J,) expected share of shoppers."""
        return read_only(np.asarray(self.by_group.sum(axis=-2)))

    @cached_property
    def groups(self) -> Floats:
        """(G, J) shares of the income groups among those who choose each product."""
        even = np.full_like(self.by_group, 1.0 / self.by_group.shape[-2])
        share = self.share[..., None, :]
        return read_only(np.divide(self.by_group, share, out=even, where=share > 0))


def conditions(
    state: State,
    offers: Offers,
    calibration: Calibration,
    dynamics: Dynamics,
    settlement: Settlement = "lower",
) -> Conditions:
    """Put together what buyers weigh this month."""
    landscape = state.landscape
    delta = state.delta + state.taste + landscape.by_product(state.brand) * dynamics.brand.on
    if dynamics.word_of_mouth.on:
        fleet, start = (np.maximum(share, UNKNOWN) for share in (state.fleet, calibration.fleet))
        grown = np.log(fleet / start)[..., :-1]
        delta = delta + dynamics.word_of_mouth.strength * landscape.by_product(grown)
    delta = delta + own_mechanisms.appeal(state, offers, dynamics)
    price = offers.buyer_price
    felt = _reference(state, price, dynamics) + own_mechanisms.burden(state, offers, dynamics)
    return Conditions(
        delta=np.where(offers.on_sale, delta, NOT_ON_SALE),
        price=price,
        shift=_wait(state, dynamics) + felt - offers.rebate,
        felt=felt,
        brand=_brand(state, calibration),
        outside=_outside(state, offers, calibration, dynamics, settlement),
    )


def _brand(state: State, calibration: Calibration) -> Ints:
    """(R,) firm whose car each row drives; nobody's for a demand without rows."""
    if not calibration.demand.rows:
        return np.zeros((*state.fleet.shape[:-1], 0), dtype=np.int64)
    return calibration.population.driven(state.fleet, state.landscape.by_name)


def _wait(state: State, dynamics: Dynamics) -> Floats:
    """(J,) CNY of disutility from waiting longer for delivery than at the start."""
    if not dynamics.backlog.on:
        return np.zeros_like(state.delta)
    weeks = WEEKS_A_MONTH * (lead_months(state) - state.start_lead)
    return dynamics.backlog.wait_cost * weeks


def lead_months(state: State) -> Floats:
    """(J,) months a new order waits for its car, at the pace of the forecast."""
    return state.backlog / np.maximum(state.forecast, 1.0)


def _reference(state: State, price: Floats, dynamics: Dynamics) -> Floats:
    """(J,) CNY felt on top of the price: a loss above the remembered price, a smaller gain below it."""
    spec = dynamics.reference_price
    if not spec.on:
        return np.zeros_like(price)
    gap = price - state.reference
    return spec.weight * np.where(gap > 0, spec.loss_aversion * gap, gap)


def _outside(
    state: State, offers: Offers, calibration: Calibration, dynamics: Dynamics, settlement: Settlement
) -> Floats:
    """(R,) exponential of the outside option: nothing, or waiting for the price fall that is expected."""
    if not dynamics.waiting.on:
        return np.ones((*state.on_sale.shape[:-1], len(calibration.alpha)))
    fall = expected_fall(state, offers, dynamics, settlement)
    share = dynamics.waiting.share
    hope: Floats = np.exp(np.clip(calibration.alpha * column(fall), -5.0, 5.0))
    return (1.0 - share) + share * hope


def expected_fall(
    state: State, offers: Offers, dynamics: Dynamics, settlement: Settlement = "lower"
) -> PerRun:
    """CNY by which buyers expect the car they would buy to be cheaper after the horizon.

    The recent trend goes on; a limited-time offer that ends within the horizon goes back to the
    remembered price. Where an order pays the lower price at its delivery, it gains from a fall until then
    as much as waiting does: only what falls after the expected delivery is a reason to wait. What the state
    will change is settled by the month of delivery, so it is no reason to hurry for a car that comes later.
    """
    horizon = dynamics.waiting.horizon_months
    weight = np.where(offers.on_sale, state.forecast, 0.0)
    price, lead = offers.price, lead_months(state)
    trend = -state.price_trend * horizon * price
    if settlement == "lower" and horizon > 0:
        trend = np.where(trend > 0, trend * np.maximum(1.0 - lead / horizon, 0.0), trend)
    ends = (offers.announced_end >= offers.period) & (offers.announced_end < offers.period + horizon)
    back = np.where(ends, np.maximum(state.reference - price, 0.0), 0.0)
    if offers.known_rise is not None:
        back = back + np.where(lead < 1.0, offers.known_rise, 0.0)
    cars = np.maximum(total(weight), 1.0)
    mean_price = dot(weight, price) / cars
    return np.clip(dot(weight, trend - back) / cars, -0.25 * mean_price, 0.25 * mean_price)


def demand_of(found: Conditions, calibration: Calibration) -> MixedLogit | Anchored:
    """The demand of a month, of what buyers weigh."""
    return calibration.demand.at(found.delta, found.outside, found.brand)


def in_one_call(calibration: Calibration) -> bool:
    """Whether buyers of runs that step together choose in one call: a logit without nests."""
    return isinstance(calibration.demand, MixedLogit) and calibration.demand.nests is None


def choose(found: Conditions, calibration: Calibration) -> Choice:
    """Expected choices of all rows."""
    if found.delta.ndim > 1:
        demand = demand_of(found, calibration)
        if isinstance(demand, MixedLogit) and demand.nests is None:
            return Choice(*by_group_of_runs(demand, found.price + found.shift))
        return Choice.together([choose(found.run(s), calibration) for s in range(len(found.delta))])
    share, inside = demand_of(found, calibration).by_group(found.price + found.shift)
    spread = np.repeat(share / QUINTILES, QUINTILES, axis=0) if len(share) == 1 else share
    return Choice(by_group=spread, inside=inside)


def spill(refused: Floats, found: Conditions, calibration: Calibration) -> Floats:
    """(J,) share of all shoppers that turns to each product after a first choice that takes no orders."""
    if found.delta.ndim > 1:
        none = np.zeros_like(found.delta[0])
        return np.array(
            [spill(each, found.run(s), calibration) if each.any() else none for s, each in enumerate(refused)]
        )
    return demand_of(found, calibration).second_choices(found.price + found.shift, refused)


def arrivals(state: State, offers: Offers, dynamics: Dynamics, usual: float) -> PerRun:
    """People in the market this month if nobody moves a purchase to another month."""
    return usual * state.demand_factor * state.month_luck * own_mechanisms.shoppers(state, offers, dynamics)


def shoppers(
    state: State, choice: Choice, calibration: Calibration, dynamics: Dynamics, arriving: PerRun
) -> PerRun:
    """People in the market this month: `arriving`, those who had put it off, and those who come early."""
    pull = dynamics.pull_forward
    if not pull.on:
        return arriving
    better = dot(calibration.population.weight, np.log1p(choice.inside)) - calibration.attraction
    early = np.exp(np.clip(pull.response * better, -1.0, 1.0))
    return arriving * state.planned * early


def waiting(
    found: Conditions, choice: Choice, calibration: Calibration, people: PerRun, share: float
) -> PerRun:
    """Shoppers who wait for lower prices, above the number that waits at rest; negative when buyers hurry."""
    if not calibration.demand.rows:
        return 0.0 * people
    weight, free = calibration.population.weight, 1.0 - share
    now = dot(weight, (found.outside - free) / (found.outside + choice.inside))
    rest = dot(
        weight, (1.0 - free) / (1.0 + choice.inside)
    )  # not `share`: at rest the two must be one number
    return people * (now - rest)


def surplus(
    choice: Choice, found: Conditions, calibration: Calibration, people: PerRun, share: float = 0.0
) -> Floats:
    """(G,) consumer surplus of this month's shoppers by income group, CNY, over the outside option alone.

    Experience utility: the log-sum of what decides (Small and Rosen 1981, Econometrica 49) plus the
    choice-weighted difference between what is had and what was felt (Train 2015, Journal of Choice Modelling
    16). So neither the pleasure of a price below the remembered one nor the hope of a lower price later is
    money, but both still move choices.

    Args:
        choice: what buyers choose.
        found: the conditions under which they do.
        calibration: of the market.
        people: shoppers of the month.
        share: of the outside option at rest that may wait (`Waiting.share`); 0 where nobody waits.
    """
    if not calibration.demand.rows:  # nobody knows whose surplus it is: a fifth for each fifth
        a_fifth = column(people * _surplus_of_all(found, calibration) / QUINTILES)
        return np.repeat(a_fifth, QUINTILES, axis=-1) + column(people) * _felt(choice, found)
    everything = found.outside + choice.inside
    money = np.log(everything) / calibration.alpha
    if share > 0:
        waits = np.maximum(found.outside - (1.0 - share), 1e-300)
        money -= waits / everything * np.log(waits / share) / calibration.alpha
    earned = column(people) * calibration.population.weight * money
    had = by_place(earned, calibration.population.group, QUINTILES)
    return np.asarray(had + column(people) * _felt(choice, found), dtype=np.float64)


def _felt(choice: Choice, found: Conditions) -> Floats:
    """(G,) CNY a shopper that is felt on top of prices and not paid, by income group."""
    return times(choice.by_group, found.felt[..., None, :])


def _surplus_of_all(found: Conditions, calibration: Calibration) -> PerRun:
    """CNY a shopper of a demand without rows."""
    if found.delta.ndim > 1:
        return np.array([_surplus_of_all(found.run(s), calibration) for s in range(len(found.delta))])
    return demand_of(found, calibration).consumer_surplus(found.price + found.shift)


def once(worth: Floats, at_rest: Floats, people: PerRun, arriving: PerRun) -> Floats:
    """(G,) surplus of a month in which each person is credited with the level of surplus once.

    Who waits is credited in the month of waiting as who buys nothing is, at what waiting is worth at rest:
    coming back is in that. So a visit that was moved here from another month brings what the offers are worth
    above those of the start, and the level of surplus stays where the person arrived.

    Args:
        worth: (G,) surplus of all visits of the month, CNY.
        at_rest: (G,) surplus of a visit at the start, CNY a person.
        people: visits of the month.
        arriving: people who come this month if nobody moves a purchase.
    """
    return worth - column(people - arriving) * at_rest


def decided(choice: Choice, calibration: Calibration, people: float) -> Floats:
    """(G,) log-sum of what is on sale over the outside option alone, in CNY: the expectation of what `Crowd`
    samples. What is only felt is in it, the hope of lower prices is not."""
    worth = people * calibration.population.weight * np.log1p(choice.inside) / calibration.alpha
    return np.bincount(calibration.population.group, weights=worth, minlength=QUINTILES).astype(np.float64)


def feels_cheap(choice: Choice, found: Conditions, people: PerRun) -> PerRun:
    """CNY by which this month's choices feel cheaper than they are, against the remembered prices."""
    return -people * dot(choice.share, found.felt)
