"""One scheduling pass: the queues by priority, the jobs of each in line, the environments in order."""

from __future__ import annotations

from typing import Any

from oracle import capacity, licences, scaling, turns
from oracle.plain import NEVER, Attempt, Environment, Instance, Job, Queue, Scenario, World


def schedule(scenario: Scenario, now: int) -> None:
    """Each queue goes as far as it can before the next."""
    queues = by_priority(scenario)
    for place, queue in enumerate(queues):
        left = scaling.Left(scenario)
        scaling.pass_down(scenario, queues[:place], left, now)  # those ahead that wait take their room first
        left.coming = scaling.Left(scenario).coming  # whom a scaler serves first, its decision says
        go_down(scenario, turns.turns(scenario, queue, now), left, now)


def go_down(scenario: Scenario, line: turns.Fifo | turns.Fair, left: scaling.Left, now: int) -> None:
    """Serve one job after the other, as far as it goes."""
    while (job := line.first()) is not None:
        may = line.admits(job) and licences.enough(scenario, job)
        if may and serve(scenario, job, left, now):
            line.took(job)
        else:
            line.missed(job)


def by_priority(scenario: Scenario) -> list[Queue]:
    """Highest first; equal ones as in the file."""
    return sorted(scenario.queues, key=lambda queue: -queue.priority)


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


def may_start(scenario: Scenario, fleets_to_come: list[Any], now: int) -> bool:
    """Whether a job that waits has room on an instance that is on, that boots or that is still to be launched."""
    rooms = [(each.environment, each.free()) for each in capacity.on(scenario) if not each.closed]
    rooms += [(environment, planned.type.size) for _, environment, planned in fleets_to_come]
    return any(
        environment.enabled and environment in queue.environments and room.holds(job.size)
        for queue in scenario.queues
        for job in next_in_line(scenario, queue, now)
        for environment, room in rooms
    )


def served_by(scenario: Scenario, environment: Environment, now: int) -> bool:
    """Whether a job is waiting that an environment takes, and that a pass would try to start."""
    return any(
        environment in queue.environments and takes(environment, job)
        for queue in scenario.queues
        for job in next_in_line(scenario, queue, now)
    )


def next_in_line(scenario: Scenario, queue: Queue, now: int) -> list[Job]:
    """Whom a pass would try to start: the head, of each share its own, or everybody; not who may not start at all."""
    line = turns.turns(scenario, queue, now)
    return [job for job in line.candidates() if line.admits(job) and licences.enough(scenario, job)]


def is_restless(scenario: Scenario, queue: Queue, now: int) -> bool:
    """Whether time may let a job start: the head does not, one of another size would, and usage still moves."""
    if queue.policy is None or not scenario.world.share_stops_queue or not turns.moves(scenario, queue, now):
        return False
    fair = turns.Fair(scenario, queue, now)
    first = fair.first()
    if len(fair.left) < 2:
        return False
    others = [job for job in turns.waiting(scenario, queue) if first and kind(job) != kind(first)]
    may = [job for job in others if fair.admits(job) and licences.enough(scenario, job)]
    return any(
        takes(environment, job) and finds_or_gets_room(scenario, environment, job, now)
        for job in may
        for environment in queue.environments
    )


def finds_or_gets_room(scenario: Scenario, environment: Environment, job: Job, now: int) -> bool:
    """Whether an instance has room for it, or one may be launched that has."""
    if any(each.ready and each.free().holds(job.size) for each in open_instances(environment)):
        return True
    return environment.fleet is None and scaling.may_launch(scenario, environment, job.size, now)


def kind(job: Job) -> object:
    """What it asks for; whoever holds its resources already differs from those who do not."""
    return job.size, job.asks


def what_counts(scenario: Scenario, now: int) -> object:
    """All that a pass looks at: while it stays as it is, another pass does nothing. A capacity error is a change."""
    rooms = [(id(each), each.ready, each.closed, each.free()) for each in capacity.on(scenario)]
    gates = [
        (each.enabled, each.max_vcpus, each.min_vcpus, each.errors, [until > now for until in each.held.values()])
        for each in scenario.environments
    ]
    lines = [(queue.priority, [job.id for job in turns.waiting(scenario, queue)]) for queue in scenario.queues]
    return rooms, gates, lines, licences.left(scenario)
