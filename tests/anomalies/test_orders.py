"""What may not be assumed of the order in which jobs start."""

from __future__ import annotations

import pytest
from scenario_builder import attempts_of, column, starts


def test_small_jobs_that_pass_a_large_head_delay_it(shown):
    strict, skip = shown("large_head"), shown("large_head", {"world.head_of_line": "skip"})
    assert (starts(strict)["large"], starts(skip)["large"]) == (60, 360)
    assert strict.jobs["wait_s"].mean() > skip.jobs["wait_s"].mean()  # which is why it is tempting


def test_a_job_of_low_priority_that_comes_later_can_start_first(shown):
    result = shown("high_priority")
    submitted, started = column(result, "created_at_s"), starts(result)
    assert (submitted["urgent"], submitted["later"]) == (10, 20)
    assert (started["urgent"], started["later"]) == (120, 20)


@pytest.mark.parametrize(
    ("first", "attempt", "at_s", "what"),
    [
        pytest.param("load", 1, 85, "starting_at_s", id="it waits for another"),
        pytest.param("flaky", 2, 95, "starting_at_s", id="it is tried again"),
        pytest.param("pulled", 1, 45, "running_at_s", id="its image is pulled"),
    ],
)
def test_of_one_fifo_queue_a_job_can_start_before_those_submitted_before_it(shown, first, attempt, at_s, what):
    result = shown("fifo_starts")
    submitted = column(result, "created_at_s")
    assert submitted[first] < submitted["cached"]
    assert getattr(attempts_of(result, first)[attempt - 1], what) == at_s
    assert getattr(attempts_of(result, "cached")[0], what) == 30


def test_shares_of_equal_weight_are_not_equal_at_every_instant(shown):
    attempts = shown("equal_shares").attempts
    held = [attempts[attempts["starting_at_s"] == at]["job_id"].str.startswith("red").sum() for at in (0, 60, 120, 180)]
    assert held == [2, 0, 3, 1]  # of three slots, minute by minute
    assert sum(held) == 6  # and in the end half of them


def test_the_last_come_first_served_wait_as_long_on_average_as_the_first(shown):
    first = shown("last_come_first_served").jobs["wait_s"]
    last = shown("last_come_first_served", policies={"ordering": lambda job: -job.created_at_ms}).jobs["wait_s"]
    assert first.sum() == pytest.approx(last.sum(), abs=1e-6)  # to the millisecond: equal runs, so equal starts
    assert last.quantile(0.99) > 2 * first.quantile(0.99)
    assert last.max() > 4 * first.max()
