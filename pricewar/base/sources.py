"""Fingerprints of a user's own code: what `module:Class` and `module:function` in a file stand for.

A scenario that names `mylab:Cautious` means the code of that class, so the code belongs to the inputs. For
each module that a file names, this gives the SHA-256 of the module's source file, and of the source file of
every module of the user's that it imports, in turn. A module is the user's if its file lies neither in the
standard library, nor in a site-packages folder, nor in this package: those have versions. The named module
itself counts wherever it lies, unless it is this package's.

Imports are read from the source, those inside functions and conditions included; nothing is run for it.
Modules imported by a computed name, files that the code reads, and versions of libraries are not seen. A
class or function of a script or notebook (`__main__`) counts with its own source alone, so that other lines
of the script may change; where there is no source, the words "no source" stand for it, and a change is not
noticed.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any, Final

NO_SOURCE: Final = "no source"
MAIN: Final = "__main__"
_SPAWNED_MAIN: Final = "__mp_main__"
"""What a worker process calls the script that started it."""
_NAME: Final = re.compile(r"([^\W\d][\w.]*):([^\W\d]\w*)")
_HERE: Final = Path(__file__).resolve().parents[1]
_STANDARD: Final = tuple({Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")})
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


def home_of(module: str) -> str:
    """The name of a class's module in a scenario file: the same in the script and in its worker processes."""
    return MAIN if module == _SPAWNED_MAIN else module


def sources(tree: object) -> dict[str, str]:
    """Module -> SHA-256 of its source file, for all of a user's own code that plain values name.

    Args:
        tree: nested tables and lists; every text of the form `module:name` counts, whatever its place.
    """
    found: dict[str, str] = {}
    for module, name in sorted(set(_named(tree))):
        found |= _of_main(name) if home_of(module) == MAIN else _of_module(module)
    return dict(sorted(found.items()))


def _named(tree: object) -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        match = _NAME.fullmatch(tree) if ":" in tree else None
        if match:
            yield match[1], match[2]
    elif isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _named(key)
            yield from _named(value)
    elif isinstance(tree, (list, tuple)):
        for value in tree:
            yield from _named(value)


# -- modules -----------------------------------------------------------------------------------------


def _of_module(module: str) -> dict[str, str]:
    """The module that is named, and all of the user's that it needs."""
    found: dict[str, str] = {}
    todo, seen = [module], set[str]()
    while todo:
        name = todo.pop()
        path = None if name in seen else _file(name)
        seen.add(name)
        if path is None or _is_ours(path) or not (name == module or _is_users(path)):
            continue
        status = path.stat()
        found[name], imports = _read(path, status.st_mtime_ns, status.st_size)
        todo += [*_above(name), *_absolute(imports, name, path)]
    if module in sys.modules and _file(module) is None and not _is_standard(module):
        found[module] = NO_SOURCE
    return found


def _above(name: str) -> Iterator[str]:
    """Packages that are imported before a module of theirs."""
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts)))


def _absolute(imports: tuple[tuple[int, str], ...], name: str, path: Path) -> Iterator[str]:
    """Imported names in full; a relative one begins at the package of the module."""
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for level, imported in imports:
        base = package[: len(package) - level + 1] if level else []
        whole = ".".join([*base, *filter(None, [imported])])
        yield whole
        yield from _above(whole)


@lru_cache(maxsize=1024)
def _read(path: Path, changed: int, size: int) -> tuple[str, tuple[tuple[int, str], ...]]:
    """SHA-256 of a file, and what it imports as (level, name); remembered until the file changes."""
    content = path.read_bytes()
    try:
        tree = ast.parse(content) if path.suffix == ".py" else ast.Module([], [])
    except (SyntaxError, ValueError, RecursionError):
        tree = ast.Module([], [])
    return hashlib.sha256(content).hexdigest(), tuple(dict.fromkeys(_imports(tree)))


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
            for alias in node.names:  # a name in a package may be a module
                yield node.level, ".".join(filter(None, [node.module, alias.name]))


def _file(name: str) -> Path | None:
    """The file of a module; None if there is none or no such module. Runs nothing."""
    if _is_standard(name):
        return None
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded is None:
        spec = _spec(name)
        loaded = spec.origin if spec is not None and spec.has_location else None
    path = None if loaded is None else Path(loaded).resolve()
    return path if path is not None and path.is_file() else None


def _spec(name: str) -> ModuleSpec | None:
    package, _, _ = name.rpartition(".")
    try:
        if not package:
            return importlib.util.find_spec(name)
        above = _spec(package)
        places = None if above is None else above.submodule_search_locations
        return None if places is None else PathFinder.find_spec(name, places)
    except (ImportError, ValueError, AttributeError):
        return None


def _is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def _is_ours(path: Path) -> bool:
    return path.is_relative_to(_HERE)


def _is_users(path: Path) -> bool:
    installed = not _INSTALLED.isdisjoint(path.parts)
    return not installed and not any(path.is_relative_to(place) for place in _STANDARD)


# -- scripts and notebooks ---------------------------------------------------------------------------


def _of_main(name: str) -> dict[str, str]:
    thing = getattr(sys.modules.get(MAIN), name, None)
    text = "" if thing is None else _text(thing)
    return {f"{MAIN}:{name}": hashlib.sha256(text.encode()).hexdigest() if text else NO_SOURCE}


def _text(thing: Any) -> str:
    """The source of a class or function; of a class of a notebook, that of its methods."""
    try:
        return inspect.getsource(thing)
    except (OSError, TypeError):
        if not isinstance(thing, type):
            return ""
        methods = (value for _, value in sorted(vars(thing).items()) if inspect.isfunction(value))
        return "\n".join(filter(None, map(_text, methods)))
