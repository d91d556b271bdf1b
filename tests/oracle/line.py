"""One scheduling pass: the queues by priority, the jobs of each in line, the environments in order."""

from __future__ import annotations

from typing import Any

from oracle import capacity, scaling
from oracle.plain import NEVER, Attempt, Environment, Instance, Job, Queue, Scenario, World


def schedule(scenario: Scenario, now: int) -> None:
    """Each queue goes as far as it can before the next."""
    queues = by_priority(scenario)
    for place, queue in enumerate(queues):
        left = scaling.Left(scenario)
        scaling.pass_down(scenario, queues[:place], left, now)  # those ahead that wait take their room first
        left.coming = scaling.Left(scenario).coming  # whom a scaler serves first, its decision says
        for job in waiting(scenario, queue):
            if not serve(scenario, job, left, now) and not scenario.world.skip:
                break


def by_priority(scenario: Scenario) -> list[Queue]:
    """Highest first; equal ones as in the file."""
    return sorted(scenario.queues, key=lambda queue: -queue.priority)


def waiting(scenario: Scenario, queue: Queue) -> list[Job]:
    """The RUNNABLE jobs of a queue in line."""
    jobs = [job for call in scenario.calls if call.queue is queue for job in call.jobs if job.state == "RUNNABLE"]
    return sorted(jobs, key=lambda job: key(scenario.world, job))


def key(world: World, job: Job) -> tuple[Any, ...]:
    """A job's place in its queue: smaller is further ahead."""
    place = (*job.call.key, job.index)
    retried = bool(job.attempts)
    again = retried and world.retry_position == "back"
    ahead = retried and world.retry_position == "front"
    if world.fifo_order == "submitted":
        return (not ahead, job.runnable_since if again else job.created_at, place)
    return (not ahead, job.runnable_since if again else job.runnable_at, job.created_at, place)


def serve(scenario: Scenario, job: Job, left: scaling.Left, now: int) -> bool:
    """Start the job, if the environment that serves it has room now; otherwise it waits for a boot, or for growth."""
    for environment in job.call.queue.environments:
        if not takes(environment, job):
            continue
        rooms = [(each, each.free()) for each in open_instances(environment) if each.ready]
        instance = capacity.choose(scenario.world, rooms, job.size)
        if instance is not None:
            start(scenario.world, job, instance, now)
            return True
        if scaling.pack(left.booting[id(environment)], job.size):
            return False
        if scaling.grows_for(scenario, environment, job, left.coming[id(environment)], now):
            return False
    return False


def takes(environment: Environment, job: Job) -> bool:
    """Whether the job may start there at all."""
    kinds = environment.types if environment.fleet is None else [planned.type for planned in environment.fleet]
    fits = any(kind.size.holds(job.size) for kind in kinds)
    return environment.enabled and fits and job.size.vcpus <= environment.max_vcpus


def on(environment: Environment) -> list[Instance]:
    return [each for each in environment.instances if each.ended_at is None]


def open_instances(environment: Environment) -> list[Instance]:
    return [each for each in on(environment) if not each.closed]


def start(world: World, job: Job, instance: Instance, now: int) -> None:
    """STARTING: the image is pulled unless it is there or on its way, then the container starts."""
    pulled_at = max(now, instance.images.setdefault(job.image, now + job.pull))
    running_at = pulled_at + world.warm_start
    step = job.steps[min(len(job.attempts), len(job.steps) - 1)]
    times_out_at = NEVER if job.timeout is None else running_at + job.timeout + world.timeout_lag
    attempt = Attempt(
        job, len(job.attempts) + 1, instance, job.runnable_since, now, pulled_at, running_at,
        exits_at=running_at + step.run, times_out_at=times_out_at, step=step,
    )  # fmt: skip
    job.attempts.append(attempt)
    instance.attempts.append(attempt)
    job.state = "ACTIVE"


def may_start(scenario: Scenario, fleets_to_come: list[Any]) -> bool:
    """Whether a job that waits has room on an instance that is on, that boots or that is still to be launched."""
    rooms = [(each.environment, each.free()) for each in capacity.on(scenario) if not each.closed]
    rooms += [(environment, planned.type.size) for _, environment, planned in fleets_to_come]
    return any(
        environment.enabled and environment in queue.environments and room.holds(job.size)
        for queue in scenario.queues
        for job in next_in_line(scenario, queue)
        for environment, room in rooms
    )


def served_by(scenario: Scenario, environment: Environment) -> bool:
    """Whether a job is waiting that an environment takes, and that a pass would try to start."""
    return any(
        environment in queue.environments and takes(environment, job)
        for queue in scenario.queues
        for job in next_in_line(scenario, queue)
    )


def next_in_line(scenario: Scenario, queue: Queue) -> list[Job]:
    """Whom a pass would try to start: the head, or everybody."""
    jobs = waiting(scenario, queue)
    return jobs if scenario.world.skip else jobs[:1]


def what_counts(scenario: Scenario, now: int) -> object:
    """All that a pass looks at: while it stays as it is, another pass does nothing. A capacity error is a change."""
    rooms = [(id(each), each.ready, each.closed, each.free()) for each in capacity.on(scenario)]
    gates = [
        (each.enabled, each.max_vcpus, each.min_vcpus, each.errors, [until > now for until in each.held.values()])
        for each in scenario.environments
    ]
    lines = [(queue.priority, [job.id for job in waiting(scenario, queue)]) for queue in scenario.queues]
    return rooms, gates, lines
