"""EventBridge's event patterns held against an event: a pure function of the two.

Fields of a pattern are joined by *and*, the values of a field by *or*; fields that a pattern does not name do not
matter. Where an event holds a list, one of its values must match; where that list holds mappings, one of them must
match all that the pattern says of them. ``exists`` is about leaves: a mapping, or an empty list, counts as absent.
The pattern must have passed :func:`batchsim.spec.event_patterns.read_pattern`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any

from batchsim.spec.event_patterns import OR, wildcard_parts

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


_ABSENT: tuple[()] = ()
"""What stands where an event has no such field: it has no leaf."""


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether ``pattern`` matches ``event``, both plain JSON."""
    return all(
        any(matches(choice, event) for choice in wanted) if field == OR else _field(wanted, event.get(field, _ABSENT))
        for field, wanted in pattern.items()
    )


def value_matches(wanted: list[Any], value: object) -> bool:
    """Whether a field's list of literals and filters matches the event's value there."""
    leaves = list(_leaves(value))
    return any(_item(item, leaves) for item in wanted)


def _field(wanted: Any, found: object) -> bool:
    if isinstance(wanted, list):
        return value_matches(wanted, found)
    return any(matches(wanted, each) for each in _mappings(found))


def _mappings(found: object) -> Iterator[Mapping[str, Any]]:
    """The mappings at a place of the event; an empty one where there is none, for what must not exist in it."""
    items = found if isinstance(found, list) else [found]
    held = [item for item in items if isinstance(item, Mapping)]
    yield from held or [{}]


def _leaves(value: object) -> Iterator[Any]:
    """The scalars at a place of the event."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not _ABSENT and not isinstance(value, Mapping):
        yield value


def _item(item: object, leaves: list[Any]) -> bool:
    """One literal, or one filter, against all leaves."""
    if not isinstance(item, Mapping):
        return any(_same(item, leaf) for leaf in leaves)
    ((name, argument),) = item.items()
    if name == "exists":
        return bool(leaves) is argument
    return any(_FILTERS[name](argument, leaf) for leaf in leaves)


def _same(literal: object, leaf: object) -> bool:
    """Equal as JSON writes them: 300 is neither 300.0 nor "300", and true is not 1."""
    return type(literal) is type(leaf) and literal == leaf


def _prefix(argument: Any, leaf: object) -> bool:
    if isinstance(argument, Mapping):
        return isinstance(leaf, str) and leaf.casefold().startswith(argument["equals-ignore-case"].casefold())
    return isinstance(leaf, str) and leaf.startswith(argument)


def _suffix(argument: Any, leaf: object) -> bool:
    if isinstance(argument, Mapping):
        return isinstance(leaf, str) and leaf.casefold().endswith(argument["equals-ignore-case"].casefold())
    return isinstance(leaf, str) and leaf.endswith(argument)


def _ignoring_case(argument: str, leaf: object) -> bool:
    return isinstance(leaf, str) and leaf.casefold() == argument.casefold()


def _wildcard(argument: str, leaf: object) -> bool:
    return isinstance(leaf, str) and _expression(argument).fullmatch(leaf) is not None


@lru_cache(maxsize=256)
def _expression(wildcard: str) -> re.Pattern[str]:
    parts = (".*" if part == "*" else re.escape(part[1:]) for part in wildcard_parts(wildcard))
    return re.compile("".join(parts), re.DOTALL)


def _anything_but(argument: Any, leaf: object) -> bool:
    """Whether the leaf is none of these."""
    if isinstance(argument, Mapping):
        ((name, given),) = argument.items()
        filters = given if isinstance(given, list) else [given]
        return isinstance(leaf, str) and not any(_FILTERS[name](each, leaf) for each in filters)
    values = argument if isinstance(argument, list) else [argument]
    return all(_number(each) != _number(leaf) if _is_number(each) else each != leaf for each in values)


def _numeric(argument: list[Any], leaf: object) -> bool:
    value = _number(leaf)
    pairs = zip(argument[::2], argument[1::2], strict=True)
    return value is not None and all(_COMPARE[sign](value, limit) for sign, limit in pairs)


def _cidr(argument: str, leaf: object) -> bool:
    try:
        return isinstance(leaf, str) and ip_address(leaf) in ip_network(argument)
    except ValueError:
        return False


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_number(value: object) -> bool:
    return _number(value) is not None


_FILTERS: Mapping[str, Callable[[Any, object], bool]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignoring_case,
    "wildcard": _wildcard,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
}
