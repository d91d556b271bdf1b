"""What happened in a run and that a comparison should not miss, as the second oracle tells it."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.second.objects import Attempt, Job, Scenario


def marks(run: Scenario) -> Iterator[str]:
    """Each as often as it happened."""
    for job in run.jobs():
        yield from of_job(run, job)
    for row in run.blocked:
        yield f"blocked {row.reason}"
        yield (
            "cancelled by a limit" if row.cancelled else "blocked until " + ("the end" if row.until is None else "then")
        )
    for instance in run.instances():
        if instance.notice_at is not None:
            yield "lost at once" if instance.notice_at == instance.ended_at else "noticed"
    if any(each.held_until for each in run.environments):
        yield "backed off"


def of_job(run: Scenario, job: Job) -> Iterator[str]:
    yield f"job {job.state}"
    if job.cancelled:
        yield "cancelled while pending"
    if len(job.attempts) > 1:
        yield f"retried {run.world.retry_position}"
    places = [each.environment for each in job.attempts]
    if places and places[0] is not job.call.queue.environments[0]:
        yield "spilled over"
    if job.state == "RUNNABLE" and job.size.vcpus > run.world.quotas.get(job.call.queue.environments[0].kind, 10**9):
        yield "above the quota"
    for attempt in job.attempts:
        yield from of_attempt(attempt)


def of_attempt(attempt: Attempt) -> Iterator[str]:
    yield f"attempt {attempt.outcome}"
    if attempt.maintained_at == attempt.ended_at:
        yield "maintained"
    if attempt.found:
        yield "went on from what was saved"
    if any(each.kind == "save" and each.end == attempt.ended_at for each in attempt.phases):
        yield "saved and exited"
    if any(each.kind == "save" and each.start < (attempt.ended_at or 0) < each.end for each in attempt.phases):
        yield "lost while it saved"
    if attempt.outcome == "reclaimed":
        yield f"reclaimed with {attempt.exit_code}" + ("" if attempt.running_at <= attempt.ended_at else " in STARTING")
