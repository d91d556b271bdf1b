"""Dependencies and retries: who becomes RUNNABLE in an instant, to a fixed point (API JobDependency)."""

from __future__ import annotations

from oracle.plain import NEVER, Call, Job, Scenario


def settle(scenario: Scenario, now: int) -> None:
    """Go through all jobs until nothing changes any more."""
    jobs = [job for call in scenario.calls for job in call.jobs]
    while True:
        changes = [step(job, now) for job in jobs]
        if not any(changes):
            return


def step(job: Job, now: int) -> bool:
    """What this instant does to a job that waits for others or for its retry; whether that was anything."""
    if job.state == "RETRY" and job.retry_at <= now:
        job.retry_at = NEVER
        become_runnable(job, now)
        return True
    if job.state != "PENDING":
        return False
    needs = [need for kind, other in job.call.depends_on for need in needed(job, kind, other)]
    is_over = all(ended(each) for each in needs)
    if is_over if job.cancelled else any(failed(each) for each in needs):
        job.state, job.ended_at = "FAILED", now
        return True
    if job.cancelled or not is_over:
        return False
    become_runnable(job, now)
    return True


def needed(job: Job, kind: str, other: Call) -> list[list[Job]]:
    """Groups of jobs: each is one need, which has ended when all of them have."""
    if kind == "N_TO_N":
        return [[other.jobs[job.index]]]
    if kind == "SEQUENTIAL":
        return [[other.jobs[job.index - 1]]] if job.index else []
    return [other.jobs]


def ended(group: list[Job]) -> bool:
    return all(job.over for job in group)


def failed(group: list[Job]) -> bool:
    return ended(group) and any(job.state != "SUCCEEDED" for job in group)


def become_runnable(job: Job, now: int) -> None:
    job.state, job.runnable_since = "RUNNABLE", now
    job.waits.append(now)
    if job.runnable_at is None:
        job.runnable_at = now
