"""Heads that block their queue: seen in passes, told of later, cancelled by limits (model.md, "Blocked heads")."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.plain import NEVER
from oracle.second import ending, line, tasks
from oracle.second.objects import BlockedRow, Environment, Job, Queue, Scenario, Watch

CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"
MAX_RESOURCE = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
JOB_RESOURCE = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"
ROLE = "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS"
ACTION_REQUIRED = "ACTION_REQUIRED"
UNDETERMINED = "UNDETERMINED"
CANCELLED = "Canceled by JobStateTimeLimit action due to reason: "


def cause(scenario: Scenario, environment: Environment, job: Job, now: int) -> str | None:
    """Why the environment does not take the head; None if the head merely waits there."""
    if environment.status == "INVALID":
        return ROLE if "role" in environment.status_reason else ACTION_REQUIRED
    if environment.type is not None and not environment.type.size.holds(job.size):
        return JOB_RESOURCE
    if job.size.vcpus > environment.max_vcpus:
        return MAX_RESOURCE
    if not environment.enabled or job.size.vcpus > tasks.quota(scenario, environment):
        return UNDETERMINED
    is_refused = tasks.has_room(scenario, environment, job, {}) and now < environment.held_until
    return CAPACITY if is_refused else None


def reason(scenario: Scenario, queue: Queue, job: Job, now: int) -> str | None:
    """AWS's reason, from the causes of all environments."""
    causes = {cause(scenario, each, job, now) for each in queue.environments}
    if None in causes:
        return None
    if CAPACITY in causes:
        return CAPACITY
    if causes == {ROLE, ACTION_REQUIRED}:
        return ACTION_REQUIRED
    return causes.pop() if len(causes) == 1 else UNDETERMINED


def look(scenario: Scenario, now: int) -> None:
    """Right after a pass: which heads are blocked, and why."""
    for queue in scenario.queues:
        head = next(iter(line.in_line(scenario, queue)), None)
        why = None if head is None else reason(scenario, queue, head, now)
        if queue.watch is not None and (queue.watch.job is not head or queue.watch.reason != why):
            over(queue, now)
        if queue.watch is None and why is not None:
            queue.watch = Watch(head, why, now)


def over(queue: Queue, now: int) -> None:
    """The head went, or the reason."""
    if queue.watch.row is not None:
        queue.watch.row.until = now
    queue.watch = None


def tell(scenario: Scenario, now: int) -> bool:
    """Tell of heads that have been blocked for ``block_detect``, cancel by limits; whether any was cancelled."""
    cancelled = [act(scenario, queue, now) for queue in scenario.queues if queue.watch is not None]
    return any(cancelled)


def act(scenario: Scenario, queue: Queue, now: int) -> bool:
    watch = queue.watch
    if watch.job.state != "RUNNABLE":
        over(queue, now)
        return False
    if line.in_line(scenario, queue)[0] is not watch.job:
        return False  # whoever came in before it may start in the next pass
    if watch.row is None and now >= watch.since + scenario.world.detect:
        number = len(watch.job.attempts) + 1
        watch.row = BlockedRow(queue.name, watch.job.id, number, watch.reason, watch.since, now)
        scenario.blocked.append(watch.row)
    if now < limit_at(scenario, queue):
        return False
    watch.row.cancelled = True
    ending.finish(watch.job, now, "FAILED", CANCELLED + watch.reason)
    over(queue, now)
    return True


def limit_at(scenario: Scenario, queue: Queue) -> int:
    """When the head is cancelled: no sooner than it is told of."""
    watch = queue.watch
    return watch.since + max(scenario.world.detect, queue.limits.get(watch.reason, NEVER))


def instants(scenario: Scenario) -> Iterator[int]:
    """When a head is due to be told of, or cancelled."""
    for queue in scenario.queues:
        if queue.watch is not None:
            yield queue.watch.since + scenario.world.detect
            yield limit_at(scenario, queue)
