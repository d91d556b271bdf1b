"""Consumable resources: what is left of each, and whether a job finds enough (resource-aware scheduling)."""

from __future__ import annotations

from oracle.plain import Job, Resource, Scenario, World

Left = dict[str, int]


def left(scenario: Scenario) -> Left:
    """Of each resource; below 0 where its total was lowered."""
    return {each.name: each.total - taken(scenario, each) for each in scenario.resources}


def taken(scenario: Scenario, resource: Resource) -> int:
    """By all jobs: what they hold, or, of what never comes back, ever took."""
    jobs = [job for call in scenario.calls for job in call.jobs if resource.name in job.asks]
    return sum(job.asks[resource.name] * times(scenario.world, resource, job) for job in jobs)


def times(world: World, resource: Resource, job: Job) -> int:
    """Each attempt takes it, from STARTING to its end; or the job does once, from its first to its own end."""
    if world.held_by_job:
        return int(bool(job.attempts) and not (resource.comes_back and job.over))
    return int(job.state == "ACTIVE") if resource.comes_back else len(job.attempts)


def wanted(world: World, job: Job) -> Left:
    """What it needs to start, beyond what it holds."""
    return {} if world.held_by_job and job.attempts else job.asks


def enough(scenario: Scenario, job: Job) -> bool:
    """Whether it finds all that it needs."""
    return take(scenario.world, left(scenario), job)


def take(world: World, there: Left, job: Job) -> bool:
    """All that it needs, or nothing."""
    asks = wanted(world, job)
    if any(there[name] < quantity for name, quantity in asks.items()):
        return False
    there.update({name: there[name] - quantity for name, quantity in asks.items()})
    return True


def give_back(world: World, there: Left, job: Job) -> None:
    """As if it had not taken any."""
    there.update({name: there[name] + quantity for name, quantity in wanted(world, job).items()})
