"""Environments of one queue: the earlier ones come first."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.capacity import pairs_seen
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.room import SIZES, Holds, Shape, holds_by_placement, room_before, takes_jobs
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import combined, commonest
from batchsim.analysis.typed import Bools, Int64s


@invariant("N36")
def earlier_environments_come_first(book: Book) -> pd.DataFrame:
    """No job is placed in a later environment of its queue while an instance of an earlier one has room for it.

    Unless a head holds that environment, or room there is promised to it.
    """
    if book.settings.world("hol_scope") != "queue" or book.settings.world("backfill") != "none":
        raise CannotTellError("world.hol_scope or world.backfill keeps jobs out of room that is there")
    attempts, later = book.attempts, _later_placements(book)
    if not len(later):
        return attempts.rows(later)
    sizes, bad = [attempts.milli(column)[later] for column in SIZES], [np.zeros(0, np.int64)]
    where = (attempts.codes("queue")[later], attempts.codes("environment")[later])
    held = cache(partial(holds_by_placement, book))
    for alike in commonest(combined(*where, *sizes), EFFORT // (len(attempts) + 1)):
        shape = tuple(int(size[alike[0]]) for size in sizes)
        bad.append(later[alike[_earlier_had_room(book, later[alike], shape, held)]])
    return attempts.rows(np.sort(np.concatenate(bad)))


EFFORT = 200_000_000
"""Attempts that N36 looks at in all, once for each queue, environment and size; rarer ones beyond that are left out."""


def _later_placements(book: Book) -> Int64s:
    """EC2 attempts in an environment that is not the first of their queue."""
    attempts = book.attempts
    later = np.zeros(len(attempts), np.bool_)
    for queue, environment in pairs_seen(attempts.codes("queue"), attempts.codes("environment")):
        order = book.settings.served_by(attempts.words("queue")[queue])
        if order and attempts.words("environment")[environment] in order[1:]:
            later |= (attempts.codes("queue") == queue) & (attempts.codes("environment") == environment)
    return np.flatnonzero(later & book.on_host)


def _earlier_had_room(book: Book, rows: Int64s, shape: Shape, held: Callable[[str], Holds | None]) -> Bools:
    """Whether an earlier environment that takes jobs had an instance with room just when each attempt was placed.

    The attempts are alike: in queue, environment and size. An environment that is DISABLED or INVALID, or whose
    maxvCpus are fewer than the job's, takes it on no instance (MAX_RESOURCE).
    """
    attempts, first = book.attempts, int(rows[0])
    order = book.settings.served_by(attempts.words("queue")[attempts.codes("queue")[first]])
    at, had = attempts.ms("starting_at_s")[rows], np.zeros(len(rows), np.bool_)
    for name in order[: order.index(attempts.words("environment")[attempts.codes("environment")[first]])]:
        had |= room_before(held(name), shape, book.occupancy.place[rows]) & takes_jobs(book, name, shape, at)
    return had


INVARIANTS = (earlier_environments_come_first,)
