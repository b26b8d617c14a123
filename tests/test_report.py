from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from synthetic import results

from pricewar.analysis import episodes
from pricewar.analysis.compare import compare_table, pick
from pricewar.base.errors import ResultsError
from pricewar.plots import story
from pricewar.plots.style import with_interval, with_range
from pricewar.report import tables, write_report
from pricewar.report.findings import findings

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Text, tags and addresses of a page; fails on tags that are not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def few(runs):
    """Five firms only, for speed."""
    kept = {name: getattr(runs, name) for name in ("firms", "products")}
    return runs.but(
        **{k: f[f["firm"].isin(["byd", "geely", "changan", "tesla", "xiaomi"])] for k, f in kept.items()}
    )


@pytest.fixture(scope="module")
def runs():
    return few(results(("baseline", "byd-one-third"), seeds=3, periods=12))


@pytest.fixture(scope="module")
def html(runs, tmp_path_factory):
    path = write_report(runs, tmp_path_factory.mktemp("report") / "new")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


def test_opens_without_a_network(html):
    page = Page(html)
    assert page.addresses
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert "http" not in html
    assert "url(" not in html
    assert not {"script", "link", "iframe"} & set(page.tags)


def test_figures_are_inside(html):
    images = re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)
    assert len(images) == 11
    assert all(b"<svg" in base64.b64decode(image) for image in images)


def test_says_what_was_asked_and_how_to_repeat(html, runs):
    text = Page(html).text
    assert ". Fingerprints" in re.sub(r"\s+", " ", text)
    for words in ("BYD cuts by 33%", runs.command, "d-byd-one-third", "Seeds: 1, 2, 3", "numpy", "3 seeds"):
        assert words in text, words


def test_findings_tell_welfare_with_open_orders_cost_and_a_long_wait(html, runs, tmp_path):
    text = Page(html).text
    table = compare_table(runs)
    parts = [pick(table, "byd-one-third", "market", "welfare", p) for p in ("total", "total_with_open")]
    without, whole = (with_interval((v / 1e9 for v in row.change), signed=True) for row in parts)
    assert f"Welfare changes by CNY {without} bn, with open orders by {whole}" in text
    assert "costs alone would have moved them to 0.0% below it" in text
    assert "was waited for" not in text
    slow = runs.market["month"].eq("2025-09") & runs.market["scenario"].eq("byd-one-third")
    waits = runs.market.assign(mean_wait=runs.market["mean_wait"].where(~slow, 4.2))
    page = write_report(runs.but(market=waits), tmp_path).read_text(encoding="utf-8")
    assert "A delivered car was waited for 4.2 months in the mean in 2025-09" in Page(page).text


def test_the_lowest_prices_are_split_into_costs_and_cuts_and_the_baseline_has_findings(runs):
    war, month = (runs.market[name] for name in ("scenario", "period"))
    price = np.where((war == "byd-one-third") & (month == 5), 88.0, 97.0)
    market = runs.market.assign(price_index=price, reference_index=100.0 - 0.3 * month, mean_wait=3.5)
    told = dict(findings(story(runs.but(market=market)), episodes(runs)))
    assert list(told) == ["baseline", "byd-one-third"]
    lowest = "Prices are lowest in 2025-09, 12.0% below the start: costs explain 1.5 points of that, 10.5 are"
    end = "Prices end 3.0% below the start; costs alone would have moved them to 3.3% below it."
    assert f"{lowest} cuts. {end}" in told["byd-one-third"]
    assert told["baseline"].startswith(end)
    assert "was waited for 3.5 months" in told["baseline"]


def test_open_orders_that_decide_the_sign_are_said_to(runs, tmp_path):
    total = pick(compare_table(runs), "byd-one-third", "market", "welfare").diff
    book = runs.open_orders
    turned = book["scenario"].eq("byd-one-third") & book["book"].eq("closing")
    many = book.assign(welfare=book["welfare"].where(~turned, -2.0 * total / 15))
    page = write_report(runs.but(open_orders=many), tmp_path).read_text(encoding="utf-8")
    assert "open orders decide the sign" in Page(page).text


def test_numbers_are_those_of_the_comparison(html, runs):
    row = pick(compare_table(runs), "byd-one-third", "market", "consumer_surplus")
    expected = with_interval((value / 1e9 for value in row.change), signed=True)
    text = Page(html).text
    assert f"consumer surplus {expected}" in text
    assert text.count(expected) >= 3  # in the findings, the table and the caption


def test_the_range_over_seeds_stands_below_the_interval_and_is_told_apart(html, runs):
    row = pick(compare_table(runs), "byd-one-third", "market", "consumer_surplus")
    ends = (row.diff_range_lo / 1e9, row.diff_range_hi / 1e9)
    text = Page(html).text
    assert with_range(ends, signed=True) in text
    few = "Round brackets: range over seeds, least to greatest run, of fewer than 5 seeds"
    assert few in text
    assert "Square brackets: 95% intervals of the mean" in text
    many = tables.market(story(results(("baseline", "byd-one-third"), seeds=6, periods=4)))[0]
    assert "where 90% of runs lie (5 to 95%)" in many.note
    (units,) = [cells for name, *cells in many.rows if name.startswith("Cars delivered")]
    assert all("]\n(" in cell for cell in units)
    one = tables.market(story(results(("baseline", "byd-one-third"), seeds=1, periods=4)))[0]
    assert "Round brackets" not in one.note
    assert not any("(" in cell for _, *cells in one.rows for cell in cells)


def test_names_are_escaped(runs, tmp_path):
    evil = "<script>alert('x')</script>"
    odd = runs.but(about={"baseline": evil}, names={"byd": evil}, command=evil)
    html = write_report(odd, tmp_path).read_text(encoding="utf-8")
    assert "<script" not in html
    assert evil in Page(html).text


def test_failed_runs_are_named(runs, tmp_path):
    table = runs.runs.copy()
    table.loc[4, ["status", "error"]] = ["failed", "StrategyError: <nan>"]
    kept = {n: f[~((f["scenario"] == "byd-one-third") & (f["seed"] == 2))] for n, f in runs.tables.items()}
    text = Page(write_report(runs.but(**kept | {"runs": table}), tmp_path).read_text(encoding="utf-8")).text
    assert "1 run failed" in text
    assert "byd-one-third, seed 2: StrategyError: <nan>" in text
    assert "A price war breaks out in 2 of 2 runs, led by BYD" in text


def test_one_seed_warns_and_one_scenario_has_nothing_to_compare(tmp_path):
    alone = few(results(("baseline",), seeds=1, periods=4))
    text = Page(write_report(alone, tmp_path).read_text(encoding="utf-8")).text
    assert "One seed: this report has no intervals" in text
    assert "nothing to compare it with" in text
    assert "nan" not in text.lower().replace("finance", "")


def test_one_seed_with_two_scenarios_says_it_is_one_draw(tmp_path):
    pair = few(results(("baseline", "byd-one-third"), seeds=1, periods=6))
    text = Page(write_report(pair, tmp_path).read_text(encoding="utf-8")).text
    assert "read these numbers as one draw" in text


def test_longer_run_is_cut_and_the_page_says_so(runs, tmp_path):
    kept = {
        n: f.query("scenario != 'baseline' or period < 6") for n, f in runs.tables.items() if "period" in f
    }
    text = Page(write_report(runs.but(**kept), tmp_path).read_text(encoding="utf-8")).text
    assert "byd-one-third ran to 2026-03; its months after 2025-09" in text
    assert "2025-04 to 2025-09, 6 months" in text


def test_same_results_same_page(runs, html, tmp_path):
    assert write_report(runs, tmp_path).read_text(encoding="utf-8") == html


def test_nothing_is_written_for_nothing(runs, tmp_path):
    with pytest.raises(ResultsError):
        write_report(runs, tmp_path / "out", baseline="nowhere")
    assert not (tmp_path / "out").exists()
