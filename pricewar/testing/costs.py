"""Test kit for your own cost curves: the tests that every shipped one passes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np

from pricewar.base.arguments import takes
from pricewar.base.luck import stream
from pricewar.base.rules import make_rule
from pricewar.scenario.cost_curves import CostCurve, Output

from .strategies import example_landscape

TRIALS = 20
"""Made-up months in which a curve must answer."""


@takes(curve=CostCurve)
def check_cost_curve(curve: CostCurve, *, relative: bool = True) -> None:
    """Put a cost curve through the tests that every shipped one passes.

    At the start its factors are ones. In months of little and much output, of entrants and of firms that make
    nothing, it gives one finite positive factor a product, the same each time, and writes to nothing. It
    pickles, and survives the way to a table and back. It uses no absolute amount: twice the units
    everywhere change nothing.

    Args:
        curve: with its parameters.
        relative: False for a curve that is meant to know absolute amounts.

    Raises:
        AssertionError: naming every check that failed.
    """
    problems = [*_frozen(curve), *_rests(curve), *_answers(curve), *(_scales(curve) if relative else ())]
    assert not problems, f"{curve.kind}: " + "; ".join(problems)


def example_output(trial: int = 0) -> Output:
    """What a made-up month shows a cost curve: trial 0 is the start, later ones are far from it.

    Args:
        trial: which month, from 0.
    """
    land = example_landscape()
    usual = land.by_firm(land.start_units)
    start = 36.0 * np.maximum(usual, 1.0)
    if trial == 0:
        return Output(land, usual, usual, start, start)
    luck = stream(trial, "cost curves")
    planned = usual * luck.uniform(0.0, 3.0, len(usual)) * (luck.uniform(size=len(usual)) > 0.1)
    usual = usual * (luck.uniform(size=len(usual)) > 0.1)
    return Output(land, planned, usual, start * luck.uniform(1.0, 8.0, len(usual)), start)


def _frozen(curve: CostCurve) -> Iterator[str]:
    if pickle.loads(pickle.dumps(curve)) != curve:
        yield "pickling changes it"
    if make_rule(curve.model_dump(), "pricewar.scenario.cost_curves", CostCurve) != curve:  # type: ignore[type-abstract]
        yield "its table form makes another curve"


def _rests(curve: CostCurve) -> Iterator[str]:
    factors = curve.factor(example_output())
    if not np.allclose(factors, 1.0, rtol=1e-9, atol=0.0):
        yield f"at the start its factors are {np.asarray(factors).tolist()}; allowed: ones"


def _answers(curve: CostCurve) -> Iterator[str]:
    for trial in range(TRIALS):
        output = example_output(trial)
        factors = np.array(curve.factor(output), dtype=np.float64)
        if factors.shape != (len(output.landscape.products),):
            yield f"factors of shape {factors.shape}; allowed: ({len(output.landscape.products)},)"
            return
        if not (np.isfinite(factors) & (factors > 0)).all():
            yield f"factors {factors.tolist()}; allowed: finite positive numbers"
            return
        if not np.array_equal(factors, curve.factor(example_output(trial))):
            yield "the same month gives other factors"
            return


def _scales(curve: CostCurve) -> Iterator[str]:
    for trial in range(TRIALS):
        one = example_output(trial)
        twice = Output(
            one.landscape, *(2.0 * v for v in (one.planned, one.usual, one.made, one.made_at_start))
        )
        if not np.allclose(curve.factor(one), curve.factor(twice), rtol=1e-9):
            yield "twice the units everywhere give other factors"
            return
