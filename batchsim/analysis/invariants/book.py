"""A run as the checker reads it: its tables, how their rows refer to one another, its settings and its end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.idle import Gaps, idle_gaps
from batchsim.analysis.invariants.names import Ids, first_rows, lookup
from batchsim.analysis.invariants.occupancy import Occupancy, occupancy
from batchsim.analysis.invariants.settings import CannotTellError, Settings
from batchsim.analysis.invariants.sweep import ascending, event_order
from batchsim.analysis.typed import MISSING, Bools, Cells, Int64s, Table

TABLES = ("jobs", "attempts", "instances", "submissions", "scaling", "timeline")
"""The tables that every result folder has; others (``blocked``, ``rejections``, ``costs``, ...) may be there too."""

FAR = 2**62
"""An instant after everything."""


DENSE = 16
"""Keys that are at most so many times as large as they are many are looked up in a table, which needs no sorting."""


class Book:
    """All that is known of a run. Positions are row numbers; -1 stands for no row."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        for name in TABLES:
            setattr(self, name, Table(name, _source(tables, name)))
        self.costs = Table("costs", tables["costs"]) if tables.get("costs") is not None else None
        self.rejections = Table("rejections", _source(tables, "rejections"))
        self.notifications = Table("notifications", _source(tables, "notifications"))
        self.blocked = Table("blocked", _source(tables, "blocked"))
        self.consumables = Table("consumables", _source(tables, "consumables"))
        self.faults = Table("faults", _source(tables, "faults"))
        self.summary: Mapping[str, Any] = tables.get("summary") or {}
        self.settings = Settings(tables.get("scenario") or {})

    jobs: Table
    attempts: Table
    instances: Table
    submissions: Table
    scaling: Table
    timeline: Table

    @property
    def size(self) -> int:
        """How many rows its long tables have."""
        return len(self.jobs) + len(self.attempts) + len(self.costs or ())

    def must_follow_aws(self, *decisions: str) -> None:
        """Raise :class:`CannotTellError` where the run's caller replaced a policy that an invariant is about."""
        for what, name in (self.summary.get("policies") or {}).items():
            if any(what == decision or what.startswith(f"{decision} ") for decision in decisions):
                raise CannotTellError(f"the policy for {what} is not AWS's but the caller's own, {name}")

    @cached_property
    def horizon_ms(self) -> int:
        """The end of the run; without a summary, the last instant in the tables."""
        if "horizon_s" in self.summary:
            horizon_ms: int = round(self.summary["horizon_s"] * 1000)
            return horizon_ms
        seen = (self.jobs.ms("ended_at_s"), self.attempts.ms("ended_at_s"), self.instances.ms("ended_at_s"))
        return max(0, *(int(column.max(initial=0)) for column in (*seen, self.attempts.ms("starting_at_s"))))

    @cached_property
    def last_ms(self) -> int:
        """The last instant that the run went through: the horizon, or the one before where the run was cut there."""
        return self.horizon_ms - (self.summary.get("ended_by") in ("until", "max_time"))

    def until_horizon(self, at_ms: Int64s) -> Int64s:
        """Each instant, the horizon where it never came."""
        return with_default(at_ms, self.horizon_ms)

    @cached_property
    def ids(self) -> Ids:
        """The ids of the jobs, and the rows of other tables that bear them."""
        return Ids(self.jobs, "job_id", self.attempts, self.timeline, *([] if self.costs is None else [self.costs]))

    @cached_property
    def job(self) -> Int64s:
        """The job of each attempt."""
        return self.ids.row_of(self.attempts)

    @cached_property
    def heads(self) -> Int64s:
        """The job of each row of the timeline, -1 without one."""
        return self.ids.row_of(self.timeline)

    @cached_property
    def host(self) -> Int64s:
        """The instance of each attempt, -1 on Fargate."""
        return lookup(self.attempts, "instance", self.instances, "instance")

    @cached_property
    def call(self) -> Int64s:
        """The submission of each job."""
        return first_match(self._call_keys(self.jobs), self._call_keys(self.submissions))

    def _call_keys(self, table: Table) -> Int64s:
        """One number for each (entry, occurrence)."""
        words = {word: code for code, word in enumerate(self.submissions.words("entry"))}
        entry = np.array([*(words.get(word, -1) for word in table.words("entry")), -1], np.int64)[table.codes("entry")]
        return (entry << 40) + table.number("occurrence")

    @cached_property
    def end_ms(self) -> Int64s:
        """The end of each attempt, or the horizon."""
        return self.until_horizon(self.attempts.ms("ended_at_s"))

    @cached_property
    def by_job(self) -> Int64s:
        """Attempts of known jobs, sorted by job and attempt number."""
        rows = np.flatnonzero(self.job >= 0)
        number = self.attempts.number("attempt")[rows]
        return rows[event_order(self.job[rows], number, np.zeros(len(rows), np.int64))]

    @cached_property
    def pairs(self) -> tuple[Int64s, Int64s]:
        """Attempts and their successors of the same job."""
        before, after = self.by_job[:-1], self.by_job[1:]
        same = self.job[before] == self.job[after]
        return before[same], after[same]

    @cached_property
    def first(self) -> Int64s:
        """The first attempt of each job, -1 without one."""
        rows = np.full(len(self.jobs), -1, np.int64)
        rows[self.job[self.by_job[::-1]]] = self.by_job[::-1]
        return rows

    @cached_property
    def last(self) -> Int64s:
        """The last attempt of each job, -1 without one."""
        rows = np.full(len(self.jobs), -1, np.int64)
        rows[self.job[self.by_job]] = self.by_job
        return rows

    @cached_property
    def waits(self) -> Waits:
        """Every stretch of time that some job was RUNNABLE."""
        begin = self.jobs.ms("waiting_since_s")
        rest = np.flatnonzero(begin != MISSING)
        known = np.flatnonzero(self.job >= 0)
        return Waits(
            job=np.concatenate((self.job[known], rest)),
            begin_ms=np.concatenate((self.attempts.ms("runnable_at_s")[known], begin[rest])),
            end_ms=np.concatenate(
                (self.attempts.ms("starting_at_s")[known], self.until_horizon(self.jobs.ms("ended_at_s"))[rest])
            ),
        )

    @cached_property
    def occupancy(self) -> Occupancy:
        """What held the instances, event by event."""
        return occupancy(self.attempts, self.host, self.end_ms, self.instances.ms("ready_at_s"))

    @cached_property
    def gaps(self) -> Gaps:
        """Every stretch in which an instance was READY and idle."""
        rows = np.flatnonzero(self.on_host)
        gone = self.until_horizon(self.instances.ms("ended_at_s"))
        starts = self.attempts.ms("starting_at_s")[rows]
        return idle_gaps(self.host[rows], starts, self.end_ms[rows], self.instances.ms("ready_at_s"), gone)

    @cached_property
    def on_host(self) -> Bools:
        """Attempts on a known instance."""
        return self.host >= 0


class Waits:
    """Waits as columns: the job, from RUNNABLE to STARTING, or to the end of the job or the run."""

    def __init__(self, job: Int64s, begin_ms: Int64s, end_ms: Int64s) -> None:
        self.job, self.begin_ms, self.end_ms = job, begin_ms, end_ms

    def __len__(self) -> int:
        return len(self.job)


def first_match(wanted: Int64s, keys: Int64s) -> Int64s:
    """The first position in ``keys`` of each wanted key, else -1."""
    if len(keys) == 0:
        return np.full(len(wanted), -1, np.int64)
    most = int(keys.max())
    if keys.min() >= 0 and most < DENSE * len(keys):
        return first_rows(keys, most + 2)[np.where((wanted < 0) | (wanted > most), most + 1, wanted)]
    order = ascending(keys)
    at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    return np.where(keys[order][at] == wanted, order[at], -1)


def with_default(column: Int64s, value: int) -> Int64s:
    """``column`` with a value for what is missing; the column itself where nothing is."""
    missing = column == MISSING
    return np.where(missing, np.int64(value), column) if missing.any() else column


def take(column: Int64s, positions: Int64s, otherwise: int = MISSING) -> Int64s:
    """``column`` at the positions, ``otherwise`` where the position is -1."""
    if not len(column):
        return np.full(len(positions), otherwise, np.int64)
    found = column[positions]
    found[positions < 0] = otherwise
    return found


def sums(group: Int64s, values: Int64s, size: int) -> Int64s:
    """Whole sums of ``values`` by group number, exact: in floats, which add faster, where these hold every sum."""
    greatest = float(max(values.max(initial=0), -float(values.min(initial=0))))
    if greatest * len(values) < 2.0**52 or np.abs(values).sum(dtype=np.float64) < 2.0**52:
        return np.bincount(group, weights=values, minlength=size)[:size].astype(np.int64)
    total = np.zeros(size, np.int64)
    np.add.at(total, group, values)
    return total


def _source(tables: Mapping[str, Any], name: str) -> pd.DataFrame | Mapping[str, Cells]:
    source = tables.get(name)
    return {} if source is None else source
