"""The classroom on loopback for tests: a server in a thread, and a client of a few lines."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra `app` is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="the extra `app` is not installed")


SERVER = """
import sys
from pathlib import Path
from pricewar.app.archive import Archive
from pricewar.app.serve import serve
serve("127.0.0.1", int(sys.argv[1]), archive=Archive(Path(sys.argv[2])))
"""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Requests to one server."""

    base: str

    def get(self, path: str, token: str = "", **headers: str) -> Answer:
        return self._send(path, None, token, headers)

    def post(self, path: str, body: Any, token: str = "", **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._send(path, data, token, headers)

    def _send(self, path: str, data: bytes | None, token: str, headers: dict[str, str]) -> Answer:
        request = urllib.request.Request(self.base + path, data=data, headers=headers)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())


@contextmanager
def serving(
    games: int = 60, store: Path | None = None, port: int | None = None, proxies: Sequence[str] = ()
) -> Iterator[Client]:
    """A server of its own for as long as the block lasts, on a port of its own unless one is given."""
    from pricewar.app.archive import Archive
    from pricewar.app.serve import server_config
    from pricewar.app.web import make_app

    if port is None:
        port = free_port()
    archive = None if store is None else Archive(store)
    app = make_app(games, archive)
    server = uvicorn.Server(server_config(app, "127.0.0.1", port, proxies))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield Client(f"http://127.0.0.1:{port}")
    finally:
        app.state.closing.set()
        server.should_exit = True
        thread.join(timeout=20)
        if archive is not None:
            archive.close()


class Killed:
    """A server in a process of its own that can be killed and started again on the same port."""

    def __init__(self, port: int, path: Path) -> None:
        self.port, self.path = port, path
        self.client = Client(f"http://127.0.0.1:{port}")
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", SERVER, str(self.port), str(self.path)]
        self.process = subprocess.Popen(command)
        for _ in range(1200):
            try:
                if self.client.get("/api/catalogue").status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)
