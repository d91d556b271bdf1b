"""Platforms beside AWS Batch: fleets that stand, and RunTask calls whose clients back off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book, take
from batchsim.analysis.invariants.faults import of_kind, within
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.room import SIZES, holds, stretches
from batchsim.analysis.invariants.settings import at_ms
from batchsim.analysis.invariants.sweep import combined, commonest
from batchsim.analysis.typed import MISSING, Bools, Int64s

GAVE_UP = "RunTask failed: "
EFFORT = 200_000_000
"""Attempts that L05 looks at in all, once for each queue and size; rarer ones beyond that are left out."""


@invariant("L01")
def fleets_stand(book: Book) -> pd.DataFrame:
    """Nothing scales a fleet that stands: its instances are the fleet's (or replace one that Spot took) and stay."""
    instances = book.instances
    standing = [name for name in instances.words("environment") if book.settings.stands(name)]
    of_fleet = instances.among("environment", *standing)
    meant = instances.among("why_launched", "fleet", "replacement")
    foreign = of_fleet & (~meant | instances.among("why_ended", "scale_in"))
    return instances.rows(foreign | (~of_fleet & instances.among("why_launched", "fleet")))


@invariant("L02")
def fleets_are_as_listed(book: Book) -> pd.DataFrame:
    """A fleet that is listed has exactly those instances, launched when it says, but for zones that were out then."""
    wrong: list[dict[str, object]] = []
    for name in book.settings.environments:
        if not (fleet := book.settings.fleet(name)):
            continue
        wanted: Counter[tuple[str, int]] = Counter()
        excused: Counter[tuple[str, int]] = Counter()
        for each in fleet:
            key = each["type"], at_ms(each) if "at" in each else 0
            wanted[key] += each.get("count", 1)
            excused[key] += each.get("count", 1) * _may_be_out(book, name, each, key[1])
        rows = np.flatnonzero(book.instances.among("environment", name) & book.instances.among("why_launched", "fleet"))
        launched = book.instances.ms("launched_at_s")[rows].tolist()
        found = Counter(zip(book.instances.text("type")[rows].tolist(), launched, strict=True))
        due = {key: count for key, count in wanted.items() if key[1] < book.horizon_ms or found[key]}
        wrong += [
            {"environment": name, "type": key[0], "at_s": key[1] / 1000, "listed": wanted[key], "launched": found[key]}
            for key in {**due, **found}
            if not wanted[key] - excused[key] <= found[key] <= wanted[key]
        ]
    return pd.DataFrame(wrong)


def _may_be_out(book: Book, environment: str, launch: Mapping[str, Any], at: int) -> bool:
    """Whether an outage is on at this instant in the zone of a launch, or in one that it may come from."""
    outages = [fault.get("select") or {} for fault in of_kind(book, "az_outage") if _is_on(fault, at)]
    mine = [
        each
        for each in outages
        if each.get("environment") in (None, environment) and fnmatchcase(launch["type"], str(each.get("type") or "*"))
    ]
    return any(launch.get("zone") in (None, each.get("zone")) or each.get("zone") is None for each in mine)


def _is_on(fault: Mapping[str, Any], at: int) -> bool:
    return bool(within(np.array([at]), fault)[0])


@invariant("L03")
def calls_are_made_without_a_queue(book: Book) -> pd.DataFrame:
    """RunTask is called where there is no queue, and only there: once for each attempt, and in vain before a wait."""
    jobs = book.jobs
    calls, attempts = jobs.number("run_task_calls"), jobs.number("attempts")
    alone = _without_queue(book)
    vain, waited = calls - attempts, jobs.ms("wait_s") > 0
    gave_up = _gave_up(book)
    idle = alone & (vain > 0) & ~waited & ~(gave_up & (vain == 1))
    return jobs.rows(np.where(alone, (vain < 0) | idle | ((vain == 0) & waited), calls != 0))


@invariant("L04")
def back_offs_are_the_scenarios(book: Book) -> pd.DataFrame:
    """A job without a queue waits no longer than its clients back off; it is given up after run_task_attempts calls."""
    jobs, settings = book.jobs, book.settings
    alone = np.flatnonzero(_without_queue(book))
    if not len(alone):
        return jobs.rows(alone)
    limit, gave_up = int(settings.world("run_task_attempts")), _gave_up(book)[alone]
    vain = (jobs.number("run_task_calls") - jobs.number("attempts"))[alone]
    longest = _longest_ms(book, int(vain.max(initial=0)))
    again = jobs.ms("waiting_since_s")[alone] != MISSING
    waited, once = jobs.ms("wait_s")[alone], jobs.number("attempts")[alone] + again <= 1
    paused = longest[np.clip(vain - gave_up, 0, None)]
    wrong = (waited > paused) | (gave_up & (vain < limit)) | (once & (vain > limit))
    over = (jobs.ms("ended_at_s")[alone] != MISSING) & (gave_up | jobs.among("state", "SUCCEEDED")[alone])
    whole = once & over & (settings.world("run_task_jitter") == "none")
    return jobs.rows(alone[wrong | (whole & (waited != paused))])


def _longest_ms(book: Book, most: int) -> Int64s:
    """The longest that a client backs off in all, by its number of failures in one wait."""
    base, cap = (book.settings.duration_ms(f"run_task_backoff_{which}") for which in ("base", "cap"))
    each = [max(1, min(cap, base << min(failure, 40))) for failure in range(most)]
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(each, dtype=np.int64)))


@invariant("L05")
def calls_fail_for_want_of_room(book: Book) -> pd.DataFrame:
    """A job whose first RunTask call failed found no instance of its environments with room, all that ran in place."""
    waits, alone = book.waits, _without_queue(book)
    alone &= take(book.submissions.codes("consumables"), book.call, 0) == _needs_nothing(book)
    failed = alone[waits.job] & (waits.end_ms > waits.begin_ms)
    found = np.flatnonzero(failed & ~np.isin(waits.begin_ms, _at_once(book)))
    if not len(found):
        return book.jobs.rows(found)
    queue, job = book.jobs.codes("queue")[waits.job[found]], waits.job[found]
    sizes, bad = [book.jobs.milli(column)[job] for column in SIZES], [np.zeros(0, np.int64)]
    held = cache(partial(holds, book))
    for alike in commonest(combined(queue, *sizes), EFFORT // (len(book.attempts) + 1)):
        shape = tuple(int(size[alike[0]]) for size in sizes)
        served = book.settings.served_by(book.jobs.words("queue")[queue[alike[0]]])
        rooms = (stretches(held(name), shape) for name in _open(book, served, shape[0]))
        bad += [job[alike[each.at(waits.begin_ms[found[alike]])]] for each in rooms]
    return book.jobs.rows(np.unique(np.concatenate(bad)))


def _at_once(book: Book) -> Int64s:
    """Instants in which one instance was lost and another launched and READY: nobody tells whether before a call."""
    instances = book.instances
    ready = instances.ms("ready_at_s")
    return np.intersect1d(ready[instances.ms("launched_at_s") == ready], instances.ms("ended_at_s"))


def _needs_nothing(book: Book) -> int:
    """The code of calls that need no consumable resource, for want of which a call may fail as well."""
    words = book.submissions.words("consumables")
    return words.index("") if "" in words else -1


def _open(book: Book, names: tuple[str, ...], vcpus_milli: int) -> list[str]:
    """Environments that were ENABLED throughout, and take a job of this size at all."""
    settings = book.settings
    disabled = {name for name in names if settings.environments[name].get("state") == "DISABLED"}
    disabled |= {name for name in names if vcpus_milli > 1000 * int(settings.resources(name)["maxvCpus"])}
    touched = {str(action["set"]) for action in book.settings.actions if "set" in action}
    return [name for name in names if name not in disabled and not any(name in path.split(".") for path in touched)]


def _without_queue(book: Book) -> Bools:
    names = [name for name in book.jobs.words("queue") if book.settings.is_without_queue(name)]
    return book.jobs.among("queue", *names)


def _gave_up(book: Book) -> Bools:
    reasons = [reason for reason in book.jobs.words("reason") if reason.startswith(GAVE_UP)]
    return book.jobs.among("state", "FAILED") & book.jobs.among("reason", *reasons)


INVARIANTS = (
    fleets_stand,
    fleets_are_as_listed,
    calls_are_made_without_a_queue,
    back_offs_are_the_scenarios,
    calls_fail_for_want_of_room,
)
