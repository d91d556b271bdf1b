"""docs/anomalies.md: each counter-example stands on it, and its commands run; its figures: tests/test_docs.py."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from anomalies.rows import FOLDER, SHOWN
from typer.testing import CliRunner

from batchsim.cli.app import app

ROOT = FOLDER.parent.parent
PAGE = (ROOT / "docs" / "anomalies.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_counter_example_stands_on_the_page():
    assert sorted(re.findall(r"^<!-- ([a-z-]+) -->$", PAGE, re.MULTILINE)) == sorted(SHOWN)


def test_every_scenario_of_the_folder_is_shown():
    named = set(re.findall(r"tests/anomalies/(\w+)\.yaml", PAGE))
    assert named == {path.stem for path in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize(
    "command", COMMANDS, ids=[command.split("anomalies/")[1].split(".")[0] for command in COMMANDS]
)
def test_every_command_of_the_page_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    _, *arguments = shlex.split(command.replace("\\\n", " "), comments=True)
    said = CliRunner().invoke(app, [given.replace("out/", f"{tmp_path}/") for given in arguments])
    assert said.exit_code == 0, said.output
