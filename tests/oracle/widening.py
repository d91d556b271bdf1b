"""What every other scenario has beside: shares, consumable resources; each feature on or off by chance."""

from __future__ import annotations

from random import Random
from typing import Any

Data = dict[str, Any]

SHARES = ("red", "reddish", "blue", "green")
"""``red*`` is for two of them; green may have no weight of its own."""
LICENCES = ("licence", "lane")


def widen(dice: Random, data: Data) -> Data:
    """The scenario with some of these features."""
    for feature, often in FEATURES.items():
        if dice.random() < often:
            feature(dice, data)
    return data


# -- fair share


def fair_share(dice: Random, data: Data) -> None:
    """A queue or more share fairly; jobs have shares and priorities."""
    data["world"]["head_of_line"] = "strict"
    data["world"]["decay_kernel"] = dice.choice(["linear", "linear", "rect"])
    data["world"]["min_window"] = dice.choice(["10m", "2m", "1m", "0s"])
    data["world"]["usage_update"] = dice.choice(["1s", "10s", "30s", "1m"])
    data["world"]["fss_hol"] = dice.choice(["strict", "per_share"])
    data["schedulingPolicies"] = [_policy(dice, f"policy{n}") for n in range(dice.choice([1, 1, 2]))]
    names = [policy["name"] for policy in data["schedulingPolicies"]]
    for queue in data["jobQueues"]:
        if dice.random() < 0.7:
            queue["schedulingPolicyArn"] = dice.choice(names)
    fair = {queue["jobQueueName"] for queue in data["jobQueues"] if "schedulingPolicyArn" in queue}
    for environment in data["computeEnvironments"]:
        if environment["type"] == "UNMANAGED" and dice.random() < 0.7:
            environment["unmanagedvCpus"] = dice.choice([8, 16, 20])
    for entry in data["workload"]:
        if entry["submit"]["jobQueue"] in fair:
            entry["submit"]["shareIdentifier"] = dice.choice(SHARES)
            if dice.random() < 0.4:
                entry["submit"]["schedulingPriorityOverride"] = dice.choice([0, 1, 5])
    if dice.random() < 0.3:
        policy = dice.choice(data["schedulingPolicies"])
        share = dice.choice(policy["fairsharePolicy"]["shareDistribution"])["shareIdentifier"]
        path = f"{policy['name']}.{share}.weightFactor"
        data["actions"].append({"at": _moment(dice), "set": path, "to": dice.choice([0.25, 1, 3])})


def _policy(dice: Random, name: str) -> Data:
    shares = [("red*", "blue"), ("red", "blue", "green"), ("red*", "blue", "green"), ("reddish", "red")]
    weights = [
        {"shareIdentifier": share, "weightFactor": dice.choice([0.125, 0.5, 1, 1, 2, 7])}
        for share in dice.choice(shares)
    ]
    fair: Data = {"shareDistribution": weights}
    if dice.random() < 0.7:
        fair["shareDecaySeconds"] = dice.choice([0, 60, 300, 1200])
    if dice.random() < 0.5:
        fair["computeReservation"] = dice.choice([10, 25, 50, 90])
    return {"name": name, "fairsharePolicy": fair}


# -- consumable resources


def consumable_resources(dice: Random, data: Data) -> None:
    """Jobs need licences, of which there are few; totals change."""
    data["world"]["consumable_hold"] = dice.choice(["attempt", "attempt", "job"])
    data["consumableResources"] = [
        {
            "consumableResourceName": name,
            "totalQuantity": dice.choice([1, 2, 3, 5, 8]),
            "resourceType": dice.choice(["REPLENISHABLE", "REPLENISHABLE", "REPLENISHABLE", "NON_REPLENISHABLE"]),
        }
        for name in LICENCES
    ]
    for entry in data["workload"]:
        if dice.random() < 0.6:
            names = dice.choice([LICENCES[:1], LICENCES[:1], LICENCES[1:], LICENCES])
            asks = [{"consumableResource": name, "quantity": dice.choice([1, 1, 1, 2, 3])} for name in names]
            entry["submit"]["consumableResourcePropertiesOverride"] = {"consumableResourceList": asks}
    for _ in range(dice.choice([0, 0, 1, 2])):
        to = dice.choice([{"to": 0}, {"to": 2}, {"to": 6}, {"by": 2}, {"by": -2}])
        data["actions"].append({"at": _moment(dice), "set": f"{dice.choice(LICENCES)}.totalQuantity", **to})


def _moment(dice: Random) -> str:
    return dice.choice(["10s", "30s", "1m", "90s", "3m", "5m"])


FEATURES = {fair_share: 0.5, consumable_resources: 0.5}
"""How often each is on."""
