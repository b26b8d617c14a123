"""The first run on a machine compiles the kernels, later ones load them: the bytes are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from conftest import tiny
from pricewar.runs import run
print(hashlib.sha256(run(tiny()).products.to_csv().encode()).hexdigest())
"""


@pytest.mark.slow
def test_the_first_run_gives_the_bytes_of_the_second(tmp_path: Path) -> None:
    if os.environ.get("NUMBA_DISABLE_JIT"):
        pytest.skip("nothing is compiled")
    said = [
        subprocess.run(
            [sys.executable, "-c", RUN, str(Path(__file__).parent)],
            env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}, capture_output=True, text=True, check=True,
        ).stdout
        for _ in range(2)
    ]  # fmt: skip
    assert any(tmp_path.rglob("*.nbi"))
    assert said[0] == said[1]
