"""Image pulls of Fargate tasks, drawn one by one as tasks start, or for many of them at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from batchsim.engine.laws import Sampler
from batchsim.engine.randomness import Stream
from batchsim.records.tables import Ints


@dataclass(frozen=True, slots=True)
class TaskPulls:
    """Pulls of Fargate tasks, which never find an image cached: usually ``new_image``, now and then a ``slow_pull``."""

    slow: Stream
    slow_probability: float
    new_image: Sampler
    slow_pull: Sampler
    _chunk: dict[tuple[int, int], bytes] = field(default_factory=dict)
    """Which pulls are slow, of the indices and the attempt that were asked for last."""

    def one_ms(self, index: int, attempt: int) -> int:
        """Return the pull of one attempt."""
        known = self._chunk.get((index >> 10, attempt))
        is_slow = (known or self._draw(index, attempt))[index & 1023]
        return (self.slow_pull if is_slow else self.new_image).one_ms(index, attempt)

    def some_ms(self, start: int, count: int) -> Ints:
        """Return the pulls of first attempts, from an index on, shape (count,)."""
        pulls = self.new_image.some_ms(start, count)
        slow = np.flatnonzero(self.slow.block(start, count, 1) < self.slow_probability)
        pulls[slow] = self.slow_pull.pick_ms(start + slow, 1)
        return pulls

    def _draw(self, index: int, attempt: int) -> bytes:
        """Draw for all about an index."""
        numbers = self.slow.block(index & ~1023, 1024, attempt)
        self._chunk.clear()
        drawn = self._chunk[index >> 10, attempt] = (numbers < self.slow_probability).tobytes()
        return drawn
