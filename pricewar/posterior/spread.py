"""What a seed stands for: luck alone, parameters alone, or both.

Seeds of all scenarios of a set of runs are drawn alike: seed s has the same parameters and the same luck in
each of them, so that they differ only by what was changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import pandas as pd

from pricewar.base.errors import InputError, Problem, bad_input
from pricewar.base.keys import Keyed
from pricewar.base.speech import phrase, say
from pricewar.files.digest import short_digest
from pricewar.scenario.tree import SEEDS_ONLY, Scenario, Uncertainty

from .parameters import changes_of
from .sample import Posterior, load_posterior

MODES: Final[tuple[Uncertainty, ...]] = ("luck", "parameters", "both")


class Draw(NamedTuple):
    """What a seed stands for; small enough to be sent to a worker with each run."""

    luck: int
    """Seed of the run's luck."""
    row: int = -1
    """Of the sample, from 0; -1: the scenario as it is stated."""
    values: Mapping[str, float] = {}
    """Parameter -> value."""


@dataclass(frozen=True)
class Spread:
    """What differs between the seeds of a set of runs.

    Attributes:
        uncertainty: what seeds draw in fact.
        posterior: the sample of which parameters are drawn; none where luck alone differs.
        luck: seed of the luck of all runs where only parameters differ.
        asked: what was asked for. Where no sample is known, seeds hold luck alone whatever was asked.
        known_to: name of a scenario, for what is said of it.
    """

    uncertainty: Uncertainty = "luck"
    posterior: Posterior | None = None
    luck: int = 1
    asked: Uncertainty = "luck"
    known_to: str = ""

    def draw(self, seed: int, row: int | None = None) -> Draw:
        """What a seed stands for.

        Args:
            seed: of the run.
            row: number that the row of the sample is counted by; the seed if None.
        """
        if self.posterior is None:
            return Draw(seed)
        luck = seed if self.uncertainty == "both" else self.luck
        at = seed if row is None else row
        return Draw(luck, self.posterior.row(at), self.posterior.values(at))

    @property
    def note(self) -> str:
        """Says so in a line if parameters were asked for and no sample of them is known; else nothing."""
        if self.asked == self.uncertainty:
            return ""
        text = phrase("{scenario} names no sample of its parameters (posterior): seeds hold luck alone")
        return say(text, scenario=self.known_to)

    @property
    def mark(self) -> dict[str, Any]:
        """What results depend on beside scenarios and seeds; nothing where luck alone differs."""
        if self.posterior is None:
            return {}
        only = {"luck": self.luck} if self.uncertainty == "parameters" else {}
        return {"uncertainty": self.uncertainty, "posterior": self.posterior.digest, **only}

    def digest(self, scenario: Scenario) -> str:
        """Short name of the inputs of a scenario's runs, of the sample too where it is drawn from."""
        if self.posterior is None:
            return scenario.digest
        return short_digest([scenario.digest, list(scenario.fixed), self.mark])

    def table(self, seeds: Iterable[int]) -> pd.DataFrame:
        """Columns seed, draw (row of the sample), and one a parameter; without rows if luck alone differs."""
        if self.posterior is None:
            return pd.DataFrame()
        draws = [(seed, self.draw(seed)) for seed in dict.fromkeys(seeds)]
        return pd.DataFrame([{"seed": seed, "draw": draw.row, **draw.values} for seed, draw in draws])


def spread_of(
    scenarios: Sequence[Scenario], asked: Uncertainty | None = None, usual: Uncertainty = "luck"
) -> Spread:
    """What the seeds of scenarios that are run together stand for.

    Args:
        scenarios: one or more.
        asked: what to draw; None: what the scenarios state, and if they state nothing, `usual`.
        usual: what is drawn if nobody says anything else.

    Raises:
        InputError: scenarios that name different samples or state different things to draw; a sample that is
            not there or not valid.
    """
    if asked is not None and asked not in MODES:
        raise bad_input("uncertainty", ("uncertainty", asked, f"one of {', '.join(MODES)}"))
    stated = list(dict.fromkeys(one.uncertainty for one in scenarios if one.uncertainty is not None))
    if asked is None and len(stated) > 1:
        raise _differ(scenarios, "uncertainty", "the same in all scenarios that are run together")
    wanted: Uncertainty = asked if asked is not None else next(iter(stated), usual)
    first = scenarios[0]
    if wanted == "luck":
        return Spread()
    samples = [_sample(one) for one in scenarios]
    if len({None if one is None else one.digest for one in samples}) > 1:
        raise _differ(scenarios, "posterior", "one sample in all that are run together, or uncertainty luck")
    if samples[0] is None:
        return Spread(asked=wanted, known_to=first.name)
    return Spread(wanted, samples[0], first.seed, wanted, first.name)


def _sample(scenario: Scenario) -> Posterior | None:
    if not scenario.posterior:
        return None
    try:
        return load_posterior(scenario.posterior)
    except InputError as error:
        problems = (Problem(f"posterior, {p.place}", p.found, p.allowed) for p in error.problems)
        source = scenario.posterior if scenario.posterior == error.source else error.source
        raise InputError(f"scenario {scenario.name}, {source}", tuple(problems)) from error


def _differ(scenarios: Sequence[Scenario], field: str, allowed: str) -> InputError:
    found = {one.name: getattr(one, field) or "none" for one in scenarios}
    words = "; ".join(f"{name}: {value}" for name, value in found.items())
    return InputError(f"scenarios {', '.join(found)}", (Problem(field, words, allowed),))


def drawn(scenario: Scenario, draw: Draw) -> Scenario:
    """The scenario of a draw: with its parameters, and with nothing left to draw.

    What the scenario holds `fixed` stays as it is stated. The last few are kept, since scenarios that are
    compared and points of a sweep meet the same draws again.

    Args:
        scenario: which parameters are drawn over.
        draw: a row of its sample.

    Raises:
        InputError: a value does not fit together with the others.
    """
    if draw.row < 0:
        return scenario
    return _drawn(keyed(scenario), tuple(sorted(draw.values.items())))


def keyed(scenario: Scenario) -> Keyed[Scenario]:
    """A scenario that is equal to another of the same name and content, also in what seeds draw of it.

    Args:
        scenario: any.
    """
    return Keyed(
        scenario, (scenario.name, scenario.digest, *(getattr(scenario, name) for name in SEEDS_ONLY))
    )


@lru_cache(maxsize=64)
def _drawn(scenario: Keyed[Scenario], values: tuple[tuple[str, float], ...]) -> Scenario:
    whole = scenario.content
    return whole.but({**changes_of(whole, dict(values)), "posterior": "", "fixed": ()})
