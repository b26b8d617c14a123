"""What every answer and every request is held to: no foreign assets, no foreign pages, small bodies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

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
_Next = Callable[[Request], Awaitable[Response]]


class Guard(BaseHTTPMiddleware):
    """Refuses bodies that are too large and writes from other pages; sets the headers."""

    async def dispatch(self, request: Request, call_next: _Next) -> Response:
        """One request."""
        answer = refusal(request) or await call_next(request)
        answer.headers.update(HEADERS)
        if request.url.path.startswith("/api/"):
            answer.headers["Cache-Control"] = "no-store"
        return answer


def refusal(request: Request) -> Response | None:
    """An answer for what is not let in, else None."""
    if request.method not in ("POST",):
        return None
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal()) or int(length) > LARGEST_BODY:
        return problem(413, f"A request has at most {LARGEST_BODY} bytes, and says how many.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        return problem(403, "That request came from another page.")
    return None


def problem(status: int, text: str) -> JSONResponse:
    """An error that the page shows as it is."""
    return JSONResponse({"error": text}, status)


def caller(request: Request) -> str:
    """Who asks, for limits on rates."""
    return request.client.host if request.client else "?"
