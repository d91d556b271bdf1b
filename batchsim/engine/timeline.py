"""The head of each queue over time: why it waits, run-length coded, written once for all who wait behind it."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.columns import column, frozen
from batchsim.records.tables import NEVER, Timeline
from batchsim.records.vocabulary import WaitReason

Entry = tuple[int, WaitReason, int, int]
"""Instant, reason, environment, head's row."""
_LASTING = (
    WaitReason.NOTHING_FITS,
    WaitReason.OVER_MAX_RESOURCE,
    WaitReason.ENVIRONMENT_DISABLED,
    WaitReason.ENVIRONMENT_INVALID,
)
"""No head with one of these reasons ever starts: another one has a row of its own."""


class HeadTimeline:
    """One short list a line; it grows with changes of the reason, never with jobs.

    A queue's line has its position for number. In a fair-share queue, whose own line stays empty, each share has one.
    """

    def __init__(self, queues: int) -> None:
        self._entries: list[list[Entry]] = [[] for _ in range(queues)]
        self._of: list[tuple[int, int]] = [(queue, NEVER) for queue in range(queues)]
        """Queue and share of each line."""
        self.heard: Callable[[int, int, int, WaitReason, int, int], None] = _nobody
        """Hears of each line, its queue and share, reason, environment and head, also where they are as they were."""

    def open(self, queue: int, share: int) -> int:
        """Begin the line of a share; return its number."""
        self._entries.append([])
        self._of.append((queue, share))
        return len(self._of) - 1

    def reason(self, line: int) -> WaitReason:
        """Return the reason that holds now."""
        entries = self._entries[line]
        return entries[-1][1] if entries else WaitReason.EMPTY

    def write(self, line: int, at_ms: int, reason: WaitReason, environment: int = NEVER, job: int = NEVER) -> None:
        """Let a reason hold from now on; what was written at the same instant before is forgotten."""
        entries = self._entries[line]
        if entries and entries[-1][0] == at_ms:
            entries.pop()
        last = entries[-1] if entries else None
        if last is None or last[1:3] != (reason, environment) or (reason in _LASTING and last[3] != job):
            entries.append((at_ms, reason, environment, job))
        self.heard(line, *self._of[line], reason, environment, job)

    def tell(self, line: int, environment: int, job: int) -> None:
        """Another head waits now, for the reason that holds."""
        self.heard(line, *self._of[line], self.reason(line), environment, job)

    def freeze(self) -> Timeline:
        """Return the frozen record, queue by queue, and in fair-share queues share by share."""
        lines = sorted(range(len(self._of)), key=self._of.__getitem__)
        rows = [(*self._of[line], *entry) for line in lines for entry in self._entries[line]]
        columns = [column(code) for code in "hiqbhi"]
        for row in rows:
            for values, value in zip(columns, row, strict=True):
                values.append(value)
        queue, share, at, reason, environment, job = (frozen(values) for values in columns)
        return Timeline(queue=queue, share=share, at_ms=at, reason=reason, environment=environment, job=job)


def _nobody(*_: int) -> None:
    """Nobody listens yet."""
