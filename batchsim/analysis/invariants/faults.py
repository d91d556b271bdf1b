"""Faults of the plan: they strike what they select, in their window, as they say, and nothing else goes so wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, first_match, sums, take
from batchsim.analysis.invariants.names import lookup
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError, duration_ms
from batchsim.analysis.typed import MISSING, Bools, Int64s, Table

Line = Mapping[str, Any]
"""A fault as the scenario has it."""
KIND_OF = {"instance_failure": "instance_failure", "zone_outage": "az_outage", "boot_failure": "boot_failure"}
"""By what ended an instance, the kind of fault that does so."""
DETECT_MS = 600_000
"""How long an instance that never registers is waited for, if its fault does not say."""
FASTEST = 10**18
"""In trillionths: however many faults speed an instance up."""
MOST_SLOW = 8
"""Slow faults in one plan beyond which their products are too many to list."""


def selected(book: Book, select: Line) -> Bools:
    """Instances that a fault's target fits; keys that are absent fit all."""
    instances = book.instances
    chosen = np.ones(len(instances), np.bool_)
    for key in ("environment", "zone"):
        if select.get(key) is not None:
            chosen &= instances.among(key, str(select[key]))
    if select.get("type") is not None:
        chosen &= instances.among("type", *(w for w in instances.words("type") if fnmatchcase(w, str(select["type"]))))
    if select.get("spot") is not None:
        chosen &= instances.flag("spot") == bool(select["spot"])
    if select.get("ordinal") is not None:
        chosen &= instances.number("ordinal") == int(select["ordinal"])
    return chosen


def fits_type(fault: Line, type_: str) -> bool:
    """Whether a fault's target fits an instance type, as far as the type goes."""
    return fnmatchcase(type_, str(_target(fault).get("type") or "*"))


def labels(book: Book) -> dict[str, Line]:
    """The plan's faults by what the tables call them."""
    return {fault.get("name") or f"faults[{number}]": fault for number, fault in enumerate(book.settings.faults)}


def window_ms(fault: Line) -> tuple[int, int]:
    """From when to when a fault acts."""
    start = duration_ms("at", fault.get("at", 0))
    return start, FAR if fault.get("for") is None else start + duration_ms("for", fault["for"])


def within(instant_ms: Int64s, fault: Line) -> Bools:
    """Which instants lie in a fault's window."""
    start, end = window_ms(fault)
    return np.asarray((instant_ms >= start) & (instant_ms < end))


def of_kind(book: Book, *kinds: str) -> Iterator[Line]:
    """The plan's faults of these kinds."""
    return (fault for fault in book.settings.faults if fault.get("kind") in kinds)


def without_ordinal(fault: Line) -> Line:
    """A fault's target, of which it is not said which instance it is."""
    return {key: value for key, value in _target(fault).items() if key != "ordinal"}


def _target(fault: Line) -> Line:
    return fault.get("select") or {}


def slowed(book: Book, speeds: Sequence[int]) -> list[int]:
    """These speeds, in trillionths, and what every set of slow faults makes of them."""
    factors = [float(fault.get("factor") or 1) for fault in of_kind(book, "slow_instance")]
    if len(factors) > MOST_SLOW:
        raise CannotTellError("there are too many slow_instance faults to tell what they make of a speed")
    found = set(speeds)
    for factor in factors:
        found |= {min(max(1, round(speed / factor)), FASTEST) for speed in found}
    return sorted(found)


def may_not_register(book: Book) -> Bools:
    """Instances that a fault may keep from registering."""
    found = np.zeros(len(book.instances), np.bool_)
    for fault in of_kind(book, "boot_failure"):
        found |= selected(book, _target(fault)) & within(book.instances.ms("launched_at_s"), fault)
    return found


def forced_exits(book: Book) -> Bools:
    """Attempts whose exit code is a fault's."""
    row = _attempts_of(book)
    found = np.zeros(len(book.attempts) + 1, np.bool_)
    found[row[fault_table(book).among("effect", "exit_forced")]] = True
    return found[:-1]


def stalled_ms(book: Book, from_ms: Int64s, until_ms: Int64s) -> Int64s:
    """How much of each stretch of time lies in stalls; where these overlap it counts twice."""
    total = np.zeros(len(from_ms), np.int64)
    for start, end in map(window_ms, of_kind(book, "scheduler_stall")):
        total += np.maximum(0, np.minimum(until_ms, end) - np.maximum(from_ms, start))
    return total


def pass_slack_ms(book: Book) -> int:
    """How much longer than a scheduler cycle a pass may be away: the windows of all stalls."""
    return sum(end - start for start, end in map(window_ms, of_kind(book, "scheduler_stall")))


@invariant("X01")
def faults_take_what_they_select(book: Book) -> pd.DataFrame:
    """An instance that failed, or went with its zone, fits a fault of that kind in its window.

    One instance fails at the instant of its fault, a part of a fleet or a zone at the beginning of the window.
    """
    instances = book.instances
    ended, told = instances.ms("ended_at_s"), np.zeros(len(instances), np.bool_)
    for fault in of_kind(book, "instance_failure", "az_outage"):
        if fault.get("running") == "keep":
            continue
        word = next(why for why, kind in KIND_OF.items() if kind == fault["kind"])
        fits = instances.among("why_ended", word) & selected(book, _target(fault)) & within(ended, fault)
        at_once = fault.get("mtbf") is None
        told |= fits & ((ended == window_ms(fault)[0]) | (not at_once))
    taken = instances.among("why_ended", "instance_failure", "zone_outage")
    return instances.rows(taken & ~told)


@invariant("X02")
def nothing_lives_in_a_zone_that_is_out(book: Book) -> pd.DataFrame:
    """While a zone is out nothing of it is launched, and nothing outlives its start but where the outage keeps it."""
    instances, wrong = book.instances, np.zeros(len(book.instances), np.bool_)
    launched, ended = instances.ms("launched_at_s"), book.until_horizon(instances.ms("ended_at_s"))
    for fault in of_kind(book, "az_outage"):
        start, end = window_ms(fault)
        overlaps = (launched < end) & (ended > start)
        if fault.get("running") == "keep":
            overlaps &= launched >= start
        if start < book.horizon_ms:
            wrong |= selected(book, _target(fault)) & overlaps
    return instances.rows(wrong)


@invariant("X03")
def lost_hosts_end_what_is_on_them(book: Book) -> pd.DataFrame:
    """A host that is lost to a fault ends exactly the attempts on it at that instant, and none elsewhere.

    But for those that ended themselves at SIGTERM in that very instant.
    """
    attempts = book.attempts
    taken = np.append(book.instances.among("why_ended", *KIND_OF), False)[book.host]
    gone = take(book.instances.ms("ended_at_s"), book.host)
    lost = attempts.among("outcome", "host_lost")
    cut = taken & (gone == book.end_ms) & attempts.among("outcome", "reclaimed", "open")
    cut &= attempts.ms("sigterm_at_s") != book.end_ms
    return attempts.rows((lost & ~(taken & (gone == book.end_ms))) | (taken & (book.end_ms > gone)) | cut)


@invariant("X04")
def boot_failures_are_detected_in_time(book: Book) -> pd.DataFrame:
    """An instance that never registered is given up detect_after its launch, was never READY, and is billed or not."""
    instances = book.instances
    launched, ended = instances.ms("launched_at_s"), instances.ms("ended_at_s")
    free = instances.ms("billed_from_s") == MISSING
    told = np.zeros(len(instances), np.bool_)
    for fault in of_kind(book, "boot_failure"):
        after = duration_ms("detect_after", fault.get("detect_after") or DETECT_MS)
        fits = selected(book, _target(fault)) & within(launched, fault) & (ended - launched == after)
        told |= fits & (free | (fault.get("billed") is not False))
    failed = instances.among("why_ended", "boot_failure")
    return instances.rows(failed & ~(told & (instances.ms("ready_at_s") == MISSING)))


@invariant("X12")
def launches_keep_to_a_throttle(book: Book) -> pd.DataFrame:
    """While EC2 throttles calls, no stretch of time has more launches than the burst and what came in since."""
    instances, wrong = book.instances, np.zeros(len(book.instances), np.bool_)
    launched = instances.ms("launched_at_s")
    asked = ~instances.among("why_launched", "fleet", "replacement")
    for fault in of_kind(book, "api_throttle"):
        mine = asked & selected(book, _target(fault)) & within(launched, fault)
        rows = np.flatnonzero(mine)[np.argsort(launched[mine], kind="stable")]
        per_ms = Fraction(str(fault["tps"])) / 1000
        earned = [number - per_ms * at for number, at in enumerate(launched[rows].tolist())]
        least = list(accumulate(earned, min))
        burst = int(fault.get("burst") or 1)
        late = [last + 1 - first > burst for last, first in zip(earned, least, strict=True)]
        wrong[rows] |= np.array(late, np.bool_)
    return instances.rows(wrong)


@invariant("X05")
def nothing_is_placed_in_a_stall(book: Book) -> pd.DataFrame:
    """While the scheduler stalls no job starts, but for those that clients without a queue start themselves."""
    attempts, wrong = book.attempts, np.zeros(len(book.attempts), np.bool_)
    for fault in of_kind(book, "scheduler_stall"):
        wrong |= within(attempts.ms("starting_at_s"), fault)
    own = [word for word in attempts.words("queue") if book.settings.is_without_queue(word)] if wrong.any() else []
    return attempts.rows(wrong & ~attempts.among("queue", *own))


@invariant("X09")
def bad_exits_have_their_fault(book: Book) -> pd.DataFrame:
    """An attempt that a fault let fail ended by itself, with the fault's code, and had started in the fault's window.

    One whose image could not be pulled never ran, and says so.
    """
    faults, attempts = fault_table(book), book.attempts
    row = _attempts_of(book)
    forced, unpulled = faults.among("effect", "exit_forced"), faults.among("effect", "pull_failed")
    wrong = (forced | unpulled) & ((row < 0) | (take(book.end_ms, row) != faults.ms("at_s")))
    outcome = np.append(attempts.text("outcome"), "")[row]
    wrong |= (forced & (outcome != "failed")) | (unpulled & (outcome != "start_failed"))
    reason = np.append(attempts.text("reason"), "")[row]
    wrong |= unpulled & ~np.array([text.startswith("CannotPullContainerError") for text in reason], np.bool_)
    for name, fault in labels(book).items():
        mine = faults.among("fault", name) & forced
        code = take(attempts.number("exit_code"), row)
        started = take(attempts.ms("starting_at_s"), row)
        wrong |= mine & ((code != int(fault.get("code") or 1)) | ~within(started, fault))
    return faults.rows(wrong)


@invariant("X10")
def no_pull_fails_without_its_fault(book: Book) -> pd.DataFrame:
    """Each attempt whose image could not be pulled is in the table of faults, and no attempt is there twice."""
    attempts, row = book.attempts, _attempts_of(book)
    hit = fault_table(book).among("effect", "exit_forced", "pull_failed") & (row >= 0)
    seen = sums(row[hit], np.ones(int(hit.sum()), np.int64), len(attempts))
    unpulled = attempts.starting("reason", "CannotPullContainerError")
    return attempts.rows((unpulled & (seen == 0)) | (seen > 1))


def _attempts_of(book: Book) -> Int64s:
    """The attempt of each row of the table of faults, -1 without one."""
    faults, attempts = fault_table(book), book.attempts
    if not len(faults):
        return np.zeros(0, np.int64)
    known = book.job >= 0
    keys = np.where(known, book.job * 2**24 + attempts.number("attempt"), -1)
    job = lookup(faults, "job_id", book.jobs, "job_id")
    wanted = np.where(job >= 0, job * 2**24 + faults.number("attempt"), -2)
    return first_match(wanted, keys)


@invariant("X11")
def poison_jobs_never_succeed(book: Book) -> pd.DataFrame:
    """A job that was poison for every one of its attempts has not succeeded, and none of them ran past its fault."""
    attempts, wrong = book.attempts, np.zeros(len(book.attempts), np.bool_)
    for fault in of_kind(book, "poison_job"):
        if set(_target(fault)) - {"job"}:
            continue
        struck = _selected_jobs(book, str(_target(fault)["job"]))[book.job] & within(
            attempts.ms("starting_at_s"), fault
        )
        wrong |= struck & attempts.among("outcome", "succeeded") & (attempts.ms("sigterm_at_s") == MISSING)
    return attempts.rows(wrong & (book.job >= 0))


def _selected_jobs(book: Book, pattern: str) -> Bools:
    """Jobs that a pattern fits by their id, their call's or their entry's; one row more, for no job."""
    jobs = book.jobs
    names = zip(jobs.text("job_id"), jobs.text("entry"), strict=True)
    fits = [any(fnmatchcase(word, pattern) for word in (name, name.partition(":")[0], entry)) for name, entry in names]
    return np.array([*fits, False], np.bool_)


@invariant("X06")
def a_whole_fleet_goes_at_once(book: Book) -> pd.DataFrame:
    """A fault that takes all of what it selects leaves nothing of it that was on before."""
    instances, wrong = book.instances, np.zeros(len(book.instances), np.bool_)
    launched, ended = instances.ms("launched_at_s"), book.until_horizon(instances.ms("ended_at_s"))
    for fault in of_kind(book, "spot_reclaim", "instance_failure"):
        if fault.get("fraction") is not None and float(fault["fraction"]) >= 1:
            at, _ = window_ms(fault)
            mine = selected(book, _target(fault))
            mine &= instances.flag("spot") | (fault["kind"] == "instance_failure")
            wrong |= mine & (launched < at) & (ended > at) & (at < book.horizon_ms)
    return instances.rows(wrong)


@invariant("X07")
def every_loss_has_its_line(book: Book) -> pd.DataFrame:
    """Each instance that a fault took stands once in the table of faults, at its end, with a fault of that kind."""
    faults, instances = fault_table(book), book.instances
    host = lookup(faults, "instance", instances, "instance")
    lost = faults.among("effect", "instance_lost", "boot_failed")
    kinds = np.append(np.array([*map(_kind_of, instances.text("why_ended"))], dtype=object), "")[host]
    wrong = lost & ((host < 0) | (faults.text("kind") != kinds))
    wrong |= lost & (faults.ms("at_s") != take(instances.ms("ended_at_s"), host))
    if wrong.any():
        return faults.rows(wrong)
    seen = sums(host[lost], np.ones(int(lost.sum()), np.int64), len(instances))
    must = instances.among("why_ended", *KIND_OF)
    return instances.rows((seen > 1) | (must & (seen == 0)))


def _kind_of(why_ended: str) -> str:
    return KIND_OF.get(why_ended, why_ended)


@invariant("X08")
def damage_adds_up(book: Book) -> pd.DataFrame:
    """What the summary says of each fault is the sum of its lines in the table of faults."""
    faults = fault_table(book)
    told = {each["fault"]: each for each in book.summary.get("faults") or ()}
    wrong = ~faults.among("fault", *told)
    for name, each in told.items():
        rows = np.flatnonzero(faults.among("fault", name))
        found = (
            int(faults.number("attempts_lost")[rows].sum()),
            int(faults.ms("wasted_s")[rows].sum()),
            int(faults.nano("wasted_usd")[rows].sum()),
        )
        said = (each["attempts_lost"], round(each["wasted_s"] * 1000), round(each["wasted_usd"] * 10**9))
        wrong[rows] |= found != said or len(rows) != sum(each["events"].values())
    if not wrong.any() and not set(told) <= set(faults.words("fault")):
        return pd.DataFrame([{"fault": name} for name in told if name not in faults.words("fault")])
    return faults.rows(wrong)


def fault_table(book: Book) -> Table:
    """The table of faults; where nothing struck there is none."""
    return book.faults if book.faults.has("effect") else Table("faults", pd.DataFrame(columns=_COLUMNS, dtype=str))


_COLUMNS = (
    "at_s", "fault", "kind", "effect", "environment", "instance", "job_id", "attempt", "attempts_lost", "wasted_s",
    "wasted_usd",
)  # fmt: skip

INVARIANTS = (
    faults_take_what_they_select,
    nothing_lives_in_a_zone_that_is_out,
    lost_hosts_end_what_is_on_them,
    boot_failures_are_detected_in_time,
    nothing_is_placed_in_a_stall,
    a_whole_fleet_goes_at_once,
    every_loss_has_its_line,
    damage_adds_up,
    bad_exits_have_their_fault,
    no_pull_fails_without_its_fault,
    poison_jobs_never_succeed,
    launches_keep_to_a_throttle,
)
