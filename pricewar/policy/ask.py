"""Which bundles to try next: all of them where they are few, else what an evolutionary search proposes.

Both ask for a list of bundles and are told how each did, in the same order every time: with the same answers
they ask for the same bundles, which is what makes a search resumable.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from pricewar.base.arrays import Floats
from pricewar.base.errors import bad_input

from .levers import Bundle


class Asker(Protocol):
    """Asks for bundles."""

    def ask(self) -> list[Bundle]:
        """What to try next; nothing at the end."""

    def tell(self, losses: Floats, lacking: Floats) -> None:
        """How the bundles last asked for did.

        Args:
            losses: (N, K) numbers to make small.
            lacking: (N,) share of futures that lacks to the one wanted; 0 or below: enough.
        """


class Everything:
    """Asks for every bundle, the mildest first."""

    def __init__(self, tops: Sequence[int], together: int) -> None:
        whole = itertools.product(*(range(top + 1) for top in tops))
        self._left: Iterator[Bundle] = iter(sorted(whole, key=lambda bundle: (sum(bundle), bundle)))
        self._together = together

    def ask(self) -> list[Bundle]:
        """The next ones."""
        return list(itertools.islice(self._left, self._together))

    def tell(self, losses: Floats, lacking: Floats) -> None:
        """All are asked for whatever came out."""


class Evolving:
    """NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002) on whole numbers, by pymoo.

    Bundles that meet the targets in enough futures come before those that lack little, and these before
    those that lack much.
    """

    def __init__(self, tops: Sequence[int], together: int, losses: int, seed: int) -> None:
        try:
            from pymoo.algorithms.moo.nsga2 import NSGA2
            from pymoo.core.problem import Problem
            from pymoo.operators.crossover.sbx import SBX
            from pymoo.operators.mutation.pm import PM
            from pymoo.operators.repair.rounding import RoundingRepair
            from pymoo.operators.sampling.rnd import IntegerRandomSampling
            from pymoo.termination import get_termination
        except ImportError as error:
            allowed = (
                f"pymoo (the extra `search`), or `bundles` of {bundles(tops):,}, which tries all of them"
            )
            raise bad_input("search", ("pymoo", "not installed", allowed)) from error
        low, high = np.zeros(len(tops)), np.array(tops, float)
        self._problem = Problem(n_var=len(tops), n_obj=losses, n_ieq_constr=1, xl=low, xu=high, vtype=int)
        mend = RoundingRepair()
        self._algorithm: Any = NSGA2(
            pop_size=together,
            sampling=IntegerRandomSampling(),
            crossover=SBX(prob=0.9, eta=3.0, vtype=float, repair=mend),
            mutation=PM(eta=3.0, vtype=float, repair=mend),
            eliminate_duplicates=True,
        )
        never = get_termination("n_gen", 1_000_000)  # who asks decides when to stop
        self._algorithm.setup(self._problem, termination=never, seed=seed, verbose=False)
        self._asked: Any = None

    def ask(self) -> list[Bundle]:
        """The next generation."""
        self._asked = self._algorithm.ask()
        if self._asked is None:
            return []
        return [tuple(round(x) for x in row) for row in self._asked.get("X")]

    def tell(self, losses: Floats, lacking: Floats) -> None:
        """How it did: who lacks more is worse whatever else it is."""
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        known = StaticProblem(self._problem, F=losses, G=lacking[:, None])
        Evaluator().eval(known, self._asked)
        self._algorithm.tell(infills=self._asked)


def bundles(tops: Sequence[int]) -> int:
    """How many bundles there are, no measure among them."""
    return math.prod(top + 1 for top in tops)


def asker(tops: Sequence[int], most: int, together: int, losses: int, seed: int) -> Asker:
    """Who asks: for everything, if there are no more bundles than may be tried.

    Args:
        tops: greatest strength of each lever.
        most: bundles that may be tried.
        together: bundles asked for at a time.
        losses: numbers to make small.
        seed: of the search.

    Raises:
        InputError: a search is needed and pymoo is not installed.
    """
    if bundles(tops) - 1 <= most:
        return Everything(tops, together)
    return Evolving(tops, together, losses, seed)
