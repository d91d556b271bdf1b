"""What a run has before its clock starts: a scenario found fit to run, what the catalogue knows of it, and its seed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import numpy as np
from pydantic import ValidationError

from batchsim import catalog
from batchsim.errors import Problem, ScenarioError
from batchsim.formats import scenario_yaml
from batchsim.formats.sample_csv import read_sample
from batchsim.policies.given import Policies, policies_of
from batchsim.preflight import preflight
from batchsim.spec import CatalogueFacts, Scenario
from batchsim.spec.paths import with_values
from batchsim.spec.sample_files import ReadSample, with_samples
from batchsim.spec.settings import SimulationSettings


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scenario that was found fit to run, with what the catalogue knows of it: what all its replications share."""

    scenario: Scenario
    facts: CatalogueFacts
    policies: Policies
    sampled: Scenario
    """With the samples that its laws name files for."""
    read_sample: ReadSample


def prepare(scenario: Scenario | str | os.PathLike[str], policies: Mapping[str, Any] | None = None) -> Prepared:
    """Look up the facts, and check whatever does not hang on the seed.

    Raises :class:`ScenarioError`, and :class:`PolicyError` for an unknown kind of policy.
    """
    own = policies_of(policies)
    given = scenario if isinstance(scenario, Scenario) else scenario_yaml.load(scenario)
    facts = catalog.facts_for(given)
    refuse(preflight(given, facts, own))
    read = cache(partial(read_sample, source=given.source))
    return Prepared(given, facts, own, with_samples(given, read), read)


def refuse(problems: list[Problem]) -> None:
    """Raise them together, if there are any."""
    if problems:
        raise ScenarioError(problems)


def settled(scenario: Scenario, seed: int | None, replication: int | None) -> Scenario:
    """Return the scenario with its seed settled (the one given, its own, or one drawn here), and its replication.

    Nothing else of a scenario hangs on them, so it is not validated anew: that would take as long as a small run.
    """
    settings = scenario.simulation
    given = settings.seed if seed is None else seed
    wanted = {
        "seed": int.from_bytes(os.urandom(4)) if given is None else _whole(given),
        "replication": settings.replication if replication is None else _whole(replication),
    }
    try:
        checked = SimulationSettings.model_validate(wanted)
    except ValidationError:
        return with_values(scenario, [(f"simulation.{key}", value) for key, value in wanted.items()])  # tells them all
    sound = {"seed": checked.seed, "replication": checked.replication}
    return scenario.model_copy(update={"simulation": settings.model_copy(update=sound)})


def _whole(number: Any) -> Any:
    """A whole number of numpy's, as a table's row holds it, as one of Python's; anything else as it is."""
    return number.item() if isinstance(number, np.integer) else number


def epoch_ms(scenario: Scenario) -> int:
    """Return when a scenario starts, in ms since 1970 (UTC where it says no zone)."""
    start = datetime.fromisoformat(scenario.simulation.start)
    return round((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp() * 1000)
