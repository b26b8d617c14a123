"""The brief of a policy study: one page as HTML and as PDF, and the same as Markdown with its tables.

The PDF is drawn with matplotlib's PdfPages: matplotlib draws all figures anyway, so no further library and
no system package is needed, and text stays text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from pricewar.base.edition import EDITION, mark
from pricewar.base.words import Words
from pricewar.experiment.trajectories import FOLDER
from pricewar.files.folders import added
from pricewar.plots.policy import draw_best, draw_payers, draw_trade_off, policy_drawings
from pricewar.plots.style import count, house, in_brackets, number
from pricewar.policy.assumptions import assumptions, signature
from pricewar.policy.jobs import jobs
from pricewar.policy.spec import NONE, PEACE
from pricewar.policy.study import ABOUT, PolicyStudy
from pricewar.policy.summary import RANKED, best, buyers, courts, effects, monthly, payers, pick

from . import _embedded
from .experiment import BEGIN, END
from .experiment import _reading as reading
from .policy_words import DRAWN, JOINTLY, LIMITS, METHOD

COLUMNS: Final = (
    ("war avoided, %", "war_avoided", 100.0, "mean"),
    ("buyers, {money}", "pv.consumer_surplus", 1.0, "diff"),
    ("firms, {money}", "pv.producer_surplus", 1.0, "diff"),
    ("suppliers, {money}", "pv.supplier_profit", 1.0, "diff"),
    ("treasury, {money}", "pv.fiscal_cost", -1.0, "diff"),
    ("petrol makers, {money}", "pv.petrol_profit", 1.0, "diff"),
    ("welfare, {money}", "pv.welfare", 1.0, "diff"),
    ("with open orders, {money}", RANKED, 1.0, "diff"),
    ("suppliers failed, pp", "suppliers_failed", 100.0, "diff"),
    ("exits", "exits", 1.0, "diff"),
    ("HHI at the end", "hhi_end", 1.0, "diff"),
)
"""Head, measure, factor (of money: its sign), and whether the level or the difference from no measure is
shown."""
PLOTS: Final = ((0.15, 0.36, 0.67, 0.18), (0.1, 0.135, 0.38, 0.17), (0.72, 0.135, 0.23, 0.17))
"""Where the plots of the PDF are: left, bottom, width, height as fractions of the page."""
TABLES: Final = "tables"
"""Folder of small tables beside the brief."""
NOTHING: Final = 1e-3
"""What rounds to nothing in a table is written as 0."""


def write_brief(study: PolicyStudy, directory: str | Path, command: str) -> list[str]:
    """Write report.html, brief.pdf, figures/ and tables/ (CSV) into the folder of a study.

    Args:
        study: what was run.
        directory: where to.
        command: the command line that repeats it.

    Returns:
        One sentence for each figure.

    Raises:
        InputError, ResultsError: as `pricewar.files.folders.replaced`.
    """
    drawings = policy_drawings(study)
    figures = [(drawing, _embedded(drawing)) for drawing in drawings]
    page = _template().render(content(study, command) | {"figures": figures, "mark": Markup(mark())})
    with added(Path(directory), ABOUT) as draft:
        for drawing in drawings:
            drawing.save(draft / "figures")
        write_tables(study, draft / TABLES)
        (draft / "report.html").write_text(page, encoding="utf-8")
        write_pdf(study, draft / "brief.pdf", command)
    return [drawing.finding for drawing in drawings]


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
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g", lineterminator="\n")


def write_markdown(study: PolicyStudy, page: str | Path, command: str) -> Path:
    """The brief as Markdown; its figures, tables and PDF in a folder of its name.

    What stands between the two marks of the reading is kept, as on the pages of experiments.
    """
    target = Path(page)
    folder = target.with_suffix("")
    told = content(study, command)
    lines = [f"# {told['title']}", "", told["question"], "", *[f"- {line}" for line in told["facts"]], ""]
    lines += [f"The page for print: [brief.pdf]({folder.name}/brief.pdf).", ""]
    lines += ["## What it says", "", BEGIN, reading(target), END, "", "## What each option does", ""]
    lines += [*_grid(told["head"], told["rows"]), "", told["note"], ""]
    lines += ["## What buyers gain", "", told["buyers_note"], ""]
    lines += [*_grid(told["buyers_head"], told["buyers_rows"]), ""]
    for drawing in policy_drawings(study):
        _, svg = drawing.save(folder)
        svg.unlink()
        lines += [f"## {drawing.title}", "", f"![{drawing.title}]({folder.name}/{drawing.name}.png)", ""]
        lines += [drawing.finding, "", f"_{drawing.caption}_", ""]
    lines += ["## How often each test of predation errs", "", told["courts_note"], ""]
    lines += _grid(told["courts_head"], told["courts_rows"])
    lines += ["", "## Method and limits", "", told["method"], "", LIMITS, "", "## Repeat it", ""]
    lines += ["```", command, "```", "", told["files"], "", mark(), ""]
    write_tables(study, folder)
    write_pdf(study, folder / "brief.pdf", command)
    target.write_text("\n".join(lines), encoding="utf-8")
    return target


def columns(words: Words) -> list[tuple[str, str, float, str]]:
    """`COLUMNS` in the words and numbers of a market; of petrol only where there is any."""
    money, sums = words.total.word or words.money, words.total.factor
    rows = [row for row in COLUMNS if words.petrol or "petrol" not in row[1]]
    return [(h.format(money=money), m, sums * k if "{" in h else k, shown) for h, m, k, shown in rows]


def content(study: PolicyStudy, command: str) -> dict[str, Any]:
    """Everything that the brief says, as text."""
    spec, table, ranking = study.spec, effects(study), best(study)
    shares = ranking.set_index("option")["best"]
    rows, words = [], spec.base.words
    for option in (PEACE, *spec.options):
        cells = [_cell(table, option, *column[1:]) for column in columns(words)]
        share = number(100 * float(shares[option]), 0) if option in shares else "–"
        rows.append([option, *cells, share])
    tests = courts(study)
    return {
        "title": spec.title or spec.name,
        "question": spec.question,
        "facts": facts(study),
        "head": ["option", *(column[0] for column in columns(words)), "best, % of futures"],
        "rows": rows,
        "note": f"Against {NONE}; present values at {100 * spec.discount:g}% a year, {words.money}. The "
        "first column "
        "is a level. Surplus counts at the order, profit at the delivery; open orders: what the book at the "
        "end comes to. Best: by welfare with open orders. Suppliers failed, exits, HHI: a plus is a rise.",
        "buyers_head": [
            "option",
            f"{words.money} {words.a_unit}",
            f"poorest fifth, {words.total.word or words.money}",
            "2nd",
            "3rd",
            "4th",
            f"richest fifth, {words.total.word or words.money}",
        ],
        "buyers_rows": _buyers(study),
        "buyers_note": f"Against {NONE}: present value over the {words.units} ordered without measures, "
        f"and of each income fifth, {words.money}; open orders counted. Means over futures; in square "
        "brackets 5 to 95% of them. In round brackets: the mean in per cent of the fifth's own surplus "
        "without measures; – where a future leaves it next to none.",
        "courts_head": [
            "test",
            f"missed, % of {words.units}",
            f"false alarms, % of {words.units}",
            "futures",
        ],
        "courts_rows": [_court(row) for _, row in tests.iterrows()],
        "courts_note": f"In the war without measures. Missed: {words.units} sold under the imposed cut below "
        f"production cost that the test does not flag. False alarms: {words.units} of rivals that "
        "answered, which it "
        "flags. Brackets: 95% intervals over futures.",
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


def write_pdf(study: PolicyStudy, path: Path, command: str) -> None:
    """One page A4."""
    told, table, spec = content(study, command), effects(study), study.spec
    market = spec.base.words
    with house():
        figure = Figure(figsize=(8.27, 11.69))
        words = [textwrap.fill(text, 155) for text in (told["question"], *told["facts"])]
        figure.text(0.05, 0.977, told["title"], fontsize=13, fontweight="bold", va="top")
        figure.text(0.05, 0.957, "\n".join(words), fontsize=6.4, va="top", linespacing=1.3)
        _table(figure.add_axes((0.05, 0.588, 0.9, 0.3)), told["head"], told["rows"])
        figure.text(0.05, 0.582, textwrap.fill(told["note"], 190), fontsize=5.8, color="#5c5c5c", va="top")
        plots = [figure.add_axes(place) for place in PLOTS]
        draw_payers(plots[0], payers(study) / market.total.size, market.axis(), 5.5)
        draw_trade_off(plots[1], table, spec.options, market, 5.0)
        draw_best(plots[2], best(study), 5.5)
        for axes in plots:
            axes.tick_params(labelsize=5.5)
            axes.xaxis.label.set_fontsize(6)
            axes.yaxis.label.set_fontsize(6)
        figure.text(0.05, 0.548, "Who gains and who pays", fontsize=8, fontweight="bold")
        figure.text(0.05, 0.314, "War avoided, and what it costs buyers", fontsize=8, fontweight="bold")
        figure.text(0.64, 0.314, "Best by welfare with open orders", fontsize=8, fontweight="bold")
        last = [
            textwrap.fill(text, 185)
            for text in (told["method"], LIMITS, f"Repeat: {command}. {told['files']}")
        ]
        figure.text(0.05, 0.092, "\n".join(last), fontsize=5.8, va="top", linespacing=1.3)
        nothing = dict.fromkeys(("CreationDate", "Creator", "Producer"))  # a date, versions: other bytes
        with PdfPages(path, metadata={**nothing, "Title": told["title"]}) as pages:
            pages.savefig(figure)


def _table(axes: Axes, head: list[str], rows: list[list[str]]) -> None:
    axes.set_axis_off()
    titles = [textwrap.fill(name, 12) for name in head]
    widths = [0.1, *[0.084] * (len(head) - 2), 0.06]
    folded = [[cell.replace(" [", "\n[") for cell in row] for row in rows]
    made = axes.table(folded, colLabels=titles, colWidths=widths, bbox=Bbox.unit(), cellLoc="right")
    made.auto_set_font_size(False)
    made.set_fontsize(4.4)
    for (row, column), cell in made.get_celld().items():
        cell.set_linewidth(0.3)
        cell.set_edgecolor("#D9D9D9")
        cell.visible_edges = "B"
        cell.PAD = 0.03
        if column == 0:
            cell.set_text_props(ha="left")
        if row == 0:
            cell.set_height(cell.get_height() * 1.9)
            cell.set_text_props(fontweight="bold")


def _cell(table: pd.DataFrame, option: str, measure: str, factor: float, kind: str) -> str:
    row = pick(table, option, measure)
    names = ("mean", "lo", "hi") if kind == "mean" else ("diff", "diff_lo", "diff_hi")
    mean, *ends = (factor * float(row[name]) for name in names)
    low, high = sorted(ends)
    if max(abs(mean), abs(low), abs(high)) < NOTHING or mean == low == high:
        return number(mean, 0)
    places = 0 if abs(mean) >= 100 else 1 if abs(mean) >= 1 else 2
    if not np.isfinite(ends).all():  # nothing differs between futures
        return number(mean, places, kind == "diff")
    return f"{number(mean, places, kind == 'diff')} [{number(low, places)}, {number(high, places)}]"


def _buyers(study: PolicyStudy) -> list[list[str]]:
    rows, words = [], study.spec.base.words
    for option, part in buyers(study).groupby("option", sort=False):
        told = {row["what"]: row for row in part.to_dict("records")}
        fifths = [
            _futures(told[f"money {group}"], words.total.factor, 1) + in_brackets(told[str(group)]["mean"])
            for group in range(1, 6)
        ]
        rows.append([str(option), _futures(told[words.unit], 1.0, words.decimals), *fifths])
    return rows


def _futures(row: Mapping[Hashable, Any], factor: float, digits: int) -> str:
    """Mean and 5 to 95% of the futures."""
    mean, low, high = (factor * row[name] for name in ("mean", "p05", "p95"))
    return f"{number(mean, digits, True)} [{number(low, digits)}, {number(high, digits)}]"


def _court(row: pd.Series) -> list[str]:
    def share(name: str) -> str:
        mean, low, high = (number(100 * row[f"{name}{end}"], 0) for end in ("", "_lo", "_hi"))
        return mean if "–" in (low, high) else f"{mean} [{low}, {high}]"

    return [
        str(row["test"]).replace("_", " "),
        share("missed"),
        share("false_alarm"),
        str(int(row["futures"])),
    ]


def _grid(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]


def _template() -> Any:
    loader = PackageLoader("pricewar.report", "")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("policy.html.j2")
