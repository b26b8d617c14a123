"""`pricewar verify` uses all that it is given: no key renamed and no number moved leaves a case right."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pricewar.base.errors import ConvergenceError, InputError
from pricewar.verify import verify_case
from pricewar.verify.shipped import FOLDER, shipped_cases

MADE = [path for path in shipped_cases() if path.stem not in ("logit", "mixed_logit", "nested_logit")]
LARGE = [FOLDER / f"{name}.json" for name in ("logit", "mixed_logit", "nested_logit")]


def verdict(tmp_path: Path, tree: dict[str, Any]) -> str:
    """Right, wrong, refused or unsolved."""
    path = tmp_path / "case.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    try:
        return "right" if verify_case(path).passed else "wrong"
    except InputError:
        return "refused"
    except ConvergenceError:
        return "unsolved"


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every number and label of the inputs, and where it stands."""
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*place, key))
    else:
        yield place, value


def changed(tree: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    out = copy.deepcopy(tree)
    inner = out
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return out


def moved(value: Any) -> Any:
    if isinstance(value, str):
        return value + "x"
    return value * 1.01 + 0.001 if isinstance(value, float) else value + 1


@pytest.mark.parametrize("path", [*MADE, *LARGE], ids=lambda path: path.stem)
def test_no_key_of_the_inputs_can_be_renamed(tmp_path: Path, path: Path) -> None:
    tree = read(path)
    assert verdict(tmp_path, tree) == "right"
    for key in tree["inputs"]:
        renamed = {(f"{k}_of_mine" if k == key else k): v for k, v in tree["inputs"].items()}
        assert verdict(tmp_path, tree | {"inputs": renamed}) == "refused", key


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_no_number_and_no_name_of_the_inputs_can_be_moved(tmp_path: Path, path: Path) -> None:
    tree = read(path)
    owners = list(dict.fromkeys(tree["inputs"].get("firm_ids", ())))
    for place, value in leaves(tree["inputs"], ("inputs",)):
        if place[1] == "demographic_names" or (place[1] == "ownership" and place[2] == place[3]):
            continue  # names of attributes beside a matrix for pi; the scale of an owner's profit
        other = owners[owners.index(value) - 1] if place[1] == "firm_ids" else moved(value)
        assert verdict(tmp_path, changed(tree, place, other)) != "right", place


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_no_number_of_the_outputs_can_be_moved(tmp_path: Path, path: Path) -> None:
    tree = read(path)
    for place, value in leaves(tree["outputs"], ("outputs",)):
        if isinstance(value, float) and place[2] != "ownership":
            assert verdict(tmp_path, changed(tree, place, value * (1 + 1e-6))) == "wrong", place
