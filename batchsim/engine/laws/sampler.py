"""A sampler: a law on a stream, that draws by keyed inverse transform, in blocks or one by one."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.laws.law import Law, Millis
from batchsim.engine.laws.simple import Constant
from batchsim.engine.randomness import INDEX_BITS, Stream

_BLOCK = 8192
"""Values drawn at a time: the intermediate arrays stay in the processor's cache, and no million-long one is made."""
_KEPT_CHUNKS = 512
"""Chunks that a sampler keeps: 4 MiB at 1,024 values each."""


class Sampler:
    """A law on a stream: the duration of each (index, attempt).

    ``one_ms`` is for the engine's hot path: it draws the whole chunk around an index once and keeps the latest chunks,
    so that a look-up costs about 0.2 us when neighbours are asked for at about the same time.
    """

    __slots__ = ("_chunks", "_constant_ms", "_mask", "_shift", "law", "stream")

    def __init__(self, law: Law, stream: Stream, chunk: int = 1024) -> None:
        """``chunk``: values drawn at a time, rounded up to a power of two."""
        self.law = law
        self.stream = stream
        self._shift = (chunk - 1).bit_length()
        self._mask = (1 << self._shift) - 1
        self._chunks: dict[int, array[int]] = {}
        self._constant_ms = max(law.ms, law.least_ms) if isinstance(law, Constant) else -1

    def block_ms(self, start: int, count: int, attempt: int = 1) -> Millis:
        """The durations of indices ``start`` to ``start + count - 1``: int64 ms, shape (count,)."""
        if self._constant_ms >= 0:
            return np.full(count, self._constant_ms, dtype=np.int64)
        result = np.empty(count, dtype=np.int64)
        for first in range(0, count, _BLOCK):
            size = min(_BLOCK, count - first)
            result[first : first + size] = self.law.of(self.stream.block(start + first, size, attempt))
        return result

    def pick_ms(self, indices: NDArray[np.integer], attempt: int = 1) -> Millis:
        """The durations of any indices, in any order: int64 ms, of the indices' shape."""
        return self.law.of(self.stream.pick(indices, attempt))

    def one_ms(self, index: int, attempt: int = 1) -> int:
        """The duration of one index in ms: equal to the block's."""
        if self._constant_ms >= 0:
            return self._constant_ms
        key = ((attempt << INDEX_BITS) + index) >> self._shift
        try:
            return self._chunks[key][index & self._mask]
        except KeyError:
            return self._draw_chunk(key, index, attempt)[index & self._mask]

    def some_ms(self, start: int, count: int) -> Millis:
        """As :meth:`block_ms` of first attempts, from the chunks that :meth:`one_ms` keeps."""
        if self._constant_ms >= 0:
            return np.full(count, self._constant_ms, dtype=np.int64)
        size, parts = self._mask + 1, []
        for first in range(start & ~self._mask, start + count, size):
            key = ((1 << INDEX_BITS) + first) >> self._shift
            chunk = self._chunks[key] if key in self._chunks else self._draw_chunk(key, first, 1)
            parts.append(np.frombuffer(chunk, dtype=np.int64)[max(0, start - first) : start + count - first])
        return np.concatenate(parts)

    def _draw_chunk(self, key: int, index: int, attempt: int) -> array[int]:
        """Draw the chunk of ``index``, and forget the oldest one when there are many."""
        if len(self._chunks) >= _KEPT_CHUNKS:
            del self._chunks[next(iter(self._chunks))]
        first = index & ~self._mask
        chunk = array("q", self.block_ms(first, self._mask + 1, attempt).tobytes())
        self._chunks[key] = chunk
        return chunk
