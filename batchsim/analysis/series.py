"""What a run was like over time: jobs by state and queue; vCPUs desired, running and used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.run import Analysis
from batchsim.analysis.steps import Steps, steps
from batchsim.analysis.throughput import asked
from batchsim.records.tables import NEVER, Bools, Ints
from batchsim.records.vocabulary import JobState

LIVE_STATES = (JobState.PENDING, JobState.RUNNABLE, JobState.STARTING, JobState.RUNNING)
"""The states of a job between SubmitJob and its end; while it is SUBMITTED it counts as PENDING."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The few largest of many names, in their order, and one group for all others."""

    codes: tuple[int, ...]
    """Of those that have a group of their own."""
    others: int
    """How many share the last group; 0 when it does not exist."""
    of: Ints
    """The group of each code, NEVER where the code has no weight."""

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.codes) + bool(self.others)


def largest(weight: Sequence[float] | Int64s, most: int) -> Groups:
    """Return groups for codes of a weight above 0: the ``most`` largest, or one fewer and all others as one."""
    weights = np.asarray(weight)
    present = np.flatnonzero(weights > 0)
    by_weight = present[np.argsort(-weights[present], kind="stable")]
    own = np.sort(by_weight if len(present) <= most else by_weight[: most - 1])
    group = np.full(len(weights), NEVER, np.int64)
    group[present] = len(own)
    group[own] = np.arange(len(own))
    return Groups(tuple(own.tolist()), len(present) - len(own), group)


def queue_groups(run: Analysis, most: int) -> Groups:
    """Return groups of the queues that jobs were submitted to, by their number of jobs."""
    return largest(np.bincount(queue_of_job(run), minlength=len(run.records.names.queues)), most)


def queue_of_job(run: Analysis) -> Ints:
    """Return the queue of each job."""
    return int64(run.records.submissions.queue[run.records.jobs.submission])


def jobs_by_state(run: Analysis, chosen: Bools | None = None) -> dict[JobState, Steps]:
    """Return how many jobs are in each of :data:`LIVE_STATES` over time, of all or of the chosen ones.

    A job that waits for its retry is RUNNABLE. Together they are the jobs that SubmitJob took and that had not ended.
    """
    jobs, attempts, spans, phases = run.records.jobs, run.records.attempts, run.spans, run.phases
    everyone = np.ones(len(jobs.state), np.bool_) if chosen is None else chosen
    made = everyone & (run.records.submissions.created_at_ms[jobs.submission] != NEVER)
    mine = made[attempts.job]
    runnable = np.where(jobs.runnable_at_ms == NEVER, spans.end_ms, int64(jobs.runnable_at_ms))
    start, end = phases.starting_ms[mine], phases.end_ms[mine]
    running = end - phases.running_ms[mine]
    horizon = run.records.horizon_ms
    outside = steps(
        np.concatenate((runnable[made], start)),
        np.concatenate((spans.end_ms[made], end)),
        np.concatenate((np.ones(int(made.sum()), np.int64), np.full(len(start), -1))),
        horizon,
    )
    return {
        JobState.PENDING: steps(spans.created_ms[made], runnable[made], 1, horizon),
        JobState.RUNNABLE: outside,
        JobState.STARTING: steps(start, running, 1, horizon),
        JobState.RUNNING: steps(running, end, 1, horizon),
    }


def in_state_by_queue(run: Analysis, state: JobState, groups: Groups) -> list[Steps]:
    """Return how many jobs of each group of queues are in one of :data:`LIVE_STATES` over time."""
    if groups.count == 1:
        return [jobs_by_state(run)[state]]
    group = groups.of[queue_of_job(run)]
    return [jobs_by_state(run, group == number)[state] for number in range(groups.count)]


@dataclass(frozen=True, slots=True, eq=False)
class Capacity:
    """vCPUs over time."""

    desired: Steps
    """Of EC2 instances on and booting, as the scaler wants them."""
    running: Steps
    """Of EC2 instances in EC2's state running: those that are billed."""
    used_milli: Steps
    """Held by jobs on instances, from STARTING; in thousandths."""
    fargate_milli: Steps
    """Held by Fargate tasks; in thousandths."""
    max_vcpus: int | None
    """The maxvCpus of the scenario's EC2 environments together; None where one of them is not known."""


def capacity(run: Analysis, environment: int | None = None) -> Capacity:
    """Return the vCPUs of all environments together, or of one."""
    records, horizon = run.records, run.records.horizon_ms
    attempts, instances, scaling = records.attempts, records.instances, records.scaling
    held, size = _of(attempts.environment, environment), asked(run, records.submissions.vcpus_milli)
    used, task = (held & on for on in (attempts.instance != NEVER, attempts.instance == NEVER))
    on = _of(instances.environment, environment)
    change = _of(scaling.environment, environment)
    start, end = run.phases.starting_ms, run.phases.end_ms
    at = int64(scaling.at_ms)[change]
    return Capacity(
        desired=steps(at, np.full(len(at), max(horizon, 0)), desired_changes(run)[change], horizon),
        running=steps(run.lives.billed_ms[on], run.lives.end_ms[on], instances.vcpus[on], horizon),
        used_milli=steps(start[used], end[used], size[used], horizon),
        fargate_milli=steps(start[task], end[task], size[task], horizon),
        max_vcpus=_max_vcpus(run, environment),
    )


def used_by_instance(run: Analysis, instance: int) -> Steps:
    """Return the thousandths of vCPUs that jobs held on one instance."""
    mine, size = run.records.attempts.instance == instance, asked(run, run.records.submissions.vcpus_milli)
    return steps(run.phases.starting_ms[mine], run.phases.end_ms[mine], size[mine], run.records.horizon_ms)


def _of(column: Ints, environment: int | None) -> Bools:
    return np.ones(len(column), np.bool_) if environment is None else np.asarray(column == environment)


def desired_changes(run: Analysis) -> Int64s:
    """Return by how much each row of ``scaling`` changed the desired vCPUs of its environment."""
    scaling = run.records.scaling
    order = np.argsort(scaling.environment, kind="stable")
    environment, desired = scaling.environment[order], int64(scaling.desired_vcpus)[order]
    before = np.zeros_like(desired)
    before[1:] = np.where(environment[1:] == environment[:-1], desired[:-1], 0)
    change = np.zeros_like(desired)
    change[order] = desired - before
    return change


def _max_vcpus(run: Analysis, environment: int | None) -> int | None:
    kinds = run.records.names.environment_kinds
    chosen = range(len(kinds)) if environment is None else [environment]
    limits = [run.rules.max_of(code) for code in chosen if not kinds[code].startswith("FARGATE")]
    known = [limit for limit in limits if limit is not None]
    return sum(known) if known and len(known) == len(limits) else None
