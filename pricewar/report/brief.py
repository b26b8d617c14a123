"""The brief of a policy study for print: two pages A4, laid out by Typst (docs/adr/0108)."""

from __future__ import annotations

import json
from functools import partial
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pricewar.base.edition import EDITION
from pricewar.plots.policy import rests_on, who_pays
from pricewar.plots.style import number
from pricewar.policy.assumptions import signature
from pricewar.policy.carriers import carriers
from pricewar.policy.ranges import FEW, Outcome, buyers_gain, gains, levels, outcome, party_gain
from pricewar.policy.spec import NONE, PEACE
from pricewar.policy.study import PolicyStudy
from pricewar.policy.summary import RANKED, wide
from pricewar.policy.verdict import Verdict, verdict

from .policy_findings import Finding
from .policy_words import BRIEF_METHOD, LIMITS

PAGES: Final = 2
ROWS: Final = 6
"""Measures in the table of the brief."""
_PAGE: Final = 6.85
"""Inches between the margins."""
_TYPE: Final = 10.0
"""Points, the smallest type of the brief."""


def chosen(study: PolicyStudy, told: list[Finding], found: Verdict, rows: int = ROWS) -> list[str]:
    """At most so many options: those of the findings, then the best; in order of their mean gain."""
    ranked = [one.option for one in found.standings]
    named = [option for one in told for option in one.options]
    kept = list(dict.fromkeys([*named, *ranked]))[:rows]
    return [option for option in ranked if option in kept]


def brief_pdf(study: PolicyStudy, told: list[Finding], command: str) -> bytes:
    """The brief as PDF; the same study gives the same bytes.

    Args:
        study: what was run.
        told: its findings.
        command: the command line that repeats it.
    """
    import typst

    found = verdict(study)
    with TemporaryDirectory() as desk:
        page = Path(desk, "brief.typ")
        page.write_bytes(files("pricewar.report").joinpath("brief.typ").read_bytes())
        for rows in range(ROWS, 1, -1):  # a long question takes room from the table
            inputs = {"told": _told(study, told, found, rows, command, page.parent)}
            if int(json.loads(typst.query(page, "<end>", field="value", sys_inputs=inputs))[0]) <= PAGES:
                break
        return typst.compile(page, format="pdf", sys_inputs=inputs, timestamp=0)


def _told(
    study: PolicyStudy, told: list[Finding], found: Verdict, rows: int, command: str, desk: Path
) -> str:
    """All words of the brief as JSON; its figures are written beside it."""
    options = chosen(study, told, found, rows)
    assets, words = _figures(study, options, found)
    for name, content in assets.items():
        (desk / name).write_bytes(content)
    words |= {"findings": [one.text for one in told]} | _words(study, command)
    return json.dumps(words | _table(study, options, found), ensure_ascii=False)


def _figures(
    study: PolicyStudy, options: list[str], found: Verdict
) -> tuple[dict[str, bytes], dict[str, Any]]:
    payers = who_pays(study, options, _PAGE, _TYPE)
    assets = {"who_pays.svg": payers.svg}
    words: dict[str, Any] = {
        "payers_title": payers.title,
        "payers_alt": payers.finding,
        "payers_note": payers.caption,
    }
    best = found.best.option
    carried = carriers(study, best)
    if carried:
        tornado = rests_on(study, best, carried, _PAGE, _TYPE)
        assets["rests_on.svg"] = tornado.svg
        words |= {
            "rests_title": f"{tornado.title}: {study.spec.said(best)} against doing nothing",
            "rests_alt": tornado.finding,
            "rests_note": tornado.caption,
        }
    return assets, words


def _words(study: PolicyStudy, command: str) -> dict[str, Any]:
    spec = study.spec
    return {
        "title": spec.title or spec.name,
        "question": spec.question,
        "method": BRIEF_METHOD.format(
            futures=study.futures,
            long=spec.base.words.periods(spec.scenario(NONE).periods),
            start=spec.base.start,
            options=len(spec.options) - 1,
            discount=f"{100 * spec.discount:g}",
        ),
        "limits": LIMITS,
        "repeat": f"Repeat it: {command}. Digest of the study: {spec.digest}; of the list of its "
        f"assumptions, tables/assumptions.csv: {signature(spec)}. The other options, tables and figures are "
        "in report.html beside this file.",
        "mark": f"pricewar, model edition {EDITION}",
    }


def _table(study: PolicyStudy, options: list[str], found: Verdict) -> dict[str, Any]:
    words, shares = study.spec.base.words, {one.option: one.better for one in found.standings}
    factor, sold = words.total.factor, wide(study, "orders")[NONE].to_numpy(float)
    rows, worst, two = [], 0.0, partial(cell, apart="\n")
    for option in (PEACE, NONE, *options):
        left = outcome(100 * levels(study, option, "rivals_fall"))
        if option == NONE:
            rows.append([NONE, two(left, 1), *["0"] * 4, "–"])
            continue
        parts = [
            outcome(factor * values)
            for values in (party_gain(study, option, "firms"), party_gain(study, option, "the state"))
        ]
        welfare = outcome(factor * gains(study, option, RANKED))
        worst = max(worst, welfare.error) if option != PEACE else worst
        share = f"{number(100 * shares[option], 0)}%" if option in shares else "–"
        a_unit = outcome(buyers_gain(study, option) / sold)
        own = [two(left, 1), two(a_unit, words.decimals), *(two(part) for part in (*parts, welfare)), share]
        rows.append([study.spec.said(option), *own])
    head = [
        "",
        "rivals' prices below peace, points",
        f"buyers, {words.money} {words.a_unit}",
        *(f"{who}, {words.axis()}" for who in ("firms", "state", "welfare")),
        "better than nothing",
    ]
    many = len(found.standings)
    which = f"{len(options)} of {many} measures" if len(options) < many else f"{many} measures"
    return _by_fifth(study, options) | {
        "table_title": f"What {which} do" if many > 1 else "What the measure does",
        "head": head,
        "rows": rows,
        "note": _note(study, worst),
    }


def _by_fifth(study: PolicyStudy, options: list[str]) -> dict[str, Any]:
    """What each income fifth of buyers has, in money: per cents are in the figure."""
    words, two = study.spec.base.words, partial(cell, apart="\n")
    rows = [
        [
            study.spec.said(option),
            *(two(outcome(words.total.factor * buyers_gain(study, option, str(g)))) for g in range(1, 6)),
        ]
        for option in (PEACE, *options)
    ]
    return {
        "fifths_title": f"What buyers gain by income fifth, {words.axis()}",
        "fifths_head": ["", "poorest fifth", "2nd", "3rd", "4th", "richest fifth"],
        "fifths_rows": rows,
    }


def _note(study: PolicyStudy, error: float) -> str:
    words = study.spec.base.words
    what = (
        f"Against {NONE}; present values at {100 * study.spec.discount:g}% a year. Buyers: for each "
        f"{words.unit} ordered without measures. Welfare: buyers, firms, suppliers, state and the "
        "petrol side "
        "together, open orders counted."
    )
    if not words.petrol:
        what = what.replace(", state and the petrol side", " and state")
    if study.futures < FEW:
        return (
            f"{what} Means over {study.futures} futures, too few for ranges: the figure shows each of them."
        )
    return (
        f"{what} Mean and, in brackets, where 90% of the {study.futures} futures lie (5 to 95%). More "
        "futures "
        f"would not narrow these ranges; the means of welfare themselves are known to ±{number(error)} "
        f"{words.of_money()} or better (95%, over futures)."
    )


def cell(found: Outcome, digits: int | None = None, apart: str = " ") -> str:
    """Mean and 5 to 95% of the futures."""
    if digits is None:
        ends = (abs(value) for value in found[:3] if value == value)
        digits = 0 if max(ends, default=0.0) >= 100 else 1
    mean = number(found.mean, digits, signed=True)
    low, high = (number(value, digits) for value in (found.low, found.high))
    if low == high and (low in ("–", mean.lstrip("+")) or found.low == found.high == 0.0):
        return mean
    return f"{mean}{apart}({low} to {high})"
