"""``batchsim replicate``: run a scenario many times, say what is known of its metrics, answer with the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from batchsim.cli import scenarios
from batchsim.cli.compare import progress, reserved
from batchsim.cli.exit_codes import POINTS_FAILED
from batchsim.cli.guard import guarded
from batchsim.cli.option_values import limit_s_of
from batchsim.cli.precise import answer_of_precision
from batchsim.cli.written import tell
from batchsim.errors import printable

if TYPE_CHECKING:
    from batchsim.experiments.replicate import Replications


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of one ``batchsim replicate``."""

    settings: tuple[str, ...] = ()
    allow_paths: tuple[Path, ...] = ()
    metrics: tuple[str, ...] = ()
    replications: int | None = None
    precision: dict[str, Any] | None = None
    require_precision: bool = False
    seed: int | None = None
    workers: int = 1
    run_limit: str | None = None
    out: Path | None = None
    force: bool = False
    form: Literal["text", "json", "csv"] = "text"


def replicate_scenario(file: Path, wishes: Wishes) -> None:
    """Run the scenario in ``file`` many times; exit code 5 if runs failed, 1 if a precision was required in vain."""
    with guarded() as replay:
        scenario = scenarios.load(file, wishes.settings, wishes.allow_paths)
        drawn = wishes.seed is None and scenario.simulation.seed is None
        with reserved(wishes.out, force=wishes.force), progress(_total(wishes)) as told:
            from batchsim.experiments.replicate import replicate

            found = replicate(
                scenario,
                metrics=wishes.metrics or None,
                replications=wishes.replications,
                precision=wishes.precision,
                seed=wishes.seed,
                workers=wishes.workers,
                run_limit_s=limit_s_of(wishes.run_limit),
                told=told,
            )
            replay.seed = found.seed
            if wishes.out is not None:
                found.write(wishes.out, force=wishes.force)
        _report(found, wishes)
        if drawn:
            typer.echo(f"seed {replay.seed} was drawn; these replications again: {replay.command}", err=True)
        _answer(found, wishes)


def _total(wishes: Wishes) -> int | None:
    from batchsim.experiments.replications import DEFAULT

    return None if wishes.precision else wishes.replications or DEFAULT


def _report(found: Replications, wishes: Wishes) -> None:
    """The report, ``replications.json`` or ``table.csv``, on stdout."""
    if wishes.form == "json":
        from batchsim.report.summary_json import dumps

        typer.echo(dumps(found.summary()), nl=False)
    elif wishes.form == "csv":
        typer.echo("".join(found.files()["table.csv"]), nl=False)
    else:
        from batchsim.report.replicate_sections import ORDER
        from batchsim.report.terminal import print_report

        print_report(found.summary(), ORDER)
        tell("replications and resolved scenario", wishes.out, "The replications")


def _answer(found: Replications, wishes: Wishes) -> None:
    """Say on stderr which runs failed, and whether the precision was reached."""
    for run in found.failed:
        again = f"--seed {found.seed} --set simulation.replication={run.replication}"
        told = f"replication {run.replication} failed twice: {run.why}; alone: batchsim run SCENARIO {again}"
        typer.echo(printable(f"batchsim: {told}"), err=True)
    answer_of_precision(found.summary(), required=wishes.require_precision)
    if found.failed:
        raise typer.Exit(POINTS_FAILED)
