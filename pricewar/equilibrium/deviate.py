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
_DEVIATIONS = 24
_TURNS = 40
_NEAR = 1e-4
"""Largest relative move of a round of best responses from which the pricing conditions are solved."""


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
        text = "some buyers pay any price, so no price without a cap is best: the answer is a local one"
        return Verdict(reached, np.inf, reason=text)
    return _Settling(game, tol, most, accelerate).run(reached)


class _Settling:
    """Rounds of deviation and solution; what they cost is counted in the iterations."""

    def __init__(self, game: Game, tol: float, most: int, accelerate: bool) -> None:
        self.game, self.tol, self.most, self.accelerate = game, tol, most, accelerate
        self.limit = max(GAIN, tol)
        self.rounds = 0

    def run(self, reached: Reached) -> Verdict:
        """All leavers at once, then one at a time, then best responses round after round."""
        first, responses = reached, self._respond(reached)
        best = (responses.largest, reached, responses)
        for turn in range(_DEVIATIONS):
            if responses.largest <= self.limit:
                return Verdict(reached, responses.largest, self.rounds)
            start = self._start(turn, reached, responses)
            found = reach(self.game, start, self.tol, self.most, self.accelerate, finish=True)
            self.rounds += 1
            found = replace(found, iterations=reached.iterations + found.iterations)
            if not found.converged:
                reached, responses = replace(first, iterations=found.iterations), best[2]
                continue
            reached, responses = found, self._respond(found)
            best = min(best, (responses.largest, reached, responses), key=lambda one: one[0])
        return self._refused(*best)

    def _respond(self, reached: Reached) -> Responses:
        return respond(self.game, reached.prices, reached.shadow)

    def _start(self, turn: int, reached: Reached, responses: Responses) -> Floats:
        leaves = responses.gains > self.limit
        if turn % 3 == 1:
            leaves = np.arange(leaves.size) == responses.gains.argmax()
        prices = np.where(leaves[self.game.firms], responses.prices, reached.prices)
        return self._turns(prices, reached.shadow) if turn % 3 == 2 else prices

    def _turns(self, prices: Floats, shadow: Floats) -> Floats:
        """Best responses in turn, the largest gain first, until they hardly move."""
        for _ in range(_TURNS):
            answers = respond(self.game, prices, shadow)
            if answers.largest <= self.limit:
                return prices
            mover = int(answers.gains.argmax())
            after = np.where(self.game.firms == mover, answers.prices, prices)
            if np.abs(after - prices).max() <= _NEAR * np.abs(prices).max():
                return after
            prices = after
        return prices

    def _refused(self, gain: float, reached: Reached, responses: Responses) -> Verdict:
        firm = self.game.names[int(responses.gains.argmax())]
        reason = (
            f"no equilibrium found in {self.rounds} deviations: at the nearest, firm {firm} gains {gain:.3g}"
            " of its profit by other prices"
        )
        return Verdict(reached, gain, self.rounds, reason, False)
