"""Rules over job state changes: what they match goes to notifications.jsonl, is counted, and can be checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import scenario_builder as build
from conftest import Simulate

import batchsim
from batchsim import Result
from batchsim.analysis.check import check_folder

FAILED = {"source": ["aws.batch"], "detail-type": ["Batch Job State Change"], "detail": {"status": ["FAILED"]}}


def rule(pattern: Any = FAILED, name: str = "failed-jobs", **keys: Any) -> dict[str, Any]:
    return {"name": name, "eventPattern": pattern, **keys}


@pytest.fixture
def night(simulate: Simulate) -> Result:
    """Two jobs of which one fails, and an array of which one child does."""
    jobs = (build.job("good", at="0s"), build.job("bad", build.fails(3, run="10s"), at="0s"))
    array = build.job("many", at="0s", size=2, fails=[{"probability": 1, "exit_code": 9}])
    rules = [
        rule(target="arn:aws:sns:us-east-1:ACCOUNT_ID:oncall"),
        rule({"detail": {"status": ["FAILED"], "container": {"exitCode": [3]}}}, "code-3"),
        rule({"detail": {"status": [{"prefix": "RUN"}], "jobName": ["good"]}}, "good-moves"),
        rule(name="asleep", state="DISABLED"),
    ]
    return simulate(build.scenario(*jobs, array, environments=[build.fixed(4)], notifications=rules))


def test_each_rule_has_what_it_matches_in_time_order(night: Result) -> None:
    found = night.notifications
    assert found.at_s.is_monotonic_increasing
    assert sorted(found.job_id[found.rule == "failed-jobs"]) == ["bad", "many", "many:0", "many:1"]
    assert found.job_id[found.rule == "code-3"].tolist() == ["bad"]
    assert found.status[found.rule == "good-moves"].tolist() == ["RUNNABLE", "RUNNING"]


def test_rules_are_counted_in_the_summary_and_the_report(night: Result) -> None:
    counted = {each["rule"]: each["notifications"] for each in night.summary()["notifications"]}
    assert counted == {"failed-jobs": 4, "code-3": 1, "good-moves": 2, "asleep": 0}
    assert "arn:aws:sns:us-east-1:ACCOUNT_ID:oncall" in night.report()
    assert "DISABLED" in night.report()


def test_a_line_holds_the_event_that_the_target_gets(night: Result, tmp_path: Path) -> None:
    night.write(tmp_path / "out", events=True)
    events = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    lines = [json.loads(line) for line in (tmp_path / "out" / "notifications.jsonl").read_text().splitlines()]
    assert len(lines) == 7
    assert all(line["event"] in events for line in lines)
    assert list(lines[0]) == ["rule", "target", "event"]


def test_the_file_is_there_only_with_rules_and_goes_with_them(tmp_path: Path) -> None:
    quiet = batchsim.run(build.scenario(build.job("good", at="0s")), seed=1)
    told = batchsim.run(build.scenario(build.job("good", at="0s"), notifications=[rule()]), seed=1)
    told.write(tmp_path / "out")
    assert (tmp_path / "out" / "notifications.jsonl").read_bytes() == b""
    quiet.write(tmp_path / "out", force=True)
    assert not (tmp_path / "out" / "notifications.jsonl").exists()


def test_the_checker_reads_the_file_back_and_misses_a_lost_line(night: Result, tmp_path: Path) -> None:
    night.write(tmp_path / "out")
    assert check_folder(tmp_path / "out") == []
    file = tmp_path / "out" / "notifications.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    assert {"E01", "E03"} <= {violation.id for violation in check_folder(tmp_path / "out")}


@pytest.mark.parametrize("damage", ["{", "[]\n", '{"rule": "failed-jobs"}\n'])
def test_a_damaged_file_is_told(night: Result, tmp_path: Path, damage: str) -> None:
    night.write(tmp_path / "out")
    (tmp_path / "out" / "notifications.jsonl").write_text(damage)
    with pytest.raises(batchsim.OutputError, match="cannot read the notifications"):
        check_folder(tmp_path / "out")


def test_a_bad_pattern_is_an_error_with_its_place() -> None:
    text = "name: x\nnotifications:\n  - name: n\n    eventPattern: {detail: {status: FAILED}}\n"
    with pytest.raises(
        batchsim.ScenarioError, match=r"x.yaml:4:\d+: notifications\[0\].eventPattern.detail.status.*E145"
    ):
        batchsim.loads(text, "x.yaml")


def test_two_rules_have_two_names() -> None:
    with pytest.raises(batchsim.ScenarioError, match="E123"):
        build.scenario(notifications=[rule(), rule()])
