"""What every answer and every request is held to: no foreign assets, names or pages, small bodies."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from html import escape
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .hosts import HERE, allowed

LARGEST_BODY: Final = 16_384
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""The browser itself refuses anything from another host, and any script that came in with a text."""
_PAGE: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>pricewar classroom</title>
    <link rel="stylesheet" href="/static/style.css" />
  </head>
  <body>
    <main><h1>{text}</h1><p><a href="/">To the classroom</a></p></main>
  </body>
</html>
"""


class Guard:
    """Refuses other names, bodies that are too large and writes from other pages; sets the headers.

    Args:
        app: what it guards.
        hosts: names by which the server may be called, besides its addresses.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = HERE) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith("/api/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        answer = refusal(Request(scope), self.hosts)
        with suppress(ClientDisconnect):  # who hangs up in the middle of a request waits for no answer
            await (self.app if answer is None else answer)(scope, receive, guarded)


def refusal(request: Request, hosts: Collection[str]) -> Response | None:
    """An answer for what is not let in, else None."""
    host, server = request.headers.get("host"), request.scope.get("server")
    if not allowed(host, server[0] if server else None, hosts):
        name = (host or "no name")[:80]
        return told(
            request, 421, f"This server is not called {name}. If it is: --allow-host NAME at its start."
        )
    if request.method != "POST":
        return None
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal()) or int(length) > LARGEST_BODY:
        return problem(413, f"A request has at most {LARGEST_BODY} bytes, and says how many.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return problem(403, "That request came from another page.")
    return None


def problem(status: int, text: str, retry: int = 0) -> JSONResponse:
    """An error that the page shows as it is; `retry`: after how many seconds it may go better."""
    return JSONResponse({"error": text}, status, {"Retry-After": str(retry)} if retry else None)


def told(request: Request, status: int, text: str) -> Response:
    """An error as whoever asked can read it: scripts get JSON, people a page with a way back."""
    if request.url.path.startswith("/api/"):
        return problem(status, text)
    return HTMLResponse(_PAGE.format(text=escape(text)), status)


def caller(request: Request) -> str:
    """Who asks, for limits on rates: an address; in IPv6 the network, as one machine has 2^64 addresses."""
    host = request.client.host if request.client else "?"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or f"{IPv6Address(int(address) >> 64 << 64)}/64")
