"""Turnaround as the sum of its parts, each from its own two instants (``model.md`` section 5)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from batchsim.analysis.exact import Int64s, int64, sum_by
from batchsim.analysis.phases import Phases, until
from batchsim.records.tables import NEVER, Bools, Ints, Records
from batchsim.records.vocabulary import Outcome


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The nine parts of each job's turnaround, in ms. Shape of each: (jobs,)."""

    throttled: Int64s
    """From when the workload wanted to submit to when SubmitJob accepted."""
    dependency: Int64s
    """SUBMITTED and PENDING."""
    wait: Int64s
    """RUNNABLE."""
    retry_delay: Int64s
    provisioning: Int64s
    image_pull: Int64s
    container_start: Int64s
    earlier_running: Int64s
    """RUNNING of all attempts but the last."""
    last_running: Int64s

    @property
    def start_up(self) -> Int64s:
        """Provisioning, image pull and container start of all attempts."""
        return self.provisioning + self.image_pull + self.container_start

    def total(self) -> Int64s:
        """Return the sum of the parts."""
        return np.asarray(np.sum([getattr(self, field.name) for field in fields(self)], axis=0, dtype=np.int64))


PART_NAMES = tuple(field.name for field in fields(Parts))


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """When each job was due, accepted, and over. Shape of each: (jobs,)."""

    due_ms: Int64s
    """The horizon where it was not yet due."""
    created_ms: Int64s
    end_ms: Int64s
    """Its end, or the horizon."""
    censored: Bools
    """Whether it had not ended by the horizon."""
    was_due: Bools

    @property
    def length_ms(self) -> Int64s:
        """Turnaround; of a censored job, from due to the horizon."""
        return self.end_ms - self.due_ms


def job_spans(records: Records) -> Spans:
    """Return the spans of all jobs."""
    horizon, calls, call = records.horizon_ms, records.submissions, records.jobs.submission
    due = np.minimum(until(calls.due_at_ms, horizon), horizon)[call]
    return Spans(
        due_ms=due,
        created_ms=until(calls.created_at_ms, horizon)[call],
        end_ms=until(records.jobs.ended_at_ms, horizon),
        censored=np.asarray(records.jobs.ended_at_ms == NEVER),
        was_due=np.asarray((calls.due_at_ms != NEVER) & (calls.due_at_ms <= horizon))[call],
    )


def job_parts(records: Records, phases: Phases) -> Parts:
    """Return the parts of all jobs; those of a censored one end at the horizon."""
    jobs, job = records.jobs, records.attempts.job
    size = len(jobs.state)
    spans, chain = job_spans(records), _chain(records, phases)
    runnable = np.where(jobs.runnable_at_ms == NEVER, spans.end_ms, int64(jobs.runnable_at_ms))
    last_wait = np.where(jobs.waiting_since_ms == NEVER, 0, spans.end_ms - jobs.waiting_since_ms)
    is_last = chain.next_row == NEVER
    return Parts(
        throttled=spans.created_ms - spans.due_ms,
        dependency=runnable - spans.created_ms,
        wait=sum_by(job, phases.wait_ms, size) + last_wait,
        retry_delay=sum_by(job, chain.delay_ms, size),
        provisioning=sum_by(job, phases.provisioning_ms, size),
        image_pull=sum_by(job, phases.image_pull_ms, size),
        container_start=sum_by(job, phases.container_start_ms, size),
        earlier_running=sum_by(job[~is_last], phases.running_ms[~is_last], size),
        last_running=sum_by(job[is_last], phases.running_ms[is_last], size),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Chain:
    """What followed each attempt of a job. Shape of each: (attempts,)."""

    next_row: Ints
    """The job's next attempt, or NEVER."""
    delay_ms: Int64s
    """From its end to when the job was RUNNABLE again."""


def _chain(records: Records, phases: Phases) -> _Chain:
    attempts = records.attempts
    order = np.lexsort((attempts.attempt, attempts.job))
    following = np.full(len(order), NEVER, np.int64)
    same = attempts.job[order[1:]] == attempts.job[order[:-1]]
    following[order[:-1][same]] = order[1:][same]
    again = np.where(following == NEVER, _runnable_again(records, phases), attempts.runnable_at_ms[following])
    return _Chain(following, again - phases.end_ms)


def _runnable_again(records: Records, phases: Phases) -> Int64s:
    """When a job was RUNNABLE, or over, after what was its last attempt; that attempt's end where it ended the job.

    A job that is still to be retried at the horizon, or was cancelled while its retry was delayed, has a delay but no
    wait. Only the latter ends with another status reason than its last attempt's.
    """
    jobs, attempts = records.jobs, records.attempts
    job = attempts.job
    since, end = jobs.waiting_since_ms[job], until(jobs.ended_at_ms, records.horizon_ms)[job]
    ended_by_attempt = (jobs.ended_at_ms[job] != NEVER) & (jobs.status_reason[job] == attempts.status_reason)
    over = np.where(ended_by_attempt | (attempts.outcome == Outcome.OPEN), phases.end_ms, end)
    return np.where(since == NEVER, over, since)


def parts_check(records: Records, parts: Parts) -> list[str]:
    """Return a sentence for each job whose parts do not add up to its turnaround (to horizon - due while censored)."""
    total, length = parts.total(), job_spans(records).length_ms
    wrong = np.flatnonzero(total != length).tolist()
    problems = [f"job {row}: parts sum to {total[row]} ms, should be {length[row]} ms" for row in wrong]
    for name in PART_NAMES:
        negative = np.flatnonzero(getattr(parts, name) < 0).tolist()
        problems += [f"job {row}: {name} is negative" for row in negative]
    return problems
