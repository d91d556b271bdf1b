"""Which shares of a queue are active (User Guide, "Fair-share scheduling policies").

A share is active while it has a job from SUBMITTED to RUNNING, and until the decay window has passed since its last one
ended. How many are decides what is reserved; how many stand behind a prefix decides what each of them weighs.
"""

from __future__ import annotations

from collections import Counter, deque

from batchsim.engine.share import Share


class ShareActivity:
    """Counts active shares; those that leave are found when somebody asks, in the order in which they do."""

    def __init__(self, window_ms: int) -> None:
        self.by_entry: Counter[int] = Counter()
        """Active shares by the entry of ``shareDistribution`` that they fall under."""
        self.changes = 0
        """How often a share came or went."""
        self._window_ms = window_ms
        self._active = 0
        self._leaving: deque[tuple[int, Share]] = deque()

    def submitted(self, share: Share, jobs: int, now_ms: int) -> bool:
        """Jobs of a share were accepted; return whether it is newly active."""
        self._expire(now_ms)
        share.live += jobs
        if share.is_active:
            return False
        self._switch(share, 1)
        return True

    def ended(self, share: Share, now_ms: int) -> None:
        """A job of a share ended."""
        share.live -= 1
        if not share.live:
            share.leaves_at_ms = now_ms + self._window_ms
            self._leaving.append((share.leaves_at_ms, share))

    def active(self, now_ms: int) -> int:
        """Return how many shares are active."""
        self._expire(now_ms)
        return self._active

    def is_leaving(self) -> bool:
        """Whether a share may become inactive with time."""
        return bool(self._leaving)

    def _expire(self, now_ms: int) -> None:
        while self._leaving and self._leaving[0][0] <= now_ms:
            at_ms, share = self._leaving.popleft()
            if not share.live and share.leaves_at_ms == at_ms and share.is_active:
                self._switch(share, -1)

    def _switch(self, share: Share, change: int) -> None:
        share.is_active = change > 0
        self._active += change
        self.by_entry[share.entry] += change
        self.changes += 1
