"""Calls that AWS Batch refuses, and what becomes of the jobs that wait for them.

https://docs.aws.amazon.com/batch/latest/userguide/job_queues.html (a disabled queue accepts no jobs)
https://docs.aws.amazon.com/batch/latest/userguide/job_dependencies.html
"""

from __future__ import annotations

import pytest
from scenario_builder import ends, environment, fixed, job, jobs_of, queue, scenario

DISABLED = {"at": "5s", "set": "jobQueues.side.state", "to": "DISABLED"}
N_TO_N = {"jobId": "late", "type": "N_TO_N"}


def refused(*work, at="10s", size=None, actions=(), **keys):
    """The call `late` comes when its queue is disabled."""
    late = job("late", at=at, on="side", size=size)
    places = {"environments": [fixed(4), environment("side")], "queues": [queue(), queue("side", "side")]}
    return scenario(*work, late, **{**places, "actions": [DISABLED, *actions], **keys})


def end_of(result, entry):
    row = jobs_of(result)[entry]
    return row.state, row.ended_at_s, row.reason


def test_what_waits_for_a_call_fails_when_it_is_refused(simulate):
    result = simulate(refused(job("a", needs=["late"]), job("b", needs=["a"]), job("free", "60s")))
    assert end_of(result, "a") == end_of(result, "b") == ("FAILED", 10, "Dependent Job failed")
    assert ends(result)["free"] == 60
    assert result.rejections.reason.tolist() == ["Job queue side is disabled"]


def test_so_do_all_children_that_wait_for_children_of_it(simulate):
    result = simulate(refused(job("a", size=3, needs=[N_TO_N]), size=3))
    assert {end_of(result, f"a:{child}") for child in range(3)} == {("FAILED", 10, "Dependent Job failed")}


def test_who_comes_after_the_refusal_names_a_job_that_does_not_exist_and_is_refused_too(simulate):
    result = simulate(refused(job("a", at="30s", needs=["late"])))
    assert jobs_of(result)["a"].state == "NOT_SUBMITTED"
    assert result.rejections[["job_id", "at_s"]].to_numpy().tolist() == [["late", 10], ["a", 30]]


@pytest.mark.parametrize(("delay", "end"), [("0s", 10), ("3s", 12), ("20s", 29)])
def test_or_when_its_dependencies_are_evaluated(delay, end, simulate):
    result = simulate(refused(job("a", at="9s", needs=["late"]), world={"dep_eval_delay": delay}))
    assert end_of(result, "a") == ("FAILED", end, "Dependent Job failed")


@pytest.mark.parametrize("needs", [["late"], [N_TO_N]])
def test_a_job_cancelled_before_ends_as_cancelled(needs, simulate):
    size = 2 if needs == [N_TO_N] else None
    cancel = {"at": "7s", "cancel": "a" if size is None else "a:1", "reason": "enough"}
    result = simulate(refused(job("a", size=size, needs=needs), size=size, actions=[cancel]))
    assert end_of(result, "a" if size is None else "a:1") == ("FAILED", 10, "enough")


def test_a_cancelled_child_of_a_sequence_waits_for_the_one_before_it_alone(simulate):
    cancel = {"at": "5s", "cancel": "a:2"}
    work = job("a", "10s", size=4, needs=[{"type": "SEQUENTIAL"}])
    result = simulate(scenario(work, environments=[fixed(4)], actions=[cancel]))
    assert ends(result) == {"a:0": 10, "a:1": 20, "a:2": 20, "a:3": 20}


def test_the_first_child_of_a_sequence_waits_for_nobody(simulate):
    cancel = {"at": "5s", "cancel": "a:0"}
    work = job("a", "10s", size=2, needs=["p", {"type": "SEQUENTIAL"}])
    result = simulate(scenario(job("p", "30s"), work, environments=[fixed(4)], actions=[cancel]))
    assert ends(result) == {"p": 30, "a:0": 30, "a:1": 30}
