"""Small mappings of the simulator's half read key by key, with every flaw at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from batchsim import units
from batchsim.spec.base import Flaw, FlawsError
from batchsim.spec.kinds import with_unit
from batchsim.spec.near import did_you_mean

Reader = Callable[[Any], Any]
"""From a value in its file form to what it means; raises :class:`FlawsError`."""

read_duration: Callable[[Any], int] = with_unit(units.parse_duration_ms)
"""Milliseconds of a duration with its unit (E146)."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form that a value can have: what it makes of which keys; the first ``required`` of them must be there."""

    make: Callable[..., Any]
    readers: Mapping[str, Reader]
    required: int = 1


def read_form(value: Mapping[Any, Any], forms: Mapping[str, Form], what: str, allowed: str) -> Any:
    """What the form makes whose key ``value`` has; keys with no value are passed as None."""
    kind = next((key for key in forms if key in value), None)
    if kind is None:
        raise FlawsError(
            *(unknown_keys(value, forms, what, allowed) or [Flaw("E111", f"empty {what}", (), "{}", allowed)])
        )
    form = forms[kind]
    return form.make(*read_fields(value, form.readers, form.required))


def unknown_keys(value: Mapping[Any, Any], known: Mapping[str, Any], what: str, allowed: str = "") -> list[Flaw]:
    """E106 for each key that is not known."""
    allowed = allowed or ", ".join(known)
    strange = [key for key in value if key not in known]
    return [Flaw("E106", f"unknown {what}", (key,), key, allowed, did_you_mean(key, known)) for key in strange]


def read_fields(value: Mapping[Any, Any], readers: Mapping[str, Reader], required: int) -> list[Any]:
    """What each of ``readers`` reads from ``value``, in their order, None where the key is absent."""
    flaws = unknown_keys(value, readers, "key")
    read: list[Any] = []
    for position, (key, reader) in enumerate(readers.items()):
        if key not in value and position < required:
            flaws.append(Flaw("E111", "missing key", (key,)))
        try:
            read.append(reader(value[key]) if key in value else None)
        except FlawsError as error:
            flaws += [flaw.under(key) for flaw in error.flaws]
    if flaws:
        raise FlawsError(*flaws)
    return read


def read_items(values: list[Any] | tuple[Any, ...], reader: Reader) -> tuple[Any, ...]:
    """Each item read, the flaws of all of them at once."""
    flaws: list[Flaw] = []
    read: list[Any] = []
    for position, value in enumerate(values):
        try:
            read.append(reader(value))
        except FlawsError as error:
            flaws += [flaw.under(position) for flaw in error.flaws]
    if flaws:
        raise FlawsError(*flaws)
    return tuple(read)


TEXT: Mapping[str, Any] = {"type": "string"}
"""JSON Schema of text."""


def object_schema(properties: Mapping[str, Any], required: int = 1) -> dict[str, Any]:
    """JSON Schema of a mapping with these keys, of which the first ``required`` must be there."""
    keys = list(properties)[:required]
    return {"type": "object", "properties": dict(properties), "required": keys, "additionalProperties": False}
