"""Steps that go on where they stopped: experiments with their table, policy studies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pricewar.base.errors import ResultsError
from pricewar.cli.sweep import progress_of
from pricewar.experiment import load_experiment, run_experiment, shipped_experiments
from pricewar.experiment.manifest import read_manifest
from pricewar.policy import PolicySpec, load_policy, policy_from, run_policy
from pricewar.policy.files import shipped_policies
from pricewar.report.experiment import write_page
from pricewar.report.numbers import renewed
from pricewar.report.policy import write_markdown

from .step import Place, Step, sources

CODE: Final = ("report", "plots", "analysis")
DRAWS: Final = 4
"""Futures of a small policy study."""
TABLE: Final = "docs/results/README.md"


def experiment_steps() -> Iterator[Step]:
    """One step for each shipped experiment."""
    for name, file in shipped_experiments().items():
        yield _experiment(name, file, name.partition("_")[0])


def _experiment(name: str, file: Path, number: str) -> Step:
    page = f"docs/results/{number}.md"

    def inputs(place: Place) -> Mapping[str, Any]:
        """Words and figures of the file are not in its digest."""
        loaded = load_experiment(name, place.small)
        return {"digest": loaded.digest, "file": file.read_text(encoding="utf-8"), "code": sources(*CODE)}

    def make(place: Place) -> list[Path]:
        loaded = load_experiment(name, place.small)
        with progress_of(len(loaded), place.quiet) as tick:
            study = run_experiment(
                loaded, store=store_of(name, place), workers=place.workers, progress=tick,
                command=f"pricewar sweep {name}",
            )  # fmt: skip
        return _with_folder(write_page(study, _page(page, place)))

    outputs = (page, f"docs/results/{number}/*")
    return Step(f"experiment-{number}", f"the runs and the page of {name}", outputs, inputs, make, _obstacle)


def _obstacle() -> str:
    """Without the workbench some figures of some pages would be missing."""
    return "" if find_spec("ema_workbench") else "ema-workbench is not installed (pip install '.[discovery]')"


def store_of(name: str, place: Place) -> Path:
    """The folder of an experiment's runs; one whose inputs have changed has another."""
    return place.kept / "experiments" / f"{name}-{load_experiment(name, place.small).digest}"


def _page(name: str, place: Place) -> Path:
    """A page of results with its reading kept, and no figure or table of another time beside it."""
    page = place.page(name) if (place.home / name).exists() else place.path(name)
    shutil.rmtree(page.with_suffix(""), ignore_errors=True)
    return page


def _with_folder(page: Path) -> list[Path]:
    """A page and all in the folder of its name."""
    return [page, *sorted(page.with_suffix("").iterdir())]


def table_step() -> Step:
    """The table of all experiments: question, runs and, in full, the time that they took."""

    def inputs(place: Place) -> Mapping[str, Any]:
        rows = [_row(name, place) for name in shipped_experiments() if _finished(name, place)]
        return {"rows": rows, "code": sources("publish")}

    def make(place: Place) -> list[Path]:
        missing = [name for name in shipped_experiments() if not _finished(name, place)]
        if missing:
            raise ResultsError(
                f"table of experiments: no finished runs of {', '.join(missing)}: do these steps first"
            )
        page = place.page(TABLE)
        heads = ["experiment", "question", "runs", *([] if place.small else ["computing"])]
        lines = [f"| {' | '.join(heads)} |", "|---|---|" + "---:|" * (len(heads) - 2)]
        lines += [f"| {' | '.join(_row(name, place))} |" for name in shipped_experiments()]
        page.write_text(
            renewed(page.read_text(encoding="utf-8"), "\n".join(lines), TABLE), encoding="utf-8", newline="\n"
        )
        return [page]

    return Step("experiments-table", "the table of all experiments", (TABLE,), inputs, make)


def _finished(name: str, place: Place) -> bool:
    return (store_of(name, place) / "runs.parquet").exists()


def _row(name: str, place: Place) -> list[str]:
    told = read_manifest(store_of(name, place))
    number = name.partition("_")[0]
    cells = [f"[{number}]({number}.md)", told["experiment"]["title"], f"{told['runs']:,}"]
    return cells if place.small else [*cells, f"{told['compute_seconds'] / 60:,.1f} min"]


WITHOUT_PAGE: Final = frozenset({"long-run"})
"""Ten years are beyond what the market was calibrated on: a study to run and vary, no findings."""


def policy_steps() -> Iterator[Step]:
    """One step for each shipped policy file that has a page."""
    for name, file in shipped_policies().items():
        if name in WITHOUT_PAGE:
            continue
        yield _policy(name, file, "policy" if name == "anti-involution" else f"policy-{name}")


def _policy(name: str, file: Path, page: str) -> Step:
    target = f"docs/results/{page}.md"

    def spec(place: Place) -> PolicySpec:
        loaded = load_policy(name)
        return fewer(loaded, DRAWS) if place.small else loaded

    def inputs(place: Place) -> Mapping[str, Any]:
        words = file.read_text(encoding="utf-8")
        return {"digest": spec(place).digest, "file": words, "code": sources(*CODE, "policy")}

    def make(place: Place) -> list[Path]:
        wanted = spec(place)
        with progress_of(len(wanted), place.quiet) as tick:
            study = run_policy(
                wanted,
                store=place.kept / "policies" / f"{name}-{wanted.digest}",
                workers=place.workers,
                progress=tick,
            )
        command = f"pricewar policy {name} --out results/policy-{name}"
        return _with_folder(write_markdown(study, _page(target, place), command))

    outputs = (target, f"docs/results/{page}/*")
    return Step(f"policy-{name}", f"the futures and the brief of {name}", outputs, inputs, make)


def fewer(spec: PolicySpec, draws: int) -> PolicySpec:
    """The same study over fewer futures."""
    own = {name: getattr(spec, name) for name in type(spec).model_fields if name != "changes"}
    return policy_from({**own, "set": spec.changes, "draws": draws}, f"policy {spec.name}")
