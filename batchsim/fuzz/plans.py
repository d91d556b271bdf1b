"""Random fault plans over a given scenario: faults of every kind, with any keys that go with it, on what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from batchsim.catalog import facts_for
from batchsim.preflight import spot_environments
from batchsim.spec import Entry, Fault, Scenario, Workflow
from batchsim.spec.faults import TRAITS, Traits
from batchsim.testing.swarm.choices import Choices, chance, pick

Data = dict[str, Any]

MOST_FAULTS = 6
_EXTRA_PERCENT = (35, 35, 35, 15, 15, 15, 5, 5, 0, 0)
"""How often a key that need not be there is: keys are drawn until they go together, ever fewer of them."""
_INSTANTS = ("0s", "1s", "30s", "1m", "2m", "5m", "10m", "20m", "45m", "2h", "5h", "12h", "1d", "3d")
_LENGTHS = ("1s", "1m", "10m", "30m", "2h", "1d")
_SHARES = (0.0, 0.02, 0.1, 0.3, 0.5, 1.0)
_VALUES: Mapping[str, Sequence[Any]] = {
    "at": _INSTANTS,
    "for": _LENGTHS,
    "capacity": (0, 0, 1, 2, 5),
    "running": ("kill", "keep"),
    "vcpus": (0, 1, 8, 64, 1000),
    "tps": (0.01, 0.2, 2, 10),
    "burst": (1, 2, 10),
    "backoff": ("1s", "5s"),
    "backoff_cap": ("1s", "1m", "10m"),
    "replace": (True, False),
    "hazard": (0, 0.1, 1, 5, 60),
    "fraction": _SHARES,
    "correlated": ("pool",),
    "notice": ("0s", "30s", "120s", "10m"),
    "mtbf": ("10m", "2h", "10d"),
    "probability": _SHARES,
    "detect_after": ("1s", "1m", "10m", "2h"),
    "billed": (True, False),
    "factor": (0.5, 1, 2, 8, 100),
    "code": (1, 75, 137, 255),
    "fail_after": ("1ms", "10s", "5m", "2h"),
    "extra_delay": ("40s", "1ms", {"lognormal": {"mean": "40s", "cv": 1}}, {"uniform": {"min": "0s", "max": "10m"}}),
    "select.ordinal": (0, 0, 1, 2, 5, 11),
    "select.spot": (True, False),
}
"""By key, as in the file. Those of ``select`` that name something come from the scenario."""
_BROUGHT = ("at", "for", "correlated", "notice", "replace", "select.environment", "select.type", "select.zone")
"""Keys that may go with the one that a fault has a choice of."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What faults can strike in a scenario."""

    names: Mapping[str, tuple[str, ...]]
    """By key of ``select``, what there is to name."""
    environments: Mapping[str, Mapping[str, tuple[str, ...]]]
    """By environment, the types and zones that it has; these alone go with its name."""
    spot: tuple[str, ...]
    """Environments that launch Spot instances."""


def targets_of(scenario: Scenario) -> Targets:
    """What a valid scenario's environments may launch, as the catalogue knows it, and what its workload is made of."""
    pools = {name: found for name, found in facts_for(scenario).pools.items() if found}
    environments = {
        name: {
            "select.type": _patterns([pool.type.name for pool in found]),
            "select.zone": tuple(dict.fromkeys(zone for pool in found for zone in pool.zones)),
        }
        for name, found in pools.items()
    }
    entries = [entry for item in scenario.workload for entry in _entries(item)]
    images = [each.containerProperties.image for each in scenario.jobDefinitions if each.containerProperties]
    names = {
        "select.environment": tuple(environments),
        "select.job": (*(entry.id for entry in entries), *(f"{entry.id[:2]}*" for entry in entries), "*"),
        "select.definition": (*(each.jobDefinitionName for each in scenario.jobDefinitions), "*"),
        "select.queue": tuple(each.jobQueueName for each in scenario.jobQueues),
        "select.image": tuple(dict.fromkeys((*filter(None, images), "*"))),
    }
    spot = tuple(name for name in spot_environments(scenario) if name in environments)
    return Targets({key: found for key, found in names.items() if found}, environments, spot)


def with_plan(data: Data, targets: Targets, choices: Choices) -> Data:
    """The scenario's plain data with up to six faults more."""
    drawn = [_fault(targets, choices) for _ in range(choices.integer(1, MOST_FAULTS))]
    faults = [fault for fault in drawn if fault and not (_fails_always(fault) and _is_free(data))]
    return {**data, "faults": [*(data.get("faults") or ()), *faults]} if faults else data


def _fails_always(fault: Data) -> bool:
    return fault["kind"] == "image_pull" and fault.get("probability") == 1


def _is_free(data: Data) -> bool:
    """Whether a pull that fails costs no attempt: one that always does would go on for ever, and is refused (E144)."""
    return (data.get("world") or {}).get("count_start_failures") is False


def _entries(item: Entry | Workflow) -> tuple[Entry, ...]:
    return item.workflow if isinstance(item, Workflow) else (item,)


def _patterns(types: Sequence[str]) -> tuple[str, ...]:
    families = (f"{name.partition('.')[0]}.*" for name in types)
    return tuple(dict.fromkeys((*types, *families, "*")))


def _fault(targets: Targets, choices: Choices) -> Data | None:
    """A fault whose keys go together; None where the scenario has nothing for it to strike."""
    kind = ""
    for extra_percent in _EXTRA_PERCENT:
        kind = kind or pick(choices, tuple(TRAITS))
        fault = _with_values(kind, _keys(TRAITS[kind], choices, extra_percent), targets, choices)
        if fault is not None and _goes_together(fault):
            return fault
        kind = kind if fault is not None else ""  # another kind, where there is nothing for this one
    return None


def _keys(traits: Traits, choices: Choices, extra_percent: int) -> list[str]:
    """What the kind must say, and some of what it may."""
    wanted = list(traits.needs)
    may = list(traits.takes)
    wanted += [pick(choices, group) for group in (traits.one_of, traits.some_of) if group]
    if traits.one_of:
        may += _BROUGHT
    else:
        wanted.append("at")
    return list(dict.fromkeys([*wanted, *(key for key in may if chance(choices, extra_percent))]))


def _with_values(kind: str, keys: Sequence[str], targets: Targets, choices: Choices) -> Data | None:
    """Values for all keys; None where there is none for one of them."""
    known: Mapping[str, Sequence[Any]] = {**_VALUES, **targets.names}
    if struck := targets.spot if kind == "spot_reclaim" else tuple(targets.environments):
        environment = pick(choices, struck)
        known = {**known, **targets.environments[environment], "select.environment": (environment,)}
    elif kind == "spot_reclaim":
        return None
    if not all(known.get(key) for key in keys):
        return None
    fault: Data = {"kind": kind}
    for key in keys:
        holder, _, name = key.rpartition(".")
        (fault.setdefault("select", {}) if holder else fault)[name] = pick(choices, known[key])
    return fault


def _goes_together(fault: Data) -> bool:
    try:
        return bool(Fault.model_validate(fault))
    except ValidationError:
        return False
