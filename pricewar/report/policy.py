"""The brief of a policy study: two pages as PDF, and a report as HTML and as Markdown with its tables."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pricewar.base.edition import EDITION, mark
from pricewar.base.words import Words
from pricewar.experiment.trajectories import FOLDER
from pricewar.files.folders import added
from pricewar.plots import save_figures
from pricewar.plots.policy import policy_drawings
from pricewar.plots.style import count, in_brackets, number
from pricewar.policy.assumptions import assumptions, signature
from pricewar.policy.courts import TESTS
from pricewar.policy.jobs import jobs
from pricewar.policy.ranges import FEW, gains, levels, outcome
from pricewar.policy.spec import NONE, PEACE
from pricewar.policy.study import ABOUT, PolicyStudy
from pricewar.policy.summary import RANKED, best, buyers, courts, effects, monthly, payers

from . import _embedded
from .brief import brief_pdf, cell
from .experiment import BEGIN, END
from .experiment import _reading as reading
from .policy_findings import findings
from .policy_words import DRAWN, JOINTLY, LIMITS, METHOD

COLUMNS: Final = (
    ("rivals' prices below peace, points", "rivals_fall", 100.0, "level"),
    ("buyers, {money}", "pv.consumer_surplus", 1.0, "gain"),
    ("firms, {money}", "pv.producer_surplus", 1.0, "gain"),
    ("suppliers, {money}", "pv.supplier_profit", 1.0, "gain"),
    ("treasury, {money}", "pv.fiscal_cost", -1.0, "gain"),
    ("petrol makers, {money}", "pv.petrol_profit", 1.0, "gain"),
    ("welfare, {money}", "pv.welfare", 1.0, "gain"),
    ("with open orders, {money}", RANKED, 1.0, "gain"),
    ("suppliers failed, pp", "suppliers_failed", 100.0, "gain"),
    ("exits", "exits", 1.0, "gain"),
    ("HHI at the end", "hhi_end", 1.0, "gain"),
)
"""Head, measure, factor (of money: its sign), and whether the level or the difference from no measure is
shown."""
NOTHING: Final = 0.005
"""What rounds to nothing in every future is written as 0."""
TABLES: Final = "tables"
"""Folder of small tables beside the brief."""


def write_brief(study: PolicyStudy, directory: str | Path, command: str) -> list[str]:
    """Write report.html, brief.pdf, figures/ and tables/ (CSV) into the folder of a study.

    Args:
        study: what was run.
        directory: where to.
        command: the command line that repeats it.

    Returns:
        The findings, one text each.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    drawings, told = policy_drawings(study), findings(study)
    figures = [(drawing, _embedded(drawing)) for drawing in drawings]
    pdf = brief_pdf(study, told, command)
    page = _template().render(content(study, command) | {"figures": figures, "mark": Markup(mark())})
    with added(Path(directory), ABOUT) as draft:
        save_figures(drawings, draft / "figures")
        write_tables(study, draft / TABLES)
        (draft / "report.html").write_text(page, encoding="utf-8", newline="\n")
        (draft / "brief.pdf").write_bytes(pdf)
    return [one.text for one in told]


def write_tables(study: PolicyStudy, folder: Path) -> None:
    """Small tables as CSV: effects, payers, robustness, courts, and the mean path of each option."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {
        "effects": effects(study),
        "payers": payers(study).reset_index(names="option"),
        "robustness": best(study),
        "robustness_buyers": best(study, "pv.consumer_surplus"),
        "courts": courts(study),
        "monthly": monthly(study),
        "buyers": buyers(study),
        "jobs": jobs(study),
        "assumptions": assumptions(study.spec),
    }.items():
        if name == "jobs" and table.empty:
            continue
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")


def write_markdown(study: PolicyStudy, page: str | Path, command: str) -> Path:
    """The brief as Markdown; its figures, tables and PDF in a folder of its name.

    What stands between the two marks of the reading is kept, as on the pages of experiments.
    """
    target = Path(page)
    folder = target.with_suffix("")
    told = content(study, command)
    lines = [f"# {told['title']}", "", told["question"], "", "## Findings", ""]
    lines += [*[f"{place}. {text}" for place, text in enumerate(told["findings"], 1)], ""]
    lines += ["## What was run", "", *[f"- {line}" for line in told["facts"]], ""]
    lines += [f"The page for print: [brief.pdf]({folder.name}/brief.pdf).", ""]
    lines += ["## What it says", "", BEGIN, reading(target), END, "", "## What each option does", ""]
    lines += [*_grid(told["head"], told["rows"]), "", told["note"], ""]
    lines += ["## What buyers gain", "", told["buyers_note"], ""]
    lines += [*_grid(told["buyers_head"], told["buyers_rows"]), ""]
    for drawing in policy_drawings(study):
        drawing.save(folder, ("png",))
        lines += [f"## {drawing.title}", "", f"![{drawing.title}]({folder.name}/{drawing.name}.png)", ""]
        lines += [drawing.finding, "", f"_{drawing.caption}_", ""]
    lines += ["## How often each test of predation errs", "", told["courts_note"], ""]
    lines += _grid(told["courts_head"], told["courts_rows"])
    lines += ["", "## Method and limits", "", told["method"], "", LIMITS, "", "## Repeat it", ""]
    lines += ["```", command, "```", "", told["files"], "", mark(), ""]
    write_tables(study, folder)
    (folder / "brief.pdf").write_bytes(brief_pdf(study, findings(study), command))
    target.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return target


def columns(words: Words) -> list[tuple[str, str, float, str]]:
    """`COLUMNS` in the words and numbers of a market; of petrol only where there is any."""
    money, sums = words.total.word or words.money, words.total.factor
    rows = [row for row in COLUMNS if words.petrol or "petrol" not in row[1]]
    return [(h.format(money=money), m, sums * k if "{" in h else k, shown) for h, m, k, shown in rows]


def content(study: PolicyStudy, command: str) -> dict[str, Any]:
    """Everything that the brief says, as text."""
    spec, words = study.spec, study.spec.base.words
    shares = best(study).set_index("option")["best"]
    rows = []
    for option in (PEACE, *spec.options):
        cells = [_cell(study, option, *column[1:]) for column in columns(words)]
        share = number(100 * float(shares[option]), 0) if option in shares else "–"
        rows.append([spec.said(option), *cells, share])
    return {
        "title": spec.title or spec.name,
        "question": spec.question,
        "findings": [one.text for one in findings(study)],
        "facts": facts(study),
        "head": ["option", *(column[0] for column in columns(words)), "best, % of futures"],
        "rows": rows,
        "note": f"Against {NONE}; present values at {100 * spec.discount:g}% a year, {words.money}. The "
        "first column "
        "is a level. Surplus counts at the order, profit at the delivery; open orders: what the book at the "
        "end comes to. Best: by welfare with open orders. Suppliers failed, exits, HHI: a plus is a rise. "
        + _of_what(study),
        "buyers_head": _buyers_head(words),
        "buyers_rows": _buyers(study),
        "buyers_note": f"Against {NONE}: present value over the {words.units} ordered without measures, "
        f"and of each income fifth, {words.money}; open orders counted. {_of_what(study)} Last, the "
        "mean in per cent of the fifth's own surplus without measures; – where a future leaves it next to "
        "none.",
        "courts_head": [
            "test",
            f"missed, % of {words.units}",
            f"false alarms, % of {words.units}",
            "futures",
        ],
        "courts_rows": [_court(study, test) for test in TESTS],
        "courts_note": f"In the war without measures. Missed: {words.units} sold under the imposed cut below "
        f"production cost that the test does not flag. False alarms: {words.units} of rivals that "
        "answered, which it "
        f"flags. {_of_what(study)}",
        "method": METHOD + DRAWN[spec.drawn],
        "limits": LIMITS,
        "command": command,
        "files": f"Policy file {spec.origin or spec.name}, digest {spec.digest}, model edition {EDITION}; "
        f"{FOLDER}/ holds every run, {TABLES}/ what the brief says. Signed list of assumptions: "
        f"{TABLES}/assumptions.csv, digest {signature(spec)}.",
    }


def facts(study: PolicyStudy) -> list[str]:
    """What was asked and run."""
    spec = study.spec
    long = spec.base.words.periods(spec.scenario(NONE).periods)
    unsure = ", ".join(factor.label or name for name, factor in spec.factors.items())
    return [
        f"War: {spec.base.name}; peace: {spec.but_for.name}; {long} from {spec.base.start}.",
        f"{count(len(spec.measures), 'measure')}, {count(len(spec.bundles), 'bundle')} ("
        + "; ".join(f"{name} = {' + '.join(parts)}" for name, parts in spec.bundles.items())
        + f"), {count(study.futures, 'future')}, {study.futures * (1 + len(spec.options)):,} runs, "
        f"{len(study.failed)} failed.",
        f"Uncertain: {unsure}{JOINTLY if spec.drawn != 'luck' else ''}.",
    ]


def _of_what(study: PolicyStudy) -> str:
    if study.futures < FEW:
        return f"Means over {study.futures} futures, too few for ranges; all are in {FOLDER}/."
    return "Means over futures; in brackets where 90% of them lie (5 to 95%)."


def _cell(study: PolicyStudy, option: str, measure: str, factor: float, kind: str) -> str:
    values = levels(study, option, measure) if kind == "level" else gains(study, option, measure)
    found = outcome(factor * values)
    return "0" if (np.abs(factor * values) < NOTHING).all() else cell(found, _digits(found.mean))


def _digits(size: float) -> int:
    return 0 if abs(size) >= 100 else 1 if abs(size) >= 1 else 2


def _buyers_head(words: Words) -> list[str]:
    money = words.total.word or words.money
    first, last = (f"{which} fifth, {money}" for which in ("poorest", "richest"))
    return ["option", f"{words.money} {words.a_unit}", first, "2nd", "3rd", "4th", last]


def _buyers(study: PolicyStudy) -> list[list[str]]:
    rows, words = [], study.spec.base.words
    for option, part in buyers(study).groupby("option", sort=False):
        told = {row["what"]: row for row in part.to_dict("records")}
        fifths = [
            _futures(study, told[f"money {group}"], words.total.factor, 1)
            + in_brackets(told[str(group)]["mean"])
            for group in range(1, 6)
        ]
        unit = _futures(study, told[words.unit], 1.0, words.decimals)
        rows.append([study.spec.said(str(option)), unit, *fifths])
    return rows


def _futures(study: PolicyStudy, row: Mapping[Hashable, Any], factor: float, digits: int) -> str:
    """Mean and 5 to 95% of the futures, where they are enough."""
    mean, low, high = (factor * row[name] for name in ("mean", "p05", "p95"))
    text = number(mean, digits, True)
    if study.futures < FEW or low == high == 0.0:
        return text
    return f"{text} ({number(low, digits)} to {number(high, digits)})"


def _court(study: PolicyStudy, test: str) -> list[str]:
    found = [outcome(100 * levels(study, NONE, f"{kind}.{test}")) for kind in ("missed", "false_alarm")]
    return [test.replace("_", " "), *(cell(one, 0).lstrip("+") for one in found), str(found[0].futures)]


def _grid(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _template() -> Any:
    loader = PackageLoader("pricewar.report", "")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("policy.html.j2")
