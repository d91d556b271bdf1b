"""What the second oracle tells of a run that is over: tables of plain rows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from oracle.second import bills, course
from oracle.second.objects import Attempt, Instance, Job, Scenario

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
BY_DEPENDENCY = "Dependent Job failed"


def tables(run: Scenario) -> Tables:
    """One row a job, an attempt, an instance, a blocked head."""
    jobs = [job for job in run.jobs() if job.state not in ("", "NOT_SUBMITTED")]
    return {
        "jobs": {job.id: _job(job, run.until) for job in jobs},
        "attempts": {f"{job.id} #{each.number}": _attempt(each, run.until) for job in jobs for each in job.attempts},
        "instances": {name(each): _instance(each, run.until) for each in run.instances()},
        "blocked": {f"{each.queue} {each.job} {each.head_at}": asdict(each) for each in run.blocked},
    }


def name(instance: Instance) -> str:
    return f"{instance.environment.name} #{instance.ordinal}"


def _job(job: Job, horizon: int) -> Row:
    return {
        "state": _state(job, horizon),
        "created_at": job.created_at,
        "runnable_at": job.runnable_at,
        "ended_at": job.ended_at,
        "wait": _wait(job, horizon),
        "attempts": len(job.attempts),
        "reason": (job.reason or BY_DEPENDENCY) if job.over else None,
    }


def _state(job: Job, horizon: int) -> str:
    if job.state == "ACTIVE":
        return "RUNNING" if job.attempts[-1].running_at < horizon else "STARTING"
    return {"RETRY": "RUNNABLE"}.get(job.state, job.state)


def _wait(job: Job, horizon: int) -> int:
    """In RUNNABLE, for each attempt that began, and for one that did not."""
    waited = sum(each.starting_at - each.runnable_at for each in job.attempts)
    is_waiting = len(job.waits) > len(job.attempts)
    return waited + (horizon if job.ended_at is None else job.ended_at) - job.runnable_since if is_waiting else waited


def _attempt(attempt: Attempt, horizon: int) -> Row:
    end = horizon if attempt.ended_at is None else attempt.ended_at
    ran = attempt.running_at < end or attempt.running_at == attempt.ended_at
    row = {
        "environment": attempt.environment.name,
        "instance": attempt.instance and name(attempt.instance),
        "runnable_at": attempt.runnable_at,
        "starting_at": attempt.starting_at,
        "running_at": attempt.running_at if ran else None,
        "ended_at": attempt.ended_at,
        "outcome": attempt.outcome or "open",
        "exit_code": attempt.exit_code,
    }
    if attempt.environment.is_fargate:
        row["billed_s"], row["cost"] = bills.of_task(attempt, end)
    if attempt.phases and ran:
        row |= course.parts(attempt, end)
        row |= {"work_from": attempt.found, "work_saved": course.saved(attempt, end)}
    return row


def _instance(instance: Instance, horizon: int) -> Row:
    end = horizon if instance.ended_at is None else instance.ended_at
    billed, dollars, waived = bills.of_instance(instance, end)
    return {
        "launched_at": instance.launched_at,
        "notice_at": instance.notice_at,
        "ended_at": instance.ended_at,
        "billed_s": billed,
        "compute": dollars,
        "waived": waived,
    }
