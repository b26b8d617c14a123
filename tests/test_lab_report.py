"""z of a reproduced figure: against what was published, with the sessions of both."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from pricewar.cli.app import app
from pricewar.lab import klein
from pricewar.lab.calvano import PUBLISHED_SESSIONS, run
from pricewar.lab.report import Comparison, Report, standard_error


def test_z_is_normal_when_both_come_from_the_same_learners() -> None:
    """20,000 pairs of a paper with 200 sessions and a reproduction with 30: unit variance."""
    luck = np.random.default_rng(3)
    paper, own = luck.gamma(4.0, 0.5, (20_000, 200)), luck.gamma(4.0, 0.5, (20_000, 30))
    found = [
        Comparison("x", p.mean(), o.mean(), standard_error(o), "", 30, 200, p.std(ddof=1)).z
        for p, o in zip(paper, own, strict=True)
    ]
    z = np.array(found, float)
    assert z.mean() == pytest.approx(0.0, abs=0.03)
    assert z.std() == pytest.approx(1.0, abs=0.03)
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.05, abs=0.006)


def test_without_the_papers_deviation_ours_is_taken() -> None:
    found = Comparison("x", 0.849, 0.878, 0.0136, sessions=40, published_sessions=1000)
    assert found.session_sd == pytest.approx(0.0136 * math.sqrt(40))
    assert found.z == pytest.approx(0.029 / (0.0136 * math.sqrt(40) * math.sqrt(1 / 40 + 1 / 1000)))
    with_sd = Comparison("x", 0.849, 0.878, 0.0136, sessions=40, published_sessions=1000, published_sd=0.112)
    assert with_sd.z == pytest.approx(0.029 / (0.112 * math.sqrt(1 / 40 + 1 / 1000)))
    assert with_sd.judged == "+1.6"


def test_a_figure_printed_with_few_digits_is_not_off_by_its_rounding() -> None:
    exact = Comparison("x", 0.002, 0.0017, 0.0001, sessions=1000, published_sessions=1000)
    rounded = Comparison("x", 0.002, 0.0017, 0.0001, sessions=1000, published_sessions=1000, unit=0.001)
    assert exact.z is not None
    assert rounded.z is not None
    assert exact.z < -2 < -1 < rounded.z < 0


def test_why_there_is_no_z() -> None:
    assert Comparison("x", None, 1.0, 0.1, sessions=10).judged == ""
    assert Comparison("x", 1.0, 1.0).judged == "exact"
    assert Comparison("x", 1.0, 1.1, 0.1, sessions=10).judged == "no published error"
    alike = Comparison("x", 1.0, 1.1, 0.0, sessions=10, published_sessions=10)
    assert alike.judged == "sessions do not differ"
    solved = Comparison("x", 1.0, 1.1, 0.05, sessions=10, solved=True)
    assert solved.z == pytest.approx(2.0)


def test_every_game_with_sessions_says_z_or_why_not() -> None:
    """Of Klein neither a deviation nor a number is known; Green and Porter's share is a solution."""
    values = pd.DataFrame(
        {name: [0.1, 0.2] for name in ("profit", "nash", "cycle", "undercut_by_one", "matched")}
    )
    told = [row.judged for row in klein.compare(klein.Klein(), values)]
    assert told[:2] == ["no published error"] * 2
    assert told[-1] == "exact"
    done = CliRunner().invoke(app, ["lab", "rotemberg-saloner"], env={"COLUMNS": "200"})
    assert "exact" in done.stdout
    done = CliRunner().invoke(app, ["lab", "green-porter", "--sessions", "3"], env={"COLUMNS": "200"})
    (line,) = [line for line in done.stdout.splitlines() if "war, played" in line]
    assert any(cell.strip().startswith(("+", "-")) for cell in line.split("│"))


def test_calvano_is_held_against_a_thousand_sessions_line_by_line() -> None:
    report: Report = run({"patience": 100_000.0}, sessions=6, seed=1, workers=1)
    table = report.comparison_table().set_index("quantity")
    told = table[table["published"].notna()]
    assert PUBLISHED_SESSIONS == 1000
    assert (told["published_sessions"] == PUBLISHED_SESSIONS).all()
    assert (told["sessions"] == 6).all()
    assert told.loc[told["standard_error"] > 0, "z"].notna().all()
    assert told["z"].abs().max() < 5
    gain = told.loc["mean_gain"]
    spread = 0.112 * math.sqrt(1 / 6 + 1 / 1000)
    assert gain["z"] == pytest.approx((gain["reproduced"] - 0.849) / spread, rel=1e-3)
