"""``batchsim run``: report, files, seed and the answer in the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Command = Callable[..., Result]
Simulated = Callable[..., None]

FILES = [
    "attempts.csv",
    "blocked.csv",
    "instances.csv",
    "jobs.csv",
    "metrics.csv",
    "occurrences.csv",
    "report.html",
    "scaling.csv",
    "scenario.resolved.yaml",
    "submissions.csv",
    "summary.json",
    "timeline.csv",
]


@pytest.fixture(autouse=True)
def _answers_at_once(simulated: Simulated) -> None:
    simulated()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def without_seed(scenario: Path) -> None:
    scenario.write_text(scenario.read_text().replace("simulation: {seed: 1}", "simulation: {}"))


def test_it_prints_the_report(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario)
    assert result.exit_code == 0
    assert "1 replication: no interval" in result.stdout


def test_json_is_the_summary_alone(batchsim: Command, scenario: Path) -> None:
    summary = json.loads(batchsim("run", scenario, "--format", "json").stdout)
    assert summary["jobs"]["total"] == 40


def test_the_folder_gets_its_files_and_stdout_the_same_summary(
    batchsim: Command, scenario: Path, tmp_path: Path
) -> None:
    printed = batchsim("run", scenario, "--out", tmp_path / "out", "--format", "json").stdout
    assert names(tmp_path / "out") == FILES
    assert (tmp_path / "out" / "summary.json").read_text() == printed


def test_events_and_costs_are_written_when_asked_for(batchsim: Command, scenario: Path, tmp_path: Path) -> None:
    batchsim("run", scenario, "--out", tmp_path / "out", "--events", "--costs")
    assert set(names(tmp_path / "out")) - set(FILES) == {"costs.csv", "events.jsonl"}


def test_the_page_is_left_out_when_asked_to(batchsim: Command, scenario: Path, tmp_path: Path) -> None:
    told = batchsim("run", scenario, "--out", tmp_path / "out", "--no-html").stdout
    assert names(tmp_path / "out") == [name for name in FILES if name != "report.html"]
    assert "report.html" not in told


@pytest.mark.parametrize("option", ["--events", "--costs", "--force"])
def test_options_about_the_folder_need_one(batchsim: Command, scenario: Path, option: str) -> None:
    result = batchsim("run", scenario, option)
    assert result.exit_code == 2
    assert "--out DIR" in result.stderr


def test_a_folder_in_use_is_refused_before_the_run(
    batchsim: Command, scenario: Path, tmp_path: Path, simulated: Simulated
) -> None:
    simulated(AssertionError("simulated all the same"))
    result = batchsim("run", scenario, "--out", tmp_path)
    assert result.exit_code == 4
    assert "not empty" in result.stderr


@pytest.mark.parametrize("settings", [("maxvCpus=4", "maxvCpus=8"), ("spot.maxvCpus=4", "maxvCpus=8")])
def test_a_setting_that_another_would_silently_replace_is_refused(
    batchsim: Command, scenario: Path, settings: tuple[str, str]
) -> None:
    refused = batchsim("run", scenario, *(word for setting in settings for word in ("--set", setting)))
    assert (refused.exit_code, "[E123]" in refused.stderr) == (2, True)


def test_a_folder_without_a_name_is_not_the_current_one(batchsim: Command, scenario: Path) -> None:
    refused = batchsim("run", scenario, "--out", "")
    assert (refused.exit_code, "it is empty; name a file or a folder" in refused.stderr) == (2, True)


def test_force_replaces_earlier_results(batchsim: Command, scenario: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert batchsim("run", scenario, "--out", tmp_path / "out", "--force").exit_code == 0


def test_the_same_seed_gives_the_same_bytes(batchsim: Command, scenario: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        batchsim("run", scenario, "--seed", 5, "--out", folder, "--events", "--costs")
    assert [
        *map(Path.read_bytes, sorted(folders[0].iterdir())),
    ] == [*map(Path.read_bytes, sorted(folders[1].iterdir()))]


def test_a_seed_is_drawn_told_and_stored(batchsim: Command, scenario: Path, tmp_path: Path) -> None:
    without_seed(scenario)
    result = batchsim("run", scenario, "--out", tmp_path / "out")
    seed = json.loads((tmp_path / "out" / "summary.json").read_text())["run"]["seed"]
    assert f"seed {seed} was drawn" in result.stderr
    assert f"seed: {seed}" in (tmp_path / "out" / "scenario.resolved.yaml").read_text()


def test_two_drawn_seeds_differ(batchsim: Command, scenario: Path) -> None:
    without_seed(scenario)
    assert len({batchsim("run", scenario).stderr for _ in range(3)}) > 1


def test_the_seed_of_the_command_line_wins(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario, "--seed", 99, "--format", "json")
    assert json.loads(result.stdout)["run"]["seed"] == 99


def test_a_seed_beyond_128_bits_is_refused(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario, "--seed", 2**200)
    assert result.exit_code == 2
    assert "E152" in result.stderr


def test_a_failed_threshold_is_exit_code_1(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario, "--set", "thresholds.makespan_s='< 1s'")
    assert result.exit_code == 1
    assert "FAILED" in result.stdout


def test_set_changes_the_scenario(batchsim: Command, scenario: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("batchsim.simulation.run", lambda scenario, **_: seen.append(scenario) or 1 / 0)
    batchsim("run", scenario, "--set", "spot.maxvCpus=512", "--set", "world.market=calm")
    assert seen[0].computeEnvironments[0].computeResources.maxvCpus == 512
    assert seen[0].world.market == "calm"


@pytest.mark.parametrize("setting", ["spot.maxvCpus", "=5", " =5"])
def test_a_setting_without_path_or_value_is_a_usage_error(batchsim: Command, scenario: Path, setting: str) -> None:
    result = batchsim("run", scenario, "--set", setting)
    assert result.exit_code == 2
    assert "PATH=VALUE" in result.stderr


def test_an_unknown_path_is_told_with_a_near_match(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario, "--set", "spot.maxvCpu=5")
    assert result.exit_code == 2
    assert "maxvCpus" in result.stderr


def test_a_wrong_value_is_told_of_the_setting_and_not_of_the_sound_file(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario, "--set", "world.market=clam")
    assert result.exit_code == 2
    assert result.stderr.startswith("--set world.market=clam: world.market: not one of the allowed values")
    assert "Did you mean calm?" in result.stderr


def test_violations_are_exit_code_1(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario, "--check")  # the forty jobs are no run of this scenario
    assert result.exit_code == 1
    assert "not so" in result.stderr


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_settings_that_only_go_together_can_be_given_in_any_order(
    batchsim: Command, scenario: Path, order: tuple[int, int]
) -> None:
    settings = ["spot.computeResources.type=EC2", "spot.allocationStrategy=BEST_FIT_PROGRESSIVE"]
    chosen = [word for position in order for word in ("--set", settings[position])]
    assert batchsim("run", scenario, *chosen).exit_code == 0


def test_quiet_prints_nothing_and_writes_all_the_same(batchsim: Command, scenario: Path, tmp_path: Path) -> None:
    result = batchsim("run", scenario, "--quiet", "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert names(tmp_path / "out") == FILES


def test_quiet_says_which_threshold_failed_with_the_same_exit_code(batchsim: Command, scenario: Path) -> None:
    setting = ("--set", "thresholds={makespan_s: '< 1s'}")
    loud, quiet = batchsim("run", scenario, *setting), batchsim("run", scenario, *setting, "--quiet")
    assert loud.exit_code == 1
    assert (quiet.exit_code, quiet.stdout) == (loud.exit_code, "")
    assert quiet.stderr.startswith("threshold failed: makespan_s < 1s, got ")


def test_quiet_json_is_a_contradiction(batchsim: Command, scenario: Path) -> None:
    result = batchsim("run", scenario, "--quiet", "--format", "json")
    assert result.exit_code == 2
    assert "give one of them" in result.stderr
