"""Paths into a scenario by name: ``computeEnvironments.spot.computeResources.maxvCpus``, or just ``spot.maxvCpus``.

Items of lists are addressed by their name, job definitions by ``name:revision``; parts may be left out as long as one
place remains (:mod:`batchsim.spec.places`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from batchsim.errors import Path, ScenarioError
from batchsim.spec.base import FlawsError
from batchsim.spec.dump import to_data
from batchsim.spec.parsing import parse
from batchsim.spec.places import Place, find_place
from batchsim.spec.problems import problem_of
from batchsim.spec.scenario import Scenario
from batchsim.spec.source import SourceMap
from batchsim.spec.updates import UPDATABLE, Target, check_update, find_target
from batchsim.spec.walk import child_kinds, fields_of, keys_of, models_in

__all__ = ["UPDATABLE", "Target", "check_update", "find_target", "with_values"]

_ITEM_NAMES = (
    *("computeEnvironmentName", "jobQueueName", "consumableResourceName", "id", "name", "jobName"),
    "shareIdentifier",
)


def with_values(scenario: Scenario, values: Iterable[tuple[str, Any]]) -> Scenario:
    """A new scenario with each ``(path, value)`` in its place, in turn; values in their file form, as ``"90s"``.

    It is validated once all are in place, so that values which only go together can be given in any order. Raises
    :class:`ScenarioError` when a path is unknown or ambiguous (E106), or the result is not valid.
    """
    data = to_data(scenario)
    for path, value in values:
        try:
            place = find_place(_places(Scenario, data), path)
        except FlawsError as error:
            raise ScenarioError(problem_of(flaw, SourceMap()) for flaw in error.flaws) from None
        _put(data, place.path, value)
    return parse(data, scenario.source)


def _places(kind: Any, data: Any, path: Path = (), words: tuple[str, ...] = ()) -> Iterator[Place]:
    """Every place below ``path``: what ``data`` holds, and the keys that its model also knows."""
    if isinstance(data, list):
        children = [(position, _item_name(item) or str(position)) for position, item in enumerate(data)]
    else:
        held = data if isinstance(data, dict) else {}
        children = [(key, key) for key in dict.fromkeys((*keys_of(_fitting(kind, held)), *held))]
    for key, name in children:
        here = Place((*path, key), (*words, *name.split(".")))
        yield here
        yield from _places(child_kinds(kind, key), _held(data, key), here.path, here.words)


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


def _put(data: Any, path: Path, value: Any) -> None:
    here: Any = data
    for key in path[:-1]:
        here = here.setdefault(key, {}) if isinstance(here, dict) else here[key]
    here[path[-1]] = value
