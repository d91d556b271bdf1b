"""One place found among many by a dotted name in which parts may be left out.

A place that matches in full wins over one whose end matches, and this over one with parts left out; the last part must
be there. Where two match alike the name is ambiguous, and the error lists them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

from batchsim.errors import Path
from batchsim.spec.base import flawed
from batchsim.spec.near import did_you_mean, near

_SHOWN = 12


class Place(NamedTuple):
    """A place in the scenario's data, and the words of its full name."""

    path: Path
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The full name, with dots."""
        return ".".join(self.words)


class Places:
    """Places to be found by name, sorted by their last words, which every name must give."""

    def __init__(self, places: list[Place]) -> None:
        self._places, self._by_last = places, dict[str, list[Place]]()
        self._sort_in(places)

    def renewed(self, place: Place, below: list[Place]) -> Self:
        """The same with other places below one; those below it stand behind it in the list."""
        begin = end = self._places.index(place) + 1
        while end < len(self._places) and self._places[end].path[: len(place.path)] == place.path:
            end += 1
        for gone in self._places[begin:end]:
            self._by_last[gone.words[-1]].remove(gone)
        self._places[begin:end] = below
        self._sort_in(below)
        return self

    def _sort_in(self, places: list[Place]) -> None:
        for place in places:
            self._by_last.setdefault(place.words[-1], []).append(place)

    def find(self, path: str) -> Place:
        """The one place that ``path`` names; raises :class:`FlawsError` (E106) with a near match, or the candidates."""
        asked = tuple(path.split("."))
        known = self._by_last.get(asked[-1], ())
        for matches in (_is_whole, _is_end, _is_in_order):
            found = [place for place in known if matches(asked, place.words)]
            if len(found) == 1:
                return found[0]
            if found:
                names = [place.name for place in found]
                more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
                raise flawed("E106", "ambiguous path", path, allowed=", ".join(names[:_SHOWN]) + more)
        raise flawed("E106", "unknown path", path, hint=_nearest(asked, self._places))


def _is_whole(asked: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return asked == words


def _is_end(asked: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return asked == words[-len(asked) :]


def _is_in_order(asked: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether ``asked`` is ``words`` with some left out, the last one kept."""
    rest = iter(words)
    return asked[-1] == words[-1] and all(word in rest for word in asked)


def _nearest(asked: tuple[str, ...], places: Sequence[Place]) -> str:
    """A path that was probably meant: each word of ``asked`` replaced by the nearest one that exists."""
    words = list(dict.fromkeys(word for place in places for word in place.words))
    fixed = tuple(word if word in words else near(word, words) or word for word in asked)
    exists = any(_is_in_order(fixed, place.words) for place in places)
    return f"Did you mean {'.'.join(fixed)}?" if exists and fixed != asked else did_you_mean(asked[-1], words)
