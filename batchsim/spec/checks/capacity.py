"""Compute environments in themselves, and queues against the environments that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.environments import AWS_STRATEGIES, ComputeEnvironment, ComputeResource
from batchsim.spec.index import Index
from batchsim.spec.names import short_name
from batchsim.spec.near import did_you_mean
from batchsim.spec.platforms import Fleet
from batchsim.spec.queues import FairsharePolicy, JobQueue
from batchsim.spec.share_ids import overlap

MAX_ENVIRONMENTS_PER_QUEUE = 3
"""API CreateJobQueue."""

_NOT_ON_FARGATE = ("instanceTypes", "minvCpus", "desiredvCpus", "allocationStrategy")
_ONLY_ON_DEMAND = ("BEST_FIT_PROGRESSIVE_ORDERED",)
_ONLY_SPOT = tuple(name for name in AWS_STRATEGIES if name.startswith("SPOT_"))


def check_environments(index: Index) -> Iterator[Flaw]:
    """E111, E114, E117, E137, E141: what an environment's type asks for, allows and forbids."""
    for path, environment in index.items("computeEnvironments"):
        resources: ComputeResource | None = environment.computeResources
        if resources is None:
            if environment.type == "MANAGED":
                yield Flaw("E111", "a MANAGED environment needs computeResources", path)
            continue
        place = (*path, "computeResources")
        yield from _fargate(place, resources) if resources.is_fargate else _instances(place, resources)
        yield from _bounds(place, resources)


def check_queues(index: Index) -> Iterator[Flaw]:
    """E111, E117, E120, E121, E122, E165: environments, scheduling policy and time limits of queues; policies."""
    environments = {item.computeEnvironmentName: item for _, item in index.items("computeEnvironments")}
    strict = index.scenario.world.strict_limits
    for path, queue in index.items("jobQueues"):
        yield from _order(index, (*path, "computeEnvironmentOrder"), queue, strict)
        yield from _mixture((*path, "computeEnvironmentOrder"), queue, environments, index.scenario.world.fleets)
        yield from _policy(index, (*path, "schedulingPolicyArn"), queue)
        yield from _time_limits((*path, "jobStateTimeLimitActions"), queue)
    for path, policy in index.items("schedulingPolicies"):
        if policy.fairsharePolicy is not None:
            yield from _entries((*path, "fairsharePolicy", "shareDistribution"), policy.fairsharePolicy)


def _fargate(path: Path, resources: ComputeResource) -> Iterator[Flaw]:
    for key in _NOT_ON_FARGATE:
        value = getattr(resources, key)
        if value:
            code = "E141" if key == "allocationStrategy" else "E117"
            yield Flaw(code, f"{key} does not go with {resources.type}", (*path, key), value, hint=f"Leave {key} out")


def _instances(path: Path, resources: ComputeResource) -> Iterator[Flaw]:
    strategy = resources.allocationStrategy or "BEST_FIT"
    if resources.type in ("EC2", "SPOT") and not resources.instanceTypes:
        hint = "Add instanceTypes, as in [m5.large], [c5], or [optimal]"
        yield Flaw("E111", f"{resources.type} environments need instanceTypes", path, hint=hint)
    wrong = strategy in (_ONLY_SPOT if resources.type == "EC2" else _ONLY_ON_DEMAND)
    if wrong:
        allowed = "BEST_FIT, BEST_FIT_PROGRESSIVE" + (
            ", SPOT_..." if resources.is_spot else ", BEST_FIT_PROGRESSIVE_ORDERED"
        )
        yield Flaw("E141", f"not a strategy for {resources.type}", (*path, "allocationStrategy"), strategy, allowed)
    delay = resources.scalingPolicy.minScaleDownDelayMinutes if resources.scalingPolicy else 0
    if 0 < delay < 20:
        where = (*path, "scalingPolicy", "minScaleDownDelayMinutes")
        yield Flaw("E114", "out of range", where, delay, "0 (unset), or 20-10080 minutes")


def _bounds(path: Path, resources: ComputeResource) -> Iterator[Flaw]:
    low, high, desired = resources.minvCpus, resources.maxvCpus, resources.desiredvCpus
    if low > high:
        yield Flaw("E137", f"minvCpus {low} is more than maxvCpus {high}", (*path, "minvCpus"), low)
    elif desired is not None and not low <= desired <= high and not resources.is_fargate:
        yield Flaw(
            "E137", "desiredvCpus is outside", (*path, "desiredvCpus"), desired, f"minvCpus {low} to maxvCpus {high}"
        )


def _order(index: Index, path: Path, queue: JobQueue, strict: bool) -> Iterator[Flaw]:
    """E120: at least one environment, at most three, none twice, all known; E123: no order twice."""
    known = index.names["computeEnvironments"]
    if not queue.computeEnvironmentOrder:
        yield Flaw("E120", "a queue needs a compute environment", path, allowed=", ".join(known))
    if len(queue.computeEnvironmentOrder) > MAX_ENVIRONMENTS_PER_QUEUE and strict:
        count = len(queue.computeEnvironmentOrder)
        yield Flaw("E120", "too many compute environments", path, count, f"at most {MAX_ENVIRONMENTS_PER_QUEUE}")
    seen: dict[object, Path] = {}
    for position, order in enumerate(queue.computeEnvironmentOrder):
        place = (*path, position)
        name = short_name(order.computeEnvironment)
        if name not in known:
            hint = did_you_mean(name, known)
            yield Flaw(
                "E120", "unknown compute environment", (*place, "computeEnvironment"), name, ", ".join(known), hint
            )
        for key, value in (("computeEnvironment", name), ("order", order.order)):
            if value in seen:
                yield Flaw("E120", f"{key} given twice", (*place, key), value, also=(seen[value],))
            seen.setdefault(value, place)


def _mixture(
    path: Path, queue: JobQueue, environments: Mapping[str, ComputeEnvironment], fleets: Mapping[str, Fleet]
) -> Iterator[Flaw]:
    """E121: all of a queue's environments are EC2's or all are Fargate's; E116: of a kind that is simulated."""
    kinds: dict[bool, str] = {}
    for position, order in enumerate(queue.computeEnvironmentOrder):
        environment = environments.get(short_name(order.computeEnvironment))
        if environment is None:
            continue
        place = (*path, position, "computeEnvironment")
        name = environment.computeEnvironmentName
        if environment.type == "UNMANAGED":
            if name not in fleets:
                hint = f"Say in world.fleets: {{{name}: [{{type: m6i.large, count: 2}}]}} which instances it has"
                yield Flaw("E116", "an UNMANAGED environment without instances", place, name, hint=hint)
            kinds.setdefault(False, name)
        elif kind := _unsupported(environment):
            yield Flaw("E116", f"not supported: {kind} environments", place, name)
        if environment.type == "MANAGED" and environment.computeResources:
            kinds.setdefault(environment.computeResources.is_fargate, name)
    if len(kinds) == 2:
        message = f"a queue cannot mix EC2 ({kinds[False]}) and Fargate ({kinds[True]})"
        yield Flaw("E121", message, path, hint="Make a queue for each")


def _unsupported(environment: ComputeEnvironment) -> str:
    if environment.eksConfiguration is not None or environment.containerOrchestrationType == "EKS":
        return "EKS"
    managed = environment.computeResources and environment.computeResources.type == "ECS_MANAGED_INSTANCES"
    return "ECS_MANAGED_INSTANCES" if managed else ""


def _time_limits(path: Path, queue: JobQueue) -> Iterator[Flaw]:
    """TERMINATE is for SageMaker's queues, CANCEL for all others (API, JobStateTimeLimitAction)."""
    wanted = "TERMINATE" if queue.jobQueueType == "SAGEMAKER_TRAINING" else "CANCEL"
    for number, action in enumerate(queue.jobStateTimeLimitActions):
        if action.action != wanted:
            message = f"{action.action} does not go with a queue of this type"
            yield Flaw("E117", message, (*path, number, "action"), action.action, wanted)


def _policy(index: Index, path: Path, queue: JobQueue) -> Iterator[Flaw]:
    if queue.schedulingPolicyArn is None:
        return
    arns = {item.arn for _, item in index.items("schedulingPolicies")}
    known = index.names["schedulingPolicies"]
    name = short_name(queue.schedulingPolicyArn)
    if queue.schedulingPolicyArn not in arns and name not in known:
        yield Flaw("E122", "unknown scheduling policy", path, name, ", ".join(known), did_you_mean(name, known))


def _entries(path: Path, policy: FairsharePolicy) -> Iterator[Flaw]:
    """E165: no share identifier falls under two entries of ``shareDistribution``."""
    named = [(number, item.shareIdentifier) for number, item in enumerate(policy.shareDistribution)]
    for (before, one), (number, other) in combinations(named, 2):
        if overlap(one, other):
            message = "given twice" if one == other else f"overlaps with {one}"
            what = "share identifiers fall under one entry each"
            places = (*path, number, "shareIdentifier"), (*path, before, "shareIdentifier")
            yield Flaw("E165", f"{message}: {what}", places[0], other, also=(places[1],))
