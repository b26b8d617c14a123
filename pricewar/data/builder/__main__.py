"""`python -m pricewar.data.builder MONTH DIR`: write the market of a month."""

import sys
from pathlib import Path

from . import write

if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("python -m pricewar.data.builder MONTH DIR")
    write(sys.argv[1], Path(sys.argv[2]))
