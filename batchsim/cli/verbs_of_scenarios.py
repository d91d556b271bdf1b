"""``validate``, ``schema`` and ``init``: commands about scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from batchsim.cli.options import AllowPath, AnyFormat, Format, ScenarioFile, Settings


def validate(
    scenario: ScenarioFile,
    *,
    settings: Settings = None,
    allow_path: AllowPath = None,
    format_: AnyFormat = Format.TABLE,
) -> None:
    """Say what is wrong in a scenario."""
    from batchsim.cli.validate import validate_scenario

    validate_scenario(scenario, tuple(settings or ()), tuple(allow_path or ()), as_json=format_ is Format.JSON)


def schema() -> None:
    """Print the JSON Schema of scenarios."""
    from batchsim.cli.validate import print_schema

    print_schema()


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")] = Path("scenario.yaml"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a commented scenario to start from."""
    from batchsim.cli.init import write_starter

    write_starter(file, force=force)
