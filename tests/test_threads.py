"""No byte depends on how many threads a machine has, nor on whether a run is made here or in a worker."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricewar.base.sums import dot, solved, times

TESTS = Path(__file__).parent
ROWS = 16_000
"""Buyers; a BLAS begins to split sums over threads at 10,000 numbers."""
RUN = f"""
import hashlib, os, sys
sys.path.insert(0, {str(TESTS)!r})
from conftest import tiny
from pricewar.cli.pool import pool
from pricewar.runs import run

def told(results):
    for name in ("products", "firms", "market", "open_orders", "log"):
        print(name, hashlib.sha256(getattr(results, name).to_csv().encode()).hexdigest())

scenario = tiny({{"consumers.draws": {ROWS}}}, periods=3)
told(run(scenario))
if sys.argv[1:] == ["worker"]:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with pool(2) as executor:
        told(run(scenario, executor=executor))
"""
HOME = TESTS.parent / "pricewar"
PARTS = (".", "events", "interventions", "strategies")
MODEL = sorted(p for part in PARTS for p in (HOME / part).glob("*.py") if not p.stem.startswith("testing"))
"""What a run passes through, beside kernels, which call no BLAS when compiled."""
BLAS = {"dot", "vdot", "inner", "matmul", "tensordot", "linalg"}


def said(threads: int, *how: str) -> list[str]:
    number = str(threads)
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    found = os.environ | dict.fromkeys(names, number)
    command = [sys.executable, "-c", RUN, *how]
    return subprocess.run(command, env=found, capture_output=True, text=True, check=True).stdout.split("\n")[
        :-1
    ]


many_cores = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has one thread")


@many_cores
def test_many_buyers_give_the_same_bytes_with_one_thread_and_with_two() -> None:
    one = said(1)
    assert len(one) == 5
    assert said(2) == one


@many_cores
@pytest.mark.slow
def test_many_buyers_give_the_same_bytes_in_a_worker_with_one_thread() -> None:
    found = said(2, "worker")
    assert found[:5] == found[5:]
    assert len(found) == 10


@pytest.mark.parametrize("path", MODEL, ids=lambda path: str(path.relative_to(HOME)))
def test_the_model_calls_no_blas(path: Path) -> None:
    assert not list(calls(ast.parse(path.read_text(encoding="utf-8")))), "use pricewar.base.sums"


def calls(tree: ast.AST) -> Iterator[str]:
    """Matrix products, and numpy's functions that hand their work to BLAS or LAPACK."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.MatMult):
            yield f"line {node.lineno}: @"
        if isinstance(node, ast.Attribute) and node.attr in BLAS and ast.unparse(node.value) == "np":
            yield f"line {node.lineno}: np.{node.attr}"
        if isinstance(node, ast.keyword) and node.arg == "optimize":
            yield f"line {node.value.lineno}: einsum with BLAS"


def test_matrix_products_are_found() -> None:
    text = "a @ b\nnp.linalg.solve(a, b)\nnp.einsum('ij', a, optimize=True)\nsum(a * b)"
    assert {line.split(":")[0] for line in calls(ast.parse(text))} == {"line 1", "line 2", "line 3"}


@given(st.integers(1, 12), st.integers(0, 1000))
def test_sums_of_products_are_those_of_algebra(n: int, seed: int) -> None:
    luck = np.random.default_rng(seed)
    a, b, matrix = luck.normal(size=n), luck.normal(size=n), luck.normal(size=(3, n))
    assert dot(a, b) == pytest.approx(sum(x * y for x, y in zip(a, b, strict=True)), rel=1e-12, abs=1e-13)
    assert times(matrix, a) == pytest.approx([dot(row, a) for row in matrix], rel=1e-12, abs=1e-13)


@given(st.integers(1, 12), st.integers(0, 1000))
def test_a_solution_solves_its_system(n: int, seed: int) -> None:
    luck = np.random.default_rng(seed)
    matrix, known = luck.normal(size=(n, n)), luck.normal(size=n)
    kept = matrix.copy()
    found = solved(matrix, times(matrix, known))
    assert np.array_equal(matrix, kept)
    assert found == pytest.approx(known, abs=1e-9 * np.linalg.cond(matrix))


def test_a_system_that_needs_its_rows_exchanged_is_solved_and_a_singular_one_refused() -> None:
    assert solved(np.array([[0.0, 2.0], [1.0, 0.0]]), np.array([4.0, 3.0])) == pytest.approx([3.0, 2.0])
    with pytest.raises(ZeroDivisionError):
        solved(np.ones((2, 2)), np.ones(2))
