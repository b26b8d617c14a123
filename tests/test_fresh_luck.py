"""Repetitions without a seed are no copies: iterations of mesa's batch_run, episodes of the environment."""

from __future__ import annotations

import copy
import inspect
import warnings
from typing import Any

import mesa
import numpy as np
import pytest
from conftest import tiny

from pricewar.base.luck import repetition
from pricewar.market.batch import iteration
from pricewar.market.model import PriceWar

SMALL = tiny(periods=3)
NEW = "rng" in inspect.signature(mesa.batch_run).parameters


def batch(parameters: dict[str, Any], iterations: int, **more: Any) -> dict[int, dict[str, Any]]:
    """One row a run, by number of the run."""
    many = {"rng": [None] * iterations} if NEW else {"iterations": iterations}
    rows = mesa.batch_run(
        PriceWar, {"setting": [SMALL], **parameters}, display_progress=False, **many, **more
    )
    return {row["RunId"]: row for row in rows}


def test_iterations_without_a_seed_are_different_runs() -> None:
    runs = batch({}, 4)
    assert len(runs) == 4
    assert len({row["units"] for row in runs.values()}) == 4
    assert runs[0]["seed"] == SMALL.seed


def test_iterations_can_be_repeated_one_by_one_and_all_together() -> None:
    runs = batch({}, 3)
    assert [(row["seed"], row["units"]) for row in batch({}, 3).values()] == [
        (row["seed"], row["units"]) for row in runs.values()
    ]
    for row in runs.values():
        again = PriceWar(SMALL, seed=int(row["seed"])).run_model()
        assert again.units == row["units"]
        assert again.consumer_surplus == row["consumer_surplus"]


def test_iterations_share_their_luck_across_parameters() -> None:
    runs = batch({"demand__own_elasticity": [-3, -5]}, 3)
    seeds = {(row["iteration"], row["demand__own_elasticity"]): row["seed"] for row in runs.values()}
    assert len(seeds) == 6
    for number in range(3):
        assert seeds[number, -3] == seeds[number, -5]
    assert len(set(seeds.values())) == 3


@pytest.mark.skipif(NEW, reason="mesa from 3.5 on puts a seed of its own over that of the parameters")
def test_a_seed_that_is_given_holds_in_every_iteration() -> None:
    runs = batch({"seed": [7]}, 2)
    assert {row["seed"] for row in runs.values()} == {7}
    assert len({row["units"] for row in runs.values()}) == 1


def test_iterations_of_two_scenarios_that_differ_in_the_seed_are_all_different() -> None:
    runs = batch({"setting": [SMALL.but(seed=1), SMALL.but(seed=2)]}, 3)
    assert len({row["seed"] for row in runs.values()}) == len({row["units"] for row in runs.values()}) == 6


class Subclass(PriceWar):
    def __init__(self, **options: Any) -> None:
        super().__init__(SMALL, **options)


def test_a_subclass_has_fresh_luck_too() -> None:
    many = {"rng": [None] * 3} if NEW else {"iterations": 3}
    rows = mesa.batch_run(Subclass, {}, display_progress=False, **many)
    assert len({row["units"] for row in rows}) == 3


@pytest.mark.slow
def test_iterations_in_processes_are_those_of_one() -> None:
    one, two = (batch({}, 3, number_processes=n) for n in (1, 2))
    assert {k: row["seed"] for k, row in one.items()} == {k: row["seed"] for k, row in two.items()}


def test_a_model_that_is_built_by_anybody_else_has_the_scenarios_seed() -> None:
    assert {PriceWar(SMALL).seed_of_run for _ in range(3)} == {SMALL.seed}
    assert PriceWar(SMALL, seed=None).seed_of_run == SMALL.seed
    assert iteration() == 0


def test_a_runner_that_counts_otherwise_gets_fresh_luck_still() -> None:
    space: dict[str, Any] = {"__name__": "mesa.batchrunner", "iteration_of": iteration}
    exec("found = [iteration_of() for _ in range(4)]", space)
    assert len(set(space["found"])) == 4


def test_repetitions_are_unrelated_and_the_first_is_the_seed_itself() -> None:
    seeds = {(seed, k): repetition(seed, k) for seed in range(40) for k in range(25)}
    assert all(seeds[seed, 0] == seed for seed in range(40))
    assert len(set(seeds.values())) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds.values())


# -- episodes ----------------------------------------------------------------------------------------------


@pytest.fixture
def env() -> Any:
    pytest.importorskip("pettingzoo", reason="the environment needs the extra rl (pettingzoo, gymnasium)")
    from pricewar.environment import market_env

    return market_env(SMALL, ("ace",), seed=11)


def profit(env: Any, **options: Any) -> float:
    env.reset(**options)
    return float(env.step({"ace": np.zeros(1, np.float32)})[1]["ace"])


def test_episodes_without_a_seed_differ(env: Any) -> None:
    assert len({profit(env) for _ in range(5)}) == 5


def test_a_row_of_episodes_is_repeated_by_its_first_seed(env: Any) -> None:
    from pricewar.environment import market_env

    row = [profit(env) for _ in range(3)]
    assert [profit(market_env(SMALL, ("ace",), seed=11))] == row[:1]
    assert [profit(env, seed=11), profit(env), profit(env)] == row
    assert [profit(env, seed=12), profit(env), profit(env)] != row
    assert profit(env, seed=12) == profit(env, seed=12)


def test_an_episode_is_repeated_by_the_seed_in_its_infos(env: Any) -> None:
    profit(env)
    _, infos = env.reset()
    first = float(env.step({"ace": np.zeros(1, np.float32)})[1]["ace"])
    assert infos["ace"]["seed"] not in (11, 1)
    assert profit(env, seed=infos["ace"]["seed"]) == first


def test_a_copy_goes_on_as_the_original(env: Any) -> None:
    profit(env)
    twins = [copy.deepcopy(env) for _ in range(2)]
    assert len({profit(twin) for twin in (*twins, env)}) == 1


def test_the_kits_of_pettingzoo_hold(env: Any) -> None:
    from pettingzoo.test import parallel_api_test, parallel_seed_test

    from pricewar.environment import market_env

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(env, num_cycles=8)
    parallel_seed_test(lambda: market_env(SMALL, ("ace",)), num_cycles=3)
