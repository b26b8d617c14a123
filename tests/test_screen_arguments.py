"""Public functions of the screen refuse another sort by the name of the argument."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pricewar.base.errors import InputError
from pricewar.screen import Change, calibrate, read_market, screen

WRONG: dict[str, list[Any]] = {
    "merge": [None, "AB", 3, ["A", 5], {"A": 1}, np.zeros(0), [["A"]]],
    "cut": [None, "A", [], [0.1], ("A",), {"A": "much"}, {"A": None}, {1: 0.1}, {"A": [0.1, 0.2]}],
    "tax": [None, "text", [], [0.1], {}, True, np.zeros(0)],
    "respond": [None, "yes", 0, []],
}
WRONG |= {"floor": WRONG["cut"], "cost": WRONG["cut"], "unit_tax": WRONG["tax"]}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_change_of_another_sort_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=f"(?m)^  {name}: found "):
        Change(**{name: value})


def test_functions_refuse_another_sort_by_name(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_text("product,firm,price,share,margin\na,x,10,0.2,0.3\nb,y,12,0.1,\n", encoding="utf-8")
    market = read_market(path)
    for call, name in (
        (lambda bad: read_market(bad), "path"),
        (lambda bad: read_market(path, bad), "market_size"),
        (lambda bad: read_market(path, outside=bad), "outside"),
        (lambda bad: calibrate(bad), "market"),
        (lambda bad: calibrate(market, rho=bad), "rho"),
        (lambda bad: screen(bad), "market"),
        (lambda bad: screen(market, bad), "change"),
        (lambda bad: screen(market, full=bad), "full"),
    ):
        for bad in ([], [1.0, 2.0], {"a": 1}):
            with pytest.raises(InputError, match=f"(?m)^  {name}: found "):
                call(bad)


def test_a_list_of_firms_is_the_same_as_a_tuple() -> None:
    assert Change(merge=["x", "y"]) == Change(merge=("x", "y"))  # type: ignore[arg-type]
