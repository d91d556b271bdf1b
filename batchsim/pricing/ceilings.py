"""From a scenario, as it was run, to the limits that stood above the run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from batchsim.analysis.ceilings import Cap, Ceilings, FaultCap, ShareCap, Size
from batchsim.records.tables import Names
from batchsim.spec import ComputeEnvironment, Scenario
from batchsim.spec.checks.dependencies import MAX_DEPENDENCIES
from batchsim.spec.checks.limits import MAX_PER_REGION
from batchsim.spec.entries import Entry, Workflow
from batchsim.spec.fair_share import fair_share_of
from batchsim.spec.faults import Fault
from batchsim.spec.names import short_name
from batchsim.spec.paths import find_target
from batchsim.spec.platforms import stands
from batchsim.spec.queues import JobQueue
from batchsim.spec.quotas import CLASSES, quota_class
from batchsim.units import DURATION_MS

MAX_ACTIVE_SHARES, MAX_ARRAY, MAX_ENVIRONMENTS_OF_A_QUEUE = 500, 10_000, 3
"""User Guide, "AWS Batch service quotas" and "Fair-share scheduling policies"."""


def ceilings_of(scenario: Scenario, names: Names) -> Ceilings:
    """Return the limits of a run; of ``actions`` those that changed maxvCpus, calls from outside among them."""
    world = scenario.world
    by_name = {environment.computeEnvironmentName: environment for environment in scenario.computeEnvironments}
    classes = product(CLASSES, (False, True))
    quotas = {(class_, spot): world.ec2_vcpu_quota.of(class_, spot=spot) for class_, spot in classes}
    quota = world.fargate_vcpu_quota
    return Ceilings(
        max_vcpus=tuple(_cap(scenario, by_name.get(name)) for name in names.environments),
        type_classes=tuple(quota_class(name.partition(".")[0]) for name in names.types),
        quotas={key: limit for key, limit in quotas.items() if limit is not None},
        fargate_vcpus=(quota.on_demand, quota.spot),
        fargate_burst=world.fargate_burst,
        fargate_rate_per_s=world.fargate_rate,
        faults=tuple(_fault(number, each) for number, each in enumerate(scenario.faults) if _caps(each)),
        shares=tuple(_shares(scenario, names, queue) for queue in scenario.jobQueues),
        submit_tps=world.submit_tps,
        submitted_limit=world.submitted_limit if world.strict_limits else None,
        cycle_ms=world.scheduler_cycle,
        sizes=tuple(_sizes(scenario)) if world.strict_limits else (),
    )


def _cap(scenario: Scenario, environment: ComputeEnvironment | None) -> Cap | None:
    """An environment's maxvCpus over time; None where its fleet stands, or where it is not known."""
    if environment is None or environment.computeResources is None or stands(scenario.world, environment):
        return None
    changes = []
    for action in sorted(scenario.actions, key=lambda action: action.at_ms):
        target = None if action.set is None else find_target(scenario, action.set)
        if target is not None and (target.name, target.field) == (environment.computeEnvironmentName, "maxvCpus"):
            changes.append((action.at_ms, int(action.to or 0)))
    return ((0, environment.computeResources.maxvCpus), *changes)


def _caps(fault: Fault) -> bool:
    return fault.kind in ("capacity", "quota")


def _fault(number: int, fault: Fault) -> FaultCap:
    select = fault.select
    return FaultCap(
        name=fault.name or f"faults[{number}]",
        kind=fault.kind,
        limit=fault.capacity if fault.vcpus is None else fault.vcpus,
        by_vcpus=fault.kind == "quota",
        from_ms=fault.at_ms,
        until_ms=fault.until_ms,
        environment=select.environment,
        type=select.type,
        zone=select.zone,
        spot=select.spot,
    )


def _shares(scenario: Scenario, names: Names, queue: JobQueue) -> ShareCap | None:
    policy = fair_share_of(scenario.schedulingPolicies, queue)
    if policy is None:
        return None
    return ShareCap(
        window_ms=max(policy.shareDecaySeconds * DURATION_MS["s"], scenario.world.min_window),
        most_active=MAX_ACTIVE_SHARES if scenario.world.strict_limits else None,
        reservation=policy.computeReservation,
        environments=tuple(
            names.environments.index(short_name(place.computeEnvironment)) for place in queue.computeEnvironmentOrder
        ),
    )


def _sizes(scenario: Scenario) -> Iterator[Size]:
    """The largest thing that a scenario asks for of each kind that the service limits."""
    entries = [entry for item in scenario.workload for entry in _entries(item)]
    if entries:
        array = max(entries, key=_array)
        needs = max(entries, key=lambda entry: len(entry.submit.dependsOn))
        yield from _of(Size("array_size", array.id, "children", _array(array), MAX_ARRAY))
        yield from _of(Size("dependencies", needs.id, "dependencies", len(needs.submit.dependsOn), MAX_DEPENDENCIES))
    yield Size("queues", "account", "queues", len(scenario.jobQueues), MAX_PER_REGION)
    yield Size("environments", "account", "environments", len(scenario.computeEnvironments), MAX_PER_REGION)
    for queue in scenario.jobQueues:
        count = len(queue.computeEnvironmentOrder)
        yield Size("environments_of_a_queue", queue.jobQueueName, "environments", count, MAX_ENVIRONMENTS_OF_A_QUEUE)


def _of(size: Size) -> Iterator[Size]:
    """The size, if there is any."""
    if size.size:
        yield size


def _array(entry: Entry) -> int:
    properties = entry.submit.arrayProperties
    return (properties.size or 0) if properties else 0


def _entries(item: Entry | Workflow) -> tuple[Entry, ...]:
    return item.workflow if isinstance(item, Workflow) else (item,)
