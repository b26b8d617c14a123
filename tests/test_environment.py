"""The market as a PettingZoo environment: the kit of PettingZoo, and that it is the market and no other."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from pricewar import PriceWar, Scenario, load
from pricewar.base.errors import InputError

pytest.importorskip("pettingzoo", reason="the environment needs the extra rl (pettingzoo, gymnasium)")

from pettingzoo.test import parallel_api_test, parallel_seed_test

from pricewar.environment import MarketEnv, market_env

BOTH = ("left", "right")


def duopoly(**changes: Any) -> Scenario:
    return load("textbook-duopoly").but({"events": [], "periods": 8, **changes})


def say(env: MarketEnv, change: float) -> dict[str, Any]:
    return {key: np.full(env.action_space(key).shape, change, np.float32) for key in env.agents}


@pytest.mark.parametrize("per_product", [False, True])
def test_pettingzoos_own_kit(per_product: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(market_env(duopoly(), BOTH, per_product=per_product), num_cycles=20)
    assert "Passed" in capsys.readouterr().out


def test_pettingzoos_seed_test() -> None:
    noisy = duopoly(**{"noise.market_sd": 0.1, "noise.view_sd": 0.05})
    parallel_seed_test(lambda: market_env(noisy, BOTH), num_cycles=8)


def test_the_kit_with_the_shipped_market(capsys: pytest.CaptureFixture[str]) -> None:
    setting = load("premium-defence").but({"periods": 3, "consumers.draws": 100})
    parallel_api_test(market_env(setting, ("tesla", "nio")), num_cycles=4)
    env = market_env(setting, ("tesla", "nio"), per_product=True)
    assert env.action_space("nio").shape == (len(PriceWar(setting, collect=False).landscape.own(12)),)


def test_seed_of_reset_moves_the_luck() -> None:
    env = market_env(duopoly(**{"noise.market_sd": 0.2}), ("left",), seed=5)

    def profit(**kwargs: int) -> float:
        env.reset(**kwargs)
        return env.step(say(env, 0.0))[1]["left"]

    first = profit()
    assert profit(seed=6) != first
    assert profit(seed=5) == first


def test_steering_gives_the_market_of_a_script() -> None:
    """The same prices by a scenario file and by actions give the same months to the last bit."""
    setting = duopoly(**{"noise.market_sd": 0.1})
    product = [name for name, p in setting.products.items() if p.firm == "left"]
    table = {setting.month(t): dict.fromkeys(product, -0.02 * t) for t in range(8)}
    scripted = setting.but({"firms.left.strategy": {"kind": "Scripted", "table": table}})
    model = PriceWar(scripted, seed=4, collect=False).run_model()
    env = market_env(setting, ("left",), seed=4)
    env.reset()
    for t in range(8):
        _, rewards, _, over, infos = env.step({"left": np.array([-0.02 * t])})
        profit = model.history[t].accounts.operating_profit[0]
        assert infos["left"]["operating_profit"] == pytest.approx(profit, rel=1e-12)
        revenue = sum(p.price * p.units for p in setting.products.values() if p.firm == "left")
        assert rewards["left"] == pytest.approx(profit * (1 + setting.market.vat) / revenue)
        assert over["left"] == (t == 7)
    assert not env.agents


def test_what_a_firm_is_told_is_its_own_and_late() -> None:
    env = market_env(duopoly(**{"noise.view_lag": 3}), BOTH)
    start, _ = env.reset()
    n = len(PriceWar(duopoly(), collect=False).landscape.own(0))
    assert start["left"][: 2 * n] == pytest.approx(0.0)  # price and cost as at the start
    for month in range(1, 6):
        told, *_ = env.step({**say(env, 0.0), "right": np.array([-0.2])})
        assert told["left"][0] == pytest.approx(0.0)
        assert told["right"][0] == pytest.approx(-0.2)
        assert told["left"][5 * n] == pytest.approx(-0.2 if month > 3 else 0.0)  # rivals, three months late


def test_a_measure_that_shows_prices_reaches_the_agents_and_nothing_else() -> None:
    """Disclosure undoes the lag in what is told, and looking does not change the months."""
    shown = {"interventions": [{"kind": "DiscountDisclosure"}, {"kind": "NoticePeriod", "months": 2}]}
    setting = duopoly(**{"noise.view_lag": 3, "noise.market_sd": 0.1}, **shown)
    env = market_env(setting, ("left",), seed=2)
    env.reset()
    n = sum(product.firm == "left" for product in setting.products.values())
    model = PriceWar(setting, seed=2, collect=False)
    for _ in range(7):
        infos = env.step({"left": np.array([0.0])})[4]
        model.step()
        assert model.accounts is not None
        assert infos["left"]["operating_profit"] == model.accounts.operating_profit[0]
    late = market_env(duopoly(**{"noise.view_lag": 3}), BOTH)
    soon = market_env(duopoly(**{"noise.view_lag": 3}, interventions=[{"kind": "DiscountDisclosure"}]), BOTH)
    for env, seen in ((late, 0.0), (soon, -0.2)):
        env.reset()
        told = env.step({**say(env, 0.0), "right": np.array([-0.2])})[0]
        assert told["left"][5 * n] == pytest.approx(seen)


def test_who_says_nothing_keeps_his_prices_and_too_much_is_cut_off() -> None:
    env = market_env(duopoly(), BOTH, low=-0.1, high=0.1)
    env.reset()
    env.step({"left": np.array([-0.5])})
    infos = env.step({})[4]
    assert infos["left"]["price_change"] == pytest.approx(-0.1)
    assert infos["right"]["price_change"] == pytest.approx(0.0)


def test_a_firm_without_cash_is_terminated_and_the_others_go_on() -> None:
    broke = {"firms.left.cash": 0.0, "firms.left.fixed_cost": 1e12, "firms.left.months_to_exit": 2}
    env = market_env(duopoly(**broke), BOTH)
    env.reset()
    env.step(say(env, 0.0))
    _, rewards, gone, over, _ = env.step(say(env, 0.0))
    assert gone == {"left": True, "right": False}
    assert not any(over.values())
    assert rewards["left"] < 0
    assert env.agents == ["right"]
    assert set(env.step(say(env, 0.0))[0]) == {"right"}


@pytest.mark.parametrize(
    ("firms", "ends", "said"),
    [
        (("nobody",), (-0.1, 0.1), "one of left, right"),
        ((), (-0.1, 0.1), "one or more"),
        (("left", "left"), (-0.1, 0.1), "different firms"),
        ("left", (-0.1, 0.1), "a list"),
        (("left",), (-1.0, 0.1), "-1 < low < high"),
        (("left",), (0.2, 0.1), "-1 < low < high"),
    ],
)
def test_bad_environments_are_refused(firms: Any, ends: tuple[float, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        market_env(duopoly(), firms, low=ends[0], high=ends[1])


@pytest.mark.parametrize("action", [np.array([0.1, 0.2]), np.array([np.nan]), np.float64(0.1)])
def test_bad_actions_are_refused(action: Any) -> None:
    env = market_env(duopoly(), BOTH)
    env.reset()
    with pytest.raises(InputError, match=r"left.*finite numbers of shape \(1,\)"):
        env.step({"left": action})
