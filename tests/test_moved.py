"""Old import paths work for one release more, and say where the module lives now."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings

import pytest

from pricewar._moved import HOMES

MOVED = [(old, f"pricewar.{folder}.{new}") for folder, names in HOMES.items() for old, new in names.items()]


@pytest.mark.parametrize(("old", "new"), MOVED, ids=[old for old, _ in MOVED])
def test_the_old_name_is_the_module_itself_and_warns(old: str, new: str) -> None:
    sys.modules.pop(f"pricewar.{old}", None)
    with pytest.warns(DeprecationWarning, match=f"pricewar.{old} is {new} now"):
        found = importlib.import_module(f"pricewar.{old}")
    assert found is importlib.import_module(new)
    assert found.__spec__ is not None
    assert found.__spec__.name == new


def test_folders_named_like_old_modules_export_their_public_names() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from pricewar.results import Results
        from pricewar.scenario import Scenario, load
        from pricewar.testing import check_demand, check_strategy, example_view

    assert all(found is not None for found in (Results, Scenario, load, check_demand, check_strategy))
    assert example_view().period == 0


def test_the_package_itself_uses_no_old_name() -> None:
    code = "import sys, pricewar.cli.app, pricewar.market.model, pricewar.testing; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:pricewar", "-c", code],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert not {f"pricewar.{old}" for old, _ in MOVED} & set(done.stdout.split())


def test_what_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("pricewar.nowhere")
