"""What make installs is named by its hash: every pin of every lock, and every call of pip but one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHA256 = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Name and marker of each pin, with its version and the number of its hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        pin = re.fullmatch(
            r"([a-z0-9-]+)(?:\[[a-z, ]+\])?==([^ ]+)( ;.*)?", line.partition("--hash")[0].strip()
        )
        assert pin is not None, f"{lock}: {line[:80]}"
        found[pin[1] + (pin[3] or "")] = (pin[2], len(SHA256.findall(line)))
    return found


def test_there_is_a_lock_for_each_thing_that_make_installs() -> None:
    needed = re.findall(r"\$\(VENV\)/installed-(\w+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert {f"requirements-{name}.lock" for name in needed} | {"requirements.lock"} == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|^#|--(extra-)?index|--find-links", text, re.M)
    assert pins(lock)
    assert not {name for name, (_, hashes) in pins(lock).items() if hashes == 0}


def test_locks_agree_on_every_version() -> None:
    whole = pins("requirements.lock")
    for lock in LOCKS:
        both = pins(lock).keys() & whole.keys()
        assert {name: pins(lock)[name] for name in both} == {name: whole[name] for name in both}, lock


@pytest.mark.parametrize("lock", LOCKS)
def test_floors_that_advisories_raised_hold(lock: str) -> None:
    floors = dict(rule.split(">=") for rule in PROJECT["tool"]["uv"]["constraint-dependencies"])
    for name, (version, _) in pins(lock).items():
        floor = floors.get(name.split(" ")[0])
        if floor is not None:
            assert [int(n) for n in version.split(".")] >= [int(n) for n in floor.split(".")], name


def test_what_is_built_and_locked_with_is_locked_itself() -> None:
    build = [re.split(r"[>=]", rule)[0] for rule in PROJECT["build-system"]["requires"]]
    assert set(build) <= pins("requirements.lock").keys()
    assert {"uv", "pytest"} <= pins("requirements-dev.lock").keys()


def test_pip_is_called_with_hashes_or_for_ourselves_alone() -> None:
    calls = re.findall(r"^.*pip install.*$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    loose = [call for call in calls if "--require-hashes" not in call and "$(OLDEST)" not in call]
    assert [("--no-deps --no-build-isolation -e ." in call, "mesa[network]" in call) for call in loose] == [
        (True, False),
        (False, True),
    ]
    assert len(calls) == len(loose) + 4, "what a user installs, and an environment of the lowest versions"
