"""``batchsim compare``: what it prints, writes and answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from experiments.small import night
from typer.testing import Result

from batchsim.formats import scenario_yaml

Command = Callable[..., Result]
QUICK = ("--replications", "3")
SMALL = ("--variant", "small: spot.maxvCpus=2, name=tiny")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "night.yaml"
    path.write_text(scenario_yaml.dump(night()))
    return path


def test_it_says_what_differs_and_shows_the_table(batchsim: Command, file: Path) -> None:
    result = batchsim("compare", file, *SMALL, *QUICK)
    assert result.exit_code == 0
    assert result.stdout.startswith("small against baseline: 3 replications of seed 1\n  - small is ")
    assert "± (95 %)" in result.stdout


def test_two_files_are_told_by_their_names(batchsim: Command, file: Path) -> None:
    other = file.with_name("other.yaml")
    other.write_text(file.read_text())
    assert "other is identical to night" in batchsim("compare", file, other, *QUICK).stdout


def test_json_is_the_comparison_alone(batchsim: Command, file: Path) -> None:
    page = json.loads(batchsim("compare", file, *SMALL, *QUICK, "--metric", "cost_usd", "--format", "json").stdout)
    assert [variant["name"] for variant in page["variants"]] == ["baseline", "small"]
    assert list(page["metrics"]) == ["cost_usd"]
    assert page["run"]["replications"] == 3


def test_csv_is_the_table_alone(batchsim: Command, file: Path) -> None:
    text = batchsim("compare", file, *SMALL, *QUICK, "--metric", "cost_usd", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["metric"], row["variant"]) for row in rows] == [("cost_usd", "baseline"), ("cost_usd", "small")]


def test_the_folder_holds_tables_and_scenarios_that_repeat_it(batchsim: Command, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = batchsim("compare", file, *SMALL, *QUICK, "--out", out, "--format", "json").stdout
    assert sorted(path.name for path in out.iterdir()) == [
        "comparison.json", "differences.csv", "report.html", "table.csv", "thresholds.csv", "values.csv",
        "variant-0.resolved.yaml", "variant-1.resolved.yaml",
    ]  # fmt: skip
    again = batchsim("compare", *sorted(out.glob("variant-*")), *QUICK, "--format", "json").stdout
    assert json.loads(again)["differences"][0]["difference"] == json.loads(printed)["differences"][0]["difference"]


def test_forced_it_removes_what_is_left_of_more_variants(batchsim: Command, file: Path, tmp_path: Path) -> None:
    options = (*QUICK, "--metric", "cost_usd", "--out", tmp_path / "out", "--force")
    batchsim("compare", file, *SMALL, "--variant", "big: spot.maxvCpus=16", *options)
    (tmp_path / "out" / "mine.txt").write_text("keep")
    assert batchsim("compare", file, *SMALL, *options).exit_code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "variant-2.resolved.yaml" not in names
    assert {"mine.txt", "variant-1.resolved.yaml"} <= names


def test_settings_hold_for_all_and_a_variants_own_come_last(batchsim: Command, file: Path, tmp_path: Path) -> None:
    settings = ("--set", "spot.maxvCpus=4", "--set", "world.market=calm")
    batchsim("compare", file, *SMALL, *settings, "--replications", 1, "--out", tmp_path / "out")
    base, small = (scenario_yaml.load(tmp_path / "out" / f"variant-{number}.resolved.yaml") for number in (0, 1))
    assert (base.world.market, small.world.market) == ("calm", "calm")
    most = [each.computeEnvironments[0].computeResources.maxvCpus for each in (base, small)]  # type: ignore[union-attr]
    assert most == [4, 2]


@pytest.mark.parametrize(
    ("condition", "code"), [("cost_usd > -99%", 1), ("cost_usd > +900%", 0), ("makespan_s > 1s", 1)]
)
def test_the_exit_code_is_the_answer(batchsim: Command, file: Path, condition: str, code: int) -> None:
    result = batchsim("compare", file, *SMALL, *QUICK, "--fail-if", condition, "--metric", "retries")
    assert result.exit_code == code
    assert ("FAILED" if code else "ok") in result.stdout
    assert (f"fail-if '{condition}': small: judged by" in result.stderr) is bool(code)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fail-if", "cost_us > +10%"], "Did you mean cost_usd"),
        (["--fail-if", "cost_usd > 10%"], "+10% is a change"),
        (["--variant", "spot.maxvCpus=3"], "NAME: PATH=VALUE"),
        (["--variant", "a: spot.maxvCpu=3"], "Did you mean spot.maxvCpus"),
        (["--variant", "small: spot.maxvCpus=4"], "two variants are called"),
        (["--variant", "a: spot.maxvCpus=4, spot.maxvCpus=8"], "variant a: spot.maxvCpus: given twice"),
        (["--variant", "a: spot.maxvCpus=4, maxvCpus=8"], "variant a: maxvCpus: given already as spot.maxvCpus"),
        (["--set", "spot.maxvCpu=3"], "Did you mean spot.maxvCpus"),
        (["--metric", "cost"], "unknown metric cost"),
        (["--baseline", "smal"], "Did you mean small"),
        (["--replications", "0"], "greater than or equal to 1"),
        (["--force"], "--out DIR"),
        (["--fail-if", "cost_usd > +1%", "--fail-basis", "interval", "--replications", "1"], "two replications"),
    ],
)
def test_a_wrong_command_line_is_told(batchsim: Command, file: Path, options: list[str], told: str) -> None:
    result = batchsim("compare", file, *SMALL, *options)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.replace("│", " ").split())


def test_one_file_alone_is_no_comparison(batchsim: Command, file: Path) -> None:
    result = batchsim("compare", file)
    assert (result.exit_code, result.stderr) == (2, "a comparison needs two scenarios, or one and variants of it\n")


def test_a_drawn_seed_is_told_with_the_command_that_repeats_it(batchsim: Command, tmp_path: Path) -> None:
    path = tmp_path / "night.yaml"
    path.write_text(scenario_yaml.dump(night()).replace("seed: 1", ""))
    result = batchsim("compare", path, *SMALL, "--replications", 1)
    assert "was drawn; this comparison again: batchsim " in result.stderr


def test_a_folder_in_use_is_refused_before_the_runs(batchsim: Command, file: Path, tmp_path: Path) -> None:
    result = batchsim("compare", file, *SMALL, "--out", tmp_path)
    assert result.exit_code == 4
    assert "not empty" in result.stderr
