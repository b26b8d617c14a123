"""Ctrl-C and SIGTERM end a command in order: nothing half-written, no traceback.

While the commands are loaded there is nothing to clean up, and the process ends at once. After that both are
exceptions, so that what is open is closed; exit codes are 130 and 143, as shells have them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, Final

STOPPED: Final = {signal.SIGINT: ("interrupted", 130), signal.SIGTERM: ("terminated", 143)}
"""What is said, and the exit code."""


SOON: Final = 0.02
"""Seconds after which a signal that was dropped comes again: what dropped it is over then."""


class Terminated(KeyboardInterrupt):
    """SIGTERM came. It ends a command as Ctrl-C does."""


def end_at_once_when_stopped() -> None:
    """What a signal does while commands are loaded. An ignored one stays ignored, as for a script's job."""
    for number in STOPPED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def clean_up_when_stopped() -> None:
    """From the start of a command on; where `end_at_once_when_stopped` was not called, nothing changes."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, _terminate)):
        if signal.getsignal(number) is _end:
            signal.signal(number, handler)
            sys.unraisablehook = _again


def _again(lost: Any) -> None:
    """A signal that came while Python cleaned up after something, where it drops errors, comes once more."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    number = signal.SIGINT
    if isinstance(lost.exc_value, Terminated):
        number = signal.SIGTERM
        signal.signal(number, _terminate)
    timer = threading.Timer(SOON, _send, (number,))
    timer.daemon = True
    timer.start()


def _send(number: signal.Signals) -> None:
    if sys.platform == "win32":  # where os.kill ends a process without asking it
        signal.raise_signal(number)
    else:
        os.kill(os.getpid(), number)


def _end(number: int, frame: FrameType | None) -> None:
    words, code = STOPPED[signal.Signals(number)]
    os.write(2, f"{words}\n".encode())
    os._exit(code)


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not cut off the cleaning up
    raise Terminated
