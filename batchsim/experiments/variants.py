"""What is compared: scenarios under names, given as such, as files, or as changes to the first of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from batchsim.errors import ExperimentError, ScenarioError
from batchsim.experiments.repeats import refuse_lost
from batchsim.formats import scenario_yaml
from batchsim.spec import Scenario
from batchsim.spec.paths import with_values

BASELINE = "baseline"
"""The name of a scenario that others are changes of, where no better one is given."""
Given = Scenario | str | os.PathLike[str]
Own = Mapping[str, Any]
"""Policies of the caller's own, by kind."""
Changes = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Paths and values of one variant, in turn: ``{"spot.maxvCpus": 512}``."""

_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "\"'"


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the scenarios that are compared, and what it is called."""

    name: str
    scenario: Scenario
    policies: Own | None = None
    """Functions in place of AWS's rules, as ``batchsim.run`` takes them."""


def variants_of(
    given: Sequence[Given | Mapping[str, Given]],
    changes: Mapping[str, Changes] | None = None,
    allow_paths: Sequence[str | os.PathLike[str]] = (),
    policies: Mapping[str, Own] | None = None,
    *,
    settings: Sequence[tuple[str, Any]] = (),
    told: str = "settings",
) -> tuple[Variant, ...]:
    """The variants in order, each under a name of its own, the baseline first.

    Scenarios bear the names of a mapping, else of their files, else their own; a single one with ``changes`` to it, or
    ``policies``, is :data:`BASELINE`. ``policies`` under a name of no variant make one of the first scenario.
    ``settings`` are of all, before ``changes``; what is wrong with them is told of ``told``. Raises
    :class:`ScenarioError` with what is wrong in any of them, :class:`ExperimentError` for fewer than two.
    """
    named = [pair for each in given for pair in _named(each)]
    own = policies or {}
    if len(named) == 1 and (changes or own) and not isinstance(given[0], Mapping):
        named = [(BASELINE, named[0][1])]
    scenarios = _loaded(named, allow_paths)
    if settings:
        scenarios = [changed(each, settings, told) for each in scenarios]
    for name, own_changes in (changes or {}).items() if scenarios else ():
        named.append((name, ""))
        scenarios.append(_variant(scenarios[0], own_changes, f"variant {name}"))
    for name in own if scenarios else ():
        if name not in (known for known, _ in named):
            named.append((name, ""))
            scenarios.append(scenarios[0])
    if len(scenarios) < 2:
        raise ExperimentError("a comparison needs two scenarios, or one and variants of it")
    names = _distinct([name for name, _ in named])
    return tuple(Variant(name, scenario, own.get(name)) for name, scenario in zip(names, scenarios, strict=True))


def _variant(scenario: Scenario, changes: Changes, told: str) -> Scenario:
    """The scenario with the changes of a variant, each of which counts."""
    refuse_lost(scenario, _pairs(changes), told)
    return changed(scenario, changes, told)


def changed(scenario: Scenario, changes: Changes, told: str) -> Scenario:
    """The scenario with the changes; what is wrong then is told of ``told``, not of a line of the sound file."""
    try:
        return with_values(scenario, _pairs(changes))
    except ScenarioError as error:
        raise ScenarioError(replace(problem, file=told, line=0, col=0) for problem in error.found) from None


def _pairs(changes: Changes) -> Sequence[tuple[str, Any]]:
    return list(changes.items()) if isinstance(changes, Mapping) else changes


def parse_variant(text: str) -> tuple[str, list[tuple[str, Any]]]:
    """``name: path=value, path=value`` taken apart; values are YAML, as after ``--set``, and may hold commas.

    A comma ends a value where it is outside of brackets and quotes and ``path=`` follows. Raises ``ValueError``.
    """
    name, colon, rest = text.partition(":")
    if not (colon and name.strip()) or "=" in name:
        raise ValueError(f"{text!r} is not NAME: PATH=VALUE, as in 'big: spot.maxvCpus=512, world.market=stormy'")
    parts: list[str] = []
    for piece in pieces(rest):
        if _setting(piece) or not parts:
            parts.append(piece)
        else:
            parts[-1] += f",{piece}"
    settings = [_setting(part) for part in parts]
    if not all(settings):
        raise ValueError(f"{rest.strip()!r} is not PATH=VALUE, as in spot.maxvCpus=512")
    return name.strip(), [(path, scenario_yaml.parse_value(value)) for path, value in filter(None, settings)]


def _setting(piece: str) -> tuple[str, str] | None:
    """Path and value of ``path=value``; a path holds no brackets, quotes or blanks."""
    path, equals, value = piece.partition("=")
    path = path.strip()
    sound = equals and path and not any(char in f"{_OPENING}{_CLOSING}{_QUOTES} " for char in path)
    return (path, value.strip()) if sound else None


def pieces(text: str) -> list[str]:
    """The text between the commas that stand outside of brackets and quotes."""
    found, depth, quote = [""], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        else:
            depth += (char in _OPENING) - (char in _CLOSING)
        if char == "," and depth <= 0 and not quote:
            found.append("")
        else:
            found[-1] += char
    return found


def _named(given: Given | Mapping[str, Given]) -> Iterable[tuple[str, Given]]:
    if isinstance(given, Mapping):
        return given.items()
    own = given.name if isinstance(given, Scenario) else Path(given).stem
    return [(own or "scenario", given)]


def _loaded(named: Iterable[tuple[str, Given]], allow_paths: Sequence[str | os.PathLike[str]]) -> list[Scenario]:
    """All scenarios, or all problems of all files."""
    scenarios: list[Scenario] = []
    problems: list[Any] = []
    for _, given in named:
        try:
            scenarios.append(given if isinstance(given, Scenario) else _load(given, allow_paths))
        except ScenarioError as error:
            problems.extend(problem for problem in error.found if problem not in problems)
    if problems:
        raise ScenarioError(problems)
    return scenarios


def _load(file: str | os.PathLike[str], allow_paths: Sequence[str | os.PathLike[str]]) -> Scenario:
    return scenario_yaml.load(file, allow_paths=allow_paths)


def _distinct(names: Iterable[str]) -> list[str]:
    """The names, numbered where one occurs again: ``night``, ``night (2)``."""
    found: list[str] = []
    for name in names:
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name} ({number})"
        found.append(free)
    return found
