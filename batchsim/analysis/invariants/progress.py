"""How far attempts got in their jobs' work: speeds, checkpoints, restores, and what containers did at a Spot notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import FAR, Book, take
from batchsim.analysis.invariants.faults import slowed
from batchsim.analysis.invariants.references import FARGATE, RETIRED
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import duration_ms
from batchsim.analysis.typed import MISSING, NO_ROWS, Bools, Int64s

LENGTHS = ("restore_s", "checkpoint_s", "kept_s", "unkept_s")
"""What RUNNING is spent on."""
UNIT = 10**12
"""Speeds are in trillionths."""
A_THOUSANDTH = UNIT // 1_000


def running_ms(work_ms: Int64s, speed: Int64s) -> Int64s:
    """Work over speed, rounded half to even, at least a millisecond for any work.

    Exact at the speeds that a scenario may give, which are whole thousandths; at those that a fault makes of them, no
    length of time stands halfway between two milliseconds but by chance.
    """
    milli, finer = np.divmod(speed, A_THOUSANDTH)
    quotient, rest = np.divmod(work_ms * 1_000, np.maximum(milli, 1))
    exact = quotient + ((2 * rest > milli) | ((2 * rest == milli) & (quotient % 2 == 1)))
    slowed = np.rint(work_ms / (speed / UNIT)).astype(np.int64) if finer.any() else exact
    return np.where(work_ms > 0, np.maximum(np.where(finer == 0, exact, slowed), 1), 0)


def scripted(book: Book) -> Bools:
    """Attempts of entries whose run is a script of outcomes: each of its steps has a length of its own."""
    return _of_entry(book, _is_scripted).astype(np.bool_)


def _is_scripted(entry: Mapping[str, Any]) -> bool:
    run = entry.get("run")
    return isinstance(run, Mapping) and bool({"script", "scripts"} & run.keys())


def _of_entry(book: Book, tell: Callable[[Mapping[str, Any]], int]) -> Int64s:
    """What each attempt's entry says; without a scenario, what an empty entry would."""
    entries = book.settings.entries if book.settings.is_known else {}
    told = [tell(entries.get(word, {})) for word in book.jobs.words("entry")]
    of_job = np.array([*told, tell({})], np.int64)[book.jobs.codes("entry")]
    return np.append(of_job, tell({}))[book.job]


def _rule(book: Book, key: str) -> Int64s:
    """A duration of each attempt's checkpoint; MISSING where there is none."""

    def tell(entry: Mapping[str, Any]) -> int:
        given = entry.get("checkpoint") or {}
        return duration_ms(key, given[key]) if given.get(key) is not None else MISSING

    book.settings.need()
    return _of_entry(book, tell)


def _running(book: Book) -> Int64s:
    running = book.attempts.ms("running_at_s")
    return np.where(running == MISSING, 0, book.end_ms - running)


def _tracked(book: Book) -> Bools:
    """Attempts of which it is known how far they got in the work."""
    return np.asarray(book.attempts.ms("work_from_s") != MISSING)


def _work(book: Book) -> tuple[Int64s, Int64s, Int64s]:
    """Where each attempt began in its job's work, up to where it saved it, and up to where it did it."""
    attempts = book.attempts
    return attempts.ms("work_from_s"), attempts.ms("work_saved_s"), attempts.ms("work_done_s")


def cut_short(book: Book) -> Bools:
    """Attempts that succeeded at SIGTERM."""
    answered = book.attempts.ms("sigterm_at_s")
    return np.asarray(book.attempts.among("outcome", "succeeded") & (answered != MISSING) & (answered == book.end_ms))


@invariant("P01")
def running_adds_up(book: Book) -> pd.DataFrame:
    """RUNNING is the sum of restoring, writing checkpoints, saved and unsaved work, and none of them is negative."""
    left, wrong = _running(book), np.zeros(len(book.attempts), np.bool_)
    for name in LENGTHS:
        wrong |= book.attempts.ms(name) < 0
        left = left - book.attempts.ms(name)
    return book.attempts.rows(wrong | (left != 0))


@invariant("P02")
def positions_are_in_order(book: Book) -> pd.DataFrame:
    """An attempt saves no more than was done, loses nothing that was saved, and does no more than its job's work."""
    began, saved, done = _work(book)
    work = take(book.jobs.ms("work_s"), book.job)
    wrong = (began < 0) | (saved < began) | (done < saved) | ((done > work) & ~scripted(book))
    return book.attempts.rows(wrong & _tracked(book))


@invariant("P03")
def attempts_go_on_where_work_was_saved(book: Book) -> pd.DataFrame:
    """A first attempt begins at the beginning of the work, each other one where the one before it had saved it."""
    before, after = book.pairs
    began, saved, _ = _work(book)
    wrong = _tracked(book) & (book.attempts.number("attempt") == 1) & (began != 0)
    wrong[after[(began != MISSING)[after] & (began[after] != saved[before])]] = True
    return book.attempts.rows(wrong)


@invariant("P04")
def only_saved_work_is_restored(book: Book) -> pd.DataFrame:
    """An attempt restores before anything else, as long as its entry says, and only if something was saved."""
    began, _, _ = _work(book)
    wanted = np.where(began > 0, np.maximum(_rule(book, "restore"), 0), 0)
    return book.attempts.rows(book.attempts.ms("restore_s") != np.minimum(wanted, _running(book)))


@invariant("P05")
def checkpoints_come_when_due(book: Book) -> pd.DataFrame:
    """A checkpoint is written after every so much work, but for the end, and takes what it costs.

    Another one may be written at a Spot notice.
    """
    began, saved, done = _work(book)
    every, cost = _rule(book, "every"), np.maximum(_rule(book, "cost"), 0)
    spent, alone = book.attempts.ms("checkpoint_s"), book.attempts.ms("sigterm_at_s") == MISSING
    step = np.where(every > 0, every, 2**61)
    count, over = np.divmod(np.where(_tracked(book), saved - began, 0), step)
    due = np.maximum(np.where(_tracked(book), done - began, 0) - 1, 0) // step
    wrong = alone & ((over != 0) | (count < due) | (count > due + 1))
    wrong |= alone & ((spent < count * cost) | (spent > (count + 1) * cost))
    finished = book.attempts.among("outcome", "succeeded", "failed") & alone
    finished &= ~book.attempts.among("status_reason", RETIRED)
    wrong |= finished & ((count != due) | (spent != count * cost))
    return book.attempts.rows(wrong | (~_tracked(book) & (spent != 0)))


@invariant("P06")
def work_takes_its_time(book: Book) -> pd.DataFrame:
    """Working time is work over the speed of the instance or task."""
    attempts, speed = book.attempts, book.attempts.pico("speed")
    began, saved, done = _work(book)
    rows = np.flatnonzero(_tracked(book))
    kept, whole = attempts.ms("kept_s"), attempts.ms("kept_s") + attempts.ms("unkept_s")
    alone = attempts.ms("sigterm_at_s")[rows] == MISSING
    wrong = alone & (kept[rows] != running_ms((saved - began)[rows], speed[rows]))
    # Up to three stretches of work, each rounded: half a millisecond of time, and up to one of work cut off at its end.
    pace = speed[rows] / UNIT
    off = np.abs(whole[rows] * pace - (done - began)[rows])
    return attempts.rows(rows[wrong | (off > 3 * (pace + 1) + 1e-6)])


@invariant("P07")
def success_is_all_of_the_work(book: Book) -> pd.DataFrame:
    """An attempt that succeeds has done all of its job's work, unless it exits 0 at SIGTERM."""
    _, _, done = _work(book)
    work = take(book.jobs.ms("work_s"), book.job)
    judged = book.attempts.among("outcome", "succeeded") & _tracked(book) & ~scripted(book) & ~cut_short(book)
    return book.attempts.rows(judged & (done != work))


@invariant("P08")
def sigterm_is_answered_at_the_notice(book: Book) -> pd.DataFrame:
    """A container answers SIGTERM only while it runs: at a notice of Spot's, its timeout, or when it is terminated."""
    attempts, answered = book.attempts, book.attempts.ms("sigterm_at_s")
    told = take(book.instances.ms("notice_at_s"), book.host) == answered
    told |= attempts.among("environment_kind", "FARGATE_SPOT") | attempts.among("outcome", "terminated")
    running = attempts.ms("running_at_s")
    told |= answered - running >= np.where(_limit(book) == MISSING, FAR, _limit(book))
    during = (running != MISSING) & (answered >= running) & (answered <= book.end_ms)
    return attempts.rows((answered != MISSING) & ~(told & during))


def _limit(book: Book) -> Int64s:
    """The timeout of each attempt's job, MISSING without one."""
    return take(take(book.submissions.ms("timeout_s"), book.call), book.job)


def cut_by_timeout(book: Book) -> Bools:
    """Attempts that succeeded at their timeout's SIGTERM."""
    ran = book.end_ms - book.attempts.ms("running_at_s")
    return np.asarray(cut_short(book) & (_limit(book) != MISSING) & (ran >= _limit(book)))


@invariant("P09")
def speeds_are_the_worlds(book: Book) -> pd.DataFrame:
    """Work is done at the speed that the world gives the type, else its family, else an architecture, else 1.

    A fault may slow an instance down, for life.
    """
    attempts, given = book.attempts, book.settings.world("speed")
    known = {word: round(float(value) * 1_000) * A_THOUSANDTH for word, value in given.items()}
    general = [UNIT, *(known[word] for word in ("x86_64", "arm64") if word in known)]

    @cache
    def allowed(kind: str) -> list[int]:
        exact = next((known[word] for word in (kind, kind.partition(".")[0]) if word in known), None)
        return slowed(book, general if exact is None else [exact])

    speed, kinds = attempts.pico("speed"), attempts.codes("type")
    wrong = np.zeros(len(attempts), np.bool_)
    for code, kind in enumerate(attempts.words("type")):
        wrong |= (kinds == code) & ~_is_among(speed, allowed(kind))
    return attempts.rows(wrong | (book.on_host & (speed != take(book.instances.pico("speed"), book.host))))


def _is_among(speed: Int64s, allowed: list[int]) -> Bools:
    """Whether each is one of these, as floats in a file have them."""
    found = np.isin(speed, allowed)
    for each in allowed if not found.all() else ():
        found |= np.abs(speed - each) <= 1e-12 * each
    return found


@invariant("P10")
def drained_instances_take_no_jobs(book: Book) -> pd.DataFrame:
    """With spot_drain nothing starts on an instance after its notice."""
    if not book.settings.world("spot_drain"):
        return NO_ROWS
    notice = take(book.instances.ms("notice_at_s"), book.host)
    late = book.on_host & (notice != MISSING) & (book.attempts.ms("starting_at_s") > notice)
    return book.attempts.rows(late & ~book.attempts.among("environment_kind", *FARGATE))


INVARIANTS = (
    running_adds_up,
    positions_are_in_order,
    attempts_go_on_where_work_was_saved,
    only_saved_work_is_restored,
    checkpoints_come_when_due,
    work_takes_its_time,
    success_is_all_of_the_work,
    sigterm_is_answered_at_the_notice,
    speeds_are_the_worlds,
    drained_instances_take_no_jobs,
)
