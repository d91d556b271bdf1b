"""The words of a bill: what was charged for, and why the money went."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import numpy as np

from batchsim.analysis.phases import cut_by_timeout, cut_short
from batchsim.records.tables import NEVER, Ints, Records
from batchsim.records.vocabulary import JobState, Outcome


class Charge(IntEnum):
    """What a line of a bill is for; each is rounded once for each instance or Fargate attempt.

    ``EXTRA`` and what follows are no capacity: dollars that the scenario adds, and commitments that lower the bill.
    """

    COMPUTE = 0
    EBS = 1
    FARGATE_VCPU = 2
    FARGATE_GIB = 3
    FARGATE_STORAGE = 4
    EXTRA = 5
    """``world.extra_costs``."""
    RESERVED = 6
    SAVINGS_PLAN = 7

    @property
    def text(self) -> str:
        """The word that tables and reports print."""
        return self.name.lower()


CAPACITY = (Charge.COMPUTE, Charge.EBS, Charge.FARGATE_VCPU, Charge.FARGATE_GIB, Charge.FARGATE_STORAGE)
"""Charges of an instance, or of a Fargate attempt."""


class Cause(IntEnum):
    """Why the money went, in the order of ``model.md`` section 6."""

    BOOT = 0
    IMAGE_PULL = 1
    CONTAINER_START = 2
    CHECKPOINT_AND_RESTORE = 3
    USEFUL_WORK = 4
    """Work of jobs that SUCCEEDED: in the attempt that did, or saved for it by a checkpoint."""
    FAILED_ATTEMPTS = 5
    TIMED_OUT_OR_CANCELLED = 6
    LOST_TO_SPOT = 7
    STILL_RUNNING = 8
    IDLE_GAP = 9
    """Idle before an instance's first job, and between two jobs."""
    IDLE_TAIL = 10
    """Idle after the last job, or never used."""
    KEPT_BY_MINVCPUS = 11
    """Idle beyond the instant at which scale-in would have ended the instance, had minvCpus let it."""
    UNUSED_SHARE = 12
    """The part of an instance that no job held while others ran on it."""
    MINIMUM_CHARGE = 13
    """The 60 s minimum and rounding up to whole seconds."""
    EBS = 14
    DATA_TRANSFER = 15
    NAT = 16
    REQUESTS = 17
    LOGS = 18
    OTHER = 19
    """The kinds of ``world.extra_costs``."""
    UNUSED_COMMITMENT = 20
    """What was committed to (Savings Plan, reserved instances) and not used."""
    COMMITMENT_DISCOUNT = 21
    """How much less the use that a commitment covers costs than On-Demand: less than nothing."""
    LOST_TO_FAULTS = 22
    """Work on instances that a fault took which is not Spot's: failures, outages."""

    @property
    def text(self) -> str:
        """The word that tables and reports print."""
        return self.name.lower()


EXTRA_CAUSES: Mapping[str, Cause] = {
    cause.text: cause for cause in (Cause.DATA_TRANSFER, Cause.NAT, Cause.REQUESTS, Cause.LOGS, Cause.OTHER)
}
"""By the keys of ``world.extra_costs``."""

_CAUSE_OF_OUTCOME = {
    Outcome.OPEN: Cause.STILL_RUNNING,
    Outcome.SUCCEEDED: Cause.USEFUL_WORK,
    Outcome.FAILED: Cause.FAILED_ATTEMPTS,
    Outcome.START_FAILED: Cause.FAILED_ATTEMPTS,
    Outcome.TIMED_OUT: Cause.TIMED_OUT_OR_CANCELLED,
    Outcome.TERMINATED: Cause.TIMED_OUT_OR_CANCELLED,
    Outcome.RECLAIMED: Cause.LOST_TO_SPOT,
    Outcome.HOST_LOST: Cause.LOST_TO_FAULTS,
}


def causes_of_work(records: Records) -> Ints:
    """Return the cause of the working time that no checkpoint saved, by outcome. Shape: (attempts,).

    What a container did that exited 0 at SIGTERM is lost, to Spot or to its timeout, though AWS Batch takes the job for
    SUCCEEDED.
    """
    table = np.array([_CAUSE_OF_OUTCOME[member] for member in Outcome], np.int8)
    of_cut = np.where(cut_by_timeout(records), np.int8(Cause.TIMED_OUT_OR_CANCELLED), np.int8(Cause.LOST_TO_SPOT))
    return np.where(cut_short(records), of_cut, table[records.attempts.outcome])


def causes_of_kept_work(records: Records) -> Ints:
    """Return the cause of the working time that a checkpoint saved. Shape: (attempts,).

    Useful if the job finished its work, still running while that may be; lost with the attempt if it never did.
    """
    jobs, attempts, cut = records.jobs, records.attempts, cut_short(records)
    finished, over = (jobs.state == JobState.SUCCEEDED)[attempts.job], (jobs.ended_at_ms != NEVER)[attempts.job]
    if cut.any():
        finished &= ~np.isin(attempts.job, attempts.job[cut])
    of_live = np.where(over, causes_of_work(records), np.int8(Cause.STILL_RUNNING))
    return np.where(finished, np.int8(Cause.USEFUL_WORK), of_live)
