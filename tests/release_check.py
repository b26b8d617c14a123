"""What a reader of the README does with the wheel alone, outside the clone: python tests/release_check.py.

An sdist and a wheel are built, and a second wheel from the sdist, which must hold the same files. The wheel
and the locked packages go into an environment of their own, into which nothing can be written. There, without
a home and in an empty folder, the README's commands and its Python blocks run.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
NAMED = re.compile(r"`pricewar ([a-z]+)\b")
SHIPPED = ("scenarios", "experiments", "policies")
"""Folders beside the package, which a wheel carries inside of it."""


def call(words: Sequence[str | Path], at: Path, env: Mapping[str, str] | None = None) -> str:
    """What a command says; its error as ours."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=at,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(map(str, words))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
    return done.stdout


def contents(wheel: Path) -> dict[str, str]:
    """Name and digest of each file of the package in a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        return {
            name: hashlib.sha256(opened.read(name)).hexdigest()
            for name in opened.namelist()
            if name.startswith("pricewar/")
        }


def in_the_clone() -> dict[str, Path]:
    """What a wheel must hold: name in the wheel -> file of the repository."""
    listed = call(["git", "ls-files", "-z", "pricewar", *SHIPPED], ROOT).split("\0")
    inside = {name: ROOT / name for name in listed if name.startswith("pricewar/")}
    beside = {f"pricewar/_shipped/{name}": ROOT / name for name in listed if name.startswith(SHIPPED)}
    return inside | beside


def built(folder: Path) -> Path:
    """The wheel; an sdist lies beside it.

    Raises:
        RuntimeError: wheel and sdist do not hold the same, or not what the repository holds.
    """
    hatchling = [sys.executable, "-m", "hatchling", "build"]
    call([*hatchling, "-t", "sdist", "-t", "wheel", "-d", folder], ROOT)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with tarfile.open(sdist) as opened:
        opened.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    call([*hatchling, "-t", "wheel", "-d", folder / "again"], source)
    (again,) = (folder / "again").glob("*.whl")
    wanted = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in in_the_clone().items()}
    for what, found in (("the wheel", contents(wheel)), ("the wheel of the sdist", contents(again))):
        other = {name for name in {*wanted, *found} if wanted.get(name) != found.get(name)}
        if other:
            raise RuntimeError(f"{what} and the repository differ in {sorted(other)[:20]}")
    return wheel


def installed(wheel: Path, folder: Path, python: str) -> Path:
    """An environment with the wheel and the locked packages, into which no cache can be written."""
    uv = [sys.executable, "-m", "uv"]
    call([*uv, "venv", "-q", "--python", python, folder], wheel.parent)
    (binaries,) = (place for place in (folder / "bin", folder / "Scripts") if place.is_dir())
    into = [*uv, "pip", "install", "-q", "--python", binaries / "python"]
    call([*into, "--require-hashes", "-r", ROOT / "requirements.lock"], wheel.parent)
    call([*into, "--no-deps", wheel], wheel.parent)
    for kernels in [place for place in folder.rglob("kernels") if place.is_dir()]:
        (kernels / "__pycache__").touch()  # modes do not stop an administrator; a file in the way does
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)
    return binaries


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file, by which it is seen that nothing was written."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def of_readme(seeds: int) -> Iterator[tuple[str, list[str]]]:
    """Title and words of each command, and of each Python block, in the order of the README."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for language, block in BLOCK.findall(text):
        if language == "python":
            yield "Python block", ["python", block]
        for line in block.splitlines() if language == "sh" else ():
            if line.startswith("pricewar "):
                yield line, re.sub(r"--seeds \d+", f"--seeds {seeds}", line).split()
    for name in sorted(set(NAMED.findall(text)) - {"app"}):  # the page is an extra
        yield f"pricewar {name} --help", ["pricewar", name, "--help"]
    yield "pricewar list", ["pricewar", "list"]
    yield "pricewar verify", ["pricewar", "verify"]


def run_readme(binaries: Path, home: Path, seeds: int) -> list[str]:
    """Run all of it; the titles of what ran.

    Args:
        binaries: folder of the environment's commands.
        home: an empty folder to work in.
        seeds: how many the README's comparison gets.
    """
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TMPDIR", "TEMP") if name in os.environ}
    path = os.pathsep.join([str(binaries), os.defpath])
    env = {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "HOME": "/proc/nowhere"}
    titles = []
    for title, words in of_readme(seeds):
        if title == "Python block":
            (home / "block.py").write_text(words[1], encoding="utf-8", newline="\n")
            words = [words[0], "block.py"]
        call([binaries / words[0], *words[1:]], home, env)
        titles.append(title)
    where = call([binaries / "python", "-c", "import pricewar; print(pricewar.__file__)"], home, env)
    if not where.startswith(str(binaries.parent)):
        raise RuntimeError(f"what ran was {where}, not the wheel")
    return titles


def check(folder: Path, python: str, seeds: int) -> list[str]:
    """All of it in a folder outside the clone; the titles of what ran.

    Raises:
        RuntimeError: something does not work, or writes into the environment.
    """
    wheel = built(folder / "dist")
    binaries = installed(wheel, folder / "env", python)
    before, home = state(folder / "env"), folder / "work"
    home.mkdir()
    titles = run_readme(binaries, home, seeds)
    written = before.items() ^ state(folder / "env").items()
    if written:
        raise RuntimeError(f"written into the environment: {sorted(written)[:10]}")
    return titles


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--python", default=sys.executable, help="interpreter to install into")
    asked.add_argument("--seeds", type=int, default=20)
    found = asked.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        titles = check(Path(folder), found.python, found.seeds)
        for path in Path(folder, "env").rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)  # else nobody but an administrator could remove it
    sys.stdout.write("".join(f"ran {title}\n" for title in titles))


if __name__ == "__main__":
    main()
