"""US cars of 1954 to 1956: can public figures tell a price war from a good year?

Bresnahan (1987), Journal of Industrial Economics 35(4), 457-482: collusion in 1954 and 1956, Nash in 1955.
Rapson (2009), working paper, on the same data with random coefficients: Bertrand is rejected in none of the
three years. Their prices and cars by model are not public as data. What is public, cars by company and a
quality-adjusted price index, is in `facts/us_cars.csv`."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Floats
from pricewar.demand import logit
from pricewar.equilibrium import costs_from_prices, solve

from .facts import Facts
from .finding import NAN, Finding, Line, judged
from .how import How

NAME: Final = "autos-1955"
WAR: Final = 1955
CONDUCTS: Final = {"collusion": 1.0, "mixed conduct": 0.5, "Bertrand": 0.0}
"""Weight of a company on its rivals' profit in 1955; 1 in the years around."""


def autos_1955(facts: Facts, how: How) -> Finding:
    """What a switch of conduct in 1955 alone would have done to price and cars, beside what the figures say.

    Costs are those that make the prices of the years around collusive. In 1955 costs and tastes stay and only
    conduct is another: what price and output then do is set beside the public figures.

    Args:
        facts: table `us_cars`, figures of `autos-1955`.
        how: unused; nothing is drawn.
    """
    cars = facts.table("us_cars")
    companies = cars.drop(columns=["year", "price_index"]).to_numpy(dtype=np.float64)
    index = cars["price_index"].to_numpy(dtype=np.float64)
    war = cars["year"].to_numpy() == WAR
    output = float(companies[war].sum() / companies[~war].sum(axis=1).mean())
    price = float(index[war].mean() / index[~war].mean())
    usual = companies[~war].mean(axis=0)
    names = ("own-price elasticity", "smallest elasticity", "largest elasticity")
    table = pd.concat([_switched(facts, usual, facts.value(NAME, name)) for name in names], ignore_index=True)
    usually = table[table["elasticity"] == facts.value(NAME, names[0])]
    prices = dict(zip(usually["conduct"], usually["price"].astype(float), strict=True))
    sold = dict(zip(usually["conduct"], usually["cars"].astype(float), strict=True))
    nearest = min(prices, key=lambda conduct: abs(prices[conduct] - price))
    lines = (
        judged(facts, NAME, "cars of 1955 over those of the years around", output),
        judged(facts, NAME, "price of 1955 over that of the years around", price),
        *(_told(table, prices[name], name, price) for name in CONDUCTS),
        _verdict("Bresnahan (1987): Bertrand", nearest == "Bertrand"),
        _verdict("Rapson (2009): no switch needed", nearest == "collusion"),
    )
    rise, switch = 100.0 * (output - 1.0), 100.0 * (sold["Bertrand"] - 1.0)
    notes = (
        f"In the public figures cars rise by {rise:.0f}% and the quality-adjusted price does not fall but "
        f"rises by {100.0 * (price - 1.0):.1f}%. Bresnahan's own price index, which falls, is not public as "
        f"a series. A switch from collusion to Bertrand would have raised output by {switch:.0f}% and "
        f"lowered the price by {100.0 * (1.0 - prices['Bertrand']):.0f}% (elasticity "
        f"{facts.value(NAME, names[0]):g}, assumed).",
        f"By price, {nearest} is nearest. A rise of demand explains both figures, a switch of conduct "
        "explains one: these figures cannot settle the dispute, and data by model would be needed.",
    )
    return Finding(NAME, "US cars, 1955", lines, notes, {"autos_1955_conduct": table})


def _verdict(whose: str, supported: bool) -> Line:
    """Whether the conduct nearest to the public price is that of a published verdict; nothing is asked."""
    return Line(f"price agrees with {whose}", "1: yes", NAN, float(supported), source="abstract of the paper")


def _switched(facts: Facts, cars: Floats, elasticity: float) -> pd.DataFrame:
    """Price and cars of 1955 over those of the years around, for each conduct."""
    sold = cars[cars > 0]
    outside = facts.value(NAME, "outside good of a household a year")
    shares = (1.0 - outside) * sold / sold.sum()
    mean = float(shares @ (1.0 - shares) / shares.sum())
    alpha = -elasticity / mean  # all prices 1: the mean elasticity is -alpha times 1 less the share
    demand = logit(np.log(shares / outside) + alpha, alpha)
    one, firms = np.ones(sold.size), np.arange(sold.size)
    cost = costs_from_prices(demand, one, np.zeros(sold.size, np.int64))
    rows = []
    for name, conduct in CONDUCTS.items():
        found = solve(demand, cost, firms, conduct=conduct, start=one).require_converged()
        weights = shares / shares.sum()
        rows.append(
            (elasticity, name, float(weights @ found.prices), float(found.shares.sum() / shares.sum()))
        )
    return pd.DataFrame(rows, columns=["elasticity", "conduct", "price", "cars"])


def _told(table: pd.DataFrame, found: float, conduct: str, price: float) -> Line:
    """Price of 1955 with one conduct, its range over elasticities, beside the public index."""
    spread = table.loc[table["conduct"] == conduct, "price"]
    source = "Historical Statistics of the United States, series Cc64"
    return Line(
        f"price of 1955 with {conduct}",
        "ratio",
        price,
        found,
        float(spread.min()),
        float(spread.max()),
        source=source,
    )
