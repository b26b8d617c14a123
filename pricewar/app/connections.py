"""Connections that do not wait for ever: a request comes whole within seconds, an answer is read, or it ends.

uvicorn has a limit for a connection that rests between two requests, and none for one that stops in the
middle of a request or does not read its answer. Without these, a few hundred of them keep a class out.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE: Final = 10.0
"""Seconds that a request may take to arrive."""
READING: Final = 30.0
"""Seconds that an answer may lie unread."""
MOST: Final = 800
"""Connections at once; a page holds six at most."""
FILES: Final = 4096
"""Open files that the process asks for, where it may."""
SPARE_FILES: Final = 200
"""Files that are kept for other things than connections, and for those that come in one burst."""


def room() -> int:
    """Connections at once that this process has files for, after it has asked for more files."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return MOST
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(min(MOST, max(soft, wanted) - SPARE_FILES), 50)


class Connection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with time limits; the slowest makes room when too many are open."""

    most = MOST
    patience = PATIENCE
    reading = READING

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody calls: the request is expected now."""
        self._late: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        self.since = self.loop.time()
        self._expect()
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected of who is gone."""
        self._arrived()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request, or all of it."""
        super().data_received(data)
        if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._expect()
        else:
            self._arrived()

    def on_response_complete(self) -> None:
        """An answer is written: the next request has its own time."""
        if self.conn.their_state is not h11.SEND_BODY:
            self._arrived()
        super().on_response_complete()
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._expect()  # a part of it came along with the last one

    def pause_writing(self) -> None:
        """The other side reads more slowly than the answer is written."""
        super().pause_writing()
        self._stuck = self._stuck or self.loop.call_later(self.reading, self.transport.abort)

    def resume_writing(self) -> None:
        """The other side reads again."""
        super().resume_writing()
        self._taken()

    def timeout_keep_alive_handler(self) -> None:
        """It rested too long; what lies unread is thrown away."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.patience, self.transport.abort)

    @property
    def rank(self) -> tuple[bool, float]:
        """Who goes first when there is no room: half a request before a rest, then the oldest."""
        return self._late is None, self.since

    @property
    def at_work(self) -> bool:
        """Whether somebody waits for an answer here."""
        return self._late is None and self.timeout_keep_alive_task is None

    def _expect(self) -> None:
        if self._late is None and not self.transport.is_closing():
            self._late = self.loop.call_later(self.patience, self.transport.abort)

    def _arrived(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _taken(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _make_room(self) -> None:
        others: set[Any] = self.connections - {self}
        slow = [one for one in others if not one.at_work and not one.transport.is_closing()]
        min(slow, key=lambda one: one.rank, default=self).transport.abort()
