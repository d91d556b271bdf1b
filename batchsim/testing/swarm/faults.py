"""Random plans of faults: lost instances, zones that are out, boots that never end, stalls, bad exits, bad pulls.

Drawn when all else is, so that scenarios without them are those that are known by their number.
"""

from __future__ import annotations

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft

_INSTANTS = ("0s", "30s", "60s", "95s", "2m", "210500ms", "4m", "6m", "9m", "14m")
_LENGTHS = ("45s", "2m", "5m", "12m")


def draw_plan(draft: Draft, drawn: Data) -> Data:
    """The faults of the scenario, those of the plan behind the others."""
    plan = [*_hosts(draft, drawn), *_boots(draft), *_stalls(draft), *_containers(draft, drawn["workload"])]
    named = [{**fault, "name": f"fault-{number}"} if draft.chance(30) else fault for number, fault in enumerate(plan)]
    return {"faults": [*drawn["faults"], *named]}


def draw_account_plan(draft: Draft, drawn: Data) -> Data:
    """The faults so far, and what the account's own limits do; a zone that goes out may keep what is on."""
    plan = []
    for fault in drawn["faults"]:
        keeps = fault["kind"] == "az_outage" and draft.chance(25)
        plan.append({**fault, "running": "keep"} if keeps else fault)
    if draft.has("quota_cuts"):
        plan.append({"kind": "quota", **_window(draft, endless=10), **_selected(draft), "vcpus": draft.pick(4, 2, 8)})
    if draft.has("api_throttles"):
        slow = {"tps": draft.pick(0.05, 0.5, 0.01), "burst": draft.pick(1, 2)}
        again = draft.pick({}, {"backoff": "5s", "backoff_cap": "20s"})
        plan.append({"kind": "api_throttle", **_window(draft, endless=50), **slow, **again})
    return {"faults": plan}


def draw_market_plan(draft: Draft, drawn: Data) -> Data:
    """The faults so far, and shocks of Spot prices that pass the bids in both directions, some of them at once."""
    if not draft.has("price_shocks"):
        return {}
    resources = [each.get("computeResources", {}) for each in drawn["computeEnvironments"]]
    types = [name for each in resources for name in each.get("instanceTypes", ()) if name.startswith("t.")]
    shocks = [
        {
            "kind": "price_shock",
            **_window(draft),
            "factor": draft.pick(4, 1.5, 0.3, 2.7),
            **draft.pick({}, {"select": {"type": "t.*"}}, {"select": {"type": draft.one_of(types or ["*"])}}),
        }
        for _ in range(draft.integer(1, 3))
    ]
    return {"faults": [*drawn["faults"], *shocks]}


def _window(draft: Draft, endless: int = 30) -> Data:
    """When a fault acts; in so many percent of all cases to the end of the run."""
    at = {"at": draft.one_of(_INSTANTS)}
    return at if draft.chance(endless) else {**at, "for": draft.one_of(_LENGTHS)}


def _selected(draft: Draft) -> Data:
    select = draft.pick({}, {"type": "t.*"}, {"zone": "us-east-1a"}, {"spot": draft.chance(50)})
    return {"select": select} if select else {}


def _is_used(zone: str, environments: list[Data]) -> bool:
    """Whether an environment launches there; else a fault of it is refused."""
    subnets = (subnet for each in environments for subnet in each["computeResources"].get("subnets", ()))
    return any(subnet[-1] == zone[-1] for subnet in subnets)


def _hosts(draft: Draft, drawn: Data) -> list[Data]:
    faults: list[Data] = []
    if draft.has("host_failures"):
        at_once = {"at": draft.one_of(_INSTANTS), "fraction": draft.pick(1, 0.5, 0)}
        at_a_rate = {**_window(draft), "mtbf": draft.pick("5m", "20m", "2m")}
        faults.append({"kind": "instance_failure", **_selected(draft), **draft.pick(at_a_rate, at_once)})
        one = {"environment": "hosts-0", "ordinal": draft.pick(0, 1, 2)}
        faults.append({"kind": "instance_failure", "at": draft.one_of(_INSTANTS), "select": one})
    if draft.has("zone_outages"):
        zone = draft.pick("us-east-1a", "us-east-1a", "us-east-1b")
        select = {"zone": zone if _is_used(zone, drawn["computeEnvironments"]) else "us-east-1a"}
        faults.append({"kind": "az_outage", **_window(draft, endless=10), "select": select})
    if draft.has("spot_crunches"):
        more = {
            **({"notice": draft.pick("10s", "0s", "120s")} if draft.chance(50) else {}),
            "replace": draft.chance(30),
        }
        at_once = {"at": draft.one_of(_INSTANTS), "fraction": draft.pick(1, 0.4)}
        at_a_rate = {**_window(draft), "hazard": draft.pick(10, 40, 0)}
        pools = {"correlated": "pool"} if draft.chance(40) else {}
        faults.append({"kind": "spot_reclaim", **draft.pick(at_a_rate, at_once), **pools, **more})
    return faults


def _boots(draft: Draft) -> list[Data]:
    faults: list[Data] = []
    if draft.has("boot_failures"):
        detected = {"detect_after": draft.pick("2m", "10s", "5m"), "billed": draft.chance(50)}
        chance = {"probability": draft.pick(0.5, 0.2, 0.8)}
        faults.append({"kind": "boot_failure", **_window(draft), **_selected(draft), **chance, **detected})
    if draft.has("slow_hosts"):
        slow = {"probability": draft.pick(0.5, 1, 0.3), "factor": draft.pick(2, 3.7, 0.5)}
        faults.append({"kind": "slow_instance", **_window(draft, endless=70), **_selected(draft), **slow})
    return faults


def _stalls(draft: Draft) -> list[Data]:
    if not draft.has("stalls"):
        return []
    return [
        {"kind": "scheduler_stall", "at": draft.one_of(_INSTANTS), "for": draft.pick("45s", "3m", "20s")}
        for _ in range(draft.integer(1, 2))
    ]


def _containers(draft: Draft, workload: list[Data]) -> list[Data]:
    ids = [entry["id"] for item in workload for entry in item.get("workflow", (item,))]
    faults: list[Data] = []
    if draft.has("bad_exits"):
        bad = {"code": draft.pick(137, 1, 75), "probability": draft.pick(0.3, 0.1, 0.6)}
        select = draft.pick({}, {"select": {"job": draft.one_of(ids)}}, {"select": {"definition": "job-*"}})
        faults.append({"kind": "exit_code", **_window(draft, endless=60), **bad, **select})
        poison = {"select": {"job": draft.one_of(ids)}, "fail_after": draft.pick("10s", "1s", "2m")}
        faults.append({"kind": "poison_job", **_window(draft), **poison})
    if draft.has("bad_pulls"):
        fails = {"probability": draft.pick(0.4, 0.2)}
        late = {"extra_delay": draft.pick("20s", {"exponential": {"mean": "15s"}})}
        faults.append({"kind": "image_pull", **_window(draft), **draft.pick(fails, {**fails, **late}, late)})
    return faults
