"""EventBridge event patterns as a scenario holds them: plain JSON, checked field by field (E145).

A pattern has the structure of the events that it matches: each field leads to a nested pattern, or to a list of
literals and filters (EventBridge User Guide, "Amazon EventBridge event patterns" and "Content filtering").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from itertools import pairwise
from typing import Any

from batchsim.errors import Path
from batchsim.spec.base import FileForm, Flaw, FlawsError, check_text, flawed
from batchsim.spec.near import did_you_mean

OR = "$or"
NUMERIC_LIMIT = 5e9
"""EventBridge compares numbers of at most this size."""
COMPARISONS = ("=", "<", "<=", ">", ">=")
_SCALARS = "text, numbers, true, false or null"


def read_pattern(value: object) -> dict[str, Any]:
    """The pattern, given as a mapping or as the JSON text that AWS's own calls take; all flaws at once."""
    pattern = _from_text(value) if isinstance(value, str) else value
    flaws = list(_pattern_flaws(pattern, ()))
    if flaws or not isinstance(pattern, Mapping):
        raise FlawsError(*flaws)
    return dict(pattern)


def _from_text(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise flawed("E145", f"not JSON: {error}", text) from None


def _pattern_flaws(pattern: object, path: Path) -> Iterator[Flaw]:
    if not isinstance(pattern, Mapping):
        yield Flaw("E145", "an event pattern is a mapping of fields", path, pattern, "{detail: {status: [FAILED]}}")
    elif not pattern:
        yield Flaw("E145", "an empty pattern", path, "{}", "at least one field")
    else:
        for field, wanted in pattern.items():
            yield from (_or_flaws if field == OR else _field_flaws)(wanted, (*path, str(field)))


def _field_flaws(wanted: object, path: Path) -> Iterator[Flaw]:
    """What a field leads to: a list of literals and filters, or a nested pattern."""
    if isinstance(wanted, list):
        if not wanted:
            yield Flaw("E145", "an empty list matches nothing", path, "[]", "at least one value or filter")
        for position, item in enumerate(wanted):
            yield from _item_flaws(item, (*path, position))
    elif isinstance(wanted, Mapping):
        yield from _pattern_flaws(wanted, path)
    else:
        yield Flaw("E145", "values stand in a list", path, wanted, hint=f"Write [{wanted}]")


def _or_flaws(choices: object, path: Path) -> Iterator[Flaw]:
    if not isinstance(choices, list) or len(choices) < 2:
        yield Flaw("E145", "$or takes a list of at least two patterns", path, choices)
        return
    for position, choice in enumerate(choices):
        yield from _pattern_flaws(choice, (*path, position))


def _item_flaws(item: object, path: Path) -> Iterator[Flaw]:
    if isinstance(item, list):
        yield Flaw("E145", "a list within a list", path, item, f"{_SCALARS}, or a filter")
    elif isinstance(item, Mapping):
        yield from _filter_flaws(item, path, FILTERS)


def _filter_flaws(item: Mapping[Any, Any], path: Path, known: Mapping[str, _Check]) -> Iterator[Flaw]:
    """A filter is a mapping with one key, its name."""
    strange = [name for name in item if name not in known]
    for name in strange:
        yield Flaw("E145", "unknown filter", (*path, name), name, ", ".join(known), did_you_mean(name, known))
    if not strange and len(item) != 1:
        yield Flaw("E145", "a filter has exactly one name", path, ", ".join(map(str, item)) or "{}", ", ".join(known))
    elif not strange:
        ((name, argument),) = item.items()
        yield from known[name](argument, (*path, name))


_Check = Callable[[object, Path], Iterator[Flaw]]


def _text_flaws(argument: object, path: Path) -> Iterator[Flaw]:
    try:
        check_text(argument)
    except FlawsError as error:
        yield from (Flaw("E145", flaw.message, path, argument, hint=flaw.hint) for flaw in error.flaws)


def _affix_flaws(argument: object, path: Path) -> Iterator[Flaw]:
    """``prefix`` and ``suffix``: text, or ``{equals-ignore-case: text}``."""
    if isinstance(argument, Mapping):
        yield from _filter_flaws(argument, path, {"equals-ignore-case": _text_flaws})
    else:
        yield from _text_flaws(argument, path)


def _wildcard_flaws(argument: object, path: Path) -> Iterator[Flaw]:
    flaws = list(_text_flaws(argument, path))
    yield from flaws
    if flaws:
        return
    try:
        parts = wildcard_parts(str(argument))
    except ValueError as error:
        yield Flaw("E145", str(error), path, argument, r"* for any text, \* and \\ for themselves")
        return
    if any(one == two == "*" for one, two in pairwise(parts)):
        yield Flaw("E145", "two wildcards in a row", path, argument, hint="One * stands for any text")


def wildcard_parts(text: str) -> list[str]:
    r"""``*`` for each wildcard, and each other character with a dot before it; ``ValueError`` for a stray backslash."""
    parts: list[str] = []
    characters = iter(text)
    for character in characters:
        if character == "*":
            parts.append("*")
            continue
        escaped = next(characters, "") if character == "\\" else character
        if character == "\\" and escaped not in ("*", "\\"):
            raise ValueError("a backslash that escapes neither * nor itself")
        parts.append(f".{escaped}")
    return parts


def _anything_but_flaws(argument: object, path: Path) -> Iterator[Flaw]:
    """Text or numbers, one or a list of one kind; or a filter of text, with one or a list of them."""
    if isinstance(argument, Mapping):
        yield from _filter_flaws(argument, path, {name: _each(check) for name, check in _BUT.items()})
        return
    items = argument if isinstance(argument, list) else [argument]
    kinds = {"text" if isinstance(item, str) else "number" if _is_number(item) else "" for item in items}
    if len(kinds) != 1 or "" in kinds:
        yield Flaw("E145", "anything-but takes text, or numbers, not a mixture", path, argument)


def _each(check: _Check) -> _Check:
    """The check of one argument as that of one or several."""

    def checked(argument: object, path: Path) -> Iterator[Flaw]:
        if not isinstance(argument, list):
            yield from check(argument, path)
        elif not argument:
            yield Flaw("E145", "an empty list", path, "[]", "at least one value")
        else:
            for position, item in enumerate(argument):
                yield from check(item, (*path, position))

    return checked


def _numeric_flaws(argument: object, path: Path) -> Iterator[Flaw]:
    """A comparison and a number, or two pairs of them that make a range."""
    allowed = '["=", 5], [">", 0, "<=", 5]'
    pairs = argument if isinstance(argument, list) else []
    if len(pairs) not in (2, 4):
        yield Flaw("E145", "numeric takes a list of comparisons and numbers", path, argument, allowed)
        return
    for position, part in enumerate(pairs):
        is_wrong = not _is_number(part) or abs(part) > NUMERIC_LIMIT if position % 2 else part not in COMPARISONS
        if is_wrong:
            what = f"a number within ±{NUMERIC_LIMIT:g}" if position % 2 else ", ".join(COMPARISONS)
            yield Flaw("E145", "not a comparison with a number", (*path, position), part, what)


def _exists_flaws(argument: object, path: Path) -> Iterator[Flaw]:
    if not isinstance(argument, bool):
        yield Flaw("E145", "exists takes true or false", path, argument, "true, false")


def _cidr_flaws(argument: object, path: Path) -> Iterator[Flaw]:
    try:
        ip_network(argument if isinstance(argument, str) else "")
    except ValueError:
        yield Flaw("E145", "not a block of IP addresses", path, argument, "10.0.0.0/24, 2001:db8::/32")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_BUT: Mapping[str, _Check] = {
    "prefix": _text_flaws,
    "suffix": _text_flaws,
    "equals-ignore-case": _text_flaws,
    "wildcard": _wildcard_flaws,
}
FILTERS: Mapping[str, _Check] = {
    "prefix": _affix_flaws,
    "suffix": _affix_flaws,
    "equals-ignore-case": _text_flaws,
    "wildcard": _wildcard_flaws,
    "anything-but": _anything_but_flaws,
    "numeric": _numeric_flaws,
    "exists": _exists_flaws,
    "cidr": _cidr_flaws,
}
"""The filters of EventBridge, each with the check of its argument."""

PATTERN = FileForm(read_pattern, {"type": ["object", "string"], "examples": [{"detail": {"status": ["FAILED"]}}]})
"""The file form of an event pattern."""
