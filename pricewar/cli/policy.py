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
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and run nothing.")]


def policy(
    experiment: Source,
    out: Out = None,
    workers: Workers = 2,
    page: Page = None,
    uncertainty: Uncertain = None,
    dry_run: Dry = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Measures alone and in bundles against one war: report.html, brief.pdf, figures and tables.

    You can stop it at any moment: the same command goes on where it was. Exit code 1 if futures failed.
    """
    from pricewar.policy import load_policy, run_policy
    from pricewar.report.experiment import require_page

    if page is not None:
        require_page(page)
    spec = load_policy(experiment, uncertainty)
    target = out or Path("results") / f"policy-{spec.name}"
    plan: dict[str, Any] = {
        "policy": spec.name,
        "digest": spec.digest,
        "options": list(spec.options),
        "futures": len(spec),
        "runs": spec.runs,
        "uncertainty": spec.spread.uncertainty,
        "out": str(target),
    }
    if dry_run:
        _print(plan, as_json)
        return
    from pricewar.report.policy import write_brief, write_markdown

    from .sweep import progress_of

    chosen = [] if uncertainty is None else ["--uncertainty", uncertainty]
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
        _print(plan | {"failed": len(study.failed), "findings": findings}, as_json)
    for line in study.failed[:5]:
        tell(f"failed: {line}", err=True)
    if study.failed:
        raise typer.Exit(1)


def _print(tree: dict[str, Any], as_json: bool) -> None:
    if as_json:
        tell(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    for name, value in tree.items():
        for text in value if name == "findings" else [value]:
            tell(f"{name}: {', '.join(text) if isinstance(text, list) else text}")
