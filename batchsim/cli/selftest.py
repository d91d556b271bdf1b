"""``batchsim selftest``: simulations whose answers are known beforehand, as a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import typer

from batchsim.cli.exit_codes import ANSWER_IS_NO
from batchsim.cli.guard import guarded

if TYPE_CHECKING:
    from batchsim.selftest.case import Case, Quantity
    from batchsim.selftest.runner import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options of ``batchsim selftest``."""

    only: tuple[str, ...] = ()
    everything: bool = False
    show: str | None = None
    listed: bool = False
    seed: int | None = None
    workers: int = 1
    as_json: bool = False


def selftest(wishes: Wishes) -> None:
    """Run the cases and print their table; exit code 1 unless all agree with theory."""
    with guarded() as replay:
        from batchsim.selftest import runner
        from batchsim.selftest.registry import chosen

        seed = replay.seed = runner.SEED if wishes.seed is None else wishes.seed
        if wishes.show is not None:
            _show(chosen([wishes.show]), seed)
            return
        cases = chosen(wishes.only, everything=wishes.everything)
        if wishes.listed:
            _list(cases)
            return
        began = monotonic()
        with _progress(cases) as told:
            run = runner.run_all if wishes.seed is None else runner.run_twice
            reports = run(cases, seed, workers=wishes.workers, told=told)
        _tell(reports, seed, monotonic() - began, as_json=wishes.as_json)
        if not all(report.ok for report in reports):
            raise typer.Exit(ANSWER_IS_NO)


def _show(cases: Sequence[Case], seed: int) -> None:
    """Print the scenarios of a case as YAML that ``batchsim run`` takes: its replication 0."""
    from batchsim.formats.yaml_writer import write_yaml

    scenarios = [(case, data) for case in cases for data in case.data() or ({},)]
    for number, (case, data) in enumerate(scenarios):
        if number:
            typer.echo("---")
        typer.echo(f"# {case.id}: {case.title}")
        for quantity in case.quantities:
            typer.echo(f"# {_expectation(quantity)}")
        if not data:
            typer.echo("# Nothing is simulated: a formula is held to another one.")
            continue
        simulation = {**data.get("simulation", {}), "seed": seed}
        typer.echo(write_yaml({**data, "simulation": simulation}), nl=False)


def _expectation(quantity: Quantity) -> str:
    from batchsim.selftest.table import shown

    if quantity.theta is None:
        return f"{quantity.name}: within bounds that follow from the run"
    return f"{quantity.name} = {shown(quantity.theta)} {quantity.unit}".rstrip()


def _list(cases: Sequence[Case]) -> None:
    from batchsim.selftest.table import listing

    for case in cases:
        typer.echo(_encodable(listing(case)))


def _tell(reports: Sequence[Report], seed: int, seconds: float, *, as_json: bool) -> None:
    from batchsim.selftest import table

    if as_json:
        typer.echo(json.dumps(table.as_data(reports, seed), indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(table.HEAD)
    for report in reports:
        for line, style in table.lines(report):
            text = Text(_encodable(line))
            if style:
                text.stylize(style, len(line.rstrip()) - len(line.split()[-1]))
            console.print(text)
    console.print(_encodable(table.summary(reports, seconds)))


@contextmanager
def _progress(cases: Sequence[Case]) -> Iterator[Callable[[Case, int], None]]:
    """A bar on stderr, if that is a terminal; in jobs, since replications are of very different lengths."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    total = sum(case.replications * max(case.jobs, 1) for case in cases)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("selftest", total=total)

        def told(case: Case, replications: int) -> None:
            bar.update(task, advance=replications * max(case.jobs, 1), description=f"selftest {case.id}")

        yield told


def _encodable(text: str) -> str:
    from batchsim.report.terminal import encodable

    return encodable(text, sys.stdout.encoding or "ascii")
