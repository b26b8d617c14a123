"""All games of a server: codes, limits, and one lock for each session."""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .archive import Archive
from .game_record import record, restored
from .game_rules import GameError
from .session import Session
from .session_rules import SessionRules

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without those that look alike on a projector."""
CODE_LENGTH = 5
MOST_GAMES = 60
MARKETS_A_GAME = 4
"""Markets that there is room for, for each game that there is room for."""
NO_GAME = "No game has that code."
IDLE = 6 * 3600.0
"""Seconds without a request after which a game is forgotten."""


@dataclass
class Table:
    """A game with its code, its lock and the time it was last asked for."""

    code: str
    session: Session
    touched: float
    who: str = ""
    """Address that it was opened from; empty for a game that came back from disk."""
    lock: Lock = field(default_factory=Lock)
    gone: bool = False
    """Whether it gave way to another; set under its lock."""
    saved: int = -1
    """Version of the game that is on disk."""
    _kept: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """Something worked out once, for as long as nothing changes."""
        version, known = self.session.version, self._kept.get(name)
        if known is None or known[0] != version:
            known = self._kept[name] = (version, make())
        return known[1]


class Hall:
    """Games by code; sessions know nothing of each other."""

    def __init__(self, most: int = MOST_GAMES, archive: Archive | None = None, now: float = 0.0) -> None:
        self.most = most
        self._tables: OrderedDict[str, Table] = OrderedDict()
        self._lock = Lock()
        self._archive = archive
        if archive is not None:
            for code, kept in archive.records():
                self._tables[code] = Table(code, restored(kept, now), now)

    def keep(self, table: Table, now: float) -> None:
        """Write a game to disk, if this hall keeps its games and something in it has changed."""
        if self._archive is not None and not table.gone and table.session.version != table.saved:
            self._archive.save(table.code, record(table.session, now))
            table.saved = table.session.version

    def open(self, rules: SessionRules, now: float, who: str = "") -> Table:
        """A new game with a code of its own. In a full hall, an empty game gives way to it.

        Args:
            rules: of the game.
            now: time, seconds.
            who: address that it is opened from.

        Raises:
            GameError: 503, the hall is full of games with players.
        """
        session = Session(rules)
        with self._lock:
            self._forget(now)
            while len(self._tables) >= self.most or self._markets + len(session.games) > self.most_markets:
                self._make_room()
            code = self._fresh_code()
            table = self._tables[code] = Table(code, session, now, who)
            self.keep(table, now)
        return table

    @property
    def most_markets(self) -> int:
        """Markets that all games together may have."""
        return MARKETS_A_GAME * self.most

    @property
    def _markets(self) -> int:
        return sum(len(table.session.games) for table in self._tables.values())

    def find(self, code: str, now: float) -> Table:
        """The game of a code.

        Raises:
            GameError: 404, there is none.
        """
        table = self._tables.get(code.strip().upper())
        if table is None:
            raise GameError(404, NO_GAME)
        table.touched = now
        return table

    def _fresh_code(self) -> str:
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
            if code not in self._tables:
                return code

    def _forget(self, now: float) -> None:
        for table in [table for table in self._tables.values() if now - table.touched > IDLE]:
            self._drop(table)

    def _make_room(self) -> None:
        """Whoever opened most empty games loses one: nobody keeps others out with games of no players."""
        empty = [table for table in self._tables.values() if not table.session.seats]
        opened = Counter(table.who for table in empty)
        for table in sorted(empty, key=lambda table: (-opened[table.who], table.touched)):
            with table.lock:
                if not table.session.seats:  # somebody may have sat down meanwhile
                    self._drop(table)
                    return
        raise GameError(503, "All games on this server have players, and no more fit: end one first.")

    def _drop(self, table: Table) -> None:
        table.gone = True
        del self._tables[table.code]
        if self._archive is not None:
            self._archive.forget(table.code)


class Bucket:
    """Rate limit: `burst` requests at once, then `rate` a second, for each caller."""

    def __init__(self, rate: float, burst: int, callers: int = 10_000) -> None:
        self.rate, self.burst, self.callers = rate, burst, callers
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, now: float) -> bool:
        """Whether the caller may go on now."""
        tokens, before = self._held.pop(caller, (float(self.burst), now))
        tokens = min(float(self.burst), tokens + (now - before) * self.rate)
        allowed = tokens >= 1.0
        self._held[caller] = (tokens - allowed, now)
        while len(self._held) > self.callers:
            self._held.popitem(last=False)
        return allowed
