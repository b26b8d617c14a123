"""The campaign rule of a run as it is asked: answers are checked, and errors are told with their place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from pricewar.base.errors import RuleError, shown
from pricewar.base.own_code import FAILURES, blame
from pricewar.base.records import Flags, Floats
from pricewar.campaigns import Board, CampaignRule, Draws, Plan
from pricewar.campaigns.base import KINDS, LIST

NUMBERS: Final = {
    "size": "above 0 and below 1",
    "bite": "0 to 1",
    "kind": f"a position in {', '.join(KINDS)}: 0 to {len(KINDS) - 1}",
    "coverage": "0 to 1",
    "days": "above 0, and finite unless it is a list cut",
    "trigger": "the position of another firm, or -1 for a leader",
}
"""What the fields of a `Plan` must be for each firm that is drawn."""


TYPES: Final = {
    name: np.dtype({"drawn": np.bool_, "kind": np.int64, "trigger": np.int64}.get(name, np.float64))
    for name in ("drawn", *NUMBERS)
}
"""What they are made of."""
FOR_MANY: Final = ("expected_answers", "follow_odds")
"""Methods that must all be able to answer for several firms, or they are asked for one after the other."""


class Asked:
    """A campaign rule whose answers have the shapes and ranges that the market needs.

    Each method is the rule's own of that name and raises `RuleError`, which names rule, method and month, if
    the rule raises anything (with file and line of the user's code), or if its answer is not what the rule's
    base says: every fault of the answer at once.
    """

    def __init__(self, rule: CampaignRule, firms: tuple[str, ...]) -> None:
        self.rule, self.firms, self.shape = rule, firms, (len(firms),)
        self.horizon, self.edition_keeps = rule.horizon, rule.edition_keeps
        self.many = all(hasattr(getattr(rule, name, None), "for_many") for name in FOR_MANY)
        self.nothing: Plan = Plan.none(len(firms))

    def lead_plan(self, board: Board, draws: Draws) -> Plan:
        """Campaigns that firms start of their own accord."""
        return self._plan("lead_plan", board, partial(self.rule.lead_plan, board, draws))

    def follow_plan(self, board: Board, draws: Draws, announced: Floats, answer: int) -> Plan:
        """Campaigns that answer others."""
        return self._plan(
            "follow_plan", board, partial(self.rule.follow_plan, board, draws, announced, answer)
        )

    def willing(self, board: Board, gain: Floats, contribution: Floats, draws: Draws) -> Flags:
        """(F,) which of the campaigns drawn are launched."""
        return self._flags("willing", board, partial(self.rule.willing, gain, contribution, draws))

    def renews(self, board: Board, draws: Draws) -> Flags:
        """(F,) which firms renew their limited-time offers that end this month."""
        return self._flags("renews", board, partial(self.rule.renews, board, draws))

    def expected_answers(self, board: Board, firms: list[int], sizes: list[float]) -> Floats:
        """(n, F) cuts of transaction prices that n firms expect of their rivals, 0 to below 1."""
        if self.many:
            return self._cuts(board, np.array(firms), np.array(sizes), (len(firms), len(self.firms)))
        asked = zip(firms, sizes, strict=True)
        return np.array([self._cuts(board, f, size, self.shape) for f, size in asked])

    def _cuts(self, board: Board, firm: Any, size: Any, shape: tuple[int, ...]) -> Floats:
        given = self._told("expected_answers", board, partial(self.rule.expected_answers, board, firm, size))
        cuts = _array(given)
        if cuts.dtype.kind not in "iuf" or cuts.shape != shape or not _within(cuts).all():
            allowed = f"{len(self.firms)} numbers from 0 to below 1, one a firm"
            self._refuse("expected_answers", board, f"found {shown(given, 80)}; allowed: {allowed}")
        return cuts.astype(np.float64, copy=False)

    def unit_value(self, board: Board, firm: int) -> float:
        """What one more unit is worth to a firm beyond its margin, as a share of its price."""
        return self._number("unit_value", board, partial(self.rule.unit_value, board, firm))

    def later_value(self, board: Board, firm: int, growth: float) -> float:
        """Months of contribution that a share is worth after the campaign."""
        return self._number("later_value", board, partial(self.rule.later_value, board, firm, growth))

    def _number(self, method: str, board: Board, call: Callable[[], Any]) -> float:
        given = self._told(method, board, call)
        if type(given) is float and math.isfinite(given):
            return given
        value = _array(given)
        if value.dtype.kind not in "iuf" or value.shape != () or not np.isfinite(value):
            self._refuse(method, board, f"found {shown(given, 80)}; allowed: one finite number")
        return float(value)

    def _flags(self, method: str, board: Board, call: Callable[[], Any]) -> Flags:
        given = self._told(method, board, call)
        flags = _array(given)
        if flags.dtype.kind != "b" or flags.shape != (len(self.firms),):
            allowed = f"{len(self.firms)} flags, true or false, one a firm"
            self._refuse(method, board, f"found {shown(given, 80)}; allowed: {allowed}")
        return flags

    def _plan(self, method: str, board: Board, call: Callable[[], Any]) -> Plan:
        given = self._told(method, board, call)
        if not isinstance(given, Plan):
            self._refuse(method, board, f"found {shown(given, 80)}; allowed: a pricewar.campaigns.Plan")
        if given is self.nothing:  # many rounds of many months
            return given
        held = {name: getattr(given, name) for name in TYPES}
        if _as_needed(held, self.shape):
            self._check_range(method, held, board)
            return given  # what is right as it is needs no copy
        arrays = {name: _array(values) for name, values in held.items()}
        faults = list(self._misshapen(arrays))
        if faults:
            self._refuse(method, board, "; ".join(faults))
        self._check_range(method, arrays, board)
        return given.but(**{name: values.astype(TYPES[name]) for name, values in arrays.items()})

    def _misshapen(self, arrays: dict[str, NDArray[Any]]) -> Iterator[str]:
        many = len(self.firms)
        for name, values in arrays.items():
            kinds, words = ("b", "flags, true or false") if name == "drawn" else ("iuf", "numbers")
            if values.dtype.kind not in kinds or values.shape != (many,):
                found = f"{values.dtype} of shape {values.shape}"
                yield f"{name}: found {found}; allowed: {many} {words}, one a firm"

    def _check_range(self, method: str, arrays: dict[str, NDArray[Any]], board: Board) -> None:
        """Refuse what is out of range of what is said of the firms drawn; the rest counts for nothing."""
        at = arrays["drawn"].nonzero()[0]
        said = {name: arrays[name][at].tolist() for name in NUMBERS}
        drawn = at.tolist()
        fits = [_fits(f, len(self.firms), *one) for f, *one in zip(drawn, *said.values(), strict=True)]
        if all(map(all, fits)) and board.able[at].all():
            return
        allowed = "firms that Board.able says can start one now"
        faults = [f"drawn: found {self.firms[f]}; allowed: {allowed}" for f in drawn if not board.able[f]]
        faults += [
            f"{name} of {self.firms[f]}: found {shown(value)}; allowed: {NUMBERS[name]}"
            for place, (name, values) in enumerate(said.items())
            for f, value, fit in zip(drawn, values, fits, strict=True)
            if not fit[place]
        ]
        self._refuse(method, board, "; ".join(faults))

    def _told(self, method: str, board: Board, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except FAILURES as error:
            blame(error, self.rule.kind, _where(method, board))
            raise

    def _refuse(self, method: str, board: Board, what: str) -> NoReturn:
        raise RuleError(f"{self.rule.kind} {_where(method, board)}: {what}")


def _where(method: str, board: Board) -> str:
    return f"(campaigns.rule, {method}) in {board.month}"


def _array(given: Any) -> NDArray[Any]:
    """What a rule gave, as an array; one of objects where it is none."""
    try:
        return np.asarray(given)
    except (TypeError, ValueError):  # rows of several lengths
        return np.asarray(None)


def _as_needed(held: dict[str, Any], shape: tuple[int, ...]) -> bool:
    """Whether all are arrays of this shape, made of what `TYPES` says."""
    for name, values in held.items():
        if type(values) is not np.ndarray or values.dtype != TYPES[name] or values.shape != shape:
            return False
    return True


def _within(cuts: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((cuts >= 0) & (cuts < 1))


def _fits(
    own: int, firms: int, size: float, bite: float, kind: float, coverage: float, days: float, trigger: float
) -> tuple[bool, ...]:
    """Whether what is said of one firm, at the position `own`, is what `NUMBERS` asks for, in its order.

    NaN fits nowhere. Numbers of one firm at a time: few are drawn, and an array of one costs ten numbers.
    """
    return (
        0 < size < 1,
        0 <= bite <= 1,
        _position(kind, 0, len(KINDS)),
        0 <= coverage <= 1,
        days > 0 and (days < math.inf or kind == LIST),
        _position(trigger, -1, firms) and trigger != own,
    )


def _position(value: float, first: int, end: int) -> bool:
    """Whether it is a whole number from `first` to before `end`."""
    return first <= value < end and value == int(value)
