"""From a scenario, as plain data of a YAML file, to the oracle's objects; what it does not cover it refuses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from oracle.plain import (
    NEVER,
    Act,
    Call,
    Change,
    Environment,
    Job,
    Planned,
    Policy,
    Queue,
    Reclaim,
    Resource,
    Scenario,
    Shortage,
    Size,
    Step,
    Type,
    World,
)  # fmt: skip
from oracle.quantities import duration_ms, memory_mib, nano_usd, size_bytes, whole

Data = dict[str, Any]

DELAYS = (
    "retry_delay", "instance_pending", "warm_start", "timeout_lag", "notice", "stop_timeout", "scheduler_cycle",
    "scale_up_delay", "scale_down_idle", "scale_down_check",
    "ce_backoff",
)  # fmt: skip
UNMANAGED: Data = {"type": None, "instanceTypes": [], "maxvCpus": NEVER, "subnets": []}
REGION = tuple(f"us-east-1{letter}" for letter in "abcdef")
"""The zones of an environment that names no subnets."""
REGISTER = ("user_data", "agent_register")
SWITCHED_OFF = {
    "slow_pull_probability": 0, "spot_hazard": 0, "spot_shocks_per_day": 0, "spot_depth": "unlimited",
    "drain_surplus": False, "demand_by": "both", "prefer_size": "largest_filled",
}  # fmt: skip


def read(data: Data) -> Scenario:
    """The scenario; KeyError or AssertionError for what the oracle does not cover."""
    world = data["world"]
    assert all(world[key] == value for key, value in SWITCHED_OFF.items())
    types = {name: _type(name, item, n) for n, (name, item) in enumerate(world["instanceTypes"].items())}
    environments = {
        item["computeEnvironmentName"]: _environment(item, types, world) for item in data["computeEnvironments"]
    }
    policies = {item["name"]: _policy(item, world) for item in data.get("schedulingPolicies", [])}
    queues = {item["jobQueueName"]: _queue(item, environments, policies) for item in data["jobQueues"]}
    definitions = {item["jobDefinitionName"]: item for item in data["jobDefinitions"]}
    simulation = {"until": "drained", "max_time": "30d", **data.get("simulation", {})}
    until = None if simulation["until"] == "drained" else duration_ms(simulation["until"])
    return Scenario(
        _world(world),
        list(environments.values()),
        list(queues.values()),
        _calls(data["workload"], queues, definitions, world),
        [_reclaim(item, environments) for item in data.get("faults", []) if item["kind"] == "spot_reclaim"],
        [_change(item) if "set" in item else _act(item) for item in data.get("actions", [])],
        [_shortage(item) for item in data.get("faults", []) if item["kind"] != "spot_reclaim"],
        [_resource(item) for item in data.get("consumableResources", [])],
        until,
        duration_ms(simulation["max_time"]),
    )


def _world(world: Data) -> World:
    delays = {key: duration_ms(world[key]) for key in DELAYS}
    pending = delays["instance_pending"]
    return World(
        cycle=delays["scheduler_cycle"],
        fifo_order=world["fifo_order"],
        retry_position=world["retry_position"],
        retry_delay=delays["retry_delay"],
        skip=world.get("head_of_line", "strict") == "skip",
        packing=world["packing"],
        bill_from=world["bill_from"],
        initial_ready=world["initial_capacity"] == "ready",
        pending=pending,
        boot=max(pending, duration_ms(world["instance_boot"])) + sum(duration_ms(world[key]) for key in REGISTER),
        warm_start=delays["warm_start"],
        timeout_lag=delays["timeout_lag"],
        notice=delays["notice"],
        spot_drain=world["spot_drain"],
        stop_timeout=delays["stop_timeout"],
        cancel_pending_wait=world["cancel_pending_wait"],
        first_hour_free=world["first_hour_free"],
        root_gb=world["root_gb"],
        gp3=nano_usd(world["gp3_gb_month"]),
        scale_up_delay=delays["scale_up_delay"],
        scale_down_idle=delays["scale_down_idle"],
        scale_down_check=delays["scale_down_check"],
        ce_backoff=max(1000, delays["ce_backoff"]),
        usage_update=duration_ms(world.get("usage_update", "1s")),
        decay_kernel=world.get("decay_kernel", "linear"),
        share_stops_queue=world.get("fss_hol", "strict") == "strict",
        held_by_job=world.get("consumable_hold", "attempt") == "job",
    )


def _type(name: str, item: Data, place: int) -> Type:
    size = Size(item["vcpu"], memory_mib(item["usable_memory"]), item.get("gpu", 0))
    return Type(name, size, memory_mib(item["memory"]), nano_usd(item["price"]), nano_usd(item["spot_price"]), place)


def _environment(item: Data, types: dict[str, Type], world: Data) -> Environment:
    """With a list of instances (UNMANAGED: each says whether it is Spot), or MANAGED with a scaler."""
    resources = item.get("computeResources", UNMANAGED)
    spot = resources["type"] == "SPOT"
    listed = world["fleets"].get(item["computeEnvironmentName"])
    return Environment(
        name=item["computeEnvironmentName"],
        enabled=item.get("state", "ENABLED") == "ENABLED",
        fleet=None if listed is None else [each for part in listed for each in _planned(part, types, spot)],
        spot=spot,
        types=[types[name] for name in resources["instanceTypes"]],
        zones=list(dict.fromkeys(world["zones"][subnet] for subnet in resources["subnets"]) or REGION),
        strategy=resources.get("allocationStrategy", "BEST_FIT"),
        min_vcpus=resources.get("minvCpus", 0),
        max_vcpus=resources["maxvCpus"],
        is_managed="computeResources" in item,
        unmanaged_vcpus=item.get("unmanagedvCpus"),
    )


def _planned(part: Data, types: dict[str, Type], spot: bool) -> list[Planned]:
    one = Planned(duration_ms(part.get("at", "0s")), types[part["type"]], part.get("spot", spot))
    return [one] * part.get("count", 1)


def _queue(item: Data, environments: dict[str, Environment], policies: dict[str, Policy]) -> Queue:
    order = sorted(item["computeEnvironmentOrder"], key=lambda place: place["order"])
    places = [environments[each["computeEnvironment"]] for each in order]
    policy = policies[item["schedulingPolicyArn"]] if "schedulingPolicyArn" in item else None
    return Queue(item["jobQueueName"], item["priority"], places, policy)


def _policy(item: Data, world: Data) -> Policy:
    fair = item["fairsharePolicy"]
    weights = {each["shareIdentifier"]: Fraction(str(each["weightFactor"])) for each in fair["shareDistribution"]}
    window = max(fair.get("shareDecaySeconds", 0) * 1000, duration_ms(world["min_window"]))
    return Policy(item["name"], weights, window, fair.get("computeReservation", 0))


def _resource(item: Data) -> Resource:
    comes_back = item.get("resourceType", "REPLENISHABLE") == "REPLENISHABLE"
    return Resource(item["consumableResourceName"], item["totalQuantity"], comes_back)


def _reclaim(item: Data, environments: dict[str, Environment]) -> Reclaim:
    where = item["select"]
    return Reclaim(
        duration_ms(item["at"]), environments[where["environment"]], where["ordinal"], item.get("replace", False)
    )


def _shortage(item: Data) -> Shortage:
    assert item["kind"] == "capacity"
    at, where = duration_ms(item["at"]), item.get("select", {})
    until = at + duration_ms(item["for"]) if "for" in item else NEVER
    keys = (where.get(key) for key in ("environment", "type", "zone", "spot"))
    return Shortage(at, until, item.get("capacity", 0), *keys)


def _change(item: Data) -> Change:
    name, _, key = item["set"].partition(".")
    is_by = "by" in item
    return Change(duration_ms(item["at"]), name, key, item["by" if is_by else "to"], is_by)


def _act(item: Data) -> Act:
    (verb,) = {"cancel", "terminate"} & set(item)
    return Act(duration_ms(item["at"]), verb, item[verb])


# -- the workload


def _calls(workload: list[Data], queues: dict[str, Queue], definitions: Data, world: Data) -> list[Call]:
    by_entry: dict[str, list[Call]] = {}
    for position, entry in enumerate(workload):
        count = entry.get("count", 1)
        by_entry[entry["id"]] = [_call(entry, (position, n), count, queues, definitions, world) for n in range(count)]
    for entry in workload:
        for call in by_entry[entry["id"]]:
            call.depends_on = [_need(call, item, by_entry) for item in entry["submit"].get("dependsOn", [])]
    return [call for calls in by_entry.values() for call in calls]


def _need(call: Call, item: Data, by_entry: dict[str, list[Call]]) -> tuple[str, Call]:
    kind = item.get("type", "plain")
    if kind == "SEQUENTIAL":
        return kind, call
    (other,) = by_entry[item["jobId"]]
    return kind, other


def _call(
    entry: Data, key: tuple[int, int], count: int, queues: dict[str, Queue], definitions: Data, world: Data
) -> Call:
    submit = entry["submit"]
    name = entry["id"] if count == 1 else f"{entry['id']}@{key[1]}"
    call = Call(name, key, duration_ms(entry.get("at", "0s")), queues[submit["jobQueue"]])
    call.is_array = "arrayProperties" in submit
    size = submit["arrayProperties"]["size"] if call.is_array else 1
    for index in range(size):
        call.jobs.append(_job(call, index, entry, definitions[submit["jobDefinition"]], world))
        call.jobs[-1].steps = _steps(entry["run"], key[1] * size + index)
    return call


def _job(call: Call, index: int, entry: Data, definition: Data, world: Data) -> Job:
    submit = entry["submit"]
    retry = submit.get("retryStrategy") or definition.get("retryStrategy") or {}
    timeout = submit.get("timeout") or definition.get("timeout")
    return Job(
        id=f"{call.id}:{index}" if call.is_array else call.id,
        index=index,
        call=call,
        size=_size(submit, definition["containerProperties"]),
        image=definition["containerProperties"]["image"],
        pull=_pull(entry, world),
        steps=[],
        attempts_allowed=retry.get("attempts", 1),
        rules=retry.get("evaluateOnExit", []),
        timeout=timeout and timeout["attemptDurationSeconds"] * 1000,
        on_sigterm=entry.get("on_sigterm", "die"),
        asks=_asks(submit),
        share=submit.get("shareIdentifier", ""),
        scheduling_priority=submit.get("schedulingPriorityOverride", 0),
    )


def _asks(submit: Data) -> dict[str, int]:
    """Of consumable resources; definitions name none."""
    listed = submit.get("consumableResourcePropertiesOverride", {}).get("consumableResourceList", [])
    return {item["consumableResource"]: item["quantity"] for item in listed}


def _size(submit: Data, container: Data) -> Size:
    asked = container["resourceRequirements"] + submit.get("containerOverrides", {}).get("resourceRequirements", [])
    amounts = {item["type"]: int(item["value"]) for item in asked}
    return Size(amounts["VCPU"], amounts["MEMORY"], amounts.get("GPU", 0))


def _pull(entry: Data, world: Data) -> int:
    if "image" not in entry:
        return duration_ms(world["new_image"])
    bytes_a_second = size_bytes(world["pull_rate_ec2"].removesuffix("/s"))
    return duration_ms(world["pull_overhead"]) + whole(size_bytes(entry["image"]) * 1000 / bytes_a_second)


def _steps(run: Any, number: int) -> list[Step]:
    """The steps of job ``number`` of an entry, counted over its calls and their children."""
    if not isinstance(run, dict):
        return [_step(run)]
    script = run["script"] if "script" in run else run["scripts"][number]
    return [_step(item) for item in script] if isinstance(script, list) else [_step(script)]


def _step(item: Any) -> Step:
    """Work takes a millisecond at least."""
    if not isinstance(item, dict):
        return _step({"run": item})
    return Step(max(1, duration_ms(item["run"])), item.get("exit", 0), item.get("reason"))
