"""A plain simulator of one queue on hosts that stand: a second at a time, lists and loops, obviously right, and slow.

It shares nothing with batchsim. Jobs are (arrival, vCPUs, MiB, run), hosts (vCPUs, MiB), times whole seconds; a job
goes to the oldest host with room. It gives each job's (start, host).
"""

from __future__ import annotations

from typing import NamedTuple


class Job(NamedTuple):
    at: int
    vcpus: int
    memory: int
    run: int


class Host(NamedTuple):
    vcpus: int
    memory: int


FAR = 2_000


class Plan:
    """Who holds what of which host in which seconds: what runs, and what is promised."""

    def __init__(self, hosts: list[Host]) -> None:
        self.hosts = hosts
        self.held: list[tuple[int, int, int, Job]] = []
        """(host, from, to, job)"""

    def fits(self, job: Job, host: int, second: int) -> bool:
        mine = [each for where, start, end, each in self.held if where == host and start <= second < end]
        vcpus = sum(each.vcpus for each in mine) + job.vcpus
        memory = sum(each.memory for each in mine) + job.memory
        return vcpus <= self.hosts[host].vcpus and memory <= self.hosts[host].memory

    def fits_throughout(self, job: Job, host: int, start: int, end: int) -> bool:
        return all(self.fits(job, host, second) for second in range(start, end))

    def first(self, job: Job, now: int, length: int | None) -> tuple[int, int] | None:
        """The first (second, host) from which on it fits for ``length`` seconds, or for good."""
        for start in range(now, FAR):
            for host in range(len(self.hosts)):
                if self.fits_throughout(job, host, start, FAR if length is None else start + length):
                    return start, host
        return None

    def hold(self, job: Job, host: int, start: int, end: int) -> None:
        self.held.append((host, start, end, job))


def starts_of(jobs: list[Job], hosts: list[Host], way: str) -> dict[int, tuple[int, int]]:
    """Each job's (start, host); ``way``: strict, skip, aggressive or conservative."""
    running, waiting, found = Plan(hosts), [], {}
    for now in range(FAR):
        waiting += [number for number, job in enumerate(jobs) if job.at == now]
        for number, host in list(_starting(jobs, waiting, running, now, way)):
            running.hold(jobs[number], host, now, now + jobs[number].run)
            found[number] = (now, host)
            waiting.remove(number)
        if len(found) == len(jobs):
            return found
    raise AssertionError("some job never started")


def _starting(jobs: list[Job], waiting: list[int], running: Plan, now: int, way: str) -> list[tuple[int, int]]:
    """Who starts in this second, and where, in the order of the line."""
    plan = Plan(running.hosts)
    plan.held = list(running.held)
    starting: list[tuple[int, int]] = []
    is_blocked = False
    for number in waiting:
        job = jobs[number]
        host = _place(job, plan, now, by_promises=is_blocked and way in ("aggressive", "conservative"))
        if host is not None and not (is_blocked and way == "strict"):
            plan.hold(job, host, now, now + job.run)
            starting.append((number, host))
        elif way == "conservative" or (way == "aggressive" and not is_blocked):
            promise = plan.first(job, now, job.run if way == "conservative" else None)
            assert promise is not None
            plan.hold(job, promise[1], promise[0], promise[0] + job.run if way == "conservative" else FAR)
        is_blocked = is_blocked or host is None
    return starting


def _place(job: Job, plan: Plan, now: int, *, by_promises: bool) -> int | None:
    for host in range(len(plan.hosts)):
        if plan.fits(job, host, now) and (not by_promises or plan.fits_throughout(job, host, now, now + job.run)):
            return host
    return None
