"""One scheduling pass: queues by priority, jobs in line, environments in order (model.md, "Past a head")."""

from __future__ import annotations

from oracle.plain import NEVER
from oracle.second import course, hosts, tasks
from oracle.second.objects import Attempt, Environment, Instance, Job, Queue, Scenario, World
from oracle.second.tasks import Buckets, Promised


def schedule(scenario: Scenario, buckets: Buckets, now: int) -> None:
    """Each queue goes as far as it can before the next."""
    for queue in sorted(scenario.queues, key=lambda each: -each.priority):
        promised: Promised = {}
        for job in in_line(scenario, queue):
            if not serve(scenario, buckets, job, now, promised) and not scenario.world.skips:
                break


def in_line(scenario: Scenario, queue: Queue) -> list[Job]:
    jobs = [job for job in scenario.jobs() if job.state == "RUNNABLE" and job.call.queue is queue]
    return sorted(jobs, key=lambda job: place(scenario.world, job))


def place(world: World, job: Job) -> tuple[int, ...]:
    """First retried jobs (``front``), then by the order of the queue, then by submission, file and index."""
    by_runnable = world.fifo_order == "runnable"
    created, is_retried = job.created_at, bool(job.attempts)
    if is_retried and world.retry_position == "back":
        lead = job.runnable_since
        return 1, lead, created if by_runnable else lead, *job.call.key, job.index
    is_first = is_retried and world.retry_position == "front"
    return 0 if is_first else 1, job.runnable_at if by_runnable else created, created, *job.call.key, job.index


def serve(scenario: Scenario, buckets: Buckets, job: Job, now: int, promised: Promised) -> bool:
    """Start the job in the first environment with room; one that waits for the launch rate tries no other."""
    for environment in job.call.queue.environments:
        if not environment.enabled or environment.status == "INVALID":
            continue
        if not environment.is_fargate:
            instance = hosts.with_room(scenario, environment, job)
            if instance is not None:
                start_on(scenario.world, job, instance, now)
                return True
            continue
        answer = tasks.answer(scenario, buckets, environment, job, now, promised)
        if answer == "starts":
            buckets[environment.kind].take(now)
            start_task(scenario.world, job, environment, now)
            return True
        if answer == "waits":
            buckets[environment.kind].is_awaited = True
            promised[environment.name] = promised.get(environment.name, 0) + job.size.vcpus
            return False
    return False


def start_task(world: World, job: Job, environment: Environment, now: int) -> None:
    """STARTING on Fargate: it is provisioned, pulls its image, runs."""
    pulls_at = now + world.provision
    attempt = begin(job, environment, None, now, pulls_at, pulls_at + job.pull)
    attempt.maintained_at = attempt.running_at + world.most_running


def start_on(world: World, job: Job, instance: Instance, now: int) -> None:
    """STARTING on a host: the image is pulled unless it is there or on its way, then the container starts."""
    pulled_at = max(now, instance.images.setdefault(job.image, now + job.pull))
    begin(job, instance.environment, instance, now, now, pulled_at + world.warm_start)


def begin(
    job: Job, environment: Environment, instance: Instance | None, now: int, pulls_at: int, running_at: int
) -> Attempt:
    number = len(job.attempts) + 1
    step = job.steps[min(number, len(job.steps)) - 1]
    attempt = Attempt(
        job, number, environment, instance, step, job.runnable_since, now, pulls_at, running_at, exits_at=NEVER
    )
    if job.timeout is not None:
        attempt.times_out_at = running_at + job.timeout
    course.set_out(attempt)
    job.attempts.append(attempt)
    job.state = "ACTIVE"
    return attempt
