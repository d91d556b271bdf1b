"""Job definitions: each call takes the newest ACTIVE revision at its submission, or the one that it names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.sweep import value_at
from batchsim.analysis.typed import MISSING, Int64s


@invariant("J01")
def calls_take_the_newest_revision(book: Book) -> pd.DataFrame:
    """A call has the revision that its request names, else the newest that was ACTIVE when the call was accepted."""
    calls, settings = book.submissions, book.settings
    wrong = np.zeros(len(calls), np.bool_)
    made = calls.ms("created_at_s")
    revision = np.array([*(_revision(word) for word in calls.words("definition")), 0], np.int64)
    for code, entry in enumerate(calls.words("entry")):
        asked = settings.entries.get(entry, {}).get("submit", {}).get("jobDefinition", "")
        name, _, exact = asked.rsplit("/", 1)[-1].partition(":")
        if name not in settings.newest:
            continue
        rows = np.flatnonzero((calls.codes("entry") == code) & (made != MISSING))
        wanted = np.full(len(rows), int(exact)) if exact else _newest(book, name, made[rows])
        wrong[rows] = revision[calls.codes("definition")[rows]] != wanted
    return calls.rows(wrong)


def _revision(word: str) -> int:
    number = word.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def _newest(book: Book, name: str, at: Int64s) -> Int64s:
    """The newest ACTIVE revision of a name at each instant; an action comes before the submissions of its instant."""
    changes = book.settings.newest[name]
    times = np.array([instant for instant, _ in changes], np.int64)
    return value_at(times, np.array([number for _, number in changes], np.int64), at)


INVARIANTS = (calls_take_the_newest_revision,)
