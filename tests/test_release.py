"""What is released: the wheel does what the README says, and files about the release say the same."""

from __future__ import annotations

import re
import sys
import tomllib
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import release_check
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_readme_runs_from_a_wheel_that_nothing_can_write_into(tmp_path: Path) -> None:
    titles = release_check.check(tmp_path, sys.executable, seeds=1)
    assert titles.count("Python block") == 2
    assert any(title.startswith("pricewar compare baseline") for title in titles)


# -- one version, and what is said about it ----------------------------------------------------


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_stands_in_one_place_and_what_repeats_it_agrees() -> None:
    version = project()["version"]
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == version
    assert project()["license"].startswith(f"{cited['license']} AND "), "code first, then letters"
    stated = re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.])")
    sources = (ROOT / "pricewar").rglob("*.py")
    assert not [path for path in sources if stated.search(path.read_text(encoding="utf-8"))]


def test_no_doi_is_stated_before_there_is_one() -> None:
    """The format has no empty DOI: it begins with 10., or the key is not there."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert re.fullmatch(r"10\.\d{4,9}(\.\d+)?/\S+", cited.get("doi", "10.1234/absent"))


def test_installing_is_from_a_clone_as_long_as_nothing_is_published() -> None:
    promise = re.compile(r"\b(pip|uv|uvx|pipx) (?:tool )?(?:pip )?(?:install|run) (?:-U )?[\"']?pricewar\b")
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb")]
    assert not [path for path in pages if promise.search(path.read_text(encoding="utf-8"))]


# -- workflows ---------------------------------------------------------------------------------

WORKFLOWS = {path.name: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def jobs(name: str) -> dict[str, Any]:
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))["jobs"]


def pythons() -> list[str]:
    named = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    return [found[1] for line in project()["classifiers"] if (found := named.fullmatch(line))]


@pytest.mark.parametrize(("workflow", "job"), [("tests.yml", "tests"), ("release.yml", "readme")])
def test_workflows_try_three_systems_and_every_python_that_is_named(workflow: str, job: str) -> None:
    tried = jobs(workflow)[job]["strategy"]["matrix"]
    assert tried["python"] == pythons()
    assert project()["requires-python"] == f">={pythons()[0]}"
    assert {system.split("-")[0] for system in tried["system"]} == {"ubuntu", "macos", "windows"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_and_jobs_may_only_read(name: str) -> None:
    whole = yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))
    assert whole["permissions"] == {"contents": "read"}
    for job in whole["jobs"].values():
        assert job["timeout-minutes"] <= 90
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        assert all(PINNED.fullmatch(action) for action in used), used
    assert "pypi.org" not in WORKFLOWS[name].read_text(encoding="utf-8")


def test_what_is_published_was_tried_and_needs_no_secret() -> None:
    told = jobs("release.yml")
    assert set(told["publish"]["needs"]) == {"build", "readme"}
    assert told["publish"]["permissions"] == {"id-token": "write"}
    last = told["publish"]["steps"][-1]
    assert last["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert "secrets." not in WORKFLOWS["release.yml"].read_text(encoding="utf-8")


def test_commands_of_workflows_are_there() -> None:
    """A file that a step runs is in the repository."""
    for name in WORKFLOWS:
        for job in jobs(name).values():
            text = "\n".join(step.get("run", "") for step in job["steps"])
            for file in re.findall(r"[\w./-]+\.(?:py|lock|toml)|\.ci/run", text):
                assert (ROOT / file).is_file(), f"{name}: {file}"


# -- bounds ------------------------------------------------------------------------------------

BOUNDED = ("mesa", "numba", "numpy")
"""What has moved under us before: a version that nobody has tried is not taken."""


def test_bounds_hold_what_was_tried_and_the_locks_are_at_the_upper_end() -> None:
    wanted = {Requirement(line).name: Requirement(line).specifier for line in project()["dependencies"]}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name in BOUNDED:
        assert {bound.operator for bound in wanted[name]} == {">=", "<"}, name
        locked = re.findall(rf"^{name}(?:\[\w+\])?==([\d.]+)", lock, flags=re.MULTILINE)
        assert locked, name
        assert all(version in wanted[name] for version in locked), (name, locked)
        assert wanted[name].contains(metadata.version(name)), name


# -- licence of data ---------------------------------------------------------------------------

LICENCES = ROOT / "docs" / "reference" / "data-licences.md"
DATA_ENDINGS = {".csv", ".json", ".toml", ".js", ".txt", ""}
CODE_LIKE = re.compile(
    r"/(?:scenarios|experiments|policies)/[\w./-]+\.(?:toml|md)$|/templates/|/lessons/|/levers\.toml$|/static/[\w.-]+$|py\.typed$"
)
"""Inputs and texts of our own that are written as code is: scenarios, studies, pages, templates."""


def test_every_data_file_that_is_shipped_has_one_row_of_licence() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", LICENCES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    shipped = [
        name
        for name in release_check.in_the_clone()
        if Path(name).suffix in DATA_ENDINGS and not CODE_LIKE.search(name)
    ]
    assert len(shipped) > 60
    hits = {name: [row for row in rows if fnmatch(name, row)] for name in shipped}
    assert {name: found for name, found in hits.items() if len(found) != 1} == {}
    assert set(rows) == {row for found in hits.values() for row in found}, "a row for nothing"
