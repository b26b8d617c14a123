"""`pricewar policy --search`: the mildest bundle of measures that meets targets in most futures."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import typer

from .console import say


def run(
    source: str,
    out: Path | None,
    workers: int,
    page: Path | None,
    draws: int | None,
    uncertainty: str | None,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Search, or say what would be searched; options are those of `pricewar policy`.

    Raises:
        InputError: as `load_policy` and `run_search`.
        ResultsError: as `run_search`.
    """
    from pricewar.policy import load_policy
    from pricewar.policy.ask import bundles

    from .policy import show

    if page is not None:
        raise typer.BadParameter("a search writes its page search.md into --out; leave --page out")
    spec = load_policy(source, uncertainty)
    target = out or Path("results") / f"search-{spec.name}"
    levers, fresh = spec.search.of(spec.measures), draws or spec.search.fresh
    possible = bundles([lever.top for lever in levers.values()]) - 1
    plan: dict[str, Any] = {
        "policy": spec.name,
        "digest": spec.digest,
        "levers": list(levers),
        "targets": [one.told() for one in spec.search.targets],
        "share of futures": spec.search.share,
        "possible bundles": possible,
        "bundles tried at most": min(possible, spec.search.bundles),
        "futures of each": spec.search.futures * spec.seeds,
        "fresh futures of the front": fresh * spec.seeds,
        "out": str(target),
    }
    if dry_run:
        show(plan, as_json)
        return
    from pricewar.policy.search import run_search
    from pricewar.report.search import write_search

    from .sweep import progress_of

    chosen = [] if uncertainty is None else ["--uncertainty", uncertainty]
    chosen += [] if draws is None else ["--draws", str(draws)]
    command = shlex.join(["pricewar", "policy", source, "--search", *chosen, "--out", str(target)])
    if spec.spread.note:
        say(spec.spread.note, quiet)
    most = int(plan["bundles tried at most"])
    say(f"{spec.name}: at most {most:,} bundles, {plan['futures of each']:,} futures each -> {target}", quiet)
    with progress_of(most, quiet) as tick:
        found = run_search(spec, store=target, workers=workers, fresh=fresh, progress=tick, command=command)
    findings = write_search(found, target, command)
    if not quiet or as_json:
        show(plan | {"findings": findings}, as_json)
