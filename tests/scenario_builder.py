"""Small deterministic scenarios for tests: say what matters, the rest has defaults; and ways to read what came out.

Nothing is random and nothing takes time unless a test says so: no boot, no container start, no pull, no Spot hazard, a
scheduling pass and a scaling decision in the instant of a change, idle instances gone at once. Instance types are
``box.N``: N vCPUs, 4096 usable MiB and $0.36/h ($0.0001/s) for each; ``job(...)`` asks for 1 vCPU and 1024 MiB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batchsim.spec import parse

if TYPE_CHECKING:
    from batchsim import Result, Scenario

Data = dict[str, Any]

_NO_TIME = (
    "scheduler_cycle", "retry_delay", "timeout_lag", "scale_up_delay", "instance_pending", "instance_boot",
    "agent_register", "user_data", "warm_start", "new_image", "slow_pull", "pull_overhead", "fargate_provision",
    "scale_down_idle", "scale_down_check", "notice", "block_detect",
)  # fmt: skip

BOXES = (1, 2, 4, 8, 16)


def box(vcpus: int, **overrides: Any) -> Data:
    """An instance type: ``vcpus``, 4096 usable MiB and $0.36/h for each."""
    memory = f"{4096 * vcpus}MiB"
    priced = {"price": f"${0.36 * vcpus:.2f}/h", "spot_price": f"${0.12 * vcpus:.2f}/h"}
    return {"vcpu": vcpus, "memory": memory, "usable_memory": memory, "arch": "x86_64", **priced, **overrides}


def world(**overrides: Any) -> Data:
    """A world without time, chance and disks; types given under ``instanceTypes`` stand beside the boxes."""
    types = {f"box.{vcpus}": box(vcpus) for vcpus in BOXES} | overrides.pop("instanceTypes", {})
    still = dict.fromkeys(_NO_TIME, "0s")
    calm = {"slow_pull_probability": 0, "spot_hazard": 0, "spot_shocks_per_day": 0, "spot_depth": "unlimited"}
    plain = {"prefer_size": "largest_filled", "demand_by": "both", "drain_surplus": False}
    return {"instanceTypes": types, "root_gb": 0, **still, **calm, **plain, **overrides}


def environment(
    name: str = "hosts", types: Sequence[str] = ("box.1",), *, state: str = "ENABLED", **resources: Any
) -> Data:
    """An On-Demand environment of up to 4 vCPUs that starts empty; keywords are those of ``computeResources``."""
    kind = resources.get("type", "EC2")
    ec2 = {} if kind.startswith("FARGATE") else {"instanceTypes": list(types), "minvCpus": 0}
    settings = {"type": kind, "maxvCpus": 4, "subnets": ["subnet-a"], **ec2, **resources}
    return {"computeEnvironmentName": name, "type": "MANAGED", "state": state, "computeResources": settings}


def fixed(slots: int = 1, name: str = "hosts", types: Sequence[str] = ("box.1",), **resources: Any) -> Data:
    """A warm pool that never changes: minvCpus = maxvCpus = ``slots``."""
    return environment(name, types, minvCpus=slots, maxvCpus=slots, **resources)


def fargate(name: str = "tasks", **resources: Any) -> Data:
    """A Fargate environment of up to 1,000 vCPUs."""
    return environment(name, **{"type": "FARGATE", "maxvCpus": 1000, **resources})


def queue(name: str = "queue", *environments: str, priority: int = 1, **overrides: Any) -> Data:
    """A queue on these environments, in order."""
    order = [{"order": place + 1, "computeEnvironment": each} for place, each in enumerate(environments or ("hosts",))]
    return {"jobQueueName": name, "priority": priority, "computeEnvironmentOrder": order, **overrides}


def definition(name: str, vcpus: float = 1, memory: int = 1024, **overrides: Any) -> Data:
    """A job definition; ``platformCapabilities: [FARGATE]`` and the like by keyword."""
    container = {"image": name, "resourceRequirements": _resources(vcpus, memory), **overrides.pop("container", {})}
    return {"jobDefinitionName": name, "type": "container", "containerProperties": container, **overrides}


def with_gpus(count: int, vcpus: float = 1) -> Data:
    """The definition ``gpuN``, whose jobs ask for so many GPUs each."""
    made = definition(f"gpu{count}", vcpus)
    made["containerProperties"]["resourceRequirements"].append({"type": "GPU", "value": str(count)})
    return made


def job(
    entry: str,
    run: Any = "60s",
    *,
    at: Any = None,
    vcpus: float | None = None,
    memory: int | None = None,
    size: int | None = None,
    needs: Sequence[str | Data] = (),
    attempts: int | None = None,
    rules: Sequence[Data] = (),
    timeout_s: int | None = None,
    on: str = "queue",
    kind: str = "job",
    share: str | None = None,
    priority: int | None = None,
    **keys: Any,
) -> Data:
    """A workload entry: ``needs`` are ids or dependsOn items, ``size`` makes an array, ``keys`` are the entry's own."""
    request: Data = {"jobName": entry, "jobQueue": on, "jobDefinition": kind}
    if vcpus is not None or memory is not None:
        request["containerOverrides"] = {"resourceRequirements": _resources(vcpus, memory)}
    if size is not None:
        request["arrayProperties"] = {"size": size}
    if needs:
        request["dependsOn"] = [{"jobId": each} if isinstance(each, str) else each for each in needs]
    if attempts is not None:
        request["retryStrategy"] = {"attempts": attempts, "evaluateOnExit": list(rules)}
    if timeout_s is not None:
        request["timeout"] = {"attemptDurationSeconds": timeout_s}
    if share is not None:
        request["shareIdentifier"] = share
    if priority is not None:
        request["schedulingPriorityOverride"] = priority
    when = {} if at is None else {"at": at}
    return {"id": entry, "submit": request, "run": run, **when, **keys}


def task(entry: str, run: Any = "60s", **keys: Any) -> Data:
    """A workload entry of 1 vCPU and 2048 MiB for Fargate."""
    return job(entry, run, **{"kind": "task", **keys})


def fair(weights: Mapping[str, float] | None = None, **policy: Any) -> Data:
    """Keywords of :func:`scenario` for one fair-share queue: weight factors by share, the policy by AWS's names."""
    shares = [{"shareIdentifier": name, "weightFactor": weight} for name, weight in (weights or {}).items()]
    made = {"name": "fair", "fairsharePolicy": {"shareDistribution": shares, **policy}}
    return {"queues": [queue(schedulingPolicyArn="fair")], "schedulingPolicies": [made]}


def fails(*exit_codes: int, run: str = "10s", then: str = "10s") -> Data:
    """A run whose first attempts take ``run`` and exit so, and whose next takes ``then`` and succeeds."""
    return {"script": [*({"run": run, "exit": code} for code in exit_codes), {"run": then}]}


def scenario_data(
    *workload: Data,
    environments: Sequence[Data] | None = None,
    queues: Sequence[Data] | None = None,
    definitions: Sequence[Data] = (),
    world: Mapping[str, Any] | None = None,
    **top: Any,
) -> Data:
    """The scenario as plain data, as a YAML file would hold it."""
    places = list(environments or [fixed()])
    names = [place["computeEnvironmentName"] for place in places]
    usual = [definition("job"), definition("task", 1, 2048, platformCapabilities=["FARGATE"])]
    return {
        "name": "story",
        "computeEnvironments": places,
        "jobQueues": list(queues or [queue("queue", *names)]),
        "jobDefinitions": [*usual, *definitions],
        "workload": list(workload),
        "world": _world(**world or {}),
        **top,
    }


def scenario(*workload: Data, **keys: Any) -> Scenario:
    """A scenario: by default one warm slot behind one queue. Keywords as of :func:`scenario_data`."""
    return parse(scenario_data(*workload, **keys))


_world = world


def _resources(vcpus: float | None, memory: int | None) -> list[Data]:
    amounts = {"VCPU": vcpus, "MEMORY": memory}
    return [{"type": kind, "value": f"{amount:g}"} for kind, amount in amounts.items() if amount is not None]


# -- reading


def jobs_of(result: Result) -> dict[str, Any]:
    """Rows of ``jobs`` by job id; fields are attributes."""
    return {row.job_id: row for row in result.jobs.itertuples()}


def attempts_of(result: Result, job_id: str) -> list[Any]:
    """Rows of ``attempts`` of one job, in order."""
    return [row for row in result.attempts.itertuples() if row.job_id == job_id]


def column(result: Result, name: str, table: str = "jobs") -> dict[str, Any]:
    """One column of a table by job id, as plain values."""
    frame = getattr(result, table)
    return dict(zip(frame["job_id"], frame[name].tolist(), strict=True))


def starts(result: Result) -> dict[str, float]:
    """When each job's first attempt took its capacity, in seconds, in the order of placement."""
    found: dict[str, float] = {}
    for row in result.attempts.itertuples():
        found.setdefault(row.job_id, row.starting_at_s)
    return found


def ends(result: Result) -> dict[str, float]:
    """When each job ended, in seconds."""
    return column(result, "ended_at_s")


def hosts(result: Result) -> dict[str, int]:
    """The launch ordinal of the instance on which each job's last attempt ran."""
    ordinals = dict(zip(result.instances["instance"], result.instances["ordinal"], strict=True))
    return {row.job_id: ordinals[row.instance] for row in result.attempts.itertuples() if row.instance}


def launched(result: Result) -> list[str]:
    """The types of all instances, in order of launch."""
    return [str(name) for name in result.instances["type"]]


def reasons(result: Result, name: str = "queue") -> list[tuple[float, str, str]]:
    """The timeline of a queue's head as (instant, reason, environment)."""
    rows = (row for row in result.timeline.itertuples() if row.queue == name)
    return [(row.at_s, str(row.reason), str(row.environment)) for row in rows]
