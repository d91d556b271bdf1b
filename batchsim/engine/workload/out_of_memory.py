"""Containers that are killed for their memory (``world.oom_prob``): exit code 137, somewhere on their way.

Memory is a hard limit (API ResourceRequirement); what a job really uses is not simulated, only that it may be too much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.engine.laws import Millis, whole_ms
from batchsim.engine.randomness import Stream
from batchsim.engine.workload.work import FirstAttempts, Outcome, WorkSource

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
"""``container.reason`` (ECS, "Stopped tasks error messages")."""
KILLED = 137
"""128 + SIGKILL."""


@dataclass(frozen=True, slots=True)
class OutOfMemory(WorkSource):
    """Another source whose attempts are killed with a probability, at any part of what they would do equally likely."""

    source: WorkSource
    probability: float
    stream: Stream

    def work_ms(self) -> Millis:
        """See :class:`WorkSource`."""
        return self.source.work_ms()

    def first(self) -> FirstAttempts:
        """See :class:`WorkSource`."""
        run_ms, exit_code, reason = self.source.first()
        part = self.stream.block(0, self.jobs) / self.probability
        struck = np.flatnonzero(part < 1)
        run_ms, exit_code, reason = run_ms.copy(), exit_code.copy(), reason.copy()
        run_ms[struck] = whole_ms(run_ms[struck].astype(np.float64) * part[struck], least_ms=1)
        exit_code[struck], reason[struck] = KILLED, self.reasons.index(OUT_OF_MEMORY)
        return FirstAttempts(run_ms, exit_code, reason)

    def attempt(self, index: int, attempt: int, saved_ms: int = 0) -> Outcome:
        """See :class:`WorkSource`."""
        own = self.source.attempt(index, attempt, saved_ms)
        part = self.stream.one(index, attempt) / self.probability
        return own if part >= 1 else Outcome(max(round(own.run_ms * part), 1), KILLED, OUT_OF_MEMORY)


def killed_for_memory(source: WorkSource, probability: float, stream: Stream) -> OutOfMemory:
    """The source, its attempts killed with ``probability``; ``stream`` draws for each attempt."""
    reasons = tuple(dict.fromkeys((*source.reasons, OUT_OF_MEMORY)))
    return OutOfMemory(source.jobs, reasons, source, probability, stream)
