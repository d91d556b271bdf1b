"""What the oracle tells of a run that is over: its objects as tables of plain rows, and the log of its events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oracle import bills
from oracle.plain import Attempt, Call, Instance, Job, Scenario

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
Event = tuple[int, tuple[str, str, int]]
"""When, and what: a state, whose (a job's, an array's, an instance's), in which attempt."""
PARTS = (
    "dependency", "wait", "retry_delay", "image_pull", "container_start", "earlier_running", "last_running",
)  # fmt: skip
"""Of the time from a job's submission to its end, or to that of the run."""


def tables(scenario: Scenario, horizon: int) -> Tables:
    """One row an attempt, a job, an array, an instance."""
    jobs = _submitted(scenario)
    return {
        "attempts": {f"{job.id} #{each.number}": _attempt(each, horizon) for job in jobs for each in job.attempts},
        "jobs": {job.id: _job(job, scenario, horizon) for job in jobs},
        "refused": {job.id: {} for call in scenario.calls for job in call.jobs if call.refused},
        "arrays": {call.id: _call(call) for call in _arrays(scenario)},
        "instances": {_name(each): _instance(each, scenario, horizon) for each in _instances(scenario)},
    }


def events(scenario: Scenario, horizon: int) -> Iterator[Event]:
    """Every change of state, as AWS tells of them (not of SUBMITTED), and what becomes of instances."""
    for job in _submitted(scenario):
        yield from _events_of(job, horizon)
    for call in _arrays(scenario):
        row = _call(call)
        yield call.at, ("PENDING", call.id, 0)
        if row["ended_at"] is not None:
            yield row["ended_at"], (row["state"], call.id, 0)
    for instance in _instances(scenario):
        name, kind = _name(instance), instance.type.name
        yield instance.launched_at, (f"launched {kind}", name, 0)
        if instance.ready:
            yield instance.ready_at, (f"ready {kind}", name, 0)
        if instance.ended_at is not None:
            yield instance.ended_at, (f"gone {kind}", name, 0)


def _events_of(job: Job, horizon: int) -> Iterator[Event]:
    if job.created_at != job.runnable_at:
        yield job.created_at, ("PENDING", job.id, 0)
    for number, at in enumerate(job.waits, 1):
        yield at, ("RUNNABLE", job.id, number)
    for attempt in job.attempts:
        yield attempt.starting_at, ("STARTING", job.id, attempt.number)
        if _ran(attempt, horizon):
            yield attempt.running_at, ("RUNNING", job.id, attempt.number)
    if job.over:
        yield job.ended_at, (job.state, job.id, len(job.attempts))


def _submitted(scenario: Scenario) -> list[Job]:
    return [job for call in scenario.calls for job in call.jobs if job.state not in ("", "NOT_SUBMITTED")]


def _arrays(scenario: Scenario) -> list[Call]:
    return [call for call in scenario.calls if call.is_array and call.jobs[0].created_at is not None]


def _instances(scenario: Scenario) -> list[Instance]:
    return [each for environment in scenario.environments for each in environment.instances]


def _name(instance: Instance) -> str:
    return f"{instance.environment.name} #{instance.ordinal}"


def _ran(attempt: Attempt, horizon: int) -> bool:
    return attempt.running_at < horizon if attempt.ended_at is None else attempt.running_at <= attempt.ended_at


def _attempt(attempt: Attempt, horizon: int) -> Row:
    return {
        "runnable_at": attempt.runnable_at,
        "starting_at": attempt.starting_at,
        "running_at": attempt.running_at if _ran(attempt, horizon) else None,
        "ended_at": attempt.ended_at,
        "instance": _name(attempt.instance),
        "outcome": attempt.outcome or "open",
        "exit_code": attempt.exit_code,
    }


def _job(job: Job, scenario: Scenario, horizon: int) -> Row:
    state = job.state
    if state == "ACTIVE":
        state = "RUNNING" if job.attempts[-1].running_at < horizon else "STARTING"
    return {
        "state": "RUNNABLE" if state == "RETRY" else state,
        "created_at": job.created_at,
        "runnable_at": job.runnable_at,
        "ended_at": job.ended_at,
        "attempts": len(job.attempts),
        "held": bills.cost(scenario.world, job, horizon),
        **dict(zip(PARTS, _parts(job, horizon), strict=True)),
    }


def _parts(job: Job, horizon: int) -> list[int]:
    """Where the job's time went; what is not over counts to the end of the run."""
    over = job.ended_at if job.over else horizon
    ends = [bills.end(each, horizon) for each in job.attempts]
    starts = [each.starting_at for each in job.attempts]
    pulled = [min(each.pulled_at, end) for each, end in zip(job.attempts, ends, strict=True)]
    up = [min(each.running_at, end) for each, end in zip(job.attempts, ends, strict=True)]
    running = [end - at for at, end in zip(up, ends, strict=True)]
    begun = [at for pair in zip(job.waits, [*starts, over], strict=False) for at in pair]
    delays = [*zip(ends, job.waits[1:], strict=False)]
    if job.attempts and len(job.waits) == len(job.attempts):
        delays.append((ends[-1], over))  # for a retry that never came; else its last attempt is its end
    return [
        (over if job.runnable_at is None else job.runnable_at) - job.created_at,
        sum(begun[1::2]) - sum(begun[::2]),
        sum(later - earlier for earlier, later in delays),
        sum(pulled) - sum(starts),
        sum(up) - sum(pulled),
        sum(running[:-1]),
        sum(running[-1:]),
    ]


def _call(call: Call) -> Row:
    """Of arrays alone: a single job's row is in ``jobs``."""
    over = all(job.over for job in call.jobs)
    failed = any(job.state == "FAILED" for job in call.jobs)
    return {
        "state": ("FAILED" if failed else "SUCCEEDED") if over else "PENDING",
        "ended_at": max(job.ended_at for job in call.jobs) if over else None,
    }


def _instance(instance: Instance, scenario: Scenario, horizon: int) -> Row:
    bill = bills.bill(scenario.world, instance, horizon)
    return {
        "type": instance.type.name,
        "zone": instance.zone,
        "spot": instance.spot,
        "launched_at": instance.launched_at,
        "billed_from": instance.billed_from if _has_a_bill(instance, horizon) else None,
        "ready_at": instance.ready_at if instance.ready else None,
        "ended_at": instance.ended_at,
        "seconds": bill.seconds,
        "compute": bill.compute,
        "ebs": bill.ebs,
        "waived": bill.waived,
    }


def _has_a_bill(instance: Instance, horizon: int) -> bool:
    """Whether its bill began; one that is lost in the instant in which it would begin, and was not ready, has none."""
    begun = instance.billed_from <= bills.end(instance, horizon)
    lost = instance.launched_at < instance.billed_from == instance.ended_at and not instance.ready
    return begun and not lost
