"""What Linux forgives and other systems do not: encodings, ends of lines, open files, names, processes."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "pricewar").rglob("*.py")), ROOT / "website" / "prepare.py"]


# -- text --------------------------------------------------------------------------------------


def left_to_the_system(source: str) -> Iterator[tuple[int, str]]:
    """Line and reason of each call that writes or reads text as the system of the user has it."""
    for call in ast.walk(ast.parse(source)):
        if not (isinstance(call, ast.Call) and isinstance(call.func, (ast.Attribute, ast.Name))):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id
        given = {word.arg for word in call.keywords}
        unsaid = "encoding" not in given and (name == "write_text" or (name == "read_text" and not call.args))
        if unsaid:
            yield call.lineno, f"{name} without encoding"
        if name == "write_text" and "newline" not in given:
            yield call.lineno, "write_text without newline"
        if name == "to_csv" and "lineterminator" not in given:
            yield call.lineno, "to_csv without lineterminator"
        if name == "open" and _opens_text(call) and "encoding" not in given:
            yield call.lineno, "open without encoding"


def _opens_text(call: ast.Call) -> bool:
    """Whether it opens a file as text: the function, or a method that is given a mode."""
    modes = [word.value for word in call.keywords if word.arg == "mode"]
    modes += call.args[1:2] if isinstance(call.func, ast.Name) else call.args[:1]
    said = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
    if isinstance(call.func, ast.Attribute) and not said:
        return False
    return not any("b" in mode for mode in said)


def test_text_is_utf_8_with_ends_of_lines_of_its_own_on_every_system() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {why}"
        for path in SOURCES
        for line, why in left_to_the_system(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("p.write_text(t)", ["write_text without encoding", "write_text without newline"]),
        ("p.write_text(t, encoding='utf-8', newline='\\n')", []),
        ("p.read_text()", ["read_text without encoding"]),
        ("p.read_text('utf-8')", []),
        ("open(p)", ["open without encoding"]),
        ("open(p, 'rb')", []),
        ("p.open('r')", ["open without encoding"]),
        ("Store.open(folder)", []),
        ("t.to_csv(index=False)", ["to_csv without lineterminator"]),
    ],
)
def test_the_check_sees_what_is_left_to_the_system(code: str, reasons: list[str]) -> None:
    assert [why for _, why in left_to_the_system(code)] == reasons


def test_a_terminal_of_plain_ascii_is_no_reason_to_stop(tmp_path: Path) -> None:
    """Names of products are Chinese words too; a C locale has no letter of them."""
    (tmp_path / "own.toml").write_text('extends = "textbook-duopoly"\ntitle = "价格战"\n', encoding="utf-8")
    words = ["run", "own.toml", "--set", "periods=3", "--out", "war", "--figures", "none"]
    for command in (["check", "own.toml"], words, ["report", "war"]):
        done = subprocess.run(
            [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning:pricewar",
             "-m", "pricewar", *command],
            cwd=tmp_path, capture_output=True, check=False,
            env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert "价格战" in (tmp_path / "war" / "report.html").read_text(encoding="utf-8")
    assert b"\r" not in (tmp_path / "war" / "run.json").read_bytes()
