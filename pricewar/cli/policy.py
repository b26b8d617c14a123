"""`pricewar policy`: measures against a war, over many futures, as a brief of two pages."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from .console import say, tell
from .options import AsJson, Quiet, Uncertain

Source = Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Shipped policy file, or a TOML file.")]
Out = Annotated[Path | None, typer.Option(help="Folder to write or go on with; default results/policy-NAME.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes.")]
Page = Annotated[Path | None, typer.Option(help="Markdown page to write, figures and tables beside it.")]
Draws = Annotated[
    int | None,
    typer.Option(min=2, max=100_000, help="Futures, or with --search fresh ones; more than before: added."),
]
Searching = Annotated[
    bool, typer.Option("--search", help="Search for the mildest bundle that meets the file's targets.")
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and run nothing.")]


def policy(
    experiment: Source,
    out: Out = None,
    workers: Workers = 2,
    page: Page = None,
    draws: Draws = None,
    search: Searching = False,
    uncertainty: Uncertain = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measures alone and in bundles against one war: report.html, brief.pdf, figures and tables.

    You can stop it at any moment: the same command goes on where it was. Exit code 1 if futures failed.
    """
    if search:
        from .policy_search import run

        run(experiment, out, workers, page, draws, uncertainty, dry_run, as_json, quiet)
        return
    from pricewar.policy import grown, load_policy, run_policy
    from pricewar.policy.assumptions import signature
    from pricewar.report.experiment import require_page

    if page is not None:
        require_page(page)
    spec = load_policy(experiment, uncertainty, draws)
    target = out or Path("results") / f"policy-{spec.name}"
    spec = grown(spec, target)
    plan: dict[str, Any] = {
        "policy": spec.name,
        "digest": spec.digest,
        "options": list(spec.options),
        "futures": len(spec),
        "runs": spec.runs,
        "uncertainty": spec.spread.uncertainty,
        "assumptions": signature(spec),
        "out": str(target),
    }
    if dry_run:
        show(plan, as_json)
        return
    from pricewar.report.policy import write_brief, write_markdown

    from .sweep import progress_of

    chosen = [] if uncertainty is None else ["--uncertainty", uncertainty]
    chosen += [] if draws is None else ["--draws", str(draws)]
    command = shlex.join(["pricewar", "policy", experiment, *chosen, "--out", str(target)])
    if spec.spread.note:
        say(spec.spread.note, quiet)
    say(f"{spec.name}: {len(spec):,} futures, {spec.runs:,} runs -> {target}", quiet)
    with progress_of(len(spec), quiet) as tick:
        study = run_policy(spec, store=target, workers=workers, progress=tick, command=command)
    findings = write_brief(study, target, command)
    if page is not None:
        write_markdown(study, page, command)
    if not quiet or as_json:
        show(plan | {"failed": len(study.failed), "findings": findings}, as_json)
    for line in study.failed[:5]:
        tell(f"failed: {line}", err=True)
    if study.failed:
        raise typer.Exit(1)


def show(tree: dict[str, Any], as_json: bool) -> None:
    """A plan or an outcome, for people or as JSON."""
    if as_json:
        tell(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    for name, value in tree.items():
        for text in value if name == "findings" else [value]:
            tell(f"{name}: {', '.join(text) if isinstance(text, list) else text}")
