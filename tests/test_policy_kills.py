"""A policy study runs on the store of experiments: stopped at any write it ends as if it never was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from faults import Faults, Killed, every, faults
from test_policy import tree

from pricewar.base.errors import InputError, ResultsError
from pricewar.experiment.pool import SerialExecutor
from pricewar.experiment.store import Store
from pricewar.experiment.work import Item
from pricewar.policy import PolicySpec, PolicyStudy, policy_from, run_policy
from pricewar.policy.study import Future, Futures

Tables = tuple[Mapping[str, float], Mapping[str, pd.DataFrame]]


@cache
def spec() -> PolicySpec:
    return policy_from(tree(draws=2, seeds=2, bundles={}), "small")


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Futures are computed once for all tests: what is tested is what becomes of them on the disk."""
    monkeypatch.setattr(Future, "__call__", lambda self, item: computed(item.run))


_REAL = Future.__call__


@cache
def computed(run: int) -> Tables:
    item: Item = Futures(spec()).item(run)
    return _REAL(Future(spec()), item)


def go_on(folder: Path) -> PolicyStudy:
    return run_policy(spec(), SerialExecutor(), store=folder)


def table_bytes(folder: Path) -> bytes:
    return (folder / "runs.parquet").read_bytes()


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["killed", "full"])
def test_stopped_at_any_write_it_ends_as_if_never_stopped(tmp_path: Path, kind: str, step: int) -> None:
    whole = go_on(tmp_path / "whole")

    def stopped(k: int) -> Faults:
        place, stop = tmp_path / str(k), False
        with faults(kind, k) as made:
            try:
                go_on(place)
            except (Killed, ResultsError, InputError):
                stop = True
        assert stop or made.count < k or kind == "full"
        again = go_on(place)
        assert table_bytes(place) == table_bytes(tmp_path / "whole")
        pd.testing.assert_frame_equal(again.options, whole.options, check_exact=True)
        pd.testing.assert_frame_equal(again.paths, whole.paths, check_exact=True)
        assert not list(place.rglob("*.part"))
        shutil.rmtree(place)
        return made

    assert every(stopped, step) > 30


def test_a_study_that_another_process_is_at_work_on_is_refused(tmp_path: Path) -> None:
    store = Store.open(tmp_path, Futures(spec()))
    with pytest.raises(ResultsError, match="another command is at work"):
        go_on(tmp_path)
    store.close()
    go_on(tmp_path)


@pytest.mark.parametrize("how", ["lost", "edited"])
def test_tables_that_are_not_as_written_are_noticed_and_made_anew(tmp_path: Path, how: str) -> None:
    whole = go_on(tmp_path)
    victim = sorted((tmp_path / "trajectories" / "options").glob("*.parquet"))[1]
    if how == "lost":
        victim.unlink()
    else:
        pd.read_parquet(victim).assign(welfare=0.0).to_parquet(victim)
    with pytest.raises(ResultsError, match=rf"{victim.name}: (missing|changed).*Delete .*chunks.*again"):
        go_on(tmp_path)
    (tmp_path / "chunks" / victim.name).unlink()
    pd.testing.assert_frame_equal(go_on(tmp_path).options, whole.options, check_exact=True)


def test_the_record_says_what_was_asked_and_by_whom(tmp_path: Path) -> None:
    run_policy(spec(), SerialExecutor(), store=tmp_path, command="pricewar policy small")
    go_on(tmp_path)
    told: dict[str, Any] = json.loads((tmp_path / "policy.json").read_text(encoding="utf-8"))
    assert (told["name"], told["digest"], told["runs"]) == ("small", spec().digest, 4)
    assert [session["command"] for session in told["sessions"]] == ["pricewar policy small", ""]
    (tmp_path / "policy.json").write_text(json.dumps(told | {"sessions": 3}), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"policy\.json: sessions: found"):
        go_on(tmp_path)


def test_a_future_that_failed_is_done_again_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlucky(self: Future, item: Item) -> Tables:
        if item.run == 2:
            raise ArithmeticError("no luck")
        return computed(item.run)

    whole = go_on(tmp_path / "whole")
    monkeypatch.setattr(Future, "__call__", unlucky)
    first = go_on(tmp_path / "a")
    assert first.failed == ("draw 1, seed 3: ArithmeticError: no luck",)
    assert first.futures == 3
    monkeypatch.setattr(Future, "__call__", lambda self, item: computed(item.run))
    again = go_on(tmp_path / "a")
    assert not again.failed
    pd.testing.assert_frame_equal(again.options, whole.options, check_exact=True)
    assert table_bytes(tmp_path / "a") == table_bytes(tmp_path / "whole")
