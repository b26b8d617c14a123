"""Starting the server, and telling people where it is."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING

from .archive import Archive
from .hosts import own_names
from .web import MOST_GAMES, Later, make_app

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Config


def serve(
    host: str,
    port: int,
    games: int = MOST_GAMES,
    archive: Archive | None = None,
    *,
    names: Sequence[str] = (),
    proxies: Sequence[str] = (),
) -> None:
    """Serve the classroom until interrupted.

    Args:
        host: address to listen on; 127.0.0.1 is this machine alone, 0.0.0.0 the whole network.
        port: port to listen on.
        games: most games at once.
        archive: keeps the games over a restart; None: they are gone with the server.
        names: names by which the server may be called besides its own.
        proxies: addresses or networks whose word on who asks (X-Forwarded-For) is taken.
    """
    import uvicorn

    app = make_app(games, archive, hosts=own_names(host) | set(names))
    Thread(target=warm_up, args=[app.state.api], daemon=True).start()
    server = uvicorn.Server(server_config(app, host, port, proxies))
    leave = server.handle_exit

    def handle_exit(sig: int, frame: FrameType | None) -> None:
        app.state.closing.set()  # browsers that wait for news must not hold the server up
        leave(sig, frame)

    server.handle_exit = handle_exit  # type: ignore[method-assign]
    server.run()


def server_config(app: ASGIApp, host: str, port: int, proxies: Sequence[str] = ()) -> Config:
    """How uvicorn serves the classroom: with time limits, and believing no proxy that was not named."""
    import uvicorn

    from .connections import Connection, room

    Connection.most = room()
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=Connection,
        ws="none",
        log_level="warning",
        server_header=False,
        timeout_keep_alive=30,
        backlog=100,  # of connections taken up at once, so that there is a file for each
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )


def warm_up(api: Later) -> None:
    """Load the compiled kernels and the first run while the browser opens."""
    api.ready()
    from .playback import frame
    from .settings import Settings

    frame(Settings().plan("a").scenario)


def addresses(host: str, port: int) -> list[str]:
    """Addresses that browsers can use: for all interfaces, the one that the network sees too."""
    if host not in ("0.0.0.0", "::"):
        return [f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"]
    return [f"http://127.0.0.1:{port}", *(f"http://{found}:{port}" for found in _outward())]


def _outward() -> list[str]:
    """This machine's address towards the network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        return [probe.getsockname()[0]]


def is_free(host: str, port: int) -> bool:
    """Whether the port can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
