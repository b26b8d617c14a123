"""`pricewar lab`: tables, JSON, files and errors."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from pricewar.cli.lab import lab
from pricewar.lab.games import GAMES

APP = typer.Typer()
APP.command()(lab)
QUICK = ["--set", "beta=1e-3", "--set", "patience=500"]
KEYS = {
    "sessions", "mean_gain", "sd_gain", "cycle_shares", "nash_on_path", "deviation_unprofitable",
    "punishment_length", "mean_price", "mean_periods", "periods_per_second", "seconds",
}  # fmt: skip


def call(*arguments: str):
    return CliRunner().invoke(APP, list(arguments))


def test_json_has_the_promised_keys():
    done = call("calvano", "--sessions", "3", "--json", *QUICK)
    assert done.exit_code == 0
    summary = json.loads(done.stdout)
    assert set(summary) >= KEYS
    assert summary["sessions"] == 3
    assert len(summary["cycle_shares"]) == 3


def test_exact_mode_gives_the_published_integers():
    done = call("calvano", "--sessions", "2", "--exact", "--json")
    assert json.loads(done.stdout)["first_periods"] == [1779187, 1508026]


def test_table_shows_published_beside_reproduced():
    done = call("green-porter", "--sessions", "2", "--set", "periods=500")
    assert done.exit_code == 0
    assert "5.9867" in done.stdout
    assert "published" in done.stdout


def test_files_are_written(tmp_path):
    done = call("calvano", "--sessions", "4", "--out", str(tmp_path / "run"), "--set", "grid=2", *QUICK)
    assert done.exit_code == 0
    names = {path.name for path in (tmp_path / "run").iterdir()}
    for stem in ("comparison", "sessions", "impulse_response", "gain_grid"):
        assert {f"{stem}.csv", f"{stem}.parquet"} <= names
    assert {"gains.png", "gains.svg", "impulse_response.png", "gain_grid.svg", "run.json"} <= names
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert run["settings"]["patience"] == 500
    assert run["versions"]["pricewar"]
    assert len(pd.read_parquet(tmp_path / "run" / "sessions.parquet")) == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("calvano", "--set", "delta=1"),
        ("calvano", "--set", "delta"),
        ("calvano", "--set", "m=1"),
        ("calvano", "--set", "memory=7"),
        ("calvano", "--sessions", "0"),
        ("poker",),
    ],
)
def test_bad_input_ends_with_code_two_and_no_file(arguments, tmp_path):
    done = call(*arguments, "--out", str(tmp_path / "run"))
    assert done.exit_code == 2
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", [g for g in GAMES if g not in ("calvano", "asker", "waltman-kaymak")])
def test_every_quick_game_writes_its_figures(name, tmp_path):
    given = {"klein": ["--set", "periods=2000"], "green-porter": ["--set", "periods=500"]}.get(name, [])
    done = call(name, "--sessions", "2", "--out", str(tmp_path / name), *given)
    assert done.exit_code == 0, done.output
    assert list((tmp_path / name).glob("*.png"))
    assert list((tmp_path / name).glob("*.svg"))
