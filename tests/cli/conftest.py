"""The command line in this process, with a simulation that answers at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report.runs import finished
from typer.testing import CliRunner, Result

from batchsim.cli.app import app
from batchsim.cli.init import starter


@pytest.fixture
def batchsim() -> Callable[..., Result]:
    """Run ``batchsim ARGUMENTS``; an exception that escapes fails the test."""

    def command(*arguments: object) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="batchsim")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return command


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    """The starter scenario in a file."""
    file = tmp_path / "scenario.yaml"
    file.write_text(starter())
    return file


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let ``simulation.run`` do this instead: give a result of forty jobs with the scenario's seed, or raise."""

    def install(outcome: Any = None) -> None:
        def run(scenario: Any, **_: Any) -> Any:
            if isinstance(outcome, BaseException):
                raise outcome
            thresholds = dict(scenario.thresholds)
            return finished({"simulation": {"seed": scenario.simulation.seed}, "thresholds": thresholds})

        monkeypatch.setattr("batchsim.simulation.run", run)

    return install
