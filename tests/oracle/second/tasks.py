"""Fargate: what may start as a task, and when (model.md, "Fargate")."""

from __future__ import annotations

from oracle.plain import NEVER
from oracle.second.bucket import Bucket
from oracle.second.objects import FARGATE_SPOT, Environment, Job, Scenario

Buckets = dict[str, Bucket]
Promised = dict[str, int]
"""By environment, the vCPUs of jobs ahead in line that only the launch rate holds back there."""


def used(scenario: Scenario, environment: Environment) -> int:
    """The vCPUs of its tasks."""
    return sum(each.job.size.vcpus for each in scenario.active() if each.environment is environment)


def has_room(scenario: Scenario, environment: Environment, job: Job, promised: Promised) -> bool:
    """Whether maxvCpus and the account's quota leave room, for what runs and what is promised."""
    peers = [each for each in scenario.environments if each.kind == environment.kind]
    taken = {each.name: used(scenario, each) + promised.get(each.name, 0) for each in peers}
    within = taken[environment.name] + job.size.vcpus <= environment.max_vcpus
    return within and sum(taken.values()) + job.size.vcpus <= quota(scenario, environment)


def quota(scenario: Scenario, environment: Environment) -> int:
    return scenario.world.quotas.get(environment.kind, NEVER)


def is_refused(scenario: Scenario, environment: Environment, now: int) -> bool:
    """Whether Fargate Spot has no capacity, or had none when last asked; a refusal starts a back-off."""
    if environment.kind != FARGATE_SPOT:
        return False
    if now >= environment.held_until and any(start <= now < end for start, end in scenario.world.outages):
        environment.held_until = now + scenario.world.backoff
    return now < environment.held_until


def answer(
    scenario: Scenario, buckets: Buckets, environment: Environment, job: Job, now: int, promised: Promised
) -> str:
    """What a job meets here: it ``starts``, it ``waits`` for the launch rate, or the ``next`` is tried."""
    if not has_room(scenario, environment, job, promised) or is_refused(scenario, environment, now):
        return "next"
    return "starts" if buckets[environment.kind].has(now) >= 1 else "waits"
