"""Policy files: TOML in, PolicySpec out, every problem with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pricewar.base.errors import InputError, Problem, bad_input, shown
from pricewar.base.paths import matches, value_at
from pricewar.base.rules import make_rule
from pricewar.experiment.factors import Factor
from pricewar.files.toml_text import is_file
from pricewar.interventions import Intervention
from pricewar.scenario.files import find, load, merged, shipped_directory
from pricewar.scenario.tree import problems_of

from .measures import MONEY, PLAIN
from .search_checks import search_problems
from .spec import NONE, PEACE, PolicySpec

RESERVED = frozenset({"draw", "seed", "option", *MONEY, *PLAIN})
"""Columns of the table of options; those with a dot in their names are not listed."""


def shipped_policies() -> dict[str, Path]:
    """Names of the policy files that come with the package, and where they are."""
    return {path.stem: path for path in sorted(shipped_directory("policies").glob("*.toml"))}


def load_policy(
    source: PolicySpec | str | Path, uncertainty: str | None = None, draws: int | None = None
) -> PolicySpec:
    """Read a policy file: a shipped name, a path, or a PolicySpec, which is returned as it is.

    Args:
        source: what to read.
        uncertainty: what futures draw beside the factors, whatever the file says; None: as it says.
        draws: futures, whatever the file says; None: as it says.

    Raises:
        InputError: not there, not TOML, or not allowed; every problem is listed with its place.
    """
    if isinstance(source, PolicySpec):
        return source
    if not isinstance(source, (str, Path)):
        raise bad_input("load_policy", ("source", source, "a shipped name, a file or a PolicySpec"))
    path = shipped_policies().get(str(source), Path(source))
    if not is_file(path):
        known = ", ".join(shipped_policies())
        raise bad_input(str(source), ("(name)", str(source), f"a .toml file, or one of {known}"))
    tree = merged(path.resolve())
    tree.setdefault("name", path.stem)
    tree["origin"] = str(source)
    tree |= {} if uncertainty is None else {"uncertainty": uncertainty}
    tree |= {} if draws is None else {"draws": draws, "more": ()}
    for part in ("base", "but_for"):
        name = tree.get(part)
        if isinstance(name, str) and is_file(path.parent / name):
            tree[part] = str(find(path.parent / name))
    return policy_from(tree, str(source))


def policy_from(tree: Mapping[str, Any], source: str) -> PolicySpec:
    """Validate a tree of plain values.

    Args:
        tree: plain values, as a file has them.
        source: what messages call it.

    Raises:
        InputError: with every problem found and its place.
    """
    if not isinstance(tree, Mapping):
        raise bad_input("policy_from", ("tree", tree, "a table of plain values, as a policy file holds it"))
    tree, problems = dict(tree), list[Problem]()
    for part in ("base", "but_for"):
        try:
            if isinstance(tree.get(part), (str, Path)):
                tree[part] = load(tree[part])
        except InputError as error:
            problems += [Problem(f"{part}: {p.place}", p.found, p.allowed) for p in error.problems]
            tree.pop(part)
    lost = {p.place.split(":")[0] for p in problems}
    made = None
    try:
        made = PolicySpec.model_validate(tree)
    except ValidationError as error:
        problems += [p for p in problems_of(error) if p.place not in lost]
    problems += _unknown_rules(tree.get("measures"))
    problems += _names(tree.get("measures"), tree.get("bundles"))
    problems += _labels(tree)
    if made is not None and not problems:
        problems += _misfits(made)
        problems += [] if problems else search_problems(made)
    if problems or made is None:
        raise InputError(source, tuple(problems))
    return made


def _unknown_rules(measures: Any) -> Iterator[Problem]:
    """What is wrong with each intervention by itself."""
    for name, tables in measures.items() if isinstance(measures, Mapping) else ():
        if isinstance(tables, (list, tuple)) and not tables:
            yield Problem(f"measures.{name}", "no intervention", "one or more")
        for place, table in enumerate(tables if isinstance(tables, (list, tuple)) else ()):
            try:
                make_rule(table, "pricewar.interventions", Intervention)
            except ValidationError as error:
                for p in problems_of(error):
                    yield Problem(f"measures.{name}.{place}.{p.place}", p.found, p.allowed)
            except ValueError as error:
                yield Problem(f"measures.{name}.{place}", shown(table), str(error))


def _names(measures: Any, bundles: Any) -> Iterator[Problem]:
    """Names that are taken, and bundles of measures that are not there."""
    known = list(measures) if isinstance(measures, Mapping) else []
    packs = bundles if isinstance(bundles, Mapping) else {}
    for name in (*known, *packs):
        if name in (NONE, PEACE):
            yield Problem(f"measures.{name}", repr(name), f"a name other than {NONE!r} and {PEACE!r}")
    for name, parts in packs.items():
        if name in known:
            yield Problem(f"bundles.{name}", repr(name), "a name that no measure has")
        for part in parts if isinstance(parts, (list, tuple)) else ():
            if part not in known:
                yield Problem(f"bundles.{name}", repr(part), f"one of {', '.join(known)}")
        if isinstance(parts, (list, tuple)) and len(set(map(str, parts))) < 2:
            yield Problem(f"bundles.{name}", repr(list(parts)), "two different measures or more")


def _labels(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Labels of options that are not there, and two options with one label."""
    labels = tree.get("labels")
    if not isinstance(labels, Mapping):
        return
    parts = (tree.get(part) for part in ("measures", "bundles"))
    known = [name for part in parts if isinstance(part, Mapping) for name in part]
    for name, label in labels.items():
        if name not in known:
            yield Problem(f"labels.{name}", repr(name), f"one of {', '.join(known)}")
        if any(label == other for key, other in labels.items() if key != name) or label in (NONE, PEACE):
            yield Problem(f"labels.{name}", repr(label), "a label that no other option has")


def _misfits(spec: PolicySpec) -> Iterator[Problem]:
    """What is well formed but does not fit: firms, products, months, paths, values at the ends."""
    if spec.base.clock != spec.but_for.clock:
        here, there = spec.base.clock, spec.but_for.clock
        found = f"periods of a {there.unit} from {there.start}"
        yield Problem("but_for", found, f"periods of a {here.unit} from {here.start}, as the war has")
    if list(spec.base.firms) != list(spec.but_for.firms):
        yield Problem("but_for", repr(spec.but_for.name), f"a scenario with the firms of {spec.base.name}")
    if set(spec.base.products) != set(spec.but_for.products):
        yield Problem("but_for", repr(spec.but_for.name), f"a scenario with the products of {spec.base.name}")
    trees = {}
    for option in (PEACE, *spec.options):
        try:
            trees[option] = spec.scenario(option).model_dump()
        except InputError as error:
            for p in error.problems if option not in spec.bundles else ():
                yield Problem(f"measures.{option}: {p.place}", p.found, p.allowed)
    for pattern in spec.changes:
        if not any(any(matches(tree, pattern)) for tree in trees.values()):
            yield Problem(f"set.{pattern}", "no such field", "a path into the scenario or a measure")
    for name, factor in spec.factors.items():
        if name in RESERVED or "." in name:
            allowed = f"a name without a dot other than {', '.join(sorted(RESERVED))}"
            yield Problem(f"factors.{name}", "the name of a column of the results", allowed)
        yield from _reach(spec, name, factor, trees)


def _reach(spec: PolicySpec, name: str, factor: Factor, trees: Mapping[str, Any]) -> Iterator[Problem]:
    """Whether a factor leads somewhere, and what options say to the ends of its range."""
    found = {option: {path for p in factor.targets for path in matches(trees[option], p)} for option in trees}
    for pattern in factor.targets:
        if not any(any(matches(tree, pattern)) for tree in trees.values()):
            yield Problem(f"factors.{name}.path", repr(pattern), "a path into the scenario or a measure")
            return
    held = [value_at(trees[option], path) for option, paths in found.items() for path in paths]
    if factor.apply != "set" and any(isinstance(x, bool) or not isinstance(x, (int, float)) for x in held):
        yield Problem(f"factors.{name}.apply", repr(factor.apply), "set, where a path holds no number")
        return
    plain = found.get(NONE, set())
    told = set[tuple[str, str]]()
    for option in (o for o in trees if o in (PEACE, NONE) or found[o] - plain):
        for level in (factor.levels()[0], factor.levels()[-1]):
            try:
                spec.scenario(option, {name: factor.at(level)[0]})
            except InputError as error:
                told |= {(p.found, p.allowed) for p in error.problems}
    yield from (Problem(f"factors.{name}", *words) for words in sorted(told))
