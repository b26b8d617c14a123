"""An address as a picture that phones read."""

from __future__ import annotations

import io

import segno
from starlette.requests import Request
from starlette.responses import Response


def address_picture(request: Request, path: str) -> Response:
    """The picture of a page of this server, under the name by which the browser called it.

    Args:
        request: what was asked for below /api.
        path: of the page, with its query.
    """
    address = f"{str(request.base_url).removesuffix('/api/').rstrip('/')}{path}"
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", border=4, xmldecl=False, light="#fff", omitsize=True)
    return Response(out.getvalue(), media_type="image/svg+xml")
