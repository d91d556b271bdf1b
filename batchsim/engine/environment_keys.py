"""What keys the draws of each environment: neither a name, nor a place in the file, nor anything that nobody uses."""

from __future__ import annotations

from collections.abc import Iterable


class EnvironmentKeys:
    """Keys each environment by the first entry that reaches it, and by its place among that entry's environments.

    So neither a new name, another order of the file's other sections, nor a further queue, environment or entry
    shifts anybody's draws. A key is asked for when something is drawn, not before: an entry submitted by a call gives
    the key that it would give in the file. Environments that draw before any entry is known to reach them are keyed
    in the order in which they do.
    """

    def __init__(self) -> None:
        self._keys: dict[int, str] = {}
        self._unreached = 0

    def know(self, stream: str, environments: Iterable[int]) -> None:
        """An entry of this stream was added behind all others; ``environments`` are its queue's, in their order."""
        for place, position in enumerate(environments):
            self._keys.setdefault(position, f"{stream}|{place}")

    def of(self, position: int) -> str:
        """Return the key of an environment, from now on the same."""
        if position not in self._keys:
            self._keys[position] = f"unused {self._unreached}"
            self._unreached += 1
        return self._keys[position]
