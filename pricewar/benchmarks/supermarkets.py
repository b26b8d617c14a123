"""Dutch supermarkets, October 2003: a leader that lost share cuts, all follow, the price of food falls.

Van Heerde, Gijsbrechts and Pauwels (2008), Winners and losers in a major price war, Journal of Marketing
Research 45(5), 499-518. Who begins and who follows is left to the rule of campaigns with the odds that were
estimated in another market, China's electric cars; only the size of the announced cuts is that of the Dutch
war."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from pricewar.campaigns import QuotaRace
from pricewar.runs import run
from pricewar.scenario.tree import Scenario

from .facts import Facts
from .finding import Finding, judged, normal
from .how import How
from .markets import market

NAME: Final = "supermarkets"
LEADER: Final = "albert-heijn"
MONTHS: Final = 24
RUNS_PER_SEED: Final = 5
"""One war a run says little: this many runs stand for each seed of the other benchmarks."""


def supermarkets(facts: Facts, how: How) -> Finding:
    """Campaigns in a market in which the leader is behind the share it had a year before.

    Args:
        facts: table `dutch_supermarkets`, figures of `supermarkets`.
        how: seeds.
    """
    wars = _wars(_market(facts), how)
    led = wars[wars["leader"].notna()]
    first = float((led["leader"] == LEADER).mean())
    luck = np.sqrt(first * (1.0 - first) / max(len(led), 1))
    lines = (
        judged(facts, NAME, "wars that the leader begins", first, normal(first, luck), 1.0),
        judged(
            facts,
            NAME,
            "rivals that follow within one period",
            float(led["followed"].mean()),
            led["followed"],
        ),
        judged(facts, NAME, "price index", float(led["index"].mean()), led["index"]),
    )
    behind = 1.0 - _shares(facts)[LEADER] / facts.value(NAME, "leader's share a year before")
    even = 1.0 / len(_shares(facts))
    notes = (
        f"A first campaign came in {len(led)} of {len(wars)} runs of {MONTHS} months. Odds of beginning and "
        "of following, and the part of the line-up that is cut, are those of the rule as it was estimated "
        "or assumed for China; the size is what was announced here. By chance alone the leader would begin "
        f"{even:.0%} of the wars.",
        f"The leader is {behind:.1%} behind its quota, and the rule raises the log odds of beginning by the "
        f"shortfall itself (factor {QuotaRace().by_shortfall:g}, assumed, range 0 to 2): a gap of this size "
        "hardly moves them.",
    )
    return Finding(NAME, "Dutch supermarkets, October 2003", lines, notes, {"supermarket_wars": wars})


def _shares(facts: Facts) -> dict[str, float]:
    table = facts.table("dutch_supermarkets")
    return dict(zip(table["chain"], table["share"].astype(float), strict=True))


def _market(facts: Facts) -> Scenario:
    """One basket a chain, price 100; chains that hold their prices but for campaigns."""
    shoppers, outside = 1e6, facts.value(NAME, "shoppers who eat elsewhere")
    shares, margin = _shares(facts), facts.value(NAME, "gross margin")
    firms: dict[str, dict[str, Any]] = {
        chain: {
            "strategy": {"kind": "Hold"},
            "price": 100.0,
            "unit_cost": 100.0 * (1.0 - margin),
            "units": shoppers * (1.0 - outside) * share / sum(shares.values()),
        }
        for chain, share in shares.items()
    }
    ends = facts.value(NAME, "lowest announced cut"), facts.value(NAME, "highest announced cut")
    size = sum(ends) / 200.0
    rule = {
        "lead_size": size, "lead_spread": 0.0, "answer_ratio": 1.0, "answer_spread": 0.0,
        "largest": ends[1] / 100.0, "kinds": (1.0, 0.0, 0.0),
    }  # fmt: skip
    ambition = facts.value(NAME, "leader's share a year before") / shares[LEADER]
    quotas = {LEADER: {year: {"ambition": ambition} for year in ("2000", "2001")}}
    demand = {"kind": "Logit", "own_elasticity": facts.value(NAME, "own-price elasticity")}
    campaigns = {"on": True, "rule": {"kind": "QuotaRace", **rule}, "quotas": quotas, "give_up": 0.0}
    return market(NAME, firms, demand, shoppers, MONTHS, campaigns=campaigns)


def _wars(scenario: Scenario, how: How) -> pd.DataFrame:
    """(seed, leader, followed, index) of the first war of each run; no leader where there was none.

    The index is in percent of the start, one period after the first cut.
    """
    seeds = range(1, 1 + how.seeds * RUNS_PER_SEED)
    results = run(scenario, seeds=list(seeds), executor=how.executor, uncertainty="luck").require_complete()
    rivals = len(scenario.firms) - 1
    rows: list[tuple[int, str | None, float, float]] = []
    for seed in seeds:
        own = results.campaigns[results.campaigns["seed"] == seed]
        months = results.market[results.market["seed"] == seed]
        if own.empty:
            rows.append((seed, None, np.nan, np.nan))
            continue
        first = int(own["period"].min())
        early = own[own["period"] <= first + 1]
        leads = early[(early["period"] == first) & (early["role"] == "lead")]
        leader = str(leads.sort_values("announced", kind="stable")["firm"].iloc[-1])
        followed = (early["firm"][early["firm"] != leader].nunique()) / rivals
        index = months.set_index("period")["price_index"]
        rows.append((seed, leader, followed, float(index[min(first + 1, MONTHS - 1)] - 100.0)))
    return pd.DataFrame(rows, columns=["seed", "leader", "followed", "index"])
