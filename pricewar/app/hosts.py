"""By which names this server may be called: a page elsewhere must not reach it under a name of its own.

A name that anybody may register can be made to point at this machine (DNS rebinding); the browser then takes
that page and this server for one and the same. An address in figures cannot be made to lie like that.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

HERE: Final = frozenset({"localhost"})
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


def own_names(host: str) -> frozenset[str]:
    """Names of this machine that a browser may use for a server that listens on `host`."""
    address = _address(host)
    if address is None:
        return HERE | {_plain(host)}
    if address.is_loopback:
        return HERE
    name = _plain(socket.gethostname())
    return HERE | {name, f"{name.partition('.')[0]}.local"}


def is_host(text: str) -> bool:
    """Whether `--allow-host` may be this: a name or an address, without port, scheme or path."""
    found = _HOST.fullmatch(text)
    return _address(text.strip("[]")) is not None or (found is not None and found[2] is None)


def is_network(text: str) -> bool:
    """Whether `--proxy` may be this: an address, or a network as 10.0.0.0/8."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def allowed(header: str | None, reached: str | None, names: Iterable[str]) -> bool:
    """Whether a request is meant for this server.

    Args:
        header: its Host header, with or without a port.
        reached: the address of this machine at which the request arrived, whichever interface that is.
        names: names by which the server may be called besides.
    """
    found = _HOST.fullmatch(header or "")
    if found is None:
        return False
    called = found[1].strip("[]")
    address = _address(called)
    if address is not None and reached is not None and address == _address(reached):
        return True
    return (str(address) if address is not None else _plain(called)) in {_plain(name) for name in names}


def _plain(name: str) -> str:
    """A name as it is compared; an address in one spelling of the many it has."""
    address = _address(name.strip("[]"))
    return str(address) if address is not None else name.lower().removesuffix(".")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
