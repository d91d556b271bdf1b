"""What an account shares between its Fargate environments of one purchase option, and when Fargate Spot has none.

ECS, "Amazon ECS service quotas" (vCPU resource counts), "Throttling quotas" and "Fargate capacity providers".
"""

from __future__ import annotations

from typing import Protocol

from batchsim.engine.token_bucket import TokenBucket

ENDLESS_MILLI = 1 << 50


class Touchable(Protocol):
    """An environment that can be told to look again."""

    touched: bool


class FargateAccount:
    """The launch rate and the vCPU quota of Fargate, or of Fargate Spot: ECS counts the two apart."""

    def __init__(self, bucket: TokenBucket, quota_milli: int | None) -> None:
        """``quota_milli``: thousandths of a vCPU that tasks may have at once; None: unlimited."""
        self.bucket = bucket
        self.used_milli = 0
        """What tasks have, in all of its environments."""
        self.environments: list[Touchable] = []
        self._quota_milli = quota_milli

    @property
    def has_quota(self) -> bool:
        """Whether there is a vCPU quota."""
        return self._quota_milli is not None

    def room_milli(self) -> int:
        """Return what the quota leaves."""
        return ENDLESS_MILLI if self._quota_milli is None else self._quota_milli - self.used_milli

    def may_hold(self, milli: int) -> bool:
        """Whether a task of so many thousandths of a vCPU is within the quota, when no other runs."""
        return self._quota_milli is None or milli <= self._quota_milli

    def released(self) -> None:
        """A task ended: where there is a quota, there is room in every environment that it holds for."""
        if self._quota_milli is not None:
            for environment in self.environments:
                environment.touched = True


class Outages:
    """Windows without capacity for new tasks. A refusal holds the environment back for ``ce_backoff``, as on EC2."""

    def __init__(self, windows: tuple[tuple[int, int], ...], backoff_ms: int) -> None:
        """``windows``: (first instant, instant after the last) in ms."""
        self._windows = windows
        self._backoff_ms = backoff_ms
        self._held_until_ms = 0

    def holds_back(self, now_ms: int) -> bool:
        """Whether a refusal still counts."""
        return now_ms < self._held_until_ms

    def refused_until(self, now_ms: int) -> int | None:
        """Return until when a launch tried now is refused, or None; without a back-off, to the window's end."""
        if self.holds_back(now_ms):
            return self._held_until_ms
        end_ms = max((end for start, end in self._windows if start <= now_ms < end), default=None)
        if end_ms is None:
            return None
        self._held_until_ms = now_ms + self._backoff_ms if self._backoff_ms else end_ms
        return self._held_until_ms
