"""Random fault plans over a given scenario: what EC2 takes and refuses, when, of its own environments and types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batchsim.catalog import facts_for
from batchsim.preflight import spot_environments
from batchsim.spec import Scenario
from batchsim.testing.swarm.choices import Choices, chance, pick

Data = dict[str, Any]

_FIRST = ("0s", "1s", "30s", "1m", "2m", "5m", "10m", "20m", "45m", "2h", "5h", "12h", "1d", "3d")
_LONG = ("1s", "1m", "10m", "30m", "2h", "1d")
MOST_FAULTS = 6


@dataclass(frozen=True, slots=True)
class Targets:
    """What faults can strike in a scenario."""

    types: Mapping[str, tuple[str, ...]]
    """By environment on instances of EC2, what it may launch, and patterns of it."""
    spot: tuple[str, ...]
    """Those of the environments that launch Spot instances."""


def targets_of(scenario: Scenario) -> Targets:
    """What a valid scenario's environments may launch, as the catalogue knows it."""
    pools = facts_for(scenario).pools
    types = {name: _patterns([pool.type.name for pool in found]) for name, found in pools.items() if found}
    return Targets(types, tuple(name for name in spot_environments(scenario) if name in types))


def _patterns(types: Sequence[str]) -> tuple[str, ...]:
    families = (f"{name.partition('.')[0]}.*" for name in types)
    return tuple(dict.fromkeys((*types, *families, "*")))


def with_plan(data: Data, targets: Targets, choices: Choices) -> Data:
    """The scenario's plain data with up to six faults more."""
    drawn = [pick(choices, _KINDS)(targets, choices) for _ in range(choices.integer(1, MOST_FAULTS))]
    faults = [fault for each in drawn for fault in each]
    return {**data, "faults": [*(data.get("faults") or ()), *faults]} if faults else data


def _reclaims(targets: Targets, choices: Choices) -> list[Data]:
    """One instance, or as many as there are of the first launches, at one instant."""
    if not targets.spot:
        return []
    name, at = pick(choices, targets.spot), pick(choices, _FIRST)
    ordinals = range(pick(choices, (1, 1, 3, 12)))
    replace = {"replace": True} if chance(choices, 30) else {}
    first = pick(choices, (0, 0, 0, 1, 5))
    return [
        {"kind": "spot_reclaim", "at": at, "select": {"environment": name, "ordinal": first + number}, **replace}
        for number in ordinals
    ]


def _shortage(targets: Targets, choices: Choices) -> list[Data]:
    """No more than so many instances of what is selected, for a while or to the end."""
    select: Data = {}
    if targets.types:
        environment = pick(choices, tuple(targets.types))
        select |= {"environment": environment} if chance(choices, 40) else {}
        select |= {"type": pick(choices, targets.types[environment])} if chance(choices, 40) else {}
    if chance(choices, 30):
        select["spot"] = chance(choices, 50)
    lasting = {"for": pick(choices, _LONG)} if chance(choices, 80) else {}
    return [
        {
            "kind": "capacity",
            "at": pick(choices, _FIRST),
            **lasting,
            "capacity": pick(choices, (0, 0, 1, 2, 5)),
            "select": select,
        }
    ]


_KINDS: tuple[Callable[[Targets, Choices], list[Data]], ...] = (_reclaims, _shortage)
