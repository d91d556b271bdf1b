"""Random fault plans over a given scenario: what EC2 takes and refuses, when, of its own environments and types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from batchsim.testing.swarm.choices import Choices, chance, pick

Data = dict[str, Any]

_FIRST = ("0s", "1s", "30s", "1m", "2m", "5m", "10m", "20m", "45m", "2h", "5h", "12h", "1d", "3d")
_LONG = ("1s", "1m", "10m", "30m", "2h", "1d")
MOST_FAULTS = 6


@dataclass(frozen=True, slots=True)
class Targets:
    """What faults can strike in a scenario."""

    hosted: tuple[str, ...]
    """Environments on instances of EC2."""
    spot: tuple[str, ...]
    """Those of them that launch Spot instances."""
    types: tuple[str, ...]
    """Patterns of the instance types that they name."""


def targets_of(data: Data) -> Targets:
    """The environments of a valid scenario's plain data, and the instance types that they name."""
    by_type: dict[str, list[Data]] = {"EC2": [], "SPOT": []}
    for each in data.get("computeEnvironments") or ():
        by_type.get((each.get("computeResources") or {}).get("type", ""), []).append(each)
    hosted = [*by_type["EC2"], *by_type["SPOT"]]
    types = [_pattern(name) for each in hosted for name in each["computeResources"].get("instanceTypes") or ()]
    return Targets(_names(hosted), _names(by_type["SPOT"]), tuple(dict.fromkeys(types)))


def _names(environments: list[Data]) -> tuple[str, ...]:
    return tuple(each["computeEnvironmentName"] for each in environments)


def _pattern(listed: str) -> str:
    """An instance type, or all that a family or ``optimal`` stands for."""
    return listed if "." in listed else "*" if listed == "optimal" else f"{listed}.*"


def with_plan(data: Data, choices: Choices) -> Data:
    """The scenario with up to six faults more."""
    targets = targets_of(data)
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
    if targets.hosted and chance(choices, 40):
        select["environment"] = pick(choices, targets.hosted)
    if targets.types and chance(choices, 40):
        select["type"] = pick(choices, (*targets.types, "*"))
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
