"""From files that fail to few and short ones that still fail in the same way: delta debugging by parts and by bytes."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from batchsim.errors import BatchsimError
from batchsim.formats.yaml_reader import read_yaml
from batchsim.fuzz.files import Files, Place, at, places, scenario_name, with_scenario, written

T = TypeVar("T")

Fails = Callable[[Files], bool]
"""Whether files still fail in the same way; raises :class:`EnoughError` when it has been asked often enough."""

_TOKENS = re.compile(rb"[A-Za-z0-9_.]+|\s+|.", re.DOTALL)


class EnoughError(BatchsimError):
    """There is no more time to shrink."""


def shrink(files: Files, fails: Fails) -> Files:
    """The smallest that is found; ``files`` themselves must fail."""
    best = [files]

    def still(smaller: Files) -> bool:
        if not fails(smaller):
            return False
        best[0] = smaller
        return True

    try:
        _shrink_scenario(files, still)
        for name in list(best[0])[1:]:
            _shrink_named(best[0], name, still)
    except EnoughError:
        pass
    return best[0]


def _shrink_scenario(files: Files, still: Fails) -> None:
    """By parts if it can be read and fails as plain data too, else by lines, tokens and bytes."""
    name = scenario_name(files)
    try:
        data: Any = read_yaml(files[name].decode(), name).data
    except (BatchsimError, UnicodeDecodeError):
        data = None
    if isinstance(data, dict) and still(with_scenario(files, written(data))):
        _shrink_data(data, lambda smaller: still(with_scenario(files, written(smaller))))
    else:
        _shrink_bytes(files[name], lambda smaller: still(with_scenario(files, smaller)))


def _shrink_named(files: Files, name: str, still: Fails) -> None:
    """A file that the scenario names: none at all, or fewer bytes."""
    if not still({key: content for key, content in files.items() if key != name}):
        _shrink_bytes(files[name], lambda smaller: still({**files, name: smaller}))


def _shrink_data(data: Any, still: Callable[[Any], bool]) -> Any:
    """Leave out part after part, the largest first, until each that is left is needed."""
    smaller = True
    while smaller:
        smaller = False
        for place in _largest_first(data):
            less = _without(data, place)
            if less is not None and still(less):
                data, smaller = less, True
    return data


def _largest_first(data: Any) -> Iterator[Place]:
    """Every place but the top: parents before what they hold."""
    found = [place for place in places(data) if place]
    sizes = {place: sum(1 for _ in places(at(data, place))) for place in found}
    yield from sorted(found, key=lambda place: -sizes[place])


def _without(data: Any, place: Place) -> Any | None:
    """A copy without what stands at a place; None if nothing does any more."""
    less = copy.deepcopy(data)
    try:
        del at(less, place[:-1])[place[-1]]
    except (KeyError, IndexError, TypeError):
        return None
    return less


def _shrink_bytes(content: bytes, still: Callable[[bytes], bool]) -> None:
    """By lines, then by tokens, then by single bytes."""
    for cut in (lambda raw: raw.splitlines(keepends=True), _TOKENS.findall, lambda raw: [bytes([b]) for b in raw]):
        content = b"".join(minimised(cut(content), lambda parts: still(b"".join(parts))))


def minimised(parts: Sequence[T], still: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Fewer of ``parts``, none of which can be left out: ever smaller chunks of them are tried (Zeller's ddmin)."""
    chunk = len(parts)
    while chunk:
        start, found = 0, False
        while start < len(parts):
            fewer = [*parts[:start], *parts[start + chunk :]]
            if still(fewer):
                parts, found = fewer, True
            else:
                start += chunk
        chunk = chunk if found and chunk == 1 else chunk // 2
    return parts
