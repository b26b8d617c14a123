"""`pricewar verify CASE.json`: recompute a reference case, print each output's largest relative error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


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
    from rich.console import Console

    from pricewar.errors import ConvergenceError, InputError
    from pricewar.verify import verify_case

    from .verify_shipped import verify_shipped

    try:
        if case is None:
            verify_shipped(tol, json_)
            return
        result = verify_case(case, tol)
    except InputError as error:
        Console(stderr=True, soft_wrap=True).print(str(error), markup=False, highlight=False)
        raise typer.Exit(2) from error
    except ConvergenceError as error:
        Console(stderr=True, soft_wrap=True).print(f"{case}: {error}", markup=False, highlight=False)
        raise typer.Exit(1) from error
    if json_:
        typer.echo(json.dumps(result.as_dict(), indent=2))
    else:
        _print_table(result, Console())
    raise typer.Exit(0 if result.passed else 1)


def _print_table(result, console) -> None:  # type: ignore[no-untyped-def]
    from rich.table import Table

    table = Table(title=result.case)
    table.add_column("output")
    for column in ("values", "largest relative error", "tolerance", "passed"):
        table.add_column(column, justify="right")
    for row in result.rows:
        verdict = "yes" if row.passed else "NO"
        table.add_row(row.output, str(row.values), f"{row.error:.2e}", f"{row.tolerance:.0e}", verdict)
    console.print(table)
    if result.given:
        console.print("given by the case, used as inputs: " + ", ".join(result.given), highlight=False)
    for name in result.not_checked:
        console.print(f"not checked (not an output known here): {name}", markup=False, highlight=False)
    failed = sum(not row.passed for row in result.rows)
    console.print(f"{len(result.rows) - failed} of {len(result.rows)} outputs within tolerance")
