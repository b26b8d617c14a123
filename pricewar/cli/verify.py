"""`pricewar verify CASE.json`: recompute a reference case, print each output's largest relative error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import show, tell

if TYPE_CHECKING:
    from pricewar.verify import Verification


def verify(
    case: Annotated[
        Path | None, typer.Argument(help="Case file (JSON); without one, all cases that are shipped.")
    ] = None,
    tol: Annotated[
        float, typer.Option(help="Largest relative error of prices; ten times that for the rest.")
    ] = 1e-9,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Recompute every output of a reference case, or of all shipped ones, from its inputs.

    Exit code 0: all within tolerance; 1: something is not, or did not converge; 2: the file is not a case.
    """
    from pricewar.base.errors import ConvergenceError, InputError
    from pricewar.verify import verify_case

    from .verify_shipped import verify_shipped

    try:
        if case is None:
            verify_shipped(tol, json_)
            return
        result = verify_case(case, tol)
    except InputError as error:
        tell(str(error), err=True)
        raise typer.Exit(2) from error
    except ConvergenceError as error:
        tell(f"{case}: {error}", err=True)
        raise typer.Exit(1) from error
    if json_:
        tell(json.dumps(result.as_dict(), indent=2))
    else:
        _print(result)
    raise typer.Exit(0 if result.passed else 1)


def _print(result: Verification) -> None:
    heads = ("output", "values", "largest relative error", "tolerance", "passed")
    rows = [
        (r.output, str(r.values), f"{r.error:.2e}", f"{r.tolerance:.0e}", "yes" if r.passed else "NO")
        for r in result.rows
    ]
    show(result.case, heads, rows)
    if result.given:
        tell("given by the case, used as inputs: " + ", ".join(result.given))
    for name in result.not_checked:
        tell(f"not checked (not an output known here): {name}")
    passed = sum(row.passed for row in result.rows)
    tell(f"{passed} of {len(result.rows)} outputs within tolerance")
