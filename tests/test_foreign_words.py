"""Nothing that a market of baskets, subscriptions or seats shows speaks of cars or of Chinese money."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from pricewar import load
from pricewar.cli.app import app
from pricewar.from_table.examples import example_tables

FOREIGN = re.compile(r"\b(cars?|vehicles?|CNY|batter(?:y|ies)|makers?|NEVs?)\b", re.IGNORECASE)
OPTIONS = {
    "supermarkets": "--period week --currency EUR --unit baskets",
    "streaming": "--currency USD --unit subscriptions",
    "airline": "--period day --currency EUR --unit seats --outside 0.3",
}
STUDIES = {
    "policy": (
        "policy",
        """
name = "own"
base = "{cut}"
but_for = "{market}"
draws = 2
set = {{ periods = 12 }}
[factors.depth]
path = "events.Cut.depth"
distribution = {{ kind = "uniform", low = 0.1, high = 0.2 }}
[measures]
ban = [{{ kind = "BelowCostBan", line = "avc" }}]
subsidy = [{{ kind = "TradeInSubsidy", amount = 1 }}]
""",
    ),
    "sweep": (
        "sweep",
        """
name = "own"
base = "{cut}"
but_for = "{market}"
set = {{ periods = 12 }}
metrics = ["units", "welfare", "war_months"]
[factors.depth]
path = "events.Cut.depth"
values = [0.1, 0.2]
[[figures]]
kind = "response"
metric = "diff.welfare"
factors = ["depth"]
[[figures]]
kind = "response"
metric = "units"
factors = ["depth"]
""",
    ),
}
OLD_NAME = "cars"
"""A column of open_orders; docs/reference/outputs.md says that it counts units of whatever is sold."""
PICTURE = re.compile(r"data:[a-z/+-]+;base64,[A-Za-z0-9+/=]+")
COMMENTS = re.compile(r"<!--\s*(.*?)\s*-->")


def said(path: Path) -> Iterator[str]:
    """What a file shows to people: texts, labels of a drawing, and cells and names of a table."""
    if path.suffix == ".svg":  # matplotlib writes each text as a comment above its outlines
        yield from COMMENTS.findall(path.read_text(encoding="utf-8"))
    elif path.suffix == ".parquet":
        frame = pd.read_parquet(path)
        yield " ".join(name for name in map(str, frame.columns) if name != OLD_NAME)
        yield from frame.select_dtypes(exclude="number").astype(str).stack().unique()
    elif path.suffix == ".json":  # its keys are the fields of scenario files, in which battery names a part
        yield from strings(json.loads(path.read_text(encoding="utf-8")))
    elif path.suffix in (".html", ".csv", ".md", ".toml"):
        text = PICTURE.sub("", path.read_text(encoding="utf-8"))
        head, *lines = text.splitlines()
        yield head.replace(f",{OLD_NAME},", ",") if path.name == "open_orders.csv" else head
        yield from lines


def foreign(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        for line in said(path) if path.is_file() else ():
            for match in FOREIGN.finditer(line):
                near = line[max(match.start() - 40, 0) : match.end() + 40].strip()
                found.append(f"{path.relative_to(folder)}: {near}")
    return found


def invoke(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_the_test_would_see_a_foreign_word(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>1,200 cars</p>", encoding="utf-8")
    (tmp_path / "b.csv").write_text("price_cny,carriers\n1,2\n", encoding="utf-8")
    pd.DataFrame({"unit": ["CNY"]}).to_parquet(tmp_path / "c.parquet")
    assert [line.split(":")[0] for line in foreign(tmp_path)] == ["a.html", "c.parquet"]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(OPTIONS))
def test_every_output_speaks_of_its_own_market(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = [invoke("market", name, *OPTIONS[name].split(), "--out", "own")]
    files = [f"own/{name}.toml", f"own/{name}-cut.toml"]
    told.append(invoke("check", *files))
    told.append(invoke("compare", *files, "--set", "periods=16", "--out", "compared"))
    told.append(invoke("run", files[1], "--set", "periods=16", "--out", "run"))
    told.append(invoke("calibrate", files[0], "--out", "fitted"))
    for name_of, (command, text) in STUDIES.items():
        Path(f"{name_of}.toml").write_text(text.format(market=files[0], cut=files[1]), encoding="utf-8")
        told.append(invoke(command, f"{name_of}.toml", "--out", f"study-{name_of}"))
        Path(f"{name_of}.toml").unlink()  # it is what a user wrote
    lines = [line for text in told for line in text.splitlines() if FOREIGN.search(line)]
    assert not lines
    assert not foreign(tmp_path)
    assert list(tmp_path.rglob("*.svg"))
    currency, unit = load(files[0]).market.currency, load(files[0]).market.unit
    drawn = [line for path in (tmp_path / "study-sweep").rglob("*.svg") for line in said(path)]
    assert any(currency in line for line in drawn)  # units of figures come from the scenario
    assert any(unit in line for line in drawn)
    assert currency in (tmp_path / "compared" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(OPTIONS))
def test_the_page_speaks_of_its_own_market(name: str, tmp_path: Path) -> None:
    from pricewar.app.api_explore import run_of
    from pricewar.app.opened import open_markets

    out = tmp_path / "own"
    invoke("market", name, *OPTIONS[name].split(), "--out", str(out))
    try:
        open_markets([out / f"{name}.toml"])
        shown = json.loads(run_of({"scenario": name, "a.cut_depth": "20"}))
    finally:
        open_markets([])
    texts = [text for text in strings(shown) if FOREIGN.search(text)]
    assert not texts


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from strings(part)


def test_the_tables_ship() -> None:
    assert set(OPTIONS) == set(example_tables())
