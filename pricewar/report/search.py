"""What a search for the mildest bundle says: findings in words, a page, and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from pricewar.base.edition import mark
from pricewar.files.folders import replaced
from pricewar.policy.search import FRESH, RECORD, Search
from pricewar.policy.spec import NONE

from .policy import write_brief

PAGE: Final = "search.md"
_LIMITS: Final = (
    "A bundle's heaviness is the sum of the strengths of its measures, each from 0 (left out) to 1 (its "
    "strongest value) times its weight: how heavy one measure is beside another is a judgement, and the "
    "weights state it. The futures of the search decided which bundles are named here, so their shares there "
    "are too good (the winner's curse); only the fresh futures, with other parameters and other luck, count. "
    "Each interval is for one bundle by itself. Futures hold what the file names as unknown, no other doubt."
)


def findings(search: Search) -> list[str]:
    """What a reader should know, most important first."""
    plan, front = search.spec.search, search.front
    share = f"{100 * plan.share:g}% of the futures"
    sure = front[front["met_lo"] >= plan.share]
    open_ = front[(front["met_lo"] < plan.share) & (front["met_hi"] >= plan.share)]
    told = []
    if len(sure):
        told.append(
            f"The mildest bundle that is sure to meet the targets in {share} is {_bundle(sure.iloc[0])}."
        )
    elif len(open_):
        told.append(
            f"Whether any bundle meets the targets in {share} cannot be told. The mildest that may is "
            f"{_bundle(open_.iloc[0])}. More fresh futures (--draws) narrow this down."
        )
    else:
        nearest = front.nlargest(1, "met").iloc[0]
        told.append(
            f"No bundle that was tried meets the targets in {share}. The nearest is {_bundle(nearest)}. "
            f"What stands in the way most is: {_hardest(search, nearest)}."
        )
    lost = front["in_search"].mean() - front["met"].mean()
    told.append(
        f"In the {plan.futures} futures of the search the bundles of the front met the targets in "
        f"{100 * front['in_search'].mean():.0f}% in the mean, in {search.study.spec.draws_in_all:,} fresh "
        f"ones in {100 * front['met'].mean():.0f}%"
        + (f": the search flattered them by {100 * lost:.0f} points." if round(100 * lost) > 0 else ".")
    )
    tried = len(search.tried) - 1
    told.append(
        f"All {tried:,} bundles were tried."
        if tried + 1 >= search.possible
        else f"{tried:,} of {search.possible - 1:,} bundles were tried: a milder one may exist."
    )
    return told


def _bundle(row: pd.Series) -> str:
    name = "no measure at all" if row["name"] == NONE else f"{row['name']}: {row['words']}"
    met = f"{100 * row['met']:.0f}% [{100 * row['met_lo']:.0f}, {100 * row['met_hi']:.0f}]"
    return f"{name} (heaviness {row['heaviness']:.2g}; met in {met} of fresh futures)"


def _hardest(search: Search, row: pd.Series) -> str:
    targets = search.spec.search.targets
    single = [float(row[f"target.{place}"]) for place in range(1, 1 + len(targets))]
    worst = min(range(len(targets)), key=lambda place: single[place])
    return f"{targets[worst].told()} (met in {100 * single[worst]:.0f}%)"


def page(search: Search, command: str) -> str:
    """The search as Markdown."""
    spec, plan = search.spec, search.spec.search
    lines = [f"# {spec.title or spec.name}: the mildest bundle", "", spec.question, ""]
    lines += ["## What was found", "", *(f"- {line}" for line in findings(search)), ""]
    lines += [f"## What was asked for, in {100 * plan.share:g}% of the futures", ""]
    lines += [*(f"{place}. {target.told()}" for place, target in enumerate(plan.targets, start=1)), ""]
    heads = ["", "bundle", "heaviness", "met in the search, %", "met in fresh futures, %"]
    heads += [f"target {place}, %" for place in range(1, 1 + len(plan.targets))]
    lines += ["## The front", "", f"| {' | '.join(heads)} |", "|---|---|" + "---:|" * (len(heads) - 2)]
    for row in search.front.to_dict("records"):
        met = f"{100 * row['met']:.0f} [{100 * row['met_lo']:.0f}, {100 * row['met_hi']:.0f}]"
        cells = [row["name"], row["words"], f"{row['heaviness']:.2g}", f"{100 * row['in_search']:.0f}", met]
        cells += [f"{100 * row[f'target.{place}']:.0f}" for place in range(1, 1 + len(plan.targets))]
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        "" if search.found else "No bundle met the targets often enough in the search: these come nearest. "
    )
    lines += ["", f"{note}Brackets: 95% limits (Clopper and Pearson 1934).", "", "## The levers", ""]
    for name, lever in search.levers.items():
        values = ", ".join(map(str, lever.values))
        how = f"{lever.field}, mildest first: {values}" if values else "in force as the file has it, or not"
        lines.append(f"- {name}: {how}; weight {lever.weight:g}.")
    lines += ["", "## Limits", "", _LIMITS, "", "## Repeat it", "", "```", command, "```", ""]
    lines += [f"`tables/tried.csv` holds every bundle, `{FRESH}/` the study of the front in fresh futures "]
    lines[-1] += f"with its own brief. Digest {spec.digest} and, of the search, `{RECORD}`."
    return "\n".join([*lines, "", mark(), ""])


def write_search(search: Search, directory: str | Path, command: str) -> list[str]:
    """Write search.md and tables/ into the folder of a search, and the brief of its front beside the front.

    Args:
        search: what was run.
        directory: its folder.
        command: the command line that repeats it.

    Returns:
        The findings.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    folder = Path(directory)
    write_brief(search.study, folder / FRESH, command)
    with replaced(folder, RECORD) as draft:
        (draft / "tables").mkdir()
        for name, table in {"front": search.front, "tried": search.tried}.items():
            target = draft / "tables" / f"{name}.csv"
            table.to_csv(target, index=False, float_format="%.6g", lineterminator="\n")
        (draft / PAGE).write_text(page(search, command), encoding="utf-8", newline="\n")
    return findings(search)
