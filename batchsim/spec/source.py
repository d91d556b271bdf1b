"""Where each key and value of a scenario stands in its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from batchsim.errors import Path

Position = tuple[int, int]
"""(line, column), from 1."""


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The file of a scenario and the place of each of its keys (or list items) and values, by path."""

    file: str = ""
    positions: Mapping[Path, Position] = field(default_factory=dict)
    """Place of each key or list item."""
    values: Mapping[Path, Position] = field(default_factory=dict)
    """Place of each value."""
    folders: tuple[str, ...] = ()
    """Where, besides the file's own folder, the files that it names may lie."""
    copies: Mapping[str, str] = field(default_factory=dict)
    """Where a file lies that travelled along with the scenario to another machine, by the name that it has there."""

    def at(self, path: Path, *, key: bool = False) -> Position:
        """Place of the value (with ``key``, the key) at ``path``, else of its nearest known parent, else (0, 0)."""
        for length in range(len(path), -1, -1):
            found = (self.positions if key else self.values).get(path[:length])
            if found:
                return found
        return (0, 0)
