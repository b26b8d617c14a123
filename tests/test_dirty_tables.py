"""Dirty tables: read right, with a note on what was left out or guessed, or refused with row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dirty_tables import CLEAN, MERGED, REFUSED, RIGHT, ROWS, Dirty
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pricewar.base.errors import InputError
from pricewar.cli.app import app
from pricewar.files.sheet import Column, read_table
from pricewar.files.sheet.numbers import written
from pricewar.screen import Change, Market, read_market, screen


def read(file: Dirty, folder: Path) -> Market:
    path = folder / f"market{file.suffix}"
    path.write_bytes(file.content)
    return read_market(path, **file.options)


@pytest.mark.parametrize("name", RIGHT)
def test_dirty_and_right(name: str, tmp_path: Path) -> None:
    """All of them hold one market, and it is screened with its negative margin."""
    market = read(RIGHT[name], tmp_path)
    products, firms, prices, shares, margins = zip(*ROWS, strict=True)
    assert market.products == products
    assert tuple(market.firm_names[f] for f in market.firms) == firms
    np.testing.assert_allclose(market.prices, prices, rtol=1e-12)
    np.testing.assert_allclose(market.shares, shares, rtol=1e-12)
    np.testing.assert_allclose(market.margins, np.array(margins, float), rtol=1e-12)
    told = " ".join(market.notes)
    assert all(note in told for note in RIGHT[name].notes), told
    if not RIGHT[name].notes:
        assert market.notes == ()
    found = screen(market, Change(merge=("Alpha", "Beta")), draws=0)
    assert any("row" in note and "below cost" in note for note in found.notes)


@pytest.mark.parametrize("name", REFUSED)
def test_dirty_and_refused(name: str, tmp_path: Path) -> None:
    file = REFUSED[name]
    assert file.refused is not None
    with pytest.raises(InputError) as caught:
        read(file, tmp_path)
    place, word = file.refused
    assert any(p.place == place and word in f"{p.found} {p.allowed}" for p in caught.value.problems), str(
        caught.value
    )


def test_there_are_thirty_of_each_sort_together() -> None:
    assert len(RIGHT) >= 30
    assert len(REFUSED) >= 25


def test_names_in_merged_cells_are_written_out(tmp_path: Path) -> None:
    market = read(MERGED, tmp_path)
    assert [market.firm_names[f] for f in market.firms] == ["Alpha", "Alpha", "Gamma"]
    assert any(MERGED.notes[0] in note for note in market.notes)


def test_all_problems_of_a_file_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "market.csv"
    path.write_text(
        CLEAN.replace("128000", "?").replace("0.045", "4,5,5").replace("Gamma", "").replace("0.22", "x")
    )
    with pytest.raises(InputError) as caught:
        read_market(path)
    assert len(caught.value.problems) == 1  # a row that has lost its order comes first, and alone
    path.write_text(
        CLEAN.replace("128000", "?").replace("0.045", '"4,5,5"').replace("Gamma", "").replace("0.22", "x")
    )
    with pytest.raises(InputError) as caught:
        read_market(path)
    assert {p.place for p in caught.value.problems} == {
        "row 2, column price", "row 3, column share", "row 4, column firm", "row 2, column margin",
        "rows 2 to 4, column margin",
    }  # fmt: skip


@given(st.integers(-(10**12), 10**12), st.integers(0, 6), st.sampled_from(["en", "de", "fr", "ch", "plain"]))
def test_a_number_comes_back_from_every_writing(scaled: int, digits: int, country: str) -> None:
    """Whatever the writing: one of the readings is the number, and if there is one only, it is the number."""
    number = scaled / 10**digits
    text = f"{number:,.{digits}f}" if country != "plain" else f"{number:.{digits}f}"
    marks = {"de": (".", ","), "fr": ("\u202f", ","), "ch": ("’", "."), "en": (",", "."), "plain": ("", ".")}
    thousands, decimal = marks[country]
    text = text.replace(",", "T").replace(".", decimal).replace("T", thousands)
    part = written(text)
    assert part is not None
    assert decimal in part.marks
    assert part.value(decimal) == pytest.approx(number, rel=1e-12)
    if part.doubtful:
        assert part.value(".") != part.value(",")


NUMBERS = {
    "1.234,5": 1234.5, "1 234,5": 1234.5, "1,234.5": 1234.5, "￥12.8万": 128000.0, "3千": 3000.0,
    "1.5亿": 1.5e8, "（3）": -3.0, "1.28E+05": 128000.0, "12 k€": 12000.0,
}  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_of_many_countries(text: str, tmp_path: Path) -> None:
    content = f"name\tx\nfirst\t{text}\nsecond\t0\n".encode()
    table = read_table(tmp_path / "t.csv", {"name": Column("text"), "x": Column()}, content=content)
    assert table.numbers["x"][0] == pytest.approx(NUMBERS[text], rel=1e-15)
    assert table.place("x", 0) == "row 2, column x"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Nothing but a table or an `InputError` comes of any bytes."""
    try:
        table = read_table("x", {"a": Column("text"), "b": Column()}, content=content)
    except InputError:
        return
    assert table.has("b")


def test_the_command_reads_a_named_sheet_and_refuses_with_exit_code_two(tmp_path: Path) -> None:
    right, doubtful = tmp_path / "market.xlsx", tmp_path / "market.csv"
    right.write_bytes(RIGHT["XLSX, the sheet named"].content)
    doubtful.write_bytes(RIGHT["doubtful numbers with the mark told"].content)
    merger = ["--merge", "Alpha", "Beta", "--draws", "0", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["screen", str(right), "--sheet", "2024", *merger])
    assert done.exit_code == 0, done.output
    assert "The form of demand" in done.stdout
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert report.index("The form of demand") < report.index("Change: `--merge Alpha Beta`")
    assert {"UPP gross", "UPP after 10% saving"} <= set(
        report.replace("|", "\n").replace(" \n ", "\n").split("\n")
    )
    assert "Guidelines: HHI after" in report
    told = ["screen", str(doubtful), "--decimal", ",", "--draws", "0", "--quiet"]
    assert CliRunner().invoke(app, told).exit_code == 0
    refused = CliRunner().invoke(app, ["screen", str(doubtful), "--decimal", ";", "--draws", "0"])
    assert refused.exit_code == 2
    assert "a point or a comma" in refused.output
