"""The words of a bill: what was charged for, and why the money went."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from batchsim.records.tables import Ints
from batchsim.records.vocabulary import Outcome


class Charge(IntEnum):
    """What a line of a bill is for; each is rounded once for each instance or Fargate attempt."""

    COMPUTE = 0
    EBS = 1
    FARGATE_VCPU = 2
    FARGATE_GIB = 3
    FARGATE_STORAGE = 4

    @property
    def text(self) -> str:
        """The word that tables and reports print."""
        return self.name.lower()


class Cause(IntEnum):
    """Why the money went, in the order of ``model.md`` section 6."""

    BOOT = 0
    IMAGE_PULL = 1
    CONTAINER_START = 2
    USEFUL_WORK = 3
    FAILED_ATTEMPTS = 4
    TIMED_OUT_OR_CANCELLED = 5
    LOST_TO_SPOT = 6
    STILL_RUNNING = 7
    IDLE_GAP = 8
    """Idle before an instance's first job, and between two jobs."""
    IDLE_TAIL = 9
    """Idle after the last job, or never used."""
    KEPT_BY_MINVCPUS = 10
    """Idle beyond the instant at which scale-in would have ended the instance, had minvCpus let it."""
    UNUSED_SHARE = 11
    """The part of an instance that no job held while others ran on it."""
    MINIMUM_CHARGE = 12
    """The 60 s minimum and rounding up to whole seconds."""
    EBS = 13

    @property
    def text(self) -> str:
        """The word that tables and reports print."""
        return self.name.lower()


_CAUSE_OF_OUTCOME = {
    Outcome.OPEN: Cause.STILL_RUNNING,
    Outcome.SUCCEEDED: Cause.USEFUL_WORK,
    Outcome.FAILED: Cause.FAILED_ATTEMPTS,
    Outcome.START_FAILED: Cause.FAILED_ATTEMPTS,
    Outcome.TIMED_OUT: Cause.TIMED_OUT_OR_CANCELLED,
    Outcome.TERMINATED: Cause.TIMED_OUT_OR_CANCELLED,
    Outcome.RECLAIMED: Cause.LOST_TO_SPOT,
}


def causes_of_running(outcome: Ints) -> Ints:
    """Return the cause to which each attempt's RUNNING time counts, by its outcome."""
    table = np.array([_CAUSE_OF_OUTCOME[member] for member in Outcome], np.int8)
    return np.asarray(table[outcome])
