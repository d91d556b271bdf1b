"""Why jobs waited: at the head and behind it, against a walk along the timeline one wait at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.analysis.waits import Waits, wait_reasons, waits, waits_check
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import EndedBy, JobState, Outcome, WaitReason
from tests.analysis.builders import Row, attempt, call, head, job, run

CYCLE, BOOT, FULL = WaitReason.SCHEDULER_CYCLE, WaitReason.INSTANCE_BOOTING, WaitReason.MAX_VCPUS
EMPTY = WaitReason.EMPTY


def found(records: Records, row: int) -> dict[str, float]:
    """Seconds by reason of one job, those behind the head marked."""
    reasons = wait_reasons(records, waits(records))
    assert waits_check(waits(records), reasons) == []
    shown = {}
    for column, reason in enumerate(reasons.reasons):
        shown |= {reason.text: int(reasons.at_head[row, column]) / 1000}
        shown |= {f"{reason.text} (behind)": int(reasons.behind[row, column]) / 1000}
    return {name: value for name, value in shown.items() if value}


def test_a_wait_is_cut_by_the_timelines_rows() -> None:
    line = [head(0, CYCLE), head(1, BOOT), head(40, FULL), head(100, EMPTY)]
    records = run(attempts=[attempt(100, 200)], timeline=line)
    assert found(records, 0) == {"scheduler_cycle": 1, "instance_booting": 39, "max_vcpus": 60}


def test_a_job_behind_the_head_inherits_its_reason() -> None:
    line = [head(0, BOOT), head(60, FULL), head(90, EMPTY)]
    records = run(attempts=[attempt(50, 200), attempt(90, 200)], timeline=line)
    assert found(records, 1) == {"instance_booting (behind)": 50, "instance_booting": 10, "max_vcpus": 30}


def test_a_job_that_came_to_an_empty_queue_is_head_at_once() -> None:
    line = [head(0, BOOT), head(10, EMPTY), head(70, FULL), head(80, EMPTY)]
    records = run(attempts=[attempt(10, 200), attempt(80, 200, runnable_at_ms=70_000)], timeline=line)
    assert found(records, 1) == {"max_vcpus": 10}


def test_queues_have_timelines_of_their_own() -> None:
    line = [head(0, BOOT), head(0, FULL, queue=1), head(30, EMPTY), head(50, EMPTY, queue=1)]
    records = run(calls=[call(), call(queue=1)], attempts=[attempt(30, 60), attempt(50, 60)], timeline=line)
    assert found(records, 0) == {"instance_booting": 30}
    assert found(records, 1) == {"max_vcpus": 50}


def waiting(since: float, end: float | None = None, **row: object) -> Row:
    ended = NEVER if end is None else round(end * 1000)
    since_ms = round(since * 1000)
    state = JobState.RUNNABLE if end is None else JobState.FAILED
    return job(state=state, runnable_at_ms=since_ms, waiting_since_ms=since_ms, ended_at_ms=ended, attempts=0, **row)


def test_at_the_horizon_the_head_waits_at_the_head_and_the_others_behind() -> None:
    jobs = [waiting(0, submission=0), waiting(0, submission=1), waiting(0, submission=2)]
    line = [head(0, FULL, job=1)]
    records = run(jobs=jobs, timeline=line, horizon=100, ended_by=EndedBy.STUCK)
    assert [found(records, row) for row in range(3)] == [
        {"max_vcpus (behind)": 100}, {"max_vcpus": 100}, {"max_vcpus (behind)": 100},
    ]  # fmt: skip


def test_a_cancelled_head_hands_over_when_it_leaves() -> None:
    jobs = [waiting(0, 60, submission=0), job(submission=1, ended_at_ms=90_000)]
    records = run(jobs=jobs, attempts=[attempt(80, 90, job=1)], timeline=[head(0, FULL), head(80, EMPTY)])
    assert found(records, 1) == {"max_vcpus (behind)": 60, "max_vcpus": 20}


def test_a_job_cancelled_behind_the_head_hands_over_nothing() -> None:
    jobs = [job(submission=0, ended_at_ms=90_000), waiting(0, 60, submission=1)]
    records = run(jobs=jobs, attempts=[attempt(80, 90, job=0)], timeline=[head(0, FULL), head(80, EMPTY)])
    assert found(records, 0) == {"max_vcpus": 80}
    assert found(records, 1) == {"max_vcpus (behind)": 60}


def test_a_second_wait_of_a_retried_job_counts_too() -> None:
    rows = [attempt(10, 20, outcome=Outcome.FAILED), attempt(50, 60, attempt=2, runnable_at_ms=20_000)]
    line = [head(0, CYCLE), head(10, EMPTY), head(20, FULL), head(50, EMPTY)]
    records = run(jobs=[job(ended_at_ms=60_000, attempts=2)], attempts=rows, timeline=line)
    assert found(records, 0) == {"scheduler_cycle": 10, "max_vcpus": 30}


def test_a_wait_that_the_timeline_does_not_explain_turns_red() -> None:
    records = run(attempts=[attempt(100, 200)], timeline=[head(0, BOOT), head(60, EMPTY), head(61, FULL)])
    assert waits_check(waits(records), wait_reasons(records, waits(records))) == [
        "job 0: reasons account for 99000 ms, it waited 100000 ms"
    ]


def test_a_planted_millisecond_turns_red() -> None:
    records = run(attempts=[attempt(100, 200)], timeline=[head(0, BOOT)])
    reasons = wait_reasons(records, waits(records))
    assert waits_check(waits(records), reasons) == []
    assert waits_check(waits(records), replace(reasons, behind=reasons.behind + 1)) != []


def test_no_timeline_and_no_waits_are_fine() -> None:
    records = run()
    assert wait_reasons(records, waits(records)).reasons == ()


@st.composite
def fifo_runs(draw: st.DrawFn) -> Records:
    """Jobs of two queues that start in the order of the rows, and a random timeline for each queue."""
    count = draw(st.integers(1, 8))
    arrivals = sorted(draw(st.lists(st.integers(0, 50), min_size=count, max_size=count)))
    starts, now = [], 0
    for arrival in arrivals:
        now = max(now, arrival) + draw(st.integers(0, 20))
        starts.append(now)
    queues = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    calls = [call(queue=queue, created_at_ms=arrival) for queue, arrival in zip(queues, arrivals, strict=True)]
    rows = [
        attempt(0, 1) | {"runnable_at_ms": arrival, "starting_at_ms": start, "ended_at_ms": start + 5}
        for arrival, start in zip(arrivals, starts, strict=True)
    ]
    line = [head(0, BOOT), head(0, CYCLE, queue=1)]
    for at in sorted(draw(st.lists(st.integers(0, 120), max_size=8))):
        reason = draw(st.sampled_from([BOOT, FULL, CYCLE]))
        line.append(head(at / 1000, reason, queue=draw(st.integers(0, 1))))
    return run(calls=calls, attempts=rows, timeline=line)


def walk(records: Records, all_waits: Waits) -> Counter[tuple[int, int, bool]]:
    """Millisecond by millisecond: which reason each job has, and whether somebody is yet to leave before it."""
    line, result = records.timeline, Counter[tuple[int, int, bool]]()
    order = np.arange(len(all_waits.job))
    for wait in order:
        queue = all_waits.line[wait]
        for now in range(all_waits.start_ms[wait], all_waits.end_ms[wait]):
            rows = np.flatnonzero((line.queue == queue) & (line.at_ms <= now))
            before = (all_waits.line == queue) & (order < wait)
            behind = bool(np.any(before & (all_waits.end_ms > now)))
            result[int(all_waits.job[wait]), int(line.reason[rows[-1]]), behind] += 1
    return result


@given(fifo_runs())
def test_reasons_equal_a_walk_along_the_timeline(records: Records) -> None:
    all_waits = waits(records)
    reasons = wait_reasons(records, all_waits)
    assert waits_check(all_waits, reasons) == []
    for column, reason in enumerate(reasons.reasons):
        for row in range(len(records.jobs.state)):
            walked = walk(records, all_waits)
            assert reasons.at_head[row, column] == walked[row, reason, False]
            assert reasons.behind[row, column] == walked[row, reason, True]


@pytest.mark.parametrize("reason", [reason for reason in WaitReason if reason])
def test_every_reason_is_found(reason: WaitReason) -> None:
    records = run(attempts=[attempt(5, 9)], timeline=[head(0, reason), head(5, EMPTY)])
    assert found(records, 0) == {reason.text: 5}
