"""Nobody keeps a model that has run: memory does not grow with the number of runs."""

from __future__ import annotations

import gc
import resource
import sys
from collections.abc import Callable
from typing import Any

import mesa
import pytest
from conftest import Tree, tiny

from pricewar.backtest.simulate import simulate as simulate_draws
from pricewar.experiment.work import Item, Simulate
from pricewar.market.agents import Counters
from pricewar.market.model import PriceWar
from pricewar.policy import policy_from
from pricewar.policy.study import Future
from pricewar.runs import compare, run
from pricewar.scenario.tree import Scenario

CUT: Tree = {"kind": "Cut", "month": "2025-02", "until": "2025-04", "firm": "ace", "depth": 0.3}


def small(name: str = "small", **parts: Any) -> Scenario:
    return tiny({"consumers.draws": 50, "name": name}, periods=4, **parts)


def experiment() -> None:
    work = Simulate(base=small(events=[CUT]), but_for=small("peace"), metrics=("welfare",), keep_tables=True)
    for seed in (1, 2):
        work(Item(run=seed, point=0, seed=seed))


def policy() -> None:
    uncertain = {"kind": "uniform", "low": -4.0, "high": -3.0}
    spec = policy_from(
        {
            "name": "small",
            "base": small(events=[CUT]),
            "but_for": small("peace"),
            "factors": {"elasticity": {"path": "demand.own_elasticity", "distribution": uncertain}},
            "draws": 2,
            "measures": {"ban": [{"kind": "BelowCostBan", "line": "full"}]},
        },
        "small",
    )
    Future(spec)(Item(run=0, point=0, seed=1))


def page() -> None:
    from pricewar.app.playback import frame

    frame(small(events=[CUT]))


def game() -> None:
    pytest.importorskip("tomli_w", reason="the extra `app` is not installed")
    from pricewar.app.game import Game
    from pricewar.app.game_rules import GameRules

    played = Game(GameRules(firms=3, rounds=3, seconds=30))
    played.join("Team")
    played.order(played.teacher_token, "start", 0.0)
    for _ in range(3):
        played.order(played.teacher_token, "next", 1.0)


def environment() -> None:
    pytest.importorskip("pettingzoo", reason="the extra `rl` is not installed")
    from pricewar.environment import market_env

    env = market_env(small(), ("ace",))
    for seed in (1, 2):
        env.reset(seed=seed)
        env.step({"ace": env.action_space("ace").sample()})


def batch() -> None:
    mesa.batch_run(PriceWar, {"setting": [small()], "seed": [1, 2]}, display_progress=False)


def compared() -> None:
    compare([small("war", events=[CUT]), small("peace")], seeds=2)


WAYS: dict[str, Callable[[], Any]] = {
    "run": lambda: run(small(), seeds=2),
    "compare": compared,
    "a failed run": lambda: run(small(**{"demand.price_sensitivity": 1.0})),
    "experiment": experiment,
    "policy": policy,
    "backtest": lambda: simulate_draws(small(), [{}, {"demand.own_elasticity": -3.0}], 1),
    "page": page,
    "game": game,
    "environment": environment,
    "mesa.batch_run": batch,
    "a model that is left half way": lambda: PriceWar(small()).step(),
}


def living() -> int:
    gc.collect()
    return sum(isinstance(thing, PriceWar) for thing in gc.get_objects())


@pytest.mark.parametrize("way", WAYS)
def test_no_model_lives_on(way: str) -> None:
    before = living()
    WAYS[way]()
    assert living() == before


def test_agents_have_the_numbers_that_mesa_gives_them() -> None:
    one, other = PriceWar(small()), PriceWar(small())
    numbers = [[agent.unique_id for agent in model.agents] for model in (one, other)]
    assert numbers[0] == numbers[1] == list(range(1, len(one.agents) + 1))
    late = mesa.Agent(one)
    assert late.unique_id == len(numbers[0]) + 1


def test_other_peoples_models_are_forgotten_too() -> None:
    class Model(mesa.Model):  # type: ignore[misc]
        pass

    def use() -> list[int]:
        model = Model()
        return [mesa.Agent(model).unique_id for _ in range(3)]

    assert use() == use() == [1, 2, 3]
    gc.collect()
    assert not any(isinstance(thing, Model) for thing in gc.get_objects())


def test_counters_count_from_one_for_each_model_and_go_with_it() -> None:
    class Key:
        pass

    counters, one, other = Counters(), Key(), Key()
    assert [next(counters[one]), next(counters[one]), next(counters[other])] == [1, 2, 1]
    del one
    gc.collect()
    assert len(counters) == 1


def test_games_that_are_forgotten_leave_nothing() -> None:
    pytest.importorskip("tomli_w", reason="the extra `app` is not installed")
    from pricewar.app.debrief import debrief
    from pricewar.app.hall import IDLE, Hall
    from pricewar.app.session_rules import SessionRules

    hall = Hall()

    def evening(now: float) -> int:
        """Four games from the door to the debrief, then forgotten; blocks of memory that are held after."""
        for _ in range(4):
            game = hall.open(SessionRules(firms=4, rounds=3, seconds=30), now).session
            seats = [game.join(name).token for name in ("Ann", "Cy")]
            game.order(game.teacher_token, "start", now)
            for month in range(3):
                for token in seats:
                    game.decide(token, month, 170_000.0, 0.0, now)
            debrief(game.games["A"])
        hall._forget(now + 2 * IDLE)
        gc.collect()
        return sys.getallocatedblocks()

    evening(0.0)  # what is worked out once and kept
    before = evening(3 * IDLE)
    assert max(evening(3 * IDLE * day) for day in range(2, 5)) - before < 500


@pytest.mark.slow
def test_memory_stays_flat_over_hundreds_of_runs() -> None:
    def rss() -> float:
        gc.collect()
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1024 if sys.platform != "darwin" else 1024**2)

    scenario = small()
    for seed in range(50):
        run(scenario, seeds=[seed])
    before = rss()
    for seed in range(50, 350):
        run(scenario, seeds=[seed])
    assert rss() - before < 15.0, "MB"
