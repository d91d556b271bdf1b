"""When jobs came into each state and left it, from their own instants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.run import Analysis
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import JobState


class Stays(NamedTuple):
    """When jobs came into a state and left it. Shape of each column: (stays,)."""

    job: Ints
    start_ms: Int64s
    end_ms: Int64s
    """NEVER where the job was still in it when the run ended."""
    size: int = 1
    """-1 where the job is elsewhere meanwhile."""


def stays(run: Analysis, states: Iterable[JobState]) -> dict[JobState, list[Stays]]:
    """Return all stays in each of these states, of jobs that SubmitJob took.

    A job that waits out its retry delay is RUNNABLE: from its first RUNNABLE to its end, but for its attempts.
    """
    jobs, attempts, calls = run.records.jobs, run.records.attempts, run.records.submissions
    made = np.flatnonzero(calls.created_at_ms[jobs.submission] != NEVER)
    created = int64(calls.created_at_ms)[jobs.submission[made]]
    ended, runnable = int64(jobs.ended_at_ms)[made], int64(jobs.runnable_at_ms)[made]
    leaves = np.where(runnable == NEVER, ended, runnable)
    evaluated = created + run.records.dep_eval_delay_ms
    evaluated = np.where(leaves == NEVER, evaluated, np.minimum(evaluated, leaves))
    waited = np.flatnonzero(runnable != NEVER)
    ran = np.flatnonzero(attempts.running_at_ms != NEVER)
    start, running, over = (
        int64(column) for column in (attempts.starting_at_ms, attempts.running_at_ms, attempts.ended_at_ms)
    )
    found = {
        JobState.SUBMITTED: [Stays(made, created, evaluated)],
        JobState.PENDING: [Stays(made, evaluated, leaves)],
        JobState.RUNNABLE: [
            Stays(made[waited], runnable[waited], ended[waited]),
            Stays(attempts.job, start, over, -1),
        ],
        JobState.STARTING: [Stays(attempts.job, start, np.where(running == NEVER, over, running))],
        JobState.RUNNING: [Stays(attempts.job[ran], running[ran], over[ran])],
    }
    return {state: found[state] for state in states}
