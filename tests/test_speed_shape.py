"""What is made how often: tables once for a set of runs, none for a metric. Counts, not seconds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import tiny

from pricewar.experiment.metrics import expand, measure
from pricewar.experiment.work import Item, Simulate, simulate
from pricewar.market.model import PriceWar
from pricewar.results import store as results_module
from pricewar.results.schema import SCHEMA
from pricewar.results.store import empty
from pricewar.runs import compare, run

SMALL = tiny(periods=3)
CUT = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.3}
METRICS = (
    "welfare",
    "war_months",
    "rivals_price_fall",
    "operating_profit.*",
    "aim_end.ace",
    "share_end.bolt",
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of all tables that are made and checked from now on."""
    names = list[str]()
    whole = results_module.table

    def counted(name: str, data: object) -> pd.DataFrame:
        names.append(name)
        return whole(name, data)  # type: ignore[arg-type]

    for name, module in list(sys.modules.items()):
        if name.startswith("pricewar") and getattr(module, "table", None) is whole:
            monkeypatch.setattr(module, "table", counted)
    return names


@pytest.mark.parametrize("seeds", [1, 5])
def test_a_set_of_runs_makes_each_table_once_however_many_runs(made: list[str], seeds: int) -> None:
    run(SMALL, seeds)
    assert sorted(made) == sorted(SCHEMA)


def test_a_change_of_words_checks_no_table_again(made: list[str]) -> None:
    found = run(SMALL)
    made.clear()
    changed = found.but(command="pricewar run small", names={"ace": "Ace & Sons"})
    assert not made
    assert changed.command == "pricewar run small"
    assert changed.market is found.market
    assert found.command == ""
    changed.but(market=empty("market"))
    assert set(made) == {"market"}


def test_what_is_no_table_and_no_field_is_refused_still() -> None:
    found = run(SMALL)
    with pytest.raises(results_module.ResultsError, match="market: columns missing"):
        found.but(market=pd.DataFrame({"units": [1.0]}))
    with pytest.raises(TypeError, match="comand"):
        found.but(comand="typo")


def test_metrics_make_no_table(made: list[str]) -> None:
    measure(simulate(SMALL, 1), expand(METRICS, SMALL))
    assert not made


def test_a_metric_of_ones_own_makes_the_table_that_it_reads_and_no_other(made: list[str]) -> None:
    found = simulate(SMALL, 1)
    assert len(found.firms) == 9
    assert found.firms is found.firms
    assert made == ["firms"]


def test_trajectories_make_their_two_tables_when_asked_for(made: list[str]) -> None:
    values, kept = Simulate(SMALL, None, ("welfare",), keep_tables=True)(Item(0, 0, 1))
    assert sorted(made) == sorted(kept) == ["firms", "market"]
    assert values["welfare"] == kept["market"]["welfare"].sum()


def test_a_metric_is_that_of_the_tables() -> None:
    """By columns or by a table that was made before: the same bits."""
    war = tiny(events=[CUT], periods=8)
    names = expand((*METRICS, "welfare_with_open", "mean_price", "gross_margin.*", "cut_depth.cove"), war)
    by_columns = simulate(war, 3)
    by_tables = simulate(war, 3)
    frames = dict(by_tables.tables)
    plain = type(by_tables)(war, 3, frames)
    assert measure(by_columns, names) == measure(plain, names)


def test_gathered_runs_are_the_tables_of_each_run_one_under_the_other() -> None:
    scenarios = [SMALL, tiny(events=[CUT], name="war", periods=5)]
    together = compare(scenarios, 2)
    models = [PriceWar(scenario, seed, collect=False) for scenario in scenarios for seed in (1, 2)]
    alone = [model.run_model().tables() for model in models]
    for name in alone[0]:
        stacked = pd.concat([tables[name] for tables in alone], ignore_index=True)
        pd.testing.assert_frame_equal(getattr(together, name), stacked)


def test_a_played_game_makes_each_table_once(made: list[str]) -> None:
    pytest.importorskip("tomli_w", reason="the extra `app` is not installed")
    from pricewar.app import debrief
    from pricewar.app.game import Game
    from pricewar.app.game_rules import GameRules

    game = Game(GameRules(firms=2, rounds=3))
    ticket = game.join("Ann")
    game.order(game.teacher_token, "start", 0.0)
    for _ in range(2):
        game.decide(ticket.token, game.round, 0.9 * game.reference(ticket.firm), 0.0, 1.0)
    made.clear()
    assert len(debrief.results_of(game).market) == game.round > 0
    assert sorted(made) == sorted(SCHEMA)


def test_the_peer_of_the_benchmark_is_the_same_market(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buyers as plain agents, with which runs are timed, order what ours order, to rounding."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    from plain_market import PlainPriceWar

    small = SMALL.but({"consumers.draws": 60})
    peer, ours = (kind(small, seed=2, collect=False).run_model() for kind in (PlainPriceWar, PriceWar))
    for theirs, own in zip(peer.history, ours.history, strict=True):
        np.testing.assert_allclose(theirs.sales.orders, own.sales.orders, rtol=1e-9)
        np.testing.assert_allclose(theirs.surplus, own.surplus, rtol=1e-9)
