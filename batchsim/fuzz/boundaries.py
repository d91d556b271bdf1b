"""Values at the edges of a field's JSON Schema, one inside and one outside of each; wrong kinds and texts too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from batchsim.fuzz.hostile import NUMBERS, QUANTITIES, SHAPES, TEXTS, VALUES
from batchsim.spec.schema import json_schema
from batchsim.testing.swarm.choices import Choices, chance, pick

Schema = Mapping[str, Any]
_UNIONS = ("anyOf", "oneOf", "allOf")
_MOST_KEYS = 4
_DEEPEST = 4


@cache
def root_schema() -> Schema:
    """The schema of scenarios."""
    return json_schema()


def plain_schemas(schema: Schema) -> Iterator[Schema]:
    """The schema with references followed and unions taken apart."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from plain_schemas(root_schema()["$defs"].get(name, {}))
    elif union := next((key for key in _UNIONS if key in schema), None):
        for each in schema[union]:
            yield from plain_schemas(each)
    else:
        yield schema


def schemas_below(schemas: Sequence[Schema], key: str | int) -> list[Schema]:
    """What may stand under a key, or in a list, of something of one of these schemas."""
    found: list[Schema] = []
    for schema in schemas:
        below = _below(schema, key)
        if isinstance(below, Mapping):
            found.extend(plain_schemas(below))
    return found


def schemas_at(place: Sequence[str | int]) -> list[Schema]:
    """What may stand at a place of a scenario; nothing where no key of ours is."""
    schemas = list(plain_schemas(root_schema()))
    for key in place:
        schemas = schemas_below(schemas, key)
    return schemas


def edges(schemas: Sequence[Schema]) -> list[Any]:
    """Every value at an edge of one of the schemas, and the next on either side."""
    return [value for schema in schemas for value in _edges(schema)]


def draw_value(schemas: Sequence[Schema], choices: Choices, depth: int = 0) -> Any:
    """A value for a field: mostly at an edge of what it may hold, or within; sometimes of another kind."""
    if not schemas or chance(choices, 12):
        return pick(choices, VALUES)
    schema = pick(choices, schemas)
    kind = schema.get("type")
    if kind == "object" and chance(choices, 85):
        return _mapping(schema, choices, depth)
    if kind == "array" and chance(choices, 85):
        return _list(schema, choices, depth)
    return pick(choices, edges([schema]) or VALUES)


def _below(schema: Schema, key: str | int) -> Any:
    if isinstance(key, int):
        return schema.get("items")
    known = schema.get("properties", {})
    return known[key] if key in known else schema.get("additionalProperties")


def _edges(schema: Schema) -> Iterator[Any]:
    if "const" in schema:
        yield from (schema["const"], f"{schema['const']}x")
    yield from schema.get("enum", ())
    yield from (str(each).swapcase() for each in schema.get("enum", ())[:2])
    kinds = schema.get("type", ())
    for kind in (kinds,) if isinstance(kinds, str) else kinds:
        yield from _of_kind(kind, schema)


def _of_kind(kind: str, schema: Schema) -> Iterator[Any]:
    if kind in ("integer", "number"):
        for bound in (schema[key] for key in ("minimum", "maximum") if key in schema):
            yield from (bound - 1, bound, bound + 1, bound + 0.5)
        yield from NUMBERS
    elif kind == "string" and "enum" not in schema:
        yield from _texts(schema)
    elif kind == "boolean":
        yield from (True, False, "true", "yes", 1)
    elif kind in ("object", "array"):
        yield from SHAPES


def _texts(schema: Schema) -> Iterator[str]:
    """Texts that fit the pattern, twice as often as those that do not."""
    fits = re.compile(schema.get("pattern", ""))
    examples = [str(each) for each in schema.get("examples", ())]
    pool = [*examples, *QUANTITIES, *TEXTS]
    fitting = [text for text in pool if fits.search(text)] if "pattern" in schema else examples
    yield from (*fitting, *fitting, *pool)


def _mapping(schema: Schema, choices: Choices, depth: int) -> Any:
    """A mapping with what is required and a few keys more."""
    known = list(schema.get("properties", {}))
    if not known or depth >= _DEEPEST:
        return pick(choices, SHAPES)
    wanted = [key for key in schema.get("required", ()) if chance(choices, 95)]
    wanted += [pick(choices, known) for _ in range(choices.integer(0, _MOST_KEYS))]
    return {key: draw_value(schemas_below([schema], key), choices, depth + 1) for key in dict.fromkeys(wanted)}


def _list(schema: Schema, choices: Choices, depth: int) -> list[Any]:
    """A list of values; the fewest and the most that there may be, and one beyond."""
    numbers = (0, 1, 2, 3, schema.get("minItems", 1) - 1, schema.get("maxItems", 5) + 1)
    number = max(0, min(30, pick(choices, numbers)))
    items = schemas_below([schema], 0)
    return [draw_value(items, choices, depth + 1) for _ in range(number)] if depth < _DEEPEST else []
