"""How attempts and jobs end: exits, timeouts, lost hosts, SIGTERM, cancel and terminate."""

from __future__ import annotations

from oracle.plain import NEVER, Attempt, Job, Scenario
from oracle.retry import tried_again

EXITED = "Essential container in task exited"


def exits(scenario: Scenario, attempt: Attempt, now: int) -> None:
    """The container's own end."""
    exit_with(scenario, attempt, now, attempt.step.exit_code, attempt.step.reason)


def exit_with(scenario: Scenario, attempt: Attempt, now: int, code: int, reason: str | None) -> None:
    if code == 0:
        close(attempt, now, "succeeded", 0)
        finish(attempt.job, now, "SUCCEEDED")
    else:
        close(attempt, now, "failed", code)
        retry_or_fail(scenario, attempt, now, EXITED, reason)


CODES = {"die": 137, "exit_zero": 0, "exit_nonzero": 143}
"""What a container returns that gets SIGTERM from a timeout or TerminateJob (``stopped_when: sigterm``)."""


def times_out(attempt: Attempt, now: int) -> None:
    """A timeout is never retried; a container that exits 0 at its SIGTERM has succeeded."""
    code = CODES[attempt.job.on_sigterm]
    close(attempt, now, "timed_out" if code else "succeeded", code)
    finish(attempt.job, now, "FAILED" if code else "SUCCEEDED")


def host_lost(scenario: Scenario, attempt: Attempt, now: int, exit_code: int | None = None) -> None:
    """Spot took the instance, or its SIGTERM ended the container."""
    close(attempt, now, "reclaimed", exit_code)
    name = f"i-{attempt.instance.ordinal}"
    retry_or_fail(scenario, attempt, now, f"Host EC2 (instance {name}) terminated.", None)


def sigterm(scenario: Scenario, attempt: Attempt, now: int) -> None:
    """A running container hears of the notice (``on_sigterm``)."""
    deed = attempt.job.on_sigterm
    if deed == "exit_zero":
        exit_with(scenario, attempt, now, 0, None)
    elif deed == "exit_nonzero":
        host_lost(scenario, attempt, now, exit_code=143)
    else:
        assert deed == "die"  # goes on, until SIGKILL


def retry_or_fail(scenario: Scenario, attempt: Attempt, now: int, status_reason: str, reason: str | None) -> None:
    job = attempt.job
    if tried_again(attempt, status_reason, reason):
        job.state, job.retry_at = "RETRY", now + scenario.world.retry_delay
    else:
        finish(job, now, "FAILED")


def close(attempt: Attempt, now: int, outcome: str, exit_code: int | None) -> None:
    attempt.ended_at, attempt.outcome, attempt.exit_code = now, outcome, exit_code
    attempt.instance.idle_since = now


def finish(job: Job, now: int, state: str) -> None:
    job.state, job.ended_at, job.retry_at = state, now, NEVER


def ask(scenario: Scenario, job: Job, verb: str, now: int) -> None:
    """CancelJob leaves what has started alone; TerminateJob ends that too. Neither is retried."""
    if job.state == "PENDING" and scenario.world.cancel_pending_wait:
        job.cancelled = True
    elif job.state in ("PENDING", "RUNNABLE", "RETRY"):
        finish(job, now, "FAILED")
    elif job.state == "ACTIVE" and verb == "terminate":
        ran = job.attempts[-1].running_at <= now
        close(job.attempts[-1], now, "terminated", CODES[job.on_sigterm] if ran else None)
        finish(job, now, "FAILED")
