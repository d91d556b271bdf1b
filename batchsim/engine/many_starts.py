"""Many starts: equal jobs next in line open their first attempts on many instances, by a few operations on columns.

The fast twin of :meth:`Attempts.open`, a job at a time, for windows (``engine/window.py``) and passes that deal
hundreds of jobs out at once (``engine/swift_deal.py``). Jobs that are out of the ordinary are left to it.
"""

from __future__ import annotations

import numpy as np

from batchsim.engine.columns import taken, written
from batchsim.engine.courses import Courses
from batchsim.engine.handover import is_ordinary, lasting_ms
from batchsim.engine.kernel import Kernel
from batchsim.engine.tables import Tables
from batchsim.engine.vocabulary import EXITED
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import JobState, Outcome


class ManyStarts:
    """Opens first attempts of a run of equal jobs."""

    def __init__(self, kernel: Kernel, tables: Tables, courses: Courses) -> None:
        self._kernel = kernel
        self._tables = tables
        self._courses = courses

    def startable(self, low: int, high: int) -> Ints:
        """Return how long jobs ``low`` to ``high - 1`` would run, up to the first that is not ordinary."""
        tables, jobs, entry = self._tables, self._tables.jobs, self._tables.entry(low)
        if not is_ordinary(entry) or tables.revised:
            return np.zeros(0, dtype=np.int64)
        run_ms = lasting_ms(taken(jobs.run, slice(low, high)), entry)
        odd = taken(jobs.attempts, slice(low, high)) > 0
        if entry.limit_ms != NEVER:
            odd |= run_ms > entry.limit_ms
        first = np.flatnonzero(odd)
        return run_ms[: first[0]] if len(first) else run_ms

    def open(self, low: int, environment: int, at_ms: Ints, host: Ints, pulled_at: Ints) -> None:
        """Open the attempts of the jobs from ``low`` on: when each starts, where, and when its image is there.

        Shape of each: (jobs,).
        """
        entry, count = self._tables.entry(low), len(host)
        self._courses.implies |= entry.course is not None
        run_ms = lasting_ms(taken(self._tables.jobs.run, slice(low, low + count)), entry)
        running_at = pulled_at + entry.warm_start.some_ms(low - entry.first_job, count)
        row = open_first(
            self._tables, low, environment, instance=host, starting_at=at_ms, pulled_at=pulled_at, running_at=running_at
        )
        self._tables.instances.residents.opened_many(row, host)
        self._kernel.ends.put_exits(running_at + run_ms, row)


def open_first(
    tables: Tables, low: int, environment: int, *, starting_at: Ints, running_at: Ints, **columns: Ints | int
) -> Ints:
    """Open the first attempts of the jobs from ``low`` on, shape (jobs,); return their rows. They end by their exits.

    ``columns``: of the table of attempts; what is a number is the same for all.
    """
    jobs, table, count = tables.jobs, tables.attempts, len(starting_at)
    line, row = slice(low, low + count), np.arange(len(table), len(table) + count)
    code = taken(jobs.exit_code, line)
    table.extend(
        job=np.arange(low, low + count),
        environment=environment,
        runnable_at=taken(jobs.waiting_since, line),
        starting_at=starting_at,
        running_at=running_at,
        outcome=np.where(code != 0, int(Outcome.FAILED), int(Outcome.SUCCEEDED)),
        status_reason=EXITED,
        container_reason=taken(jobs.fail_reason, line),
        exit_code=code,
        **columns,
    )
    written(jobs.attempts, line, 1)
    written(jobs.attempt_row, line, row)
    written(jobs.state, line, int(JobState.STARTING))
    written(jobs.waiting_since, line, NEVER)
    return row
