"""``batchsim check``: hold a result folder to the invariants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from batchsim.cli.exit_codes import ANSWER_IS_NO
from batchsim.cli.guard import guarded
from batchsim.errors import printable

if TYPE_CHECKING:
    from batchsim.analysis.check import Violation


def check_folder(folder: Path, *, as_json: bool) -> None:
    """Check the tables in ``folder``; exit code 1 if an invariant is violated, 4 if they cannot be read."""
    with guarded():
        from batchsim.analysis import check

        violations = check.check_folder(folder)
        if as_json:
            answer = [{"id": each.id, "sentence": each.sentence, "rows": each.count} for each in violations]
            typer.echo(json.dumps({"ok": not violations, "violations": answer}, indent=2, ensure_ascii=False))
        elif violations:
            show(violations)
        else:
            typer.echo(f"{folder}: no invariant is violated")
        if violations:
            raise typer.Exit(ANSWER_IS_NO)


def show(violations: Sequence[Violation]) -> None:
    """Say on stderr what is violated."""
    for violation in violations:
        typer.echo(printable(str(violation)), err=True)
