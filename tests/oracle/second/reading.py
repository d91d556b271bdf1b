"""From a scenario, as plain data of a YAML file, to the second oracle's objects."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from oracle.plain import NEVER, Call, Size, Step
from oracle.quantities import duration_ms, memory_mib, nano_usd, size_bytes, whole
from oracle.second.objects import (
    FARGATE,
    FARGATE_SPOT,
    Change,
    Checkpoint,
    Environment,
    Instance,
    Job,
    Queue,
    Reclaim,
    Request,
    Scenario,
    Type,
    World,
)

Data = dict[str, Any]

DAY = 86_400_000
DELAYS = (
    "scheduler_cycle", "retry_delay", "fargate_provision", "ce_backoff", "notice", "stop_timeout", "warm_start",
    "block_detect",
)  # fmt: skip
SWITCHED_OFF = {"timeout_lag": "0s", "stopped_when": "sigterm", "spot_hazard": 0, "spot_shocks_per_day": 0}
WITHOUT_BOOT = {"instance_pending": "0s", "instance_boot": "0s", "agent_register": "0s", "root_gb": 0,
                "slow_pull_probability": 0, "packing": "first_fit"}  # fmt: skip


def read(data: Data) -> Scenario:
    """The scenario; KeyError or AssertionError for what this oracle does not cover."""
    world = data["world"]
    assert all(world[key] == value for key, value in SWITCHED_OFF.items())
    environments = {each["computeEnvironmentName"]: _environment(each, world) for each in data["computeEnvironments"]}
    queues = {each["jobQueueName"]: _queue(each, environments) for each in data["jobQueues"]}
    definitions = {each["jobDefinitionName"]: each["containerProperties"] for each in data["jobDefinitions"]}
    return Scenario(
        _world(world),
        list(environments.values()),
        list(queues.values()),
        _calls(data["workload"], queues, definitions, world),
        [_reclaim(each, environments) for each in data.get("faults", [])],
        [_change(each) if "set" in each else _request(each) for each in data.get("actions", [])],
        duration_ms(data["simulation"]["until"]),
    )


# -- the world


def _world(world: Data) -> World:
    delays = {key: duration_ms(world[key]) for key in DELAYS}
    days = world.get("fargate_max_days", 14)
    return World(
        cycle=delays["scheduler_cycle"],
        fifo_order=world["fifo_order"],
        retry_position=world["retry_position"],
        retry_delay=delays["retry_delay"],
        skips=world["head_of_line"] == "skip",
        cancel_pending_wait=world["cancel_pending_wait"],
        provision=delays["fargate_provision"],
        burst=world.get("fargate_burst", 100),
        rate=_rate(world.get("fargate_rate", "20/s")),
        quotas=_quotas(world.get("fargate_vcpu_quota", {})),
        outages=[_window(each) for each in world.get("fargate_spot_outages", [])],
        backoff=max(1000, delays["ce_backoff"]),
        most_running=days * DAY if days else NEVER,
        notice=delays["notice"],
        stop_timeout=delays["stop_timeout"],
        drains=world.get("spot_drain", False),
        saves_on_notice=world.get("checkpoint_on_notice", True),
        warm_start=delays["warm_start"],
        detect=delays["block_detect"],
    )


def _rate(text: str) -> Fraction:
    number, _, unit = text.partition("/")
    return Fraction(int(number), {"s": 1000, "min": 60_000}[unit])


def _quotas(listed: dict[str, int]) -> dict[str, int]:
    kinds = {"on_demand": FARGATE, "spot": FARGATE_SPOT}
    return {kind: listed[key] * 1000 for key, kind in kinds.items() if key in listed}


def _window(item: Data) -> tuple[int, int]:
    start = duration_ms(item["from"])
    return start, start + duration_ms(item["for"])


# -- AWS's half


def _environment(item: Data, world: Data) -> Environment:
    resources, name = item["computeResources"], item["computeEnvironmentName"]
    environment = Environment(
        name=name,
        kind=resources["type"],
        enabled=item["state"] == "ENABLED",
        status=item.get("status", "VALID"),
        status_reason=item.get("statusReason", ""),
        max_vcpus=resources["maxvCpus"] * 1000,
    )
    if not environment.is_fargate:
        _add_fleet(environment, world)
    return environment


def _add_fleet(environment: Environment, world: Data) -> None:
    """Instances of one type, ready from the start."""
    assert all(world[key] == value for key, value in WITHOUT_BOOT.items())
    (part,) = world["fleets"][environment.name]
    item = world["instanceTypes"][part["type"]]
    size = Size(item["vcpu"] * 1000, memory_mib(item["usable_memory"]))
    environment.type = Type(part["type"], size, nano_usd(item["spot_price"]))
    environment.speed = Fraction(world["speed"][item["arch"]])
    environment.instances = [Instance(environment, ordinal, 0) for ordinal in range(part["count"])]


def _queue(item: Data, environments: dict[str, Environment]) -> Queue:
    order = sorted(item["computeEnvironmentOrder"], key=lambda place: place["order"])
    places = [environments[each["computeEnvironment"]] for each in order]
    limits: dict[str, int] = {}
    for each in item.get("jobStateTimeLimitActions", []):
        limits[each["reason"]] = min(each["maxTimeSeconds"] * 1000, limits.get(each["reason"], NEVER))
    return Queue(item["jobQueueName"], item["priority"], item["state"] == "ENABLED", places, limits)


def _reclaim(item: Data, environments: dict[str, Environment]) -> Reclaim:
    where = item["select"]
    return Reclaim(duration_ms(item["at"]), environments[where["environment"]], where["ordinal"], item["replace"])


def _change(item: Data) -> Change:
    name, _, key = item["set"].partition(".")
    return Change(duration_ms(item["at"]), name, key, item["to"])


def _request(item: Data) -> Request:
    (verb,) = {"cancel", "terminate"} & set(item)
    return Request(duration_ms(item["at"]), verb, item[verb], item["reason"])


# -- the workload


def _calls(workload: list[Data], queues: dict[str, Queue], definitions: Data, world: Data) -> list[Call]:
    calls: dict[str, Call] = {}
    for position, entry in enumerate(workload):
        submit = entry["submit"]
        call = Call(entry["id"], (position, 0), duration_ms(entry["at"]), queues[submit["jobQueue"]])
        call.is_array = "arrayProperties" in submit
        size = submit["arrayProperties"]["size"] if call.is_array else 1
        call.jobs = [_job(call, index, entry, definitions[submit["jobDefinition"]], world) for index in range(size)]
        calls[entry["id"]] = call
    for entry in workload:
        listed = entry["submit"].get("dependsOn", [])
        calls[entry["id"]].depends_on = [_need(calls, calls[entry["id"]], each) for each in listed]
    return list(calls.values())


def _need(calls: dict[str, Call], call: Call, item: Data) -> tuple[str, Call]:
    kind = item.get("type", "plain")
    return kind, call if kind == "SEQUENTIAL" else calls[item["jobId"]]


def _job(call: Call, index: int, entry: Data, container: Data, world: Data) -> Job:
    submit = entry["submit"]
    retry = submit.get("retryStrategy", {})
    timeout = submit.get("timeout", {}).get("attemptDurationSeconds")
    return Job(
        id=f"{call.id}:{index}" if call.is_array else call.id,
        index=index,
        call=call,
        size=_size(container),
        image=container["image"],
        pull=_pull(entry, world),
        steps=_steps(entry["run"], index),
        attempts_allowed=retry.get("attempts", 1),
        rules=retry.get("evaluateOnExit", []),
        timeout=timeout and timeout * 1000,
        on_sigterm=entry.get("on_sigterm", "die"),
        storage_gib=container.get("ephemeralStorage", {}).get("sizeInGiB", 20),
        checkpoint=_checkpoint(entry.get("checkpoint")),
    )


def _size(container: Data) -> Size:
    amounts = {item["type"]: item["value"] for item in container["resourceRequirements"]}
    return Size(whole(Fraction(amounts["VCPU"]) * 1000), int(amounts["MEMORY"]))


def _pull(entry: Data, world: Data) -> int:
    if "image" not in entry:
        return duration_ms(world["new_image"])
    bytes_a_second = size_bytes(world["pull_rate_fargate"].removesuffix("/s"))
    return duration_ms(world["pull_overhead"]) + whole(Fraction(size_bytes(entry["image"]) * 1000, bytes_a_second))


def _checkpoint(item: Data | None) -> Checkpoint | None:
    if item is None:
        return None
    every = duration_ms(item["every"]) if "every" in item else None
    return Checkpoint(every, duration_ms(item["cost"]), duration_ms(item["restore"]))


def _steps(run: Data, index: int) -> list[Step]:
    listed = run["script"] if "script" in run else run["scripts"][index]
    return [Step(duration_ms(each["run"]), each.get("exit", 0), each.get("reason")) for each in listed]
