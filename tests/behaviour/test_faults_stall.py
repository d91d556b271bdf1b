"""A scheduler that stalls: no pass within the window, passes resume at its end."""

from __future__ import annotations

import pytest
from fault_stories import fault, on_demand, struck
from scenario_builder import fixed, job, reasons, scenario, starts


@pytest.mark.parametrize(("at", "begins"), [("0s", 0), ("59s", 59), ("60s", 180), ("179s", 180), ("180s", 180)])
def test_nothing_is_placed_within_a_stall(at, begins, simulate):
    stall = [fault("scheduler_stall", "60s", "2m")]
    assert starts(simulate(scenario(job("a", "10s", at=at), environments=[fixed()], faults=stall))) == {"a": begins}


def test_passes_resume_on_the_grid_of_the_cycle(simulate):
    stall = [fault("scheduler_stall", "60s", "2m")]
    story = scenario(job("a", at="70s"), environments=[fixed()], faults=stall, world={"scheduler_cycle": "7s"})
    assert starts(simulate(story)) == {"a": 182}


def test_stalls_that_overlap_or_follow_are_one(simulate):
    stalls = [fault("scheduler_stall", "60s", "2m"), fault("scheduler_stall", "150s", "1m"),
              fault("scheduler_stall", "210s", "30s")]  # fmt: skip
    result = simulate(scenario(job("a", at="70s"), environments=[fixed()], faults=stalls))
    assert starts(result) == {"a": 240}
    assert struck(result, "pass_delayed") == [(70, "faults[0]"), (70, "faults[1]"), (70, "faults[2]")]


def test_what_runs_runs_on_and_what_waits_waits_for_a_pass(simulate):
    stall = [fault("scheduler_stall", "60s", "2m")]
    story = scenario(job("a", "90s"), job("b", "10s", at="1s"), environments=[fixed()], faults=stall)
    result = simulate(story)
    assert starts(result) == {"a": 0, "b": 180}
    assert result.jobs["ended_at_s"].tolist() == [90, 190]


def test_a_run_does_not_end_in_a_stall_while_jobs_wait(simulate):
    stall = [fault("scheduler_stall", "0s", "1h")]
    result = simulate(scenario(job("a", "10s"), environments=[on_demand()], faults=stall))
    assert (result.horizon_s, result.summary()["ended_by"]) == (3610, "drained")
    assert reasons(result)[0][1] == "scheduler_cycle"


def test_a_stall_needs_an_end():
    from batchsim import ScenarioError

    with pytest.raises(ScenarioError, match=r"faults\[0\]\.for: missing key"):
        scenario(job("a"), faults=[fault("scheduler_stall", "60s")])
