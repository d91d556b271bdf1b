"""``batchsim selftest``: the table, the choice of cases, their scenarios, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

import batchsim as package
from batchsim.selftest import registry
from batchsim.selftest.case import Case, exact

Command = Callable[..., Result]
QUICK = ("--only", "T6.2", "--only", "T8.6", "--workers", "1")


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Theory says of T8.6 what is not so."""
    found = [_wrong(case) if case.id == "T8.6" else case for case in registry.cases()]
    monkeypatch.setattr(registry, "cases", lambda: tuple(found))


def _wrong(case: Case) -> Case:
    return replace(case, quantities=(exact("instances", 11),))


def test_cases_that_agree_with_theory_leave_with_0(batchsim: Command) -> None:
    result = batchsim("selftest", *QUICK)
    assert result.exit_code == 0
    assert "2 cases, 5 quantities: all agree with theory" in result.stdout


def test_the_table_has_what_was_expected_and_what_was_measured(batchsim: Command) -> None:
    lines = batchsim("selftest", *QUICK).stdout.splitlines()
    (line,) = [line for line in lines if "latencies" in line]
    assert line.split() == ["latencies", "s", "695", "695", "1", "pass"]
    assert lines[0].split() == ["case,", "quantity", "expected", "measured", "n", "verdict"]


def test_no_line_is_wider_than_80_characters(batchsim: Command) -> None:
    shown = batchsim("selftest", *QUICK).stdout + batchsim("selftest", "--list", "--all").stdout
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.usefixtures("wrong")
def test_a_case_that_does_not_agree_leaves_with_1(batchsim: Command) -> None:
    result = batchsim("selftest", *QUICK)
    assert result.exit_code == 1
    assert "1 quantities of 1 cases do not agree with theory" in result.stdout


@pytest.mark.usefixtures("wrong")
def test_json_has_every_verdict(batchsim: Command) -> None:
    result = batchsim("selftest", *QUICK, "--format", "json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["ok"]) == (1, False)
    found = {(row["case"], row["quantity"]): row for row in answer["verdicts"]}
    row = found["T8.6", "instances"]
    assert (row["expected"], row["measured"], row["verdict"]) == (11, 10, "fail")


def test_the_scenario_of_a_case_can_be_run(batchsim: Command, tmp_path: Path) -> None:
    shown = batchsim("selftest", "--show", "T6.2").stdout
    file = tmp_path / "case.yaml"
    file.write_text(shown)
    assert shown.startswith("# T6.2: D/D/4")
    assert set(package.run(file).jobs["wait_s"]) == {0}


def test_a_case_of_several_scenarios_shows_one_document_after_the_other(batchsim: Command) -> None:
    documents = batchsim("selftest", "--show", "T8.7").stdout.split("\n---\n")
    assert [package.loads(text).world.scheduler_cycle for text in documents] == [10_000, 0]


def test_the_list_says_what_takes_all(batchsim: Command) -> None:
    usual = batchsim("selftest", "--list").stdout
    everything = batchsim("selftest", "--list", "--all").stdout
    assert "T1.9" not in usual
    assert "T1.9" in everything
    assert "T6.2" in usual


def test_an_unknown_case_has_a_near_match(batchsim: Command) -> None:
    result = batchsim("selftest", "--only", "T1.99")
    assert result.exit_code == 2
    assert "no case is called 'T1.99'. Did you mean" in result.stderr


def test_a_topic_stands_for_all_its_cases(batchsim: Command) -> None:
    assert [case.id for case in registry.chosen(["T9"])] == ["T9.1", "T9.2"]
    assert batchsim("selftest", "--list", "--only", "t9").stdout.count("T9.") == 2
