"""What can be done to a running scenario: which jobs its queues take, and which of its values can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from batchsim.spec import Scenario
from batchsim.spec.environments import ComputeEnvironment
from batchsim.spec.platforms import stands
from batchsim.spec.queues import JobQueue, SchedulingPolicy


@dataclass(frozen=True)
class Intake:
    """A queue, the definitions that its environments run, and the shares that its jobs may have."""

    queue: str
    definitions: tuple[str, ...]
    shares: tuple[str, ...]


@dataclass
class Bounds:
    """vCPUs of an environment as they were last set: AWS refuses a minimum above the maximum, and so do we here."""

    least: int
    most: int
    on_fargate: bool


@dataclass(frozen=True)
class Reach:
    """Names of everything that a rule can act on, in the order of the file."""

    intakes: tuple[Intake, ...]
    environments: tuple[str, ...]
    bounds: Mapping[str, Bounds]
    """Of the environments whose vCPUs can be changed."""
    queues: tuple[str, ...]
    weights: tuple[str, ...]
    """Paths of weight factors."""
    consumables: tuple[str, ...]
    spot: tuple[str, ...]
    """Environments on instances that EC2 can reclaim."""


def reach_of(scenario: Scenario) -> Reach:
    """What a scenario offers."""
    environments = {each.computeEnvironmentName: each for each in scenario.computeEnvironments}
    resources = {name: each.computeResources for name, each in environments.items() if each.computeResources}
    return Reach(
        intakes=tuple(made for queue in scenario.jobQueues if (made := _intake(scenario, queue, environments))),
        environments=tuple(environments),
        bounds={
            name: Bounds(made.minvCpus, made.maxvCpus, made.is_fargate)
            for name, made in resources.items()
            if not stands(scenario.world, environments[name])
        },
        queues=tuple(each.jobQueueName for each in scenario.jobQueues),
        weights=tuple(path for policy in scenario.schedulingPolicies for path in _weights(policy)),
        consumables=tuple(each.consumableResourceName for each in scenario.consumableResources),
        spot=tuple(name for name, made in resources.items() if made.type == "SPOT"),
    )


def _intake(scenario: Scenario, queue: JobQueue, environments: Mapping[str, ComputeEnvironment]) -> Intake | None:
    """What a queue takes; none where no definition is for its platform."""
    first = environments[queue.computeEnvironmentOrder[0].computeEnvironment.split("/")[-1]].computeResources
    platform = "FARGATE" if first is not None and first.is_fargate else "EC2"
    fitting = tuple(
        each.jobDefinitionName
        for each in scenario.jobDefinitions
        if platform in (each.platformCapabilities or ("EC2",)) and each.status == "ACTIVE"
    )
    return Intake(queue.jobQueueName, tuple(dict.fromkeys(fitting)), _shares(scenario, queue)) if fitting else None


def _shares(scenario: Scenario, queue: JobQueue) -> tuple[str, ...]:
    if not queue.schedulingPolicyArn:
        return ()
    listed = [
        item.shareIdentifier.replace("*", "1")
        for policy in scenario.schedulingPolicies
        if policy.fairsharePolicy and policy.name == queue.schedulingPolicyArn.split("/")[-1]
        for item in policy.fairsharePolicy.shareDistribution
    ]
    return tuple(dict.fromkeys((*listed, "alpha", "beta")))


def _weights(policy: SchedulingPolicy) -> list[str]:
    shares = policy.fairsharePolicy.shareDistribution if policy.fairsharePolicy else ()
    return [f"schedulingPolicies.{policy.name}.{each.shareIdentifier}.weightFactor" for each in shares]
