"""The heads' timeline covers every wait, with reasons that the other tables bear out and that add up to the waits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, Waits, sums
from batchsim.analysis.invariants.bounds import Steps, enabled, priority, valid
from batchsim.analysis.invariants.lines import lines
from batchsim.analysis.invariants.references import FARGATE
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.sweep import ascending, last_at
from batchsim.analysis.typed import Bools, Int64s

REASONS = (
    "higher_queue",
    "nothing_fits",
    "over_max_resource",
    "environment_disabled",
    "max_vcpus",
    "fleet_full",
    "capacity_error",
    "scale_up_decision",
    "instance_booting",
    "launch_rate",
    "scheduler_cycle",
    "client_backoff",
    "vcpu_quota",
    "bid",
    "consumable_resource",
    "environment_invalid",
    "fair_share_turn",
    "reservation",
)
"""Why a head waits; ``empty`` is the reason of a queue without one."""


@invariant("T01")
def timelines_cover_all_waits(book: Book) -> pd.DataFrame:
    """A queue's timeline covers the whole of each wait, and never calls the queue empty meanwhile."""
    waits, bad = book.waits, []
    for line in lines(book):
        mine = line.waits[waits.end_ms[line.waits] > waits.begin_ms[line.waits]]
        empties = np.concatenate((np.zeros(1, np.int64), np.cumsum(line.empty, dtype=np.int64)))
        first = last_at(line.at_ms, waits.begin_ms[mine])
        behind = np.searchsorted(line.at_ms, waits.end_ms[mine], side="left")
        told_empty = empties[np.maximum(behind, first + 1)] > empties[np.maximum(first, 0)]
        bad.append(waits.job[mine[(first < 0) | told_empty]])
    return book.jobs.rows(np.unique(np.concatenate(bad)) if bad else np.zeros(0, np.int64))


@invariant("T02")
def heads_wait(book: Book) -> pd.DataFrame:
    """A head waits when its row begins, and a row without a head says that the queue is empty."""
    timeline = book.timeline
    rows = np.concatenate([line.row for line in lines(book)] or [np.zeros(0, np.int64)])
    head = book.heads[rows]
    wrong = timeline.among("reason", "empty")[rows] != (head < 0)
    wrong |= (head >= 0) & ~_waits_at(book, head, timeline.ms("at_s")[rows])
    return timeline.rows(np.sort(rows[wrong]))


def _waits_at(book: Book, job: Int64s, at_ms: Int64s) -> Bools:
    """Whether each job is in one of its waits at the instant, either end included."""
    waits = waits_of(book, job)
    if len(waits) == 0:
        return np.zeros(len(job), np.bool_)
    span = int(max(waits.end_ms.max(), at_ms.max(initial=0))) + 1
    keys = waits.job * span + waits.begin_ms
    order = ascending(keys)
    place = np.searchsorted(keys[order], job * span + at_ms, side="right") - 1
    at = order[np.maximum(place, 0)]
    return np.asarray((place >= 0) & (waits.job[at] == job) & (waits.end_ms[at] >= at_ms))


def waits_of(book: Book, jobs: Int64s) -> Waits:
    """The waits of some jobs."""
    wanted = np.zeros(len(book.jobs) + 1, np.bool_)
    wanted[jobs] = True
    waits, mine = book.waits, np.flatnonzero(wanted[book.waits.job])
    return Waits(waits.job[mine], waits.begin_ms[mine], waits.end_ms[mine])


@invariant("T03")
def rows_are_run_length_coded(book: Book) -> pd.DataFrame:
    """Rows of a queue are in order of time, within the run, and each differs from the one before."""
    timeline, bad = book.timeline, [np.zeros(0, np.int64)]
    at = timeline.ms("at_s")
    for rows in (line.rows for line in lines(book)):
        same = np.ones(max(len(rows) - 1, 0), np.bool_)
        for column in ("reason", "environment", "job_id"):
            same &= timeline.codes(column)[rows[1:]] == timeline.codes(column)[rows[:-1]]
        bad.append(rows[1:][same | (at[rows[1:]] < at[rows[:-1]])])
    late = np.flatnonzero((at < 0) | (at > book.horizon_ms))
    return timeline.rows(np.unique(np.concatenate((*bad, late))))


@invariant("T04")
def reasons_are_borne_out(book: Book) -> pd.DataFrame:
    """A reason is borne out: the higher queue waits, the instance boots, the environment is the queue's.

    Disabled, invalid, Fargate, a fleet that stands, and back-offs where there is no queue, and only there. A turn and a
    reservation are waited for in fair-share queues, and each of their lines is a share's.
    """
    timeline = book.timeline
    wrong = _foreign_environment(book) | _no_higher_queue(book) | _nothing_boots(book)
    wrong |= _not_shut(book, "environment_disabled", enabled) | _not_shut(book, "environment_invalid", valid)
    wrong |= ~timeline.among("reason", "empty", *REASONS)
    fargate = [name for name in timeline.words("environment") if book.settings.resources(name).get("type") in FARGATE]
    rated = fargate if book.settings.world("dispatch_rate_ec2") is None else timeline.words("environment")
    wrong |= timeline.among("reason", "launch_rate") & ~timeline.among("environment", *rated)
    standing = [name for name in timeline.words("environment") if book.settings.stands(name)]
    wrong |= timeline.among("reason", "fleet_full") & ~timeline.among("environment", *standing)
    wrong |= timeline.among("reason", "max_vcpus") & timeline.among("environment", *standing)
    clients = [name for name in timeline.words("queue") if book.settings.is_without_queue(name)]
    called = timeline.among("reason", "client_backoff")
    wrong |= ~timeline.among("reason", "empty") & (called != timeline.among("queue", *clients))
    fair = timeline.among("queue", *(name for name in timeline.words("queue") if book.settings.fair_share(name)))
    wrong |= timeline.among("reason", "fair_share_turn", "reservation") & ~fair
    wrong |= timeline.among("share", "") == fair
    return timeline.rows(wrong)


def _foreign_environment(book: Book) -> Bools:
    timeline = book.timeline
    wrong = np.zeros(len(timeline), np.bool_)
    for queue in timeline.words("queue"):
        served = book.settings.served_by(queue)
        wrong |= timeline.among("queue", queue) & ~timeline.among("environment", "", *served)
    return wrong


def _no_higher_queue(book: Book) -> Bools:
    """Rows that blame a higher queue though none that shares an environment has a head then."""
    timeline = book.timeline
    wrong, known = np.zeros(len(timeline), np.bool_), lines(book)
    for queue in timeline.words("queue"):
        rows = np.flatnonzero(timeline.among("queue", queue) & timeline.among("reason", "higher_queue"))
        blamed = np.zeros(len(rows), np.bool_)
        at, own = timeline.ms("at_s")[rows], priority(book, queue)
        for other in _sharing(book, queue):
            for line in (each for each in known if each.queue == other):
                waits = ~np.append(line.empty, True)[last_at(line.at_ms, at)]
                blamed |= waits & (priority(book, other).at(at) > own.at(at))
        wrong[rows[~blamed]] = True
    return wrong


def _sharing(book: Book, queue: str) -> list[str]:
    """Other queues that share an environment."""
    settings = book.settings
    mine = set(settings.served_by(queue))
    return [name for name in settings.queues if name != queue and mine & set(settings.served_by(name))]


def _nothing_boots(book: Book) -> Bools:
    """Rows that blame a booting instance though none boots in their environment."""
    timeline, instances = book.timeline, book.instances
    ready = np.where(instances.ms("ready_at_s") < 0, FAR, instances.ms("ready_at_s"))
    gone = np.minimum(ready, np.where(instances.ms("ended_at_s") < 0, FAR, instances.ms("ended_at_s")))
    wrong = np.zeros(len(timeline), np.bool_)
    for name in timeline.words("environment"):
        rows = np.flatnonzero(timeline.among("environment", name) & timeline.among("reason", "instance_booting"))
        mine = instances.among("environment", name)
        at = timeline.ms("at_s")[rows]
        begun = np.searchsorted(np.sort(instances.ms("launched_at_s")[mine]), at, side="right")
        wrong[rows] = begun <= np.searchsorted(np.sort(gone[mine]), at, side="right")
    return wrong


def _not_shut(book: Book, reason: str, is_open: Callable[[Book, str], Steps]) -> Bools:
    """Rows that blame the state, or the status, of an environment that is open then."""
    timeline = book.timeline
    wrong = np.zeros(len(timeline), np.bool_)
    for name in timeline.words("environment"):
        rows = np.flatnonzero(timeline.among("environment", name) & timeline.among("reason", reason))
        if len(rows) and name:
            wrong[rows] = is_open(book, name).at(timeline.ms("at_s")[rows]) == 1
    return wrong


@invariant("T05")
def waits_by_reason_follow_the_timeline(book: Book) -> pd.DataFrame:
    """Each job's wait by reason is the time that its queue's, or share's, timeline shows it during its waits."""
    jobs, waits = book.jobs, book.waits
    spent: dict[str, Int64s] = {}
    for line in lines(book):
        mine = line.waits
        begins, ends = waits.begin_ms[mine], waits.end_ms[mine]
        begin, end = last_at(line.at_ms, begins), last_at(line.at_ms, ends)
        for reason in REASONS:
            active = book.timeline.among("reason", reason)[line.row]
            if active.any():
                since, pace = _time_spent(line.at_ms, active)
                of_reason = spent.setdefault(reason, np.zeros(len(waits), np.int64))
                of_reason[mine] = since[end] - since[begin] + pace[end] * ends - pace[begin] * begins
    wrong = np.zeros(len(jobs), np.bool_)
    for reason in REASONS:
        wanted = sums(waits.job, spent[reason], len(jobs)) if reason in spent else 0
        wrong |= jobs.ms(f"wait_{reason}_s") != wanted
    return jobs.rows(wrong)


def _time_spent(at_ms: Int64s, active: Bools) -> tuple[Int64s, Int64s]:
    """How long some reason had been in force by an instant: ``since + pace * instant``, by the row in force then.

    The last of both, at -1, is for instants before the first row.
    """
    lengths = np.append(at_ms[1:] - at_ms[:-1], 0) * active
    pace = np.append(active, False).astype(np.int64)
    before = np.append(np.cumsum(lengths) - lengths, 0)
    return before - pace * np.append(at_ms, 0), pace


INVARIANTS = (
    timelines_cover_all_waits,
    heads_wait,
    rows_are_run_length_coded,
    reasons_are_borne_out,
    waits_by_reason_follow_the_timeline,
)
