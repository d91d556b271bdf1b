"""The models of a scenario seen as a tree of types: which class, and which keys, belong at a path."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from batchsim.errors import Path


@cache
def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Annotation of each field by its key in the file."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def keys_at(root: type, path: Path) -> tuple[str, ...]:
    """The keys that the models reached at ``path`` from ``root`` know, in their order."""
    kind: Any = root
    for part in path:
        kind = child_kinds(kind, part)
    return keys_of(kind)


@cache
def keys_of(kind: Any) -> tuple[str, ...]:
    """The keys of the models among the members of an annotation, in their order."""
    return tuple(dict.fromkeys(key for model in models_in(kind) for key in fields_of(model)))


@cache
def models_in(kind: Any) -> tuple[type[BaseModel], ...]:
    """The models among the members of an annotation; those inside lists and mappings are not its members."""
    return tuple(member for member in _members(kind) if isinstance(member, type) and issubclass(member, BaseModel))


@cache
def child_kinds(kind: Any, part: str | int) -> tuple[Any, ...]:
    """The annotations that a key or a list position leads to from an annotation (or a tuple of them)."""
    return tuple(_children(kind, part))


def _children(kind: Any, part: str | int) -> Iterator[Any]:
    for member in _members(kind):
        origin = get_origin(member)
        if origin is tuple and isinstance(part, int):
            yield get_args(member)[0]
        elif origin is dict:
            yield get_args(member)[1]
        elif isinstance(member, type) and issubclass(member, BaseModel) and part in fields_of(member):
            yield fields_of(member)[str(part)]


def _members(kind: Any) -> Iterator[Any]:
    """An annotation without ``Annotated``, a union (or a tuple of annotations) as its members."""
    if isinstance(kind, tuple):
        for member in kind:
            yield from _members(member)
    elif get_origin(kind) is Annotated:
        yield from _members(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        yield from _members(get_args(kind))
    else:
        yield kind
