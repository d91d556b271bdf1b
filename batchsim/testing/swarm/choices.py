"""Where random scenarios take their choices from: a numbered die that never changes, or Hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol, TypeVar

T = TypeVar("T")


class Choices(Protocol):
    """A source of choices. Whoever shrinks takes the lowest number, the first option, and no chance."""

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""


class Dice:
    """Choices by number: the same ones on every machine, with every version of Python and of Hypothesis."""

    def __init__(self, number: int) -> None:
        """``number`` tells one sequence of choices from another."""
        self._number = number
        self._thrown = 0

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        digest = blake2b(f"{self._number}|{self._thrown}".encode(), digest_size=8).digest()
        self._thrown += 1
        return low + int.from_bytes(digest) % (high - low + 1)


def chance(choices: Choices, percent: int) -> bool:
    """Return True in ``percent`` of all cases."""
    return choices.integer(0, 99) >= 100 - percent


def pick(choices: Choices, options: Sequence[T]) -> T:
    """Return one of the options; the simplest should come first."""
    return options[choices.integer(0, len(options) - 1)]


def some(choices: Choices, options: Sequence[T], least: int = 1) -> list[T]:
    """Return some of the options, at least so many, in their order."""
    count, left = choices.integer(least, len(options)), len(options)
    chosen: list[T] = []
    for option in options:
        if choices.integer(1, left) <= count - len(chosen):
            chosen.append(option)
        left -= 1
    return chosen
