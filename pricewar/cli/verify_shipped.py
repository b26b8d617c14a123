"""`pricewar verify` without a file: all reference cases that come with the package, a line each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .console import show

if TYPE_CHECKING:
    from pricewar.verify import Verification


def verify_shipped(tol: float, as_json: bool) -> None:
    """Recompute every shipped case and print its largest deviation.

    A case that does not converge has failed; the others are still done.

    Raises:
        InputError: the tolerance is not above zero.
        typer.Exit: code 1, a case failed; else 0.
    """
    from pricewar.verify.shipped import shipped_cases

    found = [_row(path, tol) for path in shipped_cases()]
    passed = sum(row["passed"] for row in found)
    if as_json:
        typer.echo(json.dumps({"passed": passed == len(found), "cases": found}, indent=2))
    else:
        heads = ["case", "outputs", "largest relative error", "in", "passed"]
        cells = ["case", "outputs", "error", "of", "verdict"]
        show("Reference cases", heads, [[str(row[cell]) for cell in cells] for row in found])
        typer.echo(
            f"{passed} of {len(found)} cases within tolerance: prices {tol:.0e}, all else {10 * tol:.0e}"
        )
    raise typer.Exit(0 if found and passed == len(found) else 1)


def _row(path: Path, tol: float) -> dict[str, Any]:
    """One case: how many outputs, and the one that is farthest off for its tolerance."""
    from pricewar.base.errors import ConvergenceError
    from pricewar.verify import verify_case

    try:
        result = verify_case(path, tol)
    except ConvergenceError as error:
        text = str(error)
        return {"case": path.stem, "outputs": 0, "error": "–", "of": text, "verdict": "NO", "passed": False}
    return {"case": result.case, "outputs": len(result.rows), **_farthest(result), "passed": result.passed}


def _farthest(result: Verification) -> dict[str, str]:
    worst = max(result.rows, key=lambda row: row.error / row.tolerance)
    return {"error": f"{worst.error:.1e}", "of": worst.output, "verdict": "yes" if result.passed else "NO"}
