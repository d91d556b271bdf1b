"""Instances of a listed fleet: room, the loss of one, and what stands in its place."""

from __future__ import annotations

from oracle.plain import Size
from oracle.second.objects import Attempt, Environment, Instance, Job, Reclaim, Scenario


def of(scenario: Scenario, instance: Instance) -> list[Attempt]:
    """The attempts that hold a part of it."""
    return [each for each in scenario.active() if each.instance is instance]


def free(scenario: Scenario, instance: Instance) -> Size:
    room = instance.environment.type.size
    for attempt in of(scenario, instance):
        room = room.less(attempt.job.size)
    return room


def with_room(scenario: Scenario, environment: Environment, job: Job) -> Instance | None:
    """The oldest that holds the job (``packing: first_fit``) and is not drained."""
    on = [each for each in environment.instances if each.ended_at is None]
    is_open = [each for each in on if not (scenario.world.drains and each.notice_at is not None)]
    return next((each for each in is_open if free(scenario, each).holds(job.size)), None)


def find(reclaim: Reclaim) -> Instance | None:
    """The instance that it takes, if that is on."""
    on = [each for each in reclaim.environment.instances if each.ended_at is None]
    return next((each for each in on if each.ordinal == reclaim.ordinal), None)


def replace(instance: Instance, now: int) -> None:
    """An equal one, ready at once."""
    environment = instance.environment
    environment.instances.append(Instance(environment, len(environment.instances), now))
