# ruff: noqa: E501 (a table reads better in long lines)
"""Inputs that nobody should write but somebody will: a curated table, and a seeded mutator of what ships.

`outcome` puts a file through the command that reads it and then, if it is accepted, through a month of its
run. Only two answers are right: refused with exit code 2 and words that name the file, or accepted and run.
"""

from __future__ import annotations

import datetime
import io
import json
import random
import re
import signal
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import typer

from pricewar.backtest import read_actuals
from pricewar.base.errors import ConvergenceError, InputError
from pricewar.cli.app import app
from pricewar.experiment import load_experiment
from pricewar.experiment.files import shipped_experiments
from pricewar.market.model import PriceWar
from pricewar.policy import load_policy, shipped_policies
from pricewar.scenario.files import load, shipped_scenarios
from pricewar.verify.shipped import shipped_cases

PATIENCE = 60
"""Seconds after which a file counts as a hang: hundreds of times what any takes."""
CASES = list(shipped_cases())
SHEETS = sorted((Path(__file__).parent / "data" / "screen").glob("*.csv"))
COMMANDS = {
    "scenario": ("check",), "experiment": ("sweep", "--dry-run"), "policy": ("policy", "--dry-run"),
    "case": ("verify", "--json"), "sheet": ("screen", "--json", "--draws", "20"),
}  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One file: how it is named in reports, what reads it, and its bytes."""

    name: str
    sort: str
    content: bytes

    @property
    def suffix(self) -> str:
        """What the file's name ends in."""
        return {"case": ".json", "sheet": ".csv", "actuals": ".csv"}.get(self.sort, ".toml")


class Hang(BaseException):
    """A file that gives no answer."""


@contextmanager
def patience() -> Iterator[None]:
    """Raise `Hang` inside when it takes for ever."""

    def ring(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(given: Input, folder: Path) -> tuple[str, str]:
    """("refused" | "ran" | "fault", the words): a fault is a traceback, silence, a hang, a broken promise."""
    path = folder / f"given{given.suffix}"
    path.write_bytes(given.content)
    try:
        with patience(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _answer(given.sort, path)
    except Hang:
        return "fault", "hangs"
    except Exception as error:
        return "fault", f"{type(error).__name__}: {error}"[:300]
    except SystemExit as error:
        return "fault", f"SystemExit: {error}"


def _answer(sort: str, path: Path) -> tuple[str, str]:
    if sort == "actuals":
        try:
            read_actuals(path)
        except InputError as error:
            return "refused", str(error)
        return "ran", ""
    code, words = command([*COMMANDS[sort], str(path)])
    if code == 2:
        # a table or case that is accepted and differs is exit code 1
        named = path.name in words and re.search(r"found .+; allowed: ", words, re.DOTALL)
        return ("refused", words) if named else ("fault", f"names no file and field: {words}"[:300])
    if not words.strip():
        return "fault", f"exit code {code} and not a word"
    if code == 0 and sort in ("scenario", "experiment", "policy"):
        _one_month(sort, path)
    return "ran", words


@lru_cache
def _group() -> Any:
    return typer.main.get_command(app)


def command(words: list[str]) -> tuple[int, str]:
    """Exit code and what is printed of a command, in this process; any other exception is a traceback."""
    said, code = io.StringIO(), 0
    with redirect_stdout(said), redirect_stderr(said):
        try:
            _group().main(words, prog_name="pricewar")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    return code, said.getvalue()


def _one_month(sort: str, path: Path) -> None:
    """What was accepted runs, or says that it finds no solution."""
    if sort == "scenario":
        scenarios = [load(path)]
    elif sort == "experiment":
        made = load_experiment(path)
        scenarios = [made.scenario_at(point) for point in {0, len(made.points) - 1}]
        assert {"run", "seed", "status"}.isdisjoint(made.factors)
    else:
        spec = load_policy(path)
        scenarios = [spec.scenario(option, spec.futures[0]) for option in spec.options[:2]]
    for scenario in scenarios:
        try:
            PriceWar(scenario.but({"consumers.draws": 50, "consumers.weight": None}), collect=False).step()
        except ConvergenceError:
            continue


# -- values nobody expects -------------------------------------------------------------------------


class Raw(str):
    """Text that goes into a TOML or JSON file as it is."""


def nested(depth: int) -> Raw:
    """A list in a list in a list."""
    return Raw("[" * depth + "1" + "]" * depth)


HOSTILE: dict[str, Any] = {
    "nan": float("nan"), "inf": float("inf"), "minus-inf": float("-inf"), "huge": 1e308, "tiny": 5e-324,
    "minus": -1, "zero": 0, "one": 1, "half": 0.5, "minus-zero": -0.0, "two-to-63": Raw("9223372036854775808"),
    "two-to-63-less-one": 2**63 - 1, "many-digits": Raw("9" * 5000), "many-hex-digits": Raw("0x" + "f" * 5000),
    "true": True, "false": False, "empty": "", "long": "x" * 5000, "nul": "a\0b", "escape": "\x1b[31mred",
    "c1": "\x9b31m", "bidi": "\u202eabc", "full-width": "２０２５-05", "superscript": "²", "list": [],
    "list-of-list": [[]], "table": {}, "other-table": {"a": 1}, "own": {"kind": ".x:X"}, "base-class":
    {"kind": "pricewar.strategies:Strategy"}, "hold": {"kind": "Hold"}, "unknown-kind": "Nix", "date":
    datetime.date(2025, 1, 1), "time": datetime.time(1, 2), "deep": nested(50), "deeper": nested(900), "up":
    "../../etc/passwd", "colon": "nowhere:X", "star": "*", "stars": "**", "dots": "a.b.c", "number-as-text":
    "-1", "month-13": "2025-13", "late": "9999-12", "reserved": {"cls": 1, "self": 2}, "emoji": "\U0001f697",
}  # fmt: skip
RESERVED = (
    "cls",
    "self",
    "_fields_set",
    "kind",
    "model_config",
    "__class__",
    "a.b",
    "",
    "x" * 300,
    "0",
    "\u202e",
)


def toml(tree: dict[str, Any]) -> str:
    """A tree as TOML, tables inline; `Raw` goes in as it is."""
    return "\n".join(f"{_key(key)} = {_value(value)}" for key, value in tree.items()) + "\n"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text).replace("\\ud83d\\ude97", "\U0001f697").replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return _text(value) if isinstance(value, str) else repr(value)


def as_json(tree: Any) -> str:
    """A tree as JSON; `Raw` goes in as it is."""
    if isinstance(tree, Raw):
        return str(tree) if not tree.startswith("0x") else "1e999"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{json.dumps(str(k))}: {as_json(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(as_json, tree)) + "]"
    return json.dumps(str(tree) if isinstance(tree, (datetime.date, datetime.time)) else tree)


# -- the mutator -----------------------------------------------------------------------------------


def mutants(seed: int, count: int, sorts: dict[str, float]) -> Iterator[Input]:
    """`count` mutants of what ships; `sorts` says how likely each sort is."""
    draw = random.Random(seed)
    originals = _originals()
    for number in range(count):
        sort = draw.choices(list(sorts), list(sorts.values()))[0]
        name, text = draw.choice(originals[sort])
        what, content = _mutant(draw, sort, text)
        yield Input(f"{number} {sort} {name}: {what}", sort, content)


def _originals() -> dict[str, list[tuple[str, str]]]:
    found = {
        "scenario": list(shipped_scenarios().values()), "experiment": [*shipped_experiments().values()],
        "policy": [*shipped_policies().values()], "case": CASES, "sheet": SHEETS,
    }  # fmt: skip
    texts = {sort: [(p.stem, p.read_text(encoding="utf-8")) for p in paths] for sort, paths in found.items()}
    texts["actuals"] = [
        ("actuals", "entity,period,metric,value\nbyd,2025-06,units,300000\nnio,2025-07,units,20000\n")
    ]
    return texts


def _mutant(draw: random.Random, sort: str, text: str) -> tuple[str, bytes]:
    if draw.random() < 0.12:
        return _torn(draw, text.encode())
    if sort in ("sheet", "actuals"):
        return _cells(draw, text)
    tree = json.loads(text) if sort == "case" else tomllib.loads(text)
    if sort == "experiment" and draw.random() < 0.3:
        tree = {**tree, **tree.pop("small", {})}
    what = _changed(draw, tree)
    written = as_json(tree) if sort == "case" else toml(tree)
    if sort != "case" and draw.random() < 0.05:
        what, written = f"{what}; a key twice", written + written.splitlines()[0] + "\n"
    return what, written.encode("utf-8", "surrogatepass")


def _torn(draw: random.Random, raw: bytes) -> tuple[str, bytes]:
    at = draw.randrange(len(raw))
    return draw.choice(
        [
            (f"cut off at {at}", raw[:at]),
            (f"a binary byte at {at}", raw[:at] + bytes([draw.randrange(128, 256)]) + raw[at:]),
            (f"a NUL at {at}", raw[:at] + b"\0" + raw[at:]),
            (
                f"a bit flipped at {at}",
                raw[:at] + bytes([raw[at] ^ (1 << draw.randrange(8))]) + raw[at + 1 :],
            ),
            ("UTF-16", raw.decode().encode("utf-16")),
            ("a BOM", b"\xef\xbb\xbf" + raw),
            ("only CR", raw.replace(b"\n", b"\r")),
            ("nothing", b""),
        ]
    )


def _cells(draw: random.Random, text: str) -> tuple[str, bytes]:
    rows = [line.split(",") for line in text.splitlines()]
    row, value = draw.choice(rows), draw.choice([*HOSTILE.values(), '"', "1,2", "1e400", "=1+1", "½"])
    at = draw.randrange(len(row))
    row[at] = _value(value).strip('"') if not isinstance(value, str) else value.replace("\n", " ")
    return f"cell {at} = {str(row[at])[:40]!r}", "\n".join(",".join(r) for r in rows).encode(
        "utf-8", "replace"
    )


def _nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every value in a tree; of a long list of numbers the first and last only."""
    keys = list(tree) if isinstance(tree, dict) else sorted({0, 1, len(tree) - 1} & set(range(len(tree))))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from _nodes(tree[key])


def _changed(draw: random.Random, tree: dict[str, Any]) -> str:
    """Change one thing of a tree, or now and then two."""
    told = []
    for _ in range(draw.choice([1, 1, 1, 2])):
        nodes = list(_nodes(tree))
        node, key = draw.choice(nodes)
        if isinstance(node[key], (int, float)) and draw.random() < 0.5:
            node[key] = node[key] * draw.choice([0, 0.01, 0.1, 0.5, 0.9, 2, 10, 1000, 1e9, -1])
            told.append(f"{str(key)[:40]}: {node[key]:g}")
            continue
        how = draw.choices(["value", "delete", "swap", "rename", "wrap", "extra"], [6, 1, 1, 1, 1, 1])[0]
        if how == "value":
            name = draw.choice(list(HOSTILE))
            node[key] = HOSTILE[name]
            how = name
        elif how == "delete" and len(tree) > 1:
            del node[key]
        elif how == "swap":
            other, at = draw.choice(nodes)
            node[key] = json.loads(json.dumps(other[at], default=str))
        elif how == "wrap":
            node[key] = [node[key]]
        elif isinstance(node, dict):
            name = draw.choice(RESERVED)
            node[name] = node.pop(key) if how == "rename" else 1
            how = f"{how} {name[:20]!r}"
        told.append(f"{str(key)[:40]}: {how}")
        if not tree:
            break
    return ", ".join(told)
