from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from synthetic import results

from pricewar.base.errors import ResultsError
from pricewar.plots import draw_figures, make_figures, story
from pricewar.plots.gains import bars
from pricewar.plots.market import price_index, war_index
from pricewar.plots.style import LETTERS, number, spread, with_interval, with_range
from pricewar.results.store import table

NAMES = ["who-gains", "consumer-surplus", "price-index", "war-index", "prices", "shares", "gross-margin",
         "cash", "prices-difference", "gross-margin-difference", "break-even-xiaomi"]  # fmt: skip


@pytest.fixture(scope="module")
def told():
    return story(results(seeds=3))


@pytest.fixture(scope="module")
def drawn(told):
    return {drawing.name: drawing for drawing in draw_figures(told)}


def few(runs):
    """Five firms only, for speed."""
    kept = {name: getattr(runs, name) for name in ("firms", "products")}
    return runs.but(
        **{k: f[f["firm"].isin(["byd", "geely", "tesla", "xiaomi", "nio"])] for k, f in kept.items()}
    )


def test_all_figures_are_there(drawn):
    assert list(drawn) == NAMES
    for drawing in drawn.values():
        assert drawing.title
        assert drawing.caption.endswith(".")
        assert drawing.finding.endswith(".")


UNITS = {
    "who-gains": "CNY bn over the run",
    "consumer-surplus": "Difference, CNY bn a month",
    "price-index": "Start = 100",
    "war-index": "Mean cut below the reference price, %",
    "prices": "Prices, change from the start, %",
    "shares": "Market shares, share of cars delivered, %",
    "gross-margin": "Gross margin, % of revenue",
    "cash": "Cash, end of month, CNY bn",
    "prices-difference": "Difference, percentage points",
    "gross-margin-difference": "Difference, percentage points",
    "break-even-xiaomi": "Operating result,\nCNY m a month",
}


@pytest.mark.parametrize("name", NAMES)
def test_axes_carry_their_units(drawn, name):
    figure = drawn[name].figure
    labels = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())]
    labels += [figure.get_supxlabel(), figure.get_supylabel()]
    assert UNITS[name] in labels
    assert name == "who-gains" or any("onth" in label for label in labels)


def test_every_firm_has_a_panel_with_every_scenario(drawn, told):
    panels = [axes for axes in drawn["prices"].figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == [told.name(firm) for firm in told.firms]
    for axes in panels:
        whole = [line for line in axes.lines if len(line.get_xdata()) == 36]
        assert sum(line.get_linewidth() > 0.7 for line in whole) == 3
        assert sum(line.get_linewidth() == 0.7 for line in whole) == 3, "a thin line for each reference"


def test_the_price_index_stands_beside_what_costs_explain(told):
    market = told.results.market
    falling = market.assign(reference_index=100.0 - 0.1 * market["period"])
    drawing = price_index(story(told.results.but(market=falling)))
    axes = drawing.figure.axes[0]
    whole = [line for line in axes.lines if len(line.get_ydata()) == 36]
    expected = told.series("byd-one-third", "market", "price_index").mean
    assert any(line.get_linewidth() > 0.7 and np.allclose(line.get_ydata(), expected) for line in whole)
    thin = [line.get_ydata() for line in whole if line.get_linewidth() == 0.7]
    assert len(thin) == 3
    np.testing.assert_allclose(thin, np.tile(100.0 - 0.1 * np.arange(36), (3, 1)))
    assert f"{expected[-1]:.1f} in byd-one-third, where costs alone would bring 96.5" in drawing.finding


def test_lines_are_the_numbers_of_the_table(drawn, told):
    axes = drawn["war-index"].figure.axes[0]
    expected = told.series("byd-one-third", "market", "war_index").mean
    assert any(len(line.get_ydata()) == 36 and np.allclose(line.get_ydata(), expected) for line in axes.lines)


def test_bars_add_up_to_welfare(told):
    for scenario in told.others:
        drawn = bars(told, scenario)
        buyers, suppliers, state, petrol, together, all_, opened, *firms = (bar.mean for bar in drawn)
        assert together == pytest.approx(sum(firms))
        assert buyers + suppliers + state + petrol + sum(firms) == pytest.approx(all_)
        orders = told.total(scenario, "market", "welfare", "open_orders").diff / 1e9
        assert opened == pytest.approx(all_ + orders)


def test_files_have_the_same_bytes_twice(tmp_path):
    runs = few(results(("baseline", "byd-one-third"), seeds=2, periods=8))
    paths = make_figures(runs, tmp_path / "a")
    make_figures(runs, tmp_path / "b")
    assert [path.name for path in paths] == [f"{name}.png" for name in NAMES]
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 3 * len(NAMES) + 2
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert set(json.loads((tmp_path / "a" / "captions.json").read_text())) == set(NAMES)
    text = (tmp_path / "a" / "captions.md").read_text(encoding="utf-8")
    with Image.open(paths[0]) as image:
        assert round(image.info["dpi"][0]) == 300
    for place, name in enumerate(NAMES, 1):
        assert f"**Figure {place}. " in text
        assert f"(`{name}`)" in text
        assert (tmp_path / "a" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        ET.parse(tmp_path / "a" / f"{name}.svg")


def test_no_band_and_no_axis_shows_a_price_below_zero():
    """Three seeds, one of them with a price close to zero: Student's t alone would go below it."""
    runs = few(results(("baseline",), seeds=3, periods=8))
    firms = runs.firms.copy()
    deep = {1: -0.02, 2: -0.35, 3: -0.97}
    fallen = (firms["firm"] == "nio") & (firms["period"] > 2)
    firms.loc[fallen, "price_change"] = firms.loc[fallen, "seed"].map(deep)
    firms.loc[fallen & (firms["seed"] > 1), "share"] = 0.0
    told = story(runs.but(firms=firms))
    mean, lo, hi = (part[3:] for part in told.series("baseline", "nio", "price_change"))
    assert -1.0 < lo.min() < -0.7
    assert (lo < mean).all()
    assert (mean < hi).all()
    for name in ("prices", "shares"):
        drawing = next(one for one in draw_figures(told) if one.name == name)
        lows = [axes.get_ylim()[0] for axes in drawing.figure.axes if axes.get_title(loc="left")]
        assert min(lows) >= (-100.0 if name == "prices" else 0.0)
        if name == "prices":
            assert min(lows) <= 100 * lo.min(), "the shared axis holds every panel"


def test_style_of_the_caller_stays_and_does_not_leak_in(told, drawn, tmp_path):
    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        other = war_index(told)
    assert (
        other.save(tmp_path / "x")[0].read_bytes() == drawn["war-index"].save(tmp_path / "y")[0].read_bytes()
    )
    assert dict(mpl.rcParams) == before


def test_one_seed_one_scenario_draws_without_intervals(tmp_path):
    drawings = draw_figures(story(few(results(("baseline",), seeds=1, periods=5))))
    assert [drawing.name for drawing in drawings] == [name for name in NAMES[2:] if "difference" not in name]
    assert not any(axes.collections for drawing in drawings for axes in drawing.figure.axes)


def test_without_the_focus_firm_there_is_no_break_even(told):
    some = story(few(told.results))
    assert [drawing.name for drawing in draw_figures(some, focus="nobody")] == NAMES[:-1]


def test_firm_that_left_and_odd_event_names_draw(tmp_path):
    runs = few(results(("baseline", "byd-one-third"), seeds=2, periods=12))
    gone = (runs.firms["firm"] == "nio") & (runs.firms["period"] > 3)
    product = runs.products.query("firm == 'nio'")["product"].iloc[0]
    firms = runs.firms.copy()
    firms.loc[gone, ["price_change", "gross_margin"]] = np.nan
    log = [
        {"scenario": "byd-one-third", "seed": seed, "period": t, "month": "2025-05", "entity": product,
         "what": "costs $5_0^{x} & <more>"}
        for seed in (1, 2)
        for t in range(12)
    ]  # fmt: skip
    told = story(runs.but(firms=firms, log=table("log", pd.DataFrame(log))))
    assert len(told.events) == 12
    assert told.firm_of(product) == "nio"
    drawings = draw_figures(told)
    text = " ".join(text.get_text() for text in drawings[NAMES.index("war-index")].figure.texts)
    assert "and 3 later events" in text
    assert "$5_0^{x}" in text
    drawings[NAMES.index("prices")].save(tmp_path)


def test_the_firm_that_moves_most_has_a_scale_of_its_own_and_the_others_share_one(drawn, told):
    drawing = drawn["prices-difference"]
    panels = [axes for axes in drawing.figure.axes if axes.get_title(loc="left")]
    lead = panels[0]
    moved = told.series("byd-one-third", "byd", "price_change", diff=True).mean
    assert lead.get_title(loc="left") == "BYD"
    whole = [line.get_ydata() for line in lead.lines if len(line.get_ydata()) == 36]
    assert any(np.allclose(line, 100 * moved) for line in whole)
    limits = {axes.get_ylim() for axes in panels[1:]}
    assert len(limits) == 1
    assert lead.get_ylim() not in limits
    assert "BYD, panel a, has a scale of its own" in drawing.caption
    assert [axes.get_title(loc="right") for axes in panels] == list(LETTERS[: len(panels)])


def test_verticals_of_a_panel_have_the_numbers_of_the_key(drawn, told):
    byd = next(axes for axes in drawn["prices"].figure.axes if axes.get_title(loc="left") == "BYD")
    numbers = {text.get_text() for text in byd.texts}
    assert "1" in numbers
    assert any(text.get_text().startswith("1  2025-05") for text in drawn["prices"].figure.texts)
    dashed = {line.get_xdata()[0] for line in byd.lines if len(line.get_xdata()) == 2}
    assert {text.get_position()[0] for text in byd.texts} <= dashed


def test_scenarios_are_called_by_their_titles_where_these_differ():
    runs = results(("baseline", "byd-one-third"), seeds=1, periods=5)
    titles = {"baseline": "Nothing: at all", "byd-one-third": "A third, for long"}
    told = story(runs.but(inputs={name: {"title": title} for name, title in titles.items()}))
    assert [told.said(name) for name in told.scenarios] == ["Nothing", "A third"]
    assert told.quoted("baseline") == "“Nothing”"
    same = story(runs.but(inputs={name: {"title": "One"} for name in titles}))
    assert [same.said(name) for name in same.scenarios] == list(titles)


def test_events_of_the_baseline_are_no_news(told):
    assert [event.scenarios for event in told.events] == [("byd-may-2025", "byd-one-third")]
    log = told.results.log
    usual = pd.concat([log, log[log["scenario"] == "byd-may-2025"].assign(scenario="baseline")])
    assert story(told.results.but(log=usual)).events == ()
    once = log[log["seed"] == 1]  # in one run of three
    assert story(told.results.but(log=once)).events == ()


def test_no_runs_is_an_error(tmp_path):
    with pytest.raises(ResultsError, match="no runs"):
        make_figures(results().only("nowhere"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=8), st.floats(0.1, 3))
def test_labels_keep_their_distance_and_their_centre(wanted, apart):
    wanted = sorted(wanted)
    placed = spread(wanted, apart)
    assert all(b - a >= apart - 1e-9 for a, b in pairwise(placed))
    assert sum(placed) == pytest.approx(sum(wanted), abs=1e-6)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.001, "0.00"),
        (-2.5, "−2.50"),
        (110.7, "111"),
        (12345.6, "12\u202f346"),
        (0.014, "0.01"),
        (np.nan, "–"),
        (99.94, "99.9"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_intervals_in_words():
    assert with_interval((1.5, 1.0, 2.0)) == "1.50 [1.00, 2.00]"
    assert with_interval((1.5, np.nan, np.nan), signed=True) == "+1.50"
    assert with_interval((-17.1, -17.1 - 1e-11, -17.1 + 1e-11)) == "−17.1", "digits of sums are no luck"
    assert with_interval((-17.1, -17.1 - 1e-6, -17.1 + 1e-6)) == "−17.100000 [−17.100001, −17.099999]"


def test_ranges_in_words():
    assert with_range((1.5, 2.0)) == "(1.50 to 2.00)"
    assert with_range((-0.001, 0.002), signed=True) == "(−0.001 to +0.002)"
    assert with_range((np.nan, np.nan)) == ""
