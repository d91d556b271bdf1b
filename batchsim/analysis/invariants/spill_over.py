"""Environments of one queue: the earlier ones come first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book, sums
from batchsim.analysis.invariants.bounds import enabled, valid, vcpu_bound
from batchsim.analysis.invariants.capacity import pairs_seen
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.table import MISSING, Bools, Int64s


@invariant("N36")
def earlier_environments_come_first(book: Book) -> pd.DataFrame:
    """No job is placed in a later environment of its queue while an instance of an earlier one has room for it.

    Unless a head holds that environment, or room there is promised to it.
    """
    if book.settings.world("hol_scope") != "queue" or book.settings.world("backfill") != "none":
        raise CannotTellError("world.hol_scope or world.backfill keeps jobs out of room that is there")
    later = _later_placements(book)
    looks = max(10, EFFORT // (len(book.attempts) + 1))
    sample = np.unique(later[np.linspace(0, len(later) - 1, min(looks, len(later))).astype(np.int64)])
    return book.attempts.rows(np.array([row for row in sample.tolist() if _earlier_had_room(book, row)], np.int64))


EFFORT = 10_000_000
"""Rows that N36 looks at in all: it compares placements in later environments, evenly sampled, with all that ran."""


def _later_placements(book: Book) -> Int64s:
    """EC2 attempts in an environment that is not the first of their queue."""
    attempts = book.attempts
    later = np.zeros(len(attempts), np.bool_)
    for queue, environment in pairs_seen(attempts.codes("queue"), attempts.codes("environment")):
        order = book.settings.served_by(attempts.words("queue")[queue])
        if order and attempts.words("environment")[environment] in order[1:]:
            later |= (attempts.codes("queue") == queue) & (attempts.codes("environment") == environment)
    return np.flatnonzero(later & book.on_host)


def _earlier_had_room(book: Book, row: int) -> bool:
    """Whether an earlier environment that takes the job had an instance with room just when this attempt was placed.

    One that is DISABLED or INVALID, or whose maxvCpus are fewer than the job's, takes it on no instance (MAX_RESOURCE).
    """
    attempts, instances = book.attempts, book.instances
    at = np.array([attempts.ms("starting_at_s")[row]])
    order = book.settings.served_by(attempts.words("queue")[attempts.codes("queue")[row]])
    place = order.index(attempts.words("environment")[attempts.codes("environment")[row]])
    vcpus = attempts.milli("vcpus")[row]
    open_ = [
        name
        for name in order[:place]
        if enabled(book, name).at(at)[0]
        and valid(book, name).at(at)[0]
        and vcpu_bound(book, name, "maxvCpus").at(at)[0] * 1000 >= vcpus
    ]
    ready, ended = instances.ms("ready_at_s"), instances.ms("ended_at_s")
    closed = instances.ms("closed_at_s")
    on = (ready != MISSING) & (ready <= at[0]) & ((ended == MISSING) | (ended > at[0]))
    if book.settings.world("spot_drain"):
        notice = instances.ms("notice_at_s")
        on &= (notice == MISSING) | (notice > at[0])
    on &= (closed == MISSING) | (closed >= at[0])
    candidates = np.flatnonzero(on & instances.among("environment", *open_))
    return bool(_room_for(book, row, candidates).any())


def _room_for(book: Book, row: int, candidates: Int64s) -> Bools:
    """Whether each instance had room for the attempt, all that was placed before it still in place."""
    attempts, instances = book.attempts, book.instances
    at, starts = attempts.ms("starting_at_s")[row], attempts.ms("starting_at_s")
    before = (starts < at) | ((starts == at) & (np.arange(len(attempts)) < row))
    holds = np.flatnonzero(book.on_host & before & (book.end_ms > at))
    room = np.ones(len(candidates), np.bool_)
    for column, unit in (("vcpus", 1000), ("memory_mib", 1000), ("gpus", 1000)):
        asked = attempts.milli(column)
        held = sums(book.host[holds], asked[holds], len(instances))
        room &= held[candidates] + asked[row] <= instances.number(column)[candidates] * unit
    return room


INVARIANTS = (earlier_environments_come_first,)
