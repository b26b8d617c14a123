"""Games on disk: a server that is ended in any round goes on where it stood.

One SQLite file; a game is one row with its record as JSON, written after each change. Secrets are in it as
fingerprints only; names of players are, so the file is private to its owner, and a game is deleted from it
when the hall forgets it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from pathlib import Path
from threading import Lock
from typing import Any

from pricewar.base.edition import EDITION
from pricewar.base.errors import bad_input

_TABLE = "CREATE TABLE IF NOT EXISTS games (code TEXT PRIMARY KEY, edition INTEGER, record TEXT NOT NULL)"


class Archive:
    """The file of all games of one server.

    Args:
        path: the file; made if it is not there.

    Raises:
        InputError: not a file of games, not to be written, or in the hands of another server.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0.2)
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("BEGIN EXCLUSIVE")  # and never let go: two servers would write over each other
            self._base.execute(_TABLE)
            self._base.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            allowed = f"a file of games that no other server has open ({error})"
            raise bad_input("command line", ("--store", str(path), allowed)) from error

    def save(self, code: str, record: dict[str, Any]) -> None:
        """Write a game as it stands; it is on disk when this returns."""
        with self._lock:
            self._base.execute(
                "INSERT OR REPLACE INTO games VALUES (?, ?, ?)", (code, EDITION, json.dumps(record))
            )

    def forget(self, code: str) -> None:
        """Delete a game."""
        with self._lock:
            self._base.execute("DELETE FROM games WHERE code = ?", (code,))

    def records(self) -> list[tuple[str, dict[str, Any]]]:
        """All games with their codes, oldest first.

        Those of another edition of the model are deleted: they would go on with other numbers than those on
        the players' pages.
        """
        with self._lock:
            self._base.execute("DELETE FROM games WHERE edition != ?", (EDITION,))
            rows = self._base.execute("SELECT code, record FROM games ORDER BY rowid").fetchall()
        return [(code, json.loads(text)) for code, text in rows]

    def close(self) -> None:
        """Let another server have the file."""
        with self._lock:
            self._base.close()


def usual_place() -> Path:
    """Where this person's games are kept: the system's folder for what programs remember."""
    if sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        home = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state"))
    return home / "pricewar" / "games.sqlite"
