"""What the last digits of a computation rest on, besides code and inputs."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import Final

import llvmlite
import numba
import numpy as np
import scipy
from llvmlite import binding

_STEER: Final = ("NPY_", "NUMBA_", "OPENBLAS_", "MKL_", "OMP_")
"""Beginnings of names of variables by which numpy, numba and BLAS choose their code."""
_NOT_THESE: Final = ("_THREADS", "_CACHE_DIR")
"""Endings of those on which no result depends."""


@lru_cache(maxsize=1)
def machine() -> bytes:
    """Processor, versions of all that computes, and variables that choose code for them."""
    parts = [module.__version__ for module in (np, numba, llvmlite, scipy)]
    steered = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(_STEER) and not name.endswith(_NOT_THESE)
    ]
    cpu = [binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()]
    return "\n".join([sys.version, sys.platform, *parts, *cpu, *steered]).encode()
