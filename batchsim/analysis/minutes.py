"""The run as an operator's metrics: what CloudWatch would show, minute by minute (``metrics.csv``).

One row a minute and series, as GetMetricData gives datapoints: the start of the period, the metric, its dimensions, a
statistic, a value with its unit. Such rows keep their columns whatever queues and environments a scenario has.
*Samples* are levels at the very start of the period, what happens in that instant included. Everything else is of the
whole period, from its start to just before the next one's; the last one ends with the run. Series that count what
happened have no row where nothing did, as in CloudWatch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from batchsim.analysis.accrual import accrued, spans
from batchsim.analysis.exact import Int64s, int64, sum_by
from batchsim.analysis.run import Analysis
from batchsim.analysis.series import desired_changes, queue_of_job
from batchsim.analysis.stays import stays
from batchsim.analysis.throughput import asked
from batchsim.records.tables import NEVER, Bools, Ints
from batchsim.records.vocabulary import EndedBy, JobState, Outcome

if TYPE_CHECKING:
    import pandas as pd

PERIODS_S = (60, 300, 900, 3_600, 10_800, 21_600, 86_400)
"""Lengths of a period; beyond, whole days. The shortest is taken with which the table is not too long."""
MOST_ROWS = 1_500_000
"""Of a table, as nearly as can be told beforehand."""
DEPTHS = (JobState.SUBMITTED, JobState.PENDING, JobState.RUNNABLE, JobState.STARTING, JobState.RUNNING)
PERCENTILES = (50, 95)
_NANO = 1_000_000_000


class Kind(NamedTuple):
    """What series there are: a metric, what of it, the statistic and the unit, and which of the dimensions it has."""

    metric: str
    kind: str
    statistic: str
    unit: str
    by: str
    what: str


_STATE = "jobs in this state; a job that waits out `world.retry_delay` is RUNNABLE"
_ENDED = "jobs that ended so"
_RUN_TIME = "RUNNING of the last attempt, of jobs that ended: from its `startedAt` to its `stoppedAt`"
_FAILED = "attempts that ended so"
JOBS = {state: Kind("jobs", state.text, "sample", "jobs", "queue", _STATE) for state in DEPTHS}
ENDED = {
    state: Kind("jobs_ended", state.text, "sum", "jobs", "queue", _ENDED)
    for state in (JobState.SUCCEEDED, JobState.FAILED)
}
RUN_TIMES = tuple(
    Kind("run_time", "", statistic, "jobs" if statistic == "count" else "seconds", "queue", _RUN_TIME)
    for statistic in ("count", "mean", *(f"p{percent}" for percent in PERCENTILES), "max")
)
FAILED = {
    outcome: Kind("failed_attempts", outcome.text, "sum", "attempts", "queue", _FAILED)
    for outcome in Outcome
    if outcome not in (Outcome.OPEN, Outcome.SUCCEEDED)
}
DESIRED, ON, USED, MOST = (
    Kind("vcpus", kind, "sample", "vCPUs", "environment", what)
    for kind, what in (
        ("desired", "of instances on and booting, as the scaler wants them"),
        ("running", "of instances in EC2's state running: those that are billed"),
        ("used", "that jobs hold, from STARTING on"),
        ("max", "`maxvCpus`, as it is then"),
    )
)
COST = Kind("cost", "", "sum", "USD", "environment", "growth of the bill; without environment: of the run as a whole")
KINDS = (*JOBS.values(), *ENDED.values(), *RUN_TIMES, *FAILED.values(), DESIRED, ON, USED, MOST, COST)
"""Every kind of series, in the order in which they stand in a period."""


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Periods of equal length from the start of the run; the last one holds its end."""

    step_ms: int
    periods: int

    def sample(self, group: Ints, at_ms: Int64s, change: Int64s, groups: int) -> Int64s:
        """Levels of each group at the start of each period, changes of that instant included. Shape: (groups, periods).

        What changes later than the last start is never seen.
        """
        first = -(-at_ms // self.step_ms)
        seen = np.flatnonzero(first < self.periods)
        changes = sum_by(int64(group)[seen] * self.periods + first[seen], change[seen], groups * self.periods)
        return np.cumsum(changes.reshape(groups, self.periods), axis=1, dtype=np.int64)

    def held(self, group: Ints, start_ms: Int64s, end_ms: Int64s, size: Int64s, groups: int) -> Int64s:
        """Levels of what holds ``size`` from its start until its end, which is NEVER where it is not over."""
        over = np.flatnonzero(end_ms != NEVER)
        at = np.concatenate((start_ms, end_ms[over]))
        change = np.concatenate((size, -size[over]))
        return self.sample(np.concatenate((group, group[over])), at, change, groups)

    def count(self, group: Ints, at_ms: Int64s, groups: int) -> Int64s:
        """How often something happened in each period. Shape: (groups, periods)."""
        key = int64(group) * self.periods + at_ms // self.step_ms
        return np.bincount(key, minlength=groups * self.periods).reshape(groups, self.periods)


class _Series(NamedTuple):
    """One series of the table."""

    kind: Kind
    of: str
    """The queue or the environment; empty for the run as a whole."""
    period: Int64s
    value: np.ndarray[tuple[int], np.dtype[np.float64]]


def minutes(run: Analysis) -> pd.DataFrame:
    """Return the table of metrics. Shape: (rows, columns); ``docs/metrics.md`` explains each column and each series."""
    import pandas as pd

    from batchsim.analysis.frame import text_column

    grid = _grid(run)
    found = [*_jobs(run, grid), *_ends(run, grid), *_run_times(run, grid), *_failed(run, grid), *_vcpus(run, grid),
             *_costs(run, grid)]  # fmt: skip
    none = np.zeros(0, np.int64)  # a scenario may have neither queue nor environment
    period = np.concatenate([none, *(each.period for each in found)])
    number = np.repeat(np.arange(len(found)), np.array([len(each.period) for each in found], np.int64))
    order = np.argsort(period * len(found) + number)
    number = number[order]

    def text(words: list[str]) -> object:
        return text_column(np.array(words, dtype=object), number)

    step_s = grid.step_ms // 1000
    return pd.DataFrame(
        {
            "at_s": period[order] * step_s,
            "period_s": np.full(len(order), step_s),
            "metric": text([each.kind.metric for each in found]),
            "queue": text([each.of * (each.kind.by == "queue") for each in found]),
            "environment": text([each.of * (each.kind.by == "environment") for each in found]),
            "kind": text([each.kind.kind for each in found]),
            "statistic": text([each.kind.statistic for each in found]),
            "value": np.concatenate([none / 1, *(each.value for each in found)])[order],
            "unit": text([each.kind.unit for each in found]),
        }
    )


def _grid(run: Analysis) -> _Grid:
    """The shortest periods with which the table is not too long."""
    names, horizon_ms = run.records.names, run.records.horizon_ms
    queues, environments = len(names.queues), len(names.environments)
    levels = len(JOBS) * queues + 5 * environments + 1
    events = len(ENDED) + len(RUN_TIMES) + len(FAILED)
    most_events = (1 + len(RUN_TIMES)) * len(run.records.jobs.state) + len(run.records.attempts.job)

    def rows(grid: _Grid) -> int:
        return grid.periods * levels + min(grid.periods * events * queues, most_events)

    grids = [_Grid(step_s * 1000, horizon_ms // (step_s * 1000) + 1) for step_s in PERIODS_S]
    short = next((grid for grid in grids if rows(grid) <= MOST_ROWS), grids[-1])
    days = -(-rows(short) // MOST_ROWS)
    return short if days <= 1 else _Grid(short.step_ms * days, horizon_ms // (short.step_ms * days) + 1)


def _levels(kind: Kind, names: tuple[str, ...], grid: _Grid, values: Int64s, per_unit: int = 1) -> Iterator[_Series]:
    """A series with a row in each period for each name."""
    for name, level in zip(names, values, strict=True):
        yield _Series(kind, name, np.arange(grid.periods), level / per_unit)


def _events(kind: Kind, names: tuple[str, ...], values: Int64s) -> Iterator[_Series]:
    """A series with a row in each period in which something happened."""
    for name, counts in zip(names, values, strict=True):
        some = np.flatnonzero(counts)
        yield _Series(kind, name, some, counts[some].astype(np.float64))


def _jobs(run: Analysis, grid: _Grid) -> Iterator[_Series]:
    """Queue depths."""
    names, queue = run.records.names.queues, queue_of_job(run)
    for state, parts in stays(run, DEPTHS).items():
        depth = sum(
            grid.held(queue[each.job], each.start_ms, each.end_ms, np.full(len(each.job), each.size), len(names))
            for each in parts
        )
        yield from _levels(JOBS[state], names, grid, int64(depth))


def _ends(run: Analysis, grid: _Grid) -> Iterator[_Series]:
    """Jobs that ended."""
    jobs, names, queue = run.records.jobs, run.records.names.queues, queue_of_job(run)
    for state, kind in ENDED.items():
        rows = np.flatnonzero((jobs.state == state) & (jobs.ended_at_ms != NEVER))
        yield from _events(kind, names, grid.count(queue[rows], int64(jobs.ended_at_ms)[rows], len(names)))


def _failed(run: Analysis, grid: _Grid) -> Iterator[_Series]:
    """Attempts that failed, by outcome."""
    attempts, names = run.records.attempts, run.records.names.queues
    queue = asked(run, run.records.submissions.queue)
    for outcome, kind in FAILED.items():
        rows = np.flatnonzero(attempts.outcome == outcome)
        yield from _events(kind, names, grid.count(queue[rows], int64(attempts.ended_at_ms)[rows], len(names)))


def _run_times(run: Analysis, grid: _Grid) -> Iterator[_Series]:
    """Statistics of how long the jobs ran that ended in a period."""
    group, ran_ms = _last_runs(run, grid)
    order = np.lexsort((ran_ms, group))
    group, ascending = group[order], ran_ms[order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    count = np.diff(first, append=len(group))
    total = np.diff(np.cumsum(ascending)[first + count - 1], prepend=0)
    statistics = {"count": count, "mean": np.round(total / count / 1000, 6), "max": ascending[first + count - 1] / 1000}
    for percent in PERCENTILES:
        statistics[f"p{percent}"] = ascending[first - 1 + -(-count * percent // 100)] / 1000  # the nearest rank
    queue, period = group[first] // grid.periods, group[first] % grid.periods
    for code, name in enumerate(run.records.names.queues):
        mine = np.flatnonzero(queue == code)
        for kind in RUN_TIMES:
            yield _Series(kind, name, period[mine], statistics[kind.statistic][mine].astype(np.float64))


def _last_runs(run: Analysis, grid: _Grid) -> tuple[Int64s, Int64s]:
    """Of jobs that ended and whose last attempt ran: queue and period as one number, and how long it ran."""
    jobs, attempts = run.records.jobs, run.records.attempts
    ended = int64(jobs.ended_at_ms)[attempts.job]
    is_last = attempts.attempt == jobs.attempts[attempts.job]
    rows = np.flatnonzero(is_last & (attempts.running_at_ms != NEVER) & (ended != NEVER))
    queue = queue_of_job(run)[attempts.job[rows]]
    return queue * grid.periods + ended[rows] // grid.step_ms, run.phases.running_ms[rows]


def _vcpus(run: Analysis, grid: _Grid) -> Iterator[_Series]:
    """vCPUs of each environment; those of instances only where it launches any."""
    records, names = run.records, run.records.names.environments
    scaling, attempts = records.scaling, records.attempts
    size = asked(run, records.submissions.vcpus_milli)
    desired = grid.sample(scaling.environment, int64(scaling.at_ms), desired_changes(run), len(names))
    over = int64(attempts.ended_at_ms)
    used = grid.held(attempts.environment, int64(attempts.starting_at_ms), over, size, len(names))
    has_instances = [not kind.startswith("FARGATE") for kind in records.names.environment_kinds]
    for kind, values, per_vcpu, shown in (
        (DESIRED, desired, 1, has_instances),
        (ON, _on(run, grid), 1, has_instances),
        (USED, used, 1000, [True] * len(names)),
        (MOST, _limits(run, grid), 1, [run.rules.max_of(code) is not None for code in range(len(names))]),
    ):
        rows = np.flatnonzero(shown)
        yield from _levels(kind, tuple(names[row] for row in rows.tolist()), grid, values[rows], per_vcpu)


def _on(run: Analysis, grid: _Grid) -> Int64s:
    """vCPUs of instances that are billed."""
    instances, lives = run.records.instances, run.lives
    on = np.flatnonzero((instances.billed_from_ms != NEVER) & (lives.on_ms > 0) | _begins_at_the_end(run))
    ended = int64(instances.ended_at_ms)
    return grid.held(
        instances.environment[on], lives.billed_ms[on], ended[on], int64(instances.vcpus)[on],
        len(run.records.names.environments),
    )  # fmt: skip


def _begins_at_the_end(run: Analysis) -> Bools:
    """Instances of which the bill begins in the very instant in which the run ends."""
    instances = run.records.instances
    return np.asarray((instances.billed_from_ms == run.records.horizon_ms) & (instances.ended_at_ms == NEVER))


def _limits(run: Analysis, grid: _Grid) -> Int64s:
    """The maxvCpus of each environment over time, 0 where it has none."""
    count = len(run.records.names.environments)
    first = [(0, code, run.rules.max_of(code) or 0) for code in range(count)]
    horizon_ms, is_whole = run.records.horizon_ms, run.records.ended_by in (EndedBy.DRAINED, EndedBy.STUCK)
    caps = [(code, run.rules.ceilings.max_vcpus_of(code) or ()) for code in range(count)]
    later = [(at, code, most) for code, cap in caps for at, most in cap[1:] if at < horizon_ms + is_whole]
    at, environment, most = np.array([*first, *later], np.int64).reshape(-1, 3).T
    change = np.empty_like(most)
    for code in range(count):
        rows = np.flatnonzero(environment == code)
        change[rows] = np.diff(most[rows], prepend=0)
    return grid.sample(environment, at, change, count)


def _costs(run: Analysis, grid: _Grid) -> Iterator[_Series]:
    """By how much the bill grew; what belongs to no environment only where there is such a thing."""
    names = run.records.names.environments
    grown = np.diff(accrued(spans(run), grid.step_ms, grid.periods, len(names)), axis=1)
    shown = (*names, "") if run.cost.extras or run.cost.commitments else names
    yield from _levels(COST, shown, grid, grown[: len(shown)], _NANO)
