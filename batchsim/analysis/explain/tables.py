"""A run as explanations read it: the tables of a folder, or of a result in memory, and how their rows are joined."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from batchsim.analysis.explain.settings import Settings
from batchsim.analysis.typed import MISSING, Bools, Int64s, Table
from batchsim.errors import OutputError

NOBODY = -1
"""The row of what is not there."""


class RunTables:
    """The tables of one run, row for row, with the row numbers that join them. Instants are whole milliseconds."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """``tables``: DataFrames by name, ``summary`` and ``scenario`` as mappings, as a result folder holds them."""

        def table(name: str) -> Table:
            frame = tables.get(name)
            return Table(name, pd.DataFrame() if frame is None else frame)

        self.jobs, self.attempts, self.instances = table("jobs"), table("attempts"), table("instances")
        self.submissions, self.scaling, self.timeline = table("submissions"), table("scaling"), table("timeline")
        self.blocked, self.consumables, self.costs = table("blocked"), table("consumables"), table("costs")
        self.faults = table("faults")
        self.summary: Mapping[str, Any] = tables.get("summary") or {}
        self.settings = Settings(tables.get("scenario") or {})

    @cached_property
    def horizon_ms(self) -> int:
        """The end of the run."""
        return round(1000 * float(self.summary["horizon_s"]))

    def by_horizon(self, at_ms: Int64s) -> Int64s:
        """Each instant, the horizon where it never came."""
        return np.where(at_ms == MISSING, np.int64(self.horizon_ms), at_ms)

    # -- rows by name

    def job_row(self, job_id: str) -> int:
        """The row of a job that runs (a single one, or an array's child)."""
        return row_of(self.jobs, "job_id", job_id)

    def call_row(self, job_id: str) -> int:
        """The row of a SubmitJob call: of a single job or of an array parent."""
        return row_of(self.submissions, "job_id", job_id)

    def instance_row(self, instance: str) -> int:
        """The row of an EC2 instance."""
        return row_of(self.instances, "instance", instance) if len(self.instances) else NOBODY

    def call_of(self, job: int) -> int:
        """The submission of a job."""
        jobs, calls = self.jobs, self.submissions
        same = calls.among("entry", self.text("jobs", "entry", job))
        rows = np.flatnonzero(same & (calls.number("occurrence") == jobs.number("occurrence")[job]))
        return int(rows[0]) if len(rows) else NOBODY

    def attempts_of(self, job_id: str) -> list[int]:
        """The rows of a job's attempts, by their number."""
        if not len(self.attempts):
            return []
        rows = rows_of(self.attempts, "job_id", job_id)
        return [int(row) for row in rows[np.argsort(self.attempts.number("attempt")[rows], kind="stable")]]

    def children(self, call: int) -> Int64s:
        """The rows of the jobs of a SubmitJob call."""
        entry = self.text("submissions", "entry", call)
        number = self.submissions.number("occurrence")[call]
        return np.flatnonzero(self.jobs.among("entry", entry) & (self.jobs.number("occurrence") == number))

    @cached_property
    def attempt_jobs(self) -> Int64s:
        """The job of each attempt."""
        if not len(self.attempts):
            return np.zeros(0, np.int64)
        return _positions(self.jobs.cells("job_id"), self.attempts.cells("job_id"))

    # -- single cells

    def text(self, table: str, column: str, row: int) -> str:
        """A text; empty where there is none."""
        found: str = getattr(self, table).text_at(column, row)
        return found

    def ms(self, table: str, column: str, row: int) -> int:
        """An instant, or a length of time; ``MISSING`` where there is none."""
        return int(getattr(self, table).ms(column)[row])

    def number(self, table: str, column: str, row: int) -> int:
        """A whole number; ``MISSING`` where there is none."""
        return int(getattr(self, table).number(column)[row])

    def ids(self, rows: Int64s) -> list[str]:
        """The ids of some jobs."""
        return [str(text) for text in self.jobs.text_of("job_id", rows)]

    def line_jobs(self, queue: str, share: str) -> Bools:
        """The jobs of one line: a queue's, or in a fair-share queue its share's."""
        return np.asarray(self.jobs.among("queue", queue) & self.jobs.among("share", share))


def row_of(table: Table, column: str, text: str) -> int:
    """The first row with a text, else :data:`NOBODY`."""
    rows = rows_of(table, column, text)
    return int(rows[0]) if len(rows) else NOBODY


def rows_of(table: Table, column: str, text: str) -> NDArray[np.int64]:
    """The rows with a text, found without numbering the others."""
    return np.flatnonzero(np.asarray(table.cells(column) == text, dtype=np.bool_))


def _positions(known: Any, wanted: Any) -> Int64s:
    index = pd.Index(np.asarray(known, dtype=object))
    if not index.is_unique:
        raise OutputError(f"two rows have one id: {index[index.duplicated()][0]}; batchsim check tells more")
    return np.asarray(index.get_indexer(pd.Index(np.asarray(wanted, dtype=object))), np.int64)
