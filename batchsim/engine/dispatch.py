"""A dispatch rate on instances (``world.dispatch_rate_ec2``): so many jobs a second start in an environment.

AWS publishes no such rate; this is a what-if. An environment that has one is of this class, others pay nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.token_bucket import TokenBucket, TokenGate
from batchsim.policies.scaling import Rooms
from batchsim.records.vocabulary import WaitReason


class RatedEc2Environment(Ec2Environment):
    """Jobs for which there is room wait for the next token, and for no other environment."""

    def __init__(self, *arguments: Any, bucket: TokenBucket, request_pass: Callable[[], None]) -> None:
        """``arguments`` as of :class:`Ec2Environment`."""
        super().__init__(*arguments)
        self._bucket = bucket
        self._request_pass = request_pass
        self._next_token = TokenGate(self._kernel, bucket, self._reopen)

    def place(self, low: int, high: int) -> int:
        """See :class:`Ec2Environment`; at most as many as the rate permits now."""
        tokens = self._bucket.tokens(self._kernel.now_ms)
        if not tokens:
            if self.has_room(self._tables.shape_code(low)):
                self._next_token.wake()
            return 0
        placed = super().place(low, min(high, low + tokens))
        self._bucket.take(placed)
        return placed

    def stance(self, shape: int, booting: Rooms) -> WaitReason:
        """See :class:`Ec2Environment`."""
        return WaitReason.LAUNCH_RATE if self.has_room(shape) else super().stance(shape, booting)

    def serves(self, shape: int, booting: Rooms) -> bool:
        """See :class:`Ec2Environment`."""
        return self.has_room(shape) or super().serves(shape, booting)

    def _reopen(self, _: None) -> None:
        self.touched = True
        self._request_pass()
