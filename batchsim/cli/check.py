"""``batchsim check``: hold a result folder to the invariants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from batchsim.cli.exit_codes import ANSWER_IS_NO
from batchsim.cli.guard import guarded
from batchsim.errors import one_line, printable

if TYPE_CHECKING:
    from batchsim.analysis.check import Examination, Violation


def check_folder(folder: Path, *, as_json: bool) -> None:
    """Check the tables in ``folder``; exit code 1 if an invariant is violated, 4 if they cannot be read."""
    with guarded():
        from batchsim.analysis import check

        found = check.examine_folder(folder)
        violations = found.violations
        if as_json:
            told = [{"id": each.id, "sentence": each.sentence, "rows": each.count} for each in violations]
            answer = {"ok": not violations, "violations": told, "not_judged": dict(found.untold)}
            typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        else:
            _say(folder, found)
        if violations:
            raise typer.Exit(ANSWER_IS_NO)


def _say(folder: Path, found: Examination) -> None:
    show(found.violations)
    if not found.violations:
        typer.echo(one_line(f"{folder}: no invariant is violated"))
    for reason in dict.fromkeys(found.untold.values()):
        ids = [id_ for id_, why in found.untold.items() if why == reason]
        typer.echo(printable(f"not judged: {', '.join(ids)} ({reason})"))


def show(violations: Sequence[Violation]) -> None:
    """Say on stderr what is violated."""
    for violation in violations:
        typer.echo(printable(str(violation)), err=True)
