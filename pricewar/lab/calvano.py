"""Calvano, Calzolari, Denicolo and Pastorello (2020): Q-learning firms in a logit market."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from . import figures
from .benchmarks import LogitMarket
from .diagnosis import Diagnosis, diagnose, impulse_response
from .game import StageGame, logit_game
from .learner import QLearner
from .report import Comparison, Report, clustered_error, standard_error
from .sessions import Sessions, run_sessions
from .settings import Misfit, Number, Numbers, Settings, Sitting, Whole, published_game
from .spurious import panel, verdict

SOURCE = "Calvano, Calzolari, Denicolo, Pastorello (2020), American Economic Review 110(10)"
BASELINE = {
    "mean_gain": 0.849,
    "sd_gain": 0.112,
    "cycles of length 1": 0.643,
    "cycles of length 2": 0.238,
    "cycles of length 3+": 0.119,
    "nash_on_path": 0.505,
    "deviation_unprofitable": 0.936,
    "rival_cut": -0.127,
    "punishment_length": 5.705,
    "q_loss_on_path": 0.002,
    "q_loss": 0.018,
    "mean_periods": 1_751_250.0,
    "mean_price": 1.7914,
}
"""Tables 1 and A8 and the run files of the paper's replication package; mean price from a rerun."""
PUBLISHED: tuple[tuple[dict[str, Any], dict[str, float]], ...] = (
    ({}, BASELINE),
    ({"n": 3}, {"mean_gain": 0.643, "nash_on_path": 0.184, "deviation_unprofitable": 0.882}),
    ({"n": 4}, {"mean_gain": 0.559}),
    ({"costs": (1.0, 0.75)}, {"mean_gain": 0.812, "relative profit ratio": 1.121}),
    ({"costs": (1.0, 0.5)}, {"mean_gain": 0.759, "relative profit ratio": 1.265}),
    ({"costs": (1.0, 0.25)}, {"mean_gain": 0.713, "relative profit ratio": 1.442}),
    ({"mu": 0.5}, {"mean_gain": 0.856, "nash_on_path": 0.331, "deviation_unprofitable": 0.906}),
    ({"mu": 0.1}, {"mean_gain": 0.829, "nash_on_path": 0.660, "deviation_unprofitable": 0.897}),
    ({"mu": 0.01}, {"mean_gain": 0.805, "nash_on_path": 0.654, "deviation_unprofitable": 0.875}),
    ({"m": 50}, {"mean_gain": 0.709}),
    ({"delta": 0.0}, {"mean_gain": 0.21}),
    ({"delta": 0.35}, {"mean_gain": 0.165}),
    ({"delta": 0.5}, {"mean_gain": 0.21}),
    ({"delta": 0.8}, {"mean_gain": 0.50}),
    ({"delta": 0.99}, {"mean_gain": 0.93}),
    ({"delta": 0.0, "memory": 0, "alpha": (0.25,), "beta": (1e-3,)}, {"mean_gain": 0.185}),
    ({"memory": 0}, {"mean_gain": 0.957}),
    ({"memory": 2}, {"mean_gain": 0.574}),
)
"""Settings away from the baseline, and what was published for them."""
PUBLISHED_SESSIONS = 1000
"""Sessions behind each published figure."""
EVENTS = ("cycles of length 1", "cycles of length 2", "cycles of length 3+", "nash_on_path")
"""Shares of sessions: the mean gives the standard deviation."""
MEMORY_2 = "the published figure decodes states in another order than it encodes them"


class Calvano(Settings):
    """Settings of `calvano`."""

    alpha: Numbers = Field((0.15,), description="learning rate, one for all or one per firm")
    beta: Numbers = Field((4e-6,), description="epsilon is exp(-beta t); one for all or one per firm")
    delta: Number = Field(0.95, ge=0, lt=1, description="discount factor")
    n: Whole = Field(2, ge=2, description="firms")
    m: Whole = Field(15, ge=2, description="prices")
    memory: Whole = Field(1, ge=0, description="periods remembered")
    mu: Number = Field(0.25, description="horizontal differentiation of the logit market")
    quality: Numbers = Field((2.0,), description="of the products; a list sets firms apart")
    costs: Numbers = Field((1.0,), description="unit costs; a list sets firms apart")
    outside: Number = Field(0.0, description="value of the outside good")
    xi: Number = Field(0.1, description="the grid reaches this share of (monopoly - Nash) beyond both")
    range: Numbers = Field((), description="lowest and highest price instead of the rule with xi")
    patience: Whole = Field(100_000, ge=1, description="periods at rest that end a session")
    most: Whole = Field(1_000_000_000, ge=1, description="periods after which a session is given up")
    grid: Whole = Field(0, ge=0, description="k > 0: also the mean gain over k x k values of alpha and beta")

    def misfits(self) -> Iterator[Misfit]:
        """Lists of another length than there are firms."""
        if len(self.range) not in (0, 2):
            yield "range", self.range, "two prices, lowest,highest"
        for name in ("quality", "costs"):
            if len(getattr(self, name)) not in (1, self.firms):
                yield name, getattr(self, name), f"one number, or one per firm: {self.firms}"

    @property
    def firms(self) -> int:
        """How many there are: as a list says where `n` is not given."""
        listed = {len(self.quality), len(self.costs)} - {1}
        return listed.pop() if self.n == 2 and len(listed) == 1 else self.n


def market_of(settings: Calvano) -> LogitMarket:
    """The logit market of these settings; one quality or cost stands for all firms."""
    shape = settings.firms
    quality, cost = (tuple(np.broadcast_to(x, shape).tolist()) for x in (settings.quality, settings.costs))
    return LogitMarket(quality, cost, settings.mu, settings.outside)


def game_of(settings: Calvano) -> StageGame:
    """The stage game of these settings; `range` (lowest, highest price) replaces the rule with xi.

    Raises:
        InputError: a range that leaves out the Nash prices.
    """
    low, high = settings.range or (None, None)
    return logit_game(market_of(settings), settings.m, settings.xi, low, high)


def learner_of(settings: Calvano) -> QLearner:
    """The learners of these settings."""
    return QLearner(
        alpha=_one(settings.alpha), beta=_one(settings.beta), delta=settings.delta, memory=settings.memory,
        patience=settings.patience, most=settings.most,
    )  # fmt: skip


def _one(values: tuple[float, ...]) -> float | tuple[float, ...]:
    return values[0] if len(values) == 1 else values


def published_for(settings: Calvano) -> dict[str, float]:
    """What was published for exactly these settings; empty if nothing was."""
    free = {"grid", "most", "patience"}
    mine = settings.model_dump(exclude=free)
    for changed, figures_ in PUBLISHED:
        if mine == Calvano(**changed).model_dump(exclude=free):
            return figures_
    return {}


@published_game("calvano", Calvano, sessions=1000)
def run(s: Calvano, how: Sitting) -> Report:
    """Let sessions learn, diagnose them and lay the published figures beside.

    Args:
        given: s that differ from `DEFAULTS`.
        how.sessions, how.seed, how.exact, how.workers, how.progress: as `run_sessions`.

    Raises:
        InputError: s out of range.
    """
    learner, game = learner_of(s), game_of(s)
    play = run_sessions(
        game,
        learner,
        how.sessions,
        seed=how.seed,
        exact=how.exact,
        workers=how.workers,
        progress=how.progress,
    )
    found = diagnose(play)
    summary = summarise(play, found)
    tables = {"sessions": session_table(play, found), "impulse_response": response_table(play)}
    drawings = {
        "gains": lambda: figures.histogram(found.gain, "profit gain", published_for(s).get("mean_gain")),
        "impulse_response": lambda: figures.responses(tables["impulse_response"], game),
    }
    if s.grid:
        grid = gain_grid(s, how.sessions, how.seed, how.workers)
        tables["gain_grid"] = grid
        drawings["gain_grid"] = lambda: figures.heat(grid)
    checks = panel(play, found, how.seed)
    return Report(
        game="calvano",
        source=SOURCE,
        settings={**s.model_dump(), "sessions": how.sessions, "seed": how.seed, "exact": how.exact},
        comparisons=compare(s, play, found),
        summary={**summary, **checks},
        tables=tables,
        figures=drawings,
        remarks=(verdict(checks), *_warnings(play)),
    )


def summarise(play: Sessions, found: Diagnosis) -> dict[str, Any]:
    """Flat summary; periods to convergence leave out the stretch at rest, as the paper's count does."""
    return {
        "sessions": len(play),
        "converged": float(play.converged.mean()),
        "mean_gain": float(found.gain.mean()),
        "sd_gain": float(found.gain.std()),
        "cycle_shares": list(found.cycle_shares()),
        "nash_on_path": float(found.nash_on_path.mean()),
        "deviation_unprofitable": float(found.unprofitable.mean()),
        "sessions_without_profitable_deviation": float(found.steadfast.mean()),
        "rival_cut": float(found.rival_cut.mean()),
        "punishment_length": float(found.reaction_length.mean()),
        "q_loss_on_path": float(found.q_loss_on_path.mean()),
        "q_loss": float(found.q_loss.mean()),
        "mean_price": float(found.prices.mean()),
        "mean_periods": float((play.periods - play.learner.patience).mean()),
        "first_periods": play.periods[:5].tolist(),
        "periods_per_second": float(play.periods.sum() / play.seconds),
        "seconds": play.seconds,
    }


def compare(settings: Calvano, play: Sessions, found: Diagnosis) -> tuple[Comparison, ...]:
    """Published beside reproduced, with standard errors over sessions."""
    published = published_for(settings)
    shares = [found.cycle_length == 1, found.cycle_length == 2, found.cycle_length >= 3]
    relative = found.profits.mean(axis=0) / play.game.nash_profits
    rows: list[tuple[str, float, float]] = [
        ("mean_gain", found.gain.mean(), standard_error(found.gain)),
        ("sd_gain", found.gain.std(), found.gain.std() / np.sqrt(2 * max(len(play) - 1, 1))),
    ]
    names = ("cycles of length 1", "cycles of length 2", "cycles of length 3+")
    for name, share in zip(names, shares, strict=True):
        rows.append((name, share.mean(), standard_error(share)))
    rows.append(("nash_on_path", found.nash_on_path.mean(), standard_error(found.nash_on_path)))
    deviations = (
        ("deviation_unprofitable", found.unprofitable),
        ("rival_cut", found.rival_cut),
        ("punishment_length", found.reaction_length),
    )
    for name, values in deviations:
        rows.append((name, values.mean(), clustered_error(values, found.deviation_session)))
    rows += [
        ("q_loss_on_path", found.q_loss_on_path.mean(), standard_error(found.q_loss_on_path)),
        ("q_loss", found.q_loss.mean(), standard_error(found.q_loss)),
        ("relative profit ratio", relative[0] / relative[-1], np.nan),
        ("mean_periods", (play.periods - play.learner.patience).mean(), standard_error(play.periods)),
        ("mean_price", found.prices.mean(), standard_error(found.prices.mean(axis=1))),
    ]
    notes = {"mean_gain": MEMORY_2} if settings.memory == 2 and published else {}
    spread = {
        name: np.sqrt(published[name] * (1.0 - published[name])) for name in EVENTS if name in published
    }
    if "sd_gain" in published:
        spread |= {"mean_gain": published["sd_gain"], "sd_gain": published["sd_gain"] / np.sqrt(2.0)}
    return tuple(
        Comparison(
            name, published.get(name), float(x), float(e), notes.get(name, ""), len(play),
            PUBLISHED_SESSIONS if name in published else None, spread.get(name), _unit(published.get(name)),
        )
        for name, x, e in rows
    )  # fmt: skip


def _unit(figure: float | None) -> float:
    """Of the last digit printed, two decimals or more."""
    if figure is None:
        return 0.0
    return float(10.0 ** -max(2, len(repr(figure).partition(".")[2])))


def session_table(play: Sessions, found: Diagnosis) -> pd.DataFrame:
    """One row per session."""
    table = pd.DataFrame(
        {
            "session": np.arange(1, len(play) + 1),
            "periods": play.periods,
            "converged": play.converged,
            "gain": found.gain,
            "cycle_length": found.cycle_length,
            "nash_on_path": found.nash_on_path,
            "nash_off_path": found.nash_off_path,
            "best_reply_share": found.best_reply_share,
            "q_loss_on_path": found.q_loss_on_path,
            "q_loss": found.q_loss,
        }
    )
    for i in range(play.game.firms):
        table[f"price_{i}"] = found.prices[:, i]
        table[f"profit_{i}"] = found.profits[:, i]
    return table


def response_table(play: Sessions, periods: int = 15) -> pd.DataFrame:
    """Mean prices after a cut to the static best reply, a cut to Nash, and a rise by two steps."""
    parts = []
    for name, deviation in (("best reply", "best-reply"), ("nash", "nash"), ("rise", 2)):
        values = impulse_response(play, deviation, periods).table()
        part = pd.DataFrame(values, columns=["deviator", "rival", "deviator_error", "rival_error"])
        part.insert(0, "period", np.arange(periods + 1))
        part.insert(0, "deviation", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def gain_grid(settings: Calvano, sessions: int, seed: int, workers: int | None = None) -> pd.DataFrame:
    """Mean gain over a grid of alpha in [.025, .25] and beta in [2e-6, 2e-5], as in the paper's Figure 1."""
    game = game_of(settings)
    rows = []
    for alpha in np.linspace(0.025, 0.25, settings.grid):
        for beta in np.linspace(2e-6, 2e-5, settings.grid):
            learner = learner_of(
                settings.model_copy(update={"alpha": (float(alpha),), "beta": (float(beta),)})
            )
            gain = diagnose(run_sessions(game, learner, sessions, seed=seed, workers=workers)).gain
            rows.append((alpha, beta, gain.mean(), standard_error(gain)))
    return pd.DataFrame(rows, columns=["alpha", "beta", "gain", "error"])


def _warnings(play: Sessions) -> tuple[str, ...]:
    missing = int((~play.converged).sum())
    text = f"{missing} of {len(play)} sessions had not converged when they were stopped."
    return (text,) if missing else ()
