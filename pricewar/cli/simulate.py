"""`pricewar run`, `compare` and `report`: from scenarios to tables, figures and a report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pricewar.base.errors import InputError, PricewarError, bad_input
from pricewar.base.speech import phrase, say

from . import console, options
from .console import tell
from .options import (
    AsJson,
    Baseline,
    Changes,
    Figures,
    Focus,
    Lang,
    Name,
    Names,
    Out,
    Quiet,
    Seed,
    Seeds,
    Uncertain,
    Workers,
)

if TYPE_CHECKING:
    from pricewar.results.store import Results
    from pricewar.scenario.tree import Scenario, Uncertainty

    from .output import Outcome, Wish

WRONG_INPUT = ("InputError:", "StrategyError:", "RuleError:")
"""Errors of a run that are caused by the scenario or a rule in it."""
FOCUS = "xiaomi"
"""Firm whose break-even is drawn if nothing else is asked for, where there is such a firm."""


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line."""

    command: str
    scenarios: list[str]
    seed: int | None = None
    seeds: int | None = None
    changes: list[str] | None = None
    out: Path | None = None
    workers: int | None = None
    baseline: str | None = None
    focus: str | None = None
    as_json: bool = False
    quiet: bool = False
    uncertainty: Uncertainty | None = None
    figures: str = "all"

    @property
    def wish(self) -> Wish:
        """What is to be made of the tables."""
        from .output import Wish

        return Wish(self.baseline, self.focus or FOCUS, self.figures)

    @property
    def target(self) -> Path:
        """The directory to write."""
        names = [Path(name).stem if name.endswith(".toml") else name for name in self.scenarios]
        return self.out or Path("results") / "-vs-".join(names)[:100]

    @property
    def line(self) -> str:
        """The command line that repeats the runs."""
        words = ["pricewar", self.command, *self.scenarios]
        for name in ("seed", "seeds", "uncertainty", "baseline"):
            value = getattr(self, name)
            words += [] if value is None else [f"--{name}", str(value)]
        for pair in self.changes or []:
            words += ["--set", pair]
        return shlex.join(words)


def run(
    scenario: Name,
    seed: Seed = None,
    seeds: Seeds = None,
    changes: Changes = None,
    out: Out = None,
    workers: Workers = None,
    focus: Focus = None,
    uncertainty: Uncertain = None,
    figures: Figures = "few",
    as_json: AsJson = False,
    quiet: Quiet = False,
    lang: Lang = "en",
) -> None:
    """Run one scenario and write its tables, figures and report."""
    asked: Any = {"focus": focus, "as_json": as_json, "quiet": quiet, "uncertainty": uncertainty}
    request = Request("run", [scenario], seed, seeds, changes, out, workers, **asked)
    simulate(replace(request, figures=figures))


def compare(
    scenarios: Names,
    seed: Seed = None,
    seeds: Seeds = None,
    changes: Changes = None,
    out: Out = None,
    workers: Workers = None,
    baseline: Baseline = None,
    focus: Focus = None,
    uncertainty: Uncertain = None,
    figures: Figures = "all",
    as_json: AsJson = False,
    quiet: Quiet = False,
    lang: Lang = "en",
) -> None:
    """Run scenarios with the same seeds and compare them with the baseline, seed by seed.

    A seed stands for luck and, where the scenarios name a joint sample of their parameters, for parameters.
    Then all runs are done twice, and the summary tells luck alone beside both.
    """
    asked: Any = {"baseline": baseline, "focus": focus, "as_json": as_json, "quiet": quiet}
    request = Request("compare", scenarios, seed, seeds, changes, out, workers, **asked)
    simulate(replace(request, uncertainty=uncertainty, figures=figures))


def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A directory that run or compare wrote.")],
    out: Annotated[Path | None, typer.Option(help="Directory to write; default DIR.")] = None,
    baseline: Baseline = None,
    focus: Focus = None,
    figures: Figures = "all",
    as_json: AsJson = False,
    quiet: Quiet = False,
    lang: Lang = "en",
) -> None:
    """Write comparison.csv, wars.csv, waves.csv, figures and report.html anew from stored tables.

    With --out the tables are written there too, and DIR stays as it is.
    """
    from pricewar.files.folders import no_file, require_ours
    from pricewar.results.store import Results

    from .output import stays, write_all, write_derived

    elsewhere = out is not None and out.resolve() != directory.resolve()
    target = out if out is not None and elsewhere else directory
    results = Results.load(directory)
    _check_focus(focus, list(results.names) or results.firms["firm"].unique().tolist())
    require_ours(target, kept=no_file if elsewhere else stays)
    request = Request("report", [], out=target, baseline=baseline, focus=focus, as_json=as_json, quiet=quiet)
    request = replace(request, figures=figures)
    _tell(request, (write_all if elsewhere else write_derived)(results, target, request.wish))


def simulate(request: Request) -> None:
    """Run what was asked for, write it, and say what came out.

    Raises:
        InputError: a scenario or option is wrong, or a rule in a scenario fails in every run; nothing is
            written.
        PricewarError: no run of a scenario succeeded; nothing is written.
        typer.Exit: code 1 after writing, if some runs failed.
    """
    from pricewar.files.folders import require_ours

    from .output import write_all

    require_ours(request.target)
    loaded = _scenarios(request)
    results = run_all(request, loaded)
    _refuse(results)
    console.say(say("writing tables, figures and report"), request.quiet)
    _tell(request, write_all(results, request.target, request.wish))


def _scenarios(request: Request) -> list[Scenario]:
    """Load all scenarios and apply --set; every problem of every file at once."""
    from pricewar.scenario.files import load

    changes = options.read_changes(request.changes)
    loaded, wrong = [], []
    for name in request.scenarios:
        try:
            scenario = load(name)
            loaded.append(scenario.but(changes) if changes else scenario)
        except InputError as error:
            wrong.append(error)
    if wrong:
        problems = tuple(problem for error in wrong for problem in error.problems)
        raise wrong[0] if len(wrong) == 1 else InputError(", ".join(e.source for e in wrong), problems)
    _fit_together(request, loaded)
    _check_focus(request.focus, [firm for scenario in loaded for firm in scenario.firms])
    return loaded


def _check_focus(focus: str | None, firms: Collection[str]) -> None:
    if focus is not None and focus not in firms:
        raise bad_input("command line", ("--focus", focus, f"one of {', '.join(dict.fromkeys(firms))}"))


def _fit_together(request: Request, loaded: list[Scenario]) -> None:
    """Refuse scenarios that cannot be compared, before anything runs."""
    names = [scenario.name for scenario in loaded]
    spans = {f"{s.start} to {s.month(s.periods - 1)}" for s in loaded}
    wrong: list[tuple[str, object, str]] = []
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        wrong.append(("SCENARIO", twice, "scenarios with names of their own"))
    if len(spans) > 1:
        wrong.append(("SCENARIO", sorted(spans), "scenarios over the same months"))
    if request.baseline is not None and request.baseline not in names:
        wrong.append(("--baseline", request.baseline, f"one of {', '.join(names)}"))
    if wrong:
        raise bad_input("command line", *wrong)


def run_all(request: Request, loaded: list[Scenario]) -> Results:
    """Run loaded scenarios with the seeds and workers asked for."""
    from pricewar import runs
    from pricewar.analysis.luck import with_luck
    from pricewar.posterior import spread_of

    from .pool import pool, worker_count

    spread = spread_of(loaded, request.uncertainty, "luck" if request.command == "run" else "both")
    if spread.note:
        console.say(spread.note, request.quiet)
    twice = request.command == "compare" and spread.uncertainty == "both"
    seeds = options.seed_list(request.seed, request.seeds)
    total = len(loaded) * len(seeds or [0]) * (2 if twice else 1)
    with pool(worker_count(request.workers, total)) as executor:
        months = executor is None and runs.watched_by_month(loaded)
        steps = sum(one.periods for one in loaded) * total // len(loaded) if months else total
        with console.progress(steps, request.quiet, say("months") if months else say("runs")) as tick:
            how: Any = {"executor": executor, "progress": tick}
            results = runs.compare(loaded, seeds, uncertainty=spread.asked, **how)
            if twice:
                alone = runs.compare(loaded, seeds, uncertainty="luck", **how)
                _refuse(alone)
                if lost := int((alone.runs["status"] != "ok").sum()):
                    text = phrase("{some} of {all} runs with luck alone failed")
                    console.say(say(text, some=lost, all=len(alone.runs)), request.quiet)
                results = with_luck(results, alone, request.baseline)
    return results.but(command=request.line)


def _refuse(results: Results) -> None:
    """Stop before anything is written if a scenario has nothing to show."""
    runs = results.runs
    for _, part in runs.groupby("scenario", sort=False):
        if (part["status"] == "ok").any():
            continue
        errors = list(dict.fromkeys(part["error"]))
        text = "\n".join(f"{part['scenario'].iloc[0]}: {error}" for error in errors[:5])
        if errors[0].startswith(WRONG_INPUT):
            raise WrongRule(text)
        raise PricewarError(text)


class WrongRule(InputError):
    """A scenario that loads but whose rules do not work; the message is the rule's own."""

    def __init__(self, text: str) -> None:
        super().__init__(text, ())

    def __str__(self) -> str:
        return self.source


def _tell(request: Request, outcome: Outcome) -> None:
    """Summary on stdout, failed runs on stderr; exit code 1 if there are any."""
    from . import summary

    if request.as_json:
        tree = summary.as_tree(outcome, request.target)
        tell(json.dumps(tree, indent=2, ensure_ascii=False))
    elif not request.quiet:
        summary.print_summary(outcome, request.target)
    if summary.tell_failures(outcome.results):
        raise typer.Exit(1)
