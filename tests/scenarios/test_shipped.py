"""What holds for every file in ``scenarios/``: it says what it teaches, runs, and keeps its thresholds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from scenarios.conftest import FOLDER, Shipped
from typer.testing import CliRunner

import batchsim
from batchsim.cli.app import app
from batchsim.formats import scenario_yaml

NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
COMMANDS = [
    command
    for name in NAMES
    for command in re.findall(r"^#   batchsim (.*?)(?:\s+#.*)?$", (FOLDER / f"{name}.yaml").read_text(), re.MULTILINE)
]


@pytest.mark.parametrize("name", NAMES)
def test_some_test_is_about_it(name: str) -> None:
    others = [path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]
    assert any(re.search(rf"\b{name}\b", text) for text in others)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_what_it_teaches_and_bears_its_file_s_name(name: str) -> None:
    assert (FOLDER / f"{name}.yaml").read_text().startswith("# Teaches: ")
    assert batchsim.load(FOLDER / f"{name}.yaml").name == name


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_without_violation_and_its_thresholds_hold(shipped: Shipped, name: str) -> None:
    verdicts = shipped(name).summary()["thresholds"]
    assert verdicts
    assert all(verdict["ok"] for verdict in verdicts), verdicts


@pytest.mark.parametrize("name", NAMES)
def test_its_resolved_form_is_the_same_scenario(name: str) -> None:
    scenario = batchsim.load(FOLDER / f"{name}.yaml")
    assert scenario_yaml.loads(scenario_yaml.dump(scenario), "resolved.yaml") == scenario


@pytest.mark.parametrize("name", NAMES)
def test_its_report_is_one_page_of_known_words(shipped: Shipped, name: str) -> None:
    report = shipped(name).report(width=100)
    assert f"\n{name}: $" in f"\n{report}", "what is stuck comes before it"
    assert max(map(len, report.splitlines())) <= 100
    assert not re.search(r"\bnan\b|None|NaT|Traceback", report)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_its_comment_works(command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / FOLDER.name).symlink_to(FOLDER)  # what a command writes stays out of the repository
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, shlex.split(command), prog_name="batchsim")
    assert result.exit_code in (0, 1), result.output  # 1: a threshold did not hold, which may be the lesson
