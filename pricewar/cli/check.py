"""`pricewar check`: whether scenario, experiment and policy files are as they must be; nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from pricewar.base.errors import InputError

from .console import tell

if TYPE_CHECKING:
    from pricewar.scenario.tree import Scenario

EXPERIMENT: Final = frozenset({"factors", "design", "metrics", "replicates", "but_for"})
"""Keys of an experiment that no scenario has."""


def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="TOML files or shipped names.")],
    no_code: Annotated[
        bool,
        typer.Option("--no-code", help="Import nothing that a file names as module:Name; list it instead."),
    ] = False,
) -> None:
    """Check scenario, experiment and policy files and name every problem with its place.

    What is allowed but out of scale or without effect is reported as a hint. Exit code 2 if there is a
    problem. If a file names your own rule or metric as module:Name, Python imports that module and so runs
    it, here too. With --no-code nothing is imported.
    """
    from pricewar.base.own_code import not_imported

    wrong = False
    for file in files:
        closed: AbstractContextManager[list[str]] = not_imported() if no_code else nullcontext([])
        with closed as left_out:
            try:
                told = checked(file)
            except InputError as error:
                told, wrong = "", True
                tell(str(error), err=True)
        if told:
            tell(told)
        for name in left_out:
            tell(f"  not looked at: {name}")
    if wrong:
        raise typer.Exit(2)


def checked(file: str) -> str:
    """One line about a file without a problem.

    Raises:
        InputError: with every problem found and its place.
    """
    return _sort_of(file)(file)


def _sort_of(file: str) -> Callable[[str], str]:
    """What checks a file: a policy has measures, an experiment has factors and a base, a scenario neither."""
    from pricewar.files.toml_text import is_file
    from pricewar.scenario.files import merged, shipped_directory, shipped_scenarios

    if not is_file(Path(file)):
        names = {
            sort: [path.stem for path in shipped_directory(sort).glob("*.toml")]
            for sort in ("experiments", "policies")
        }
        if file in shipped_scenarios():
            return _scenario
        if any(name.startswith(file) for name in names["experiments"] if file):
            return _experiment
        return _policy if file in names["policies"] else _scenario
    return sort_of_tree(merged(Path(file).resolve()))


def sort_of_tree(tree: Mapping[str, Any]) -> Callable[[str], str]:
    """What checks a file with these keys at the top."""
    if "measures" in tree and "firms" not in tree:
        return _policy
    return _experiment if EXPERIMENT.intersection(tree) and "firms" not in tree else _scenario


def _scenario(file: str) -> str:
    from pricewar.posterior import spread_of
    from pricewar.scenario.files import load
    from pricewar.scenario.hints import hints

    scenario = load(file)
    spread_of([scenario], usual="both")
    counts = {
        "firms": len(scenario.firms),
        "products": len(scenario.products),
        "events": len(scenario.events),
        "interventions": len(scenario.interventions),
    }
    parts = ", ".join(f"{count} {what}" for what, count in counts.items())
    found = f"{scenario.name}: no problem found ({parts}; {_span(scenario)}; digest {scenario.digest})"
    return "\n".join([found, *(f"  hint: {hint}" for hint in hints(scenario))])


def _span(scenario: Scenario) -> str:
    return f"{scenario.start} to {scenario.month(scenario.periods - 1)}"


def _experiment(file: str) -> str:
    from pricewar.experiment import load_experiment

    made = load_experiment(file)
    runs = f"{len(made):,} runs"
    if has_small(file):
        runs += f", {len(load_experiment(file, small=True)):,} with --small"
    return (
        f"{made.name}: no problem found "
        f"(experiment on {made.base.name}: {len(made.factors)} factors, {runs}; "
        f"{_span(made.base)}; digest {made.digest})"
    )


def has_small(file: str) -> bool:
    """Whether an experiment has a small version."""
    from pricewar.experiment.files import find_experiment
    from pricewar.scenario.files import merged

    return "small" in merged(find_experiment(file))


def _policy(file: str) -> str:
    from pricewar.policy import load_policy

    spec = load_policy(file)
    return (
        f"{spec.name}: no problem found (policy study of {spec.base.name}: {len(spec.options)} options, "
        f"{spec.runs:,} runs; {_span(spec.base)}; digest {spec.digest})"
    )
