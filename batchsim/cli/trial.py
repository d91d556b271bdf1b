"""What a user would see of one scenario file: ``batchsim validate`` and ``batchsim run --check``, in this process.

The commands' own parts in their own guard, so that exit codes and every line are theirs; without the interpreter's
start, and with a limit on jobs and simulated time, so that thousands of mutants can be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from batchsim.cli import scenarios
from batchsim.cli.check import show
from batchsim.cli.guard import guarded
from batchsim.cli.run import report
from batchsim.cli.validate import print_text
from batchsim.fuzz.damage import METRICS
from batchsim.fuzz.judge import Asked, Limits, Seen

if TYPE_CHECKING:
    from batchsim.prepared import Prepared
    from batchsim.result import Result
    from batchsim.simulation import Simulation
    from batchsim.spec import Scenario

_SEED = 1
"""Of scenarios without one."""


@dataclass
class _Look:
    """What is seen on the way."""

    file: Path
    asked: Asked
    ready: Prepared | None = None
    simulation: Simulation | None = None
    unchanged: bool = False
    violations: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)


def try_out(file: Path, asked: Asked) -> Seen:
    """Show a scenario file to the commands; only what they let escape, escapes."""
    look = _Look(file, asked)
    with _captured() as (out, err):
        code = _exit_code(lambda: _validate(look))
        ran = code == 0 and not look.unchanged
        if ran:
            code = _exit_code(lambda: _run(look))
    return Seen(code, _text(out), _text(err), ran, look.unchanged, look.violations, look.differing, look.metrics)


def _validate(look: _Look) -> None:
    """What ``batchsim validate`` does."""
    from batchsim.prepared import prepare
    from batchsim.simulation import Simulation
    from batchsim.spec.notes import scenario_notes

    scenario = scenarios.load(look.file, ())
    look.unchanged = scenario == look.asked.base
    look.ready = prepare(_limited(scenario, look.asked.limits))
    look.simulation = Simulation(look.ready)
    print_text(look.file, scenario, scenario_notes(scenario))


def _run(look: _Look) -> None:
    """What ``batchsim run --check`` does; thresholds may fail."""
    if look.simulation is None:
        raise RuntimeError("a scenario that is valid was prepared")
    result = look.simulation.finish()
    if look.asked.report:
        report(result, as_json=False)
    violations = result.check()
    show(violations)
    look.violations = tuple(violation.id for violation in violations)
    if look.asked.measure:
        look.metrics = {name: float(value or 0) for name, value in result.metrics(*METRICS).items()}
    if look.asked.twice:
        look.differing = tuple(_differing(result, look))


def _differing(result: Result, look: _Look) -> Iterator[str]:
    """The files of which a second run makes other bytes."""
    from batchsim.simulation import Simulation

    if look.ready is None:
        return
    again = Simulation(look.ready).finish()
    first, second = (
        {
            name: text if isinstance(text, bytes) else "".join(text)
            for name, text in each.files(costs=True, html=False).items()
        }
        for each in (result, again)
    )
    report(again, as_json=True)
    yield from (name for name in first | second if first.get(name) != second.get(name))


def _limited(scenario: Scenario, limits: Limits) -> Scenario:
    """The scenario with fewer jobs and less time allowed, every line of the file still known."""
    settings = scenario.simulation
    less = settings.model_copy(
        update={
            "max_jobs": min(settings.max_jobs, limits.max_jobs),
            "max_time_ms": min(settings.max_time_ms, limits.max_time_ms),
            "seed": _SEED if settings.seed is None else settings.seed,
        }
    )
    return scenario.model_copy(update={"simulation": less})


def _exit_code(command: Callable[[], None]) -> int:
    """What the guard leaves a command with."""
    try:
        with guarded():
            command()
    except typer.Exit as left:
        return left.exit_code
    return 0


@contextmanager
def _captured() -> Iterator[tuple[TextIOWrapper, TextIOWrapper]]:
    """Streams such as a pipe's."""
    out, err = (TextIOWrapper(BytesIO(), "utf-8", errors="backslashreplace") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        yield out, err


def _text(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
