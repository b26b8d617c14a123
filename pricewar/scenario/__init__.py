"""All inputs of a run as one frozen tree (`tree`), its parts, and how files become it (`files`).

Loads without the compiler and without mesa, so that checking a file is quick.
"""

from __future__ import annotations

from .files import load
from .tree import Scenario

__all__ = ["Scenario", "load"]
