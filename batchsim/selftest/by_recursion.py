"""The longest queues in two steps, for whole runs of them take hours.

A run of the first jobs starts each when a recursion says that it does, to the millisecond; and the recursion on as many
jobs as the case asks for, sampled as a run samples them, goes to the judge in the place of the run.
"""

from __future__ import annotations

from dataclasses import fields
from math import ceil

import numpy as np

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import EntryPlan, expand
from batchsim.formats.trace_csv import read_trace
from batchsim.prepared import Prepared, prepare
from batchsim.records.tables import NEVER, Ints
from batchsim.selftest.case import Case, Data, Measured, exact
from batchsim.selftest.recursions import Recorded, recorded
from batchsim.spec import parse

PART, PART_JOBS = 0.01, 2_000
"""A run is so much shorter, beside its warm-up, and cut off when so many jobs have come."""
MOST_SAMPLED = 100_000_000
"""More jobs than a scenario may have by default: what is not run needs little memory."""
AS_RUN = "starts unlike the run's"


class ByRecursion(Case):
    """A case whose runs are short, and whose figures are those of its recursion."""

    __slots__ = ()

    def prepare(self) -> tuple[Prepared, ...]:
        """The scenario of the part that is run."""
        return tuple(prepare(parse(_cut(data))) for data in self.scenarios(PART * self.scale))

    def simulate(self, seed: int, replication: int = 0, ready: tuple[Prepared, ...] | None = None) -> Measured:
        """What the recursion measures, and how many jobs of the part start at another instant than it says."""
        if self.recursion is None:
            raise ValueError(f"{self.id} has no recursion")
        (result,) = self.results(seed, replication, ready)
        (part,) = self.scenarios(PART * self.scale)
        (whole,) = self.data()
        ran, drawn = recorded(result), sampled(part, seed, replication)
        came = len(ran.came)
        if not (np.array_equal(drawn.came[:came], ran.came) and np.array_equal(drawn.work[:came], ran.work)):
            raise AssertionError(f"{self.id}: a run has other jobs than are sampled")
        jobs = sampled(whole, seed, replication)
        unlike = _unlike(self.recursion(ran), ran.started, result.records.horizon_ms)
        return {**self.measure((jobs, self.recursion(jobs))), AS_RUN: unlike}


def _unlike(starts: Ints, ran: Ints, until_ms: int) -> int:
    """How many jobs a run that was cut off started at another instant."""
    return int(np.count_nonzero((ran != starts) & ((ran != NEVER) | (starts < until_ms))))


def _cut(data: Data) -> Data:
    """A scenario until enough jobs have come; whole where it has no more."""
    came = sampled(data, 0, 0).came
    if len(came) <= PART_JOBS:
        return data
    return {**data, "simulation": {**data.get("simulation", {}), "until": f"{came[PART_JOBS]}ms"}}


def by_recursion(case: Case) -> ByRecursion:
    """The same case in two steps."""
    held = {field.name: getattr(case, field.name) for field in fields(case)}
    title = f"by recursion: {case.title}"
    return ByRecursion(
        **held | {"heavy": False, "title": title, "quantities": (*case.quantities, exact(AS_RUN, 0, "jobs"))}
    )


def sampled(data: Data, seed: int, replication: int) -> Recorded:
    """What a run of the scenario would record of its jobs, without their starts."""
    scenario = parse({**data, "simulation": {**data.get("simulation", {}), "max_jobs": MOST_SAMPLED}})
    entries = expand(scenario, Draws(seed, replication), 0, read_trace).entries
    work = [entry.work.work_ms() for entry in entries]
    came = [
        np.repeat(_sent(entry), len(took) // len(entry.due_at_ms))  # as often as an array has children
        for entry, took in zip(entries, work, strict=True)
    ]
    lengths = [len(took) for took in work]
    entry = np.repeat(np.arange(len(entries)), lengths)
    queues = [queue.jobQueueName for queue in scenario.jobQueues]
    queue = np.repeat([queues.index(each.job.queue) for each in entries], lengths)
    order = np.argsort(np.concatenate(came), kind="stable")
    came_ms, work_ms = (np.concatenate(parts).astype(np.int64)[order] for parts in (came, work))
    nothing = np.zeros(0, np.int64)
    return Recorded(came_ms, work_ms, nothing, queue[order], entry[order], nothing)


def _sent(entry: EntryPlan) -> Ints:
    """When each call comes: when it is due, or when a client that sends at a rate gets to it."""
    rate = entry.client_rate_per_s
    if rate is None:
        return entry.due_at_ms
    sent: Ints = entry.due_at_ms + np.array([ceil(number * 1000 / rate) for number in range(len(entry.due_at_ms))])
    return sent
