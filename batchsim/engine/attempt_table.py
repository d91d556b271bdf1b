"""The attempts of a run as columns, in order of placement.

Instants, outcome and exit code are *planned* when an attempt is placed, since they follow from the placement; so an
attempt costs one event, at its end. An interruption overwrites the plan. ``ended_at`` alone tells whether an attempt
is open.
"""

from __future__ import annotations

import numpy as np

from batchsim.engine.columns import DTYPES, at_most, column, frozen, unless
from batchsim.records.tables import NEVER, Attempts, Ints
from batchsim.records.vocabulary import Outcome


class AttemptTable:
    """Growable columns, about 75 bytes an attempt."""

    def __init__(self) -> None:
        self.job = column("i")
        self.attempt = column("i")
        self.instance = column("i")
        self.environment = column("h")
        self.runnable_at = column("q")
        self.starting_at = column("q")
        self.pull_at = column("q")
        self.pulled_at = column("q")
        self.running_at = column("q")
        self.ended_at = column("q")
        self.outcome = bytearray()
        self.status_reason = column("i")
        self.container_reason = column("h")
        self.exit_code = column("h")

    def __len__(self) -> int:
        return len(self.job)

    def extend(self, *, job: Ints, starting_at: Ints, **columns: Ints | int) -> None:
        """Append first attempts on instances, shape (attempts,); what is a number is the same for all of them."""
        same = {"attempt": 1, "ended_at": NEVER}
        for name, value in {"job": job, **same, "starting_at": starting_at, "pull_at": starting_at, **columns}.items():
            values = getattr(self, name)
            dtype = np.int8 if isinstance(values, bytearray) else DTYPES[values.typecode]
            added = np.full(len(job), value, dtype) if isinstance(value, int) else value.astype(dtype)
            values.extend(added.tobytes()) if isinstance(values, bytearray) else values.frombytes(added.tobytes())

    def is_open(self, row: int) -> bool:
        """Whether the attempt still holds its capacity."""
        return self.ended_at[row] == NEVER

    def open_rows(self) -> Ints:
        """Return the rows of the attempts that hold capacity, in order of placement."""
        return np.flatnonzero(frozen(self.ended_at) == NEVER)

    def running_jobs(self, horizon_ms: int) -> Ints:
        """Return the job rows whose container runs just before ``horizon_ms``."""
        rows = self.open_rows()
        return frozen(self.job)[rows][frozen(self.running_at)[rows] < horizon_ms]

    def freeze(self, horizon_ms: int) -> Attempts:
        """Return the frozen record: plans that did not come true are cut at the attempt's end or the horizon.

        Columns of which nothing is cut are the table's own: a copy of all would be the most memory that a run takes.
        """
        ended, running = frozen(self.ended_at), frozen(self.running_at)
        is_open = ended == NEVER
        cut = unless(is_open, ended, np.int64(horizon_ms))
        never_ran = np.where(is_open, running >= cut, running > cut)
        never_ran |= (frozen(self.outcome) == Outcome.START_FAILED) & ~is_open
        return Attempts(
            job=frozen(self.job),
            attempt=frozen(self.attempt),
            instance=frozen(self.instance),
            environment=frozen(self.environment),
            runnable_at_ms=frozen(self.runnable_at),
            starting_at_ms=frozen(self.starting_at),
            pull_at_ms=at_most(cut, frozen(self.pull_at)),
            pulled_at_ms=at_most(cut, frozen(self.pulled_at)),
            running_at_ms=unless(never_ran, running, NEVER),
            ended_at_ms=ended,
            outcome=unless(is_open, frozen(self.outcome), np.int8(Outcome.OPEN)),
            status_reason=unless(is_open, frozen(self.status_reason), 0),
            container_reason=unless(is_open, frozen(self.container_reason), 0),
            exit_code=unless(is_open, frozen(self.exit_code), NEVER),
        )
