"""The benchmarks in Markdown: the table of the README, and the sections of the page."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .finding import Finding, Line
from .study import Study

HEADS = ("benchmark", "published", "found", "interval", "pass")
RULE = ("---", "---:", "---:", "---:", "---")


def cells(line: Line) -> tuple[str, str, str, str, str]:
    """One line: what, published, found, interval, verdict."""
    unit = f", {line.unit}" if line.unit else ""
    between = "" if math.isnan(line.low) else f"{shown(line.low)} to {shown(line.high)}"
    verdict = "" if line.passed is None else ("yes" if line.passed else "**no**")
    asked = f" ({line.asked})" if line.asked else ""
    return f"{line.figure}{unit}", shown(line.published), shown(line.found), between, f"{verdict}{asked}"


def shown(value: float) -> str:
    """A number in four digits, or a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.4g}".replace("-", "−")


def summary(study: Study) -> str:
    """The table of the README: a row for each figure of which something is asked."""
    rows: list[tuple[str, ...]] = [HEADS, RULE]
    for finding in study.findings:
        for line in finding.lines:
            if line.passed is not None and "largest relative difference" not in line.figure:
                what, *rest = cells(line)
                rows.append((f"{finding.title}: {what}", *rest))
    rows += [(name, "", "", "", "**did not run**") for name in study.failed]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def sections(study: Study, pictures: str = "") -> str:
    """One section a benchmark: table, notes, picture, sources.

    Args:
        study: what came out.
        pictures: folder of the pictures, ending in a slash, as the page links to it; none are shown if empty.
    """
    return "\n\n".join("\n".join(_section(finding, pictures)) for finding in study.findings)


def _section(finding: Finding, pictures: str) -> Iterator[str]:
    yield f"### {finding.title}\n"
    for row in (HEADS, RULE, *(cells(line) for line in finding.lines)):
        yield f"| {' | '.join(row)} |"
    for note in finding.notes:
        yield f"\n{note}"
    if pictures:
        for name in finding.draw:
            yield f"\n![{finding.title}]({pictures}{name}.png)"
    sources = dict.fromkeys(
        line.source for line in finding.lines if line.source and "the same" not in line.source
    )
    if sources:
        yield "\nSources: " + "; ".join(sources) + "."
