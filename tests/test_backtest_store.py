"""The draws of a backtest run on the store of experiments: stopped at any write, they go on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import tiny
from faults import Faults, Killed, every, faults

from pricewar.backtest.simulate import FIELDS, Draw, Draws, Simulated, simulate
from pricewar.base.errors import InputError, ResultsError
from pricewar.experiment.store import discard
from pricewar.experiment.work import Item

CHANGES: list[dict[str, Any]] = [{"demand.own_elasticity": -3.0 - 0.2 * k} for k in range(3)]
SCENARIO = tiny(periods=3)
Tables = tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]
_REAL = Draw.__call__


@cache
def computed(run: int) -> Tables:
    return _REAL(Draw(SCENARIO), Draws(SCENARIO, CHANGES, 5).item(run))


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws are computed once: what is tested is what becomes of them on the disk."""
    monkeypatch.setattr(Draw, "__call__", lambda self, item: computed(item.run))


def go_on(folder: Path | None) -> Simulated:
    return simulate(SCENARIO, CHANGES, 5, store=folder)


def assert_same(found: Simulated, other: Simulated) -> None:
    assert (found.firms, found.months, found.lost) == (other.firms, other.months, other.lost)
    for name in FIELDS:
        np.testing.assert_array_equal(found.values[name], other.values[name])
    np.testing.assert_array_equal(found.margin, other.margin)


@pytest.mark.parametrize("kind", ["killed", "full"])
def test_stopped_at_any_write_it_ends_as_if_never_stopped(tmp_path: Path, kind: str) -> None:
    whole = go_on(None)

    def stopped(k: int) -> Faults:
        place, stop = tmp_path / str(k), False
        with faults(kind, k) as made:
            try:
                go_on(place)
            except (Killed, ResultsError, InputError):
                stop = True
        assert stop or made.count < k or kind == "full"
        assert_same(go_on(place), whole)
        shutil.rmtree(place)
        return made

    assert every(stopped) > 20


def test_draws_are_done_once_and_told_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done, told = list[int](), list[tuple[int, int, int]]()

    def counted(self: Draw, item: Item) -> Tables:
        done.append(item.run)
        return computed(item.run)

    monkeypatch.setattr(Draw, "__call__", counted)
    first = simulate(SCENARIO, CHANGES, 5, progress=lambda *counts: told.append(counts), store=tmp_path)
    assert done == [0, 1, 2]
    assert told[-1] == (3, 0, 3)
    assert_same(go_on(tmp_path), first)
    assert done == [0, 1, 2]


def test_each_draw_has_its_own_luck_and_the_month_before_is_the_start() -> None:
    found = go_on(None)
    assert found.values["units"].shape == (3, 4, len(found.firms))
    start = Draws(SCENARIO, CHANGES, 5)
    assert [start.item(run).seed for run in range(3)] == [5, 6, 7]
    sold = [sum(p.units for p in SCENARIO.products.values() if p.firm == firm) for firm in found.firms]
    np.testing.assert_allclose(found.values["units"][:, 0], np.tile(sold, (3, 1)), rtol=1e-9)


@pytest.mark.parametrize("other", [{"changes": CHANGES[:2]}, {"seed": 6}, {"scenario": tiny(periods=4)}])
def test_other_draws_in_the_folder_are_refused(tmp_path: Path, other: dict[str, Any]) -> None:
    go_on(tmp_path)
    asked: dict[str, Any] = {"scenario": SCENARIO, "changes": CHANGES, "seed": 5, **other}
    with pytest.raises(InputError, match="holds another backtest"):
        simulate(**asked, store=tmp_path)


def test_a_store_that_is_not_wanted_goes_and_files_of_others_stay(tmp_path: Path) -> None:
    go_on(tmp_path / "a")
    discard(tmp_path / "a", Draws.record, Draws.kept)
    assert not (tmp_path / "a").exists()
    go_on(tmp_path / "b")
    for name in ("notes.txt", "chunks/mine.parquet"):
        (tmp_path / "b" / name).write_text("mine")
    discard(tmp_path / "b", Draws.record, Draws.kept)
    left = sorted(str(path.relative_to(tmp_path / "b")) for path in (tmp_path / "b").rglob("*"))
    assert left == ["chunks", "chunks/mine.parquet", "notes.txt"]


def test_a_store_half_gone_is_a_store_still(tmp_path: Path) -> None:
    whole = go_on(tmp_path / "whole")

    def stopped(k: int) -> Faults:
        place = tmp_path / str(k)
        shutil.copytree(tmp_path / "whole", place)
        with faults("killed", k) as made, suppress(Killed):
            discard(place, Draws.record, Draws.kept)
        assert_same(go_on(place), whole)
        return made

    assert every(stopped) > 3
