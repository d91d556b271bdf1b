"""The space that is searched: a coordinate for each knob, a point for each choice of coordinates.

A knob with levels has their places, 0, 1, 2 ...; one without has numbers from 0 to 1, of which it makes its values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product
from math import prod

from batchsim.experiments.design import Settings
from batchsim.spec.knobs import Knob

Coordinates = Mapping[str, float]
"""Of each path: a place among levels, or a number from 0 to 1."""
_BITS = 53
_TRIES = 60
_FIRST_STEP = 0.02
"""Of a coordinate's width: so far is moved at first."""
_ENUMERATED = 20_000
"""Points of a space that is looked through one by one."""


@dataclass(frozen=True, slots=True)
class Space:
    """The knobs by path."""

    knobs: Mapping[str, Knob]

    @property
    def size(self) -> int | None:
        """How many points there are; None where some knob has no levels."""
        sizes = [len(knob.levels) for knob in self.knobs.values()]
        return prod(sizes) if all(sizes) else None

    def settings(self, at: Coordinates) -> Settings:
        """The point of these coordinates."""
        return tuple((path, self._value(knob, at[path])) for path, knob in self.knobs.items())

    def _value(self, knob: Knob, coordinate: float) -> object:
        return knob.levels[int(coordinate)] if knob.levels else knob.at(coordinate)

    def of_uniform(self, numbers: Sequence[float]) -> dict[str, float]:
        """Coordinates of as many numbers from 0 to 1 as there are knobs."""
        return {path: _placed(knob, u) for (path, knob), u in zip(self.knobs.items(), numbers, strict=True)}

    def near(self, at: Coordinates, seed: str, is_known: Callable[[Settings], bool]) -> dict[str, float] | None:
        """Coordinates of a point close by that is not known; None if none was found.

        Steps go to random sides, and grow until something new is met; at last a small space is looked through.
        """
        for number in range(_TRIES):
            reach = min(1.0, _FIRST_STEP * 1.15**number)
            moved = {
                path: self._moved(knob, at[path], reach, f"{seed}/{number}/{path}") for path, knob in self.knobs.items()
            }
            if not is_known(self.settings(moved)):
                return moved
        if self.size is None or self.size > _ENUMERATED:
            return None
        return next((each for each in self._all() if not is_known(self.settings(each))), None)

    def _moved(self, knob: Knob, coordinate: float, reach: float, key: str) -> float:
        u, side = uniform(key), uniform(f"{key}/step")
        count = len(knob.levels)
        if count and not knob.is_ordered:
            return float(int(u * count)) if side < reach else coordinate
        step = (2 * u - 1) * reach
        if count:
            return float(min(max(round(coordinate + step * max(count - 1, 2)), 0), count - 1))
        return min(max(coordinate + step, 0.0), 1.0)

    def _all(self) -> Iterator[dict[str, float]]:
        places = [[float(at) for at in range(len(knob.levels))] for knob in self.knobs.values()]
        return (dict(zip(self.knobs, each, strict=True)) for each in product(*places))


def _placed(knob: Knob, u: float) -> float:
    return float(min(int(u * len(knob.levels)), len(knob.levels) - 1)) if knob.levels else u


def uniform(key: str) -> float:
    """A number from 0 to 1 that hangs on the key alone."""
    digest = blake2b(key.encode(), digest_size=8).digest()
    return float((int.from_bytes(digest) >> (64 - _BITS)) / 2**_BITS)


def key_of(settings: Settings) -> str:
    """Equal for equal points."""
    return json.dumps(settings, ensure_ascii=True, separators=(",", ":"), default=str)
