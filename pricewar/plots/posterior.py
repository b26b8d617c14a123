"""Figures of a joint calibration: what is known of each parameter, and whether its ranks are even."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pricewar.base.arrays import Floats
from pricewar.estimate.study import Estimate
from pricewar.posterior import PARAMETERS, Parameter

from .style import BASELINE, PALETTE, WIDTH, Drawing, house

COLUMNS = 4
BINS = 12
NAMES = {
    "own_elasticity": "own-price elasticity",
    "income_elasticity": "income slope",
    "variable_share": "variable share of cost",
    "pass_through": "pass-through of cost",
    "learning_rate": "learning rate",
    "battery_change": "battery price, a year",
    "squeeze": "squeeze of suppliers",
    "lead_level": "level of leading",
    "follow_level": "level of answering",
    "follow_size": "size, effect on answers",
    "lead_size": "median cut of leaders",
    "new_money": "share of new money",
    "patience": "patience (kappa)",
    "firm_sd": "firms' shocks, factor",
    "firm_memory": "memory of shocks",
    "market_sd": "shocks to the market",
}


def draw_posterior(found: Estimate) -> list[Drawing]:
    """The posterior beside the prior; the ridge of demand and cost; ranks of known parameters."""
    return [_marginals(found), _ridge(found), _ranks(found)]


def _grid(height: float) -> tuple[Figure, NDArray[Any]]:
    rows = -(-len(PARAMETERS) // COLUMNS)
    return plt.subplots(rows, COLUMNS, figsize=(WIDTH, height * rows + 0.5), layout="constrained")


def _marginals(found: Estimate) -> Drawing:
    with house():
        figure, grid = _grid(1.25)
        for axes, parameter in zip(grid.ravel(), PARAMETERS, strict=False):
            _marginal(
                axes,
                parameter,
                found.sample[parameter.name].to_numpy(),
                found.without[parameter.name].to_numpy(),
            )
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), fontsize=8)
        plt.close(figure)
    table = found.parameters
    known = table.loc[table["called"] == "estimated", "parameter"]
    words = ", ".join(NAMES[name] for name in known)
    return Drawing(
        "posterior_parameters",
        "What is known of each parameter",
        "Density relative to the prior, which is 1 everywhere. Blue: given the record and small growth "
        "motives. "
        "Orange: given the record alone. An even blue line says that nothing was learnt.",
        f"Narrower than nine tenths of the prior: {words}.",
        figure,
    )


def _marginal(axes: Axes, parameter: Parameter, with_rule: Floats, without: Floats) -> None:
    for values, colour, words in (
        (without, PALETTE[1], "record alone"), (with_rule, PALETTE[0], "record and small growth motives"),
    ):  # fmt: skip
        quantiles = np.array([parameter.quantile(float(v)) for v in values])
        counts, _ = np.histogram(quantiles, bins=BINS, range=(0.0, 1.0))
        ends = [parameter.at(q) for q in np.linspace(0.0, 1.0, BINS + 1)]
        axes.stairs(counts * BINS / len(values), ends, color=colour, linewidth=1.3, label=words)
    axes.axhline(1.0, color=BASELINE, linewidth=0.7, linestyle="--", label="prior")
    axes.set_title(NAMES[parameter.name], fontsize=8)
    axes.set_ylim(0.0, None)
    axes.set_xlim(parameter.low, parameter.high)
    axes.tick_params(labelsize=7)
    if parameter.log:
        axes.set_xscale("log")
        marks = (parameter.low, 1.0, parameter.high)
        axes.set_xticks(marks, [f"{mark:g}" for mark in marks])
        axes.minorticks_off()


def _ridge(found: Estimate) -> Drawing:
    pairs = (("own_elasticity", "income_elasticity"), ("own_elasticity", "variable_share"),
             ("income_elasticity", "variable_share"))  # fmt: skip
    with house():
        figure, grid = plt.subplots(1, 3, figsize=(WIDTH, 2.6), layout="constrained")
        for axes, (x, y) in zip(grid, pairs, strict=True):
            axes.plot(found.without[x], found.without[y], ".", color=PALETTE[1], markersize=2.5, alpha=0.5,
                      label="record alone")  # fmt: skip
            axes.plot(found.sample[x], found.sample[y], ".", color=PALETTE[0], markersize=3,
                      label="record and small growth motives")  # fmt: skip
            axes.set_xlabel(NAMES[x])
            axes.set_ylabel(NAMES[y])
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=8, markerscale=3)
        plt.close(figure)
    shared = float(np.corrcoef(found.sample["own_elasticity"], found.sample["variable_share"])[0, 1])
    return Drawing(
        "posterior_ridge",
        "Elasticity, income slope and the variable share of cost lie on one ridge",
        "Draws of three parameters that reported margins and prices speak of together.",
        f"With small growth motives the elasticity and the variable share are correlated by {shared:.2f}.",
        figure,
    )


def _ranks(found: Estimate) -> Drawing:
    count = len(found.ranks)
    with house():
        figure, grid = _grid(1.15)
        for axes, parameter, ranks in zip(grid.ravel(), PARAMETERS, found.ranks.T, strict=False):
            order = np.sort(ranks)
            expected = (np.arange(count) + 0.5) / count
            wide = 1.63 / np.sqrt(count)  # Kolmogorov's 1% band
            axes.fill_between([0.0, 1.0], -wide, wide, color=BASELINE, alpha=0.2, linewidth=0)
            axes.plot(expected, order - expected, color=PALETTE[0], linewidth=1.1)
            axes.set_title(NAMES[parameter.name], fontsize=8)
            axes.set_ylim(-0.15, 0.15)
            axes.set_xlim(0.0, 1.0)
            axes.tick_params(labelsize=7)
        figure.supylabel("rank less what is expected", fontsize=8.5)
        figure.supxlabel("expected rank", fontsize=8.5)
        plt.close(figure)
    even = int(found.calibration["even"].sum())
    return Drawing(
        "posterior_ranks",
        "Ranks of known parameters in their own posteriors",
        f"Simulation-based calibration: {count} runs of known parameters are treated as the record is. "
        "A right posterior gives even ranks: a line within the grey band (99%, for one parameter).",
        f"Even for {even} of {len(PARAMETERS)} parameters, each tested at 5% over their number.",
        figure,
    )
