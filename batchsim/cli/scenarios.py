"""Scenario files as commands take them: loaded, with ``--set`` applied, with a seed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from batchsim.errors import ScenarioError, cut

if TYPE_CHECKING:
    from batchsim.spec import Scenario

_DRAWN_BITS = 32
"""A drawn seed stays short enough to type."""


def load(file: Path, settings: tuple[str, ...], allow_paths: tuple[Path, ...] = ()) -> Scenario:
    """The scenario in ``file`` with all ``PATH=VALUE`` in place; ``ScenarioError`` if anything is wrong."""
    from batchsim.formats import scenario_yaml

    apart = [_pair(setting) for setting in settings]
    scenario = scenario_yaml.load(file, allow_paths=allow_paths)
    return _changed(scenario, apart) if apart else scenario


def pairs(settings: tuple[str, ...]) -> list[tuple[str, Any]]:
    """The paths and values of all ``PATH=VALUE``, values as YAML has them."""
    from batchsim.formats import scenario_yaml

    return [(path, scenario_yaml.parse_value(text)) for path, text in map(_pair, settings)]


def _changed(scenario: Scenario, pairs: list[tuple[str, str]]) -> Scenario:
    """The scenario with the settings; what is wrong then is told of them, not of a line of the sound file."""
    from batchsim.experiments.repeats import refuse_lost
    from batchsim.formats import scenario_yaml
    from batchsim.spec.paths import with_values

    try:
        settings = [(path, scenario_yaml.parse_value(text)) for path, text in pairs]
        if len(settings) > 1:
            refuse_lost(scenario, settings, "--set")
        return with_values(scenario, settings)
    except ScenarioError as error:
        told = cut(" ".join(f"--set {path}={text}" for path, text in pairs), 200)
        raise ScenarioError(replace(problem, file=told, line=0, col=0) for problem in error.found) from None


def seeded(scenario: Scenario, wanted: int | None) -> tuple[Scenario, bool]:
    """The scenario with a seed (the one wanted, else its own, else one drawn here), and whether it was drawn."""
    if wanted is not None:
        return scenario.with_("simulation.seed", wanted), False
    if scenario.simulation.seed is not None:
        return scenario, False
    return scenario.with_("simulation.seed", secrets.randbits(_DRAWN_BITS)), True


def _pair(setting: str) -> tuple[str, str]:
    """``PATH=VALUE`` taken apart."""
    path, equals, text = setting.partition("=")
    if not (equals and path.strip()):
        raise typer.BadParameter(f"{setting!r} is not PATH=VALUE, as in spot.maxvCpus=512", param_hint="--set")
    return path.strip(), text
