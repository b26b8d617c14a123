"""Intervals that can be: inside the bounds of the metric, around the estimate, never without width."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from synthetic import results
from typer.testing import CliRunner

from pricewar.analysis.compare import RANGES, compare_table, has_luck, pick
from pricewar.analysis.interval import NO_LUCK, clopper_pearson, interval, share_interval, spread_over_seeds
from pricewar.analysis.robustness import robustness, survival
from pricewar.analysis.sensitivity import estimate, heat, response, tornado
from pricewar.analysis.structure import over_of
from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.cli.output import Outcome
from pricewar.cli.summary import _cell, _range, _signed, print_summary
from pricewar.experiment.metrics import OF_FIRM, PLAIN, WITH_MONTH
from pricewar.plots.style import with_interval
from pricewar.report.cards import _span
from pricewar.results.bounds import EVENT, FREE, POSITIVE, SHARE, Bounds, bounds_of
from pricewar.results.schema import measures
from pricewar.runs import compare
from pricewar.scenario.files import load

METRICS = [
    *measures("market"), *measures("firms"), *PLAIN, *WITH_MONTH, *(f"{name}.byd" for name in OF_FIRM),
]  # fmt: skip
ALL = [*METRICS, *(f"diff.{name}" for name in METRICS)]


def drawn(bounds: Bounds, seeds: int, luck: np.random.Generator) -> np.ndarray:
    """Values that a metric could have; often at an end, often equal."""
    low, high = max(bounds.low, -5.0), min(bounds.high, 5.0 if bounds.low < 5.0 else 2 * bounds.low)
    if bounds.event:
        return luck.integers(0, 2, seeds).astype(float)
    values = np.exp(3 * luck.standard_normal(seeds)) + low if high == 5.0 else luck.uniform(low, high, seeds)
    return np.where(
        luck.random(seeds) < 0.5, luck.choice([low, high]), np.clip(values, bounds.low, bounds.high)
    )


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(ALL), st.integers(0, 10**6), st.integers(2, 25), st.sampled_from(["t", "bootstrap"])
)  # fmt: skip
def test_an_interval_lies_inside_the_bounds_around_the_estimate_and_has_width(metric, seed, seeds, method):
    bounds = bounds_of(metric)
    frame = pd.DataFrame({metric: drawn(bounds, seeds, np.random.default_rng(seed)), "seed": range(seeds)})
    mean, lo, hi = estimate(frame, metric, "seed", method)
    assert mean == pytest.approx(frame[metric].mean(), rel=1e-12, abs=1e-12)
    if bounds.event or np.ptp(frame[metric]) > 1e-9 * np.abs(frame[metric]).max():
        assert bounds.low <= lo <= mean <= hi <= bounds.high
        assert lo < hi
    else:
        assert np.isnan([lo, hi]).all()  # none rather than one without width


def test_every_metric_declares_its_bounds_and_no_run_leaves_them():
    """The declarations against the model itself, in peace and in a war with exits."""
    made = compare(["baseline", "byd-one-third"], [3])
    for table in ("market", "firms"):
        for name in measures(table):
            low, high, _ = bounds_of(name)
            values = made.tables[table][name].dropna()
            dust = 1e-12 * values.abs().max()
            assert values.between(low - dust, high + dust).all(), (table, name, values.min(), values.max())
    events = {name for name in METRICS if bounds_of(name).event}
    assert events == {"war", "in_the_black.byd", "survives.byd"}
    assert bounds_of("share.byd") == bounds_of("share_end.byd") == SHARE
    assert bounds_of("diff.share.byd") == Bounds(-1.0, 1.0)
    assert bounds_of("diff.units") == bounds_of("welfare") == bounds_of("mylab:own") == FREE


@pytest.mark.parametrize("runs", [5, 20])
@pytest.mark.parametrize("p", [0.02, 0.5, 0.98])
def test_shares_of_runs_are_covered_at_least_95_percent_of_the_time(p, runs):
    """Exact: the sum over all outcomes, and the ends are those of scipy's exact test."""
    events = np.arange(runs + 1)
    lo, hi = clopper_pearson(events / runs, runs)
    covered = stats.binom.pmf(events, runs, p)[(lo <= p) & (p <= hi)].sum()
    assert covered >= 0.95
    for k in events:
        exact = stats.binomtest(int(k), runs).proportion_ci(method="exact")
        assert (lo[k], hi[k]) == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_all_of_five_runs_is_no_certainty():
    found = share_interval(np.ones(5))
    assert (float(found.mean), float(found.hi)) == (1.0, 1.0)
    assert float(found.lo) == pytest.approx(0.025 ** (1 / 5))  # 0.478


@pytest.mark.parametrize(("p", "alike"), [(0.5, 0.0), (0.5, 0.6), (0.9, 0.3), (0.9, 1.0)])
def test_runs_that_share_a_seed_count_as_fewer(p, alike):
    """Ten seeds with eight runs each, some of which do as their seed does: covered, where plain limits fail.

    What no seed shows, no interval can hold: rare luck that all runs of a seed share needs many seeds.
    """
    luck = np.random.default_rng(8)
    seed = np.repeat(np.arange(10), 8)
    hits = plain = 0
    for _ in range(1000):
        own, common = luck.random(80) < p, np.repeat(luck.random(10) < p, 8)
        events = np.where(luck.random(80) < alike, common, own).astype(float)
        found = share_interval(events, seed)
        hits += float(found.lo) <= p <= float(found.hi)
        lo, hi = clopper_pearson(events.mean(), 80)
        plain += float(lo) <= p <= float(hi)
    assert hits >= 930
    if alike >= 0.6:
        assert plain < 800


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["price_change", "share", "price_index", "war_index", "gross_margin", "diff.share"]),
       st.integers(0, 10**6), st.integers(2, 25), st.floats(0.01, 3.0))  # fmt: skip
def test_what_no_run_reaches_no_interval_reaches(metric, seed, seeds, wide):
    """A price is above zero and a share below one in every run: so are the ends of their interval."""
    low, high, _ = bounds_of(metric)
    luck = wide * np.random.default_rng(seed).standard_normal((seeds, 4))
    if np.isinf(high):
        values = low + np.exp(luck)
    elif np.isinf(low):
        values = high - np.exp(luck)
    else:
        values = low + (high - low) / (1.0 + np.exp(-luck))
    mean, lo, hi = interval(values, bounds=bounds_of(metric))
    assert (lo < mean).all()
    assert (mean < hi).all()
    assert (lo > low).all() or np.isinf(low)
    assert (hi < high).all() or np.isinf(high)
    free = interval(values)
    width = (free.hi - free.lo) * np.e
    assert (hi - lo <= width).all() or np.isfinite(high - low), "three times as wide as Student's t at most"


def test_far_from_its_bounds_an_interval_is_that_of_student():
    values = 1e6 + np.random.default_rng(1).standard_normal((20, 50))
    free, bounded = interval(values), interval(values, bounds=POSITIVE)
    np.testing.assert_allclose(bounded, free, rtol=1e-10)


@pytest.mark.parametrize("seeds", [3, 5, 20])
@pytest.mark.parametrize("sort", ["share", "positive"])
def test_a_bounded_interval_covers_no_less_than_that_of_student(seeds, sort):
    luck, share = np.random.default_rng(4), sort == "share"
    values = luck.beta(4.0, 1.0, (seeds, 20_000)) if share else luck.exponential(1.0, (seeds, 20_000))
    truth = 0.8 if share else 1.0
    free, bounded = interval(values), interval(values, bounds=SHARE if share else POSITIVE)
    covered = [((found.lo <= truth) & (found.hi >= truth)).mean() for found in (free, bounded)]
    assert covered[1] > covered[0] + 0.005
    assert 0.93 < covered[1] < 0.97
    assert seeds > 5 or free.hi.max() > 1.0


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**6), st.integers(1, 30), st.sampled_from(["share", "war_index", "units", "cash"]))
def test_the_range_over_seeds_lies_among_the_runs(seed, seeds, metric):
    luck = np.random.default_rng(seed)
    values = drawn(bounds_of(metric), seeds, luck)
    values[luck.random(seeds) < 0.2] = np.nan
    seen = values[~np.isnan(values)]
    lo, hi = (float(end[0]) for end in spread_over_seeds(values[:, None]))
    if len(seen) < 2 or np.ptp(seen) <= 1e-12 * np.abs(seen).max():
        assert np.isnan([lo, hi]).all()
    elif len(seen) < 5:
        assert (lo, hi) == (seen.min(), seen.max())
    else:
        assert [lo, hi] == pytest.approx(np.quantile(seen, [0.05, 0.95]))
        assert seen.min() <= lo <= hi <= seen.max()


def test_the_range_stays_where_the_interval_of_the_mean_shrinks():
    values = np.random.default_rng(2).standard_normal((1000, 1))
    for seeds, room in ((100, 0.35), (1000, 0.15)):
        lo, hi = spread_over_seeds(values[:seeds])
        assert (lo[0], hi[0]) == pytest.approx((-1.645, 1.645), abs=room)
    found = interval(values)
    assert found.hi[0] - found.lo[0] < 0.05 * (hi[0] - lo[0])


def test_the_rounding_of_a_difference_is_no_luck():
    level = np.array([1e12, 1e12 + 1e-4, 1e12])
    found = interval((level - 1e12)[:, None], size=1e12)
    assert np.isnan(found.lo[0])
    assert np.isfinite(interval((level - 1e12)[:, None]).lo[0])


def test_a_market_without_luck_has_no_intervals():
    off = {f"noise.{name}": 0.0 for name in ("market_sd", "taste_sd", "view_sd")}
    off |= {"noise.firm_sd": {}, "campaigns.on": False}
    still = load("baseline").but(off)
    dear = still.but({"name": "dear", "market.discount_rate": 0.2})
    quiet = compare([still, dear], [1, 2], uncertainty="luck")
    assert not has_luck(quiet)
    table = compare_table(quiet)
    others = table[table["scenario"] == "dear"]
    assert others[["lo", "hi", "diff_lo", "diff_hi"]].isna().all(axis=None)
    assert has_luck(results(("baseline", "byd-one-third"), seeds=3, periods=3))


def test_no_interval_of_a_comparison_leaves_the_bounds():
    table = compare_table(compare(["baseline", "byd-one-third"], [1, 2]))
    for metric, part in table.groupby("metric"):
        low, high, _ = bounds_of(metric)
        months = part[~part["period"].isin(["open_orders", "total_with_open", "total"])].dropna(subset="lo")
        assert (months["lo"] >= low).all(), metric
        assert (months["hi"] <= high).all(), metric
        assert (months["lo"] < months["hi"]).all(), metric
    paired = table[(table["scenario"] != "baseline") & table["diff_lo"].notna()]
    assert (paired["diff_lo"] < paired["diff_hi"]).all()


# --- designs


def hypercube(points: int = 40, seeds: int = 5) -> pd.DataFrame:
    """A sampled design whose metric moves with both factors; seeds add little."""
    luck = np.random.default_rng(2)
    x = stats.qmc.LatinHypercube(2, rng=1).random(points)
    rows = [
        pd.DataFrame(x, columns=["a", "b"]).assign(
            point=range(points), seed=seed, y=x @ [1.0, 5.0] + 0.01 * luck.standard_normal(points),
            status="ok",
        )
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def test_on_a_sample_intervals_are_over_points_without_being_asked():
    runs = hypercube()
    assert over_of(runs, ["a", "b"]) == "point"
    default, points, seeds = (tornado(runs, ["a", "b"], "y", over) for over in (None, "point", "seed"))
    pd.testing.assert_frame_equal(default, points)
    width = {id(one): float((one["hi"] - one["lo"]).iloc[-1]) for one in (points, seeds)}
    assert width[id(points)] > 10 * width[id(seeds)]  # by which they were too narrow
    pd.testing.assert_frame_equal(response(runs, "a", "y"), response(runs, "a", "y", "point"))
    pd.testing.assert_frame_equal(heat(runs, "a", "b", "y"), heat(runs, "a", "b", "y", "point"))


def test_a_table_that_does_not_say_its_design_asks():
    luck = np.random.default_rng(0)
    points = pd.DataFrame(luck.choice(["x", "y", "z"], (20, 3)), columns=["a", "b", "c"]).drop_duplicates()
    runs = pd.concat(
        [points.assign(point=range(len(points)), seed=s, y=luck.random(len(points))) for s in (1, 2)]
    )
    with pytest.raises(InputError, match=r'over: found None; allowed: "seed"'):
        response(runs, "a", "y")
    assert len(response(runs, "a", "y", "point")) == 3
    runs.attrs["design"] = "csv"
    pd.testing.assert_frame_equal(response(runs, "a", "y"), response(runs, "a", "y", "point"))
    with pytest.raises(InputError, match=r"factor: found \['nothing'\]"):
        response(runs, "nothing", "y")


def test_regret_is_clustered_by_seed_and_never_below_zero():
    """One option wins or loses with the luck of the seed: 50 worlds do not make five seeds 250."""
    common = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    rows = [
        (option, world, seed, 0.0 if option == "still" else common[seed])
        for option in ("still", "bet")
        for world in range(50)
        for seed in range(5)
    ]
    runs = pd.DataFrame(rows, columns=["option", "world", "seed", "y"]).assign(status="ok")
    runs["point"] = runs.groupby(["option", "world"], sort=False).ngroup()
    found = robustness(runs, "option", ["option", "world"], "y", enough=0.5).set_index("option")
    for option, lost in (("still", np.maximum(common, 0)), ("bet", np.maximum(-common, 0))):
        expected = interval(lost[:, None], bounds=POSITIVE)  # of five seeds, not of 250 runs
        row = found.loc[option]
        told = row[["regret_mean", "regret_lo", "regret_hi"]].tolist()
        assert told == pytest.approx([float(end[0]) for end in expected])
        assert row["regret_lo"] > 0.0
    exact = stats.binomtest(3, 5).proportion_ci(method="exact")
    assert found.loc["bet", ["satisfies_lo", "satisfies_hi"]].tolist() == pytest.approx(
        [exact.low, exact.high]
    )


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from(["seed", "point"]))
def test_tables_of_experiments_hold_no_impossible_end(seed, over):
    luck = np.random.default_rng(seed)
    points = pd.DataFrame([(a, b) for a in (0, 1) for b in (0, 1, 2)], columns=["a", "b"])
    frames = [points.assign(point=range(6), seed=s, status="ok") for s in range(4)]
    runs = pd.concat(frames, ignore_index=True)
    runs["survives.nio"] = (luck.random(24) < luck.choice([0.0, 0.1, 0.9, 1.0])).astype(float)
    runs["share_end.nio"] = np.clip(luck.normal(0.0, 0.02, 24), 0.0, 1.0)
    assume(runs["share_end.nio"].nunique() > 3)
    for metric in ("survives.nio", "share_end.nio"):
        for table in (response(runs, "b", metric, over), heat(runs, "a", "b", metric, over)):
            told = table.dropna(subset="lo")
            assert told["lo"].between(0, told["mean"]).all()
            assert told["hi"].between(told["mean"], 1).all()
            assert (told["lo"] < told["hi"]).all()
        swing = tornado(runs, ["a", "b"], metric, over).dropna(subset="lo")
        assert swing["lo"].between(-1, swing["swing"]).all()
        assert swing["hi"].between(swing["swing"], 1).all()
    lived = survival(runs, "b", ["nio"], over)
    assert (lived["lo"] < lived["hi"]).all()
    lost = robustness(runs, "a", ["a", "b"], "share_end.nio", over=over, enough=0.01)
    assert (lost["regret_lo"].dropna() >= 0).all()
    assert lost["satisfies_lo"].ge(0).all()
    assert lost["satisfies_hi"].le(1).all()


def test_declared_kinds_are_what_they_say():
    assert EVENT.event
    assert not SHARE.event
    assert POSITIVE.of_differences() == FREE


# --- in words


@settings(deadline=None, max_examples=300)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e3))
def test_ends_that_differ_look_different(middle, width):
    lo, hi = middle - width, middle + width
    row = {"mean": 1.0, "diff": middle, "diff_lo": lo, "diff_hi": hi}
    for text in (with_interval((middle, lo, hi)), _cell(row, 1.0, False)):
        assert len(set(text.partition("[")[2].rstrip("]").split(", "))) == 2
    assert len(set(_span(lo, hi).split(" to "))) == 2
    still = (middle, np.nan, np.nan)
    assert "[" not in with_interval(still)
    assert _span(np.nan, np.nan) == ""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Terminal table, report and comparison.csv of a war against the baseline, and of its quiet twin."""
    folder = tmp_path_factory.mktemp("told")
    for name in ("baseline", "byd-one-third"):
        text = f'extends = "{name}"\nname = "quiet-{name}"\nperiods = 12\n[noise]\n'
        text += "market_sd = 0.0\ntaste_sd = 0.0\nview_sd = 0.0\n[noise.firm_sd]\n"
        text += "".join(f"{firm} = 0.0\n" for firm in load(name).noise.firm_sd)
        text += "[campaigns]\non = false\n"
        (folder / f"quiet-{name}.toml").write_text(text, encoding="utf-8")
    quiet = [str(folder / f"quiet-{name}.toml") for name in ("baseline", "byd-one-third")]
    texts = []
    for scenarios in (["baseline", "byd-one-third"], quiet):
        words = ["compare", *scenarios, "--seeds", "2", "--out", str(folder / "out"), "--workers", "1"]
        words += ["--uncertainty", "luck"]
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        texts.append(done.stdout)
        texts.append((folder / "out" / "report.html").read_text(encoding="utf-8"))
        texts.append((folder / "out" / "comparison.csv").read_text(encoding="utf-8"))
    return texts


def test_the_parts_of_welfare_add_up_as_printed(told):
    rows = {}
    for line in told[0].splitlines():
        found = re.match(r"  (.*?)  .*([+-][\d,]+\.?\d*) \[", line)
        if found:
            unit = 10.0 ** -len(found[2].partition(".")[2])
            rows[found[1].strip()] = (float(found[2].replace(",", "")), unit)
    names = list(rows)
    start, whole = names.index("consumer surplus, bn CNY"), names.index("= welfare, bn CNY")
    parts = [rows[name] for name in names[start:whole]]
    rounding = sum(unit for _, unit in parts)
    assert len(parts) == 5
    assert sum(value for value, _ in parts) == pytest.approx(rows[names[whole]][0], abs=rounding)
    opened, end = rows[names[whole + 1]], rows[names[whole + 2]]
    assert names[whole + 2] == "= welfare with open orders, bn CNY"
    assert rows[names[whole]][0] + opened[0] == pytest.approx(end[0], abs=3 * max(opened[1], end[1]))
    assert abs(parts[-1][0]) > 10 * rounding  # the balance of the state counts: without it nothing adds up


def test_what_an_interval_is_of_is_said_and_no_luck_too(told):
    table, page, csv, quiet_table, quiet_page, quiet_csv = told
    assert "[95% interval over seeds, of luck]" in table
    assert "least to greatest run" in table
    assert "least to greatest run" not in quiet_table
    assert "of luck alone, not of the parameters" in page
    assert NO_LUCK in quiet_table
    assert "[" not in quiet_table.split("over the whole run")[1].split("report")[0]
    assert NO_LUCK in quiet_page
    assert "of luck alone, not" not in quiet_page
    frame = pd.read_csv(io.StringIO(quiet_csv))
    others = frame[frame["scenario"] != "quiet-baseline"]
    spreads = ["lo", "hi", "diff_lo", "diff_hi", *RANGES]
    assert others[spreads].isna().all(axis=None)
    loud = pd.read_csv(io.StringIO(csv))
    assert list(loud)[4:] == ["mean", *spreads[:2], "diff", *spreads[2:]]
    assert loud[["lo", "range_lo", "diff_range_lo"]].notna().any().all()


def test_the_terminal_says_which_spread_is_which(capsys, tmp_path):
    for seeds, lie in ((3, "least to greatest run"), (6, "where 90% of runs lie")):
        made = results(("baseline", "byd-one-third"), seeds=seeds, periods=4)
        print_summary(Outcome(made, compare_table(made), 0, "baseline"), tmp_path)
        told = capsys.readouterr().out
        assert "Interval of the mean: the luck of the average" in told
        assert f"Range over seeds, below it: {lie}" in told
        row = pick(compare_table(made), "byd-one-third", "market", "producer_surplus")
        ends = [_signed(value / 1e9, True, 0) for value in (row.diff_range_lo, row.diff_range_hi)]
        assert f"({ends[0]} to {ends[1]})" in told
    alone = results(("baseline",), seeds=1, periods=4)
    print_summary(Outcome(alone, compare_table(alone), 0, "baseline"), tmp_path)
    assert "Range" not in capsys.readouterr().out


def test_a_balance_turned_round_keeps_its_ends_in_order():
    row = {"mean": -2.0, "range_lo": -3.0, "range_hi": -1.0, "diff_range_lo": -0.5, "diff_range_hi": 0.25}
    assert _range(row, -1.0, False) == "1.00 to 3.00  (-0.25 to +0.50)"
    assert _range(row, -1.0, True) == "1.00 to 3.00"


def test_without_luck_not_even_a_share_of_runs_has_an_interval():
    """Five copies of one run are one run: 5 of 5 says nothing that 1 of 1 does not."""
    points = pd.DataFrame([(a, b) for a in (0, 1) for b in (0, 1)], columns=["a", "b"])
    runs = pd.concat(
        [points.assign(point=range(4), seed=s, status="ok") for s in range(5)], ignore_index=True
    )
    runs["survives.nio"] = (runs["a"] > 0).astype(float)
    for luck in (True, False):
        runs.attrs |= {"design": "grid", "luck": luck}
        tables = [
            response(runs, "a", "survives.nio"),
            response(runs[runs["b"] == 1], "a", "survives.nio"),
            heat(runs, "a", "b", "survives.nio"),
            tornado(runs, ["a", "b"], "survives.nio"),
            survival(runs, "a", ["nio"]),
        ]
        regret = robustness(runs, "a", ["a", "b"], "survives.nio", enough=1.0)
        tables.append(regret[["satisfies_hi"]].set_axis(["hi"], axis=1))
        for table in tables:
            assert table["hi"].notna().all() == luck
            assert table["hi"].isna().all() != luck
