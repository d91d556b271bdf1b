"""Mutants by structure: values at the edges of their schema, wrong kinds, keys lost, gained and moved, other names."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from batchsim.fuzz.boundaries import draw_value, schemas_at
from batchsim.fuzz.files import Place, at, places
from batchsim.fuzz.hostile import VALUES
from batchsim.testing.swarm.choices import Choices, pick


def by_structure(data: Any, other: Any, choices: Choices) -> Any:
    """Plain data with one or two changes; ``other`` is another scenario's, whose parts may come over."""
    data = copy.deepcopy(data)
    for _ in range(pick(choices, (1, 1, 1, 2))):
        if len(data):
            pick(choices, _CHANGES)(data, other, choices)
    return data


def _somewhere(data: Any, choices: Choices) -> Place:
    return pick(choices, [place for place in places(data) if place])


def _put(data: Any, place: Place, value: Any) -> None:
    at(data, place[:-1])[place[-1]] = copy.deepcopy(value)


def _to_an_edge(data: Any, other: Any, choices: Choices) -> None:
    """A value from the edges of its schema in the place of what is there."""
    del other
    place = _somewhere(data, choices)
    _put(data, place, draw_value(schemas_at(place), choices))


def _with_a_key(data: Any, other: Any, choices: Choices) -> None:
    """A key that the schema knows and the scenario has not, with a value of its schema."""
    del other
    holders = [place for place in places(data) if isinstance(at(data, place), dict)]
    holder = pick(choices, holders)
    held = at(data, holder)
    known = [key for schema in schemas_at(holder) for key in schema.get("properties", {}) if key not in held]
    if known:
        key = pick(choices, known)
        held[key] = draw_value(schemas_at((*holder, key)), choices)


def _in_the_world(data: Any, other: Any, choices: Choices) -> None:
    """A key of ``world``, ``simulation`` or a whole section: whatever the example says nothing of."""
    del other
    top: list[str] = list(schemas_at(())[0]["properties"])
    key = pick(choices, (*["world"] * 6, "simulation", *top))
    if key not in ("world", "simulation"):
        data[key] = draw_value(schemas_at((key,)), choices)
        return
    held = data.setdefault(key, {})
    if isinstance(held, dict):
        field = pick(choices, list(schemas_at((key,))[0]["properties"]))
        held[field] = draw_value(schemas_at((key, field)), choices)


def _hostile(data: Any, other: Any, choices: Choices) -> None:
    del other
    _put(data, _somewhere(data, choices), pick(choices, VALUES))


def _lost(data: Any, other: Any, choices: Choices) -> None:
    del other
    place = _somewhere(data, choices)
    del at(data, place[:-1])[place[-1]]


def _doubled(data: Any, other: Any, choices: Choices) -> None:
    """An item of a list once more, there or at another place."""
    del other
    items = [place for place in places(data) if place and isinstance(place[-1], int)]
    if items:
        place = pick(choices, items)
        holder = at(data, place[:-1])
        holder.insert(choices.integer(0, len(holder)), copy.deepcopy(at(data, place)))


def _renamed(data: Any, other: Any, choices: Choices) -> None:
    """A key under another key's name."""
    del other
    keys = [place for place in places(data) if place and isinstance(place[-1], str)]
    place, new = pick(choices, keys), pick(choices, keys)[-1]
    holder = at(data, place[:-1])
    holder[str(new)] = holder.pop(place[-1])


def _referred(data: Any, other: Any, choices: Choices) -> None:
    """A text in the place of another: names of other things, of the same sort or not."""
    del other
    texts = [place for place in places(data) if place and isinstance(at(data, place), str)]
    if not texts:
        return
    place = pick(choices, texts)
    alike = [each for each in texts if each[-1] == place[-1]]
    _put(data, place, at(data, pick(choices, pick(choices, (texts, alike)))))


def _moved(data: Any, other: Any, choices: Choices) -> None:
    """What stands at one place, at another."""
    del other
    value = copy.deepcopy(at(data, _somewhere(data, choices)))
    _put(data, _somewhere(data, choices), value)


def _grafted(data: Any, other: Any, choices: Choices) -> None:
    """A part of another scenario, mostly where such a part belongs."""
    place = _somewhere(data, choices)
    alike = [each for each in places(other) if each and each[-1] == place[-1]]
    _put(data, place, at(other, pick(choices, alike or list(places(other)))))


_CHANGES: tuple[Callable[[Any, Any, Choices], None], ...] = (
    _to_an_edge, _to_an_edge, _to_an_edge, _with_a_key, _with_a_key, _with_a_key, _in_the_world, _in_the_world,
    _hostile, _lost, _doubled, _renamed, _referred, _referred, _moved, _grafted,
)  # fmt: skip
