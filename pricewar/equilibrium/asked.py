"""An own demand while prices are solved: its errors are told with class, method, file and line."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pricewar.base.errors import InputError, PricewarError, Problem
from pricewar.base.own_code import FAILURES, told
from pricewar.demand.base import Demand, Floats


@contextmanager
def telling(demand: Demand) -> Iterator[None]:
    """Tell an error that arises within the block because of a demand that is not ours.

    Raises:
        InputError: in place of any error but those of this package; says class and method, what the error
            says, and file and line of the user's code. Errors with a demand of this package pass unchanged.
    """
    try:
        yield
    except PricewarError:
        raise
    except FAILURES as error:
        if not foreign(demand):
            raise
        method = _asked_last(error, demand)
        found = f"an error of {_named(demand)}.{method}: {told(error)}"
        if not method:
            found = f"answers of {_named(demand)} that cannot be used: {told(error)}"
        allowed = "methods that answer at any prices, as pricewar.testing.check_demand asks them"
        raise InputError("equilibrium", (Problem("demand", found, allowed),)) from error


def foreign(demand: Demand) -> bool:
    """Whether a demand is of the user's own making."""
    return not type(demand).__module__.startswith("pricewar.demand.")


def check_answers(demand: Demand, prices: Floats) -> None:
    """Hold the first answers of an own demand, at `prices` (J,), to their shapes.

    Raises:
        InputError: expected shares that are no array (J,) of numbers, slopes that are none of (J, J).
    """
    if not foreign(demand):
        return
    for method, shape in (("expected", prices.shape), ("jacobian", 2 * prices.shape)):
        answer = getattr(demand, method)(prices)
        if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "fiu" or answer.shape != shape:
            found = f"{_sort(answer)} of {_named(demand)}.{method}"
            allowed = f"an array of numbers of shape {shape}"
            raise InputError("equilibrium", (Problem("demand", found, allowed),))


def _sort(answer: Any) -> str:
    if isinstance(answer, np.ndarray):
        return f"{answer.dtype} of shape {answer.shape}"
    return f"a {type(answer).__name__}"


def _named(demand: Demand) -> str:
    return f"{type(demand).__module__}:{type(demand).__qualname__}"


def _asked_last(error: BaseException, demand: Demand) -> str:
    """The last method of the demand's own class that the error passed through; empty if none."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = {id(code) for code in _codes(type(demand))}
    names = [frame.f_code.co_name for frame in frames if id(frame.f_code) in own]
    return names[-1] if names else ""


def _codes(sort: type) -> Iterator[Any]:
    """Code of the functions and properties of a class and of those of its bases that are not ours."""
    for base in sort.__mro__:
        if base.__module__.startswith(("pricewar.demand.", "abc", "builtins")):
            continue
        for member in vars(base).values():
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            if hasattr(function, "__code__"):
                yield function.__code__
