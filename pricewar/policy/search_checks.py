"""What is wrong with the search of a policy file: levers that lead nowhere, values and targets not known."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from pricewar.base.errors import InputError, Problem, shown
from pricewar.base.paths import matches
from pricewar.base.rules import make_rule
from pricewar.interventions import Intervention
from pricewar.scenario.tree import problems_of

from .levers import BUYERS, Lever
from .measures import names
from .spec import NONE, PolicySpec


def search_problems(spec: PolicySpec) -> Iterator[Problem]:
    """Every problem with its place.

    Args:
        spec: well formed, its measures checked.
    """
    war = spec.scenario(NONE)
    known = {*names(war.periods, war.clock.periods_a_year), *BUYERS}
    for place, target in enumerate(spec.search.targets):
        if target.measure not in known:
            allowed = f"a measure of docs/reference/measures.md, or one of {', '.join(BUYERS)}"
            yield Problem(f"search.targets.{place}.measure", repr(target.measure), allowed)
    for name, lever in spec.search.levers.items():
        if name not in spec.measures:
            yield Problem(f"search.levers.{name}", repr(name), f"one of {', '.join(spec.measures)}")
        elif lever.values:
            yield from _lever(spec, name, lever)


def _lever(spec: PolicySpec, name: str, lever: Lever) -> Iterator[Problem]:
    rules, at = spec.measures[name], f"search.levers.{name}"
    places = lever.places(rules)
    there = [make_rule(rule, "pricewar.interventions", Intervention).model_dump() for rule in rules]
    lost = [place for place, field in places if field not in there[place]]
    if not places or lost:
        fields = sorted({field for rule in there for field in rule if field not in ("kind", "label")})
        yield Problem(f"{at}.field", repr(lever.field), f"a parameter of {name}: {', '.join(fields)}")
        return
    for place, field in places:
        drawn = [
            one
            for one, factor in spec.factors.items()
            for p in factor.targets
            if _hits(spec, name, p, place, field)
        ]
        if drawn:
            yield Problem(
                f"{at}.field", repr(lever.field), f"a parameter that factor {drawn[0]} does not set"
            )
    for strength, value in enumerate(lever.values, start=1):
        try:
            for rule in lever.at(strength, rules):
                make_rule(rule, "pricewar.interventions", Intervention)
            tried = spec.but(measures={name: lever.at(strength, rules)}, bundles={})
            tried.scenario(name)
        except ValidationError as error:
            for p in problems_of(error):
                yield Problem(f"{at}.values.{strength - 1}", p.found, p.allowed)
        except InputError as error:
            for p in error.problems:
                yield Problem(f"{at}.values.{strength - 1}: {p.place}", p.found, p.allowed)
        except ValueError as error:
            yield Problem(f"{at}.values.{strength - 1}", shown(value), str(error))


def _hits(spec: PolicySpec, name: str, pattern: str, place: int, field: str) -> bool:
    """Whether a path of a factor leads to a parameter of a measure."""
    number = len(spec.base.interventions) + place
    return f"interventions.{number}.{field}" in set(matches(spec.scenario(name).model_dump(), pattern))
