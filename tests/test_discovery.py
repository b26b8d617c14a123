"""Scenario discovery finds boxes and splits that are known, and says so in words."""

import numpy as np
import pandas as pd
import pytest

from pricewar.analysis.discovery import cases, prim, tree
from pricewar.base.errors import InputError, ResultsError

FACTORS = ["depth", "follow", "months", "idle"]


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    """Wars where cuts are deep and rivals follow, whatever the rest."""
    luck = np.random.default_rng(7)
    table = pd.DataFrame(luck.random((800, 4)), columns=FACTORS)
    war = (table["depth"] > 0.6) & (table["follow"] > 0.5)
    return table.assign(war=war.astype(float), point=range(800), seed=1, status="ok")


def test_prim_finds_the_box(runs: pd.DataFrame) -> None:
    pytest.importorskip("ema_workbench")
    box = prim(runs, FACTORS, "war", above=1.0)
    assert box.density >= 0.8
    assert box.coverage > 0.9
    assert box.base_rate == runs["war"].mean()
    limits = box.limits.set_index("factor")
    sure = limits[limits["p"] < 1e-6]
    assert set(sure.index) == {"depth", "follow"}
    assert sure.loc["depth", "low"] == pytest.approx(0.6, abs=0.08)
    assert sure.loc["follow", "low"] == pytest.approx(0.5, abs=0.08)
    assert "depth above 0.5" in box.words() or "depth above 0.6" in box.words()


def test_prim_takes_truth_values_and_texts(runs: pd.DataFrame) -> None:
    pytest.importorskip("ema_workbench")
    table = runs.assign(follow=np.where(runs["follow"] > 0.5, "match", "hold"), flag=runs["idle"] > 0.5)
    table["months"] = (12 * runs["months"]).astype(int)
    box = prim(table, ["depth", "follow", "flag", "months"], "war", above=1.0)
    assert "follow is match" in box.words()


def test_a_tree_splits_where_the_truth_does(runs: pd.DataFrame) -> None:
    pytest.importorskip("sklearn")
    leaves = tree(runs, FACTORS, "war", above=1.0)
    top = leaves.iloc[0]
    assert top["density"] == pytest.approx(1.0, abs=0.02)
    assert top["coverage"] == pytest.approx(1.0, abs=0.05)
    assert "depth > 0.6" in top["condition"] or "depth > 0.59" in top["condition"]
    assert "follow > 0.5" in top["condition"] or "follow > 0.49" in top["condition"]
    assert leaves["runs"].sum() == 800


def test_cases_on_either_side(runs: pd.DataFrame) -> None:
    assert cases(runs, "war", above=1.0).sum() + cases(runs, "war", below=0.0).sum() == 800


@pytest.mark.parametrize(
    ("bounds", "message"),
    [({}, "exactly one"), ({"above": 0.0, "below": 1.0}, "exactly one"), ({"above": 2.0}, "nothing to tell")],
)
def test_what_cannot_be_told_apart_is_refused(
    runs: pd.DataFrame, bounds: dict[str, float], message: str
) -> None:
    with pytest.raises(ResultsError, match=message):
        cases(runs, "war", **bounds)


@pytest.mark.parametrize("search", [prim, tree])
def test_what_cannot_be_searched_is_refused(runs: pd.DataFrame, search) -> None:
    """Before any library is asked: factors that do not vary, or not together, and runs without a value."""
    with pytest.raises(InputError, match="flat: found 'one value in all runs'"):
        search(runs.assign(flat=1.0), [*FACTORS, "flat"], "war", above=1.0)
    with pytest.raises(InputError, match="war: found 'no value in 7 of 800 runs'"):
        search(runs.assign(war=runs["war"].where(runs.index >= 7)), FACTORS, "war", above=1.0)
    with pytest.raises(InputError, match=r"factors: found \['breadth'\]"):
        search(runs, ["breadth"], "war", above=1.0)
    single = runs.copy()
    single.attrs["design"] = "one-at-a-time"
    with pytest.raises(InputError, match="design: found 'one-at-a-time'"):
        search(single, FACTORS, "war", above=1.0)
