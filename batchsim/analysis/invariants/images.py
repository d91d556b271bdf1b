"""Image pulls: one for each image and host, which later starts share or find done."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.typed import MISSING, Bools, Int64s


@invariant("G01")
def images_are_pulled_once(book: Book) -> pd.DataFrame:
    """An instance pulls an image once: a start during the pull waits for its end, a later one for ``cache_hit``."""
    attempts = book.attempts
    pull, pulled = attempts.ms("pull_at_s"), attempts.ms("pulled_at_s")
    rows = np.flatnonzero(book.on_host & (book.job >= 0) & (pull != MISSING) & (pulled != MISSING))
    image = book.jobs.codes("image")[book.job[rows]]
    group = pd.factorize(book.host[rows] * (int(image.max(initial=0)) + 1) + image)[0] * 2
    pull, pulled, cut = pull[rows], pulled[rows], _cut_short(book)[rows]
    # In each group the earliest end of a pull that was not cut short tells when the image was there.
    done = _earliest(group + cut, pulled)[group]
    expected = np.maximum(pull + _hit(book), np.where(done == FAR, MISSING, done))
    pulls = (pull == _earliest(group + cut, pull)[group + cut]) & (pulled == done)
    wrong = np.where(cut, (pulled > expected) & (done != FAR), (pulled != expected) & ~pulls)
    return attempts.rows(rows[wrong])


def _earliest(group: Int64s, at_ms: Int64s) -> Int64s:
    """The first instant of each group, and one more; FAR where it has none."""
    found = np.full(int(group.max(initial=0)) + 2, FAR, np.int64)
    np.minimum.at(found, group, at_ms)
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
    cut = (attempts.ms("running_at_s") == MISSING) & (attempts.ms("pulled_at_s") == book.end_ms)
    return np.asarray(cut | attempts.starting("reason", "CannotPullContainerError"))


INVARIANTS = (images_are_pulled_once,)
