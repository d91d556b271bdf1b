"""Queue ordering: who stands where in a FIFO queue, and which queue is served first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.policies.ordering import (
    WaitingJob,
    WaitingQueue,
    by_priority,
    fifo,
    fifo_key,
    retry_key,
    serving_order,
)


def back_key(now: int, row: int) -> tuple[int, int, int]:
    """The place of a job that goes to the back of the line."""
    in_front, key = retry_key("back", (0, 0, row), now)
    assert not in_front
    return key


def test_by_submission_the_earlier_call_comes_first_whenever_it_became_runnable() -> None:
    early, late = fifo_key("submitted", 10, 900, 7), fifo_key("submitted", 20, 20, 3)
    assert early < late


def test_by_runnable_the_first_to_become_so_comes_first() -> None:
    early, late = fifo_key("runnable", 10, 900, 7), fifo_key("runnable", 20, 20, 3)
    assert late < early


def test_by_runnable_equal_instants_go_by_submission_then_by_row() -> None:
    keys = [fifo_key("runnable", 5, 30, 9), fifo_key("runnable", 6, 30, 2), fifo_key("runnable", 6, 30, 4)]
    assert keys == sorted(keys)


def test_calls_of_one_instant_stand_in_the_order_of_the_file() -> None:
    assert fifo_key("submitted", 10, 10, 3) < fifo_key("submitted", 10, 10, 4)


@given(st.sampled_from(["submitted", "runnable"]), st.integers(0, 100), st.integers(1, 100), st.integers(0, 100))
def test_at_the_back_a_retried_job_stands_behind_all_who_wait(order: str, created: int, later: int, row: int) -> None:
    now = created + later
    assert max(fifo_key(order, created, now - 1, other) for other in range(200)) < back_key(now, row)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_at_the_back_it_stands_as_if_runnable_for_the_first_time_at_that_instant(
    created: int, other: int, row: int, neighbour: int
) -> None:
    _, retried = retry_key("back", fifo_key("runnable", created, 150, row), 200)
    assert retried == fifo_key("runnable", created, 200, row)
    assert (retried < fifo_key("runnable", other, 200, neighbour)) == ((created, row) < (other, neighbour))


@given(st.integers(0, 100), st.integers(0, 100))
def test_at_the_back_by_submission_it_stands_as_if_submitted_at_that_instant(created: int, row: int) -> None:
    _, retried = retry_key("back", fifo_key("submitted", created, 150, row), 200)
    assert retried == fifo_key("submitted", 200, 200, row)


def test_at_the_back_a_retried_job_stands_before_those_yet_to_come() -> None:
    assert back_key(10, 999) < fifo_key("submitted", 11, 11, 0)
    assert back_key(10, 999) < fifo_key("runnable", 11, 11, 0)


def test_every_key_ends_in_the_row_so_that_no_two_are_equal() -> None:
    keys = [fifo_key("submitted", 1, 2, 7), fifo_key("runnable", 1, 2, 7), back_key(2, 7)]
    assert [key[-1] for key in keys] == [7, 7, 7]


def test_queues_are_served_by_priority_then_by_their_place_in_the_file() -> None:
    assert serving_order([1, 100, 50, 100, 0]) == [1, 3, 2, 0, 4]
    assert serving_order([5, 5, 5]) == [0, 1, 2]
    assert serving_order([]) == []


# -- the same as policies


def waiting(**facts: Any) -> WaitingJob:
    """A job submitted at 10 ms, RUNNABLE at 30 and again at 70."""
    size = {"vcpus": 1.0, "memory_mib": 1024, "gpus": 0, "timeout_s": None}
    life = {"attempts": 0, "created_at_ms": 10, "first_runnable_at_ms": 30, "runnable_at_ms": 70}
    return WaitingJob("entry", "queue", "definition:1", **size, **{**life, **facts})


@pytest.mark.parametrize("order", ["submitted", "runnable"])
@pytest.mark.parametrize("position", ["front", "original", "back"])
@pytest.mark.parametrize("attempts", [(0, 0), (0, 2), (1, 0), (1, 2)])
@given(first=st.tuples(*[st.integers(0, 3)] * 3), second=st.tuples(*[st.integers(0, 3)] * 3))
def test_the_policy_puts_any_two_jobs_in_the_order_of_the_engines_keys(
    order, position, attempts, first, second
) -> None:
    def both(row: int, retries: int, instants: tuple[int, int, int]) -> tuple[Any, Any]:
        created, runnable, again = instants[0], sum(instants[:2]), sum(instants)
        job = waiting(attempts=retries, created_at_ms=created, first_runnable_at_ms=runnable, runnable_at_ms=again)
        own = fifo_key(order, created, runnable, row)
        in_front, place = retry_key(position, own, again) if retries else (False, own)
        key = fifo(order, position)(job)
        return (*key, row), (not in_front, *place)

    pairs = [
        both(row, retries, instants)
        for row, (retries, instants) in enumerate(zip(attempts, (first, second), strict=True))
    ]
    (policy, engine), (other_policy, other_engine) = pairs
    assert (policy < other_policy) == (engine < other_engine)


def test_by_default_the_policy_is_by_submission_and_retried_jobs_go_first() -> None:
    assert fifo()(waiting(attempts=1)) < fifo()(waiting()) < fifo()(waiting(created_at_ms=11, first_runnable_at_ms=11))
    assert fifo("runnable", "original")(waiting(attempts=1)) == fifo("runnable", "original")(waiting())


def test_queues_are_served_by_priority_then_as_in_the_file() -> None:
    queues = tuple(
        WaitingQueue(at, name, priority, 0, None)
        for at, (name, priority) in enumerate(zip("abc", (1, 5, 5), strict=True))
    )
    assert [each.name for each in by_priority(queues)] == ["b", "c", "a"]
