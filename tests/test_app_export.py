"""What a teacher takes home: a table of decisions that equals the runs of the scenario files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

pytest.importorskip("tomli_w", reason="the extra `app` is not installed")

from pricewar.app.export import BOM, FIELDS, chat_csv, decisions, decisions_csv, decisions_xlsx
from pricewar.app.plan import game_toml
from pricewar.app.session import Session
from pricewar.app.session_rules import SessionRules
from pricewar.runs import run
from pricewar.scenario.files import load

NAMES = ("Ann", "李雷", "=cmd|' /C calc'!A0")


@pytest.fixture(scope="module")
def played() -> Session:
    groups = [{"name": "open"}, {"name": "warned", "planned": [{"round": 2, "sort": "warning", "size": 60}]}]
    rules = SessionRules(firms=2, rounds=3, chat=True, groups=groups, seed=3)
    session = Session(rules, 4)
    tickets = [session.join(name) for name in NAMES]
    session.order(session.teacher_token, "start", 0.0)
    for round_ in range(3):
        session.order(session.teacher_token, "happening", 10.0 * round_, market="B", sort="slump", size=20)
        for i, ticket in enumerate(tickets):
            if (round_, i) != (1, 0):
                session.decide(
                    ticket.token, round_, 170_000 - 4321 * round_ - i, 99, 10.0 * round_ + 5.5, clock="noon"
                )
        if round_ == 1:
            session.order(session.teacher_token, "next", 19.0)
        if round_ == 0:
            session.say(tickets[2].token, "=1+1", "noon")
    return session


def read(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)  # pandas rounds numbers


def test_the_table_is_what_runs_of_the_scenario_files_give(played: Session, tmp_path: Path) -> None:
    table = read(decisions_csv(decisions(played, "ABCDE")).removeprefix(BOM))
    assert len(table) == 2 * 2 * 3
    for key, game in played.games.items():
        path = tmp_path / f"{key}.toml"
        path.write_text(game_toml(game.scenario()), encoding="utf-8")
        firms = run(load(str(path)), uncertainty="luck").require_complete().firms
        wanted = firms[firms["period"] < 3]
        rows = table[table["group.market"] == key]
        for field, column in (
            ("units", "units"), ("payoff", "operating_profit"), ("cash", "cash"), ("revenue", "revenue"),
            ("share", "share"), ("price_change", "price_change"),
        ):  # fmt: skip
            np.testing.assert_array_equal(rows[f"player.{field}"].astype(float), wanted[column])


def test_who_was_late_what_was_asked_and_when(played: Session) -> None:
    table = decisions(played, "ABCDE").set_index(["participant.label", "subsession.round_number"])
    ann = table.loc["Ann"]
    assert list(ann["player.late"]) == [0, 1, 0]
    assert ann["player.seconds"].tolist()[0] == 5.5
    assert np.isnan(ann["player.seconds"].tolist()[1])
    assert ann["player.price_asked"].tolist()[0] == 170_000 - 99
    assert np.isnan(ann["player.price_asked"].tolist()[1])
    assert ann["player.price_stood"].tolist()[1] == ann["player.price_stood"].tolist()[0]
    assert ann["player.decided_at"].tolist() == ["noon", "", "noon"]
    robots = table.loc[""]
    assert (robots["participant._is_bot"] == 1).all()
    in_b = table[table["group.market"] == "B"]
    assert in_b.xs(2, level=1)["group.nudges"].str.contains("warns").all()
    assert (table[table["group.market"] == "A"]["group.nudges"] == "").all()
    assert (table["session.config.seed"] == 3).all()


def test_without_names_no_name_is_in_any_file(played: Session) -> None:
    how: dict[str, Any] = {"code": "ABCDE", "named": False}
    texts = [decisions_csv(decisions(played, **how)), chat_csv(played, **how)]
    book = openpyxl.load_workbook(io.BytesIO(decisions_xlsx(played, how)))
    texts += [str(row) for sheet in book for row in sheet.iter_rows(values_only=True)]
    assert not any(name in text for name in NAMES for text in texts)
    codes = decisions(played, **how)["participant.code"]
    assert set(codes) == {f"ABCDE-{key}{place}" for key in "AB" for place in (1, 2)}


def test_a_spreadsheet_reads_every_name_and_computes_none(played: Session) -> None:
    text = decisions_csv(decisions(played, "ABCDE"))
    assert text.startswith(BOM)
    assert "李雷" in text
    assert "\n=cmd" not in text
    assert ",=cmd" not in text
    assert ",=1+1" not in chat_csv(played, "ABCDE")
    book = openpyxl.load_workbook(io.BytesIO(decisions_xlsx(played, {"code": "ABCDE"})))
    assert book.sheetnames == ["decisions", "chat", "fields"]
    head, *rows = book["decisions"].iter_rows()
    table = decisions(played, "ABCDE")
    assert [cell.value for cell in head] == list(table.columns)
    assert not any(cell.data_type == "f" for row in rows for cell in row)
    payoff = list(table.columns).index("player.payoff")
    kept = [row[payoff].value for row in rows]  # a workbook keeps 16 digits of a number
    np.testing.assert_allclose(kept, table["player.payoff"], rtol=1e-14)
    assert [row[0].value for row in book["fields"].iter_rows(min_row=2)] == list(FIELDS)
