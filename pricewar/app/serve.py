"""Starting the server, and telling people where it is."""

from __future__ import annotations

import socket
from threading import Thread
from types import FrameType

from .archive import Archive
from .web import MOST_GAMES, Later, make_app


def serve(host: str, port: int, games: int = MOST_GAMES, archive: Archive | None = None) -> None:
    """Serve the classroom until interrupted.

    Args:
        host: address to listen on; 127.0.0.1 is this machine alone, 0.0.0.0 the whole network.
        port: port to listen on.
        games: most games at once.
        archive: keeps the games over a restart; None: they are gone with the server.
    """
    import uvicorn

    app = make_app(games, archive)
    Thread(target=warm_up, args=[app.state.api], daemon=True).start()
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", server_header=False, timeout_keep_alive=30
    )
    server = uvicorn.Server(config)
    leave = server.handle_exit

    def handle_exit(sig: int, frame: FrameType | None) -> None:
        app.state.closing.set()  # browsers that wait for news must not hold the server up
        leave(sig, frame)

    server.handle_exit = handle_exit  # type: ignore[method-assign]
    server.run()


def warm_up(api: Later) -> None:
    """Load the compiled kernels and the first run while the browser opens."""
    api.ready()
    from .playback import frame
    from .settings import Settings

    frame(Settings().plan("a").scenario)


def addresses(host: str, port: int) -> list[str]:
    """Addresses that browsers can use: for all interfaces, the one that the network sees too."""
    if host not in ("0.0.0.0", "::"):
        return [f"http://{host}:{port}"]
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
