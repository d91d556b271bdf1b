"""The head of each queue over time: why it waits, run-length coded, written once for all who wait behind it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from batchsim.engine.columns import column, frozen
from batchsim.records.tables import NEVER, Ints, Timeline
from batchsim.records.vocabulary import WaitReason

_LASTING = (
    WaitReason.NOTHING_FITS,
    WaitReason.OVER_MAX_RESOURCE,
    WaitReason.ENVIRONMENT_DISABLED,
    WaitReason.ENVIRONMENT_INVALID,
)
"""No head with one of these reasons ever starts: another one has a row of its own."""


Entry = tuple[int, WaitReason, int, int]
"""Since when a reason holds; the reason, the environment, and the head as it was first."""


class _Line:
    """One line's entries as columns, 15 bytes each: near saturation there may be two a job.

    The last one is apart, for it may still be taken back in its instant: it is written when the next one comes.
    """

    __slots__ = ("at", "environment", "job", "last", "of", "reason")

    def __init__(self, queue: int, share: int) -> None:
        self.of = (queue, share)
        self.at = column("q")
        self.reason = bytearray()
        self.environment = column("h")
        self.job = column("i")
        self.last: Entry | None = None

    def settle(self) -> None:
        """Write the last entry, unless it says what the one before it says."""
        if self.last is not None and (not self.at or self._is_new(self.last)):
            at_ms, reason, environment, job = self.last
            self.at.append(at_ms)
            self.reason.append(reason)
            self.environment.append(environment)
            self.job.append(job)
        self.last = None

    def _is_new(self, entry: Entry) -> bool:
        return is_new((self.at[-1], WaitReason(self.reason[-1]), self.environment[-1], self.job[-1]), entry)


def is_new(before: Entry, entry: Entry) -> bool:
    """Whether an entry says something else than the one before it."""
    if before[1] != entry[1] or before[2] != entry[2]:
        return True
    return entry[1] in _LASTING and before[3] != entry[3]


class HeadTimeline:
    """A few columns a line; they grow with changes of the reason, never with jobs.

    A queue's line has its position for number. In a fair-share queue, whose own line stays empty, each share has one.
    """

    def __init__(self, queues: int) -> None:
        self._lines = [_Line(queue, NEVER) for queue in range(queues)]
        self._reasons: list[WaitReason] = [WaitReason.EMPTY] * queues
        """What holds now, by line."""
        self.heard: Callable[[int, int, int, WaitReason, int, int], None] = _nobody
        """Hears of each line, its queue and share, reason, environment and head, also where they are as they were."""
        self.is_quiet: Callable[[int, WaitReason, int, int], bool]
        """Whether what hears of it makes nothing of a line, reason, environment and head."""

    def open(self, queue: int, share: int) -> int:
        """Begin the line of a share; return its number."""
        self._lines.append(_Line(queue, share))
        self._reasons.append(WaitReason.EMPTY)
        return len(self._lines) - 1

    def reason(self, line: int) -> WaitReason:
        """Return the reason that holds now."""
        return self._reasons[line]

    def write(self, line: int, at_ms: int, reason: WaitReason, environment: int = NEVER, job: int = NEVER) -> None:
        """Let a reason hold from now on; what was written at the same instant before is forgotten."""
        entries, entry = self._lines[line], (at_ms, reason, environment, job)
        last = entries.last
        if last is None or last[0] == at_ms:
            entries.last = entry
        elif is_new(last, entry):
            entries.settle()
            entries.last = entry
        self._reasons[line] = reason
        self.heard(line, *entries.of, reason, environment, job)

    def would_stand(self, line: int, at_ms: int, reason: WaitReason) -> bool:
        """Whether to write this reason, of another head in the same environment, would leave a line as it is."""
        last = self._lines[line].last
        return last is not None and last[1] == reason and last[0] != at_ms and reason not in _LASTING

    def tell(self, line: int, environment: int, job: int) -> None:
        """Another head waits now, for the reason that holds."""
        self.heard(line, *self._lines[line].of, self.reason(line), environment, job)

    def freeze(self) -> Timeline:
        """Return the frozen record, queue by queue, and in fair-share queues share by share."""
        for line in self._lines:
            line.settle()
        lines = sorted(self._lines, key=lambda line: line.of)
        lengths = [len(line.at) for line in lines]
        queue, share = (np.array([line.of[part] for line in lines]).repeat(lengths) for part in (0, 1))

        def joined(name: str) -> Ints:
            parts = [frozen(getattr(line, name)) for line in lines if line.at]
            return np.concatenate(parts) if parts else np.empty(0, np.int64)

        return Timeline(
            queue=queue.astype(np.int16),
            share=share.astype(np.int32),
            at_ms=joined("at").astype(np.int64),
            reason=joined("reason").astype(np.int8),
            environment=joined("environment").astype(np.int16),
            job=joined("job").astype(np.int32),
        )


def _nobody(*_: int) -> None:
    """Nobody listens yet."""
