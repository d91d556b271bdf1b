"""A job explained: its intervals, the sentence that says which took longest, what it cost, what would help."""

from __future__ import annotations

from collections.abc import Iterable

from batchsim.analysis.explain.explanation import Explanation, Step, lasted
from batchsim.analysis.explain.helps import help_for
from batchsim.analysis.explain.lines import Line
from batchsim.analysis.explain.steps import JobSteps
from batchsim.analysis.explain.tables import RunTables
from batchsim.analysis.explain.verdict import Judge
from batchsim.analysis.explain.words import SHORT, quoted
from batchsim.analysis.typed import MISSING
from batchsim.units import format_usd

RUNS = "last_running"


def explain_job(run: RunTables, job: int, lines: dict[tuple[str, str], Line], judge: Judge | None) -> Explanation:
    """Explain the job of a row of ``jobs``; ``lines`` keeps the lines that were looked at, for the next job."""
    told = JobSteps(run, lines, job)
    steps = told.steps()
    helps = help_for(told, steps, judge)
    return Explanation(
        job=told.id,
        headline=headline(run, job, told.id, steps),
        steps=steps,
        remedy=helps.remedy,
        notes=(*helps.notes, *_costs(run, job)),
        started_at=run.settings.started_at,
    )


def _costs(run: RunTables, job: int) -> tuple[str, ...]:
    """What the job cost, where anything."""
    own, loaded = (int(run.jobs.nano(f"{name}_usd")[job]) for name in ("cost", "cost_loaded"))
    if loaded <= 0:
        return ()
    if own == loaded:
        return (f"It cost {format_usd(own)}.",)
    return (f"It cost {format_usd(own)} itself, {format_usd(loaded)} with its part of what its hosts' jobs share.",)


def headline(run: RunTables, job: int, job_id: str, steps: Iterable[Step]) -> str:
    """What became of a job, how long it took, and for which reason longest."""
    by_part = _by_part(steps)
    total_ms = sum(by_part.values())
    ended = run.ms("jobs", "ended_at_s", job) != MISSING
    state = _state(run, job, job_id)
    if not total_ms:
        return f"{quoted(job_id)} {state} at once" if ended else f"{quoted(job_id)} was not due before the run ended"
    length = lasted(total_ms / 1000)
    known = f"{state} {length} after it was due" if ended else f"still {state} as the run ended, {length} after its due"
    return f"{quoted(job_id)} {known}: {_longest(by_part, total_ms)}"


def _state(run: RunTables, job: int, job_id: str) -> str:
    """FAILED with the reason: what its last attempt's container said, else the job's statusReason."""
    state = run.text("jobs", "state", job) or "NOT_SUBMITTED"
    if state != "FAILED":
        return state
    attempts = run.attempts_of(job_id)
    said = run.text("attempts", "reason", attempts[-1]) if attempts else ""
    reason = said or run.text("jobs", "reason", job)
    return f"{state} ({reason})" if reason else state


def dominant(by_part: dict[str, int]) -> str:
    """The part that took longest, the first of equals."""
    return max(by_part, key=lambda part: by_part[part])


def _longest(by_part: dict[str, int], total_ms: int) -> str:
    part = dominant(by_part)
    said = f"{_part(by_part, part, total_ms)}"
    waited = {name: ms for name, ms in by_part.items() if name not in (RUNS, part)}
    if part == RUNS and waited:
        said += f"; then {_part(by_part, dominant(waited), total_ms)}"
    return said


def _part(by_part: dict[str, int], part: str, total_ms: int) -> str:
    share = 100 * by_part[part] / total_ms
    return f"{lasted(by_part[part] / 1000)} ({share:.0f} %) {SHORT.get(part, part)}"


def _by_part(steps: Iterable[Step]) -> dict[str, int]:
    """Milliseconds by part, in order of their first interval."""
    found: dict[str, int] = {}
    for step in steps:
        length = round(1000 * step.end_s) - round(1000 * step.start_s)
        found[step.part] = found.get(step.part, 0) + length
    return {part: ms for part, ms in found.items() if ms}
