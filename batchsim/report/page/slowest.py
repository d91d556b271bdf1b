"""The slowest jobs, each with why: its intervals in AWS's own reason codes and in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from batchsim.analysis.explain.explanation import Clock as WallClock
from batchsim.analysis.explain.explanation import lasted
from batchsim.analysis.run import Analysis
from batchsim.report.page.blocks import Section, Story
from batchsim.report.page.names import short
from batchsim.report.words import plain, plural

if TYPE_CHECKING:
    from batchsim.analysis.explain import Explanation, Step

MOST_JOBS = 5
_MOST_STEPS = 10


def slowest(run: Analysis, explain: Callable[[str], Explanation]) -> Section | None:
    """The slowest job of each of the entries that have the slowest ones; None without jobs."""
    rows = _chosen(run)
    if not rows:
        return None
    stories = [_story(run, row, explain(str(run.job_ids[row]))) for row in rows]
    due = int(np.count_nonzero(run.spans.was_due))
    lead = f"From due to done, of {plural(due, 'job')}; no more than one of each entry."
    if due == 1:
        lead = "The only job, from due to done."
    return Section("slowest", "The slowest jobs, explained", lead, stories)


def _chosen(run: Analysis) -> list[int]:
    """Rows of jobs that were due, the slowest of each entry, the slowest first; of equals the first in the file."""
    length, due = run.spans.length_ms, np.flatnonzero(run.spans.was_due)
    order = due[np.argsort(-length[due], kind="stable")]
    entry = run.records.submissions.entry[run.records.jobs.submission[order]]
    _, first = np.unique(entry, return_index=True)
    return [int(row) for row in order[np.sort(first)][:MOST_JOBS] if length[row] > 0]


def _story(run: Analysis, row: int, found: Explanation) -> Story:
    clock = WallClock(found.started_at, max((step.end_s for step in found.steps), default=0.0))
    steps = [_step(clock, step) for step in found.steps[:_MOST_STEPS]]
    rest = len(found.steps) - len(steps)
    steps += [("", "", f"and {plural(rest, 'further interval')}")] * (rest > 0)
    attempts = int(run.records.jobs.attempts[row])
    told = " ".join([f"{plural(attempts, 'attempt')}.", *map(plain, found.notes)])
    return Story(short(run.job_ids[row]), plain(found.headline), told, steps, plain(found.remedy))


def _step(clock: WallClock, step: Step) -> tuple[str, str, str]:
    until = f"; {clock.at(step.end_s)} {step.until}" if step.until else ""
    when = f"{clock.at(step.start_s)} – {clock.at(step.end_s)}"
    reason = f"{step.reason}: " if step.reason else ""
    return f"{when} ({lasted(step.length_s)})", step.state, plain(f"{reason}{step.text}{until}")
