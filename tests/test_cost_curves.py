"""Cost curves: at rest at the start, what each does to unit cost, and curves of one's own."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from conftest import AT_REST, ran, strategies, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from pricewar import InputError
from pricewar.base.errors import RuleError
from pricewar.base.records import Floats
from pricewar.market.model import PriceWar
from pricewar.scenario.cost_curves import Constant, CostCurve, Experience, Output, Rising, Scale
from pricewar.scenario.tree import scenario_from
from pricewar.testing import check_cost_curve

QUIET = {**AT_REST, **strategies("Hold")}
FLAT: dict[str, Any] = {"dynamics.learning.on": False}
CURVES = (Constant(), Experience(rate=0.2), Rising(elasticity=0.5), Scale(share=0.2))


class Dearer(CostCurve):
    """A curve of a user's own: each product of the second firm costs more when its maker plans more."""

    slope: float = 1.0

    def factor(self, output: Output) -> Floats:
        second = np.arange(len(output.landscape.firms)) == 1
        return np.where(second, 1 + self.slope * (output.pace - 1), 1.0)[output.landscape.firm_of]


class Jumps(CostCurve):
    def factor(self, output: Output) -> Floats:
        return np.full(len(output.landscape.products), 1.5)


class Breaks(CostCurve):
    def factor(self, output: Output) -> Floats:
        rest = output.made[0] <= output.made_at_start[0]
        return np.ones(len(output.landscape.products)) if rest else np.array([np.nan])


def output(model: PriceWar, planned: Any = 1.0, made: Any = 1.0) -> Output:
    land = model.landscape
    usual = np.add.reduceat(land.start_units, land.first)
    start = model.start_cumulative
    return Output(
        landscape=land, planned=usual * planned, usual=usual, made=start * made, made_at_start=start
    )


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.kind)
def test_a_market_at_rest_keeps_its_costs(curve: CostCurve) -> None:
    assert curve.factor(output(PriceWar(tiny()))) == pytest.approx(1.0, abs=1e-15)
    if isinstance(curve, Experience):
        return
    model = ran(tiny({**QUIET, **FLAT, "cost": curve}))
    for month in model.history:
        assert month.unit_cost == pytest.approx(model.cost_parts.start, rel=1e-9)


def test_each_curve_is_its_formula() -> None:
    model = PriceWar(tiny())
    double = output(model, planned=[1.0, 2.0, 0.5], made=[1.0, 2.0, 4.0])
    assert Experience(rate=0.2).factor(double) == pytest.approx(np.repeat([1.0, 0.8, 0.64], 2))
    assert Rising(elasticity=0.5).factor(double) == pytest.approx(np.repeat([1.0, 2**0.5, 0.5**0.5], 2))
    assert Scale(share=0.2).factor(double) == pytest.approx(np.repeat([1.0, 0.9, 1.2], 2))
    idle = output(model, planned=[1e-9, 0.0, 1.0])
    assert Scale(share=0.2, most=3.0).factor(idle) == pytest.approx(np.repeat([1.4, 1.0, 1.0], 2))


def test_experience_is_the_mechanism_of_learning() -> None:
    mechanism = ran(tiny({"dynamics.learning.on": True, "dynamics.learning.rate": 0.1}))
    curve = ran(tiny({**FLAT, "cost": {"kind": "Experience", "rate": 0.1}}))
    for one, other in zip(mechanism.history, curve.history, strict=True):
        assert np.array_equal(one.unit_cost, other.unit_cost)
        assert np.array_equal(one.accounts.cash, other.accounts.cash)


def test_both_at_once_are_refused() -> None:
    with pytest.raises(InputError, match=r"cost\.kind.*one of the two"):
        tiny({"dynamics.learning.on": True, "cost.kind": "Experience"})


def test_dear_output_raises_cost_after_a_cut_and_scale_lowers_it() -> None:
    cut = {"events": [{"kind": "Cut", "month": "2025-02", "firm": "ace", "depth": 0.2}]}
    cost = {
        kind: ran(tiny({**QUIET, **FLAT, **cut, "cost.kind": kind})).history[-1].unit_cost[0]
        for kind in ("Rising", "Constant", "Scale")
    }
    assert cost["Rising"] > 1.01 * cost["Constant"]
    assert cost["Scale"] < 0.995 * cost["Constant"]


@settings(deadline=None, max_examples=50)
@given(st.floats(1e-3, 1e3), st.floats(0, 2), st.floats(0, 0.9))
def test_units_do_not_matter(k: float, elasticity: float, share: float) -> None:
    one = output(PriceWar(tiny()), planned=1.3)
    other = one.but(planned=one.planned * k, usual=one.usual * k)
    for curve in (Rising(elasticity=elasticity), Scale(share=share)):
        assert curve.factor(other) == pytest.approx(curve.factor(one), rel=1e-12)


def test_a_curve_of_ones_own_runs_and_is_in_the_digest() -> None:
    cut = {"events": [{"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.1}]}
    plain = tiny({**QUIET, **FLAT, **cut})
    own = plain.but({"cost": Dearer()})
    assert own.cost.kind == "test_cost_curves:Dearer"
    assert own.digest != plain.digest
    dear, flat = (ran(setting).history[3].unit_cost for setting in (own, plain))
    assert np.all(dear[2:4] > 1.01 * flat[2:4])
    assert dear[[0, 1, 4, 5]] == pytest.approx(flat[[0, 1, 4, 5]])


def test_who_does_not_speak_of_cost_keeps_the_digest() -> None:
    assert tiny({"cost": {"kind": "Constant"}}).digest == tiny().digest


def test_a_curve_that_moves_costs_at_the_start_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match=r"cost.*1\.5.*leaves costs as they are"):
        tiny({"cost": Jumps()})


class Unfit(Exception):
    """An error of a user's own, of none of Python's usual sorts."""


class Raises(CostCurve):
    late: bool = True

    def factor(self, output: Output) -> Floats:
        if not self.late or output.made[0] > output.made_at_start[0]:
            raise Unfit("no cost is known")
        return np.ones(len(output.landscape.products))


def test_an_error_in_a_curve_is_told_with_class_method_and_line() -> None:
    line = rf"Unfit: no cost is known \({re.escape(__file__)}, line \d+: raise Unfit"
    with pytest.raises(RuleError, match=rf"^test_cost_curves:Raises \(cost, factor\): {line}"):
        ran(tiny({**FLAT, "cost": Raises()}))
    with pytest.raises(
        InputError, match=rf"cost: found an error of test_cost_curves:Raises: {line}.*factor\(\)"
    ):
        tiny({**FLAT, "cost": Raises(late=False)})


def test_a_curve_that_gives_no_numbers_is_told_in_the_run() -> None:
    with pytest.raises(RuleError, match=r"Breaks \(cost\).*6 positive numbers"):
        ran(tiny({**FLAT, "cost": Breaks()}))


class Absolute(CostCurve):
    def factor(self, output: Output) -> Floats:
        return (1 + (output.planned - output.usual) / 1e6)[output.landscape.firm_of]


class Writes(CostCurve):
    def factor(self, output: Output) -> Floats:
        output.planned[:] = 0
        return np.ones(len(output.landscape.products))


@pytest.mark.parametrize("curve", [*CURVES, Scale(share=0.9, most=20), Dearer(slope=0.5)])
def test_the_battery_lets_good_curves_pass(curve: CostCurve) -> None:
    check_cost_curve(curve)


@pytest.mark.parametrize(
    ("curve", "says"),
    [
        (Jumps(), "at the start its factors are"),
        (Breaks(), "shape"),
        (Absolute(), "twice the units"),
        (Dearer(slope=5.0), "finite positive"),
    ],
    ids=lambda case: getattr(case, "kind", ""),
)
def test_the_battery_catches_broken_ones(curve: CostCurve, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check_cost_curve(curve)


def test_a_curve_cannot_write_to_what_it_is_shown() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_cost_curve(Writes())


def test_parameters_have_bounds() -> None:
    tree = tiny().model_dump()
    with pytest.raises(InputError, match=r"cost\.elasticity"):
        scenario_from(tree | {"cost": {"kind": "Rising", "elasticity": -1}}, "x")
