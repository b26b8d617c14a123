"""The step of the screenshots: the classroom in a real browser, as its tests drive it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from pricewar.base.errors import ResultsError

from .pages import digests
from .step import Place, Step, repository, sources

TESTS: Final = "tests/test_app_browser.py"
WHICH: Final = "explore_holds or (lessons_hold and edgeworth) or teacher_and_three"
"""The tests that take pictures."""


def shots_step() -> Step:
    """Pictures of the pages for the documentation."""

    def inputs(place: Place) -> Mapping[str, Any]:
        pages = (repository() / TESTS).read_text(encoding="utf-8") if (repository() / TESTS).exists() else ""
        return {"china": digests("baseline"), "code": sources("app"), "tests": pages}

    def make(place: Place) -> list[Path]:
        folder = place.path("docs/img/app").parent
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS, "-k", WHICH]
        environment = {**os.environ, "PRICEWAR_SHOTS": str(folder.resolve())}
        done = subprocess.run(
            words, cwd=repository(), env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ResultsError(f"screenshots: {' '.join(words)} failed\n{done.stdout[-2000:]}")
        return sorted(folder.glob("app_*.png"))

    return Step("screenshots", "pictures of the classroom", ("docs/img/app_*.png",), inputs, make, obstacle)


def obstacle() -> str:
    """What is missing for pictures; empty if nothing is."""
    if shutil.which("chromium") is None and shutil.which("chromium-browser") is None:
        return "there is no chromium (apt-get install chromium); pictures of the classroom stay as they are"
    missing = [name for name in ("playwright", "pytest", "starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed (pip install -r requirements-dev.lock)"
    return "" if (repository() / TESTS).exists() else f"no {TESTS}: pictures are taken in a clone"
