"""What is said twice of one place of a scenario, under whatever spellings: one of both would silently be nothing.

``maxvCpus``, ``spot.maxvCpus`` and the whole name of the place are one, and a mapping holds the places in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from batchsim.errors import Path, ScenarioError
from batchsim.experiments.design import Settings
from batchsim.spec import Scenario, SourceMap
from batchsim.spec.base import Flaw
from batchsim.spec.knobs import Knob
from batchsim.spec.paths import places_of
from batchsim.spec.places import Place
from batchsim.spec.problems import problem_of

Pair = tuple[str, Any]
_Given = tuple[str, Place]
"""A path, and its place."""


def refuse_lost(scenario: Scenario, pairs: Sequence[Pair], told: str) -> None:
    """Raises :class:`ScenarioError` (E123) if a value takes the place of an earlier one; a part of it may."""
    given = _given(scenario, pairs, told)
    for at, (path, place) in enumerate(given):
        earlier = next((each for each in given[:at] if _holds(place, each[1])), None)
        if earlier:
            how = "twice" if path == earlier[0] else f"already {_how((path, place), earlier)}"
            raise _error(Flaw("E123", f"given {how}", (path,)), told)


def refuse_entangled(scenario: Scenario, knobs: Iterable[tuple[str, Knob]], key: str, told: str) -> None:
    """Raises :class:`ScenarioError` (E123) if two of the ``knobs`` vary one place, or one a part of another.

    ``scenario``: before anything varies; ``key``: where the knobs stand.
    """
    given = _given(scenario, first_of(knobs), told)
    for at, (path, place) in enumerate(given):
        earlier = next((each for each in given[:at] if _holds(place, each[1]) or _holds(each[1], place)), None)
        if earlier:
            raise _error(Flaw("E123", f"varies already {_how((path, place), earlier)}", (key, path)), told)


def refuse_overruled(
    scenario: Scenario, settings: Sequence[Pair], knobs: Iterable[tuple[str, Knob]], told: str
) -> None:
    """Raises :class:`ScenarioError` (E117) if one of the ``settings`` is of no effect, since a knob takes its place."""
    if not settings:
        return
    given = _given(scenario, [*settings, *first_of(knobs)], told)
    for path, place in given[: len(settings)]:
        knob = next((each for each in given[len(settings) :] if _holds(each[1], place)), None)
        if knob:
            hint = "Leave one of them out"
            raise _error(Flaw("E117", f"varies, too, {_how((path, place), knob)}", ("set", path), hint=hint), told)


def first_of(knobs: Iterable[tuple[str, Knob]]) -> Settings:
    """Some value of each."""
    return tuple((path, knob.levels[0] if knob.levels else knob.at(0.0)) for path, knob in knobs)


def _given(scenario: Scenario, pairs: Sequence[Pair], told: str) -> list[_Given]:
    try:
        return list(zip((path for path, _ in pairs), places_of(scenario, pairs), strict=True))
    except ScenarioError as error:
        raise ScenarioError(replace(problem, file=told) for problem in error.found) from None


def _holds(place: Place, other: Place) -> bool:
    """Whether the other is in it, or is it."""
    held: Path = other.path[: len(place.path)]
    return held == place.path


def _how(later: _Given, earlier: _Given) -> str:
    """``as maxvCpus: both are computeEnvironments.spot.computeResources.maxvCpus``."""
    place, (other, there) = later[1], earlier
    if place.path == there.path:
        return f"as {other}: both are {place.name}"
    part, whole = (place, there) if _holds(there, place) else (there, place)
    return f"with {other}: {part.name} is a part of {whole.name}"


def _error(flaw: Flaw, told: str) -> ScenarioError:
    return ScenarioError([problem_of(flaw, SourceMap(told))])
