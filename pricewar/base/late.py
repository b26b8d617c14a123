"""Modules that load at their first use, though what imports them does so at once.

A library that imports another for one function in a corner of its own then costs nothing to those who never
go there, and nothing else about it changes. `importlib.util.LazyLoader` does the same, but loads as soon as
anybody looks through all modules for one of a certain file, as `inspect.getmodule` does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any, Final

WANTED: Final = ("__all__", "__path__", "__version__")
"""Names of Python's own sort for which a module loads: submodules come after their package."""


class _Waiting(ModuleType):
    """A module that loads when it is asked for something that it does not have yet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in WANTED:
            raise AttributeError(name)
        loader = self.__loader__
        assert isinstance(loader, _Late)
        loader.load(self)
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None


class _Late(Loader):
    """The loader of one module: it lets the module wait, and loads it once, whoever asks."""

    def __init__(self, real: Loader, path: Sequence[str] | None) -> None:
        self.real, self.path = real, path
        self.lock, self.loading = RLock(), False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module."""
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Let it wait."""
        module.__dict__.pop("__path__", None)
        module.__class__ = _Waiting

    def load(self, module: ModuleType) -> None:
        """What an import does at once otherwise; while it loads, a module may ask for itself."""
        with self.lock:
            if self.loading or type(module) is not _Waiting:
                return
            self.loading = True
            try:
                if self.path is not None:
                    module.__path__ = list(self.path)
                self.real.exec_module(module)
                module.__class__ = ModuleType  # type: ignore[assignment]
            except BaseException:
                module.__dict__.pop("__path__", None)
                raise
            finally:
                self.loading = False


class _Finder(MetaPathFinder):
    """Finds a few modules as Python does, and lets them wait."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module that may wait; None for any other."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in self.names else None
        if spec is not None and isinstance(spec.loader, Loader):
            spec.loader = _Late(spec.loader, spec.submodule_search_locations)
        return spec


@contextmanager
def late(*names: str) -> Iterator[None]:
    """Let modules that are imported inside the block load when something in them is first asked for.

    Args:
        names: full names; one that is loaded already, or not there, is as without the block.
    """
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
