"""``batchsim optimise``: search for the best point, keep every run, answer; a stopped one goes on when called again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from batchsim.cli import scenarios
from batchsim.cli.compare import reserved
from batchsim.cli.exit_codes import ANSWER_IS_NO, POINTS_FAILED
from batchsim.cli.guard import guarded
from batchsim.cli.option_values import limit_s_of, read_option
from batchsim.cli.resumable import resumable
from batchsim.cli.vary import knobs_of
from batchsim.cli.written import tell
from batchsim.errors import printable

if TYPE_CHECKING:
    from batchsim.experiments.optimising.optimisation import Optimisation
    from batchsim.experiments.optimising.optimise import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of one ``batchsim optimise``."""

    over: tuple[str, ...] = ()
    subject_to: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    allow_paths: tuple[Path, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    """What stands in place of a study file's own values."""
    store: Path = Path()
    storage: str | None = None
    workers: int | None = None
    executor: str | None = None
    """``dask://HOST:PORT``, in place of processes of our own."""
    run_limit: str | None = None
    out: Path | None = None
    force: bool = False
    form: Literal["text", "json", "csv"] = "text"


def optimise_scenario(file: Path, wishes: Wishes) -> None:
    """Search; exit code 1 if no point meets the constraints, or the winner fails them on fresh seeds."""
    from batchsim.experiments.optimising.hands import Stopped
    from batchsim.experiments.replications import check_counts

    with guarded() as replay:
        run_limit_s = limit_s_of(wishes.run_limit)
        asked = _asked(file, wishes)
        check_counts(1, wishes.workers or 1, run_limit_s)
        with resumable(wishes.store, replay, Stopped):
            found = _carried_out(asked, wishes, run_limit_s)
        _report(found, wishes)
        if asked.spec.seed is None and asked.scenario.simulation.seed is None:
            typer.echo(f"seed {found.seed} was drawn; {wishes.store} keeps it for this optimisation", err=True)
        _answer(found)


def _asked(file: Path, wishes: Wishes) -> Asked:
    from batchsim.experiments.optimising.goals import parse_constraint
    from batchsim.experiments.optimising.optimise import asked_of

    values = dict(wishes.values)
    if wishes.over:
        values["over"] = knobs_of(wishes.over, "--over", "is given twice")
    if wishes.subject_to:
        for text in wishes.subject_to:
            read_option(parse_constraint, text, "--subject-to")
        values["subject_to"] = list(wishes.subject_to)
    settings = scenarios.pairs(wishes.settings)
    return asked_of(file, values, settings=settings, allow_paths=wishes.allow_paths, told="batchsim optimise")


def _carried_out(asked: Asked, wishes: Wishes, run_limit_s: float | None) -> Optimisation:
    """The answer, its files written; every run is in the store before the next is told of."""
    from batchsim.cli.optimise_progress import searching
    from batchsim.experiments.optimising.optimise import carried_out
    from batchsim.experiments.places import opened

    with (
        reserved(wishes.out, force=wishes.force),
        searching(wishes.store) as watch,
        opened(wishes.executor, wishes.workers, run_limit_s, watch.say) as place,
    ):
        found = carried_out(asked, wishes.store, storage=wishes.storage, place=place, watch=watch)
        if wishes.out is not None:
            found.write(wishes.out, force=wishes.force)
    return found


def _report(found: Optimisation, wishes: Wishes) -> None:
    """The report, ``optimisation.json`` or ``trials.csv``, on stdout."""
    if wishes.form == "json":
        from batchsim.report.summary_json import dumps

        typer.echo(dumps(found.summary()), nl=False)
    elif wishes.form == "csv":
        typer.echo("".join(found.files()["trials.csv"]), nl=False)
    else:
        from batchsim.report.optimisation_sections import ORDER
        from batchsim.report.terminal import print_report

        print_report(found.summary(), ORDER)
        tell("optimisation and scenarios", wishes.out, "The optimisation")


def _answer(found: Optimisation) -> None:
    """Say on stderr why the answer is no, and which runs failed; leave with 1, else with 5, if there is either."""
    page = found.summary()
    for run in page["failed"]:
        told = f"replication {run['replication']} of point {run['point']} failed twice: {run['why']}"
        typer.echo(printable(f"batchsim: {told}; the same command tries it again"), err=True)
    for run in page["fresh"]["failed"]:
        told = f"fresh replication {run['replication']} of {run['variant']} failed twice: {run['why']}"
        typer.echo(printable(f"batchsim: {told}; the same command tries it again"), err=True)
    if not found.is_met:
        told = "the winner fails its constraints on fresh seeds" if found.is_found else "no point meets the constraints"
        typer.echo(f"batchsim: {told}", err=True)
        raise typer.Exit(ANSWER_IS_NO)
    if page["failed"] or page["fresh"]["failed"]:
        raise typer.Exit(POINTS_FAILED)
