"""What the last digits of a computation rest on, besides code and inputs."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import Final

import numba
import numpy as np
import scipy
from numba.core.registry import cpu_target

_STEER: Final = ("NPY_", "NUMBA_", "OPENBLAS_", "MKL_", "OMP_")
"""Beginnings of names of variables by which numpy, numba and BLAS choose their code."""
_NOT_THESE: Final = ("_THREADS", "_CACHE_DIR")
"""Endings of those on which no result depends."""


@lru_cache(maxsize=1)
def machine() -> bytes:
    """Processor, versions of all that computes, and variables that choose code for them."""
    parts = [module.__version__ for module in (np, numba, scipy)]
    steered = [
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(_STEER) and not name.endswith(_NOT_THESE)
    ]
    cpu = cpu_target.target_context.codegen().magic_tuple()  # by which numba tells its own cached code apart
    return "\n".join([sys.version, sys.platform, *parts, *map(str, cpu), *steered]).encode()
