"""Compare every output of a case with what is computed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pricewar.base.arguments import number, takes
from pricewar.base.arguments import path as path_
from pricewar.base.errors import InputError, Problem, bad_input, cut_short

from .case import read_cases
from .inputs import numbers, unknown
from .market import Case
from .outputs import NotThere, find_output, size_of
from .sections import looks_given, state_of
from .state import State, base_state
from .words import GIVEN_WORDS

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

    Of several markets every output is one row, with the largest error of all of them.

    Args:
        path: a JSON file.
        tolerance: largest error of a price, as a part of it.

    Raises:
        InputError: the file is not a case, or has a key that nothing reads.
        ConvergenceError: an equilibrium or an inversion did not converge.
    """
    if not tolerance > 0:
        raise bad_input("verify", ("tol", tolerance, "a number above zero"))
    cases = read_cases(path)
    sheet = _Sheet(str(path), tolerance)
    for case in cases:
        sheet.add(case)
    return sheet.verification(cases[0].name)


@dataclass(frozen=True)
class _Sheet:
    """The rows of a file, filled market by market."""

    source: str
    tolerance: float
    rows: dict[str, Row] = field(default_factory=dict)
    given: dict[str, None] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)

    def verification(self, name: str) -> Verification:
        """The result of all that was added."""
        return Verification(name, tuple(self.rows.values()), tuple(self.given), tuple(self.unknown))

    def add(self, case: Case) -> None:
        """Recompute one market."""
        with _told(self.source, "inputs", case.market):
            base = base_state(case)
            if case.idle:
                self.unknown["inputs.beta (delta comes from shares, and xi is not asked for)"] = None
            for name, value in case.stated.items():
                self.put(f"inputs.{name}", name, value, base, case)
        for section, values in case.outputs.items():
            if not isinstance(values, dict):
                self.unknown[section] = None
            elif not any(find_output(name) for name in values):
                for name in values:
                    (self.given if name in GIVEN_WORDS else self.unknown)[f"{section}.{name}"] = None
            else:
                self.section(section, values, base, case)

    def section(self, section: str, values: dict[str, Any], base: State, case: Case) -> None:
        """Recompute the outputs of one state."""
        with _told(self.source, f"outputs.{section}", case.market):
            state, used = state_of(section, values, base)
        for name, expected in values.items():
            place = f"{section}.{name}"
            with _told(self.source, f"outputs.{place}", case.market):
                if name in used:
                    self.given[place] = None
                elif find_output(name) is None and looks_given(name):
                    raise bad_input("case", unknown("key", name, GIVEN_WORDS))
                elif not self.put(place, name, expected, state, case):
                    self.unknown[place] = None

    def put(self, place: str, name: str, expected: Any, state: State, case: Case) -> bool:
        """Add the error of one output to its row; False if nobody here knows the output."""
        compute = find_output(name)
        if compute is None:
            return False
        try:
            ours = compute(state)
        except NotThere:
            return False
        reference = numbers("value", expected)
        zero = max(ZERO, case.rounding) * size_of(name, state)
        limit = self.tolerance if "prices" in name else 10.0 * self.tolerance
        before = self.rows.get(place, Row(place, 0, 0.0, limit))
        error = float(np.maximum(before.error, relative_error(ours, reference, zero)))  # NaN stays
        self.rows[place] = Row(place, before.values + int(reference.size), error, limit)
        return True


@contextmanager
def _told(source: str, place: str, market: str | None) -> Iterator[None]:
    """Say of which file and which part of it an error is that a computation raises."""
    place = place if market is None else f"{place} (market {market})"
    try:
        yield
    except InputError as error:
        problems = (Problem(f"{place}: {p.place}", p.found, p.allowed) for p in error.problems)
        raise InputError(source, tuple(problems)) from error
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        found = cut_short(f"{type(error).__name__}: {error}")
        raise InputError(source, (Problem(place, found, "numbers or ids that fit the products"),)) from error


def relative_error(ours: Any, reference: Any, zero: float = 0.0) -> float:
    """Largest |ours - reference| / |reference|, see `NEGLIGIBLE` and `ZERO`; infinity if shapes differ.

    Where both sides are below `zero` (the rounding of what they are made of), both are zero.
    """
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.size == b.size == 1:
        a, b = a.ravel(), b.ravel()
    if a.shape != b.shape:
        return float("inf")
    if not a.size:
        return 0.0
    largest = np.abs(b).max()
    scale = np.maximum(np.abs(b), NEGLIGIBLE * largest)
    nothing = np.maximum(np.abs(a), np.abs(b)) < max(ZERO * largest, zero)
    difference = np.where(nothing, 0.0, np.abs(a - b))
    return float((difference / np.where(scale > 0.0, scale, 1.0)).max())


def _plain(number: float) -> float | str:
    return number if np.isfinite(number) else str(number)
