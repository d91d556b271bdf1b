"""``batchsim run``: simulate, write, report, and answer with the exit code."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from batchsim.cli import scenarios
from batchsim.cli.exit_codes import ANSWER_IS_NO
from batchsim.cli.guard import guarded
from batchsim.cli.live import View, live_view
from batchsim.cli.written import tell

if TYPE_CHECKING:
    from batchsim.result import Result
    from batchsim.spec import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of one ``batchsim run``."""

    settings: tuple[str, ...] = ()
    allow_paths: tuple[Path, ...] = ()
    seed: int | None = None
    out: Path | None = None
    force: bool = False
    events: bool = False
    costs: bool = False
    check: bool = False
    as_json: bool = False
    quiet: bool = False
    tables: Literal["csv", "parquet"] = "csv"
    html: bool = True


def run_scenario(file: Path, wishes: Wishes) -> None:
    """Run the scenario in ``file``; exit code 1 if a threshold failed or, with ``check``, an invariant is violated."""
    with guarded() as replay:
        scenario, drawn = scenarios.seeded(scenarios.load(file, wishes.settings, wishes.allow_paths), wishes.seed)
        replay.seed = scenario.simulation.seed
        with _reserved(wishes), live_view(wanted=not wishes.quiet) as view:
            result = _simulated(scenario, wishes, view)
        if not wishes.quiet:
            _tell(result, wishes)
        if drawn and not wishes.quiet:
            typer.echo(f"seed {replay.seed} was drawn; this run again: {replay.command}", err=True)
        violated = wishes.check and _violated(result)
        failed = _failed_thresholds(result)
        if wishes.quiet and failed:
            typer.echo(f"{'; '.join(failed)} (this run again: {replay.command})", err=True)
        if violated or failed:
            raise typer.Exit(ANSWER_IS_NO)


def _simulated(scenario: Scenario, wishes: Wishes, view: View) -> Result:
    """Simulate and write, under the eyes of whoever watches."""
    from batchsim import simulation

    result = simulation.run(scenario, begun=view.began)
    view.doing("summing up")
    result.summary()
    view.doing("writing")
    _write(result, wishes)
    return result


def _tell(result: Result, wishes: Wishes) -> None:
    """What stdout gets."""
    report(result, as_json=wishes.as_json)
    if not wishes.as_json:
        tell("summary and resolved scenario", wishes.out, "The report" if wishes.html else None)


def _reserved(wishes: Wishes) -> AbstractContextManager[object]:
    """Make sure that the results can be written, before they are computed."""
    if wishes.out is None:
        return nullcontext()
    from batchsim.formats import result_folder
    from batchsim.report.parquet import need_parquet

    if wishes.tables == "parquet":
        need_parquet()
    return result_folder.reserved(wishes.out, force=wishes.force)


def _write(result: Result, wishes: Wishes) -> None:
    if wishes.out is not None:
        result.write(
            wishes.out,
            force=wishes.force,
            events=wishes.events,
            costs=wishes.costs,
            tables=wishes.tables,
            html=wishes.html,
        )


def report(result: Result, *, as_json: bool) -> None:
    """The report, or ``summary.json``, on stdout."""
    if as_json:
        from batchsim.report.summary_json import dumps

        typer.echo(dumps(result.summary()), nl=False)
        return
    from batchsim.report.terminal import print_report

    print_report(result.summary())


def _violated(result: Result) -> bool:
    """Check the invariants, say what is violated on stderr."""
    from batchsim.cli.check import show

    violations = result.check()
    show(violations)
    return bool(violations)


def _failed_thresholds(result: Result) -> list[str]:
    """Each threshold of the scenario that is not met, as a sentence; the report has them all."""
    return [
        f"threshold failed: {threshold['metric']} {threshold['condition']}, got {threshold['value']}"
        for threshold in result.summary()["thresholds"]
        if not threshold["ok"]
    ]
