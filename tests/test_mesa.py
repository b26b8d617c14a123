"""The model is a mesa model like any other: batch_run, DataCollector, AgentSet, SolaraViz."""

from __future__ import annotations

import gc
import inspect
import weakref
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest
from conftest import tiny

from pricewar.market.firm import Firm
from pricewar.market.model import PriceWar
from pricewar.market.regulator import Regulator
from pricewar.market.suppliers import Supplier

SMALL = tiny(periods=3)
NEW = "rng" in inspect.signature(mesa.batch_run).parameters
"""Mesa 3.5 and later: batch_run seeds the runs itself, and agents' figures stand beside the model's."""


def batch(parameters: dict[str, Any], **more: Any) -> pd.DataFrame:
    rows = mesa.batch_run(PriceWar, {"setting": [SMALL], **parameters}, display_progress=False, **more)
    return pd.DataFrame(rows)


def test_the_model_and_its_actors_are_mesas() -> None:
    model = PriceWar(SMALL)
    assert isinstance(model, mesa.Model)
    assert all(isinstance(agent, mesa.Agent) for agent in model.agents)
    assert {kind: len(agents) for kind, agents in model.agents_by_type.items()} == {
        Firm: 3, Regulator: 1, Supplier: 2,
    }  # fmt: skip
    assert sorted(agent.unique_id for agent in model.agents) == [1, 2, 3, 4, 5, 6]


def test_agent_sets_can_be_asked_about_firms() -> None:
    cut = {"kind": "Exit", "month": "2025-02", "firm": "bolt"}
    model = PriceWar(tiny(periods=3, events=[cut]))
    firms = model.agents_by_type[Firm]
    assert firms.get("key") == ["ace", "bolt", "cove"]
    model.run_model()
    assert firms.select(lambda firm: firm.active).get("key") == ["ace", "cove"]
    assert firms.agg("cash", max) == max(firm.cash for firm in model.firms)
    assert set(firms.groupby("active").groups) == {True, False}


def test_steps_are_counted_by_mesa_and_the_model_stops_itself() -> None:
    model = PriceWar(SMALL)
    while model.running:
        model.step()
    assert model.steps == model.period == 3


def test_the_data_collector_gives_frames_of_model_and_agents() -> None:
    model = PriceWar(SMALL).run_model()
    assert model.datacollector is not None
    figures = model.datacollector.get_model_vars_dataframe()
    market = model.tables()["market"]
    for name in ("price_index", "war_index", "units", "consumer_surplus", "firms_active"):
        assert figures[name].to_numpy() == pytest.approx(market[name].to_numpy(), rel=1e-9, abs=1e-9), name
    agents = model.datacollector.get_agent_vars_dataframe().reset_index()
    cash = agents[agents["firm"].isin(["ace", "bolt", "cove"])].pivot_table(
        index="Step", columns="firm", values="cash"
    )
    table = model.tables()["firms"].pivot_table(index="period", columns="firm", values="cash")
    np.testing.assert_allclose(cash.to_numpy(), table.to_numpy())
    change = agents[agents["firm"] == "ace"]["price_change"].to_numpy(dtype=float)
    by_firm = model.tables()["firms"].query("firm == 'ace'")["price_change"].to_numpy()
    assert change == pytest.approx(by_firm, abs=1e-12)


def test_without_a_collector_the_run_is_the_same() -> None:
    with_it, without = (PriceWar(SMALL, collect=on).run_model().tables()["market"] for on in (True, False))
    pd.testing.assert_frame_equal(with_it, without)
    assert PriceWar(SMALL, collect=False).datacollector is None


def test_batch_run_sweeps_parameters_and_seeds() -> None:
    frame = batch({"seed": [1, 2], "demand__own_elasticity": [-3, -5]} if not NEW else
                  {"demand__own_elasticity": [-3, -5]}, **({"rng": [1, 2]} if NEW else {}))  # fmt: skip
    runs = frame.groupby("RunId").first()
    assert len(runs) == 4
    assert runs["units"].nunique() == 4
    for _, row in runs.iterrows():
        path = {"demand.own_elasticity": row["demand__own_elasticity"]}
        model = PriceWar(SMALL.but(path), seed=int(row["seed"])).run_model()
        assert row["units"] == pytest.approx(model.units)
        assert row["price_index"] == pytest.approx(model.price_index)


def test_batch_run_can_collect_each_month() -> None:
    frame = batch({}, data_collection_period=1).groupby("Step").first()
    market = PriceWar(SMALL).run_model().tables()["market"]
    assert frame["units"].to_numpy() == pytest.approx(market["units"].to_numpy())


@pytest.mark.skipif(not NEW, reason="mesa before 3.5 pairs agents' figures with the model's one step late")
def test_batch_run_pairs_agents_with_their_month() -> None:
    frame = batch({}, data_collection_period=1)
    firms = frame[frame["firm"] == "ace"]
    table = PriceWar(SMALL).run_model().tables()["firms"].query("firm == 'ace'")
    assert firms["cash"].to_numpy(dtype=float) == pytest.approx(table["cash"].to_numpy())


@pytest.mark.slow
def test_batch_run_in_processes_gives_the_same() -> None:
    one, two = (batch({"demand__own_elasticity": [-3, -5]}, number_processes=n) for n in (1, 2))
    keep = ["demand__own_elasticity", "units", "price_index", "AgentID", "cash"]
    order = ["demand__own_elasticity", "AgentID"]
    first, second = (frame[keep].sort_values(order, ignore_index=True) for frame in (one, two))
    pd.testing.assert_frame_equal(first, second)


def test_seed_and_rng_are_both_accepted() -> None:
    frames = [PriceWar(SMALL, **{how: 5}).run_model().tables()["market"] for how in ("seed", "rng")]
    pd.testing.assert_frame_equal(*frames)
    assert PriceWar(SMALL, rng=np.int64(5)).seed_of_run == 5


def test_mesas_own_luck_is_never_used() -> None:
    model = PriceWar(SMALL)
    before = model.rng.bit_generator.state
    model.run_model()
    assert model.rng.bit_generator.state == before


def test_solara_can_show_it() -> None:
    pytest.importorskip("solara")
    pytest.importorskip("altair")
    from mesa.visualization import SolaraViz, make_plot_component

    model = PriceWar(SMALL)
    parameters = {"seed": {"type": "InputText", "value": 1, "label": "Seed"}}
    page = SolaraViz(model, components=[make_plot_component("price_index")], model_params=parameters)
    assert page.kwargs["components"] or page.args


def test_a_model_that_nobody_holds_is_forgotten() -> None:
    """A sweep runs thousands in one process: mesa must not keep them for the sake of counting agents."""
    held = [weakref.ref(PriceWar(tiny(), collect=False).run_model()) for _ in range(3)]
    ids = [agent.unique_id for agent in PriceWar(tiny(), collect=False).agents]
    gc.collect()
    assert [one() for one in held] == [None] * 3
    assert sorted(ids) == list(range(1, len(ids) + 1))
