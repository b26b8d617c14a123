"""Estimated demand: a merger and a cut of one third, against what pyblp computes from the same estimates.

Cars of 1990: Berry, Levinsohn and Pakes (1995), Econometrica 63(4). Cereals: Nevo (2000), Journal of
Economics and Management Strategy 9(4). Estimates and pyblp's answers are in `facts/`; pyblp itself is not
needed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from pricewar.base.arrays import Flags, Floats
from pricewar.demand import MixedLogit
from pricewar.equilibrium import solve

from .facts import Facts
from .finding import Finding, Line
from .how import How

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

CARS: Final = ("cars-1990", "Cars of 1990 (BLP)", "cars_1990", (19, 16), 19)
CEREALS: Final = ("cereals", "Cereals (Nevo)", "cereals", (1, 2), 1)
"""Benchmark, title, tables, merging firms, the firm that cuts."""
CUT: Final = 1.0 / 3.0


def cars_1990(facts: Facts, how: How) -> Finding:
    """General Motors with Chrysler, and General Motors a third cheaper.

    Args:
        facts: tables `cars_1990_products`, `cars_1990_buyers`.
        how: unused; nothing is drawn.
    """
    return _finding(facts, *CARS)


def cereals(facts: Facts, how: How) -> Finding:
    """The two largest makers merged, and one of them a third cheaper.

    Args:
        facts: tables `cereals_products`, `cereals_buyers`.
        how: unused; nothing is drawn.
    """
    return _finding(facts, *CEREALS)


def estimated_demand(products: pd.DataFrame, buyers: pd.DataFrame) -> MixedLogit:
    """The demand of an estimated market.

    Args:
        products: delta, x0, x1, ...: mean utility without price, columns with tastes.
        buyers: weight, alpha, taste_x0, taste_x1, ...
    """
    columns = [name for name in map(str, products.columns) if name.startswith("x")]
    tastes = buyers[[f"taste_{name}" for name in columns]].to_numpy() @ products[columns].to_numpy().T
    with warnings.catch_warnings():  # estimates of some buyers who like what is dear are part of the record
        warnings.simplefilter("ignore", UserWarning)
        return MixedLogit(
            products["delta"].to_numpy(), buyers["alpha"].to_numpy(), tastes, buyers["weight"].to_numpy()
        )


def _finding(
    facts: Facts, name: str, title: str, tables: str, parties: tuple[int, int], cutter: int
) -> Finding:
    products, buyers = facts.table(f"{tables}_products"), facts.table(f"{tables}_buyers")
    demand = estimated_demand(products, buyers)
    price, cost, firm = (products[column].to_numpy() for column in ("price", "cost", "firm"))
    merged = _nearby(demand, cost, np.where(firm == parties[1], parties[0], firm), price)
    imposed = np.where(firm == cutter, (1.0 - CUT) * price, price)
    fixed = np.where(firm == cutter, imposed, np.nan)
    cut = _nearby(demand, cost, firm, price, fixed)
    own = np.diag(demand.elasticities(price))
    found = {
        "price_merged": merged,
        "price_cut": cut,
        "share_cut": demand.expected(cut),
        "own_elasticity": own,
        "share": demand.expected(price),
    }
    table = products[["product", "firm", "price"]].assign(
        **{f"{key}_found": value for key, value in found.items()},
        **{f"{key}_published": products[key] for key in found},
    )
    lines = [
        *_means(products, found, firm, parties, cutter),
        *(_apart(key, products[key].to_numpy(), value) for key, value in found.items()),
    ]
    farther = solve(demand, cost, firm, fixed=fixed, start=price).prices
    far = products["product"][np.abs(farther / cut - 1.0) > 0.05].tolist()
    notes = (
        "Both sides start from the same estimates. The row tests that prices, shares and elasticities follow "
        "from them as pyblp says; it does not test the estimates.",
        *((_jumps(far, price, farther, products),) if far else ()),
    )
    picture = {f"benchmark_{tables}": lambda: _picture(table, products)}
    return Finding(name, title, tuple(lines), notes, {f"{tables}_answers": table}, picture)


def _nearby(
    demand: MixedLogit, cost: Floats, firm: Floats, start: Floats, fixed: Floats | None = None
) -> Floats:
    """Prices at which the conditions hold, reached from those of the data, as pyblp looks for them."""
    return solve(demand, cost, firm, fixed=fixed, start=start, check=False).require_converged().prices


def _jumps(far: list[str], price: Floats, farther: Floats, products: pd.DataFrame) -> str:
    """What a search for far better prices finds, which pyblp does not make."""
    place = int(np.argmax(np.abs(farther / price - 1.0)))
    return (
        "These are prices at which the conditions hold, reached from those of the data. `solve` also looks "
        f"for far better prices of each firm, and finds some for {len(far)} products: "
        f"{products['product'].iloc[place]} would go from {price[place]:.1f} to {farther[place]:.1f} and "
        "sell to a few very rich buyers. That is a property of estimates with few draws of income, and no "
        "forecast."
    )


def _means(
    products: pd.DataFrame,
    found: dict[str, Floats],
    firm: Floats,
    parties: tuple[int, int],
    cutter: int,
) -> list[Line]:
    """Mean changes in percent, as people would state them."""
    price, rivals, inside = products["price"].to_numpy(), firm != cutter, np.isin(firm, parties)

    def told(figure: str, unit: str, column: str, over: Flags, base: Floats) -> Line:
        def mean(values: Floats) -> float:
            return float(100.0 * np.mean(values[over] / base[over] - 1.0))

        came, said = mean(found[column]), mean(products[column].to_numpy())
        passed = abs(came - said) <= 1e-6
        return Line(figure, unit, said, came, asked="within 0.000001", passed=passed, source="pyblp")

    return [
        told("merger: prices of the two firms", "%", "price_merged", inside, price),
        told("cut of a third: prices of rivals", "%", "price_cut", rivals, price),
        told("cut of a third: units of the firm", "%", "share_cut", ~rivals, products["share"].to_numpy()),
    ]


NAMES: Final = {
    "price_merged": "prices after the merger",
    "price_cut": "prices after the cut",
    "share_cut": "shares after the cut",
    "own_elasticity": "own-price elasticities",
    "share": "shares at the start",
}


def _apart(column: str, published: Floats, found: Floats) -> Line:
    """The largest relative difference over all products."""
    gap = float(np.max(np.abs(found / published - 1.0)))
    figure = f"{NAMES[column]}: largest relative difference"
    return Line(figure, "", 0.0, gap, asked="within 1e-06", passed=gap <= 1e-6, source="pyblp")


def _picture(table: pd.DataFrame, products: pd.DataFrame) -> Picture:
    from matplotlib.figure import Figure

    from pricewar.plots.style import PALETTE, WIDTH, house

    with house():
        figure = Figure(figsize=(WIDTH, 2.8), layout="constrained")
        for place, (column, title) in enumerate(
            (("price_merged", "merger"), ("price_cut", "cut of a third"))
        ):
            axes = figure.add_subplot(1, 2, place + 1)
            pair = [
                100.0 * (table[f"{column}_{who}"] / products["price"] - 1.0) for who in ("published", "found")
            ]
            axes.plot(*pair, ".", color=PALETTE[place])
            axes.set(xlabel="change of price by pyblp, %", ylabel="found, %", title=title)
    return figure
