"""pydantic's errors, and our own flaws, turned into problems with code, place, value, what is allowed and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from batchsim.errors import Path, Problem, show_path
from batchsim.spec.base import Flaw, FlawsError
from batchsim.spec.near import did_you_mean
from batchsim.spec.source import SourceMap
from batchsim.spec.walk import keys_at

_AT_THE_KEY = frozenset({"E106"})
"""Codes whose problem stands at the key, not at its value."""
_MARKS = frozenset({"<entry>", "<workflow>", "[key]"})
_MANY_KEYS = 24
_MANY_PLACES = 12
_SHOWN = 80
_HUGE = 10**_SHOWN
"""Only a program gives such an integer, and beyond some thousand digits Python writes none."""

_SHAPES: Mapping[str, str] = {
    "model_type": "not a mapping",
    "dict_type": "not a mapping",
    "mapping_type": "not a mapping",
    "tuple_type": "not a list",
    "list_type": "not a list",
}


def problems_of(error: ValidationError, root: type, source: SourceMap) -> Iterator[Problem]:
    """Every problem of a failed validation as ``root``."""
    for detail in error.errors(include_url=False):
        for flaw in _flaws_of(detail, root):
            yield problem_of(flaw, source)


def problem_of(flaw: Flaw, source: SourceMap) -> Problem:
    """A flaw, its path from the top, with its place in the file."""
    line, col = source.at(flaw.path, key=flaw.code in _AT_THE_KEY)
    hint = " ".join(part for part in (flaw.hint, _see(flaw, source)) if part)
    value = show_value(flaw.value)
    return Problem(flaw.code, flaw.path, flaw.message, value, flaw.allowed, hint, source.file, line, col)


def _see(flaw: Flaw, source: SourceMap) -> str:
    """Where else to look: lines, or paths when there is no file."""
    lines = [source.at(path)[0] for path in flaw.also]
    if not all(lines):
        return f"See {_some([show_path(path) for path in flaw.also])}" if flaw.also else ""
    return f"See line{'s' if len(lines) > 1 else ''} {_some(lines)}" if lines else ""


def _some(places: Sequence[object]) -> str:
    """The first places and how many more there are: a circle of thousands has as many."""
    more = len(places) - _MANY_PLACES
    text = ", ".join(map(str, places[:_MANY_PLACES]))
    return f"{text} and {more} more" if more > 0 else text


def show_value(value: object) -> str:
    """A value as the file could hold it, cut to a length that fits a line; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    if isinstance(value, int) and abs(value) >= _HUGE:
        return "a huge number"
    text = '""' if value == "" else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _flaws_of(detail: ErrorDetails, root: type) -> Iterable[Flaw]:
    path = plain_path(detail["loc"])
    if detail["type"] == "extra_forbidden":
        path = (*plain_path(detail["loc"][:-1]), detail["loc"][-1])  # a key of the file, even one like a mark
    carried = detail.get("ctx", {}).get("error")
    if isinstance(carried, FlawsError):
        return [flaw.under(*path) for flaw in carried.flaws]
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return [_unknown_key(path, keys_at(root, path[:-1]))]
    if kind == "missing":
        return [Flaw("E111", "missing key", path)]
    if kind == "literal_error":
        return [_not_a_choice(path, value, re.findall(r"'([^']*)'", detail["ctx"]["expected"]))]
    return [Flaw("E112", _SHAPES.get(kind, detail["msg"]), path, value)]


def plain_path(loc: Sequence[int | str]) -> Path:
    """pydantic's location without its own marks (``<entry>`` of a union, ``[key]`` of a mapping)."""
    return tuple(part for part in loc if part not in _MARKS)


def _unknown_key(path: Path, known: Sequence[str]) -> Flaw:
    hint = did_you_mean(path[-1], known)
    allowed = "" if hint and len(known) > _MANY_KEYS else ", ".join(known)
    return Flaw("E106", "unknown key", path, path[-1], allowed, hint)


def _not_a_choice(path: Path, value: object, choices: Sequence[str]) -> Flaw:
    return Flaw("E113", "not one of the allowed values", path, value, ", ".join(choices), did_you_mean(value, choices))
