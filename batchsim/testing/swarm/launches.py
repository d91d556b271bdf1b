"""What keeps launches back in a random scenario, and how they are chosen: quotas, bids, empty pools, listed order.

With any of these features a scenario gets an *annex*: an environment with a queue and an array of its own, where they
are sure to be seen. The other environments have them now and then.
"""

from __future__ import annotations

from batchsim.testing.builders import Data, definition, entry, environment, queue
from batchsim.testing.swarm.choices import some
from batchsim.testing.swarm.features import Draft

_FEATURES = (
    "listed_order",
    "bids",
    "quotas",
    "capacity_errors",
    "scale_down_delay",
    "cooldown",
    "size_rules",
    "surplus",
)
_ORDERED = {"EC2": "BEST_FIT_PROGRESSIVE_ORDERED", "SPOT": "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED"}
_USUAL = {"EC2": "BEST_FIT_PROGRESSIVE", "SPOT": "SPOT_PRICE_CAPACITY_OPTIMIZED"}
_SHARES = (0.3, 1.2, 0.6, 0.9, 0.47)
"""Of On-Demand, for steps of the Spot price."""
_STEPS = ("2m", "4m", "9m", "15m", "40m")
ANNEX = "annex-hosts"


def draw_launches(draft: Draft, drawn: Data) -> Data:
    """What of the scenario changes with these features, drawn last."""
    if not any(map(draft.has, _FEATURES)):
        return {}
    seldom = 0 if draft.has("notices") else 15  # there is little enough capacity that a notice can come to
    others = [_changed(draft, each, percent=seldom) for each in drawn["computeEnvironments"]]
    kind = "SPOT" if draft.has("bids") or (draft.chance(40) and not draft.has("surplus")) else "EC2"
    types = draft.pick(["t.wide", "t.small"], ["t.small", "t.wide", "t.large"], ["t.wide"])
    usual = environment(ANNEX, kind, most=draft.pick(12, 7), instanceTypes=types, allocationStrategy=_USUAL[kind])
    annex = _changed(draft, usual, percent=100)
    return {
        "computeEnvironments": [*others, annex],
        "jobQueues": [*drawn["jobQueues"], queue("annex-queue", [ANNEX], priority=draft.pick(1, 50))],
        "jobDefinitions": [*drawn["jobDefinitions"], _definition()],
        "workload": [*drawn["workload"], _work(draft)],
        "world": {**drawn["world"], **_prices(draft), **_quota(draft), **_errors(draft), **_rules(draft)},
        "faults": [*drawn["faults"], *_faults(draft)],
    }


def _definition() -> Data:
    """With an image whose name goes with no other name: pulls are drawn by it."""
    made = definition("job-annex", 1, 1000, retryStrategy={"attempts": 3})
    return {**made, "containerProperties": {**made["containerProperties"], "image": "app:1"}}


def _work(draft: Draft) -> Data:
    """Jobs whose ends spread, so that busy instances come to have room to spare."""
    spread = {"uniform": {"min": "10s", "max": "20m"}}
    size, run = (8, spread) if draft.has("surplus") else (draft.integer(4, 9), draft.pick("3m", "40s", spread))
    return {**entry("annex", "annex-queue", "job-annex", run=run, size=size), "at": draft.pick("0s", "30s", "150s")}


def _changed(draft: Draft, made: Data, percent: int) -> Data:
    """An environment with what the features make of it, each with this chance."""
    resources = made["computeResources"]
    if resources["type"] not in _ORDERED:
        return made
    changed: Data = {}
    if draft.has("bids", percent) and resources["type"] == "SPOT":
        changed["bidPercentage"] = draft.pick(50, 70, 100)
    if draft.has("listed_order", percent):
        changed["allocationStrategy"] = _ORDERED[resources["type"]]
        changed["instanceTypes"] = resources["instanceTypes"][:: draft.pick(-1, 1)]
    if draft.has("scale_down_delay", percent):
        changed["scalingPolicy"] = {"minScaleDownDelayMinutes": draft.pick(20, 30)}
    if draft.has("surplus") and percent == 100:
        changed["desiredvCpus"] = resources["maxvCpus"]
    return {**made, "computeResources": {**resources, **changed}}


def _prices(draft: Draft) -> Data:
    """Steps that pass the bids in both directions."""
    if not draft.has("bids"):
        return {}
    if draft.chance(25):
        return {"spot_price_sigma": draft.pick(0.5, 1.2)}
    prices = {draft.pick("default", "t"): _steps(draft)}
    if draft.chance(40):
        prices["t.large"] = [{"at": "1m", "price": draft.pick("$0.1/h", "$0.290000001/h")}]
    return {"spot_prices": prices}


def _steps(draft: Draft) -> list[Data]:
    start = draft.pick("0s", "0s", "70s")
    return [{"at": at, "share": draft.one_of(_SHARES)} for at in (start, *some(draft.choices, _STEPS))]


def _quota(draft: Draft) -> Data:
    if not draft.has("quotas"):
        return {}
    both = {"on_demand": {"standard": draft.integer(4, 10)}, "spot": {"standard": draft.integer(4, 10)}}
    return {"ec2_vcpu_quota": draft.pick(both, both, "new_account", {"spot": {"standard": 4, "g_vt": 4}})}


def _errors(draft: Draft) -> Data:
    return {"ice_prob": draft.pick(0.1, 0.3, 0.6)} if draft.has("capacity_errors", 70) else {}


def _rules(draft: Draft) -> Data:
    rules: Data = {}
    if draft.has("cooldown"):
        rules["post_scale_in_cooldown"] = draft.pick("30s", "5m", "100s")
    if draft.has("size_rules"):
        rules["max_instance_vcpus_per_launch"] = draft.pick(4, 2)
        rules["spco_rate_weight"] = draft.pick(10, 0.5)
    return rules


def _faults(draft: Draft) -> list[Data]:
    """Pools that are empty, or nearly so, for a time or for good."""
    if not draft.has("capacity_errors"):
        return []
    return [_fault(draft) for _ in range(draft.integer(1, 2))]


def _fault(draft: Draft) -> Data:
    select = draft.pick({"environment": ANNEX, "type": "t.wide"}, {"type": "t.*", "spot": draft.chance(50)}, {},
                        {"environment": ANNEX})  # fmt: skip
    lasts = draft.pick({"for": "3m"}, {"for": "12m"}, {})
    start, left = draft.pick("0s", "1m", "5m"), draft.pick(0, 1, 2)
    return {"kind": "capacity", "at": start, **lasts, "capacity": left, "select": select}
