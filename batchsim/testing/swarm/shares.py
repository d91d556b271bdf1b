"""Random fair share: a policy for some of the queues, shares for what is submitted to them."""

from __future__ import annotations

from typing import Any

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft

_WEIGHTS = (1.0, 0.5, 0.125, 3.0)
_IDS = ("alpha", "beta", "team1", "team2")


def draw_fair_share(draft: Draft, drawn: Data) -> Data:
    """The sections of a drawn scenario that change when some of its queues share fairly."""
    if not draft.has("fair_share"):
        return {}
    names = [each["jobQueueName"] for number, each in enumerate(drawn["jobQueues"]) if not number or draft.chance(60)]
    shared = {"schedulingPolicyArn": "arn:aws:batch:us-east-1:1:scheduling-policy/fair"}
    policy = _policy(draft)
    queues = [{**each, **shared} if each["jobQueueName"] in names else each for each in drawn["jobQueues"]]
    return {
        "jobQueues": queues,
        "schedulingPolicies": [{"name": "fair", "fairsharePolicy": policy}],
        "actions": [*drawn["actions"], *_weighing(draft, policy)],
        "workload": [_item(draft, item, names, number) for number, item in enumerate(drawn["workload"])],
        "world": {**drawn["world"], **_world(draft)},
    }


def _policy(draft: Draft) -> Data:
    policy: Data = {"shareDecaySeconds": draft.pick(0, 60, 900, 0)}
    if not draft.has("tight_maximum") and draft.chance(95):  # of a tight maximum it would leave next to nothing
        policy["computeReservation"] = draft.pick(25, 50, 75, 25)
    if draft.chance(70):
        entries = draft.pick(("alpha", "beta"), ("alpha", "team*"), ("*",), ("team1",))
        policy["shareDistribution"] = [
            {"shareIdentifier": name, "weightFactor": draft.one_of(_WEIGHTS)} for name in entries
        ]
    return policy


def _weighing(draft: Draft, policy: Data) -> list[Data]:
    """Perhaps another weight for one of the entries, while the run goes on."""
    if "shareDistribution" not in policy or not draft.chance(40):
        return []
    entry = draft.one_of(policy["shareDistribution"])["shareIdentifier"]
    return [{"at": draft.pick("61s", "5m", "0s"), "set": f"fair.{entry}.weightFactor", "to": draft.pick(2, 0.25, 40)}]


def _world(draft: Draft) -> Data:
    world: Data = {"usage_update": draft.pick("1s", "10s", "700ms")}
    if draft.chance(60):
        world["decay_kernel"] = draft.pick("rect", "exponential", "linear")
        world["min_window"] = draft.pick("0s", "45s", "10m")
    if draft.chance(60):
        world["fss_hol"] = "per_share"
    return world


def _item(draft: Draft, item: Data, names: list[str], number: int) -> Data:
    if "workflow" in item:
        members = [_item(draft, member, names, number + at) for at, member in enumerate(item["workflow"])]
        return {**item, "workflow": members}
    return {**item, "submit": _submit(draft, item["submit"], names, number)}


def _submit(draft: Draft, request: Data, names: list[str], number: int) -> Any:
    """Neighbours are mostly of different shares, so that they compete."""
    if request["jobQueue"] not in names:
        return request
    priority = {"schedulingPriorityOverride": draft.pick(0, 7, 9_999)} if draft.chance(40) else {}
    share = draft.one_of(_IDS) if draft.chance(30) else _IDS[number % len(_IDS)]
    return {**request, "shareIdentifier": share, **priority}
