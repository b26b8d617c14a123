"""Which iteration of mesa's `batch_run` is being built.

`batch_run(..., iterations=n)` builds n models with the same arguments (up to mesa 3.4) or with `seed=None`
(from 3.5 on): it gives a model nothing that tells its iterations apart. So the model looks at its caller;
without that all iterations would be copies of one run.
"""

from __future__ import annotations

import os
import sys

_RUNNER = "mesa.batchrunner"


def iteration() -> int:
    """Number of the iteration that calls the constructor which calls this; 0 outside of `batch_run`."""
    frame = sys._getframe(1)
    while frame.f_code.co_name == "__init__" and frame.f_back is not None:  # of subclasses
        frame = frame.f_back
    if frame.f_globals.get("__name__") != _RUNNER:
        return 0
    number = frame.f_locals.get("iteration")
    return number if isinstance(number, int) else int.from_bytes(os.urandom(4), "little")
