"""All benchmarks, one after the other; one that cannot be run is a red row with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from pricewar.base.errors import PricewarError, bad_input

from .autos_1955 import autos_1955
from .china import china
from .estimated import cars_1990, cereals
from .facts import Facts, load_facts
from .finding import Finding, as_table
from .how import How
from .petrol import petrol
from .railroad import railroad
from .supermarkets import supermarkets

Benchmark = Callable[[Facts, How], Finding]
BENCHMARKS: Final[Mapping[str, Benchmark]] = {
    "railroad": railroad,
    "petrol": petrol,
    "supermarkets": supermarkets,
    "autos-1955": autos_1955,
    "china": china,
    "cars-1990": cars_1990,
    "cereals": cereals,
}
"""Name -> what runs it, in the order of the table."""


@dataclass(frozen=True)
class Study:
    """What came out.

    Attributes:
        findings: of the benchmarks that ran.
        failed: name -> error of those that did not.
    """

    findings: tuple[Finding, ...]
    failed: Mapping[str, str]

    @property
    def table(self) -> pd.DataFrame:
        """All lines, columns `LINES`."""
        return as_table(self.findings)


def run_benchmarks(
    names: Sequence[str] | None = None,
    facts: Facts | None = None,
    how: How | None = None,
    tell: Callable[[str], None] | None = None,
) -> Study:
    """Run benchmarks.

    Args:
        names: which; all of `BENCHMARKS` if None.
        facts: published facts; those of the package if None.
        how: effort; the defaults of `How` if None.
        tell: called with what is done next, if given.

    Raises:
        InputError: names that are none.
    """
    chosen = list(BENCHMARKS) if names is None else list(dict.fromkeys(names))
    wrong = [
        ("benchmark", name, f"one of {', '.join(BENCHMARKS)}") for name in chosen if name not in BENCHMARKS
    ]
    if wrong:
        raise bad_input("benchmarks", *wrong)
    findings, failed = [], {}
    for name in chosen:
        if tell:
            tell(f"benchmark {name}")
        try:
            findings.append(BENCHMARKS[name](facts or load_facts(), how or How()))
        except PricewarError as error:
            failed[name] = str(error)
    return Study(tuple(findings), failed)
