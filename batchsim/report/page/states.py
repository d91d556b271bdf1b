"""Jobs over time: by state, and how deep each queue was."""

from __future__ import annotations

from batchsim.analysis.run import Analysis
from batchsim.analysis.series import in_state_by_queue, jobs_by_state, queue_groups
from batchsim.records.vocabulary import JobState
from batchsim.report.colours import CATEGORIES, STATES, colours
from batchsim.report.page.blocks import Section
from batchsim.report.page.canvas import Clock
from batchsim.report.page.names import grouped
from batchsim.report.page.stacks import Layer, over_time
from batchsim.report.words import duration, plural

_FROM_BELOW = (JobState.RUNNING, JobState.STARTING, JobState.RUNNABLE, JobState.PENDING)


def by_state(run: Analysis, clock: Clock) -> Section:
    """Jobs between SubmitJob and their end."""
    curves = jobs_by_state(run)
    layers = [Layer(state.text, STATES[state.text], curves[state]) for state in _FROM_BELOW if curves[state].integral()]
    if not layers:
        return Section("states", "Jobs by state over time", _why_none(run))
    chart = over_time(clock, layers, "jobs")
    peak, at_ms = curves[JobState.RUNNING].peak()
    lead = f"At most {plural(peak, 'job')} RUNNING at one time, {_after(at_ms)}."
    return Section("states", "Jobs by state over time", lead, [chart])


def queue_depth(run: Analysis, clock: Clock) -> Section:
    """RUNNABLE jobs by queue."""
    waiting = jobs_by_state(run)[JobState.RUNNABLE]
    peak, at_ms = waiting.peak()
    if not waiting.integral():
        why = "No queue ever held a job for longer than an instant: every job started at once."
        return Section("depth", "Queue depth", why if len(run.records.jobs.state) else _why_none(run))
    groups = queue_groups(run, len(CATEGORIES))
    named = grouped(run.records.names.queues, groups.codes, groups.others, "queues")
    each = zip(
        named, colours(groups.count, groups.others), in_state_by_queue(run, JobState.RUNNABLE, groups), strict=True
    )
    layers = [Layer(*layer) for layer in each if layer[2].integral()]
    lead = f"At most {plural(peak, 'job')} RUNNABLE (waiting for a place) at one time, {_after(at_ms)}."
    return Section("depth", "Queue depth by queue", lead, [over_time(clock, layers, "RUNNABLE jobs")])


def _after(at_ms: int) -> str:
    return f"after {duration(at_ms / 1000)}" if at_ms else "from the start"


def _why_none(run: Analysis) -> str:
    return (
        "No job was in any state for longer than an instant."
        if len(run.records.jobs.state)
        else "No jobs were submitted."
    )
