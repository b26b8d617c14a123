"""First looks at a merger or a market: concentration, pricing pressure, compensating efficiencies, SSNIP.

H_post in the formulas is 1 for products of one firm after the merger. Conventions of pyblp and of the
agencies: HHI on inside shares, 0 to 10,000; diversion as in `Demand.diversion`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pricewar.base.arguments import labels, number, numbers, takes
from pricewar.base.errors import bad_input
from pricewar.base.shares import hhi as of_firms
from pricewar.demand.base import Demand, Floats, indices, internalisation, vector

from .game import make_game
from .ownership import CONDUCT, OWNERSHIP
from .solver import solve


@takes(demand=Demand, conduct=CONDUCT, ownership=OWNERSHIP)
def costs_from_prices(
    demand: Demand,
    prices: ArrayLike,
    firm_ids: ArrayLike | None,
    *,
    unit_tax: ArrayLike = 0.0,
    ad_valorem_tax: ArrayLike = 0.0,
    conduct: ArrayLike = 0.0,
    ownership: ArrayLike | None = None,
    theta: ArrayLike = 0.0,
) -> Floats:
    """Return the marginal costs (J,) under which `prices` satisfy every pricing condition; see `solve`.

    Args:
        demand: who buys what at which price.
        prices: (J,) what buyers pay, in the money of the demand.
        firm_ids: (J,) owner of each product; None with `ownership`.
        unit_tax: (J,) or one number, money a unit.
        ad_valorem_tax: (J,) or one number, a fraction of the net price.
        conduct: part of a rival's profit that counts as one's own.
        ownership: (J, J) weights in place of owners.
        theta: (J,) or one number, growth motive, money a unit.
    """
    p = demand.check_prices(prices)
    money = (unit_tax, ad_valorem_tax, theta)
    game = make_game(demand, 0.0, firm_ids, (None, None, None), money, conduct, ownership, None)
    slopes = game.internal * demand.jacobian(p).T
    margins = -np.linalg.solve(slopes, game.keep * demand.expected(p))
    return np.asarray(game.keep * p - margins - game.costs, dtype=np.float64)


@takes(firm_ids=labels)
def merge(firm_ids: ArrayLike, *parties: object) -> np.ndarray:
    """Return firm labels (J,) after the parties, two or more labels, became the first of them.

    Args:
        firm_ids: (J,) owner of each product.
        parties: labels of the firms that merge.
    """
    labels = np.asarray(firm_ids).copy()
    if not all(np.ndim(party) == 0 for party in parties):  # type: ignore[arg-type]
        raise bad_input("merge", ("parties", list(parties), "two or more firms of the market"))
    missing = [party for party in parties if not (labels == party).any()]
    if missing or len(parties) < 2:
        raise bad_input("merge", ("parties", list(parties), "two or more firms of the market"))
    for party in parties[1:]:
        labels[labels == party] = parties[0]
    return labels


@takes(shares=numbers, firm_ids=labels)
def hhi(shares: ArrayLike, firm_ids: ArrayLike) -> float:
    """Herfindahl-Hirschman index of inside shares by firm, 0 to 10,000.

    Args:
        shares: (J,) of all buyers.
        firm_ids: (J,) owner of each product.
    """
    s = np.asarray(shares, dtype=float)
    firms, names = indices("firm_ids", firm_ids, s.size)
    return float(of_firms(np.bincount(firms, s, names.size)))


@takes(shares=numbers, before=labels, after=labels)
def hhi_change(shares: ArrayLike, before: ArrayLike, after: ArrayLike) -> float:
    """Change of the index when ownership goes from `before` to `after` at the same shares.

    Args:
        shares: (J,) of all buyers.
        before: (J,) owners of the products today.
        after: (J,) owners after the merger.
    """
    return hhi(shares, after) - hhi(shares, before)


def newly_internal(before: ArrayLike, after: ArrayLike) -> Floats:
    """(J, J) ones where two products come under one roof only by the merger."""
    size = np.size(before)
    old, new = indices("firm_ids", before, size)[0], indices("firm_ids", after, size)[0]
    return internalisation(new, 0.0) * (1.0 - internalisation(old, 0.0))


@takes(demand=Demand, before=labels, after=labels)
def gross_upward_pressure(
    demand: Demand, prices: ArrayLike, costs: ArrayLike, before: ArrayLike, after: ArrayLike
) -> Floats:
    """Gross upward pricing pressure (J,): the partners' margin on the sales a price rise sends their way.

    sum over the partner's products k of D[j, k] (p_k - c_k) (Farrell and Shapiro 2010).

    Args:
        demand: who buys what at which price.
        prices: (J,) what buyers pay, in the money of the demand.
        costs: (J,) marginal costs, ex tax.
        before: (J,) owners of the products today.
        after: (J,) owners after the merger.
    """
    p = demand.check_prices(prices)
    margins = p - vector("costs", costs, demand.products)
    return np.asarray((newly_internal(before, after) * demand.diversion(p)) @ margins)


@takes(demand=Demand, before=labels, after=labels, efficiency=number)
def upp(
    demand: Demand,
    prices: ArrayLike,
    costs: ArrayLike,
    before: ArrayLike,
    after: ArrayLike,
    efficiency: float = 0.1,
) -> Floats:
    """Net upward pricing pressure (J,): gross pressure less the parties' cost saving of `efficiency`.

    Args:
        demand: who buys what at which price.
        prices: (J,) what buyers pay, in the money of the demand.
        costs: (J,) marginal costs, ex tax.
        before: (J,) owners of the products today.
        after: (J,) owners after the merger.
        efficiency: fraction of their costs that the parties save.
    """
    gross = gross_upward_pressure(demand, prices, costs, before, after)
    party = newly_internal(before, after).any(axis=1)
    return gross - np.where(party, efficiency * vector("costs", costs, demand.products), 0.0)


@takes(demand=Demand, before=labels, after=labels)
def guppi(demand: Demand, prices: ArrayLike, costs: ArrayLike, before: ArrayLike, after: ArrayLike) -> Floats:
    """Gross upward pricing pressure index (J,): pressure over price (Salop and Moresi 2009).

    Args:
        demand: who buys what at which price.
        prices: (J,) what buyers pay, in the money of the demand.
        costs: (J,) marginal costs, ex tax.
        before: (J,) owners of the products today.
        after: (J,) owners after the merger.
    """
    return gross_upward_pressure(demand, prices, costs, before, after) / demand.check_prices(prices)


@takes(demand=Demand)
def compensating_costs(demand: Demand, prices: ArrayLike, after: ArrayLike) -> Floats:
    """Costs (J,) at which the merged firms would keep `prices` (Werden 1996).

    Args:
        demand: who buys what at which price.
        prices: (J,) what buyers pay, in the money of the demand.
        after: (J,) owners after the merger.
    """
    return costs_from_prices(demand, prices, after)


@takes(demand=Demand)
def cmcr(demand: Demand, prices: ArrayLike, costs: ArrayLike, after: ArrayLike) -> Floats:
    """Compensating marginal cost reduction (J,) as a part of cost: (c - compensating cost) / c.

    Args:
        demand: who buys what at which price.
        prices: (J,) what buyers pay, in the money of the demand.
        costs: (J,) marginal costs, ex tax.
        after: (J,) owners after the merger.
    """
    c = vector("costs", costs, demand.products)
    return (c - compensating_costs(demand, prices, after)) / c


@takes(demand=Demand)
def first_order_prices(demand: Demand, prices: ArrayLike, costs: ArrayLike, after: ArrayLike) -> Floats:
    """Prices (J,) after one markup step: costs plus the merged firms' markups at today's prices.

    Args:
        demand: who buys what at which price.
        prices: (J,) what buyers pay, in the money of the demand.
        costs: (J,) marginal costs, ex tax.
        after: (J,) owners after the merger.
    """
    p = demand.check_prices(prices)
    return vector("costs", costs, demand.products) + (p - compensating_costs(demand, p, after))


@takes(demand=Demand, candidates=labels, rise=number)
def ssnip(
    demand: Demand,
    costs: ArrayLike,
    firm_ids: ArrayLike,
    prices: ArrayLike,
    candidates: ArrayLike,
    rise: float = 0.05,
) -> tuple[float, bool]:
    """Hypothetical monopolist test: `candidates` raise their prices by `rise`, others do not move.

    Returns (change of the candidates' joint profit per buyer, whether the best uniform joint rise is at least
    `rise`: then the candidates are a market).

    Args:
        demand: who buys what at which price.
        costs: (J,) marginal costs, ex tax.
        firm_ids: (J,) owner of each product.
        prices: (J,) what buyers pay, in the money of the demand.
        candidates: (J,) true where a product is of the candidate market.
        rise: a fraction of price.
    """
    p = demand.check_prices(prices)
    c, inside = vector("costs", costs, demand.products), np.zeros(demand.products, dtype=bool)
    try:
        inside[np.asarray(candidates)] = True
    except IndexError as error:
        allowed = f"positions of products, 0 to {demand.products - 1}"
        raise bad_input("ssnip", ("candidates", candidates, allowed)) from error
    raised = np.where(inside, p * (1.0 + rise), p)
    gain = float(((raised - c) * demand.expected(raised) - (p - c) * demand.expected(p))[inside].sum())
    firms = np.where(inside, -1, indices("firm_ids", firm_ids, demand.products)[0])
    joint = solve(demand, c, firms, fixed=np.where(inside, np.nan, p), start=p).require_converged()
    weight = demand.expected(p)[inside]
    best = float(weight @ (joint.prices[inside] / p[inside] - 1.0) / weight.sum())
    return gain, best >= rise


@takes(prices=numbers, costs=numbers)
def lerner(prices: ArrayLike, costs: ArrayLike) -> Floats:
    """Lerner index (J,): margin over price.

    Args:
        prices: (J,) net of tax.
        costs: (J,) marginal costs, ex tax.
    """
    p, c = np.asarray(prices, dtype=float), np.asarray(costs, dtype=float)
    if c.shape not in ((), p.shape):
        raise bad_input("lerner", ("costs", f"shape {c.shape}", f"as prices, shape {p.shape}"))
    return np.asarray((p - c) / p)
