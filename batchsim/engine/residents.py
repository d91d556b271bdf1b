"""Who is on which instance: the open attempts of each, read when somebody asks, kept by nobody.

Each attempt knows the one opened before it on its instance, each instance its latest; those that ended drop out of the
chain when it is read next. So starting and ending costs nothing for it, and a reading what has changed since the last.
"""

from __future__ import annotations

from array import array

import numpy as np

from batchsim.engine.columns import column, taken, written
from batchsim.records.tables import NEVER, Ints


class Residents:
    """Open attempts by instance: ``residents[row]`` are their rows, the latest first."""

    def __init__(self, ended_at: array[int]) -> None:
        """``ended_at``: the column that tells whether an attempt is open."""
        self._ended_at = ended_at
        self.latest = column("i")
        """By instance, the last that was opened on it, NEVER where none was."""
        self.before = column("i")
        """By attempt, the one that was opened before it on the same instance."""

    def __getitem__(self, instance: int) -> list[int]:
        """Return the open attempts on an instance."""
        rows, row, before, ended_at = [], self.latest[instance], self.before, self._ended_at
        while row != NEVER:
            if ended_at[row] == NEVER:
                rows.append(row)
            row = before[row]
        self._link(instance, rows)
        return rows

    def launched(self) -> None:
        """One more instance was launched."""
        self.latest.append(NEVER)

    def opened(self, row: int, instance: int) -> None:
        """An attempt was opened on an instance, or, NEVER, on none."""
        if instance == NEVER:
            self.before.append(NEVER)
        else:
            self.before.append(self.latest[instance])
            self.latest[instance] = row

    def opened_many(self, rows: Ints, instances: Ints) -> None:
        """As :meth:`opened`, of as many attempts, which are the last of the table, shape (attempts,)."""
        order = np.argsort(instances, kind="stable")
        row, host = rows[order], instances[order]
        before, is_first = np.empty(len(row), dtype=np.int32), np.ones(len(row), dtype=np.bool_)
        is_first[1:] = host[1:] != host[:-1]
        before[1:] = row[:-1]
        before[is_first] = taken(self.latest, host[is_first])
        is_last = np.append(is_first[1:], True)
        written(self.latest, host[is_last], row[is_last])
        in_order = np.empty_like(before)
        in_order[order] = before
        self.before.frombytes(in_order.tobytes())

    def _link(self, instance: int, rows: list[int]) -> None:
        """Let the chain of an instance be of these only."""
        self.latest[instance] = rows[0] if rows else NEVER
        for row, following in zip(rows, [*rows[1:], NEVER], strict=False):
            self.before[row] = following
