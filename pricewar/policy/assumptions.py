"""What the answer of a study rests on, as a list that a reader can check, and the digest that signs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

import pandas as pd

from pricewar.base.edition import EDITION
from pricewar.experiment.factors import Factor
from pricewar.files.digest import short_digest

from .jobs import FOLLOW, PER_THOUSAND
from .spec import NONE, PolicySpec

COLUMNS: Final = ("what", "value", "basis")
_STATED: Final = "stated in the policy file"


def assumptions(spec: PolicySpec) -> pd.DataFrame:
    """Every assumption of a study, in the order in which it is made.

    Args:
        spec: any study.

    Returns:
        Columns what, value and basis: a scenario and its digest, the sample that is drawn from, or the policy
        file, where a range has no other source.
    """
    return pd.DataFrame(list(_rows(spec)), columns=list(COLUMNS))


def signature(spec: PolicySpec) -> str:
    """The digest of the list: the same list of another study or edition has another one.

    Args:
        spec: any study.
    """
    return short_digest([list(row) for row in _rows(spec)])


def _rows(spec: PolicySpec) -> Iterator[tuple[str, str, str]]:
    for what, scenario in {"war": spec.base, "peace": spec.but_for}.items():
        yield what, scenario.name, f"scenario, digest {scenario.digest}"
    run = spec.scenario(NONE)
    yield "length", f"{run.periods} months from {run.start}", _STATED
    for path, value in spec.changes.items():
        yield f"set {path}", str(value), _STATED
    for name, factor in spec.factors.items():
        how = "" if factor.apply == "set" else f", {factor.apply}"
        yield (
            f"not known: {factor.label or name}",
            _range(factor),
            f"{', '.join(factor.targets)}{how}; {_STATED}",
        )
    sample = spec.spread.posterior
    drawn = "luck alone" if sample is None else f"a row of the joint sample in each future ({spec.drawn})"
    yield "other parameters", drawn, spec.base.posterior if sample is not None else "the scenarios"
    for name, rules in spec.measures.items():
        for rule in rules:
            yield f"measure {name}", _rule(rule), _STATED
    for name, parts in spec.bundles.items():
        yield f"bundle {name}", " + ".join(parts), _STATED
    blocks = " + ".join(f"{points:,}" for points in spec.blocks)
    yield "futures", f"{blocks}, seeds {spec.seed} to {spec.seed + spec.seeds - 1} in each", _STATED
    yield "discount rate a year", f"{spec.discount:g}", _STATED
    if run.words.cars:
        jobs = "; ".join(f"{where} {low:g} to {high:g}" for where, (low, high) in PER_THOUSAND.items())
        yield "jobs behind a thousand cars a year", jobs, "assumed"
        yield "part of these jobs that follows output", f"{FOLLOW[0]:g} to {FOLLOW[1]:g}", "assumed"
    yield "model", f"edition {EDITION}, pricewar {version('pricewar')}", "docs/explanation/odd.md"


def _range(factor: Factor) -> str:
    if factor.values:
        return f"one of {', '.join(map(str, factor.shown))}"
    assert factor.distribution is not None
    parts = factor.distribution.model_dump()
    ends = ", ".join(f"{name} {value:g}" for name, value in parts.items() if name != "kind")
    return f"{parts['kind']}: {ends}"


def _rule(rule: Mapping[str, Any]) -> str:
    told = [f"{name} {value}" for name, value in rule.items() if name not in ("kind", "label")]
    return f"{rule['kind']}{': ' if told else ''}{', '.join(told)}"
