"""A smaller scenario on which batchsim and the oracle still differ: what can be left out of plain data is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

Data = dict[str, Any]
Path = tuple[str | int, ...]
PLAINEST = ("0s", "5m", "1m")
"""What a time may become."""
KEPT: tuple[Path, ...] = (("simulation", "max_time"),)
"""Without it a run that does not end takes the oracle hours."""


def shrink(data: Data, differs: Callable[[Data], bool]) -> Data:
    """Leave out items and keys, larger ones first, and make times plain, until nothing more can go.

    ``differs`` may raise for data that are no scenario: these are not taken.
    """
    while True:
        before = data
        for path in (each for each in [*paths(data)] if each not in KEPT):
            data = next((each for each in changes(data, path) if still(differs, each)), data)
        if data == before:
            return data


def still(differs: Callable[[Data], bool], data: Data) -> bool:
    try:
        return differs(data)
    except Exception:  # noqa: BLE001 (what is left is no scenario any more, whoever says so)
        return False


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """All places, from the outside in, the last item of a list first."""
    if isinstance(value, dict):
        places = [(*here, key) for key in value]
    elif isinstance(value, list):
        places = [(*here, position) for position in reversed(range(len(value)))]
    else:
        return
    yield from places
    for place in places:
        yield from paths(value[place[-1]], place)


def changes(data: Data, path: Path) -> Iterator[Data]:
    """The data without what stands there, or with a plainer time; nothing if it is gone already."""
    copy = deepcopy(data)
    holder = copy
    for step in path[:-1]:
        if not _has(holder, step):
            return
        holder = holder[step]
    if not _has(holder, path[-1]):
        return
    was = holder.pop(path[-1])
    yield copy
    if isinstance(was, str) and was[:1].isdigit():
        for plain in PLAINEST[: PLAINEST.index(was) if was in PLAINEST else None]:
            with_it = deepcopy(copy)
            _put(_at(with_it, path[:-1]), path[-1], plain)
            yield with_it


def _has(holder: Any, step: str | int) -> bool:
    if isinstance(holder, list):  # another may stand there by now than when the path was found
        return isinstance(step, int) and step < len(holder)
    return isinstance(holder, dict) and step in holder


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _put(holder: Any, step: Any, value: str) -> None:
    if isinstance(holder, list):
        holder.insert(step, value)
    else:
        holder[step] = value
