"""Random faults, timed actions and notification rules on what a random scenario holds."""

from __future__ import annotations

from collections.abc import Container, Iterator

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft

_INSTANTS = ("0s", "30s", "60s", "95s", "2m", "210500ms", "6m", "14m", "31m", "4m", "8m")


_PATTERNS: tuple[Data, ...] = (
    {"source": ["aws.batch"], "detail": {"status": ["FAILED"]}},
    {"detail": {"status": ["SUCCEEDED", "FAILED"]}},
    {"detail": {"container": {"exitCode": [{"numeric": [">", 1]}]}}},
    {"detail": {"attempts": {"statusReason": [{"prefix": "Host EC2"}]}, "status": [{"anything-but": "FAILED"}]}},
    {"$or": [{"detail": {"status": [{"suffix": "ING"}]}}, {"detail": {"statusReason": [{"wildcard": "*Job*"}]}}]},
    {"detail": {"arrayProperties": {"index": [{"exists": False}]}, "status": [{"equals-ignore-case": "runnable"}]}},
)


def draw_notifications(draft: Draft) -> list[Data]:
    """A few rules, now and then one that is DISABLED."""
    if not draft.has("notifications"):
        return []
    return [
        {
            "name": f"rule-{number}",
            "eventPattern": draft.one_of(_PATTERNS),
            "state": draft.pick("ENABLED", "ENABLED", "ENABLED", "DISABLED"),
            "target": draft.pick("", "arn:aws:sns:us-east-1:ACCOUNT_ID:oncall"),
        }
        for number in range(draft.integer(1, 3))
    ]


def draw_faults(draft: Draft, environments: list[Data]) -> list[Data]:
    """Reclaims of single instances at single instants."""
    spot = [each["computeEnvironmentName"] for each in environments if each["computeResources"]["type"] == "SPOT"]
    if not spot or not (draft.has("faults") or draft.has("notices")):
        return []
    return [_reclaim(draft, spot) for _ in range(draft.integer(2, 4) + 4 * draft.has("notices"))]


def _reclaim(draft: Draft, environments: list[str]) -> Data:
    select = {"environment": draft.one_of(environments), "ordinal": draft.pick(0, 0, 1, 2)}
    fault = {"kind": "spot_reclaim", "at": draft.one_of(_INSTANTS), "select": select}
    return {**fault, "replace": True} if draft.chance(65) else fault


def draw_actions(
    draft: Draft, environments: list[Data], queues: list[Data], workload: list[Data], fixed: Container[str]
) -> list[Data]:
    """Cancel, terminate and set, a few times; the vCPUs of ``fixed`` environments are left alone."""
    if not draft.has("actions"):
        return []
    jobs = list(_jobs(workload))
    return [_action(draft, environments, queues, jobs, fixed) for _ in range(draft.integer(2, 5))]


def _action(draft: Draft, environments: list[Data], queues: list[Data], jobs: list[str], fixed: Container[str]) -> Data:
    at = {"at": draft.one_of(_INSTANTS)}
    deed = draft.pick("cancel", "terminate", "environment", "queue", "terminate")
    if deed in ("cancel", "terminate"):
        return {**at, deed: draft.one_of(jobs)}
    return {
        **at,
        **(_on_environment(draft, environments, fixed) if deed == "environment" else _on_queue(draft, queues)),
    }


def _on_environment(draft: Draft, environments: list[Data], fixed: Container[str]) -> Data:
    """A change that keeps minvCpus below maxvCpus, whatever else is changed."""
    made = draft.one_of(environments)
    name, least = made["computeEnvironmentName"], made["computeResources"].get("minvCpus", 0)
    field, value = draft.pick(
        ("state", "ENABLED"), ("state", "DISABLED"), ("maxvCpus", 8 + draft.integer(0, 9)), ("minvCpus", least and 8)
    )
    if name in fixed and field != "state":
        field, value = "state", "ENABLED"
    if field == "minvCpus" and made["computeResources"]["type"].startswith("FARGATE"):
        field, value = "state", "ENABLED"
    if field == "minvCpus" and made["computeResources"]["maxvCpus"] < 8:
        value = 0
    return {"set": f"computeEnvironments.{name}.{field}", "to": value}


def _on_queue(draft: Draft, queues: list[Data]) -> Data:
    name = draft.one_of(queues)["jobQueueName"]
    field, value = draft.pick(("priority", draft.integer(0, 200)), ("state", "DISABLED"), ("state", "ENABLED"))
    return {"set": f"jobQueues.{name}.{field}", "to": value}


def _jobs(workload: list[Data]) -> Iterator[str]:
    """Ids that actions can name: whole entries, and children of arrays that are submitted once."""
    for item in workload:
        for entry in item.get("workflow", (item,)):
            yield entry["id"]
            several = "count" in item or not isinstance(item["at"], str) or "dataset" in entry["run"]
            if "arrayProperties" in entry["submit"] and not several:
                yield f"{entry['id']}:{entry['submit']['arrayProperties']['size'] - 1}"
