"""Who may start before a head that does not fit, and environments that are INVALID, each with an *annex* of its own.

An annex is a queue with its environments and jobs, where the feature is sure to be seen; the others have it too.
"""

from __future__ import annotations

from batchsim.testing.builders import Data, definition, entry, environment, queue
from batchsim.testing.swarm.features import Draft

_WAYS: tuple[Data, ...] = (
    {"head_of_line": "skip"},
    {"hol_scope": "ce"},
    {"backfill": "aggressive"},
    {"backfill": "conservative"},
)
_RUNS = ("30s", "2m", {"exponential": {"mean": "1m"}}, {"script": [{"run": "40s"}]}, "5m")
_CROWD = (("crowd-large", 2), ("crowd-small", 3), ("crowd-large", 1), ("crowd-small", 4))


def draw_overtaking(draft: Draft, drawn: Data) -> Data:
    """What of the scenario changes with these features, drawn last."""
    changed = dict(drawn)
    if draft.has("overtaking"):
        changed["world"] = {**changed["world"], **draft.one_of(_WAYS)}
        _add(changed, _crowd(draft))
    if draft.has("invalid_environment"):
        _add(changed, _broken(draft))
    return changed


def _add(changed: Data, annex: Data) -> None:
    for key, items in annex.items():
        changed[key] = [*changed[key], *items]


def _crowd(draft: Draft) -> Data:
    """Jobs of two sizes that come to one queue together: small ones find room beside large ones."""
    first = environment("crowd-one", most=8, instanceTypes=["t.large"], minvCpus=draft.pick(8, 0))
    second = environment("crowd-two", most=draft.pick(4, 8), instanceTypes=["t.wide"], minvCpus=draft.pick(4, 0))
    places = [first, second] if draft.chance(60) else [first]
    names = [each["computeEnvironmentName"] for each in places]
    return {
        "computeEnvironments": places,
        "jobQueues": [queue("crowd-queue", names, priority=draft.pick(1, 50))],
        "jobDefinitions": [_sized("crowd-small", 1, 512), _sized("crowd-large", draft.pick(4, 3), 3000)],
        "workload": [
            {**entry(f"crowd{number}", "crowd-queue", name, run=draft.one_of(_RUNS)), "at": "20s", "count": count}
            for number, (name, count) in enumerate(_CROWD)
        ],
    }


def _broken(draft: Draft) -> Data:
    """An INVALID environment, alone in its queue or before one that works."""
    broken = {**environment("invalid-one", instanceTypes=["t.wide"], minvCpus=draft.pick(4, 0)), "status": "INVALID"}
    places = [broken, environment("invalid-two", instanceTypes=["t.wide"])]
    names = ["invalid-one", "invalid-two"] if draft.chance(30) else ["invalid-one"]
    return {
        "computeEnvironments": places,
        "jobQueues": [queue("invalid-queue", names, priority=draft.pick(1, 50))],
        "jobDefinitions": [_sized("invalid-job", 2, 1000)],
        "workload": [{**entry("passed-on", "invalid-queue", "invalid-job"), "at": "30s", "count": 3}],
    }


def _sized(name: str, vcpus: int, memory_mib: int) -> Data:
    """A definition whose image does not go by its name."""
    made = definition(name, vcpus, memory_mib)
    return {**made, "containerProperties": {**made["containerProperties"], "image": "app:1"}}
