"""Compare every output of a case with what is computed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pricewar.base.arguments import number, takes
from pricewar.base.arguments import path as path_
from pricewar.base.errors import InputError, Problem, bad_input, cut_short

from .case import read_case
from .outputs import GIVEN, find_output
from .state import State, base_state, state_of

#: An entry smaller than this part of its output's largest is measured against that part, not itself.
NEGLIGIBLE = 1e-5
#: Where both sides are smaller than this part of the largest entry, both are zero (left of rounding).
ZERO = 1e-12


@dataclass(frozen=True)
class Row:
    """One output: how far the two computations are apart."""

    output: str
    values: int
    error: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance (NaN is not)."""
        return self.error <= self.tolerance


@dataclass(frozen=True)
class Verification:
    """The result for a case: one row per output, and what was given or not known, by name."""

    case: str
    rows: tuple[Row, ...]
    given: tuple[str, ...]
    not_checked: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether there was something to check and all of it is within tolerance."""
        return bool(self.rows) and all(row.passed for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """The result as plain values for JSON."""
        rows = [asdict(row) | {"error": _plain(row.error), "passed": row.passed} for row in self.rows]
        return {
            "case": self.case,
            "passed": self.passed,
            "outputs": rows,
            "given": list(self.given),
            "not_checked": list(self.not_checked),
        }


@takes(path=path_, tolerance=number)
def verify_case(path: Path, tolerance: float = 1e-9) -> Verification:
    """Recompute the case at `path`; prices are held to `tolerance`, everything else to ten times that.

    Raises:
        InputError: the file is not a case.
        ConvergenceError: an equilibrium or an inversion did not converge.
    """
    if not tolerance > 0:
        raise bad_input("verify", ("tol", tolerance, "a number above zero"))
    case, source = read_case(path), str(path)
    with _told(source, "inputs"):
        base = base_state(case)
    rows: list[Row] = []
    given: list[str] = []
    unknown: list[str] = []
    for section, values in case.outputs.items():
        if not isinstance(values, dict):
            unknown.append(section)
            continue
        with _told(source, f"outputs.{section}"):
            state = state_of(section, values, base) if _needs_state(section, values) else base
        for name, expected in values.items():
            place = f"{section}.{name}"
            with _told(source, f"outputs.{place}"):
                row = None if name in GIVEN else _row(place, name, expected, state, tolerance)
            if row is not None:
                rows.append(row)
            else:
                (given if name in GIVEN else unknown).append(place)
    return Verification(case.name, tuple(rows), tuple(given), tuple(unknown))


def _needs_state(section: str, values: dict[str, Any]) -> bool:
    return any(find_output(name) is not None for name in values)


@contextmanager
def _told(source: str, place: str) -> Iterator[None]:
    """Say of which file and which part of it an error is that a computation raises."""
    try:
        yield
    except InputError as error:
        problems = (Problem(f"{place}: {p.place}", p.found, p.allowed) for p in error.problems)
        raise InputError(source, tuple(problems)) from error
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        found = cut_short(f"{type(error).__name__}: {error}")
        raise InputError(source, (Problem(place, found, "numbers or ids that fit the products"),)) from error


def _row(place: str, name: str, expected: Any, state: State, tolerance: float) -> Row | None:
    compute = find_output(name)
    if compute is None:
        return None
    reference = _numbers(place, expected)
    try:
        ours = compute(state)
    except ValueError:  # the file lacks what this output is a function of
        return None
    limit = tolerance if "prices" in name else 10.0 * tolerance
    return Row(place, int(reference.size), relative_error(ours, reference), limit)


def _numbers(place: str, expected: Any) -> Any:
    try:
        return np.asarray(expected, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise bad_input("case", ("value", expected, "numbers")) from error


def relative_error(ours: Any, reference: Any) -> float:
    """Largest |ours - reference| / |reference|, see `NEGLIGIBLE` and `ZERO`; infinity if shapes differ."""
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.shape != b.shape:
        return float("inf")
    if not a.size:
        return 0.0
    largest = np.abs(b).max()
    scale = np.maximum(np.abs(b), NEGLIGIBLE * largest)
    zero = np.maximum(np.abs(a), np.abs(b)) < ZERO * largest
    difference = np.where(zero, 0.0, np.abs(a - b))
    return float((difference / np.where(scale > 0.0, scale, 1.0)).max())


def _plain(number: float) -> float | str:
    return number if np.isfinite(number) else str(number)
