from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import results

from pricewar.analysis import episodes
from pricewar.analysis.wars import Definition, find_wars, make_path, what_lacks
from pricewar.base.errors import ResultsError
from pricewar.results.metrics import cut_depth
from pricewar.results.schema import EPISODES

SHARE = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
FIRMS, PERIODS = len(SHARE), 36


def wars(change, cost=None, share=SHARE, **thresholds):
    """Wars on given price changes (T, F) and reference prices (T, F), both relative to the start."""
    return find_wars(path_of(change, cost, share), Definition(**thresholds))


def path_of(change, cost=None, share=SHARE):
    change = np.asarray(change, float)
    cost = np.ones_like(change) if cost is None else cost
    cut = cut_depth(1.0 + change, cost)
    weight = share / share.sum()
    return make_path(100 * (1 + change @ weight), cut @ weight, change, cut, share)


def step(firm_cuts: dict[int, tuple[int, float]], until: int = PERIODS) -> np.ndarray:
    """Price changes of firms that cut by a fraction in a month and keep it until another."""
    change = np.zeros((PERIODS, FIRMS))
    for firm, (month, cut) in firm_cuts.items():
        change[month:until, firm] = -cut
    return change


WAR = {0: (5, 0.10), 2: (6, 0.08), 4: (8, 0.05)}


def test_a_known_war_is_dated_with_leader_and_lags():
    (war,) = wars(step(WAR, until=20))
    assert war.before == 5  # path position 5 is period 4, the last month of peace
    assert war.leader == 0
    assert war.joined[[0, 2, 4]].tolist() == [6, 7, 9]
    assert np.isnan(war.joined[[1, 3, 5]]).all()
    assert (war.outcome, war.end, war.calm) == ("settled", 9, 21)


def test_a_short_war_recovers():
    (war,) = wars(step({0: (5, 0.1), 1: (5, 0.1), 2: (6, 0.1)}, until=9))
    assert (war.outcome, war.end) == ("recovered", 10)


def test_a_war_still_fought_at_the_end_is_open():
    (war,) = wars(step({0: (33, 0.1), 1: (34, 0.1), 2: (35, 0.1)}))
    assert (war.outcome, war.end, war.calm) == ("open", 36, 36)


def test_a_war_from_the_first_month_is_seen_because_the_start_is_known():
    (war,) = wars(step({0: (0, 0.1), 1: (0, 0.1), 2: (1, 0.1)}))
    assert (war.before, war.leader) == (0, 0)


def test_two_wars_are_two():
    change = step(WAR, until=14) + step({1: (24, 0.1), 3: (25, 0.1), 5: (25, 0.1)})
    first, second = wars(change)
    assert (first.leader, second.leader) == (0, 1)
    assert second.before == 24


@pytest.mark.parametrize(
    ("why", "change", "cost", "lacks"),
    [
        ("nothing happens", step({}), None, "prices"),
        ("one firm cuts alone, however deep", step({0: (5, 0.4)}), None, "firms"),
        ("two firms are a duel", step({0: (5, 0.2), 1: (6, 0.2)}), None, "firms"),
        ("all cut by a little", step(dict.fromkeys(range(FIRMS), (5, 0.015))), None, "prices"),
        ("followers come a year later", step({0: (3, 0.2), 1: (15, 0.02), 2: (20, 0.02)}), None, "firms"),
        ("prices rise", -step(WAR), None, "prices"),
        (
            "slow drift of 0.5% a month",
            -np.minimum(0.005 * np.arange(PERIODS), 1)[:, None] * np.ones(FIRMS),
            None,
            "prices",
        ),
        (
            "costs fall by a tenth and prices with them",
            step(dict.fromkeys(range(FIRMS), (5, 0.1))),
            1 + step(dict.fromkeys(range(FIRMS), (5, 0.1))),
            "costs",
        ),
        ("costs rise and prices stay", step({}), 1 - step(dict.fromkeys(range(FIRMS), (5, 0.2))), "prices"),
    ],
)
def test_no_war(why, change, cost, lacks):
    assert wars(change, cost) == [], why
    assert what_lacks(path_of(change, cost), Definition()) == lacks, why


def test_a_war_lacks_nothing():
    assert what_lacks(path_of(step(WAR)), Definition()) is None


def test_cuts_beyond_the_fall_of_costs_are_a_war():
    costs = 1 + step(dict.fromkeys(range(FIRMS), (5, 0.04)))
    assert len(wars(step(dict.fromkeys(range(FIRMS), (5, 0.12))), costs)) == 1


def test_thresholds_are_arguments():
    duel = step({0: (5, 0.2), 1: (6, 0.2)})
    assert len(wars(duel, firms=2)) == 1
    assert wars(step(WAR), fall=0.2) == []
    assert wars(step(WAR), join=1) == []


def test_in_a_duopoly_both_firms_make_a_war():
    change = np.zeros((12, 2))
    change[3:, 0], change[4:, 1] = -0.1, -0.1
    assert len(wars(change, share=np.array([0.5, 0.5]))) == 1
    assert wars(change * [1, 0], share=np.array([0.5, 0.5])) == []


def _random(rng, war: bool):
    """A random market in peace or at war, with monthly noise of half a percent on every price."""
    change, cost = np.zeros((PERIODS, FIRMS)), np.ones((PERIODS, FIRMS))
    month = rng.integers(0, 24)
    firms = rng.permutation(FIRMS)
    if war:
        for lag, firm in enumerate(firms[: rng.integers(3, FIRMS + 1)]):
            change[month + min(lag, 3) :, firm] = -rng.uniform(0.08, 0.30)
    elif rng.random() < 0.5:
        change[month:, firms[0]] = -rng.uniform(0.08, 0.30)
    else:
        drop = rng.uniform(0.03, 0.15)
        cost[month:] -= drop
        change[month:] -= drop
    return change + rng.normal(0, 0.005, change.shape), cost


def test_error_rates_on_random_peace_and_war():
    rng = np.random.default_rng(11)
    found = {war: [len(wars(*_random(rng, war))) for _ in range(300)] for war in (True, False)}
    missed = np.mean([count == 0 for count in found[True]])
    false = np.mean([count > 0 for count in found[False]])
    assert missed <= 0.02
    assert false <= 0.02
    assert np.mean([count == 1 for count in found[True]]) >= 0.95  # and not cut into pieces


@pytest.fixture(scope="module")
def runs():
    return results(seeds=2)


def test_episodes_of_whole_results(runs):
    table = episodes(runs)
    assert list(table) == [column.name for column in EPISODES]
    assert set(table["scenario"]) == {"byd-one-third"}  # the 5% cut is too small for a war
    war = table.iloc[0]
    assert (war["start"], war["leader"]) == ("2025-05", "byd")
    assert war["followers"].startswith("geely +1, leapmotor +1")
    assert war["breadth"] == war["follower_count"] + 1 == 7
    index = runs.market.query("scenario == 'byd-one-third' and seed == 1")["price_index"]
    assert war["depth"] == pytest.approx(1 - index.min() / 100)


def test_profit_destroyed_is_the_paired_sum(runs):
    war = episodes(runs).query("seed == 2").iloc[0]
    first, months = 1, int(war["depressed_months"])
    market = runs.market[
        (runs.market["seed"] == 2) & runs.market["period"].between(first, first + months - 1)
    ]
    profit = market.groupby("scenario")["producer_surplus"].sum()
    assert war["profit_destroyed"] == pytest.approx(profit["baseline"] - profit["byd-one-third"])
    assert war["profit_destroyed"] > 0
    assert war["consumer_gain"] > 0


def test_the_baseline_has_no_but_for_run(runs):
    table = episodes(runs, baseline="byd-one-third")
    assert table["profit_destroyed"].isna().all()
    with pytest.raises(ResultsError, match="no scenario"):
        episodes(runs, baseline="nowhere")


def test_failed_runs_are_left_out(runs):
    kept = {name: frame[frame["seed"] == 1] for name, frame in runs.tables.items() if name != "runs"}
    assert set(episodes(runs.but(**kept))["seed"]) == {1}


def test_peace_has_no_rows_but_all_columns(runs):
    table = episodes(runs.only("baseline"))
    assert table.empty
    assert list(table) == [column.name for column in EPISODES]


def _fight(rng, war: bool, noise: float, low: float, high: float) -> np.ndarray:
    """A random market: at war with followers up to three months behind, or in peace with one firm cutting."""
    change, month, firms = np.zeros((PERIODS, FIRMS)), rng.integers(0, 24), rng.permutation(FIRMS)
    for lag, firm in enumerate(firms[: rng.integers(3, FIRMS + 1)] if war else firms[:1]):
        change[month + min(lag, 3) :, firm] = -rng.uniform(low, high)
    return change + rng.normal(0, noise, change.shape)


def error_table(many: int = 500) -> str:
    """The table of error rates in the docs."""
    rows = []
    for noise in (0.0, 0.005, 0.01, 0.02):
        rng, cells, false = np.random.default_rng(2025), [], 0.0
        for low, high in ((0.03, 0.06), (0.05, 0.10), (0.08, 0.30)):
            missed = np.mean([not wars(_fight(rng, True, noise, low, high)) for _ in range(many)])
            taken = np.mean([bool(wars(_fight(rng, False, noise, low, high))) for _ in range(many)])
            cells.append(f"{missed:.1%}")
            false = max(false, float(taken))
        rows.append(f"| {noise:.1%} | {' | '.join(cells)} | {false:.1%} |")
    return "\n".join(rows)


@pytest.mark.slow
def test_error_rates_in_the_docs_are_those_measured():
    page = Path(__file__).parents[1] / "docs" / "explanation" / "price-wars.md"
    assert error_table() in page.read_text(encoding="utf-8")
