"""Turnaround is the exact sum of its parts, whatever happened to the job."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batchsim.analysis.parts import PART_NAMES, Parts, job_parts, parts_check
from batchsim.analysis.phases import attempt_phases
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import JobState, Outcome
from tests.analysis.builders import NEVER_S, Row, attempt, call, job, ms, run

REASONS = {"status_reasons": ("", "Essential container in task exited", "cancelled by hand")}


def parts_of(records: Records) -> Parts:
    return job_parts(records, attempt_phases(records))


def seconds(records: Records) -> dict[str, float]:
    """The non-zero parts of the only job; they are checked to add up."""
    parts = parts_of(records)
    assert parts_check(records, parts) == []
    return {name: int(getattr(parts, name)[0]) / 1000 for name in PART_NAMES if getattr(parts, name)[0]}


def one(ended: float = NEVER_S, *attempts: Row, created: float = 0, **row: object) -> Records:
    row = {"ended_at_ms": ms(ended), "attempts": len(attempts), "runnable_at_ms": ms(created), **row}
    return run(
        calls=[call(created_at_ms=ms(created))], jobs=[job(**row)], attempts=list(attempts), horizon=1000, texts=REASONS
    )


def test_a_job_that_was_throttled_waited_pulled_and_ran() -> None:
    row = attempt(30, 100, pull=7, boot=3, runnable_at_ms=12_000) | {"pull_at_ms": 31_000}
    records = one(100, row, created=5, runnable_at_ms=12_000)
    assert seconds(records) == {
        "throttled": 5, "dependency": 7, "wait": 18, "provisioning": 1, "image_pull": 6, "container_start": 3,
        "last_running": 60,
    }  # fmt: skip


def test_a_retried_job_has_earlier_running_and_a_retry_delay() -> None:
    first = attempt(10, 40, outcome=Outcome.FAILED)
    second = attempt(60, 90, attempt=2, runnable_at_ms=45_000)
    assert seconds(one(90, first, second)) == {
        "wait": 25, "retry_delay": 5, "earlier_running": 30, "last_running": 30,
    }  # fmt: skip


def test_attempts_of_many_jobs_may_be_interleaved() -> None:
    rows = [attempt(0, 10, job=0), attempt(0, 5, job=1), attempt(5, 9, job=1, attempt=2, runnable_at_ms=5000)]
    rows += [attempt(20, 30, job=0, attempt=2, runnable_at_ms=12_000)]
    jobs = [job(ended_at_ms=30_000), job(submission=1, ended_at_ms=9000)]
    records = run(jobs=jobs, attempts=rows)
    assert parts_check(records, parts_of(records)) == []
    assert parts_of(records).retry_delay.tolist() == [2000, 0]


def test_a_job_that_a_dependency_failed_has_dependency_time_only() -> None:
    assert seconds(one(70, runnable_at_ms=NEVER)) == {"dependency": 70}


def test_a_job_cancelled_in_runnable_waited_to_its_end() -> None:
    assert seconds(one(70, created=10, waiting_since_ms=10_000)) == {"throttled": 10, "wait": 60}


def test_a_job_still_waiting_is_censored_at_the_horizon() -> None:
    assert seconds(one(waiting_since_ms=0)) == {"wait": 1000}


def test_a_job_still_running_is_censored_at_the_horizon() -> None:
    assert seconds(one(NEVER_S, attempt(100, boot=5))) == {"wait": 100, "container_start": 5, "last_running": 895}


def test_a_job_that_waits_again_after_a_failure() -> None:
    row = attempt(10, 50, outcome=Outcome.FAILED)
    assert seconds(one(NEVER_S, row, waiting_since_ms=53_000)) == {"wait": 957, "retry_delay": 3, "last_running": 40}


def test_a_job_whose_retry_is_delayed_past_the_horizon() -> None:
    row = attempt(10, 990, outcome=Outcome.FAILED)
    assert seconds(one(NEVER_S, row)) == {"wait": 10, "retry_delay": 10, "last_running": 980}


def test_a_job_cancelled_while_its_retry_was_delayed() -> None:
    row = attempt(0, 50, outcome=Outcome.FAILED)
    records = one(60, row, status_reason=2, state=JobState.FAILED)
    assert seconds(records) == {"retry_delay": 10, "last_running": 50}


def test_a_job_not_accepted_by_the_horizon_is_throttled_all_along() -> None:
    records = run(calls=[call(due_at_ms=400_000, created_at_ms=NEVER)], jobs=[job(runnable_at_ms=NEVER)], horizon=1000)
    assert seconds(records) == {"throttled": 600}


@pytest.mark.parametrize("due_at_ms", [NEVER, 2_000_000])
def test_a_job_not_yet_due_has_no_parts(due_at_ms: int) -> None:
    records = run(
        calls=[call(due_at_ms=due_at_ms, created_at_ms=NEVER)], jobs=[job(runnable_at_ms=NEVER)], horizon=1000
    )
    assert seconds(records) == {}


def test_a_pull_cut_short_leaves_nothing_out() -> None:
    row = attempt(10, 15, outcome=Outcome.RECLAIMED) | {"pulled_at_ms": 15_000, "running_at_ms": NEVER}
    assert seconds(one(15, row)) == {"wait": 10, "image_pull": 5}


@pytest.mark.parametrize("name", PART_NAMES)
def test_a_planted_millisecond_turns_the_sum_red(name: str) -> None:
    records = one(100, attempt(30, 100, pull=7, boot=3))
    parts = parts_of(records)
    planted = replace(parts, **{name: getattr(parts, name) + 1})
    assert parts_check(records, planted) == ["job 0: parts sum to 100001 ms, should be 100000 ms"]


@pytest.mark.parametrize(
    ("table", "column"), [("jobs", "ended_at_ms"), ("attempts", "ended_at_ms"), ("jobs", "runnable_at_ms")]
)
def test_a_millisecond_planted_in_the_records_turns_the_sum_red(table: str, column: str) -> None:
    records = one(100, attempt(30, 100, pull=7, boot=3))
    getattr(getattr(records, table), column)[0] += 1
    assert parts_check(records, parts_of(records)) != []
