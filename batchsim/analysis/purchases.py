"""Whose capacity jobs held over time: On-Demand or Spot instances, Fargate or Fargate Spot tasks; by queue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.attribution import PURCHASES
from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.run import Analysis
from batchsim.analysis.steps import Steps, steps
from batchsim.analysis.throughput import asked
from batchsim.records.tables import NEVER, Ints

__all__ = ["PURCHASES", "Held", "held_by_purchase", "purchase_of_attempt"]


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """vCPUs that jobs held, from STARTING, by purchase option."""

    curves: dict[str, Steps]
    """Over time, in thousandths of a vCPU; in the order of :data:`PURCHASES`."""
    milli_ms: Int64s
    """Thousandths of a vCPU times ms. Shape (queues, purchase options)."""
    has_spot: bool
    """Whether any environment is of Spot."""

    def of(self, purchase: str) -> Int64s:
        """Each queue's thousandths of a vCPU times ms of one option."""
        return np.asarray(self.milli_ms[:, PURCHASES.index(purchase)])

    def total(self) -> int:
        """Of all queues and options."""
        return int(self.milli_ms.sum())


def purchase_of_attempt(run: Analysis) -> Ints:
    """The place in :data:`PURCHASES` of what each attempt ran on."""
    attempts, records = run.records.attempts, run.records
    spot = np.append(int64(records.instances.spot), 0)  # padded: row NEVER is the last
    kinds = records.names.environment_kinds
    task = np.array([3 if kind == "FARGATE_SPOT" else 2 for kind in kinds] or [2], np.int64)
    return np.where(attempts.instance == NEVER, task[attempts.environment], spot[attempts.instance])


def held_by_purchase(run: Analysis) -> Held:
    """The vCPUs that jobs held, by purchase option over time, and by queue in all."""
    records, phases = run.records, run.phases
    option, size = purchase_of_attempt(run), asked(run, records.submissions.vcpus_milli)
    queue = asked(run, records.submissions.queue)
    milli_ms = np.zeros((len(records.names.queues), len(PURCHASES)), np.int64)
    np.add.at(milli_ms, (queue, option), size * (phases.end_ms - phases.starting_ms))
    curves = {
        name: steps(phases.starting_ms[mine], phases.end_ms[mine], size[mine], records.horizon_ms)
        for name, mine in ((name, option == place) for place, name in enumerate(PURCHASES))
    }
    return Held(curves, milli_ms, any("SPOT" in kind for kind in records.names.environment_kinds))
