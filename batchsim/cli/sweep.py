"""``batchsim sweep``: run a study, keep every run, answer; an interrupted one goes on when it is called again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import typer

from batchsim.cli import scenarios
from batchsim.cli.compare import limit_s, read_option, reserved
from batchsim.cli.exit_codes import INPUT_OUTPUT, INTERRUPTED, POINTS_FAILED, TERMINATED
from batchsim.cli.guard import Replay, Terminated, guarded
from batchsim.cli.precise import answer_of_precision
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
    from batchsim.experiments.elsewhere import ExecutorError
    from batchsim.experiments.replications import check_counts
    from batchsim.experiments.sweep import Stopped

    with guarded() as replay:
        run_limit_s = read_option(limit_s, wishes.run_limit, "--run-limit") if wishes.run_limit else None
        asked = _asked(file, wishes)
        if wishes.require_precision and asked.spec.precision is None:
            raise typer.BadParameter(
                "--require-precision needs --precision METRIC=REL, or a precision in the study file"
            )
        check_counts(asked.spec.replications, wishes.workers or 1, run_limit_s)
        try:
            study = _carried_out(asked, wishes, run_limit_s)
        except Stopped as stopped:
            _stopped(str(stopped), wishes, replay, INTERRUPTED)
        except KeyboardInterrupt:
            _stopped("interrupted at once", wishes, replay, INTERRUPTED)
        except Terminated:
            _stopped("terminated", wishes, replay, TERMINATED)
        except ExecutorError as error:
            _stopped(str(error), wishes, replay, INPUT_OUTPUT)
        _report(study, wishes)
        if asked.spec.seed is None and asked.scenario.simulation.seed is None:
            typer.echo(f"seed {study.seed} was drawn; {wishes.store} keeps it for this study", err=True)
        _answer(study, required=wishes.require_precision)


def _asked(file: Path, wishes: Wishes) -> Asked:
    from batchsim.experiments.sweep import asked_of

    values = dict(wishes.values)
    if wishes.vary:
        pairs = [read_option(parse_vary, text, "--vary") for text in wishes.vary]
        paths = [path for path, _ in pairs]
        if twice := next((path for path in paths if paths.count(path) > 1), None):
            raise typer.BadParameter(f"{printable(twice)} varies twice", param_hint="--vary")
        values["vary"] = dict(pairs)
    settings = scenarios.pairs(wishes.settings)
    return asked_of(file, values, settings=settings, allow_paths=wishes.allow_paths, told="batchsim sweep")


def parse_vary(text: str) -> tuple[str, Any]:
    """``PATH=256,512``, ``PATH=64..4096`` or ``PATH={from: 256, to: 1024}`` taken apart; values are YAML.

    Commas outside of brackets and quotes part values: ``[a, b],[c]`` are two lists. Raises ``ValueError``.
    """
    from batchsim.experiments.variants import pieces
    from batchsim.formats import scenario_yaml
    from batchsim.spec.knobs import range_of

    path, equals, rest = text.partition("=")
    if not (equals and path.strip()):
        raise ValueError(f"{text!r} is not PATH=VALUES, as in spot.maxvCpus=256,512")
    parts = [part.strip() for part in pieces(rest)]
    if not all(parts):
        raise ValueError(f'{text!r} has an empty value; write "" for an empty text')
    if len(parts) == 1 and range_of(parts[0]):
        return path.strip(), parts[0]
    values = [scenario_yaml.parse_value(part) for part in parts]
    return path.strip(), values[0] if len(values) == 1 and isinstance(values[0], dict) else values


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


def _stopped(how: str, wishes: Wishes, replay: Replay, code: int) -> NoReturn:
    """Say what is kept, and how to go on."""
    told = f"batchsim: {how}; every finished run is kept in {wishes.store}; go on with: {replay.command}"
    typer.echo(printable(told), err=True)
    raise typer.Exit(code)


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
        if wishes.out is not None:
            typer.echo(f"\nTables, study and scenario: {wishes.out}")
            typer.echo(f"The study, for a browser: {wishes.out / 'report.html'}")


def _answer(study: Study, *, required: bool) -> None:
    """Say on stderr which runs failed; leave with 5 if any did."""
    for point, replication, why in study.failed:
        told = f"replication {replication} of point {point} failed twice: {why}; the same command tries it again"
        typer.echo(printable(f"batchsim: {told}"), err=True)
    answer_of_precision(study.summary(), required=required)
    if study.failed:
        raise typer.Exit(POINTS_FAILED)
