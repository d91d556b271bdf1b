"""Timed changes: what an action sets of an environment or a queue while the run goes on."""

from __future__ import annotations

from fractions import Fraction

from oracle import scaling
from oracle.allocation import on_vcpus
from oracle.plain import Act, Change, Environment, Policy, Queue, Resource, Scenario


def change(scenario: Scenario, act: Change, now: int) -> None:
    """Carry out one."""
    for environment in scenario.environments:
        if environment.name == act.name:
            of_environment(scenario, environment, act, now)
    for queue in scenario.queues:
        if queue.name == act.name:
            of_queue(queue, act)
        if queue.policy is not None and queue.policy.name == act.name:
            of_share(queue.policy, act)
    for resource in scenario.resources:
        if resource.name == act.name:
            of_resource(resource, act)


def reaches(scenario: Scenario, act: Act | Change) -> bool:
    """Whether an action touches anything at all: a policy is nothing without a queue that has it."""
    if not isinstance(act, Change) or not act.key.endswith(".weightFactor"):
        return True
    return any(queue.policy is not None and queue.policy.name == act.name for queue in scenario.queues)


def of_environment(scenario: Scenario, environment: Environment, act: Change, now: int) -> None:
    before = (environment.enabled, environment.max_vcpus, environment.min_vcpus, len(environment.instances))
    if act.key == "state":
        environment.enabled = act.value == "ENABLED"
    elif act.key == "maxvCpus":
        environment.max_vcpus = act.value
    elif act.key == "minvCpus":
        environment.min_vcpus = act.value
    else:
        assert act.key == "desiredvCpus"
        raise_to(scenario, environment, act.value, now)
    after = (environment.enabled, environment.max_vcpus, environment.min_vcpus, len(environment.instances))
    act.mattered = before != after


def raise_to(scenario: Scenario, environment: Environment, desired: int, now: int) -> None:
    """DesiredvCpus may only be raised, and within its bounds: instances come at once, without a decision."""
    more = desired - on_vcpus(environment)
    if environment.enabled and more > 0 and environment.min_vcpus <= desired <= environment.max_vcpus:
        scaling.launch_for(scenario, environment, [scaling.ONE] * more, now)


def of_queue(queue: Queue, act: Change) -> None:
    before = (queue.priority, queue.enabled)
    if act.key == "priority":
        queue.priority = act.value
    else:
        assert act.key == "state"
        queue.enabled = act.value == "ENABLED"
    act.mattered = before != (queue.priority, queue.enabled)


def of_share(policy: Policy, act: Change) -> None:
    share, _, key = act.key.partition(".")
    assert key == "weightFactor"
    act.mattered = policy.weights[share] != Fraction(str(act.value))
    policy.weights[share] = Fraction(str(act.value))


def of_resource(resource: Resource, act: Change) -> None:
    assert act.key == "totalQuantity"
    before = resource.total
    resource.total = max(0, resource.total + act.value) if act.is_by else act.value
    act.mattered = resource.total != before
