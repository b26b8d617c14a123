"""Sensitivity and robustness against functions whose answers are known."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import tiny
from scipy import stats

from pricewar.analysis.robustness import robustness, survival
from pricewar.analysis.sensitivity import effects, heat, levels, morris, response, sobol, tornado
from pricewar.base.errors import InputError, ResultsError
from pricewar.experiment import Experiment, Study, run_experiment
from pricewar.experiment.design import Fractional, Morris, Saltelli
from pricewar.experiment.factors import Factor
from pricewar.experiment.store import read_runs


def runs_of(points: pd.DataFrame, value: np.ndarray, seeds: int = 1, noise: float = 0.0) -> pd.DataFrame:
    """A table of runs in which seeds shift all points alike, and each run a little."""
    luck = np.random.default_rng(5)
    common = luck.standard_normal(seeds)
    parts = []
    for seed in range(seeds):
        own = noise * luck.standard_normal(len(points))
        frame = points.assign(point=range(len(points)), seed=seed, y=value + common[seed] + own, status="ok")
        parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def unit_factors(*names: str) -> dict[str, Factor]:
    spec = {"kind": "uniform", "low": -np.pi, "high": np.pi}
    return {name: Factor.model_validate({"path": name, "distribution": spec}) for name in names}


GRID = pd.DataFrame([(a, b) for a in (0.0, 1.0, 2.0) for b in (-1.0, 1.0)], columns=["a", "b"])


def test_sobol_indices_of_ishigami_are_the_published_ones() -> None:
    """Ishigami and Homma 1990, a = 7, b = 0.1: S = 0.314, 0.442, 0; ST = 0.558, 0.442, 0.244."""
    factors = unit_factors("x1", "x2", "x3")
    u = Saltelli(base=2048, seed=1).quantiles(factors)
    x = -np.pi + 2 * np.pi * u
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    found = sobol(runs_of(pd.DataFrame(x, columns=list(factors)), y), list(factors), "y").set_index("factor")
    first, total = {"x1": 0.3139, "x2": 0.4424, "x3": 0.0}, {"x1": 0.5576, "x2": 0.4424, "x3": 0.2437}
    for name in factors:
        row = found.loc[name]
        assert row["first"] == pytest.approx(first[name], abs=0.03)
        assert row["total"] == pytest.approx(total[name], abs=0.03)
        assert row["first_lo"] <= first[name] <= row["first_hi"]
        assert row["total_lo"] <= total[name] <= row["total_hi"]
    assert found["first"].sum() >= found["first_estimate"].sum() - 1e-12  # cut at 0, they sum to more
    assert found["first"].tolist() == found["first_estimate"].clip(0, 1).tolist()
    assert list(found.index) == ["x1", "x2", "x3"]


def test_morris_tells_linear_from_bent() -> None:
    factors = unit_factors("linear", "bent", "idle")
    u = Morris(trajectories=40, seed=2).quantiles(factors)
    points = pd.DataFrame(u, columns=list(factors))
    table = runs_of(points, 3 * u[:, 0] + 8 * (u[:, 1] - 0.5) ** 2)
    found = morris(table, u, list(factors), "y").set_index("factor")
    assert found.loc["linear", "mu_star"] == pytest.approx(3.0)
    assert found.loc["linear", "sigma"] == pytest.approx(0.0, abs=1e-9)
    assert found.loc["bent", "sigma"] > 1.0
    assert found.loc["idle", "mu_star"] == pytest.approx(0.0, abs=1e-9)


def test_indices_need_every_point() -> None:
    factors = unit_factors("a", "b")
    u = Saltelli(base=8, seed=1).quantiles(factors)
    table = runs_of(pd.DataFrame(u, columns=list(factors)), u[:, 0])
    table.loc[3, "status"] = "failed"
    with pytest.raises(ResultsError, match="1 points"):
        sobol(table, list(factors), "y")
    with pytest.raises(InputError, match="1 at all points"):
        sobol(table.assign(status="ok", y=1.0), list(factors), "y")


def test_effects_of_a_two_level_design_are_exact_without_noise() -> None:
    names = ("a", "b", "c", "d", "e")
    factors = {name: Factor(path=name, values=(False, True)) for name in names}
    on = Fractional().quantiles(factors) > 0.5
    value = 4.0 * on[:, 0] - 2.0 * on[:, 1] + 3.0 * on[:, 2] * on[:, 3]
    found = effects(runs_of(pd.DataFrame(on, columns=list(names)), value, seeds=4), names, "y")
    by = found.set_index("factor")
    assert by["effect"].to_dict() == pytest.approx({"a": 4.0, "b": -2.0, "c": 1.5, "d": 1.5, "e": 0.0})
    assert found["factor"].iloc[0] == "a"
    assert by[["lo", "hi"]].isna().all(axis=None)  # what seeds share falls out: nothing is left that differs


def test_effects_run_from_the_first_level_to_the_second() -> None:
    points = pd.DataFrame({"rate": [0.6, 0.0, 0.6, 0.0], "rule": ["off", "off", "a rule", "a rule"]})
    value = 10.0 * points["rate"] + 3.0 * (points["rule"] == "a rule")
    found = effects(runs_of(points, value, seeds=2), ["rate", "rule"], "y", {"rule": ("off", "a rule")})
    assert found.set_index("factor")["effect"].to_dict() == pytest.approx({"rate": 6.0, "rule": 3.0})


def test_a_response_is_the_mean_over_the_others_with_the_interval_of_seeds() -> None:
    table = runs_of(GRID, GRID["a"] ** 2 + GRID["b"], seeds=6, noise=0.3)
    found = response(table, "a", "y")
    assert found["level"].tolist() == [0.0, 1.0, 2.0]
    for row in found.itertuples():
        by_seed = table[table["a"] == row.level].groupby("seed")["y"].mean()
        ends = stats.t.interval(0.95, 5, by_seed.mean(), stats.sem(by_seed))
        assert (row.mean, row.lo, row.hi) == pytest.approx((by_seed.mean(), *ends))
        assert row.runs == 12


def test_many_values_become_bins_of_equal_count() -> None:
    values = pd.Series(np.linspace(0, 1, 120))
    binned = levels(values, 6)
    assert binned.nunique() == 6
    assert set(binned.value_counts()) == {20}
    assert levels(pd.Series(["x", "y"] * 50)).nunique() == 2


def test_the_swing_of_a_tornado_is_paired_by_seed() -> None:
    table = runs_of(GRID, 5 * GRID["a"] - 0.1 * GRID["b"], seeds=5)
    found = tornado(table, ["b", "a"], "y")
    assert found["factor"].tolist() == ["a", "b"]
    assert found["swing"].tolist() == pytest.approx([10.0, -0.2])
    assert found[["lo", "hi"]].isna().all(axis=None)
    over_points = tornado(table, ["a"], "y", over="point")
    assert over_points["lo"].iloc[0] < 10.0 < over_points["hi"].iloc[0]


def test_a_map_has_every_pair_and_leaves_out_what_failed() -> None:
    table = runs_of(GRID, GRID["a"] * GRID["b"], seeds=3)
    table.loc[(table["a"] == 2.0) & (table["seed"] == 0), "status"] = "failed"
    found = heat(table, "a", "b", "y").set_index(["a", "b"])
    assert len(found) == 6
    assert found.loc[(2.0, 1.0), "runs"] == 2
    assert found.loc[(1.0, 1.0), "runs"] == 3
    assert found.loc[(1.0, 1.0), "mean"] - found.loc[(1.0, -1.0), "mean"] == pytest.approx(2.0)


def test_regret_is_against_the_best_of_the_same_world() -> None:
    worlds = pd.DataFrame(
        [(option, world) for option in ("left", "right") for world in (0, 1)], columns=["option", "world"]
    )
    value = np.array([10.0, 0.0, 6.0, 5.0])  # left: 10 or 0; right: 6 or 5
    table = runs_of(worlds, value, seeds=3)
    found = robustness(table, "option", ["option", "world"], "y", enough=4.0).set_index("option")
    assert found.loc["left", "regret_mean"] == pytest.approx(2.5)
    assert found.loc["right", "regret_mean"] == pytest.approx(2.0)
    assert found.loc["left", "regret_max"] == pytest.approx(5.0)
    assert found.loc["right", "satisfies"] > found.loc["left", "satisfies"]
    low = robustness(table, "option", ["option", "world"], "y", better="low").set_index("option")
    assert low.loc["left", "regret_mean"] == pytest.approx(2.0)
    assert low.loc["right", "regret_max"] == pytest.approx(5.0)


def test_options_are_compared_in_worlds_that_have_them_all() -> None:
    worlds = pd.DataFrame({"option": ["a", "b", "a"], "world": [0, 0, 1]})
    found = robustness(runs_of(worlds, np.array([1.0, 2.0, 100.0])), "option", ["option", "world"], "y")
    assert found.set_index("option")["regret_mean"].to_dict() == {"a": 1.0, "b": 0.0}
    with pytest.raises(ResultsError, match="no world"):
        robustness(runs_of(worlds.iloc[[1, 2]], np.array([1.0, 2.0])), "option", ["option", "world"], "y")


def test_survival_shares_have_exact_intervals() -> None:
    table = pd.DataFrame(
        {"cash": [1.0] * 10, "seed": range(10), "survives.nio": [1.0] * 7 + [0.0] * 3, "status": "ok"}
    )
    row = survival(table, "cash", ["nio"]).iloc[0]
    ends = stats.binomtest(7, 10).proportion_ci(method="exact")
    assert (row["survives"], row["lo"], row["hi"]) == pytest.approx((0.7, ends.low, ends.high), rel=1e-9)


def sampled(design: str, quantiles: np.ndarray) -> pd.DataFrame:
    """A table of runs as a study with this design marks it."""
    points = pd.DataFrame(quantiles, columns=["a", "b"])
    table = runs_of(points, quantiles @ [1.0, 3.0], seeds=2, noise=0.01)
    table.attrs["design"] = design
    return table


def test_indices_are_refused_to_points_of_another_design() -> None:
    """The formulas give numbers on any points; on these they mean nothing."""
    luck = np.random.default_rng(1)
    right = Saltelli(base=8, seed=1).quantiles(unit_factors("a", "b"))
    assert set(sobol(sampled("saltelli", right), ["a", "b"], "y")["factor"]) == {"a", "b"}
    wrong = [luck.random((32, 2)), luck.random((31, 2)), np.roll(right, 1, axis=0), right[:4]]
    for points in wrong:
        with pytest.raises(InputError, match="no such design in a, b"):
            sobol(sampled("latin-hypercube", points), ["a", "b"], "y")
    with pytest.raises(InputError, match="no such design in a'"):
        sobol(sampled("saltelli", right), ["a"], "y")
    with pytest.raises(InputError, match=r"factors: found \['c'\]"):
        sobol(sampled("saltelli", right), ["a", "c"], "y")


def test_indices_of_what_is_infinite_or_does_not_vary_are_refused() -> None:
    table = sampled("saltelli", Saltelli(base=8, seed=1).quantiles(unit_factors("a", "b")))
    with pytest.raises(InputError, match="infinite at 1 points"):
        sobol(table.assign(y=np.where(table["point"] == 3, np.inf, table["y"])), ["a", "b"], "y")
    noisy = table.assign(y=1e9 + 1e-7 * np.random.default_rng(0).random(len(table)))
    with pytest.raises(InputError, match="a metric that varies"):
        sobol(noisy, ["a", "b"], "y")
    with pytest.raises(ResultsError, match="no value at 1 points"):
        sobol(table.assign(y=table["y"].where(table["point"] != 3)), ["a", "b"], "y")


def test_indices_and_their_ends_are_shares() -> None:
    points = Saltelli(base=8, seed=3).quantiles(unit_factors("a", "b"))
    table = sampled("saltelli", points)
    noise = np.random.default_rng(5).standard_normal(len(table))
    found = sobol(table.assign(y=table["a"] + noise), ["a", "b"], "y")
    for name in ("first", "total"):
        assert (found[f"{name}_lo"] >= 0).all()
        assert (found[f"{name}_lo"] <= found[name]).all()
        assert (found[name] <= found[f"{name}_hi"]).all()
        assert (found[f"{name}_hi"] <= 1).all()


def test_elementary_effects_are_never_below_zero_and_need_their_own_points() -> None:
    factors = unit_factors("a", "b")
    u = Morris(trajectories=4, seed=2).quantiles(factors)
    table = sampled("morris", u)
    noise = np.random.default_rng(5).standard_normal(len(table))
    found = morris(table.assign(y=noise), u, ["a", "b"], "y")
    assert (found["lo"].dropna() >= 0).all()
    with pytest.raises(InputError, match="design: found 'grid'"):
        morris(sampled("grid", u), u, ["a", "b"], "y")
    with pytest.raises(InputError, match="the 9 of `quantiles`"):
        morris(table, u[:9], ["a", "b"], "y")


def test_effects_are_refused_to_a_sample() -> None:
    luck = np.random.default_rng(2)
    table = sampled("latin-hypercube", luck.integers(0, 2, (12, 2)).astype(float))
    with pytest.raises(InputError, match="design: found 'latin-hypercube'; allowed: fractional"):
        effects(table, ["a", "b"], "y")


def test_a_study_marks_its_table_and_the_folder_says_it_too(tmp_path: Path) -> None:
    """The kind of the design survives the store, so `over` is right without being asked."""
    uniform = {"kind": "uniform", "low": 0.01, "high": 0.2}
    factors = {
        "depth": {"path": "market.discount_rate", "distribution": uniform},
        "rate": {"path": "consumers.income_log_sd", "distribution": {**uniform, "low": 0.4, "high": 0.6}},
    }
    experiment = Experiment.model_validate(
        {
            "name": "sample", "base": tiny(), "factors": factors, "replicates": 2, "set": {"periods": 2},
            "design": {"kind": "latin-hypercube", "points": 4}, "metrics": ["war_index_max", "welfare"],
        }
    )  # fmt: skip
    with ThreadPoolExecutor(1) as here:
        study = run_experiment(experiment, here, store=tmp_path)
        quiet = run_experiment(experiment.but(base=tiny({"noise.market_sd": 0, "noise.taste_sd": 0})), here)
    assert study.runs.attrs == {"design": "latin-hypercube", "luck": True}
    assert read_runs(tmp_path).attrs["design"] == "latin-hypercube"
    by_point = response(study.runs, "depth", "welfare", "point")
    pd.testing.assert_frame_equal(response(study.runs, "depth", "welfare"), by_point)
    pd.testing.assert_frame_equal(response(Study.load(tmp_path).runs, "depth", "welfare"), by_point)
    assert quiet.runs.attrs["luck"] is False
