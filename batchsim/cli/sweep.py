"""``batchsim sweep``: run a study, keep every run, answer; an interrupted one goes on when it is called again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from batchsim.cli import scenarios
from batchsim.cli.compare import reserved
from batchsim.cli.exit_codes import POINTS_FAILED
from batchsim.cli.guard import guarded
from batchsim.cli.option_values import limit_s_of
from batchsim.cli.precise import answer_of_precision
from batchsim.cli.resumable import resumable
from batchsim.cli.vary import knobs_of
from batchsim.cli.written import tell
from batchsim.errors import printable

if TYPE_CHECKING:
    from batchsim.experiments.study import Study
    from batchsim.experiments.sweep import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of one ``batchsim sweep``."""

    vary: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    allow_paths: tuple[Path, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    """What stands in place of a study file's own values."""
    store: Path = Path()
    workers: int | None = None
    executor: str | None = None
    run_limit: str | None = None
    out: Path | None = None
    force: bool = False
    require_precision: bool = False
    form: Literal["text", "json", "csv"] = "text"


def sweep_scenario(file: Path, wishes: Wishes) -> None:
    """Run the study of a scenario or of a study file; exit code 5 if some runs failed."""
    from batchsim.experiments.replications import check_counts
    from batchsim.experiments.sweep import Stopped

    with guarded() as replay:
        run_limit_s = limit_s_of(wishes.run_limit)
        asked = _asked(file, wishes)
        if wishes.require_precision and asked.spec.precision is None:
            raise typer.BadParameter(
                "--require-precision needs --precision METRIC=REL, or a precision in the study file"
            )
        check_counts(asked.spec.replications, wishes.workers or 1, run_limit_s)
        with resumable(wishes.store, replay, Stopped):
            study = _carried_out(asked, wishes, run_limit_s)
        _report(study, wishes)
        if asked.spec.seed is None and asked.scenario.simulation.seed is None:
            typer.echo(f"seed {study.seed} was drawn; {wishes.store} keeps it for this study", err=True)
        _answer(study, required=wishes.require_precision)


def _asked(file: Path, wishes: Wishes) -> Asked:
    from batchsim.experiments.sweep import asked_of

    values = dict(wishes.values)
    if wishes.vary:
        values["vary"] = knobs_of(wishes.vary, "--vary", "varies twice")
    settings = scenarios.pairs(wishes.settings)
    return asked_of(file, values, settings=settings, allow_paths=wishes.allow_paths, told="batchsim sweep")


def _carried_out(asked: Asked, wishes: Wishes, run_limit_s: float | None) -> Study:
    """The study, its files written; every run is in the store before the next is told of."""
    from batchsim.cli.sweep_progress import watching
    from batchsim.experiments.places import opened
    from batchsim.experiments.sweep import carried_out

    with (
        reserved(wishes.out, force=wishes.force),
        watching(asked.spec.front, wishes.store) as watch,
        opened(wishes.executor, wishes.workers, run_limit_s, watch.say) as place,
    ):
        study = carried_out(asked, wishes.store, place=place, watch=watch)
        if wishes.out is not None:
            study.write(wishes.out, force=wishes.force)
    return study


def _report(study: Study, wishes: Wishes) -> None:
    """The report, ``study.json`` or ``runs.csv``, on stdout."""
    if wishes.form == "json":
        from batchsim.report.summary_json import dumps

        typer.echo(dumps(study.summary()), nl=False)
    elif wishes.form == "csv":
        typer.echo("".join(study.files()["runs.csv"]), nl=False)
    else:
        from batchsim.report.study_sections import ORDER
        from batchsim.report.terminal import print_report

        print_report(study.summary(), ORDER)
        tell("study and scenario", wishes.out, "The study")


def _answer(study: Study, *, required: bool) -> None:
    """Say on stderr which runs failed; leave with 5 if any did."""
    for point, replication, why in study.failed:
        told = f"replication {replication} of point {point} failed twice: {why}; the same command tries it again"
        typer.echo(printable(f"batchsim: {told}"), err=True)
    answer_of_precision(study.summary(), required=required)
    if study.failed:
        raise typer.Exit(POINTS_FAILED)
