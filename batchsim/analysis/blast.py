"""The blast radius of each reclaim: the attempts that Spot took with an instance, or alone on Fargate; their loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.causes import Cause
from batchsim.analysis.exact import Int64s, int64, sum_by
from batchsim.analysis.run import Analysis
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import Outcome, WhyEnded


@dataclass(frozen=True, slots=True, eq=False)
class Blasts:
    """One row a reclaim: of an instance, in order of launch, then of a Fargate task. Shape of each: (reclaims,)."""

    instance: Int64s
    """NEVER for a task."""
    task: Int64s
    """The attempt on Fargate; NEVER for an instance."""
    at_ms: Int64s
    attempts: Int64s
    """Live attempts that were reclaimed."""
    lost_ms: Int64s
    """Their working time that no checkpoint saved."""
    lost_nano_usd: Int64s
    """What was billed for them and is of no use."""

    def worst(self, most: int) -> Int64s:
        """Rows by loss of work, then attempts, then time; the first so many."""
        return np.lexsort((self.at_ms, -self.attempts, -self.lost_ms))[:most]

    def name(self, run: Analysis, row: int) -> str:
        """The instance with its type, or the job of a task."""
        if self.instance[row] == NEVER:
            return f"task of {run.job_ids[run.records.attempts.job[self.task[row]]]}"
        kind = run.records.names.types[run.records.instances.type[self.instance[row]]]
        return f"{run.instance_ids[self.instance[row]]} ({kind})"


def blasts(run: Analysis) -> Blasts:
    """Return every reclaim of Spot; an instance that ran nothing hit no attempt."""
    records, attempts = run.records, run.records.attempts
    taken = np.flatnonzero(attempts.outcome == Outcome.RECLAIMED)
    host = int64(attempts.instance)[taken]
    hosts = np.union1d(np.flatnonzero(records.instances.why_ended == WhyEnded.SPOT_RECLAIM), host[host != NEVER])
    tasks = taken[host == NEVER]
    group = np.where(host == NEVER, len(hosts) + np.searchsorted(tasks, taken), np.searchsorted(hosts, host))
    size = len(hosts) + len(tasks)
    none_of = np.full(len(tasks), NEVER, np.int64), np.full(len(hosts), NEVER, np.int64)
    return Blasts(
        instance=np.concatenate((int64(hosts), none_of[0])),
        task=np.concatenate((none_of[1], int64(tasks))),
        at_ms=np.concatenate((int64(run.lives.end_ms)[hosts], int64(run.phases.end_ms)[tasks])),
        attempts=np.bincount(group, minlength=size).astype(np.int64),
        lost_ms=sum_by(group, run.phases.unkept_ms[taken], size),
        lost_nano_usd=sum_by(group, _wasted(run, taken), size),
    )


def _wasted(run: Analysis, taken: Ints) -> Int64s:
    """What was billed for each of these attempts, but for what is of use, or may be."""
    rows = run.cost.rows
    chosen = (rows.attempt != NEVER) & ~np.isin(rows.cause, (Cause.USEFUL_WORK, Cause.STILL_RUNNING))
    each = sum_by(rows.attempt[chosen], rows.nano_usd[chosen], len(run.records.attempts.job))
    return np.asarray(each[taken])
