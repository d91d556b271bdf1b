"""Whose turn it is in a queue: one job after the other, as those before it find room or do not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from oracle.plain import Attempt, Job, Policy, Queue, Scenario, World


def turns(scenario: Scenario, queue: Queue, now: int) -> Fifo | Fair:
    """Of a pass, or of a plan of one."""
    return Fifo(scenario, queue) if queue.policy is None else Fair(scenario, queue, now)


def jobs_of(scenario: Scenario, queue: Queue) -> list[Job]:
    """All jobs of a queue."""
    return [job for call in scenario.calls if call.queue is queue for job in call.jobs]


def waiting(scenario: Scenario, queue: Queue) -> list[Job]:
    """The RUNNABLE jobs of a queue, as they stand without shares."""
    jobs = [job for job in jobs_of(scenario, queue) if job.state == "RUNNABLE"]
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


class Fifo:
    """In line; a job that finds no room stops those behind it, unless heads are skipped."""

    def __init__(self, scenario: Scenario, queue: Queue) -> None:
        self.left = waiting(scenario, queue)
        self.skip = scenario.world.skip

    def first(self) -> Job | None:
        """Whose turn it is."""
        return self.left[0] if self.left else None

    def candidates(self) -> list[Job]:
        """Whom a pass would try, one way or the other."""
        return self.left if self.skip else self.left[:1]

    def admits(self, _: Job) -> bool:
        """Whether nothing is reserved that it would need."""
        return True

    def took(self, _: Job) -> None:
        """It found room."""
        self.left = self.left[1:]

    def missed(self, _: Job) -> None:
        """It found none."""
        self.left = self.left[1:] if self.skip else []


class Fair:
    """The share that used least, by its weight; in it the highest schedulingPriority, then as in a FIFO queue."""

    def __init__(self, scenario: Scenario, queue: Queue, now: int) -> None:
        assert queue.policy is not None
        self.world, self.policy = scenario.world, queue.policy
        self.active = active(scenario, queue, now)
        self.left: dict[str, list[Job]] = {}
        for job in sorted(waiting(scenario, queue), key=lambda job: -job.scheduling_priority):
            self.left.setdefault(job.share, []).append(job)
        self.used = {share: usage(scenario, queue, share, now) for share in self.left}
        self.moves = moves(scenario, queue, now)
        self.held = sum(job.size.vcpus for job in jobs_of(scenario, queue) if job.state == "ACTIVE")
        self.most = most(queue, len(self.active))

    def first(self) -> Job | None:
        """Whose turn it is."""
        return min((jobs[0] for jobs in self.left.values()), key=self.place, default=None)

    def place(self, job: Job) -> tuple[Any, ...]:
        """The weighed usage of its share; of equals whose head was created first, then as in the file."""
        return (
            self.used[job.share] * weight(self.policy, job.share, self.active),
            job.created_at,
            job.call.key,
            job.index,
        )

    def candidates(self) -> list[Job]:
        """Whom a pass would try, one way or the other: while usage moves it may be the turn of each share."""
        first = self.first()
        heads = [jobs[0] for jobs in self.left.values()]
        return heads if self.moves or not self.world.share_stops_queue else [job for job in heads if job is first]

    def admits(self, job: Job) -> bool:
        """Whether the queue's jobs, with it, leave alone what is reserved."""
        return self.most is None or (self.held + job.size.vcpus) * 1000 <= self.most

    def took(self, job: Job) -> None:
        """It found room: till the next update it counts as if it had run for the time between two of them."""
        self.left[job.share].remove(job)
        if not self.left[job.share]:
            del self.left[job.share]
        self.used[job.share] = self.used.get(job.share, Fraction(0)) + started(self.world, self.policy, job)
        self.held += job.size.vcpus

    def missed(self, job: Job) -> None:
        """It found none."""
        if self.world.share_stops_queue:
            self.left.clear()
        else:
            del self.left[job.share]


def most(queue: Queue, shares: int) -> int | None:
    """How many thousandths of a vCPU the queue's jobs may hold; None: as many as there are."""
    assert queue.policy is not None
    counted = [each.max_vcpus if each.is_managed else each.unmanaged_vcpus for each in queue.environments]
    if not queue.policy.reservation or None in counted:
        return None
    kept = Fraction(queue.policy.reservation, 100) ** shares
    return int(sum(vcpus for vcpus in counted if vcpus is not None) * 1000 * (1 - kept))


# -- shares


def active(scenario: Scenario, queue: Queue, now: int) -> set[str]:
    """Shares that have a job, or had one a window ago."""
    assert queue.policy is not None
    jobs = [job for job in jobs_of(scenario, queue) if job.state not in ("", "NOT_SUBMITTED")]
    return {job.share for job in jobs if job.ended_at is None or now < job.ended_at + queue.policy.window}


def all_active(scenario: Scenario, now: int) -> set[tuple[str, str]]:
    """Of all queues: (queue, share)."""
    queues = [queue for queue in scenario.queues if queue.policy is not None]
    return {(queue.name, share) for queue in queues for share in active(scenario, queue, now)}


def moves(scenario: Scenario, queue: Queue, now: int) -> bool:
    """Whether the weighed usage of a share that waits will be another one with time, though nothing happens."""
    assert queue.policy is not None
    jobs = [job for job in jobs_of(scenario, queue) if job.state not in ("", "NOT_SUBMITTED")]
    is_leaving = active(scenario, queue, now) - {job.share for job in jobs if not job.over}
    if is_leaving and any(name.endswith("*") for name in queue.policy.weights):
        return True
    later = (now // scenario.world.usage_update + 1) * scenario.world.usage_update
    waits = {job.share for job in jobs if job.state == "RUNNABLE"}
    before, after = ({share: usage(scenario, queue, share, at) for share in waits} for at in (now, later))
    return before != after or (queue.policy.window > 0 and any(before.values()))


def weight(policy: Policy, share: str, active: set[str]) -> Fraction:
    """Its factor; that of a beginning counts once for each active share that begins so."""
    for name, factor in policy.weights.items():
        if name == share:
            return factor
        if name.endswith("*") and share.startswith(name[:-1]):
            return factor * sum(each.startswith(name[:-1]) for each in active)
    return Fraction(1)


def usage(scenario: Scenario, queue: Queue, share: str, now: int) -> Fraction:
    """VCPU-milliseconds of a share's attempts, less the older they are; without a window the vCPUs that it holds."""
    assert queue.policy is not None
    world, policy = scenario.world, queue.policy
    jobs = [job for job in jobs_of(scenario, queue) if job.share == share]
    counted = now // world.usage_update * world.usage_update
    return sum((used(world, policy, each, counted) for job in jobs for each in job.attempts), Fraction(0))


def used(world: World, policy: Policy, attempt: Attempt, counted: int) -> Fraction:
    """By one attempt: before the last update what it held, since then as if it ran up to the next one."""
    since, to = attempt.starting_at, counted if attempt.ended_at is None else min(attempt.ended_at, counted)
    if since >= counted:
        return started(world, policy, attempt.job)
    if not policy.window:
        return Fraction(attempt.job.size.vcpus if to == counted and attempt.ended_at != counted else 0)
    return attempt.job.size.vcpus * (area(world, policy, counted - since) - area(world, policy, counted - to))


def started(world: World, policy: Policy, job: Job) -> Fraction:
    """What a placement counts until the next update."""
    return Fraction(job.size.vcpus * (world.usage_update if policy.window else 1))


def area(world: World, policy: Policy, age: int) -> Fraction:
    """Milliseconds up to an age, each weighted by its own age: linearly down to 0 at the window's end, or fully."""
    age = min(age, policy.window)
    return Fraction(age) if world.decay_kernel == "rect" else age - Fraction(age * age, 2 * policy.window)
