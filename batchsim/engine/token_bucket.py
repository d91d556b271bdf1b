"""A token bucket, exact in integer milliseconds: it limits launches, dispatches and API calls (ECS, throttling)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from batchsim.engine.kernel import Kernel, Rank
from batchsim.records.tables import NEVER


class TokenBucket:
    """A burst, refilled at a constant rate. In whole parts of a token: a millisecond adds a whole number of them."""

    def __init__(self, burst: int, rate_per_s: Fraction) -> None:
        rate_per_ms = Fraction(rate_per_s) / 1000
        self._parts_per_ms, self._parts = rate_per_ms.numerator, rate_per_ms.denominator
        self._full = burst * self._parts
        self._level = self._full
        self._at_ms = 0

    def tokens(self, now_ms: int) -> int:
        """Return how many events the rate permits now."""
        if now_ms != self._at_ms:
            self._level = min(self._full, self._level + (now_ms - self._at_ms) * self._parts_per_ms)
            self._at_ms = now_ms
        return self._level // self._parts

    def take(self, count: int) -> None:
        """Use up tokens that :meth:`tokens` granted."""
        self._level -= count * self._parts

    def take_over_time(self, at_ms: Iterable[int], counts: Iterable[int]) -> None:
        """Use up so many tokens at each of some instants, in order; there must be as many."""
        full, parts, per_ms, level, now = self._full, self._parts, self._parts_per_ms, self._level, self._at_ms
        for at, count in zip(at_ms, counts, strict=True):
            level = min(full, level + (at - now) * per_ms) - count * parts
            now = at
        self._level, self._at_ms = level, now

    def next_token_ms(self) -> int | None:
        """Return the instant of the next whole token; None where the bucket is never refilled."""
        if not self._parts_per_ms:
            return None
        missing = self._parts - self._level % self._parts
        return self._at_ms - -missing // self._parts_per_ms


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
