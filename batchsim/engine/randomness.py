"""Keyed randomness: every number is a pure function of (seed, replication, purpose, entity, attempt, index).

Nothing is drawn in sequence, so neither the order of draws nor their grouping into blocks can change a number: two
scenarios that differ in a policy see the same jobs run equally long (common random numbers). A :class:`Stream` is keyed
by a BLAKE2b hash; its values are two rounds of SplitMix64's finaliser (Steele, Lea, Flood 2014) over a Weyl sequence of
the counter ``attempt * 2**40 + index``, the second round keyed afresh. numpy's own generators are not used: their
streams may change between versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from batchsim.engine.elementary import Floats, normal_quantile

INDEX_BITS = 40
"""Indices run to 2**40, attempts (or any second counter) to 2**24."""

_MASK = (1 << 64) - 1
_WEYL = 0x9E3779B97F4A7C15
_MULTIPLIER_1 = 0xBF58476D1CE4E5B9
_MULTIPLIER_2 = 0x94D049BB133111EB
_STEP = 2.0**-52


@dataclass(frozen=True, slots=True)
class Draws:
    """All randomness of one run.

    ``seed`` is 0 to 2**128 - 1; ``replication`` tells repetitions of one scenario apart.
    """

    seed: int
    replication: int = 0

    def stream(self, purpose: str, entity: str) -> Stream:
        """The numbers of one purpose ("work", "exit") and entity (an entry's stream, an environment, a pool)."""
        parts = (str(self.seed), str(self.replication), purpose, entity)
        digest = blake2b(b"".join(map(_framed, parts)), digest_size=16, person=b"batchsim").digest()
        return Stream(int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little"))


@dataclass(frozen=True, slots=True)
class Stream:
    """An endless table of uniform numbers strictly between 0 and 1, addressed by (index, attempt)."""

    key_0: int
    key_1: int

    def block(self, start: int, count: int, attempt: int = 1) -> Floats:
        """The numbers of indices ``start`` to ``start + count - 1``: float64, shape (count,)."""
        words = np.arange(count, dtype=np.uint64)
        words *= np.uint64(_WEYL)
        words += np.uint64((self.key_0 + _counter(start, attempt) * _WEYL) & _MASK)
        return self._uniform(words)

    def pick(self, indices: NDArray[np.integer], attempt: int = 1) -> Floats:
        """The numbers of any indices, in any order: float64, of the indices' shape."""
        words = indices.astype(np.uint64)
        words *= np.uint64(_WEYL)
        words += np.uint64((self.key_0 + _counter(0, attempt) * _WEYL) & _MASK)
        return self._uniform(words)

    def one(self, index: int, attempt: int = 1) -> float:
        """The number of one index: plain integers, the same bits as the block's."""
        word = _mixed_word((self.key_0 + _counter(index, attempt) * _WEYL) & _MASK)
        word = _mixed_word(word ^ self.key_1)
        return ((word >> 12) + 0.5) * _STEP

    def normals(self, start: int, count: int, attempt: int = 1) -> Floats:
        """Standard normal numbers by inverse transform: float64, shape (count,)."""
        return normal_quantile(self.block(start, count, attempt))

    def _uniform(self, words: NDArray[np.uint64]) -> Floats:
        """The middle of one of 2**52 equal cells; 53 bits would leave no room for the half, and could round to 1."""
        _mix(words)
        words ^= np.uint64(self.key_1)
        _mix(words)
        words >>= np.uint64(12)
        result = words.astype(np.float64)
        result += 0.5
        result *= _STEP
        return result


def _counter(index: int, attempt: int) -> int:
    return (attempt << INDEX_BITS) + index


def _framed(text: str) -> bytes:
    """Length, then text: no two lists of parts run together to the same bytes."""
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(8, "little") + data


def _mix(words: NDArray[np.uint64]) -> None:
    """SplitMix64's finaliser, in place."""
    words ^= words >> np.uint64(30)
    words *= np.uint64(_MULTIPLIER_1)
    words ^= words >> np.uint64(27)
    words *= np.uint64(_MULTIPLIER_2)
    words ^= words >> np.uint64(31)


def _mixed_word(word: int) -> int:
    """The plain twin of :func:`_mix`."""
    word = ((word ^ (word >> 30)) * _MULTIPLIER_1) & _MASK
    word = ((word ^ (word >> 27)) * _MULTIPLIER_2) & _MASK
    return word ^ (word >> 31)
