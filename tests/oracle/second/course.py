"""RUNNING of one attempt as phases: restoring, working and saving (model.md, "Work, speed and checkpoints")."""

from __future__ import annotations

from fractions import Fraction

from oracle.quantities import half_even, whole
from oracle.second.objects import Attempt, Checkpoint, Phase


def set_out(attempt: Attempt) -> None:
    """Plan the attempt from its RUNNING on, as if nothing were to interrupt it."""
    job, start = attempt.job, attempt.running_at
    if job.checkpoint is None:
        attempt.exits_at = start + max(1, half_even(attempt.step.run / attempt.environment.speed))
        return
    attempt.found = job.saved
    if job.saved and job.checkpoint.restore:
        attempt.phases.append(Phase("restore", start, start + job.checkpoint.restore, job.saved))
        start += job.checkpoint.restore
    go_on(attempt, start, job.saved)


def go_on(attempt: Attempt, start: int, position: int) -> None:
    """Append the work that is left, and its checkpoints; a step that is past already takes a millisecond."""
    if attempt.step.run <= position:
        attempt.phases.append(Phase("work", start, start + 1, position))
    else:
        attempt.phases += work(attempt.job.checkpoint, attempt.environment.speed, start, position, attempt.step.run)
    attempt.exits_at = attempt.phases[-1].end


def work(rule: Checkpoint, speed: Fraction, start: int, position: int, target: int) -> list[Phase]:
    """A checkpoint after each ``every`` of work, but for one on its very end."""
    phases = []
    while rule.every is not None and position + rule.every < target:
        position += rule.every
        phases.append(Phase("work", start, start + whole(rule.every / speed), position))
        phases.append(Phase("save", phases[-1].end, phases[-1].end + rule.cost, position))
        start = phases[-1].end
    return [*phases, Phase("work", start, start + whole((target - position) / speed), target)]


def is_saving_until(attempt: Attempt, now: int) -> int | None:
    """The end of the checkpoint that is being written."""
    return next((each.end for each in attempt.phases if each.kind == "save" and each.start <= now < each.end), None)


def done(attempt: Attempt, now: int) -> int:
    """How far the work is."""
    far = attempt.found
    for phase in attempt.phases:
        if phase.kind == "work" and phase.start < now:
            left = max(0, phase.end - now) * attempt.environment.speed
            far = max(far, phase.position - whole(left))
    return far


def saved(attempt: Attempt, now: int) -> int:
    """What checkpoints that are written hold of it."""
    written = [each.position for each in attempt.phases if each.kind == "save" and each.end <= now]
    return max([attempt.found, *written])


def has_to_save(attempt: Attempt, now: int) -> bool:
    """Whether there is work that neither is saved nor is being saved."""
    return is_saving_until(attempt, now) is None and done(attempt, now) > saved(attempt, now)


def save_now(attempt: Attempt, now: int) -> int:
    """Write a checkpoint in the midst of the work, which goes on behind it; return when it is written."""
    position = done(attempt, now)
    attempt.phases = [each for each in attempt.phases if each.start < now]
    attempt.phases[-1].end, attempt.phases[-1].position = now, position
    written_at = now + attempt.job.checkpoint.cost
    attempt.phases.append(Phase("save", now, written_at, position))
    go_on(attempt, written_at, position)
    return written_at


def parts(attempt: Attempt, end: int) -> dict[str, Fraction]:
    """What RUNNING went to, up to an end."""
    spent = dict.fromkeys(("restore", "save", "work"), 0)
    for phase in attempt.phases:
        spent[phase.kind] += max(0, min(phase.end, end) - phase.start)
    kept = (saved(attempt, end) - attempt.found) / attempt.environment.speed
    return {"restore": spent["restore"], "checkpoint": spent["save"], "kept": kept, "unkept": spent["work"] - kept}
