"""Every change of state that the records imply, once, in time order, each job's own in theirs."""

from __future__ import annotations

import numpy as np
from analysis.builders import attempt, call, head, instance, job, ms, run

from batchsim.formats.state_changes import state_changes
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import JobState, Outcome, WaitReason

Line = tuple[float, int, str]


def lines(records: Records, *, parents: bool = False) -> list[Line]:
    """(second, row, state) of each change; of jobs only, or of array parents only."""
    found = state_changes(records)
    chosen = np.flatnonzero(found.parent == parents)
    names = [JobState(code).text for code in found.state[chosen].tolist()]  # type: ignore[call-arg]
    return list(zip((found.at_ms[chosen] / 1000).tolist(), found.row[chosen].tolist(), names, strict=True))


def states(records: Records, row: int = 0) -> list[str]:
    return [state for _, job_row, state in lines(records) if job_row == row]


def test_a_job_goes_through_its_states() -> None:
    assert lines(run(attempts=[attempt(5, 60, boot=10)], instances=[instance()])) == [
        (0, 0, "RUNNABLE"),
        (5, 0, "STARTING"),
        (15, 0, "RUNNING"),
        (60, 0, "SUCCEEDED"),
    ]


def test_a_retry_is_runnable_again() -> None:
    tries = [attempt(5, 20, outcome=Outcome.FAILED), attempt(30, 60, attempt=2, runnable_at_ms=ms(20))]
    records = run(attempts=tries, jobs=[job(attempts=2, ended_at_ms=ms(60))], calls=[call()], instances=[instance()])
    assert states(records) == ["RUNNABLE", "STARTING", "RUNNING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def test_an_attempt_that_never_ran_has_no_running() -> None:
    tries = [attempt(5, 20, outcome=Outcome.START_FAILED, running_at_ms=NEVER)]
    jobs = [job(state=JobState.FAILED, ended_at_ms=ms(20))]
    assert states(run(attempts=tries, jobs=jobs, instances=[instance()])) == ["RUNNABLE", "STARTING", "FAILED"]


def test_a_job_that_waits_for_another_is_pending_first() -> None:
    records = run(jobs=[job(runnable_at_ms=ms(9), waiting_since_ms=ms(9), state=JobState.RUNNABLE, attempts=0)])
    assert lines(records) == [(0, 0, "PENDING"), (9, 0, "RUNNABLE")]


def test_a_job_that_a_dependency_failed_was_never_runnable() -> None:
    records = run(jobs=[job(runnable_at_ms=NEVER, ended_at_ms=ms(9), state=JobState.FAILED, attempts=0)])
    assert states(records) == ["PENDING", "FAILED"]


def test_a_call_that_was_never_made_has_no_events() -> None:
    never = call(created_at_ms=NEVER, due_at_ms=NEVER, state=JobState.NOT_SUBMITTED)
    records = run(calls=[never], jobs=[job(state=JobState.NOT_SUBMITTED, runnable_at_ms=NEVER, attempts=0)])
    assert lines(records) == []


def test_within_one_instant_a_job_keeps_its_order() -> None:
    tries = [attempt(0, 1)]
    assert [state for _, _, state in lines(run(attempts=tries, instances=[instance()]))] == [
        "RUNNABLE",
        "STARTING",
        "RUNNING",
        "SUCCEEDED",
    ]


def test_what_ends_comes_before_what_it_lets_run() -> None:
    tries = [attempt(10, 20, job=0, runnable_at_ms=ms(10)), attempt(0, 10, job=1)]
    jobs = [job(runnable_at_ms=ms(10), ended_at_ms=ms(20)), job(submission=1, ended_at_ms=ms(10))]
    found = [
        (row, state) for at, row, state in lines(run(attempts=tries, jobs=jobs, instances=[instance()])) if at == 10
    ]
    assert found[:2] == [(1, "SUCCEEDED"), (0, "RUNNABLE")]


def test_an_array_parent_stands_around_its_children() -> None:
    parent = call(size=2, is_array=True, ended_at_ms=ms(60))
    tries = [attempt(5, 60, job=0), attempt(5, 60, job=1)]
    jobs = [job(array_index=index, ended_at_ms=ms(60)) for index in range(2)]
    records = run(calls=[parent], jobs=jobs, attempts=tries, instances=[instance()])
    assert lines(records, parents=True) == [(0, 0, "PENDING"), (60, 0, "SUCCEEDED")]
    found = state_changes(records)
    assert found.parent.tolist()[0]
    assert found.parent.tolist()[-1]


def test_time_never_goes_back() -> None:
    from report.runs import forty_jobs

    assert np.all(np.diff(state_changes(forty_jobs()).at_ms) >= 0)


def test_the_timeline_plays_no_part() -> None:
    tries, hosts = [attempt(5, 60)], [instance()]
    with_head = run(attempts=tries, instances=hosts, timeline=[head(0, WaitReason.MAX_VCPUS)])
    assert lines(with_head) == lines(run(attempts=tries, instances=hosts))
