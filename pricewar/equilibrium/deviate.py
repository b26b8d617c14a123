"""From prices that some firm would leave to prices that nobody leaves, or the word that none were found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pricewar.demand.base import Floats

from .game import Game
from .reach import Reached, reach
from .respond import Responses, respond, unbounded

#: Largest gain, as part of a firm's profit, at which it stays.
GAIN = 1e-9
#: What is tried in turn: every leaver at its best response, the keenest only, best responses one after the
#: other, and markups that are a multiple of those found.
_WAYS: tuple[str | float, ...] = (
    *("all", "keenest", "turns") * 2,
    *(5.0, "all", 10.0, "all", 30.0, "all", 2.0, "all", 0.3, "all"),
)
_TURNS = 40
_NEAR = 1e-4
"""Largest relative move of a round of best responses from which the pricing conditions are solved."""
_BACK = 1e-7
"""Largest relative difference of prices that best responses have come back to."""


@dataclass(frozen=True)
class Verdict:
    """Prices reached, the largest gain of a firm that leaves them, and whether they stand."""

    reached: Reached
    gain: float = float("nan")
    deviations: int = 0
    reason: str = ""
    stands: bool = True


def settle(game: Game, reached: Reached, tol: float, most: int, accelerate: bool) -> Verdict:
    """Check `reached`; where a firm gains by leaving, go on from its best response until nobody does."""
    if unbounded(game):
        if not reached.converged:
            return Verdict(reached)
        text = "some buyers pay any price, so no price without a cap is best: the answer is a local one"
        return Verdict(reached, np.inf, reason=text)
    return _Settling(game, tol, most, accelerate).run(reached)


class _Settling:
    """Rounds of deviation and solution; what they cost is counted in the iterations."""

    def __init__(self, game: Game, tol: float, most: int, accelerate: bool) -> None:
        self.game, self.tol, self.most, self.accelerate = game, tol, most, accelerate
        self.limit = max(GAIN, tol)
        self.rounds, self.used = 0, 0
        self.circle: list[int] = []

    def run(self, reached: Reached) -> Verdict:
        """One way after the other, until nobody gains by leaving."""
        now = best = self._judge(reached)
        for way in _WAYS:
            if now.stands or now.reached.cut_short:
                break
            start = self._start(way, now if now.reached.converged else best)
            if start is not None:
                self.rounds += 1
                now = self._judge(reach(self.game, start, self.tol, self.most, self.accelerate, finish=True))
                best = min(best, now, key=lambda one: one.gain)
        return self._verdict(now if now.stands else best)

    def _judge(self, reached: Reached) -> _Judged:
        self.used += reached.iterations
        if not reached.converged:
            return _Judged(reached, None, np.inf, False)
        responses = respond(self.game, reached.prices, reached.shadow)
        return _Judged(reached, responses, responses.largest, responses.largest <= self.limit)

    def _start(self, way: str | float, judged: _Judged) -> Floats | None:
        """Where to go on (J,); None where there is no deviation to go on from."""
        reached, responses = judged.reached, judged.responses
        if not isinstance(way, str):
            return self._far(way, reached)
        if responses is None:
            return None
        leaves = responses.gains > self.limit
        if way == "keenest":
            leaves = np.arange(leaves.size) == responses.gains.argmax()
        prices = np.where(leaves[self.game.firms], responses.prices, reached.prices)
        return self._turns(prices, reached.shadow) if way == "turns" else prices

    def _far(self, factor: float, reached: Reached) -> Floats:
        """Every markup `factor` times the one found; where none makes sense, of the size of cost."""
        game = self.game
        cost = game.costs / game.keep
        markup = reached.prices - cost
        sound = np.isfinite(markup) & (markup > 0.0)
        size = max(float(np.abs(cost).mean()), 1e-12)
        return np.clip(cost + factor * np.where(sound, markup, size), game.low, game.high)

    def _turns(self, prices: Floats, shadow: Floats) -> Floats:
        """Best responses one at a time, the largest gain first, until they hardly move or go in a circle."""
        been, movers = [prices], []
        for _ in range(_TURNS):
            answers = respond(self.game, prices, shadow)
            if answers.largest <= self.limit:
                return prices
            mover = int(answers.gains.argmax())
            after = np.where(self.game.firms == mover, answers.prices, prices)
            if _apart(after, prices) <= _NEAR:
                return after
            prices = after
            movers.append(mover)
            back = next((turn for turn, old in enumerate(been) if _apart(old, prices) <= _BACK), None)
            if back is not None:
                self.circle = movers[back:]
                return prices
            been.append(prices)
        return prices

    def _verdict(self, judged: _Judged) -> Verdict:
        reached = replace(judged.reached, iterations=self.used)
        if judged.stands:
            return Verdict(reached, judged.gain, self.rounds)
        if judged.responses is None:
            return Verdict(reached, deviations=self.rounds, stands=False)
        firm = self.game.names[int(judged.responses.gains.argmax())]
        reason = (
            f"no equilibrium found in {self.rounds} further starts: at the nearest, firm {firm} gains"
            f" {judged.gain:.3g} of its profit by other prices{self._round_about()}"
        )
        return Verdict(reached, judged.gain, self.rounds, reason, False)

    def _round_about(self) -> str:
        """How long a circle of best responses is and who moves in it; empty where none was met."""
        if not self.circle:
            return ""
        firms = ", ".join(str(self.game.names[mover]) for mover in sorted(set(self.circle)))
        return (
            "; best responses, the keenest first, come back to the same prices after"
            f" {len(self.circle)} moves of firms {firms}"
        )


def _apart(prices: Floats, others: Floats) -> float:
    """Largest difference of two sets of prices (J,), as part of the largest of the second."""
    return float(np.abs(prices - others).max() / np.abs(others).max())


@dataclass(frozen=True)
class _Judged:
    """Prices reached and what leaving them would bring; no responses where conditions were not reached."""

    reached: Reached
    responses: Responses | None
    gain: float
    stands: bool
