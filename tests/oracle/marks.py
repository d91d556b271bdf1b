"""What happened in a run and that a comparison should not miss, as the oracle tells it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from oracle import licences, turns
from oracle.plain import Change, Environment, Instance, Job, Queue, Scenario


def marks(run: Scenario) -> Iterator[str]:
    """Each as often as it happened."""
    for call in run.calls:
        for job in call.jobs:
            yield from job_marks(run, job)
    for environment in run.environments:
        yield from environment_marks(environment)
        for instance in environment.instances:
            yield from instance_marks(instance)
    yield from queue_marks(run)
    yield from resource_marks(run)


def job_marks(run: Scenario, job: Job) -> Iterator[str]:
    yield f"job {job.state}"
    yield from (f"attempt {each.outcome}" for each in job.attempts)
    if job.cancelled:
        yield "cancelled while pending"
    if len(job.attempts) > 1:
        yield f"retried {run.world.retry_position}"
    elif job.attempts and job.attempts_allowed > 1 and job.attempts[0].outcome == "failed" and job.over:
        yield "not retried by a rule"
    if job.state == "FAILED" and not job.attempts:
        yield from (f"failed by a dependency: {kind}" for kind, _ in job.call.depends_on)
    places = [each.instance.environment for each in job.attempts]
    if places and places[0] is not job.call.queue.environments[0]:
        yield "spilled over to " + ("a scaler" if places[0].fleet is None else "a fleet")


def environment_marks(environment: Environment) -> Iterator[str]:
    """Of those that a scaler runs."""
    if environment.fleet is not None:
        return
    name = f"{environment.strategy} {'Spot' if environment.spot else 'On-Demand'}"
    later = [each for each in environment.instances if each.launched_at]
    if len(environment.types) > 1 and later:
        yield f"{name} chose"
    if len({each.type.name for each in environment.instances}) > 1:
        yield f"{name} launched several types"
    if environment.types and later and later[0].type is not environment.types[0]:
        yield "took another than the first type of the list"
    if len({each.zone for each in environment.instances}) > 1:
        yield "launched in two zones"
    if environment.errors:
        yield f"{name} met capacity errors"
    if environment.errors and later:
        yield "launched in spite of capacity errors"
    if any(vcpus_at(environment, each.launched_at) > environment.max_vcpus for each in later):
        yield "more than maxvCpus"
    gone = [each for each in environment.instances if each.ended_at is not None and not each.reclaimed]
    if gone and len(environment.types) > 1:
        yield f"{name} scaled in"


def vcpus_at(environment: Environment, now: int) -> int:
    """VCPUs that are on right after an instant's launches."""
    on = [each for each in environment.instances if each.launched_at <= now]
    return sum(each.type.size.vcpus for each in on if each.ended_at is None or each.ended_at > now)


def instance_marks(instance: Instance) -> Iterator[str]:
    if instance.reclaimed:
        yield "reclaimed"
    if instance.closed:
        yield "drained"
    if instance.environment.fleet is None:
        yield "scaled out" if instance.launched_at else "initial capacity"
        if instance.ended_at is not None and not instance.reclaimed:
            yield "scaled in"
    elif instance.launched_at == instance.ready_at > 0:
        yield "replaced"
    yield from place_marks(instance)


def place_marks(instance: Instance) -> Iterator[str]:
    if any(each.starting_at == instance.ready_at > instance.launched_at for each in instance.attempts):
        yield "waited for a boot"
    if len({each.running_at - each.starting_at for each in instance.attempts}) > 1:
        yield "some pulled, some did not"
    for attempt in instance.attempts:
        if attempt.exit_code == 143:
            yield "exited at SIGTERM"
        if attempt.outcome == "reclaimed" and attempt.exit_code == 137:
            yield "killed after SIGTERM"


def queue_marks(run: Scenario) -> Iterator[str]:
    yield from (f"set {act.key}" for act in run.acts if isinstance(act, Change) and act.mattered)
    for queue in run.queues:
        yield from overtaken(run, queue)
        if queue.policy is not None:
            yield from share_marks(run, queue)


def overtaken(run: Scenario, queue: Queue) -> Iterator[str]:
    """Jobs that a later one of their own queue passed."""
    jobs = [job for call in run.calls if call.queue is queue for job in call.jobs if job.attempts]
    first = sorted(jobs, key=lambda job: job.attempts[0].starting_at)
    if [job.runnable_at for job in first] != sorted(job.runnable_at for job in first):
        yield "started out of the order in which they came"


def share_marks(run: Scenario, queue: Queue) -> Iterator[str]:
    """Of a queue that shares fairly."""
    jobs = [job for job in turns.jobs_of(run, queue) if job.attempts]
    first = sorted(jobs, key=lambda job: job.attempts[0].starting_at)
    shares = [job.share for job in first]
    if sum(one != other for one, other in pairwise(shares)) > len(set(shares)):
        yield "shares took turns"
    if [job.created_at for job in first] != sorted(job.created_at for job in first):
        yield "a share's job passed an older one"
    at = max((job.attempts[-1].starting_at for job in jobs), default=0)
    fair = turns.Fair(run, queue, at)
    if fair.most is not None and any(not fair.admits(job) for line in fair.left.values() for job in line):
        yield "a reservation kept jobs waiting"


def resource_marks(run: Scenario) -> Iterator[str]:
    """Of consumable resources."""
    jobs = [job for call in run.calls for job in call.jobs if job.asks]
    names = {each.name: each for each in run.resources}
    for job in jobs:
        ended = [each for each in job.attempts if each.ended_at is not None]
        yield from (
            f"a licence {'came' if names[name].comes_back else 'never came'} back" for name in job.asks if ended
        )
        if len(job.attempts) > 1 and run.world.held_by_job:
            yield "kept a licence between attempts"
        if job.state == "RUNNABLE" and not licences.enough(run, job):
            yield "waited for a licence"
