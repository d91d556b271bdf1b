"""The lines in which jobs wait: a queue's, or in a fair-share queue those of its shares, with their heads over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.invariants.book import Book
from batchsim.analysis.invariants.sweep import split
from batchsim.analysis.typed import Bools, Int64s, Table


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line: rows of the timeline in force for some time, ascending; and the waits of its jobs."""

    queue: str
    share: str
    """Empty in a FIFO queue."""
    rows: Int64s
    """All its positions in the timeline table."""
    row: Int64s
    """Those that were in force; of several in one instant the last counts."""
    at_ms: Int64s
    empty: Bools
    head: Int64s
    """The head's job, or -1."""
    waits: Int64s
    """Positions among the waits."""


def lines(book: Book) -> list[Line]:
    """Every line that a job or the timeline names."""
    known: dict[tuple[str, str], int] = {}
    of_rows, of_jobs = _numbers(book.timeline, known), _numbers(book.jobs, known)
    rows, waits = split(of_rows, len(known)), split(of_jobs[book.waits.job], len(known))
    return [_line(book, *name, rows[number], waits[number]) for name, number in known.items()]


def steps(book: Book, queue: str) -> Line:
    """The line of a FIFO queue."""
    rows = np.flatnonzero(book.timeline.among("queue", queue))
    return _line(book, queue, "", rows, np.zeros(0, np.int64))


def _line(book: Book, queue: str, share: str, rows: Int64s, waits: Int64s) -> Line:
    timeline = book.timeline
    at = timeline.ms("at_s")[rows]
    row = rows[np.append(at[1:] != at[:-1], True)[: len(rows)]]
    return Line(
        queue,
        share,
        rows,
        row,
        timeline.ms("at_s")[row],
        timeline.among("reason", "empty")[row],
        book.heads[row],
        waits,
    )


def _numbers(table: Table, known: dict[tuple[str, str], int]) -> Int64s:
    """Number each row's queue and share, known ones as they are."""
    queues, shares = table.words("queue"), table.words("share")
    pairs, position = np.unique(table.codes("queue") * max(1, len(shares)) + table.codes("share"), return_inverse=True)
    names = [(queues[pair // len(shares)], shares[pair % len(shares)]) for pair in pairs.tolist()]
    return np.array([known.setdefault(name, len(known)) for name in names], np.int64)[position]
