"""A window of ends, worked off in columns: hundreds of attempts end and start by a few dozen operations of numpy.

Where it is calm (``engine/calm.py``), and the jobs next in line are equal, each instance goes its own way: what starts
on it when hangs on what ends on it alone, for no other has room. As long as no job that starts in a window ends before
its last pass, all its ends are known beforehand; sums of what they free, instance by instance, say how many jobs start
there in each pass; and the jobs of the line are dealt out to the passes in their order, within a pass to the best fit
first. How far that goes is guessed, and looked at when it is known what starts when.

A window stops short of whatever is out of the ordinary: an attempt that does not succeed, the last job of a call, an
instance without a job left, the end of the run of equal jobs, the next event of SimPy's heap. From there the loop goes
on that takes one end after the other (``engine/turnover.py``): it is the plain twin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.columns import taken, written
from batchsim.engine.courses import Courses
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ends import KEY_BITS, TURN_MASK
from batchsim.engine.handover import Handover
from batchsim.engine.images import ImageCache
from batchsim.engine.instance_table import CLOSED
from batchsim.engine.kernel import Kernel
from batchsim.engine.many_starts import ManyStarts
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED
from batchsim.engine.workload.progress import SPEED_1
from batchsim.records.tables import NEVER, Bools, Ints
from batchsim.records.vocabulary import JobState, Outcome

LEAST = 32
"""Windows of fewer ends cost more than the loop."""


@dataclass(slots=True)
class Ended:
    """The ends of a window in order. Shape of each column: (ends,)."""

    place: Ints
    """Among all keys: between them stand those of attempts that were interrupted."""
    at_ms: Ints
    row: Ints
    host: Ints
    job: Ints
    submission: Ints
    vcpus: Ints
    memory_mib: Ints

    def first(self, count: int) -> Ended:
        """Return the first ones."""
        return Ended(*(getattr(self, name)[:count] for name in self.__slots__))


@dataclass(slots=True)
class Started:
    """What starts in a window, by pass and instance, in order. Shape of each column: (groups,)."""

    at_ms: Ints
    host: Ints
    jobs: Ints


class Window:
    """Works off windows for the head of a :class:`Handover`."""

    def __init__(
        self,
        kernel: Kernel,
        tables: Tables,
        images: ImageCache,
        dependencies: Dependencies,
        handover: Handover,
        courses: Courses,
        starts: ManyStarts,
        cycle_ms: int,
    ) -> None:
        self._kernel = kernel
        self._tables = tables
        self._images = images
        self._dependencies = dependencies
        self._handover = handover
        self._courses = courses
        self._starts = starts
        self._cycle_ms = cycle_ms

    def is_worth_a_look(self, before: int) -> bool:
        """Whether enough ends come before a key."""
        return self._kernel.ends.has_before(before, LEAST)

    def work_off(self, until: int) -> tuple[int, int, list[int]]:
        """Work off ends of the present day below a key: (how many, the clock behind them, the instances concerned).

        (0, NEVER, []) where there are too few, or it cannot be.
        """
        nothing, ends = (0, NEVER, list[int]()), self._kernel.ends
        keys = ends.gather()
        keys = keys[: min(int(np.searchsorted(keys, min(until, _LAST))), MOST)]
        if len(keys) <= LEAST:
            return nothing
        low = self._handover.low
        startable = self._starts.startable(low, min(self._handover.high, low + 4 * len(keys)))
        if not len(startable):
            return nothing
        at_ms = (ends.base >> KEY_BITS) + (keys >> KEY_BITS)
        known = _guess(at_ms, startable)
        if known <= LEAST:
            return nothing
        ended, total = self._ends(keys[: known + 1], at_ms[: known + 1])
        pass_at = self._pass_at(ended.at_ms)
        whole = np.flatnonzero(pass_at[:-1] < ended.at_ms[1:]) + 1
        count = _whole_passes(whole, total)
        while count >= LEAST:
            now = ended.first(count)
            by_host = _ByHost(now, pass_at[:count], self._handover, self._tables)
            started = by_host.started()
            fewer = min(by_host.first_empty(), _foreseen(pass_at[:count], started, startable))
            if fewer >= count:
                return self._commit(now, started, by_host)
            count = _whole_passes(whole, fewer)
        return nothing

    def _pass_at(self, at_ms: Ints) -> Ints:
        """Return the instant of the pass that follows each end."""
        cycle = self._cycle_ms
        return -(-at_ms // cycle) * cycle if cycle else at_ms

    def _ends(self, keys: Ints, at_ms: Ints) -> tuple[Ended, int]:
        """Return ends by their keys, and how many of them are in order: those in front of what is not."""
        tables, first_ones = self._tables, _cut(len(keys), keys & 1 == 0)
        row = (keys[:first_ones] & TURN_MASK) >> 1
        table = tables.attempts
        place = np.flatnonzero(taken(table.ended_at, row) == NEVER)
        row, at_ms = row[place], at_ms[place]
        odd = taken(table.outcome, row) != Outcome.SUCCEEDED
        for each in self._told(row):
            odd[each] |= self._courses.open[int(row[each])].plan > 0
        assert self._handover.environment is not None
        odd |= taken(table.environment, row) != self._handover.environment.position
        job = taken(table.job, row)
        submission = taken(tables.jobs.submission, job)
        total = self._ordinary(odd, submission)
        shape = taken(tables.submissions.shape, submission)
        vcpus, memory_mib, gpus = tables.sizes()
        if gpus.any():
            total = _cut(total, gpus[shape] > 0)
        host = taken(table.instance, row)
        return Ended(place, at_ms, row, host, job, submission, vcpus[shape], memory_mib[shape]), total

    def _told(self, rows: Ints) -> list[int]:
        """Return the places of attempts whose course was written out."""
        known = self._courses.open
        return [place for place, row in enumerate(rows.tolist()) if row in known] if known else []

    def _ordinary(self, odd: Bools, submission: Ints) -> int:
        """Return how many ends come before one that is not ordinary, or the last of a call."""
        total = _cut(len(odd), odd)
        left, is_followed = self._tables.submissions.left, self._dependencies.is_followed
        for each, count in _counted(submission[:total]).items():
            if is_followed(each) or count >= left[each]:
                where = np.flatnonzero(submission[:total] == each)
                nth = 0 if is_followed(each) else left[each] - 1
                total = int(where[nth]) if nth < len(where) else total
        return total

    def _commit(self, ended: Ended, started: Started, by_host: _ByHost) -> tuple[int, int, list[int]]:
        """Let it all happen, if the image of the jobs is, or will be, where they start."""
        count, handover = len(ended.row), self._handover
        environment = handover.environment
        assert environment is not None
        pulled = self._pulled(started)
        if pulled is None:
            return 0, NEVER, []
        hosts = by_host.hosts.tolist()
        self._end(ended)
        by_host.take()
        jobs = int(started.jobs.sum())
        environment.held_vcpus += jobs * handover.vcpus - int(ended.vcpus.sum())
        if jobs:
            columns = (np.repeat(each, started.jobs) for each in (started.at_ms, started.host, pulled))
            self._starts.open(handover.low, environment.position, *columns)
            handover.move_on(jobs, int(started.at_ms[-1]))
        clock = max(int(ended.at_ms[-1]), int(started.at_ms[-1]) if jobs else 0)
        return count, clock, hosts

    def _pulled(self, started: Started) -> Ints | None:
        """Return when the image of the jobs is on each instance; None where it is to be pulled, or speeds differ."""
        handover, tables = self._handover, self._tables
        image = tables.submissions.image[tables.jobs.submission[handover.low]]
        found = self._images.pulled_on(image, started.host)
        if (found == NEVER).any() or (taken(tables.instances.speed_pico, started.host) != SPEED_1).any():
            return None
        return np.maximum(found, started.at_ms + self._images.hit_ms)

    def _end(self, ended: Ended) -> None:
        tables, jobs, ends = self._tables, self._tables.jobs, self._kernel.ends
        for place in self._told(ended.row):
            self._courses.close(int(ended.row[place]), int(ended.at_ms[place]), ran=True)
        written(tables.attempts.ended_at, ended.row, ended.at_ms)
        written(jobs.ended_at, ended.job, ended.at_ms)
        written(jobs.state, ended.job, int(JobState.SUCCEEDED))
        written(jobs.status_reason, ended.job, EXITED)
        written(jobs.attempt_row, ended.job, NEVER)
        for submission, count in _counted(ended.submission).items():
            tables.submissions.left[submission] -= count
        passed = int(ended.place[-1]) + 1
        ends.pending -= passed - len(ended.row)
        self._kernel.background -= passed - len(ended.row)
        del ends.due[len(ends.due) - passed :]


SHUT = 1 << 40
"""More vCPUs than any instance has."""
MOST = 1 << 16
"""Ends of one window at most, so that what it takes in memory has a bound."""
_LAST = (1 << 62) - 1


class _ByHost:
    """The ends of a window, instance by instance, and how many jobs start in each pass on each."""

    def __init__(self, ended: Ended, pass_at_ms: Ints, handover: Handover, tables: Tables) -> None:
        self._handover, self._instances = handover, tables.instances
        order = np.argsort(ended.host, kind="stable")
        host, pass_at = ended.host[order], pass_at_ms[order]
        self._order, self._pass_at = order, pass_at
        is_first = np.ones(len(host), dtype=np.bool_)
        is_first[1:] = host[1:] != host[:-1]
        is_last_of_pass = np.ones(len(host), dtype=np.bool_)
        is_last_of_pass[:-1] = is_first[1:] | (pass_at[1:] != pass_at[:-1])
        begins = np.flatnonzero(is_first)
        self.hosts = host[begins]
        """Each once."""
        self._number = np.cumsum(is_first) - 1
        """Which of them each end is on."""
        vcpus, memory_mib = self._free()
        self._vcpus = vcpus[self._number] + _sums(ended.vcpus[order], begins, self._number)
        self._memory_mib = memory_mib[self._number] + _sums(ended.memory_mib[order], begins, self._number)
        self._groups = np.flatnonzero(is_last_of_pass)
        self._group: Ints = np.cumsum(is_last_of_pass) - is_last_of_pass
        """The group of each end: all of one pass on one instance."""
        self._last = np.append(begins[1:], len(host)) - 1
        """The last end on each instance."""
        self._placed = self._place()
        self._before = self._placed_before()

    def _free(self) -> tuple[Ints, Ints]:
        """Free room of each instance; none on those that are closed to jobs."""
        instances, environment = self._instances, self._handover.environment
        assert environment is not None
        rows = self.hosts.tolist() if environment.closed else []
        vcpus = taken(instances.free_vcpus, self.hosts)
        if environment.closed:
            vcpus[[row in environment.closed for row in rows]] -= SHUT
        return vcpus, taken(instances.free_mib, self.hosts)

    def _place(self) -> Ints:
        """Jobs that were started on the instance by the end of each group's pass."""
        at, handover = self._groups, self._handover
        room = np.minimum(self._vcpus[at] // handover.vcpus, self._memory_mib[at] // handover.memory_mib)
        return np.asarray(np.maximum(room, 0))

    def _placed_before(self) -> Ints:
        """Jobs that were started on the instance before each group's pass."""
        before = np.zeros_like(self._placed)
        before[1:] = self._placed[:-1]
        number = self._number[self._groups]
        before[1:][number[1:] != number[:-1]] = 0
        return before

    def started(self) -> Started:
        """Return what starts, in order of the passes, within a pass the best fit first."""
        before, at, handover = self._before, self._groups, self._handover
        jobs = self._placed - before
        some = np.flatnonzero(jobs)
        at, before, jobs = at[some], before[some], jobs[some]
        host, pass_at = self.hosts[self._number[at]], self._pass_at[at]
        vcpus = self._vcpus[at] - before * handover.vcpus
        memory_mib = self._memory_mib[at] - before * handover.memory_mib
        order = np.lexsort((host, memory_mib, vcpus, pass_at))
        return Started(pass_at[order], host[order], jobs[order])

    def first_empty(self) -> int:
        """Return the place in order of time of the first end that leaves no job on its instance."""
        environment = self._handover.environment
        assert environment is not None
        free = self._vcpus - self._before[self._group] * self._handover.vcpus
        whole = taken(self._instances.vcpus, self.hosts).astype(np.int64)[self._number]
        is_empty = free == whole
        if environment.closed or environment.draining:
            is_empty |= (free == whole - CLOSED) | (free == whole - SHUT)
        empty = self._order[is_empty]
        return int(empty.min()) if len(empty) else len(free)

    def take(self) -> None:
        """Let the room of each instance be what is left of it."""
        instances, handover = self._instances, self._handover
        last = self._last
        placed = self._placed[self._group[last]]
        environment = handover.environment
        assert environment is not None
        vcpus = self._vcpus[last] - placed * handover.vcpus
        memory_mib = self._memory_mib[last] - placed * handover.memory_mib
        if environment.closed:
            vcpus[[row in environment.closed for row in self.hosts.tolist()]] += SHUT
        written(instances.free_vcpus, self.hosts, vcpus)
        written(instances.free_mib, self.hosts, memory_mib)


def _guess(at_ms: Ints, startable: Ints) -> int:
    """Guess how many ends come before a job ends that starts after one of them: as if each made way for one job."""
    some = min(len(at_ms), len(startable))
    ends_again = np.minimum.accumulate(at_ms[:some] + startable[:some])
    over = np.flatnonzero(at_ms[:some] >= ends_again)
    return int(over[0]) if len(over) else len(at_ms)


def _whole_passes(whole: Ints, count: int) -> int:
    """Return the most of the first ends that whole passes have: ``whole`` are all such numbers, in order."""
    below = int(np.searchsorted(whole, count, side="right"))
    return int(whole[below - 1]) if below else 0


def _foreseen(pass_at: Ints, started: Started, startable: Ints) -> int:
    """Return how many ends have their pass before a job ends that starts, and while there are jobs that may start."""
    jobs = np.cumsum(started.jobs)
    beyond = int(np.searchsorted(jobs, len(startable)))
    last = int(started.at_ms[beyond]) if beyond < len(jobs) else _LAST
    starts = np.repeat(started.at_ms, started.jobs)[: len(startable)]
    if len(starts):
        last = min(last, int((starts + startable[: len(starts)]).min()))
    return int(np.searchsorted(pass_at, last))


def _counted(numbers: Ints) -> dict[int, int]:
    """Return how often each number occurs; of those that lie close, as a window's calls do, without sorting."""
    if not len(numbers):
        return {}
    least, greatest = int(numbers.min()), int(numbers.max())
    if greatest - least > 4 * len(numbers):
        return dict(zip(*(each.tolist() for each in np.unique(numbers, return_counts=True)), strict=True))
    counts = np.bincount(numbers - least)
    some = np.flatnonzero(counts)
    return dict(zip((some + least).tolist(), counts[some].tolist(), strict=True))


def _sums(values: Ints, begins: Ints, number: Ints) -> NDArray[np.int64]:
    """Running sums that begin anew at each instance."""
    sums = np.cumsum(values, dtype=np.int64)
    return sums - (sums[begins] - values[begins])[number]


def _cut(total: int, odd: Bools) -> int:
    """Return how many of the first so many come before the first that is odd."""
    first = np.flatnonzero(odd[:total])
    return int(first[0]) if len(first) else total
