"""A FIFO queue of runs in heaps against the plainest twin there is: one sorted list of jobs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from batchsim.engine.job_queue import JobQueue, first_rows
from batchsim.engine.laned_queue import LanedQueue, Walk
from batchsim.engine.plan import QueuePlan
from batchsim.engine.tables import Tables
from batchsim.policies.ordering import fifo_key, retry_key
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import JobState

ARRAYS = (1, 1, 2, 3, 5, 8, 13, 40)
"""Jobs of each submission; shapes alternate."""


def tables(sizes: tuple[int, ...] = ARRAYS) -> Tables:
    """Tables that hold one submission of each size, on one queue."""
    made = Tables()
    for number, size in enumerate(sizes):
        made.submissions.extend(number, len(made.jobs), 1, size, size > 1, 0)
        made.submissions.shape[number] = number % 2
        rows, nothing = np.full(size, number), np.zeros(size, dtype=np.int64)
        made.jobs.extend(rows, np.arange(size), nothing, (nothing, nothing, nothing))
    return made


def fifo(made: Tables) -> JobQueue:
    return JobQueue(0, QueuePlan("queue", 1, True, (0,)), made)


def laned(made: Tables) -> LanedQueue:
    return LanedQueue(0, QueuePlan("queue", 1, True, (0,)), made, made.shape_code, "all")


def release(queue: JobQueue, made: Tables, rows: range, created_ms: int = 0) -> None:
    """Let neighbouring jobs of one submission become RUNNABLE."""
    made.jobs.set_runnable(rows.start, rows.stop, created_ms)
    queue.push((created_ms, 0, rows.start), rows.stop)


def drained(queue: JobQueue) -> list[int]:
    """Take all jobs, head by head."""
    rows: list[int] = []
    while (head := queue.head()) is not None:
        rows.extend(range(*head))
        queue.take(head[1] - head[0])
    return rows


class SortedList(RuleBasedStateMachine):
    """Whatever is done to a queue, its jobs stand as in a sorted list of (retried last?, key)."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = tables()
        self.queue = fifo(self.tables)
        self.now = 0
        self.unborn = list(range(len(ARRAYS)))
        self.line: list[tuple[bool, tuple[int, int, int]]] = []
        self.running: list[int] = []

    def rows(self) -> list[int]:
        return [key[2] for _, key in sorted(self.line)]

    def leave(self, row: int) -> None:
        self.line = [place for place in self.line if place[1][2] != row]

    @rule(ms=st.integers(0, 3))
    def time_passes(self, ms: int) -> None:
        self.now += ms

    @precondition(lambda self: self.unborn)
    @rule(data=st.data(), late=st.integers(0, 4))
    def a_submission_is_released(self, data: st.DataObject, late: int) -> None:
        submission = self.unborn.pop(data.draw(st.integers(0, len(self.unborn) - 1)))
        jobs, created = self.tables.submissions.jobs_of(submission), max(0, self.now - late)
        release(self.queue, self.tables, jobs, created)
        self.line += [(True, fifo_key("submitted", created, self.now, row)) for row in jobs]

    @precondition(lambda self: self.line)
    @rule(most=st.integers(1, 20))
    def the_head_starts(self, most: int) -> None:
        low, high = self.queue.head() or (0, 0)
        count = min(most, high - low)
        self.queue.take(count)
        for row in range(low, low + count):
            self.tables.jobs.state[row] = JobState.STARTING
            self.tables.jobs.waiting_since[row] = NEVER
            self.leave(row)
            self.running.append(row)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), position=st.sampled_from(["front", "original", "back"]))
    def a_job_is_retried(self, data: st.DataObject, position: str) -> None:
        row = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        self.tables.jobs.state[row] = JobState.RUNNABLE
        self.tables.jobs.waiting_since[row] = self.now
        _, key = retry_key(position, (self.tables.jobs.runnable_at[row], 0, row), self.now)
        if position == "front":
            self.queue.push_front(key)
        else:
            self.queue.push(key, row + 1)
        self.line.append((position != "front", key))

    @precondition(lambda self: self.line)
    @rule(data=st.data(), count=st.integers(1, 12))
    def neighbours_are_cancelled(self, data: st.DataObject, count: int) -> None:
        first = data.draw(st.integers(0, len(self.line) - 1))
        for row in self.rows()[first : first + count]:
            self.queue.cancel(row)
            self.tables.jobs.state[row] = JobState.FAILED
            self.leave(row)

    @invariant()
    def the_head_is_the_first_of_the_line(self) -> None:
        head, rows = self.queue.head(), self.rows()
        assert (head is None) == (not rows)
        if head is not None:
            assert list(range(*head)) == rows[: head[1] - head[0]]

    @invariant()
    def the_line_reads_as_the_sorted_list(self) -> None:
        rows = self.rows()
        assert [row for run in self.queue.in_order() for row in range(*run)] == rows

    @invariant()
    def the_counters_count_who_waits(self) -> None:
        rows = self.rows()
        assert self.queue.waiting == len(rows)
        assert +self.queue.by_shape == Counter(self.tables.shape_code(row) for row in rows)


TestAQueueIsASortedList = SortedList.TestCase


class Laned(SortedList):
    """The same of a queue by lanes, whose line is also walked past jobs that wait."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = laned(self.tables)

    @precondition(lambda self: self.line)
    @rule(data=st.data())
    def some_start_past_others(self, data: st.DataObject) -> None:
        walk, seen, closed = Walk(self.queue), list[int](), set[object]()
        while (run := walk.next()) is not None:
            seen += range(*run)
            skipped = data.draw(st.integers(0, run[1] - run[0]))
            taken = data.draw(st.integers(0, run[1] - run[0] - skipped))
            low = run[0] + skipped
            walk.keep(run[0], low)
            if taken:
                self.queue.started(low, taken)
            walk.keep(low + taken, run[1])
            for row in range(low, low + taken):
                self.tables.jobs.state[row] = JobState.STARTING
                self.running.append(row)
            if data.draw(st.integers(0, 3)) == 0:
                closed.add(walk.lane)
                walk.close()
        walk.end()
        assert seen == [row for row in self.rows() if row in seen], "in the order of the line"
        assert all(row in seen or self.tables.shape_code(row) in closed for row in self.rows())
        for row in self.running:
            self.leave(row)


TestAQueueByLanesIsASortedListToo = Laned.TestCase


def test_an_array_is_one_run_however_large() -> None:
    made = tables((10_000,))
    queue = fifo(made)
    release(queue, made, range(10_000))
    assert (queue.head(), queue.waiting, len(queue.runs)) == ((0, 10_000), 10_000, 1)


def test_a_retried_job_goes_before_all_that_were_not() -> None:
    made = tables((3, 3))
    queue = fifo(made)
    release(queue, made, range(3), created_ms=5)
    queue.take(1)
    release(queue, made, range(3, 6), created_ms=1)
    queue.push_front((5, 0, 0))
    assert drained(queue) == [0, 3, 4, 5, 1, 2]


def test_retried_jobs_stand_among_themselves_by_their_key() -> None:
    made = tables((4,))
    queue = fifo(made)
    release(queue, made, range(4))
    queue.take(3)
    for row in (2, 0, 1):
        queue.push_front((0, 0, row))
    assert drained(queue) == [0, 1, 2, 3]


def test_a_cancelled_job_leaves_a_hole_and_no_trace() -> None:
    made = tables((5,))
    queue = fifo(made)
    release(queue, made, range(5))
    for row in (0, 2, 3):
        queue.cancel(row)
        made.jobs.state[row] = JobState.FAILED
    assert (queue.waiting, list(queue.in_order()), drained(queue), queue.holes) == (2, [(1, 2), (4, 5)], [1, 4], [])


def test_every_change_of_the_line_touches_the_queue() -> None:
    made = tables((3,))
    queue = fifo(made)
    for change in (lambda: release(queue, made, range(3)), lambda: queue.take(1), lambda: queue.cancel(1)):
        queue.touched = False
        change()
        assert queue.touched


@pytest.mark.parametrize("most", [1, 3, 100])
def test_the_front_of_the_queue_is_at_most_as_long_as_asked(most: int) -> None:
    made = tables((2, 2, 2))
    queue = fifo(made)
    for first in (0, 2, 4):
        release(queue, made, range(first, first + 2))
    assert first_rows(queue, most) == list(range(6))[:most]


def test_many_cancelled_jobs_do_not_hide_who_waits_behind_them() -> None:
    made = tables((1,) * 20)
    queue = fifo(made)
    for row in range(20):
        release(queue, made, range(row, row + 1))
    for row in range(1, 15):
        queue.cancel(row)
        made.jobs.state[row] = JobState.FAILED
    assert first_rows(queue, 5) == [0, 15, 16, 17, 18]
