"""Paths into a scenario by name: ``computeEnvironments.spot.computeResources.maxvCpus``, or just ``spot.maxvCpus``.

Items of lists are addressed by their name, job definitions by ``name:revision``; parts may be left out as long as one
place remains (:mod:`batchsim.spec.places`).
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import reduce
from typing import Any

from batchsim.errors import Path, ScenarioError
from batchsim.spec.base import FlawsError, flawed
from batchsim.spec.dump import to_data
from batchsim.spec.parsing import parse
from batchsim.spec.places import Place, Places
from batchsim.spec.problems import problem_of
from batchsim.spec.scenario import Scenario
from batchsim.spec.source import SourceMap
from batchsim.spec.updates import UPDATABLE, Target, check_update, find_target
from batchsim.spec.walk import child_kinds, fields_of, keys_of, models_in

__all__ = ["UPDATABLE", "Target", "check_update", "find_target", "places_of", "with_values"]

_ITEM_NAMES = (
    *("computeEnvironmentName", "jobQueueName", "consumableResourceName", "id", "name", "jobName"),
    "shareIdentifier",
)
_NAMES = frozenset(("jobDefinitionName", "revision", *_ITEM_NAMES))
"""Keys whose values are words of paths."""


def with_values(scenario: Scenario, values: Iterable[tuple[str, Any]]) -> Scenario:
    """A new scenario with each ``(path, value)`` in its place, in turn; values in their file form, as ``"90s"``.

    It is validated once all are in place, so that values which only go together can be given in any order. Raises
    :class:`ScenarioError` when a path is unknown or ambiguous (E106), or the result is not valid.
    """
    data = to_data(scenario)
    _put_all(data, values)
    return parse(data, scenario.source)


def places_of(scenario: Scenario, values: Iterable[tuple[str, Any]]) -> list[Place]:
    """Where :func:`with_values` puts each value, whatever it is worth. Raises :class:`ScenarioError` as that does."""
    return _put_all(to_data(scenario), values)


def _put_all(data: Any, values: Iterable[tuple[str, Any]]) -> list[Place]:
    """Put each value in its place, in turn; the places."""
    found: list[Place] = []
    places = None
    for path, value in values:
        # A large workload has a hundred thousand places: all are listed anew only after what may have renamed some.
        places = places or Places(_below(Scenario, data, Place((), ())))
        try:
            place = places.find(path)
            is_like_before = _put(data, place.path, value)
        except FlawsError as error:
            raise ScenarioError(problem_of(flaw, SourceMap()) for flaw in error.flaws) from None
        found.append(place)
        places = places.renewed(place, _below(_kind_at(place.path), value, place)) if is_like_before else None
    return found


def _below(kind: Any, data: Any, place: Place) -> list[Place]:
    """Every place below one: what ``data`` holds, and the keys that its models also know."""
    found: list[Place] = []
    _walk(kind, data, place, found)
    return found


def _kind_at(path: Path) -> Any:
    return reduce(_child_kinds, path, Scenario)


def _child_kinds(kind: Any, key: str | int) -> Any:
    return child_kinds(kind, key if isinstance(key, str) else 0)  # items of a list are of one kind


def _walk(kind: Any, data: Any, above: Place, found: list[Place]) -> None:
    """Into a list, since to hand each place up through all levels took most of the time."""
    for key, name in _children(kind, data):
        here = Place((*above.path, key), (*above.words, *str(name).split(".")))
        found.append(here)
        _walk(_child_kinds(kind, key), _held(data, key), here, found)


def _children(kind: Any, data: Any) -> Iterable[tuple[str | int, str]]:
    """Keys and names one level below."""
    if isinstance(data, list):
        return [(position, _item_name(item) or str(position)) for position, item in enumerate(data)]
    if isinstance(data, dict):
        return [(key, key) for key in dict.fromkeys((*keys_of(_fitting(kind, data)), *data))]
    return [(key, key) for key in keys_of(kind)]


def _fitting(kind: Any, held: dict[str, Any]) -> Any:
    """Of several models that may stand here, those that know every key that does."""
    models = models_in(kind)
    return tuple(model for model in models if held.keys() <= fields_of(model).keys()) or models


def _item_name(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    if "jobDefinitionName" in item:
        return f"{item['jobDefinitionName']}:{item['revision']}"
    return next((str(item[key]) for key in _ITEM_NAMES if key in item), None)


def _held(data: Any, key: Any) -> Any:
    if isinstance(data, list):
        return data[key]
    return data.get(key) if isinstance(data, dict) else None


def _put(data: Any, path: Path, value: Any) -> bool:
    """Put a value in its place; whether all places but those below it are, and are called, as before."""
    here: Any = data
    for depth, key in enumerate(path[:-1], 1):
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
        if not isinstance(here, dict | list):  # what was put there before
            raise flawed("E112", "not a mapping", here, path=path[:depth])
    last = path[-1]
    before = here.get(last) if isinstance(here, dict) else here[last]
    here[last] = deepcopy(value)  # a later change may reach into it
    return last not in _NAMES and isinstance(last, str) and before is not None
