"""Who starts, who follows: the figure of campaigns, and the rates behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import tiny
from matplotlib.patches import Rectangle
from synthetic import FIRMS, results

from pricewar import compare, load, run
from pricewar.analysis.campaigns import campaign_rates
from pricewar.base.errors import ResultsError
from pricewar.campaigns import tells_campaign
from pricewar.plots import campaigns, draw_figures, make_figures, story
from pricewar.plots.style import Drawing
from pricewar.results.store import Results, table

MONTHS = 12


def row(seed: int, period: int, firm: str, role: str, kind: str = "list", ended: int = -1, **more: object):
    answer = role == "follow"
    return {
        "scenario": "baseline", "seed": seed, "period": period, "month": "2025-05", "firm": firm,
        "role": role, "kind": kind, "announced": 0.1, "transaction": 0.05, "coverage": 1.0,
        "models": f"{firm}-0", "trigger": "byd" if answer else "", "lag_months": 0 if answer else -1,
        "ended": ended,
    } | more  # fmt: skip


def with_campaigns(seeds: int = 6) -> Results:
    """BYD starts in every run and once more in every other, Geely follows as often as the seed says."""
    rows = []
    for seed in range(1, seeds + 1):
        rows += [row(seed, 1, "byd", "lead", announced=0.3)]
        rows += [row(seed, 6, "byd", "lead", "subsidy")] * (seed % 2)
        rows += [row(seed, 2 + i, "geely", "follow", "limited", 4 + i) for i in range(seed)]
        rows += [row(seed, 9, "nio", "follow", "limited", -1)] * (seed == 1)
    made = results(("baseline", "byd-one-third"), seeds=seeds, periods=MONTHS)
    return made.but(campaigns=table("campaigns", pd.DataFrame(rows)))


@pytest.fixture(scope="module")
def runs() -> Results:
    return with_campaigns()


@pytest.fixture(scope="module")
def drawn(runs: Results) -> Drawing:
    (found,) = campaigns.draw_all(story(runs))
    return found


def names(drawing: Drawing) -> list[str]:
    return [label.get_text() for label in drawing.figure.axes[0].get_yticklabels()]


def bars(drawing: Drawing) -> list[Rectangle]:
    return [patch for patch in drawing.figure.axes[0].patches if isinstance(patch, Rectangle)]


def test_rates_are_those_of_pandas(runs: Results) -> None:
    rates = campaign_rates(runs, "baseline").set_index(["firm", "role"])
    counts = runs.campaigns.groupby(["firm", "role", "seed"]).size().unstack(fill_value=0)
    for key, found in counts.iterrows():
        a_year = found.to_numpy(float) * 12 / MONTHS
        assert rates.loc[key, "mean"] == pytest.approx(a_year.mean())
        ends = rates.loc[key, ["range_lo", "range_hi"]].to_numpy(float)
        expected = np.quantile(a_year, [0.05, 0.95]) if np.ptp(a_year) else [np.nan, np.nan]
        np.testing.assert_allclose(ends, expected)
    assert len(rates) == 2 * len(FIRMS)
    assert rates["mean"].sum() == pytest.approx(len(runs.campaigns) / 6)
    assert list(rates.index.get_level_values("firm")[:4]) == ["geely", "geely", "byd", "byd"], "most first"
    with pytest.raises(ResultsError, match="nowhere"):
        campaign_rates(runs, "nowhere")


def test_the_figure_is_drawn_where_there_are_campaigns_alone(runs: Results) -> None:
    assert "campaigns-baseline" in [one.name for one in draw_figures(story(runs))]
    assert "campaigns-byd-one-third" not in [one.name for one in draw_figures(story(runs))]
    none = runs.but(campaigns=runs.campaigns.iloc[:0])
    assert not [one.name for one in draw_figures(story(none)) if one.name.startswith("campaigns")]


def test_rows_are_firms_with_campaigns_and_the_others_are_named(drawn: Drawing) -> None:
    assert names(drawn) == ["geely", "BYD", "nio"]
    notes = " ".join(text.get_text() for text in drawn.figure.texts)
    assert "Without any campaign in any run" in notes
    assert "Li Auto" in notes


def test_offers_last_as_long_as_they_stood_and_list_cuts_are_moments(drawn: Drawing) -> None:
    spans = {(round(b.get_x() + 0.5), round(b.get_x() + b.get_width() + 0.5)) for b in bars(drawn)}
    assert spans == {(6, 12), (2, 4), (9, 12)}  # first seed: BYD's subsidy, Geely's and Nio's offers
    assert len(drawn.figure.axes[0].collections) == 2, "one list cut: its mark, and white around it"


def test_leaders_and_followers_differ_by_more_than_colour_and_depth_by_size() -> None:
    looks = campaigns._LOOKS
    assert looks["lead"]["hatch"] != looks["follow"]["hatch"]
    deep, flat = (row(1, i, "nio", "follow", "limited", 9, announced=a) for i, a in ((1, 0.2), (4, 0.02)))
    made = with_campaigns(1).but(campaigns=table("campaigns", pd.DataFrame([deep, flat])))
    (drawing,) = campaigns.draw_all(story(made))
    heights = {round(b.get_x() + 0.5): b.get_height() for b in bars(drawing)}
    assert heights[1] > 2 * heights[4]


def test_what_one_sees_is_said_with_its_numbers(runs: Results, drawn: Drawing) -> None:
    assert "71% of the campaigns over 6 seeds answer" in drawn.finding  # 22 of 31: 1 + ... + 6 and one
    assert "BYD starts most, 1.5 a year (90% of runs: 1.0 to 2.0)" in drawn.finding
    assert "geely follows most, 3.5 a year" in drawn.finding
    assert "seed 1" in drawn.caption
    assert "5 to 95% of runs" in drawn.caption
    words = [text.get_text() for legend in drawn.figure.legends for text in legend.get_texts()]
    assert {"starts", "follows", "has left", "5% announced"} <= set(words)


def test_one_seed_has_no_range_and_few_have_the_least_and_the_greatest() -> None:
    (one,) = campaigns.draw_all(story(with_campaigns(1)))
    assert "runs:" not in one.finding
    assert "no range" in one.caption
    (few,) = campaigns.draw_all(story(with_campaigns(3)))
    assert "(runs: 1.0 to 3.0)" in few.finding
    assert "least to the greatest" in few.caption


def test_a_firm_that_has_left_has_no_offer_any_more() -> None:
    runs = with_campaigns(1)
    gone = (runs.firms["firm"] == "nio") & (runs.firms["period"] >= 10)
    firms = runs.firms.assign(active=runs.firms["active"] & ~gone)
    (drawing,) = campaigns.draw_all(story(runs.but(firms=firms)))
    ends = {round(b.get_x() + b.get_width() + 0.5) for b in bars(drawing) if round(b.get_x() + 0.5) == 9}
    assert ends == {10}


def test_more_firms_than_rows_are_told_below(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(1, i % MONTHS, firm, "follow") for i, firm in enumerate(FIRMS) for _ in range(15 - i)]
    many = with_campaigns(1).but(campaigns=table("campaigns", pd.DataFrame(rows)))
    (drawing,) = campaigns.draw_all(story(many))
    assert len(names(drawing)) == 15
    monkeypatch.setattr(campaigns, "MOST", 6)
    (drawing,) = campaigns.draw_all(story(many))
    assert names(drawing) == ["BYD", "geely", "tesla", "wuling", "changan", "chery"]
    assert "Without a row: 9 firms, 45.0 campaigns a year" in " ".join(
        t.get_text() for t in drawing.figure.texts
    )


def test_files_of_a_market_that_fights(tmp_path) -> None:
    eager = {"kind": "QuotaRace", "lead_usual": -0.5, "follow_usual": 0.5, "patience": None}
    made = run(tiny({"campaigns.on": True, "campaigns.rule": eager}), seeds=2).require_complete()
    assert len(made.campaigns)
    paths = make_figures(made, tmp_path / "a")
    make_figures(made, tmp_path / "b")
    name = next(path.name for path in paths if path.name.startswith("campaigns-"))
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_figure_of_few_seeds_is_not_full_of_campaigns() -> None:
    """Events at the foot are those of the scenario; campaigns have a figure of their own."""
    told = story(compare([load(n).but(periods=6) for n in ("baseline", "byd-one-third")], seeds=[1]))
    assert "BYD cuts all prices by a third" in {event.what for event in told.events}
    assert not any(tells_campaign(event.entity, event.what) for event in told.events)
    assert len(told.results.campaigns) > 10
