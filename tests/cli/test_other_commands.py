"""``validate``, ``schema``, ``check``, ``init``, ``--version``, ``--help``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

import batchsim as package

Command = Callable[..., Result]
Simulated = Callable[..., None]


def test_validate_says_what_a_sound_scenario_holds(batchsim: Command, scenario: Path) -> None:
    result = batchsim("validate", scenario)
    assert result.exit_code == 0
    assert "valid: 1 compute environment, 1 job queue, 1 job definition, 1 workload item" in result.stdout


def test_validate_lists_fields_without_effect(batchsim: Command, scenario: Path) -> None:
    lines = batchsim("validate", scenario).stdout.splitlines()
    assert [line for line in lines if line.startswith("note: ") and "securityGroupIds" in line]


def test_validate_reports_every_problem_at_once(batchsim: Command, scenario: Path) -> None:
    scenario.write_text(scenario.read_text().replace("maxvCpus", "maxvCpu").replace("priority", "priorty"))
    result = batchsim("validate", scenario)
    assert result.exit_code == 2
    assert "Did you mean maxvCpus?" in result.stderr
    assert "Did you mean priority?" in result.stderr


def test_validate_finds_jobs_that_fit_nowhere(batchsim: Command, scenario: Path) -> None:
    result = batchsim("validate", scenario, "--set", "containerProperties.memory=9000000")
    assert result.exit_code == 2
    assert "E132" in result.stderr


def test_problems_as_json_have_their_place(batchsim: Command, scenario: Path) -> None:
    scenario.write_text(scenario.read_text().replace("maxvCpus", "maxvCpu"))
    result = batchsim("validate", scenario, "--format", "json")
    problems = json.loads(result.stdout)["problems"]
    assert result.exit_code == 2
    assert {"code", "file", "line", "col", "path", "message", "hint"} <= set(problems[0])
    assert ("E106", 13) in [(problem["code"], problem["line"]) for problem in problems]


def test_a_sound_scenario_as_json_has_its_notes(batchsim: Command, scenario: Path) -> None:
    answer = json.loads(batchsim("validate", scenario, "--format", "json").stdout)
    assert answer["valid"]
    assert answer["notes"]


def test_the_schema_is_json_schema(batchsim: Command) -> None:
    schema = json.loads(batchsim("schema").stdout)
    assert {"computeEnvironments", "workload", "world"} <= set(schema["properties"])


def test_check_finds_what_is_wrong_in_a_folder(
    batchsim: Command, scenario: Path, simulated: Simulated, tmp_path: Path
) -> None:
    simulated()
    batchsim("run", scenario, "--out", tmp_path / "out")
    result = batchsim("check", tmp_path / "out", "--format", "json")
    assert result.exit_code == 1
    assert not json.loads(result.stdout)["ok"]


def test_check_needs_a_result_folder(batchsim: Command, scenario: Path, tmp_path: Path) -> None:
    results = [batchsim("check", path) for path in (tmp_path / "none", scenario, tmp_path)]
    assert [result.exit_code for result in results] == [4, 4, 4]
    assert [result.stderr.split(": E181:")[1] for result in results[:2]] == [
        " no such folder; batchsim run SCENARIO --out DIR makes a result folder\n",
        " not a folder; batchsim run SCENARIO --out DIR makes a result folder\n",
    ]
    assert "jobs.csv: E181: cannot read this table: No such file or directory" in results[2].stderr


def test_init_writes_a_scenario_that_is_valid(batchsim: Command, tmp_path: Path) -> None:
    assert batchsim("init", tmp_path / "new.yaml").exit_code == 0
    assert batchsim("validate", tmp_path / "new.yaml").exit_code == 0


def test_a_name_that_would_steer_a_terminal_is_told_in_plain_letters(batchsim: Command, tmp_path: Path) -> None:
    told = batchsim("init", tmp_path / "a\x1b[31m\nb.yaml").stdout
    assert r"a\x1b[31m\nb.yaml" in told
    assert len(told.splitlines()) == 1


def test_init_leaves_an_existing_file_alone(batchsim: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    assert batchsim("init", file).exit_code == 4
    assert file.read_text() == "mine"
    assert "this is a folder" in batchsim("init", tmp_path).stderr
    assert batchsim("init", file, "--force").exit_code == 0


def test_init_into_a_missing_folder_is_exit_code_4(batchsim: Command, tmp_path: Path) -> None:
    result = batchsim("init", tmp_path / "no" / "new.yaml")
    assert result.exit_code == 4
    assert "No such file or directory" in result.stderr


def test_the_version_is_printed(batchsim: Command) -> None:
    assert batchsim("--version").stdout == f"batchsim {package.__version__}\n"


def test_help_names_every_command(batchsim: Command) -> None:
    text = batchsim("--help").stdout
    assert all(command in text for command in ("run", "validate", "schema", "check", "init"))


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help_answers_at_once_since_it_loads_next_to_nothing(arguments: list[str]) -> None:
    code = "import atexit, sys; from batchsim.cli import main; atexit.register(lambda: print(*sys.modules)); main()"
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=alone)
    loaded = done.stdout.splitlines()[-1].split()
    assert not {"numpy", "pandas", "simpy", "scipy", "rich", "yaml", "sqlite3", "batchsim.spec"} & set(loaded)
    assert 50 < len(loaded) < 350


def test_validate_needs_no_tables_no_plots_and_no_engine(scenario: Path) -> None:
    code = (
        "import sys; from batchsim.cli.validate import validate_scenario as v; from pathlib import Path; "
        "v(Path(sys.argv[1]), (), as_json=False); print({'pandas', 'matplotlib', 'rich', 'simpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(scenario)], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"
