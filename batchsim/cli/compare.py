"""``batchsim compare``: run variants over the same replications, say what differs, answer with the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from batchsim.cli import scenarios
from batchsim.cli.exit_codes import ANSWER_IS_NO, POINTS_FAILED
from batchsim.cli.guard import guarded
from batchsim.cli.option_values import limit_s_of, read_option
from batchsim.cli.precise import answer_of_precision
from batchsim.cli.written import tell
from batchsim.errors import printable

if TYPE_CHECKING:
    from batchsim.experiments.comparison import Comparison
    from batchsim.experiments.conditions import Condition, Verdict
    from batchsim.experiments.variants import Changes, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of one ``batchsim compare``."""

    variants: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    allow_paths: tuple[Path, ...] = ()
    baseline: str | None = None
    metrics: tuple[str, ...] = ()
    fail_if: tuple[str, ...] = ()
    basis: Literal["mean", "interval"] = "mean"
    seed: int | None = None
    replications: int | None = None
    precision: dict[str, Any] | None = None
    require_precision: bool = False
    workers: int = 1
    run_limit: str | None = None
    out: Path | None = None
    force: bool = False
    form: Literal["text", "json", "csv"] = "text"


def compare_scenarios(files: list[Path], wishes: Wishes) -> None:
    """Compare the scenarios in ``files`` and the variants of the first; exit code 1 if a ``--fail-if`` holds."""
    with guarded() as replay:
        conditions = _conditions(wishes)
        variants = _variants(files, wishes)
        drawn = wishes.seed is None and variants[0].scenario.simulation.seed is None
        with reserved(wishes.out, force=wishes.force), progress(_total(len(variants), wishes)) as told:
            comparison = _compared(variants, conditions, wishes, told)
            replay.seed = comparison.seed
            if wishes.out is not None:
                comparison.write(wishes.out, force=wishes.force)
        verdicts = [verdict for each in conditions for verdict in comparison.judge(each.text, wishes.basis)]
        _report(comparison, verdicts, wishes)
        if drawn:
            typer.echo(f"seed {replay.seed} was drawn; this comparison again: {replay.command}", err=True)
        _answer(verdicts, comparison, required=wishes.require_precision)


def _total(variants: int, wishes: Wishes) -> int | None:
    from batchsim.experiments.replications import DEFAULT

    return None if wishes.precision else variants * (wishes.replications or DEFAULT)


def _conditions(wishes: Wishes) -> list[Condition]:
    from batchsim.experiments.conditions import parse_condition

    if wishes.basis == "interval" and wishes.fail_if and wishes.replications == 1:
        raise typer.BadParameter("an interval needs two replications or more", param_hint="--fail-basis")
    return [read_option(parse_condition, text, "--fail-if") for text in wishes.fail_if]


def _variants(files: list[Path], wishes: Wishes) -> tuple[Variant, ...]:
    """Every scenario with ``--set`` in place, the baseline first."""
    from batchsim.experiments.compare import baseline_first
    from batchsim.experiments.variants import parse_variant, variants_of

    changes: dict[str, Changes] = {}
    for text in wishes.variants:
        name, settings = read_option(parse_variant, text, "--variant")
        if name in changes:
            raise typer.BadParameter(f"two variants are called {name!r}", param_hint="--variant")
        changes[name] = settings
    told = " ".join(f"--set {setting}" for setting in wishes.settings)
    found = variants_of(files, changes, wishes.allow_paths, settings=scenarios.pairs(wishes.settings), told=told)
    return baseline_first(found, wishes.baseline)


def _compared(
    variants: tuple[Variant, ...], conditions: list[Condition], wishes: Wishes, told: Callable[[], None]
) -> Comparison:
    from batchsim.experiments.compare import METRICS_SHOWN, compare

    asked = wishes.metrics or METRICS_SHOWN
    return compare(
        {variant.name: variant.scenario for variant in variants},
        metrics=[*asked, *(condition.metric.name for condition in conditions)],
        replications=wishes.replications,
        precision=wishes.precision,
        seed=wishes.seed,
        workers=wishes.workers,
        run_limit_s=limit_s_of(wishes.run_limit),
        told=told,
    )


def reserved(out: Path | None, *, force: bool) -> AbstractContextManager[object]:
    """Make sure that the tables can be written, before they are computed."""
    if out is None:
        return nullcontext()
    from batchsim.formats import result_folder

    return result_folder.reserved(out, force=force)


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[], None]]:
    """A bar on stderr while a person watches, without an end where that is not known; gone when all is done."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("runs" if total is None else f"{total} runs", total=total)
        yield lambda: progress.advance(task)


def _report(comparison: Comparison, verdicts: list[Verdict], wishes: Wishes) -> None:
    """The report, ``comparison.json`` or ``differences.csv``, on stdout."""
    page = {**comparison.summary(), "fail_if": [_as_data(verdict) for verdict in verdicts]}
    if wishes.form == "json":
        from batchsim.report.summary_json import dumps

        typer.echo(dumps(page), nl=False)
    elif wishes.form == "csv":
        typer.echo("".join(comparison.files()["table.csv"]), nl=False)
    else:
        from batchsim.report.comparison_sections import ORDER
        from batchsim.report.terminal import print_report

        print_report(page, ORDER)
        tell("comparison and resolved scenarios", wishes.out, "The comparison")


def _as_data(verdict: Verdict) -> dict[str, Any]:
    condition = verdict.condition
    return {
        "condition": condition.text,
        "variant": verdict.variant,
        "failed": verdict.holds,
        "of": condition.of,
        "unit": condition.metric.unit,
        "number": verdict.number,
        "low": verdict.low,
        "high": verdict.high,
        "limit": condition.limit,
        "basis": verdict.basis,
        "because": verdict.because,
    }


def _answer(verdicts: list[Verdict], comparison: Comparison, *, required: bool) -> None:
    """Say on stderr which runs failed and which conditions hold; leave with 1 if any does, else with 5."""
    for run in comparison.failed:
        name, again = comparison.names[run.scenario], f"--seed {comparison.seed} --set simulation.replication="
        told = f"replication {run.replication} of {name} failed twice: {run.why}; alone: batchsim run"
        typer.echo(printable(f"batchsim: {told} SCENARIO {again}{run.replication}"), err=True)
    failed = [verdict for verdict in verdicts if verdict.holds]
    for verdict in failed:
        typer.echo(f"fail-if {verdict.condition.text!r}: {verdict.variant}: {verdict.because}", err=True)
    answer_of_precision(comparison.summary(), required=required)
    if failed:
        raise typer.Exit(ANSWER_IS_NO)
    if comparison.failed:
        raise typer.Exit(POINTS_FAILED)
