"""With what results were made."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version


def software() -> dict[str, str]:
    """Versions of Python and of the libraries whose arithmetic the results rest on."""
    libraries = ("numpy", "scipy", "numba", "mesa", "pandas", "pyarrow")
    return {"python": platform.python_version(), **{name: _version(name) for name in libraries}}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"
