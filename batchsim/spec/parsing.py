"""From plain data to a checked scenario, with every problem of the file at once.

The models find what is wrong inside an item. Items that are sound are then checked against one another, even when
others are not: a reference to an unsound item counts as found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from batchsim.errors import Path, Problem, ScenarioError
from batchsim.spec.base import Flaw
from batchsim.spec.checks import check_all
from batchsim.spec.index import Index, names_in
from batchsim.spec.problems import plain_path, problem_of, problems_of
from batchsim.spec.scenario import Scenario
from batchsim.spec.source import SourceMap


def parse(data: Mapping[str, Any], source: SourceMap | None = None) -> Scenario:
    """The scenario that ``data`` (the file's keys and values) describes.

    Raises :class:`ScenarioError` with all problems, placed by ``source``.
    """
    source = source or SourceMap()
    plain = plain_data(data)
    if not isinstance(plain, dict):
        raise ScenarioError([problem_of(Flaw("E104", "a scenario is a mapping", value=plain), source)])
    number_revisions(plain)
    try:
        scenario = _validate(plain, source)
    except ValidationError as error:
        raise ScenarioError([*problems_of(error, Scenario, source), *_other_problems(plain, error, source)]) from None
    problems = _check(Index(scenario, {}, names_in(plain)), source)
    if problems:
        raise ScenarioError(problems)
    return scenario


def plain_data(value: Any) -> Any:
    """Dicts and lists only, keys without a value left out (AWS's JSON: null = absent)."""
    if isinstance(value, Mapping):
        return {key: plain_data(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain_data(item) for item in value]
    return value


def number_revisions(data: dict[str, Any]) -> None:
    """Give each job definition without a ``revision`` the one after the newest before it in the file, in place."""
    newest: dict[str, int] = {}
    definitions = data.get("jobDefinitions")
    for item in definitions if isinstance(definitions, list) else ():
        if isinstance(item, dict) and isinstance(name := item.get("jobDefinitionName"), str):
            revision = item.setdefault("revision", newest.get(name, 0) + 1)
            newest[name] = max(newest.get(name, 0), revision if isinstance(revision, int) else 0)


def _validate(plain: dict[str, Any], source: SourceMap) -> Scenario:
    world = plain.get("world")
    strict = not (isinstance(world, dict) and world.get("strict_limits") is False)
    return Scenario.model_validate(plain, context={"strict_limits": strict, "source": source})


def _check(index: Index, source: SourceMap) -> list[Problem]:
    return [problem_of(flaw, source) for flaw in check_all(index)]


def _other_problems(plain: dict[str, Any], error: ValidationError, source: SourceMap) -> list[Problem]:
    """The problems between the sound items: what remains without unknown keys and unsound items is checked."""
    details = error.errors(include_url=False, include_input=False)
    unknown = {plain_path(detail["loc"]) for detail in details if detail["type"] == "extra_forbidden"}
    broken = {plain_path(detail["loc"])[:2] for detail in details if detail["type"] != "extra_forbidden"}
    sound, places = _sound_part(_without(plain, unknown, ()), broken)
    try:
        return _check(Index(_validate(sound, source), places, names_in(plain)), source)
    except ValidationError:
        return []


def _without(value: Any, paths: set[Path], here: Path) -> Any:
    """``value`` without the keys at ``paths``."""
    if isinstance(value, dict):
        kept = ((key, item) for key, item in value.items() if (*here, key) not in paths)
        return {key: _without(item, paths, (*here, key)) for key, item in kept}
    if isinstance(value, list):
        return [_without(item, paths, (*here, position)) for position, item in enumerate(value)]
    return value


def _sound_part(plain: dict[str, Any], broken: set[Path]) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    """What is left without ``broken``, and the file positions of the items that stay in each section."""
    places = {
        key: tuple(position for position in range(len(value)) if (key, position) not in broken)
        for key, value in plain.items()
        if isinstance(value, list)
    }
    sections = {path[0] for path in broken}
    sound = {
        key: [value[position] for position in places[key]] if key in places else value
        for key, value in plain.items()
        if key in places or key not in sections
    }
    return sound, places
