"""A token bucket, exact in integer milliseconds: it limits launches, dispatches and API calls (ECS, throttling)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil

from batchsim.engine.kernel import Kernel, Rank
from batchsim.records.tables import NEVER


class TokenBucket:
    """A burst, refilled at a constant rate."""

    def __init__(self, burst: int, rate_per_s: Fraction) -> None:
        self._burst = burst
        self._rate_per_ms = rate_per_s / 1000
        self._level = Fraction(burst)
        self._at_ms = 0

    def tokens(self, now_ms: int) -> int:
        """Return how many events the rate permits now."""
        self._level = min(Fraction(self._burst), self._level + (now_ms - self._at_ms) * self._rate_per_ms)
        self._at_ms = now_ms
        return int(self._level)

    def take(self, count: int) -> None:
        """Use up tokens that :meth:`tokens` granted."""
        self._level -= count

    def next_token_ms(self) -> int | None:
        """Return the instant of the next whole token; None where the bucket is never refilled."""
        if not self._rate_per_ms:
            return None
        return self._at_ms + ceil((int(self._level) + 1 - self._level) / self._rate_per_ms)


class TokenGate:
    """Calls whoever waits for a bucket's next token when it is there, once for all who wait."""

    def __init__(self, kernel: Kernel, bucket: TokenBucket, reopen: Callable[[None], None]) -> None:
        self._kernel = kernel
        self._bucket = bucket
        self._reopen = reopen
        self._at_ms = NEVER

    def wake(self) -> None:
        """Call at the next token, unless that is planned already."""
        at = self._bucket.next_token_ms()
        if at is not None and at > self._at_ms:
            self._at_ms = at
            self._kernel.call_at(at, Rank.GATE, self._reopen)
