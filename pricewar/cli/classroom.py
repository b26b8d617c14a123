"""`pricewar app`: the classroom in a browser."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from pricewar.base.errors import PricewarError, bad_input

from . import console


def classroom(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Your own markets: page and game offer them too."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="127.0.0.1: this machine alone; 0.0.0.0: the whole network, for a class.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8765,
    games: Annotated[int, typer.Option(min=1, max=1000, help="Most games at once.")] = 60,
    store: Annotated[
        Path | None, typer.Option(help="File that keeps games over a restart; by default in your own folder.")
    ] = None,
    forget: Annotated[bool, typer.Option(help="Keep no games: they are gone when this ends.")] = False,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name by which browsers may call it, as behind a proxy.")
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address of a proxy whose X-Forwarded-For says who asks; all others' is ignored."),
    ] = None,
) -> None:
    """Open the classroom: explore, lessons, and a game for a class. Ctrl-C ends it."""
    missing = [name for name in ("starlette", "uvicorn", "tomli_w") if find_spec(name) is None]
    if missing:
        raise PricewarError(f"the classroom needs {', '.join(missing)}: pip install 'pricewar[app]'")
    from pricewar.app.archive import Archive, usual_place
    from pricewar.app.hosts import is_host, is_network
    from pricewar.app.opened import open_markets
    from pricewar.app.serve import addresses, is_free, serve

    open_markets(scenarios or [])
    names, proxies = allow_host or [], proxy or []
    wrong = [("--allow-host", name, "a name or an address, no port") for name in names if not is_host(name)]
    wrong += [("--proxy", one, "an address or a network") for one in proxies if not is_network(one)]
    if wrong:
        raise bad_input("command line", *wrong)
    if not is_free(host, port):
        raise bad_input("command line", ("--port", port, f"a port of {host} that is free"))
    archive = None
    if store is not None:
        archive = Archive(store)
    elif not forget:
        try:
            archive = Archive(usual_place())
        except PricewarError as error:
            console.say(f"games will not outlive this server: {error}")
    for address in addresses(host, port):
        console.say(f"pricewar classroom: {address}")
    serve(host, port, games, archive, names=names, proxies=proxies)
