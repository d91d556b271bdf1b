"""Priorities 100, 50 and 10 on one environment."""

from __future__ import annotations

import pandas as pd
import pytest
from scenarios.conftest import Shipped

from batchsim import Result

BY_PRIORITY = ["financial", "daily", "backfill"]


@pytest.fixture
def evening(shipped: Shipped) -> Result:
    return shipped("three_queues")


def by_queue(values: pd.Series, jobs: pd.DataFrame) -> dict[str, pd.Series]:
    return {queue: values[jobs.queue == queue] for queue in BY_PRIORITY}


def test_the_highest_drains_first_though_submitted_last(evening: Result) -> None:
    due = [each.min() for each in by_queue(evening.jobs.due_at_s, evening.jobs).values()]
    ends = [each.max() for each in by_queue(evening.jobs.ended_at_s, evening.jobs).values()]
    assert due == sorted(due, reverse=True)
    assert ends == sorted(ends)


def test_the_lowest_waits_longest_though_submitted_first(evening: Result) -> None:
    waits = [each.mean() for each in by_queue(evening.jobs.wait_s, evening.jobs).values()]
    assert waits == sorted(waits)


@pytest.mark.parametrize(("higher", "lower"), [("financial", ["daily", "backfill"]), ("daily", ["backfill"])])
def test_nothing_lower_starts_while_a_higher_queue_waits(evening: Result, higher: str, lower: list[str]) -> None:
    starts = by_queue(evening.attempts.starting_at_s, evening.attempts)
    first, last = evening.submissions.created_at_s[evening.submissions.queue == higher].min(), starts[higher].max()
    assert not any(starts[queue].between(first, last, inclusive="left").any() for queue in lower)


def test_what_runs_is_not_interrupted_for_a_higher_queue(evening: Result) -> None:
    arrival = evening.submissions.created_at_s[evening.submissions.queue == "financial"].min()
    lower = evening.attempts[evening.attempts.queue != "financial"]
    assert ((lower.running_at_s < arrival) & (lower.ended_at_s > arrival)).any()
    assert (evening.jobs.attempts == 1).all()


def test_a_lower_queue_learns_that_a_higher_one_kept_it_waiting(evening: Result) -> None:
    behind = by_queue(evening.jobs.wait_higher_queue_s, evening.jobs)
    assert behind["backfill"].mean() > behind["daily"].mean() > 0
    assert (behind["financial"] == 0).all()
