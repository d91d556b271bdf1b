"""How attempts and jobs end: exits, timeouts, lost hosts, cancel and terminate."""

from __future__ import annotations

from oracle.plain import NEVER
from oracle.retry import tried_again
from oracle.second import course
from oracle.second.objects import Attempt, Job, Request, Scenario

EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"
MAINTENANCE = "ECS is performing maintenance on the underlying infrastructure hosting the task."
TAKEN = "Host EC2 (instance i-0) terminated."
CODES = {"die": 137, "exit_zero": 0, "exit_nonzero": 143}
"""What a container returns at the SIGTERM of a timeout or TerminateJob (``stopped_when: sigterm``)."""


def exits(scenario: Scenario, attempt: Attempt, now: int) -> None:
    """The container's own end."""
    code = attempt.step.exit_code
    if code == 0:
        succeed(attempt, now)
        return
    close(attempt, now, "failed", code)
    retry_or_fail(scenario, attempt, now, EXITED, attempt.step.reason)


def times_out(attempt: Attempt, now: int) -> None:
    """Never retried; a container that exits 0 at its SIGTERM has succeeded."""
    code = CODES[attempt.job.on_sigterm]
    if code == 0:
        succeed(attempt, now)
        return
    close(attempt, now, "timed_out", code)
    finish(attempt.job, now, "FAILED", TIMED_OUT)


def is_maintained(scenario: Scenario, attempt: Attempt, now: int) -> None:
    """Fargate ends a task that has run for so long."""
    close(attempt, now, "failed", 137)
    retry_or_fail(scenario, attempt, now, MAINTENANCE, None)


def is_taken(scenario: Scenario, attempt: Attempt, now: int, code: int | None = None) -> None:
    """The instance is lost, or its container stopped at the notice."""
    close(attempt, now, "reclaimed", code)
    retry_or_fail(scenario, attempt, now, TAKEN, None)


def succeed(attempt: Attempt, now: int) -> None:
    close(attempt, now, "succeeded", 0)
    finish(attempt.job, now, "SUCCEEDED", EXITED)


def retry_or_fail(scenario: Scenario, attempt: Attempt, now: int, status_reason: str, reason: str | None) -> None:
    job = attempt.job
    if tried_again(attempt, status_reason, reason):
        job.state, job.retry_at = "RETRY", now + scenario.world.retry_delay
    else:
        finish(job, now, "FAILED", status_reason)


def close(attempt: Attempt, now: int, outcome: str, exit_code: int | None) -> None:
    attempt.ended_at, attempt.outcome, attempt.exit_code = now, outcome, exit_code
    if attempt.running_at <= now:
        attempt.job.saved = course.saved(attempt, now)


def finish(job: Job, now: int, state: str, reason: str) -> None:
    job.state, job.ended_at, job.retry_at = state, now, NEVER
    job.reason = reason


def ask(scenario: Scenario, job: Job, request: Request, now: int) -> None:
    """CancelJob leaves what has started alone; TerminateJob ends that too. Neither is retried; the first counts."""
    if job.state == "PENDING" and scenario.world.cancel_pending_wait:
        job.cancelled, job.reason = True, job.reason or request.reason
    elif job.state in ("PENDING", "RUNNABLE", "RETRY"):
        finish(job, now, "FAILED", request.reason)
    elif job.state == "ACTIVE" and request.verb == "terminate":
        attempt = job.attempts[-1]
        ran = attempt.running_at <= now
        close(attempt, now, "terminated", CODES[job.on_sigterm] if ran else None)
        finish(job, now, "FAILED", request.reason)
