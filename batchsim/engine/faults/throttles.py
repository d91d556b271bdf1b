"""``api_throttle``: calls to launch that EC2 answers no faster than a token bucket is filled; the others come again.

Each instance is a call (RequestLimitExceeded: EC2 API Reference, "Request throttling"). An environment that is
throttled calls again after an exponential back-off with full jitter, which begins anew when a call was answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.targets import Window
from batchsim.engine.plan import Delays
from batchsim.engine.token_bucket import TokenBucket

_MOST_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class Throttle:
    """A window in which an account's calls share a bucket."""

    number: int
    key: str
    window: Window
    environments: frozenset[int]
    """Positions of those whose calls count."""
    tps: Fraction
    burst: int
    backoff_ms: int
    cap_ms: int

    def most_ms(self, again: int) -> int:
        """The longest back-off before a call that was throttled so many times in a row."""
        return min(self.cap_ms, self.backoff_ms << min(again - 1, _MOST_DOUBLINGS))


class Throttles:
    """Asked before each call to launch."""

    def __init__(self, throttles: Sequence[Throttle], delays: Delays, log: FaultLog) -> None:
        self._throttles = [(each, TokenBucket(each.burst, each.tps)) for each in throttles]
        self._stream = delays.stream
        self._log = log
        self._in_a_row: Counter[int] = Counter()
        """By environment, calls throttled since the last that was answered."""
        self._drawn: Counter[tuple[int, int]] = Counter()

    def wait_ms(self, environment: Ec2Environment, now_ms: int) -> int:
        """Return 0 if EC2 answers a call now, which takes a token; else how long to wait before the next call."""
        struck = [
            (throttle, bucket)
            for throttle, bucket in self._throttles
            if throttle.window.covers(now_ms) and environment.position in throttle.environments
        ]
        empty = [throttle for throttle, bucket in struck if not bucket.tokens(now_ms)]
        if empty:
            return self._back_off(environment, empty)
        for _, bucket in struck:
            bucket.take(1)
        self._in_a_row[environment.position] = 0
        return 0

    def _back_off(self, environment: Ec2Environment, throttles: Sequence[Throttle]) -> int:
        """The longest of those that throttle the call; each draws its own."""
        self._in_a_row[environment.position] += 1
        waits = []
        for throttle in throttles:
            self._log.refused(throttle.number, environment.position)
            at = (throttle.number, environment.position)
            share = self._stream(f"fault {throttle.key}", environment.plan.key()).one(self._drawn[at])
            self._drawn[at] += 1
            waits.append(max(1, ceil(share * throttle.most_ms(self._in_a_row[environment.position]))))
        return max(waits)
