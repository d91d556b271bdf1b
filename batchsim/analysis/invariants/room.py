"""When an environment has an instance with room for a job: by instants, or by placements, which follow one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from batchsim.analysis.invariants.book import FAR, Book
from batchsim.analysis.invariants.bounds import enabled, valid, vcpu_bound
from batchsim.analysis.invariants.sweep import ascending, value_at
from batchsim.analysis.typed import MISSING, Bools, Int64s

SIZES = ("vcpus", "memory_mib", "gpus")
Shape = tuple[int, ...]
"""What a job asks for of each of them, in thousandths."""


@dataclass(frozen=True, slots=True, eq=False)
class Holds:
    """What the jobs on each instance of an environment held, after each event: it opened, or a job came or went."""

    host: Int64s
    """Ascending, and within a host in order of time."""
    when: Int64s
    """The event's instant, or its place in the sequence of all; within the time in which the host was open."""
    shut: Int64s
    free: Mapping[int, Int64s]
    """What is left of the host's size, in thousandths; of those of :data:`SIZES` that some job of the run asks for."""


def holds(book: Book, name: str) -> Holds | None:
    """All that happened on an environment's instances while they were open to jobs, by instants; None without any."""
    opened, shut = _opened(book), np.minimum(_gone(book), _closed(book))
    return _holds(book, name, book.occupancy.at_ms, opened, shut, opened < shut)


def holds_by_placement(book: Book, name: str) -> Holds | None:
    """The same by places in the sequence of all events.

    An instance is gone for all that is placed in the instant of its end, and closed only for what is placed later.
    """
    starts = book.occupancy.starts
    order = ascending(book.occupancy.sequence[starts])
    at, place = book.occupancy.at_ms[starts][order], book.occupancy.sequence[starts][order]
    place = np.append(place, np.int64(len(book.occupancy.sequence)))
    opened, gone, closed = _opened(book), _gone(book), _closed(book)
    shut = np.minimum(place[np.searchsorted(at, gone)], place[np.searchsorted(at, closed, side="right")]) - 1
    was_open = (opened < gone) & (opened <= closed)
    return _holds(book, name, book.occupancy.sequence, book.occupancy.ready_place(len(shut)), shut, was_open)


def _holds(book: Book, name: str, when: Int64s, opened: Int64s, shut: Int64s, was_open: Bools) -> Holds | None:
    chosen, known = book.instances.among("environment", name) & was_open, book.occupancy
    if not chosen.any():
        return None
    mine = np.flatnonzero(chosen[known.host])
    host, free = known.host[mine], {}
    for number, column in enumerate(SIZES):
        if column == "gpus" and not book.jobs.number(column).any() and not book.attempts.number(column).any():
            continue
        free[number] = (book.instances.number(column) * 1000)[host] - known.held(column)[mine]
    return Holds(host, np.clip(when[mine], opened[host], shut[host]), shut[host], free)


def takes_jobs(book: Book, name: str, shape: Shape, at_ms: Int64s) -> Bools:
    """Whether an environment takes such a job at each instant: it is in service, and large enough."""
    large = vcpu_bound(book, name, "maxvCpus").at(at_ms) * 1000 >= shape[0]
    return np.asarray(large & (enabled(book, name).at(at_ms) == 1) & (valid(book, name).at(at_ms) == 1))


def _opened(book: Book) -> Int64s:
    ready = book.instances.ms("ready_at_s")
    return np.where(ready == MISSING, FAR, ready)


def _gone(book: Book) -> Int64s:
    """When each instance ends, or is drained."""
    ends = [book.instances.ms("ended_at_s")]
    if book.settings.world("spot_drain"):
        ends.append(book.instances.ms("notice_at_s"))
    return np.asarray(np.min([np.where(end == MISSING, FAR, end) for end in ends], axis=0))


def _closed(book: Book) -> Int64s:
    closed = book.instances.ms("closed_at_s")
    return np.where(closed == MISSING, FAR, closed)


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Stretches of time in which some instance has room for a job, disjoint and ascending."""

    begin_ms: Int64s
    end_ms: Int64s

    def at(self, wanted_ms: Int64s) -> Bools:
        """Whether each instant, after all that happens in it, is in a stretch."""
        begin, end = np.append(self.begin_ms, FAR), np.append(self.end_ms, FAR)
        now = np.searchsorted(self.end_ms, wanted_ms, side="right")
        return np.asarray((begin[now] <= wanted_ms) & (end[now] > wanted_ms))

    def overlap(self, from_ms: Int64s, until_ms: Int64s, cycle_ms: int) -> Bools:
        """Whether a stretch holds the first instant of each of some times, or more of it than a cycle."""
        long = self.end_ms - self.begin_ms > cycle_ms
        begin_long, end_long = np.append(self.begin_ms[long], FAR), np.append(self.end_ms[long], FAR)
        later = np.searchsorted(end_long, from_ms + cycle_ms, side="right").clip(max=len(end_long) - 1)
        within = np.maximum(begin_long[later], from_ms) + cycle_ms < np.minimum(end_long[later], until_ms)
        return np.asarray(self.at(from_ms) | within)


def stretches(held: Holds | None, shape: Shape) -> Stretches:
    """When an environment has an instance with room for a job."""
    at, count = _counts(held, shape)
    last = np.append(at[1:] != at[:-1], True)[: len(at)]
    at, some = at[last], count[last] > 0
    before = np.append(False, some[:-1])[: len(some)]
    return Stretches(at[some & ~before], np.append(at[~some & before], FAR)[: int((some & ~before).sum())])


def room_before(held: Holds | None, shape: Shape, places: Int64s) -> Bools:
    """Whether some instance has room just before the event at each place of the sequence."""
    when, count = _counts(held, shape)
    return np.asarray(value_at(when, count, places - 1) > 0)


def _counts(held: Holds | None, shape: Shape) -> tuple[Int64s, Int64s]:
    """How many instances have room, after each change of that; several in one instant stand one after the other."""
    if held is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    fits = np.ones(len(held.host), np.bool_)
    for number, free in held.free.items():
        fits &= free >= shape[number]
    other = held.host[1:] != held.host[:-1]
    before = np.append(False, fits[:-1] & ~other)
    changed = np.flatnonzero(fits != before)
    ends = np.flatnonzero(np.append(other, True) & fits)  # what room is left goes with the instance
    when = np.concatenate((held.when[changed], held.shut[ends]))
    order = ascending(when)
    return when[order], np.cumsum(np.append(np.where(fits[changed], 1, -1), np.full(len(ends), -1))[order])
