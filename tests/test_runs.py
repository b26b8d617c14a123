"""Runs: one row each, failures included; the same whatever does the work."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import tiny

from pricewar.base.errors import InputError, ResultsError
from pricewar.results.store import Results
from pricewar.runs import Job, compare, run, run_one, seed_list
from pricewar.scenario.files import load
from pricewar.scenario.tree import Scenario

CUT = {"kind": "Cut", "month": "2025-02", "firm": "bolt", "depth": 0.3}


def calm() -> Scenario:
    return tiny(title="Nobody cuts")


def war() -> Scenario:
    return tiny(events=[CUT], name="war", title="Bolt cuts by 30%")


def same_files(one: Results, other: Results, where: Path) -> bool:
    folders = [part.save(where / name) for name, part in (("one", one), ("other", other))]
    names = sorted(path.name for path in folders[0].glob("*.parquet"))
    assert len(names) == 7
    return all((folders[0] / name).read_bytes() == (folders[1] / name).read_bytes() for name in names)


def test_the_same_run_twice_leaves_the_same_bytes(tmp_path: Path) -> None:
    assert same_files(run(calm(), 2), run(calm(), 2), tmp_path)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as workers:
        yield workers


def test_a_pool_of_spawned_processes_gives_the_bytes_of_a_serial_run(
    tmp_path: Path, pool: ProcessPoolExecutor
) -> None:
    serial = compare([calm(), war()], 2)
    assert same_files(serial, compare([calm(), war()], 2, executor=pool), tmp_path)


def test_threads_give_the_bytes_of_a_serial_run(tmp_path: Path) -> None:
    serial = compare([calm(), war()], 3)
    with ThreadPoolExecutor(2) as pool:
        assert same_files(serial, compare([calm(), war()], 3, executor=pool), tmp_path)


def test_results_are_in_order_of_scenarios_and_seeds_and_say_what_they_are() -> None:
    done: list[tuple[str, int]] = []
    results = compare([war(), calm()], [3, 1], progress=lambda name, seed: done.append((name, seed)))
    assert done == [("war", 3), ("war", 1), ("tiny", 3), ("tiny", 1)]
    assert list(zip(results.runs["scenario"], results.runs["seed"], strict=True)) == done
    assert results.about == {"war": "Bolt cuts by 30%", "tiny": "Nobody cuts"}
    assert results.names == {"ace": "Ace", "bolt": "Bolt", "cove": "Cove"}
    assert set(results.runs["digest"]) == {war().digest, calm().digest}
    assert (results.runs["status"] == "ok").all()
    assert len(results.market) == 4 * 8
    results.require_complete()


def test_scenarios_with_one_seed_share_their_luck_until_they_part() -> None:
    results = compare([calm(), war()], 2)
    orders = results.products.pivot_table(
        index=["seed", "period", "product"], columns="scenario", values="orders"
    )
    first = orders.xs(0, level="period")
    assert np.array_equal(first["tiny"], first["war"])
    assert not np.allclose(orders.xs(1, level="period")["tiny"], orders.xs(1, level="period")["war"])
    seeds = first["tiny"].unstack("seed")
    assert not np.allclose(seeds[1], seeds[2])


def test_a_failed_run_is_a_row_and_takes_no_other_down() -> None:
    broken = tiny({"firms.ace.strategy": "user_rules:Broken"}, name="broken")
    results = compare([broken, calm()], 2)
    rows = results.runs.set_index("scenario")
    assert (rows.loc["broken", "status"] == "failed").all()
    assert rows.loc["broken", "error"].str.contains("StrategyError: .*'ace' in 2025-03: found .*nan").all()
    assert (rows.loc["tiny", "status"] == "ok").all()
    assert set(results.market["scenario"]) == {"tiny"}
    with pytest.raises(ResultsError, match="2 of 4 runs failed"):
        results.require_complete()


def test_a_failed_run_is_a_row_in_a_pool_too(pool: ProcessPoolExecutor) -> None:
    crooked = tiny({"firms.ace.strategy": "user_rules:Crooked"}, name="crooked")
    results = compare([crooked], 1, executor=pool)
    assert "shape (3,)" in results.runs["error"][0]


def test_a_rule_of_ones_own_by_module_and_class_runs() -> None:
    mine = tiny({"firms.ace.strategy": {"kind": "user_rules:HalfOff", "begin": 3}}, name="mine")
    products = run(mine).require_complete().products
    price = products[products["product"] == "ace-small"]["price"].to_numpy()
    assert price[:3] == pytest.approx(75_000)
    assert price[3:] == pytest.approx(37_500)


def test_a_run_that_cannot_be_calibrated_is_a_row() -> None:
    hopeless = tiny({"demand.price_sensitivity": 1.0})
    made = run_one(Job(hopeless, 1))
    assert list(made) == ["runs"]
    assert made["runs"]["status"].tolist() == ["failed"]
    assert made["runs"]["error"][0].startswith("ConvergenceError: tiny: mean utilities do not settle")


def test_a_shipped_name_and_a_file_are_scenarios_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "textbook-duopoly"\nperiods = 5\n')
    results = compare(["textbook-duopoly", file])
    assert results.scenarios == ("textbook-duopoly", "mine")
    assert results.market.groupby("scenario").size().to_dict() == {"textbook-duopoly": 12, "mine": 5}


def test_a_changed_base_is_read_anew(tmp_path: Path) -> None:
    base, file = tmp_path / "base.toml", tmp_path / "mine.toml"
    file.write_text('extends = "base"\n')
    for periods in (5, 7):
        base.write_text(f'extends = "textbook-duopoly"\nperiods = {periods}\n')
        assert load(file).periods == periods


def test_seeds_are_a_number_a_list_or_the_scenarios_own() -> None:
    assert seed_list(3, calm()) == [1, 2, 3]
    assert seed_list([7, 5], calm()) == [7, 5]
    assert seed_list(np.array([2, 3]).tolist(), calm()) == [2, 3]
    assert seed_list(None, tiny(seed=11)) == [11]
    for wrong in (0, -3, [], [1, 1], [-2]):
        with pytest.raises(InputError, match="seeds"):
            run(calm(), wrong)


def test_two_scenarios_of_one_name_are_refused_before_anything_runs() -> None:
    with pytest.raises(InputError, match=r"scenarios: found 'tiny'; allowed: names of their own"):
        compare([calm(), tiny(events=[CUT])])


def test_saved_results_come_back_as_they_were(tmp_path: Path) -> None:
    results = compare([calm(), war()], 2)
    back = Results.load(results.save(tmp_path / "r"))
    for name, frame in results.tables.items():
        pd.testing.assert_frame_equal(frame, back.tables[name])
    assert back.about == results.about


def test_every_public_name_is_there() -> None:
    import pricewar

    for name in pricewar.__all__:
        assert callable(getattr(pricewar, name))
    with pytest.raises(AttributeError, match="nonsense"):
        pricewar.nonsense  # noqa: B018
