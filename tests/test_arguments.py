"""Public functions called with arguments of a wrong sort: refused by the argument's name, at once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import tiny

import pricewar
from pricewar import Results, backtest, demand, equilibrium, policy, screen, verify
from pricewar import analysis as an
from pricewar.analysis import discovery, mechanisms, robustness, sensitivity
from pricewar.base.errors import InputError, PricewarError
from pricewar.data import load_market_data
from pricewar.environment import market_env
from pricewar.lab import games
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.game import logit_game
from pricewar.market.calibration_report import fit
from pricewar.plots import make_figures, story
from pricewar.report import write_report
from pricewar.testing.strategies import check_strategy, example_view
from pricewar.verify.shipped import shipped_cases

BAD: dict[str, Any] = {
    "None": None,
    "text": "nothing such",
    "empty text": "",
    "dict": {},
    "dict of x": {"x": 1},
    "list": [],
    "object": object(),
    "list of None": [None],
    "list of text": ["zz"],
    "minus": -1,
    "zero": 0,
    "float": 2.5,
    "nan": float("nan"),
    "inf": float("inf"),
    "huge": 10**30,
    "bool": True,
    "array": np.zeros(0),
    "matrix": np.zeros((2, 3, 4)),
    "NUL": "a\0b",
    "long": "x" * 5000,
    "frame": pd.DataFrame(),
    "class": int,
    "function": len,
    "bytes": b"abc",
    "set": {1},
    "complex": 1j,
}
SHEET = Path(__file__).parent / "data" / "screen" / "case1.csv"
CASE = shipped_cases()[0]


@dataclass(frozen=True)
class Call:
    """A good call: the function and all arguments worth spoiling."""

    function: Callable[..., Any]
    arguments: Callable[[], dict[str, Any]]
    must: tuple[str, ...] = ()
    """Arguments that no value of `BAD` fits."""


@lru_cache
def results() -> Results:
    return pricewar.compare([tiny(periods=2), tiny(periods=2, name="other")], 2)


@lru_cache
def runs() -> pd.DataFrame:
    generator, run = np.random.default_rng(1), np.arange(24)
    point = run // 3
    more = {"survives.ace": (generator.random(24) > 0.5).astype(float)}
    frame = pd.DataFrame(
        {"run": run, "point": point, "seed": run % 3, "a": point % 2 * 1.0, "b": point // 2 * 1.0}
    )
    return frame.assign(status="ok", error="", m=generator.random(24), **more)


def logit() -> Any:
    return demand.logit([1.0, 2.0, 1.5], 1.0)


def market() -> dict[str, Any]:
    return {"demand": logit(), "prices": [1.5, 2.0, 1.8], "costs": [1.0, 1.2, 1.1]}


def study(**more: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"runs": runs(), **more}


R = {"results": results}
CALLS: dict[str, Call] = {
    "run": Call(
        pricewar.run,
        lambda: {"scenario": tiny(periods=1), "seeds": 1, "executor": None},
        (),
    ),
    "compare": Call(pricewar.compare, lambda: {"scenarios": [tiny(periods=1)], "seeds": [1]}, ()),
    "load": Call(pricewar.load, lambda: {"source": "baseline"}, ("source",)),
    "load_experiment": Call(pricewar.load_experiment, lambda: {"source": "01", "small": True}, ("source",)),
    "run_experiment": Call(
        pricewar.run_experiment, lambda: {"experiment": "zz", "store": None, "workers": 1, "window": 1}
    ),
    "PriceWar": Call(pricewar.PriceWar, lambda: {"setting": tiny(periods=1), "seed": 1, "threads": 1}, ()),
    "but": Call(lambda changes: tiny().but(changes), lambda: {"changes": {"periods": 2}}),
    "but by path": Call(lambda value: tiny().but({"firms.ace.strategy": value}), lambda: {"value": "Hold"}),
    "month": Call(lambda period: tiny().month(period), lambda: {"period": 3}),
    "Results.load": Call(Results.load, lambda: {"directory": "/nowhere"}, ("directory",)),
    "Results.only": Call(lambda name: results().only(name), lambda: {"name": "tiny"}),
    "Results.but": Call(lambda value: results().but(runs=value), lambda: {"value": results().runs}),
    "Results": Call(
        Results, lambda: {"products": results().products, "market": results().market, "about": {}}
    ),
    "compare_table": Call(
        an.compare_table, lambda: {"results": results(), "baseline": None, "method": "t"}, ("results",)
    ),
    "episodes": Call(
        an.episodes, lambda: {"results": results(), "baseline": None, "definition": None}, ("results",)
    ),
    "waves": Call(an.waves, lambda: {"results": results()}, ("results",)),
    "break_even": Call(an.break_even, lambda: {"results": results(), "window": 3}, ("results",)),
    "below_cost": Call(an.below_cost, lambda: {"results": results()}, ("results",)),
    "gains": Call(an.gains, lambda: {"results": results(), "baseline": None}, ("results",)),
    "predation": Call(
        an.predation, lambda: {"results": results(), "baseline": None, "annual_rate": 0.1}, ("results",)
    ),
    "mechanism_table": Call(
        mechanisms.mechanism_table,
        lambda: {
            "war": tiny(periods=1),
            "peace": tiny(periods=1, name="p"),
            "leader": "ace",
            "seeds": 1,
            "names": ["nothing"],
        },
        ("war", "peace", "leader"),
    ),
    "response": Call(sensitivity.response, study(factor="a", metric="m"), ("runs", "factor", "metric")),
    "heat": Call(sensitivity.heat, study(x="a", y="b", metric="m"), ("runs", "x", "y", "metric")),
    "tornado": Call(
        sensitivity.tornado, study(factors=["a", "b"], metric="m"), ("runs", "factors", "metric")
    ),
    "effects": Call(sensitivity.effects, study(factors=["a"], metric="m"), ("runs", "factors", "metric")),
    "sobol": Call(
        sensitivity.sobol, study(factors=["a", "b"], metric="m", resamples=10), ("runs", "factors", "metric")
    ),
    "morris": Call(
        sensitivity.morris,
        study(quantiles=np.tile([[0.0], [1.0]], (4, 1)), factors=["a"], metric="m"),
        ("runs", "factors", "metric"),
    ),
    "states": Call(robustness.states, study(decision="a", factors=["b"], metric="m"), ("runs", "metric")),
    "robustness": Call(
        robustness.robustness,
        study(decision="a", factors=["b"], metric="m", better="high"),
        ("runs", "metric"),
    ),
    "survival": Call(robustness.survival, study(factor="a", firms=["ace"]), ("runs", "factor", "firms")),
    "survival_map": Call(
        robustness.survival_map, study(x="a", y="b", firms=["ace"]), ("runs", "x", "y", "firms")
    ),
    "prim": Call(
        discovery.prim, study(factors=["a", "b"], metric="m", above=0.5), ("runs", "factors", "metric")
    ),
    "logit": Call(demand.logit, lambda: {"delta": [1.0, 2.0], "alpha": 1.0}),
    "nested_logit": Call(
        demand.nested_logit, lambda: {"delta": [1.0, 2.0], "alpha": 1.0, "nests": [0, 1], "rho": 0.5}
    ),
    "mixed_logit": Call(
        demand.mixed_logit,
        lambda: {
            "delta": [1.0, 2.0],
            "alpha": [1.0, 1.1],
            "x": [[1.0], [2.0]],
            "coefficients": [[0.1], [0.2]],
        },
    ),
    "MixedLogit": Call(
        demand.MixedLogit, lambda: {"delta": [1.0, 2.0], "alpha": [1.0], "tastes": [[0.0, 0.0]]}
    ),
    "shubik_levitan": Call(
        demand.shubik_levitan, lambda: {"value": 10.0, "substitution": 1.0, "weights": [0.5, 0.5]}
    ),
    "invert_shares": Call(
        demand.invert_shares,
        lambda: {"demand": logit(), "shares": [0.1, 0.2, 0.1], "prices": [1.0, 1.0, 1.0], "tol": 1e-12},
        ("demand",),
    ),
    "internalisation": Call(demand.internalisation, lambda: {"firms": np.array([0, 1]), "conduct": 0.0}),
    "expected": Call(lambda prices: logit().expected(prices), lambda: {"prices": [1.0, 1.0, 1.0]}),
    "elasticities": Call(lambda prices: logit().elasticities(prices), lambda: {"prices": [1.0, 1.0, 1.0]}),
    "aggregate_elasticity": Call(
        lambda prices, factor: logit().aggregate_elasticity(prices, factor),
        lambda: {"prices": 1.0, "factor": 0.1},
    ),
    "consumer_surplus": Call(
        lambda prices: logit().consumer_surplus(prices), lambda: {"prices": [1.0, 1.0, 1.0]}
    ),
    "solve": Call(
        equilibrium.solve,
        lambda: {
            "demand": logit(),
            "costs": [1.0, 1.2, 1.1],
            "firm_ids": [0, 1, 1],
            "fixed": None,
            "floor": None,
            "cap": None,
            "unit_tax": 0.0,
            "conduct": 0.0,
            "theta": 0.0,
            "capacity": None,
            "start": None,
            "tol": 1e-10,
            "max_iterations": 100,
        },
        ("demand",),
    ),
    "costs_from_prices": Call(
        equilibrium.costs_from_prices,
        lambda: {"demand": logit(), "prices": [1.5, 2, 1.8], "firm_ids": [0, 1, 1], "conduct": 0.0},
        ("demand",),
    ),
    "merge": Call(
        lambda firm_ids, party: equilibrium.merge(firm_ids, 0, party),
        lambda: {"firm_ids": [0, 1, 1], "party": 1},
    ),
    "hhi": Call(equilibrium.hhi, lambda: {"shares": [0.1, 0.2], "firm_ids": [0, 1]}),
    "hhi_change": Call(
        equilibrium.hhi_change, lambda: {"shares": [0.1, 0.2], "before": [0, 1], "after": [0, 0]}
    ),
    "guppi": Call(
        equilibrium.guppi, lambda: {**market(), "before": [0, 1, 2], "after": [0, 0, 2]}, ("demand",)
    ),
    "upp": Call(
        equilibrium.upp,
        lambda: {**market(), "before": [0, 1, 2], "after": [0, 0, 2], "efficiency": 0.1},
        ("demand",),
    ),
    "gross_upward_pressure": Call(
        equilibrium.gross_upward_pressure,
        lambda: {**market(), "before": [0, 1, 2], "after": [0, 0, 2]},
        ("demand",),
    ),
    "cmcr": Call(equilibrium.cmcr, lambda: {**market(), "after": [0, 0, 2]}, ("demand",)),
    "compensating_costs": Call(
        equilibrium.compensating_costs,
        lambda: {"demand": logit(), "prices": [1.5, 2, 1.8], "after": [0, 0, 2]},
        ("demand",),
    ),
    "first_order_prices": Call(
        equilibrium.first_order_prices, lambda: {**market(), "after": [0, 0, 2]}, ("demand",)
    ),
    "ssnip": Call(
        equilibrium.ssnip,
        lambda: {**market(), "firm_ids": [0, 1, 2], "candidates": [0, 1], "rise": 0.05},
        ("demand",),
    ),
    "lerner": Call(equilibrium.lerner, lambda: {"prices": [1.0, 2.0], "costs": [0.5, 1.0]}),
    "pass_through": Call(
        equilibrium.pass_through,
        lambda: {"equilibrium": equilibrium.solve(logit(), 1.0, [0, 1, 1])},
        ("equilibrium",),
    ),
    "profits": Call(
        equilibrium.profits,
        lambda: {"equilibrium": equilibrium.solve(logit(), 1.0, [0, 1, 1]), "theta": 0.0},
        ("equilibrium",),
    ),
    "read_market": Call(screen.read_market, lambda: {"path": SHEET, "market_size": None}, ("path",)),
    "screen.calibrate": Call(
        screen.calibrate,
        lambda: {"market": screen.read_market(SHEET), "nests": False, "rho": None},
        ("market",),
    ),
    "screen": Call(
        screen.screen,
        lambda: {
            "market": screen.read_market(SHEET),
            "change": None,
            "rho": None,
            "margin_sd": 0.0,
            "draws": 20,
            "seed": 1,
            "efficiency": 0.1,
        },
        ("market",),
    ),
    "Change": Call(screen.Change, lambda: {"merge": ("a", "b")}),
    "load_policy": Call(policy.load_policy, lambda: {"source": "anti-involution"}, ("source",)),
    "policy_from": Call(policy.policy_from, lambda: {"tree": {}, "source": "x"}, ()),
    "run_policy": Call(
        policy.run_policy, lambda: {"source": "zz", "store": "/nowhere/at/all", "workers": 1}, ("source",)
    ),
    "read_actuals": Call(backtest.read_actuals, lambda: {"path": SHEET}, ("path",)),
    "backtest": Call(backtest.backtest, lambda: {"draws": 0, "seed": 1}),
    "crps": Call(backtest.crps, lambda: {"draws": np.zeros((5, 2)), "actual": np.zeros(2)}),
    "log_crps": Call(backtest.log_crps, lambda: {"draws": np.ones((5, 2)), "actual": np.ones(2)}),
    "pit": Call(backtest.pit, lambda: {"draws": np.zeros((5, 2)), "actual": np.zeros(2)}),
    "rolling": Call(backtest.rolling, lambda: {"draws": 0, "seed": 1}),
    "score_rows": Call(backtest.score_rows, lambda: {"forecasts": {}, "actuals": pd.DataFrame()}),
    "summarise": Call(backtest.summarise, lambda: {"rows": pd.DataFrame()}),
    "load_market_data": Call(load_market_data, lambda: {"name": "china_nev_2025_04"}, ("name",)),
    "read_case": Call(verify.read_case, lambda: {"path": CASE}, ("path",)),
    "verify_case": Call(verify.verify_case, lambda: {"path": CASE, "tolerance": 1e-9}, ("path",)),
    "fit": Call(fit, lambda: {"scenario": tiny()}),
    "story": Call(story, lambda: {"results": results(), "baseline": None}, ("results",)),
    "make_figures": Call(make_figures, lambda: {"results": 3, "out": "/nowhere/x", "baseline": None}),
    "write_report": Call(write_report, lambda: {"results": 3, "directory": "/nowhere/x", "baseline": None}),
    "check_strategy": Call(check_strategy, lambda: {"rule": "zz"}, ("rule",)),
    "example_view": Call(example_view, lambda: {"firm": 0, "period": 0, "history": None, "seed": 1}),
    "market_env": Call(
        market_env,
        lambda: {"scenario": tiny(periods=1), "firms": ("ace",), "seed": 1, "low": -0.3, "high": 0.2},
        ("firms",),
    ),
    "game": Call(games.game, lambda: {"name": "calvano"}, ("name",)),
    "LogitMarket": Call(
        LogitMarket, lambda: {"quality": (2.0, 2.0), "cost": (1.0, 1.0), "mu": 0.25, "outside": 0.0}
    ),
    "logit_game": Call(
        logit_game,
        lambda: {
            "market": LogitMarket((2.0, 2.0), (1.0, 1.0)),
            "choices": 3,
            "xi": 0.1,
            "low": None,
            "high": None,
            "decimals": 5,
        },
        ("market",),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_arguments_are_refused_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each argument of a good call in turn is replaced by each of `BAD`."""
    monkeypatch.chdir(tmp_path)
    call, wrong = CALLS[name], []
    for argument in call.arguments():
        for bad, value in BAD.items():
            said = _said(call, {**call.arguments(), argument: value})
            if said is None and argument in call.must:
                wrong.append(f"{argument} = {bad}: accepted")
            elif said is not None and said.startswith("deep inside"):
                wrong.append(f"{argument} = {bad}: {said[:120]}")
            elif said is not None and argument in call.must and not isinstance(value, (str, dict)):
                wrong += [] if argument in said else [f"{argument} = {bad}: not named in: {said[:120]}"]
    assert not wrong, "\n".join(wrong)


def _said(call: Call, arguments: dict[str, Any]) -> str | None:
    """What a call says against its arguments; None if it takes them. A failure deep inside is a failure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call.function(**arguments)
    except PricewarError as error:
        return str(error)
    except Exception as error:
        return f"deep inside: {type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("name", CALLS)
def test_the_good_call_is_good(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the table would test nothing; calls that would take long are refused for one known argument."""
    monkeypatch.chdir(tmp_path)
    said = _said(CALLS[name], CALLS[name].arguments())
    assert said is None or not said.startswith("deep inside"), said


def test_a_tree_of_plain_values_is_a_scenario() -> None:
    tree = {"extends": "textbook-duopoly", "periods": 3}
    loaded = pricewar.load(tree)
    assert loaded.periods == 3
    assert tree == {"extends": "textbook-duopoly", "periods": 3}, "the tree is left as it was"
    assert len(pricewar.run({**tree, "name": "mine"}).require_complete().runs) == 1
    with pytest.raises(InputError, match=r"scenario x: (?s:.*)\n  firms: found nothing"):
        pricewar.load({"periods": 2, "name": "x"})


def test_all_wrong_arguments_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        an.predation(None, 3, "x")  # type: ignore[arg-type]
    assert [problem.place for problem in caught.value.problems] == ["results", "baseline", "annual_rate"]
