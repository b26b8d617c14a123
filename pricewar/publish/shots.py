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

TESTS: Final = ("tests/test_app_pictures.py", "tests/test_app_browser_class.py")
"""They take a picture of every page and state, on a phone (390 px), a laptop (1366) and the wall (1920)."""
PICTURES: Final = (
    "class_desk_laptop",
    "class_joint_hall",
    "class_wall_hall",
    "explore_compare_laptop",
    "explore_first_hall",
    "explore_first_laptop",
    "explore_first_phone",
    "explore_lever_laptop",
    "game_debrief_player_phone",
    "game_debrief_teacher_laptop",
    "game_decide_phone",
    "game_given_back_phone",
    "game_join_phone",
    "game_late_phone",
    "game_pending_laptop",
    "game_table_hall",
    "lesson_edgeworth_laptop",
    "lesson_edgeworth_phone",
    "lessons_laptop",
)
"""Those that the documentation shows."""


def shots_step() -> Step:
    """Pictures of the pages for the documentation."""

    def inputs(place: Place) -> Mapping[str, Any]:
        pages = [path.read_text(encoding="utf-8") for path in _tests() if path.exists()]
        return {"china": digests("baseline"), "code": sources("app"), "tests": pages}

    def make(place: Place) -> list[Path]:
        taken = place.kept / "screenshots"
        taken.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
        environment = {**os.environ, "PRICEWAR_SHOTS": str(taken.resolve())}
        done = subprocess.run(
            words, cwd=repository(), env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ResultsError(f"screenshots: {' '.join(words)} failed\n{done.stdout[-2000:]}")
        return [shown(place, taken / f"app_{name}.png") for name in PICTURES]

    return Step("screenshots", "pictures of the classroom", ("docs/img/app_*.png",), inputs, make, obstacle)


def shown(place: Place, picture: Path) -> Path:
    """A picture where the documentation has it."""
    return Path(shutil.copy(picture, place.path(f"docs/img/{picture.name}")))


def obstacle() -> str:
    """What is missing for pictures; empty if nothing is."""
    if shutil.which("chromium") is None and shutil.which("chromium-browser") is None:
        return "there is no chromium (apt-get install chromium); pictures of the classroom stay as they are"
    missing = [name for name in ("playwright", "pytest", "starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed (pip install -r requirements-dev.lock)"
    absent = [path.name for path in _tests() if not path.exists()]
    return f"no {', '.join(absent)}: pictures are taken in a clone" if absent else ""


def _tests() -> list[Path]:
    return [repository() / name for name in TESTS]
