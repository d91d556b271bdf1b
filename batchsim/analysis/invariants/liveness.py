"""Nothing stands still that could go on: room is used in the next pass, demand is decided on, a run drains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.bounds import vcpu_bound
from batchsim.analysis.invariants.faults import of_kind, pass_slack_ms, window_ms, within
from batchsim.analysis.invariants.lines import Line, steps
from batchsim.analysis.invariants.order import fifo_rank, is_strict
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.room import SIZES, holds, stretches, takes_jobs
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import ascending, combined, commonest, greatest_in
from batchsim.analysis.invariants.timeline import waits_of
from batchsim.analysis.typed import MISSING, Bools, Int64s

FOR_ROOM = ("max_vcpus", "fleet_full", "capacity_error", "scale_up_decision", "instance_booting", "vcpu_quota", "bid")
"""Reasons for which a head waits only because no instance has room for it."""
EFFORT = 50_000_000
"""Attempts that V01 looks at for an environment and a queue, once for each shape of heads; rarer ones beyond that are
left out."""


@invariant("V01")
def room_is_used(book: Book) -> pd.DataFrame:
    """While a head waits for room, no instance of the environment that it waits for has room for it.

    Neither when a row of the timeline begins, which is after a pass, nor later for more than a scheduler cycle (and
    the scheduler's stalls), while the head that the row names waits.
    """
    book.must_follow_aws("ordering of jobs")  # else another may stand before the head that the row names
    timeline, bad = book.timeline, [np.zeros(0, np.int64)]
    if not is_strict(book):
        raise CannotTellError("world.head_of_line, hol_scope or backfill keeps room for others")
    for queue in timeline.words("queue"):
        if book.settings.fair_share(queue) is None and not book.settings.is_without_queue(queue):
            bad += _with_room(book, queue)
    return timeline.rows(np.unique(np.concatenate(bad)))


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """Jobs at the head of a queue, and since when."""

    at_ms: Int64s
    job: Int64s


def _with_room(book: Book, queue: str) -> Iterator[Int64s]:
    """Rows of a queue whose head has room where it waits, by environment and shape."""
    timeline, line = book.timeline, steps(book, queue)
    waits = timeline.among("reason", *FOR_ROOM)[line.row] & (line.head >= 0)
    waits &= take(book.jobs.ms("ended_at_s"), line.head) != line.at_ms
    for stall in of_kind(book, "scheduler_stall"):
        waits &= ~within(line.at_ms, stall)
    away_ms = book.settings.duration_ms("scheduler_cycle") + pass_slack_ms(book)
    until = np.minimum(np.append(line.at_ms[1:], book.horizon_ms)[: len(line.at_ms)], _wait_ends(book, line))
    shape = _shapes(book)[line.head]
    for name in timeline.words("environment"):
        mine = np.flatnonzero(waits & timeline.among("environment", name)[line.row])
        held = holds(book, name) if len(mine) else None
        for alike in commonest(shape[mine], EFFORT // (len(book.attempts) + 1)):
            of_shape = mine[alike]
            at, job = line.at_ms[of_shape], int(line.head[of_shape[0]])
            sizes = tuple(int(book.jobs.milli(column)[job]) for column in SIZES)
            rooms = stretches(held, sizes)
            found = of_shape[rooms.overlap(at, until[of_shape], away_ms) & takes_jobs(book, name, sizes, at)]
            if len(found):
                heads = Heads(line.at_ms[found], line.head[found])
                is_head_until = np.minimum(until[found], _joined_ahead(book, queue, heads, until[found]))
                yield line.row[found[rooms.overlap(heads.at_ms, is_head_until, away_ms)]]


def _wait_ends(book: Book, line: Line) -> Int64s:
    """Until when the head of each row waits from its row on; its row's instant where it does not."""
    waits = waits_of(book, line.head[line.head >= 0])
    if not len(waits):
        return line.at_ms
    span = int(max(waits.end_ms.max(), line.at_ms.max(initial=0))) + 1
    keys = waits.job * span + waits.begin_ms
    order = ascending(keys)
    at = order[np.maximum(np.searchsorted(keys[order], line.head * span + line.at_ms, side="right") - 1, 0)]
    return np.where(waits.job[at] == line.head, waits.end_ms[at], line.at_ms)


def _joined_ahead(book: Book, queue: str, heads: Heads, until_ms: Int64s) -> Int64s:
    """When each head may have lost its place, though its row goes on: a retry, or a dependent, went ahead of it.

    That is before ``until_ms`` the first instant at which anybody joined, where one of those who did was ahead.
    """
    waits, rank = book.waits, fifo_rank(book)
    mine = np.flatnonzero(book.jobs.among("queue", queue)[waits.job] & (waits.end_ms > waits.begin_ms))
    mine = mine[ascending(waits.begin_ms[mine])]
    begin = waits.begin_ms[mine]
    low = np.searchsorted(begin, heads.at_ms)
    high = np.maximum(low, np.searchsorted(begin, until_ms))
    foremost = -greatest_in(-rank[waits.job[mine]], low, high, -FAR)
    return np.where(foremost < rank[heads.job], np.append(begin, FAR)[low], FAR)


def _shapes(book: Book) -> Int64s:
    """A number for what each job asks for, and one more for no job."""
    return np.append(combined(*(book.jobs.milli(column) for column in SIZES)), -1)


@invariant("V02")
def decisions_are_taken(book: Book) -> pd.DataFrame:
    """A head waits for a decision to scale up no longer than ``scale_up_delay`` and a scheduler cycle between stalls.

    A head that needs no consumable resource, which queues after it may take in the same pass. A scale-in or a loss may
    take what had covered the demand, and a capacity error leaves it uncovered: then it has to be decided on anew. Where
    demand is counted in vCPUs alone (``demand_by``), jobs of more memory a vCPU than there is may wait for boots.
    """
    settings, bad = book.settings, [np.zeros(0, np.int64)]
    most = settings.bounds_ms("scale_up_delay")[1]
    book.must_follow_aws("scaling", "allocation")
    if most is None or settings.duration_ms("post_scale_in_cooldown"):
        raise CannotTellError("a decision may come as late as it likes")
    for queue in book.timeline.words("queue"):
        line = steps(book, queue)
        if settings.fair_share(queue) is not None or settings.is_without_queue(queue) or not len(line.at_ms):
            continue  # a client without a queue learns of room at its next call
        until = np.append(line.at_ms[1:], book.horizon_ms)
        needs = take(book.submissions.codes("consumables"), take(book.call, line.head, -1), -1)
        free = np.array([*(word == "" for word in book.submissions.words("consumables")), False], np.bool_)[needs]
        waits = free & book.timeline.among("reason", "scale_up_decision")[line.row]
        waits &= ~book.timeline.among("environment", *_blind_to_memory(book))[line.row]
        waited = _between_stalls(book, _since_set_back(book, line.at_ms, until), until)
        bad.append(line.row[waits & (waited > most + settings.duration_ms("scheduler_cycle"))])
    return book.timeline.rows(np.concatenate(bad))


def _blind_to_memory(book: Book) -> list[str]:
    """Environments whose demand is counted in vCPUs alone, if some job needs more memory a vCPU than there is."""
    rule, jobs, hosts = book.settings.world("demand_by"), book.jobs, book.instances
    needs = jobs.number("memory_mib") * 1000 / np.maximum(jobs.milli("vcpus"), 1)
    has = hosts.number("memory_mib") / np.maximum(hosts.number("vcpus"), 1)
    if rule == "both" or needs.max(initial=0) <= has.min(initial=np.inf):
        return []
    names = book.timeline.words("environment")
    return [name for name in names if rule == "vcpu" or book.settings.resources(name).get("type") == "SPOT"]


def _since_set_back(book: Book, from_ms: Int64s, until_ms: Int64s) -> Int64s:
    """From when each time counts: from the pass after the last set-back in it; then a decision is due anew.

    That is a capacity error, or the end of an instance that may have covered it, or its notice, after which it may take
    nothing. One that is lost before a pass looked at the queue is not seen to come either.
    """
    scaling, cycle_ms = book.scaling, book.settings.duration_ms("scheduler_cycle")
    is_back = scaling.among("action", "scale_in", "reclaim", "loss") | (scaling.number("capacity_errors") > 0)
    notices = book.instances.ms("notice_at_s")
    back = np.sort(np.concatenate((scaling.ms("at_s")[is_back], notices[notices != MISSING])))
    last = np.append(back, MISSING)[np.searchsorted(back, until_ms) - 1]
    return np.asarray(np.where(last > from_ms, last + cycle_ms, from_ms))


def _between_stalls(book: Book, from_ms: Int64s, until_ms: Int64s) -> Int64s:
    """How long each time goes on at most without a stall; it goes on with the first pass after one.

    What was launched before a stall may be scaled in while it lasts, and then has to be decided on once more.
    """
    cycle_ms, longest, begin = book.settings.duration_ms("scheduler_cycle"), np.zeros(len(from_ms), np.int64), from_ms
    for start, end in sorted(map(window_ms, of_kind(book, "scheduler_stall"))):
        hit = (start < until_ms) & (end > begin)
        longest = np.maximum(longest, np.where(hit, start - begin, 0))
        begin = np.where(hit, min(end, book.horizon_ms) + cycle_ms, begin)
    return np.asarray(np.maximum(longest, until_ms - begin))


@invariant("V03")
def a_drained_run_is_over(book: Book) -> pd.DataFrame:
    """A run that has drained has no job left; one that is stuck has none that holds anything, and nothing that boots.

    What idles at its end is what minvCpus keeps.
    """
    if (ended := book.summary.get("ended_by")) not in ("drained", "stuck"):
        raise CannotTellError("the run was cut before it drained")
    jobs, at_work = book.jobs, ("STARTING", "RUNNING")
    left = jobs.among("state", *at_work) if ended == "stuck" else ~jobs.among("state", "SUCCEEDED", "FAILED")
    refused = jobs.among("state", "NOT_SUBMITTED")
    if (left & ~refused).any():
        return jobs.rows(left & ~refused)
    return book.instances.rows(_left_over(book))


def _left_over(book: Book) -> Bools:
    """Instances that still run though their environment's minvCpus are kept without them."""
    instances, horizon = book.instances, np.array([book.horizon_ms])
    alive, over = instances.ms("ended_at_s") == MISSING, np.zeros(len(instances), np.bool_)
    for name in instances.words("environment"):
        if book.settings.stands(name) or book.settings.fleet(name):
            continue
        mine = alive & instances.among("environment", name)
        vcpus = instances.number("vcpus")
        spare = int(vcpus[mine].sum()) - int(vcpu_bound(book, name, "minvCpus").at(horizon)[0])
        over |= mine & (vcpus <= spare)
    return over


INVARIANTS = (room_is_used, decisions_are_taken, a_drained_run_is_over)
