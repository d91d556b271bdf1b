"""Image pulls: one for each image and host, which later starts share or find done."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book, take
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import event_order
from batchsim.analysis.invariants.table import MISSING, Bools, Int64s


@invariant("G01")
def images_are_pulled_once(book: Book) -> pd.DataFrame:
    """An instance pulls an image once: a start during the pull waits for its end, a later one for ``cache_hit``."""
    attempts = book.attempts
    pull, pulled = attempts.ms("pull_at_s"), attempts.ms("pulled_at_s")
    rows = np.flatnonzero(book.on_host & (book.job >= 0) & (pull != MISSING) & (pulled != MISSING))
    image = book.jobs.codes("image")[book.job[rows]]
    group = book.host[rows] * (int(image.max(initial=0)) + 1) + image
    cut = _cut_short(book)[rows].astype(np.int64)
    # In each group the earliest end of a pull that was not cut short tells when the image was there.
    by_end = event_order(group * 2 + cut, pulled[rows], np.zeros(len(rows), np.int64))
    keys, earliest = np.unique((group * 2 + cut)[by_end], return_index=True)
    done = _done_at(keys, pulled[rows][by_end[earliest]], group)
    expected = np.maximum(pull[rows] + _hit(book), done)
    pulls = (pull[rows] == _earliest(group * 2 + cut, pull[rows])) & (pulled[rows] == done)
    wrong = np.where(cut == 1, (pulled[rows] > expected) & (done != MISSING), (pulled[rows] != expected) & ~pulls)
    return attempts.rows(rows[wrong])


def _earliest(key: Int64s, pull_ms: Int64s) -> Int64s:
    """The first start in each row's group: that of the jobs which pull together, unless they were cut short."""
    order = event_order(key, pull_ms, np.zeros(len(key), np.int64))
    _, first, of = np.unique(key[order], return_index=True, return_inverse=True)
    found = np.empty(len(key), np.int64)
    found[order] = pull_ms[order[first]][of]
    return found


def _hit(book: Book) -> int:
    """What an image costs that is there."""
    try:
        return book.settings.duration_ms("cache_hit")
    except CannotTellError:
        return 0


def _cut_short(book: Book) -> Bools:
    """Attempts that ended, or met the horizon, before their container ran: their pull may have been cut, or failed."""
    attempts = book.attempts
    failed = [text for text in attempts.words("reason") if text.startswith("CannotPullContainerError")]
    cut = (attempts.ms("running_at_s") == MISSING) & (attempts.ms("pulled_at_s") == book.end_ms)
    return np.asarray(cut | attempts.among("reason", *failed))


def _done_at(keys: Int64s, done_ms: Int64s, group: Int64s) -> Int64s:
    """When each row's image was on its host; MISSING where every pull was cut short."""
    place = np.searchsorted(keys, group * 2)
    found = np.append(keys, -1)[np.minimum(place, len(keys))] == group * 2
    return np.where(found, take(done_ms, np.where(found, place, -1)), MISSING)


INVARIANTS = (images_are_pulled_once,)
