"""A rule that misbehaves when asked to, and a metric, both importable in worker processes."""

import os
import signal
import time
from typing import Literal

from pricewar.base.records import Floats, View
from pricewar.experiment import Run
from pricewar.strategies import Strategy


class Moody(Strategy):
    """Holds its price; or raises, hangs, hangs deaf to its alarm, or takes its process down."""

    mood: Literal["calm", "raises", "hangs", "deaf", "dies"] = "calm"
    pause: float = 0.0
    change: float = 0.0

    def price(self, view: View) -> Floats:
        """Start prices, changed by `change`."""
        time.sleep(self.pause)
        if self.mood == "raises":
            raise RuntimeError("out of sorts")
        if self.mood == "deaf":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        if self.mood in ("hangs", "deaf"):
            time.sleep(3600)
        if self.mood == "dies":
            os._exit(17)
        return view.start_price * (1 + self.change)


def last_price(run: Run) -> float:
    """A metric of one's own: the price of the last product in the last month."""
    return float(run.products["price"].iloc[-1])
