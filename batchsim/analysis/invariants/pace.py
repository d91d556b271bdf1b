"""What happens at its pace: placements in passes, checks on their grid, one decision after the other, boots, starts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.bounds import vcpu_bound
from batchsim.analysis.invariants.capacity import on_after
from batchsim.analysis.invariants.faults import Line as Fault
from batchsim.analysis.invariants.faults import forced_exits, of_kind, selected, window_ms, within, without_ordinal
from batchsim.analysis.invariants.names import first_rows
from batchsim.analysis.invariants.prices import spot_prices_move
from batchsim.analysis.invariants.progress import UNIT
from batchsim.analysis.invariants.references import FARGATE
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError, at_ms, duration_ms
from batchsim.analysis.typed import MISSING, Bools, Int64s

TIMELESS = ("spot_reclaim", "capacity", "quota", "api_throttle", "price_shock")
"""Kinds of faults that leave boots, pulls and container starts as long as the world says."""


def _must_be_undisturbed(book: Book) -> None:
    """Raise where a fault may have changed how long things take."""
    kinds = sorted({str(fault.get("kind")) for fault in book.settings.faults} - {*TIMELESS})
    if kinds:
        raise CannotTellError(f"faults of kind {', '.join(kinds)} change how long things take")


def _outside(length: Int64s, bounds: tuple[int, int | Int64s | None]) -> Bools:
    low, high = bounds
    return np.asarray((length < low) | (length > (FAR if high is None else high)))


def _off_grid(at_ms: Int64s, grid_ms: int) -> Bools:
    return np.asarray((at_ms != MISSING) & (at_ms % max(1, grid_ms) != 0))


@invariant("C02")
def placements_are_made_in_passes(book: Book) -> pd.DataFrame:
    """Jobs of a queue are placed at multiples of ``scheduler_cycle`` alone."""
    attempts, settings = book.attempts, book.settings
    queued = [name for name in attempts.words("queue") if not settings.is_without_queue(name)]
    late = _off_grid(attempts.ms("starting_at_s"), settings.duration_ms("scheduler_cycle"))
    return attempts.rows(late & attempts.among("queue", *queued))


@invariant("C03")
def scale_in_happens_at_checks(book: Book) -> pd.DataFrame:
    """Instances are scaled in, and closed to jobs, at multiples of ``scale_down_check`` alone."""
    instances, grid = book.instances, book.settings.duration_ms("scale_down_check")
    ended = _off_grid(instances.ms("ended_at_s"), grid) & instances.among("why_ended", "scale_in")
    return instances.rows(ended | _off_grid(instances.ms("closed_at_s"), grid))


@invariant("C04")
def decisions_follow_one_another(book: Book) -> pd.DataFrame:
    """An environment's decisions to scale up are ``scale_up_delay`` apart at least, also the first from the start."""
    scaling = book.scaling
    least = book.settings.bounds_ms("scale_up_delay")[0]
    changed = [0, *map(at_ms, book.settings.actions)]  # initial capacity, and desiredvCpus that an action raises
    replaced = book.instances.ms("launched_at_s")[book.instances.among("why_launched", "replacement")]
    wrong = np.zeros(len(scaling), np.bool_)
    for name in scaling.words("environment"):
        if book.settings.fleet(name):
            continue
        decided = scaling.among("action", "scale_up") & ~np.isin(scaling.ms("at_s"), replaced)
        rows = np.flatnonzero(scaling.among("environment", name) & decided)
        at = scaling.ms("at_s")[rows]
        wrong[rows] = (np.diff(at, prepend=np.int64(0)) < least) & ~np.isin(at, changed)
    return scaling.rows(wrong)


@invariant("C05")
def launches_are_decided(book: Book) -> pd.DataFrame:
    """What is launched for demand or minvCpus is launched in the instant of a decision of its environment."""
    instances, scaling = book.instances, book.scaling
    decided = instances.among("why_launched", "demand", "minvCpus")
    wrong = np.zeros(len(instances), np.bool_)
    for name in instances.words("environment"):
        mine = decided & instances.among("environment", name)
        at = scaling.ms("at_s")[scaling.among("environment", name) & scaling.among("action", "scale_up")]
        wrong |= mine & ~np.isin(instances.ms("launched_at_s"), at)
    return instances.rows(wrong)


@invariant("C06")
def decisions_have_a_demand(book: Book) -> pd.DataFrame:
    """Where ``scale_up_delay`` is constant, that long before each launch for demand somebody waited.

    Or minvCpus was not full: then a decision was due, which measures demand afresh.
    """
    instances, settings = book.instances, book.settings
    delay = settings.duration_ms("scale_up_delay")
    if settings.duration_ms("post_scale_in_cooldown"):
        raise CannotTellError("world.post_scale_in_cooldown keeps decisions back")
    wrong = np.zeros(len(instances), np.bool_)
    for name in instances.words("environment"):
        mine = instances.among("environment", name)
        rows = np.flatnonzero(instances.among("why_launched", "demand") & mine)
        asked = instances.ms("launched_at_s")[rows] - delay
        full = on_after(book, np.flatnonzero(mine), asked) >= vcpu_bound(book, name, "minvCpus").at(asked)
        wrong[rows] = full & ~_somebody_waits(book, name, asked)
    return instances.rows(wrong)


def _somebody_waits(book: Book, environment: str, at_ms: Int64s) -> Bools:
    """Whether, at each instant, a job waits in a queue that an environment serves."""
    served = [environment in book.settings.served_by(queue) for queue in book.jobs.words("queue")]
    mine = np.array([*served, False], np.bool_)[book.jobs.codes("queue")][book.waits.job]
    begun = np.searchsorted(np.sort(book.waits.begin_ms[mine]), at_ms, side="right")
    return np.asarray(begun > np.searchsorted(np.sort(book.waits.end_ms[mine]), at_ms, side="left"))


@invariant("I19c")
def pending_is_not_billed(book: Book) -> pd.DataFrame:
    """With ``bill_from: running`` an instance that boots is billed ``instance_pending`` after its launch."""
    _must_be_undisturbed(book)
    instances = book.instances
    if book.settings.world("bill_from") != "running":
        return instances.rows(np.zeros(0, np.int64))
    launched, billed = instances.ms("launched_at_s"), instances.ms("billed_from_s")
    booted = instances.among("why_launched", "demand", "minvCpus") & (billed != MISSING)
    return instances.rows(booted & _outside(billed - launched, book.settings.bounds_ms("instance_pending")))


@invariant("I20d")
def replacements_are_asked_for(book: Book) -> pd.DataFrame:
    """An instance is replaced only in the instant in which a fault with ``replace`` strikes its environment."""
    instances = book.instances
    launched, named = instances.ms("launched_at_s"), np.zeros(len(instances), np.bool_)
    for fault in of_kind(book, "spot_reclaim"):
        if fault.get("replace", False):
            named |= _at_its_time(launched, fault) & selected(book, without_ordinal(fault))
    return instances.rows(instances.among("why_launched", "replacement") & ~named)


@invariant("I19b")
def boots_take_their_time(book: Book) -> pd.DataFrame:
    """READY - launched is the world's boot, its registration and its user data; nothing that still lives is late."""
    _must_be_undisturbed(book)
    instances, settings = book.instances, book.settings
    low, high = _boot_bounds(book)
    launched, ready = instances.ms("launched_at_s"), instances.ms("ready_at_s")
    booted = instances.among("why_launched", "demand", "minvCpus") | (launched > 0)
    booted &= ~instances.among("why_launched", "replacement")
    booted &= ~(instances.among("why_launched", "initial_capacity") & (settings.world("initial_capacity") == "ready"))
    wrong = (ready != MISSING) & _outside(ready - launched, (low, high))
    until = book.until_horizon(instances.ms("ended_at_s"))
    late = (ready == MISSING) & (launched + (FAR - launched if high is None else high) < until)
    return instances.rows(booted & (wrong | late))


def _boot_bounds(book: Book) -> tuple[int, int | None]:
    """From the launch to READY: pending and boot overlap, then the agent registers, then user data runs."""
    names = ("instance_pending", "instance_boot", "agent_register", "user_data")
    lows, highs = zip(*map(book.settings.bounds_ms, names), strict=True)
    low = max(lows[0], lows[1]) + lows[2] + lows[3]
    known = [high for high in highs if high is not None]
    return low, max(known[0], known[1]) + known[2] + known[3] if len(known) == len(names) else None


@invariant("I12")
def containers_start_in_their_time(book: Book) -> pd.DataFrame:
    """RUNNING - pulled is ``warm_start`` on an instance, and nothing on Fargate."""
    _must_be_undisturbed(book)
    attempts = book.attempts
    pulled, running = attempts.ms("pulled_at_s"), attempts.ms("running_at_s")
    fargate = attempts.among("environment_kind", *FARGATE)
    wrong = np.where(
        fargate, running != pulled, _outside(running - pulled, book.settings.bounds_ms("warm_start"))
    ).astype(np.bool_)
    return attempts.rows(wrong & (running != MISSING) & (pulled != MISSING))


@invariant("I12b")
def tasks_provision_in_their_time(book: Book) -> pd.DataFrame:
    """On Fargate the pull begins ``fargate_provision`` after STARTING."""
    _must_be_undisturbed(book)
    attempts = book.attempts
    starting, pull = attempts.ms("starting_at_s"), attempts.ms("pull_at_s")
    begun = attempts.among("environment_kind", *FARGATE) & (pull != MISSING) & (pull < book.end_ms)
    return attempts.rows(begun & _outside(pull - starting, book.settings.bounds_ms("fargate_provision")))


@invariant("I12c")
def pulls_take_their_time(book: Book) -> pd.DataFrame:
    """A pull of an image to which no entry gives a size takes what ``new_image`` and ``slow_pull`` allow, or less.

    Less only on an instance, where it may be there, or on its way.
    """
    _must_be_undisturbed(book)
    attempts, settings = book.attempts, book.settings
    quick, slow = settings.bounds_ms("new_image"), settings.bounds_ms("slow_pull")
    if not settings.world("slow_pull_probability"):
        slow = quick
    low, high = min(quick[0], slow[0]), None if None in (quick[1], slow[1]) else max(quick[1] or 0, slow[1] or 0)
    sized = [name for name, entry in settings.entries.items() if entry.get("image") is not None]
    images = np.unique(book.jobs.codes("image")[book.jobs.among("entry", *sized)])
    plain = ~np.append(np.isin(book.jobs.codes("image"), images), False)[book.job] & (book.job >= 0)
    pull, pulled = attempts.ms("pull_at_s"), attempts.ms("pulled_at_s")
    whole = plain & (pull != MISSING) & (pulled != MISSING) & (pulled < book.end_ms)
    length, fargate = pulled - pull, attempts.among("environment_kind", *FARGATE)
    hit = settings.duration_ms("cache_hit")
    least = np.where(fargate | _begins_a_pull(book, whole), low, 0)
    wrong = (length < least) | _outside(length, (0, high if high is None else np.where(fargate, high, max(high, hit))))
    return attempts.rows(whole & wrong.astype(np.bool_))


def _begins_a_pull(book: Book, whole: Bools) -> Bools:
    """The first attempt with an image on its instance, where its pull was not cut short."""
    image, pull = take(book.jobs.codes("image"), book.job, -1), book.attempts.ms("pull_at_s")
    rows = np.flatnonzero(book.on_host & (pull != MISSING))
    group, found = pd.factorize(book.host[rows] * (int(image.max(initial=0)) + 2) + image[rows])
    earliest = np.full(len(found), FAR, np.int64)
    np.minimum.at(earliest, group, pull[rows])
    begin = np.flatnonzero(pull[rows] == earliest[group])
    first = np.zeros(len(book.attempts), np.bool_)
    first[rows[begin[first_rows(group[begin], len(found))]]] = True
    return first & whole


@invariant("I20b")
def notices_come_in_time(book: Book) -> pd.DataFrame:
    """What EC2 takes had its notice before, as the world or a fault says; who has a notice is gone by then.

    Less only where the loss was nearer when it was set (at the launch of an instance, at the start, or by shocks), or
    where something with a shorter notice took it first; none where a fault of a fleet or a pool took what was launched
    after that had its notice.
    """
    instances, lengths = book.instances, _notices_ms(book)
    notice, ended = instances.ms("notice_at_s"), instances.ms("ended_at_s")
    taken = instances.among("why_ended", "spot_reclaim")
    near = (notice == 0) | np.isin(notice, instances.ms("launched_at_s"))
    near |= book.settings.world("spot_shocks_per_day") != 0
    length = ended - notice
    timely = np.isin(length, lengths) | ((near | _taken_sooner(book, length)) & (length < lengths[-1]))
    outlived = (notice != MISSING) & (book.until_horizon(ended) > notice + lengths[-1])
    untimely = ((notice == MISSING) | ~timely) & ~_launched_after_notice(book, lengths[-1])
    return instances.rows((taken & untimely) | outlived)


def _launched_after_notice(book: Book, longest_ms: int) -> Bools:
    """Instances that a fault at one instant took, so soon after their launch that its notice came before that.

    In one instant notices come before launches, but for what is there from the start.
    """
    launched, ended = book.instances.ms("launched_at_s"), book.instances.ms("ended_at_s")
    struck = np.zeros(len(book.instances), np.bool_)
    for fault in of_kind(book, "spot_reclaim"):
        if fault.get("hazard") is None:
            struck |= selected(book, fault.get("select") or {}) & (ended == window_ms(fault)[0])
    due = ended - longest_ms
    return np.asarray(struck & ((launched > due) | ((launched == due) & (launched > 0))))


def _taken_sooner(book: Book, length: Int64s) -> Bools:
    """Instances that something took whose own notice is shorter than the one that they had, or came before them."""
    ended, launched = book.instances.ms("ended_at_s"), book.instances.ms("launched_at_s")
    usual, settings = book.settings.duration_ms("notice"), book.settings
    markets = any(settings.world(key) for key in ("spot_hazard", "spot_shocks_per_day")) or spot_prices_move(book)
    sooner = (length > usual) & markets
    for fault in of_kind(book, "spot_reclaim"):
        own = usual if fault.get("notice") is None else duration_ms("notice", fault["notice"])
        of_many = fault.get("fraction") is not None or fault.get("correlated") is not None
        unwarned = (length == 0) & (ended - launched < own) & of_many
        struck = selected(book, fault.get("select") or {}) & _at_its_time(ended, fault)
        sooner |= struck & ((length > own) | unwarned)
    return np.asarray(sooner)


def _notices_ms(book: Book) -> list[int]:
    """The lengths that a notice may have, ascending."""
    given = (fault.get("notice") for fault in of_kind(book, "spot_reclaim"))
    own = {duration_ms("notice", each) for each in given if each is not None}
    return sorted({book.settings.duration_ms("notice"), *own})


@invariant("I20c")
def reclaims_have_a_cause(book: Book) -> pd.DataFrame:
    """Where no market takes instances, only faults do: each at its instant, and the one that they name."""
    settings, instances = book.settings, book.instances
    if settings.world("spot_hazard") != 0 or settings.world("spot_shocks_per_day") != 0:
        raise CannotTellError("the Spot market takes instances by chance")
    if spot_prices_move(book):
        raise CannotTellError("Spot prices may exceed a bid")
    planned, missed = np.zeros(len(instances), np.bool_), np.zeros(len(instances), np.bool_)
    gone = book.until_horizon(instances.ms("ended_at_s"))
    for fault in of_kind(book, "spot_reclaim"):
        target, (at, _) = fault.get("select") or {}, window_ms(fault)
        hit = selected(book, target) & instances.flag("spot")
        planned |= hit & _at_its_time(gone, fault)
        if "ordinal" in target and at < book.horizon_ms:
            missed |= hit & (instances.ms("launched_at_s") < at) & (gone > at)
    return instances.rows((instances.among("why_ended", "spot_reclaim") & ~planned) | missed)


def _at_its_time(instant_ms: Int64s, fault: Fault) -> Bools:
    """Which instants are those of a fault: within its window where it strikes at a rate, else the first alone."""
    return within(instant_ms, fault) if fault.get("hazard") is not None else instant_ms == window_ms(fault)[0]


@invariant("I01")
def rows_stand_in_order(book: Book) -> pd.DataFrame:
    """Attempts stand in the order of their STARTING, instances of their launch, notifications of their instants."""
    for table, column in ((book.attempts, "starting_at_s"), (book.instances, "launched_at_s")):
        at = table.ms(column)
        if (back := np.flatnonzero(at[1:] < at[:-1])).size:
            return table.rows(back + 1)
    if not len(book.notifications):
        return book.attempts.rows(np.zeros(0, np.int64))
    at = book.notifications.ms("at_s")
    return book.notifications.rows(np.flatnonzero(at[1:] < at[:-1]) + 1)


@invariant("I13b")
def exit_codes_are_the_entrys(book: Book) -> pd.DataFrame:
    """A container that failed exited with a code that its entry or a fault names, or was killed."""
    attempts, entries = book.attempts, book.settings.entries
    struck = [int(fault.get("code", 1)) for fault in of_kind(book, "exit_code", "poison_job")]
    failed = np.flatnonzero(attempts.among("outcome", "failed") & (book.job >= 0))
    entry, exit_code = book.jobs.codes("entry")[book.job[failed]], attempts.number("exit_code")[failed]
    wrong = np.zeros(len(failed), np.bool_)
    for code in np.unique(entry).tolist():
        told = _codes(entries.get(book.jobs.words("entry")[code]))
        if told is not None:
            wrong |= (entry == code) & ~np.isin(exit_code, told + struck)
    return attempts.rows(failed[wrong])


KILLED, TERMINATED = 137, 143


def _codes(entry: object) -> list[int] | None:
    """All exit codes that an entry may fail with; None where a trace or its scripts say."""
    if not isinstance(entry, dict) or (isinstance(entry.get("at"), dict) and "trace" in entry["at"]):
        return None
    run = entry.get("run")
    steps = run.get("script") or [] if isinstance(run, dict) else []
    if isinstance(run, dict) and "scripts" in run:
        return None
    fails = entry.get("fails") or []
    return [KILLED, TERMINATED, *(int(each.get("exit_code", 1)) for each in fails), *_of_steps(steps)]


def _of_steps(steps: object) -> list[int]:
    return [int(step.get("exit", 0)) for step in steps] if isinstance(steps, list) else []


@invariant("I13c")
def scripts_are_followed(book: Book) -> pd.DataFrame:
    """Attempt k of a job with a script does its step k, and exits with its code or a fault's; the last one repeats."""
    attempts, entries = book.attempts, book.settings.entries
    own = attempts.among("outcome", "failed", "succeeded") & (book.job >= 0)
    own &= (attempts.ms("work_from_s") == MISSING) & (attempts.pico("speed") == UNIT)
    entry, number = np.append(book.jobs.codes("entry"), -1)[book.job], attempts.number("attempt")
    wrong = np.zeros(len(attempts), np.bool_)
    for code, name in enumerate(book.jobs.words("entry")):
        run = (entries.get(name) or {}).get("run")
        if not isinstance(run, dict) or not isinstance(run.get("script"), list):
            continue
        rows = np.flatnonzero(own & (entry == code))
        step = np.minimum(number[rows], len(run["script"])) - 1
        codes = np.array(_of_steps(run["script"]), np.int64)[step]
        wrong[rows] = attempts.number("exit_code")[rows] != codes
    killed = attempts.among("reason", "OutOfMemoryError: Container killed due to memory usage")
    retired = attempts.number("exit_code") == KILLED
    return attempts.rows(wrong & ~killed & ~retired & ~forced_exits(book))


INVARIANTS = (
    rows_stand_in_order,
    placements_are_made_in_passes,
    scale_in_happens_at_checks,
    decisions_follow_one_another,
    launches_are_decided,
    decisions_have_a_demand,
    pending_is_not_billed,
    replacements_are_asked_for,
    boots_take_their_time,
    containers_start_in_their_time,
    tasks_provision_in_their_time,
    pulls_take_their_time,
    notices_come_in_time,
    reclaims_have_a_cause,
    exit_codes_are_the_entrys,
    scripts_are_followed,
)
