"""Learning sessions and their diagnosis, against the published tables."""

from __future__ import annotations

import numpy as np
import pytest

from pricewar.base.errors import InputError
from pricewar.lab.benchmarks import LogitMarket
from pricewar.lab.calvano import BASELINE, Calvano, learner_of, published_for, run
from pricewar.lab.diagnosis import diagnose, impulse_response
from pricewar.lab.game import logit_game
from pricewar.lab.learner import QLearner, check_memory
from pricewar.lab.sessions import run_sessions
from pricewar.lab.spurious import pair_across, panel, verdict

GAME = logit_game(LogitMarket((2.0, 2.0), (1.0, 1.0)))


@pytest.fixture(scope="module")
def exact():
    return run_sessions(GAME, QLearner(), 40, exact=True)


@pytest.fixture(scope="module")
def fast():
    return run_sessions(GAME, QLearner(), 40, seed=11)


def test_published_means_lie_within_four_standard_errors(exact, fast):
    for play in (exact, fast):
        found = diagnose(play)
        for name, values in (
            ("mean_gain", found.gain),
            ("nash_on_path", found.nash_on_path),
            ("mean_periods", play.periods - 100_000),
            ("mean_price", found.prices.mean(axis=1)),
            ("q_loss", found.q_loss),
        ):
            error = np.std(values, ddof=1) / np.sqrt(len(play))
            assert abs(np.mean(values) - BASELINE[name]) < 4 * error + 5e-4, name
        pays = [~found.unprofitable[found.deviation_session == k] for k in range(len(play))]
        np.testing.assert_array_equal(found.steadfast, [not any(p) for p in pays])
        assert found.unprofitable.mean() == pytest.approx(0.936, abs=0.06)
        assert found.rival_cut.mean() == pytest.approx(-0.127, abs=0.03)
        assert found.reaction_length.mean() == pytest.approx(5.7, abs=1.0)


def test_impulse_response_falls_and_recovers(exact):
    table = impulse_response(exact, periods=10).table()
    published = np.array([1.791, 1.611, 1.566, 1.574, 1.638, 1.694, 1.733, 1.764, 1.777, 1.785, 1.786])
    assert np.all(np.abs(table[:, 0] - published) < 4 * table[:, 2] + 0.005)
    rise = impulse_response(exact, 2, 10).table()
    assert rise[1, 0] > rise[0, 0]
    assert rise[2, 1] < rise[0, 1]  # raising alone breaks the understanding as well
    still = impulse_response(exact, 0, 4)
    assert np.isfinite(still.deviator).all()
    with pytest.raises(InputError):
        impulse_response(exact, "sideways")


def test_strangers_collude_less_and_the_verdict_names_punishment(exact):
    checks = panel(exact, diagnose(exact))
    assert checks["gain_among_strangers"] < checks["gain"] - 0.05
    assert verdict(checks).startswith("Collusion")
    assert len(pair_across(exact)) == len(exact)


def test_high_prices_without_memory_are_called_spurious():
    play = run_sessions(GAME, QLearner(memory=0), 8)
    found = diagnose(play)
    assert found.gain.mean() == pytest.approx(0.957, abs=0.06)
    assert verdict(panel(play, found)).startswith("Spurious")


def test_myopic_learners_are_called_competitive():
    report = run({"delta": 0, "memory": 0, "alpha": 0.25, "beta": 1e-3}, sessions=60)
    gain = next(c for c in report.comparisons if c.quantity == "mean_gain")
    assert gain.published == 0.185
    assert abs(gain.reproduced - 0.185) < 4 * gain.error
    assert report.remarks[0].startswith("Competitive")


def test_the_less_efficient_firm_gains_more():
    report = run({"costs": "1,.25"}, sessions=30)
    ratio = next(c for c in report.comparisons if c.quantity == "relative profit ratio")
    assert ratio.published == 1.442
    assert ratio.reproduced == pytest.approx(1.442, abs=0.08)


def test_published_figures_are_only_shown_for_their_settings():
    def settings(**given):
        return Calvano.read("calvano", given)

    assert published_for(settings())["mean_gain"] == 0.849
    assert published_for(settings(m=50))["mean_gain"] == 0.709
    assert published_for(settings(m=51)) == {}
    assert published_for(settings(mu=0.1, n=3)) == {}
    assert learner_of(settings(alpha="0.1,0.2")).per_firm(2)[0].tolist() == [0.1, 0.2]


def test_lists_say_how_many_firms_there_are():
    quick = {"beta": 1e-2, "patience": 50, "m": 4}
    assert run({**quick, "quality": "2,2.1,2.2"}, sessions=1).tables["sessions"].shape[1] == 16
    with pytest.raises(InputError):
        run({**quick, "quality": "2,2.1,2.2", "costs": "1,1"}, sessions=1)


def test_a_session_stopped_early_is_said_to_be():
    report = run({"most": 2000, "patience": 1000}, sessions=2)
    assert report.summary["converged"] == 0.0
    assert "had not converged" in report.remarks[1]


@pytest.mark.parametrize(
    "given",
    [
        {"delta": 1},
        {"delta": -0.1},
        {"m": 1},
        {"n": 1},
        {"xi": -0.2},
        {"range": "1.6,1.9"},
        {"range": "1.6"},
        {"memory": 6},
        {"alpha": 0},
        {"beta": -1},
        {"costs": "1,2,3", "n": 4},
        {"alpha": ".1,.2,.3"},
        {"mu": 0},
        {"unknown": 1},
        {"m": 2.5},
        {"delta": "high"},
    ],
)
def test_bad_input_is_refused_before_anything_runs(given):
    with pytest.raises(InputError):
        run(given, sessions=1)


def test_no_session_and_too_little_memory():
    with pytest.raises(InputError):
        run_sessions(GAME, QLearner(), 0)
    with pytest.raises(InputError, match="GiB"):
        check_memory(GAME, 1, workers=1, available=100_000)
    check_memory(GAME, 1, workers=1, available=1_000_000)
