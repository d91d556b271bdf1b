"""Instances and the attempts on them: never too full, never dead under a job unless EC2 took them back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, sums, take
from batchsim.analysis.invariants.bounds import vcpu_bound
from batchsim.analysis.invariants.idle import Gaps
from batchsim.analysis.invariants.references import FARGATE, SPOT
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.room import SIZES
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import Levels, levels, value_at
from batchsim.analysis.typed import MISSING, Bools, Int64s


@invariant("I09")
def attempts_within_their_instance(book: Book) -> pd.DataFrame:
    """A job holds an instance only between READY and the instance's end."""
    ready = take(book.instances.ms("ready_at_s"), book.host)
    gone = take(_ends(book), book.host, FAR)
    starting = book.attempts.ms("starting_at_s")
    return book.attempts.rows(book.on_host & ((ready == MISSING) | (starting < ready) | (book.end_ms > gone)))


def _ends(book: Book) -> Int64s:
    """The end of each instance, ``FAR`` for one that still runs."""
    ended = book.instances.ms("ended_at_s")
    return np.where(ended == MISSING, FAR, ended)


@invariant("I11")
def instances_are_never_overfull(book: Book) -> pd.DataFrame:
    """At every instant the vCPUs, MiB and GPUs of the jobs on an instance are within its own."""
    known, over = book.occupancy, np.zeros(len(book.occupancy.host), np.bool_)
    for column in SIZES:
        if book.attempts.milli(column).any():
            over |= known.held(column) > (book.instances.number(column) * 1000)[known.host]
    return book.attempts.rows(np.sort(known.started[over[known.starts]]))


@invariant("I11b")
def attempts_ask_for_their_job(book: Book) -> pd.DataFrame:
    """An attempt asks for what its job asks for."""
    wrong = np.zeros(len(book.attempts), np.bool_)
    for column in ("vcpus", "memory_mib", "gpus"):
        wrong |= take(book.jobs.milli(column), book.job) != book.attempts.milli(column)
    return book.attempts.rows(wrong & (book.job >= 0))


@invariant("I20")
def only_spot_is_reclaimed(book: Book) -> pd.DataFrame:
    """Only Spot capacity is ever reclaimed or gets a notice; a notice comes before the loss."""
    instances = book.instances
    notice, ended = instances.ms("notice_at_s"), _ends(book)
    taken = instances.among("why_ended", "spot_reclaim")
    wrong = (taken | (notice != MISSING)) & ~instances.flag("spot")
    wrong |= (notice != MISSING) & ((notice > ended) | (notice < instances.ms("launched_at_s")))
    return instances.rows(wrong | (instances.flag("spot") & ~_kind_is_spot(book)))


def _kind_is_spot(book: Book) -> Bools:
    """Instances of an environment that buys Spot; without a scenario, any."""
    instances = book.instances
    try:
        kinds = [book.settings.resources(name).get("type") for name in instances.words("environment")]
    except CannotTellError:
        return np.ones(len(instances), np.bool_)
    return np.array([*(kind in SPOT for kind in kinds), True], np.bool_)[instances.codes("environment")]


@invariant("N31")
def on_demand_is_never_lost(book: Book) -> pd.DataFrame:
    """On-Demand and Fargate attempts are never lost to Spot."""
    attempts = book.attempts
    lost = attempts.among("outcome", "reclaimed")
    return attempts.rows(lost & ~attempts.among("environment_kind", *SPOT))


@invariant("I23")
def reclaims_end_what_they_hit(book: Book) -> pd.DataFrame:
    """A reclaim ends exactly the attempts on that instance at that instant, and none elsewhere.

    Where Spot is drained, some end between the notice and the loss.
    """
    attempts = book.attempts
    taken = np.append(book.instances.among("why_ended", "spot_reclaim"), False)[book.host]
    here = take(_ends(book), book.host) == book.end_ms
    lost = attempts.among("outcome", "reclaimed") & ~attempts.among("environment_kind", *FARGATE)
    outlived = taken & (book.end_ms > take(_ends(book), book.host))
    return attempts.rows((lost & ~(taken & here) & ~_drained(book)) | outlived)


def _drained(book: Book) -> Bools:
    """Attempts that ended after their instance's notice, in a world that drains Spot."""
    try:
        drains = bool(book.settings.world("spot_drain"))
    except CannotTellError:
        drains = False
    notice = take(book.instances.ms("notice_at_s"), book.host)
    return np.asarray(drains & (notice != MISSING) & (book.end_ms >= notice))


@invariant("I21")
def scale_in_spares_busy_instances(book: Book) -> pd.DataFrame:
    """Scale-in never ends an instance with a job on it, and no instance dies in any other way under a job."""
    scaled_in = np.append(book.instances.among("why_ended", "scale_in"), False)[book.host]
    cut = book.end_ms > take(_ends(book), book.host, FAR)
    killed = (book.end_ms == take(_ends(book), book.host, FAR)) & book.attempts.among(
        "outcome", "reclaimed", "host_lost", "open"
    )
    return book.attempts.rows(scaled_in & (cut | (killed & ~_drained(book))))


@invariant("I21b")
def scale_in_waits_for_idleness(book: Book) -> pd.DataFrame:
    """Scale-in ends only instances that were idle for at least scale_down_idle, or closed to jobs."""
    idle_ms = book.settings.duration_ms("scale_down_idle")
    gaps, instances = book.gaps, book.instances
    length = np.zeros(len(instances), np.int64)
    tail = gaps.end_ms == book.until_horizon(instances.ms("ended_at_s"))[gaps.host]
    length[gaps.host[tail]] = (gaps.end_ms - gaps.begin_ms)[tail]
    open_ = instances.ms("closed_at_s") == MISSING
    return instances.rows(instances.among("why_ended", "scale_in") & open_ & (length < idle_ms))


@invariant("I21c")
def minimum_delay_is_kept(book: Book) -> pd.DataFrame:
    """An instance that ran a job is scaled in no sooner than minScaleDownDelayMinutes after its last job's end."""
    gaps, instances = book.gaps, book.instances
    delay = np.array([*(_delay_ms(book, name) for name in instances.words("environment")), 0], np.int64)
    owed = delay[instances.codes("environment")]
    length = np.zeros(len(instances), np.int64)
    tail = gaps.end_ms == book.until_horizon(instances.ms("ended_at_s"))[gaps.host]
    length[gaps.host[tail]] = (gaps.end_ms - gaps.begin_ms)[tail]
    ran = instances.number("attempts") > 0
    return instances.rows(instances.among("why_ended", "scale_in") & ran & (length < owed))


@invariant("N37")
def idle_instances_end(book: Book) -> pd.DataFrame:
    """An idle instance that minvCpus does not keep ends at the first check after its time; a closed one at the next."""
    gaps = book.gaps
    due = _scale_in_due(book, gaps)
    overdue = np.flatnonzero((due < gaps.end_ms) & (due < book.horizon_ms))
    left = _ready_vcpus(book, gaps.host[overdue], due[overdue]) - book.instances.number("vcpus")[gaps.host[overdue]]
    may_go = (left >= _least_vcpus(book, gaps.host[overdue], due[overdue])) | _is_closed(book, gaps)[overdue]
    return book.instances.rows(np.unique(gaps.host[overdue[may_go]]))


def _is_closed(book: Book, gaps: Gaps) -> Bools:
    """Whether the instance of a gap was closed to jobs before the gap began."""
    closed = book.instances.ms("closed_at_s")[gaps.host]
    return np.asarray((closed != MISSING) & (closed <= gaps.begin_ms))


@invariant("N41")
def closed_instances_take_no_job(book: Book) -> pd.DataFrame:
    """No attempt starts on an instance after it was closed to jobs."""
    closed = take(book.instances.ms("closed_at_s"), book.host)
    late = book.on_host & (closed != MISSING) & (book.attempts.ms("starting_at_s") > closed)
    return book.attempts.rows(late)


@invariant("N41b")
def busy_instances_are_closed(book: Book) -> pd.DataFrame:
    """Only with drain_surplus is an instance closed to jobs, and only one that a job holds."""
    instances, gaps = book.instances, book.gaps
    closed = instances.ms("closed_at_s")
    at = closed[gaps.host]
    idle = np.zeros(len(instances), np.bool_)
    idle[gaps.host[(at != MISSING) & (gaps.begin_ms < at) & (at < gaps.end_ms)]] = True
    ready, ended = instances.ms("ready_at_s"), book.until_horizon(instances.ms("ended_at_s"))
    outside = (ready == MISSING) | (closed < ready) | (closed > ended)
    allowed = bool(book.settings.world("drain_surplus"))
    return instances.rows((closed != MISSING) & (idle | outside | (not allowed)))


def _ready_vcpus(book: Book, host: Int64s, at_ms: Int64s) -> Int64s:
    """vCPUs that are READY, and not closed to jobs, in each instance's environment after each instant."""
    instances = book.instances
    environment, vcpus, ready = instances.codes("environment"), instances.number("vcpus"), instances.ms("ready_at_s")
    closed = instances.ms("closed_at_s")
    until = np.where(closed == MISSING, _ends(book), closed)
    came = np.flatnonzero((ready != MISSING) & (ready <= until))
    went = came[until[came] < FAR]
    rows, signed = np.concatenate((came, went)), np.concatenate((vcpus[came], -vcpus[went]))
    at = np.concatenate((ready[came], until[went]))
    total = levels(environment[rows], at, np.zeros(len(rows), np.int64), signed)
    return _level_at(total, environment[host], at_ms)


def _level_at(total: Levels, group: Int64s, at_ms: Int64s) -> Int64s:
    """Totals of the given groups after the given instants."""
    wanted = np.zeros(len(group), np.int64)
    for code in np.unique(group).tolist():
        mine, theirs = group == code, total.group == code
        wanted[mine] = value_at(total.at_ms[theirs], total.level[theirs], at_ms[mine])
    return wanted


def _least_vcpus(book: Book, host: Int64s, at_ms: Int64s) -> Int64s:
    """minvCpus of each instance's environment at each instant; a fleet that stands keeps all."""
    environment = book.instances.codes("environment")[host]
    least = np.zeros(len(host), np.int64)
    for code in np.unique(environment).tolist():
        mine = environment == code
        if book.settings.stands(book.instances.words("environment")[code]):
            least[mine] = FAR
            continue
        least[mine] = vcpu_bound(book, book.instances.words("environment")[code], "minvCpus").at(at_ms[mine])
    return least


def _scale_in_due(book: Book, gaps: Gaps) -> Int64s:
    """The first check at or after each gap's idle time, not before the next pass, nor in the instant of the launch."""
    idle_ms, check_ms = book.settings.duration_ms("scale_down_idle"), book.settings.duration_ms("scale_down_check")
    names = book.instances.words("environment")
    longer = [max(idle_ms, _delay_ms(book, name)) for name in names]
    delay = np.array([*longer, idle_ms], np.int64)[book.instances.codes("environment")][gaps.host]
    due = gaps.begin_ms + np.where(_is_closed(book, gaps), 0, np.where(gaps.fresh, idle_ms, delay))
    next_pass = _on_grid(gaps.begin_ms, book.settings.duration_ms("scheduler_cycle"))
    launched = book.instances.ms("launched_at_s")[gaps.host]
    return _on_grid(np.maximum(np.maximum(due, next_pass), launched + 1), check_ms)


def _on_grid(at_ms: Int64s, grid_ms: int) -> Int64s:
    """The first multiple of the grid at or after each instant; a grid of 0 has every instant."""
    step = max(1, grid_ms)
    return -(-at_ms // step) * step


def _delay_ms(book: Book, environment: str) -> int:
    """``scalingPolicy.minScaleDownDelayMinutes``, for instances that ran a job."""
    policy = book.settings.resources(environment).get("scalingPolicy") or {}
    return int(policy.get("minScaleDownDelayMinutes") or 0) * 60_000


@invariant("I27")
def held_time_within_ready_time(book: Book) -> pd.DataFrame:
    """The vCPU time that attempts hold is within the vCPU time that their instances are READY."""
    instances, rows = book.instances, np.flatnonzero(book.on_host)
    length = book.end_ms - book.attempts.ms("starting_at_s")
    held = sums(book.host[rows], (length * book.attempts.milli("vcpus"))[rows], len(instances))
    ready = np.where(instances.ms("ready_at_s") == MISSING, FAR, instances.ms("ready_at_s"))
    on = np.maximum(book.until_horizon(instances.ms("ended_at_s")) - ready, 0)
    return instances.rows(held > on * instances.number("vcpus") * 1000)


@invariant("I27b")
def busy_time_is_right(book: Book) -> pd.DataFrame:
    """busy_s is the time in which some job held the instance; attempts counts them."""
    instances, gaps = book.instances, book.gaps
    ready, gone = instances.ms("ready_at_s"), book.until_horizon(instances.ms("ended_at_s"))
    on = np.where((ready != MISSING) & (ready <= gone), gone - ready, 0)
    busy = on - sums(gaps.host, gaps.end_ms - gaps.begin_ms, len(instances))
    count = sums(book.host[book.on_host], np.ones(int(book.on_host.sum()), np.int64), len(instances))
    return instances.rows((busy != instances.ms("busy_s")) | (count != instances.number("attempts")))


INVARIANTS = (
    attempts_within_their_instance,
    instances_are_never_overfull,
    attempts_ask_for_their_job,
    only_spot_is_reclaimed,
    on_demand_is_never_lost,
    reclaims_end_what_they_hit,
    scale_in_spares_busy_instances,
    scale_in_waits_for_idleness,
    minimum_delay_is_kept,
    idle_instances_end,
    closed_instances_take_no_job,
    busy_instances_are_closed,
    held_time_within_ready_time,
    busy_time_is_right,
)
