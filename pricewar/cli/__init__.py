"""The command line: `pricewar COMMAND`.

Exit codes: 0 done, 1 failed, 2 wrong input, 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import gc
import os
import sys

from .signals import end_at_once_when_stopped


def main() -> None:
    """Entry of the console script. A user's own rules are found in the current directory."""
    end_at_once_when_stopped()
    gc.set_threshold(100_000, 50, 50)  # modules stay: to look for garbage among them costs a tenth of a start
    here = os.getcwd()
    if here not in sys.path:
        sys.path.append(here)
    from .app import app

    app(prog_name="pricewar")
