"""The benchmarks, small: each is what its file says, breaks no invariant, and runs the same on the plain path."""

from __future__ import annotations

import json

import numpy as np
import pytest
from baseline import FILE
from effort import effort
from measure import median_running
from suite import BENCHMARKS, CYCLES, scenario
from table import Row, shown

from batchsim import Result, Simulation

JOBS = effort(fast=2_000, verify=20_000, long=200_000)
ALL = [(name, cycle) for name in BENCHMARKS for cycle in CYCLES]


def finished(name: str, cycle: str, *, thorough: bool = False, instances: int | None = 20) -> Result:
    return Simulation(scenario(name, JOBS, cycle, instances), thorough=thorough).finish()


@pytest.mark.parametrize(("name", "cycle"), ALL)
def test_the_checker_is_clean_on_the_records_of_each_benchmark(name: str, cycle: str):
    assert finished(name, cycle, instances=None).check() == []


@pytest.mark.parametrize(("name", "cycle"), ALL)
def test_each_benchmark_leaves_the_same_tables_on_the_plain_path(name: str, cycle: str):
    fast, plain = (finished(name, cycle, thorough=thorough) for thorough in (False, True))
    for table in ("jobs", "attempts", "instances", "submissions", "scaling", "timeline"):
        assert getattr(fast, table).equals(getattr(plain, table)), table


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_size_is_about_what_was_asked_for(name: str):
    assert len(finished(name, "1s").jobs) == pytest.approx(JOBS, rel=0.05)


def test_the_median_of_running_jobs_is_by_time_and_not_by_event():
    result = finished("fargate", "1s")
    middle = median_running(result.records)
    attempts, instants = result.records.attempts, np.linspace(0, result.records.horizon_ms, 20_001)
    running = [int(((attempts.running_at_ms <= at) & (at < attempts.ended_at_ms)).sum()) for at in instants[::20]]
    assert np.median([level for level in running if level]) == pytest.approx(middle, rel=0.1)


def test_the_baseline_holds_a_ratio_for_each_benchmark():
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert {f"{name} {cycle}" for name, cycle in ALL} <= kept.keys()
    assert all(value > 0 for value in kept.values())


def test_a_row_that_fell_below_the_baseline_is_marked():
    row = Row("burst 1s", 0.5, 0.5)
    assert row.passes
    assert "0.600!" in shown(row, 0.6)
    assert "!" not in shown(row, 0.55)
    assert "MISSED" in shown(Row("start, --help", 0.4, 0.3, at_most=True, unit=" s"), None)
