"""Test kit for your own mechanisms: a market with a cut in it, and what every mechanism must pass."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np

from pricewar.base.arguments import takes
from pricewar.base.errors import PricewarError
from pricewar.base.rules import make_rule
from pricewar.market.model import PriceWar
from pricewar.scenario.files import Source, load
from pricewar.scenario.own_mechanism import OwnMechanism
from pricewar.scenario.tree import Scenario

NAME = "mechanism_that_is_tried"
LONGEST = 12
"""Months of the market in which a mechanism is tried."""


@takes(rule=OwnMechanism)
def check_mechanism(rule: OwnMechanism, setting: Source = "textbook-duopoly") -> None:
    """Put a mechanism through a market at rest and through a war in it.

    It must leave the market at rest before the first month; answer with numbers of the right shape; write to
    nothing but its notebook, which must pickle; be picklable itself; survive the way to a table and back; and
    give the same run twice.

    Args:
        rule: the mechanism, with its parameters.
        setting: a scenario, or its name, in which it is tried for up to a year.

    Raises:
        AssertionError: naming every check that failed.
    """
    problems = [*_frozen(rule), *_runs(rule, load(setting))]
    assert not problems, f"{rule.kind}: " + "; ".join(problems)


def _frozen(rule: OwnMechanism) -> Iterator[str]:
    if pickle.loads(pickle.dumps(rule)) != rule:
        yield "pickling changes it"
    if make_rule(rule.model_dump(), "pricewar.scenario.own_mechanism", OwnMechanism) != rule:
        yield "its table form makes another mechanism"


def _runs(rule: OwnMechanism, setting: Scenario) -> Iterator[str]:
    try:
        war = _war(setting.but({f"dynamics.{NAME}": rule, "periods": min(setting.periods, LONGEST)}))
        yield from _writes(rule, PriceWar(setting, collect=False))
        first = PriceWar(war, collect=False).run_model()
        second = PriceWar(war, collect=False).run_model()
    except PricewarError as error:
        yield str(error)
        return
    pairs = zip(first.history, second.history, strict=True)
    if not all(np.array_equal(one.sales.orders, other.sales.orders) for one, other in pairs):
        yield "the same run comes out otherwise the second time"
    try:
        pickle.dumps(first.state.notebooks[NAME])
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        yield f"its notebook does not pickle: {error}"


def _war(setting: Scenario) -> Scenario:
    """The market with a cut of a fifth by its first firm from the second month on, and nothing else."""
    cut = {"kind": "Cut", "firm": next(iter(setting.firms)), "month": setting.month(1), "depth": 0.2}
    return setting.but({"events": [cut], "interventions": []})


def _writes(rule: OwnMechanism, model: PriceWar) -> Iterator[str]:
    """Call each method after the first month of a market that does not know the rule; look at the state."""
    model.step()
    assert model.sales is not None
    before, state = copy.deepcopy(model.state), model.state
    memory: dict[str, Any] = {}
    rule.appeal(state, model.offers, memory)
    rule.burden(state, model.offers, memory)
    rule.shoppers(state, model.offers, memory)
    rule.remember(state, model.offers, model.sales, memory)
    changed = [name for name, was in vars(before).items() if not _same(was, getattr(state, name))]
    if changed:
        yield f"it writes to the state: {', '.join(changed)}"


def _same(was: object, now: object) -> bool:
    if isinstance(was, np.ndarray):
        return np.array_equal(was, np.asarray(now))
    return not isinstance(was, (int, float)) or was == now


__all__ = ["check_mechanism"]
