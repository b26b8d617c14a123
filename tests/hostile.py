# ruff: noqa: E501 (a table reads better in long lines)
"""The curated table of bad inputs: every kind of them that was ever met, each in many places.

All must be refused, but for those of `HARMLESS`, which must run.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from fuzz_corpus import Input

MODULES = {
    "broken": "x = (\n",
    "raises": "raise RuntimeError('on import')\n",
    "raises_base": "class Odd(BaseException): ...\nimport nowhere_to_be_found\n",
    "exits": "import sys\nsys.exit(0)\n",
    "exits_well": "raise SystemExit\n",
    "endless": "def f(): return f()\nf()\n",
    "divides": "1 / 0\n",
    "empty": "",
    "odd": (
        "from typing import Any\n"
        "from pydantic import model_validator\n"
        "from pricewar.events import Event\n"
        "from pricewar.interventions import Intervention\n"
        "from pricewar.scenario.preferences import Logit, MixedLogit, Preferences\n"
        "from pricewar.strategies import Strategy\n"
        "number = 3\n"
        "class Abstract(Strategy):\n    pass\n"
        "def _fails(self):\n    return {}['missing']\n"
        "class Fails(Strategy):\n"
        "    _check = model_validator(mode='after')(_fails)\n"
        "    def price(self, view): return view.price\n"
        "class Exits(Strategy):\n"
        "    @model_validator(mode='after')\n"
        "    def _check(self): raise SystemExit(0)\n"
        "    def price(self, view): return view.price\n"
        "class Opaque(Strategy):\n"
        "    what: Any = object()\n"
        "    def price(self, view): return view.price\n"
        "class BadNames(Strategy):\n"
        "    def price(self, view): return view.price\n"
        "    def names(self): return [1, 2]\n"
        "class BadMisfits(Strategy):\n"
        "    def price(self, view): return view.price\n"
        "    def misfits(self, own): return own[99]\n"
        "def _make():\n"
        "    class Local(Strategy):\n"
        "        def price(self, view): return view.price\n"
        "    return Local\n"
        "Alias = _make()\n"
        "class Struck(Event):\n    def names(self): raise OSError('no')\n"
        "class Measure(Intervention):\n    def names(self): return None\n"
        "class Nested(MixedLogit):\n    rho: float = 0.7\n"
        "class Expected(Logit):\n    def expected(self, prices): return prices\n"
        "class Linear(Preferences):\n    slope: float = 1.0\n"
    ),
}
"""Modules of a user's own, put where Python finds them."""

KINDS = (
    ".x:X", "..:X", "../x:Y", ":X", "x:", ":", "a:b:c", "a b:X", "x.py:X", "/tmp/x:X", "1:X", "nowhere:X",
    "empty:X", "broken:X", "raises:X", "raises_base:X", "exits:X", "exits_well:X", "endless:X", "divides:X",
    "os:path", "os:getcwd", "odd:number", "", " ", "\0:X", "a\0:X", "x" * 5000 + ":X", "\u202e:X", "nowhere.at.all:X",
    "pricewar.strategies:Strategy", "pricewar.events:Event", "pricewar.interventions:Intervention",
    "pricewar.scenario.preferences:Preferences", "pricewar.base.rules:Rule", "builtins:int",
)  # fmt: skip
OF_STRATEGIES = ("Abstract", "Fails", "Exits", "Opaque", "BadNames", "BadMisfits", "Alias")
INTEGERS = (
    "9" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "0b" + "1" * 5000, "0o" + "7" * 5000,
    "18446744073709551616", "9223372036854775808",
)  # fmt: skip
FIELDS = (
    "periods",
    "seed",
    "consumers.shoppers",
    "consumers.draws",
    "noise.view_lag",
    "firms.left.cash",
    "extra",
)
NAMES = ("cls", "self", "_fields_set", "__class__", "model_config", "model_fields", "mro", "__init__")
TABLES = ("", "market.", "consumers.", "demand.", "dynamics.", "dynamics.waiting.", "supply_chain.", "noise.",
          "firms.left.", "firms.left.strategy.", "products.left-car.")  # fmt: skip
MONTHS = (
    "２０２５-05", "2025-０5", "٢٠٢٥-05", "2025-5", "2025-13", "2025-00", "25-05", "2025-05-01", "12025-05",
    "2025-05\\n", " 2025-05", "2025_05", "0000-01", "9999-12", "", "²025-05",
)  # fmt: skip
PATHS = (
    "x" * 5000,
    "a/" * 2500,
    "a\\u0000b",
    "",
    ".",
    "..",
    "/",
    "/nowhere/at/all.toml",
    "\\u001b[31m",
    "~root",
)
FACTOR_NAMES = ("run", "point", "seed", "status", "error", "repeat", "seconds", "welfare", "diff.welfare")
PATTERNS = ("**", "*.**", "firms.**", "**.**", "", ".", "..", "firms..cash", "firms.left", "events.99.month",
            "firms.left.cash.x", "periods.0", "nothing", "**.nothing", "²", "x" * 5000, "a." * 2000 + "a")  # fmt: skip
CELLS = ("hello", "inf", "-inf", "nan", "-99", "1e400", "9" * 400, "０.5", "true", "\u202e1")
DUOPOLY = 'extends = "textbook-duopoly"\n'
EXPERIMENT = (
    'base = "textbook-duopoly"\nbut_for = "textbook-duopoly"\nmetrics = ["welfare"]\n'
    "[factors.e]\npath = 'demand.own_elasticity'\nvalues = [-3.0, -4.0]\n"
)


def curated(folder: Path) -> Iterator[Input]:
    """All of the table; `folder` is where files lie that others name."""
    for sort, parts in (
        ("scenario", _scenarios(folder)),
        ("experiment", _experiments(folder)),
        ("case", _cases()),
    ):
        for number, (name, text) in enumerate(parts):
            yield Input(f"{sort} {number} {name}", sort, text if isinstance(text, bytes) else text.encode())


def modules(folder: Path) -> None:
    """Write the modules of a user's own."""
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def _text(text: str) -> str:
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text) + '"'


def _scenarios(folder: Path) -> Iterator[tuple[str, str | bytes]]:  # noqa: C901
    for kind in KINDS:
        said = _text(kind)
        yield f"strategy {kind[:20]!r}", f"{DUOPOLY}firms.left.strategy.kind = {said}\n"
        yield f"event {kind[:20]!r}", f'{DUOPOLY}[[events]]\nkind = {said}\nmonth = "2025-05"\n'
        yield f"intervention {kind[:20]!r}", f"{DUOPOLY}[[interventions]]\nkind = {said}\n"
        yield f"demand {kind[:20]!r}", f"{DUOPOLY}demand = {{kind = {said}}}\n"
    for name in OF_STRATEGIES:
        yield f"own {name}", f'{DUOPOLY}firms.left.strategy = "odd:{name}"\n'
    yield "own Struck", f'{DUOPOLY}events = [{{kind = "odd:Struck", month = "2025-02"}}]\n'
    yield "own Measure", f'{DUOPOLY}interventions = ["odd:Measure"]\n'
    for name in ("Nested", "Expected", "Linear"):
        yield f"own {name}", f'{DUOPOLY}demand = {{kind = "odd:{name}"}}\n'
    for integer, field in itertools.product(INTEGERS, FIELDS):
        yield f"{field} = {integer[:20]}", f"{DUOPOLY}{field} = {integer}\n"
    for name, table in itertools.product(NAMES, TABLES):
        yield f"{table}{name}", f"{DUOPOLY}{table}{name} = 3\n"
    for month in MONTHS:
        yield f"start {month}", f'{DUOPOLY}start = "{month}"\n'
        yield (
            f"month {month}",
            f'{DUOPOLY}events = [{{kind = "DemandShock", factor = 0.9, month = "{month}"}}]\n',
        )
        yield f"end {month}", f'{DUOPOLY}interventions = [{{kind = "PublicWarning", end = "{month}"}}]\n'
    for path in PATHS:
        yield f"extends {path[:20]!r}", f'extends = "{path}"\n'
        yield f"data {path[:20]!r}", f'{DUOPOLY}data = "{path}"\n'
    for depth in (40, 900, 100_000):
        yield f"lists {depth}", f"{DUOPOLY}x = {'[' * depth}1{']' * depth}\n"
        yield f"tables {depth}", f"{DUOPOLY}x = {'{a = ' * depth}1{'}' * depth}\n"
    for depth in (40, 20_000):
        yield f"dots {depth}", f"{DUOPOLY}{'a.' * depth}a = 1\n"
        yield f"strategies {depth}", f"{DUOPOLY}[firms.left.strategy{'.base' * depth}]\nkind = 'Hold'\n"
    yield from _chains(folder)
    whole = b'extends = "textbook-duopoly"\nperiods = 3\n'
    yield "UTF-16", whole.decode().encode("utf-16")
    yield "a byte that is no UTF-8", whole + b"\xff"
    yield "a NUL", whole + b"\0"
    yield "cut off", whole[:-1] + b" = "
    yield "a key twice", whole + b"periods = 4\n"
    yield "a table twice", whole + b"[market]\nvat = 0.1\n[market]\nvat = 0.1\n"
    yield "nothing", b""
    yield "no TOML", b"\x89PNG\r\n\x1a\n"
    for weight in ("1e-9", "1e-300", "0", "-1", "nan"):
        yield f"weight {weight}", f"{DUOPOLY}consumers.weight = {weight}\n"
    for seed in ("-1", "1.5", '"one"', "1e30"):
        yield f"seed {seed}", f"{DUOPOLY}seed = {seed}\n"
    yield (
        "a cut below zero",
        f'{DUOPOLY}[[events]]\nkind = "Cut"\nmonth = "2025-02"\nfirm = "left"\namount = 1e9\n',
    )
    other = '{kind = "Scripted", table = {"2025-02" = {right-car = -0.1}}}'
    yield "another's product", f"{DUOPOLY}firms.left.strategy = {other}\n"
    yield "no segment", f'{DUOPOLY}firms.left.strategy = {{kind = "PerSegment", rules = {{Z = "Hold"}}}}\n'
    for name in ("", "a.b", "*", "\u202e", "x" * 300):
        yield (
            f"firm called {name[:9]!r}",
            f"{DUOPOLY}[firms.{_text(name)}]\nname = 'New'\nstrategy = 'Hold'\n",
        )


def _chains(folder: Path) -> Iterator[tuple[str, str]]:
    """Files that extend each other, and one that is broken below another."""
    for number in range(1500):
        below = f'"c{number + 1}.toml"' if number < 1499 else '"textbook-duopoly"'
        (folder / f"c{number}.toml").write_text(f"extends = {below}\n")
    (folder / "circle.toml").write_text('extends = "circle.toml"\n')
    (folder / "torn.toml").write_text("periods = \n")
    (folder / "above.toml").write_text('extends = "torn.toml"\n')
    for name in ("c0", "circle", "torn", "above"):
        yield f"extends {name}", f'extends = "{name}.toml"\n'


def _experiments(folder: Path) -> Iterator[tuple[str, str]]:
    for name in FACTOR_NAMES:
        yield f"factor {name}", EXPERIMENT.replace("factors.e", f"factors.{_text(name)}")
    for pattern in PATTERNS:
        yield f"path {pattern[:20]!r}", EXPERIMENT.replace("'demand.own_elasticity'", _text(pattern))
        yield f"set {pattern[:20]!r}", f"{EXPERIMENT}[set]\n{_text(pattern)} = 'x'\n"
    for kind in KINDS:
        if ":" in kind and not kind.startswith(("pricewar", "builtins", "os")):
            yield f"metric {kind[:20]!r}", EXPERIMENT.replace('"welfare"', _text(kind))
    for metric in ("odd:number", "welfare.left", "break_even", "break_even.zz", "nothing", "", "*", ".*",
                   "rivals_price_fall.0", "rivals_price_fall.²", "rivals_price_fall.x", "x" * 5000):  # fmt: skip
        yield f"metric {metric[:20]!r}", EXPERIMENT.replace('"welfare"', _text(metric))
    for path in PATHS:
        yield f"base {path[:20]!r}", EXPERIMENT.replace('base = "textbook-duopoly"', f'base = "{path}"', 1)
        yield f"but_for {path[:20]!r}", EXPERIMENT.replace('for = "textbook-duopoly"', f'for = "{path}"', 1)
        yield f"file {path[:20]!r}", f'{EXPERIMENT}[design]\nkind = "csv"\nfile = "{path}"\n'
    for number, cell in enumerate(CELLS):
        (folder / f"cells{number}.csv").write_text(f"e\n-3.0\n{cell}\n", encoding="utf-8")
        yield f"cell {cell[:20]!r}", f'{EXPERIMENT}[design]\nkind = "csv"\nfile = "cells{number}.csv"\n'
    values = "values = [" + ", ".join(f"{-2.0 - k / 10}" for k in range(10)) + "]"
    grid = "".join(f"[factors.f{k}]\npath = 'demand.own_elasticity'\n{values}\n" for k in range(10))
    yield "ten factors of ten values", f'base = "textbook-duopoly"\n{grid}'
    for design in ('kind = "sobol-sequence"\npoints = 1000000000', 'kind = "sobol-sequence"\npoints = 3',
                   'kind = "latin-hypercube"\npoints = 1000000000', 'kind = "saltelli"\nbase = 1048576',
                   'kind = "morris"\ntrajectories = 1000000', 'kind = "nothing"', 'kind = "csv"'):  # fmt: skip
        yield design.replace("\n", " "), f"{EXPERIMENT}[design]\n{design}\n"
    for line in ("small = 3", "small = []", "replicates = 1000000000", "replicates = 0", "seed = -1",
                 "seed = 9223372036854775807", "time_limit = 1e308", "time_limit = 1e-300", "time_limit = 0",
                 "cls = 3", "self = 3", "metrics = []", "factors = {}", "base = 3", "base = []"):  # fmt: skip
        key = line.split(" ")[0]
        rest = "\n".join(
            part for part in EXPERIMENT.splitlines() if not part.startswith((f"{key} ", "[factors"))
        )
        whole = EXPERIMENT if key not in ("metrics", "base", "factors") else rest
        yield line, f"{line}\n{whole}\n"
    for distribution in ('{kind = "uniform", low = -1e308, high = 1e308}', '{kind = "uniform", low = 2, high = 1}',
                         '{kind = "loguniform", low = 1e-308, high = 1e308}',
                         '{kind = "normal", mean = 0, sd = 1e-300, low = 5, high = 6}'):  # fmt: skip
        changed = EXPERIMENT.replace("values = [-3.0, -4.0]", f"distribution = {distribution}\nwhole = true")
        yield distribution, changed


def _cases() -> Iterator[tuple[str, str | bytes]]:
    yield "lists 100,000", "[" * 100_000
    yield "lists closed", "[" * 100_000 + "]" * 100_000
    for number in (
        "9" * 5000,
        "1e999",
        "-" + "9" * 5000,
        "18446744073709551616",
        "2.5",
        '"two"',
        "null",
        "[]",
        "0",
    ):
        yield f"J = {number[:20]}", f'{{"inputs": {{"J": {number}}}, "outputs": {{"base": {{}}}}}}'
    for text in (
        "",
        "null",
        "[]",
        "3",
        "{}",
        '{"inputs": 3}',
        '{"inputs": {}, "outputs": {}}',
        "{",
        "\ufeff{}",
    ):
        yield f"content {text!r}", text
    yield "binary", b"\x00\xff\xfe"


HARMLESS = {
    "weight": f"{DUOPOLY}consumers.weight = 1000.0\n",
    "the largest seed": f"{DUOPOLY}seed = 9223372036854775807\n",
    "a base beside": 'extends = "c1490.toml"\n',
    "a title with an escape": f'{DUOPOLY}title = "\\u001b[31mred"\n',
}
