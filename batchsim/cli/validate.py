"""``batchsim validate`` and ``batchsim schema``: what a scenario may hold, and what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from batchsim.cli import scenarios
from batchsim.cli.guard import code_of, guarded
from batchsim.errors import Problem, ScenarioError, one_line, show_path

if TYPE_CHECKING:
    from batchsim.spec import Scenario


def validate_scenario(
    file: Path, settings: tuple[str, ...], allow_paths: tuple[Path, ...] = (), *, as_json: bool
) -> None:
    """Print the problems of a scenario (exit code 2, or 4 if it cannot be read) or, without any, its notes."""
    with guarded():
        try:
            scenario = _checked(file, settings, allow_paths)
        except ScenarioError as error:
            if not as_json:
                raise
            _print_json(error.problems, [])
            raise typer.Exit(code_of(error)) from None
        from batchsim.spec.notes import scenario_notes

        notes = scenario_notes(scenario)
        if as_json:
            _print_json((), notes)
        else:
            print_text(file, scenario, notes)


def print_schema() -> None:
    """Print the JSON Schema of scenario files."""
    with guarded():
        from batchsim.spec.schema import json_schema

        typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _checked(file: Path, settings: tuple[str, ...], allow_paths: tuple[Path, ...]) -> Scenario:
    """The scenario, if it could be run as it stands: whatever keeps a run from starting is found here too."""
    from batchsim.drawn import draws_of, workload_of
    from batchsim.prepared import prepare

    scenario = scenarios.load(file, settings, allow_paths)
    if scenario.actions:  # the jobs that they name are known to an engine alone
        from batchsim.simulation import Simulation

        Simulation(scenario, seed=scenario.simulation.seed or 0)
    else:
        workload_of(prepare(scenario), scenario, draws_of(scenario))
    return scenario


def _print_json(problems: tuple[Problem, ...], notes: list[str]) -> None:
    answer = {"valid": not problems, "problems": [_as_json(problem) for problem in problems], "notes": notes}
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def _as_json(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "file": problem.file,
        "line": problem.line,
        "col": problem.col,
        "path": show_path(problem.path),
        "message": problem.message,
        "value": problem.value,
        "allowed": problem.allowed,
        "hint": problem.hint,
    }


def print_text(file: Path, scenario: Scenario, notes: list[str]) -> None:
    """Say that a scenario is valid, what it holds, and what is worth knowing of it."""
    counts = {
        "compute environment": len(scenario.computeEnvironments),
        "job queue": len(scenario.jobQueues),
        "job definition": len(scenario.jobDefinitions),
        "workload item": len(scenario.workload),
    }
    held = ", ".join(f"{number} {what}{'' if number == 1 else 's'}" for what, number in counts.items())
    typer.echo(one_line(f"{file}: valid: {held}"))
    for note in notes:
        typer.echo(f"note: {note}")
