"""A user's own code: a file names it as `module:Name`. Only this module imports it and reports its errors.

What goes wrong while a module is imported, a class is made or a rule runs is reported in one line with the
user's file and line. Only an interrupt from the keyboard is passed on unchanged.
"""

from __future__ import annotations

import importlib
import linecache
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final, TypeVar

from .errors import PricewarError, RuleError, cut_short, shown

R = TypeVar("R")

PACKAGE: Final = str(Path(__file__).parents[1])
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})
FAILURES: Final = (Exception, SystemExit)
"""What a user's code may raise that is an error of theirs: a script without a main guard calls `sys.exit`."""

_left_out: ContextVar[list[str] | None] = ContextVar("names that are not imported", default=None)


@contextmanager
def not_imported() -> Iterator[list[str]]:
    """Import none of a user's own code within the block; the list collects the names left out."""
    names = list[str]()
    token = _left_out.set(names)
    try:
        yield names
    finally:
        _left_out.reset(token)


def left_out(name: str) -> bool:
    """Whether a user's own code must not be imported now; if so, the name is noted."""
    names = _left_out.get()
    if names is not None and name not in names:
        names.append(name)
    return names is not None


def check_name(name: str) -> tuple[str, str]:
    """Module and attribute of `module:Name`.

    Raises:
        ValueError: the name has another form: a relative module, a path, more than one colon.
    """
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), attribute)):
        shape = "module:Name, a module as `import` takes it, without leading dots, folders or .py"
        raise ValueError(f"{cut_short(name, 80)!r} cannot be imported: allowed: {shape}")
    return module, attribute


def imported(name: str) -> object:
    """What `module:Name` names.

    Raises:
        ValueError: not of that form, no such module or attribute, or the module fails or exits when it is
            imported; says which, with the user's file and line.
    """
    module, attribute = check_name(name)
    try:
        return getattr(importlib.import_module(module), attribute)
    except FAILURES as error:
        raise ValueError(f"{name!r} cannot be imported: {told(error)}") from error


def blame(error: BaseException, kind: str, where: str) -> None:
    """Raise a `RuleError` in place of an error that arose in a user's own code; leave others alone.

    Args:
        error: what a rule raised; errors of ours already say what is wrong.
        kind: the kind of the rule.
        where: of whom and when, "of firm 'left' in 2025-03".
    """
    if not isinstance(error, PricewarError) and (":" in kind + where or place_of(error)):
        raise RuleError(f"{kind} {where}: {told(error)}") from error


def the_same_sort(answer: R, before: R) -> R:
    """The answer of a rule that rewrites a record.

    Raises:
        TypeError: it is no such record, as where a method forgets its `return`.
    """
    if not isinstance(answer, type(before)):
        raise TypeError(f"found {shown(answer, 80)}; allowed: a record of type {type(before).__name__}")
    return answer


def told(error: BaseException) -> str:
    """An error in one line: its class, what it says, and where in the user's code it arose."""
    try:
        says = " ".join(str(error).split())
    except Exception:  # an error whose own text fails
        says = ""
    if isinstance(error, SystemExit):
        says = f"the code calls sys.exit({says}); allowed: code that can be imported, its script part guarded"
    elif isinstance(error, SyntaxError):
        says = error.msg
    where = place_of(error)
    name = type(error).__name__
    return (f"{name}: {cut_short(says)}" if says else name) + (f" ({where})" if where else "")


def place_of(error: BaseException) -> str:
    """File and line of the last of the user's own code that an error passed through; empty if of none."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__, limit=-200)
    own = [frame for frame in frames if _users(frame.filename)]
    if not own:
        return ""
    line = linecache.getline(own[-1].filename, own[-1].lineno or 0).strip()
    return f"{own[-1].filename}, line {own[-1].lineno}" + (f": {cut_short(line, 80)}" if line else "")


def _users(file: str) -> bool:
    return not file.startswith(("<", PACKAGE)) and not file.startswith(_LIBRARIES)
