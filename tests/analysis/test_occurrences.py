"""What recurs, firing by firing: when it was ready, what it cost, and what the summary and the report make of it."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Simulate
from scenario_builder import fails, fixed, job, scenario

from batchsim import Result
from batchsim.analysis.statistics import statistics_usd

NIGHTLY = {"cron": "cron(0 2 * * ? *)", "for": "3d"}


def nights(simulate: Simulate, *entries: Any, **keys: Any) -> Result:
    return simulate(scenario(*entries, environments=[fixed(2)], **keys))


def test_a_night_is_ready_with_its_last_job_and_its_followers(simulate: Simulate) -> None:
    result = nights(
        simulate, job("a", "60s", at=NIGHTLY, size=2), job("load", "30s", at={"after": "a", "delay": "10s"})
    )
    found = result.occurrences
    assert found.entry.tolist() == ["a"] * 3
    assert found.ready_after_s.tolist() == [100] * 3
    assert found.due_at_s.tolist() == [7200 + 86400 * night for night in range(3)]
    assert found.jobs.tolist() == [3] * 3


def test_the_members_of_a_workflow_and_what_follows_one_of_them_fire_together(simulate: Simulate) -> None:
    flow = {"id": "w", "at": NIGHTLY, "workflow": [job("a", "60s"), job("b", "30s", needs=["a"])]}
    found = nights(simulate, job("late", "5s", at={"after": "a"}), flow, job("alone", "1s")).occurrences
    assert found.entry.tolist() == ["a", "a", "a", "alone"]
    assert found.jobs.tolist() == [3, 3, 3, 1]


def test_a_night_with_a_failure_is_never_ready(simulate: Simulate) -> None:
    at = {"cron": "cron(0/5 * * * ? *)", "for": "10m"}
    result = nights(simulate, job("a", fails(1), at=at), job("b", "20s", at="0s", count=2))
    assert result.occurrences.ready_after_s.isna().tolist() == [True, True, False]
    (told,) = result.summary()["occurrences"]
    assert (told["occurrences"], told["ready"], told["ready_after_s"]["max"]) == (2, 0, None)


def test_occurrences_share_out_all_that_jobs_cost(simulate: Simulate) -> None:
    result = nights(simulate, job("a", "60s", at=NIGHTLY, size=3), job("b", "5s", at="1h", count=4))
    for column in ("cost_usd", "cost_loaded_usd"):
        assert result.occurrences[column].sum() == pytest.approx(result.jobs[column].sum(), abs=1e-9)
    assert result.occurrences.jobs.sum() == len(result.jobs)


def test_the_summary_has_what_fires_more_than_once(simulate: Simulate) -> None:
    result = nights(simulate, job("a", "60s", at=NIGHTLY), job("once", "5s", at="1h"))
    (told,) = result.summary()["occurrences"]
    assert (told["entry"], told["entries"], told["occurrences"]) == ("a", ["a"], 3)
    assert told["ready_after_s"]["mean"] == told["ready_after_s"]["max"] == 60
    assert told["total_usd"] == pytest.approx(result.occurrences.cost_loaded_usd[:3].sum())


def test_the_report_shows_the_distribution_of_what_recurs(simulate: Simulate) -> None:
    at = {"cron": "cron(0 * * * ? *)", "for": "25h"}
    report = nights(simulate, job("a", "60s", at=at), job("b", "5s", at={"after": "a"})).report()
    section = report.split("\nOccurrences\n")[1].split("\n\n")[0].splitlines()
    assert section[1].split() == ["a", "and", "1", "more"]
    assert section[2].split()[:5] == ["ready", "after", "25", "1m", "05s"]
    assert section[3].split()[:2] == ["cost", "25"]


def test_a_run_without_recurrence_says_nothing_of_it(simulate: Simulate) -> None:
    result = nights(simulate, job("a", "60s"))
    assert result.summary()["occurrences"] == []
    assert "Occurrences" not in result.report()


def test_dollars_have_statistics_as_seconds_have() -> None:
    import numpy as np

    found = statistics_usd(np.arange(1, 201) * 1_000_000_000)
    assert (found["mean"], found["p50"], found["p95"], found["p99"], found["max"]) == (100.5, 100, 190, None, 200)
