"""The first run on a machine compiles the kernels, later ones load them: the bytes are the same.

A kernel that calls another one either takes its body in, or calls whichever copy was loaded first: its own,
or the one that a caller brought along. Two copies may round differently, so fast arithmetic is taken in.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pricewar.kernels

RUN = """
import hashlib, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from conftest import tiny
from pricewar.demand import MixedLogit
from pricewar.equilibrium import solve
from pricewar.market.history import columns
from pricewar.market.model import PriceWar
from pricewar.market.together import Together

EVERYBODY = {f"firms.{firm}.strategy": {"kind": "BestResponse"} for firm in ("ace", "bolt", "cove")}
NESTS = {"demand": {"kind": "NestedLogit", "rho": 0.6, "nests": "segment"}}

def digest(tables):
    return hashlib.sha256(repr([
        (table, name, values.tolist()) for table, of_table in sorted(tables.items())
        for name, values in sorted(of_table.items())
    ]).encode()).hexdigest()

def equilibria():
    rng, found = np.random.default_rng(5), []
    for rows in (1, 40) * 6:
        delta, alpha = rng.normal(0, 1, 12), rng.uniform(0.5, 3, rows)
        tastes = None if rows == 1 else rng.normal(0, 0.5, (rows, 12))
        demand = MixedLogit(delta, alpha, tastes, nests=rng.integers(0, 4, 12), rho=rng.uniform(0.2, 0.95))
        found.append(solve(demand, rng.uniform(0.5, 1.5, 12), rng.integers(0, 4, 12)).prices.tolist())
    return hashlib.sha256(repr(found).encode()).hexdigest()

PARTS = {
    "run": lambda: digest(columns(PriceWar(tiny(EVERYBODY), 3, collect=False).run_model())),
    "block": lambda: digest(columns(Together(tiny(EVERYBODY), [3]).run_model())),
    "nests": lambda: digest(columns(PriceWar(tiny({**EVERYBODY, **NESTS}), 3, collect=False).run_model())),
    "equilibria": equilibria,
}
said = {name: PARTS[name]() for name in sys.argv[2].split(",")}
assert said["run"] == said["block"]
print(sorted(said.items()))
"""


@pytest.mark.slow
def test_the_first_run_gives_the_bytes_of_the_second_in_every_order_of_compiling(tmp_path: Path) -> None:
    if os.environ.get("NUMBA_DISABLE_JIT"):
        pytest.skip("nothing is compiled")
    first, other = "run,block,nests,equilibria", "equilibria,nests,block,run"
    said = {
        subprocess.run(
            [sys.executable, "-c", RUN, str(Path(__file__).parent), order],
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / cache)},
            capture_output=True, text=True, check=True,
        ).stdout
        for cache, order in (("one", first), ("one", first), ("two", other))
    }  # fmt: skip
    assert any(tmp_path.rglob("*.nbi"))
    assert len(said) == 1, said


def kernels() -> dict[str, tuple[ast.FunctionDef, str]]:
    """Each compiled function of the market's kernels, with its decorator as written."""
    return {
        node.name: (node, decorator)
        for path in Path(pricewar.kernels.__file__).parent.glob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
        for decorator in map(ast.unparse, node.decorator_list)
        if decorator.startswith("njit")
    }


def test_a_kernel_of_fast_arithmetic_that_another_calls_is_taken_into_it() -> None:
    found = kernels()
    called = {
        part.id for name, (node, _) in found.items() for part in ast.walk(node)
        if isinstance(part, ast.Name) and part.id in found and part.id != name
    }  # fmt: skip
    assert len(called) > 20
    loose = [
        name for name in sorted(called)
        if "fastmath" in found[name][1] and "inline=" not in found[name][1]
    ]  # fmt: skip
    assert not loose, "say forceinline=True (see FAST in kernels/exp.py)"
