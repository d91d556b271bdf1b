"""Which attempts are followed by another: attempts allowed, evaluateOnExit, timeouts, reclaims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from batchsim.analysis.invariants.book import Book, sums, take
from batchsim.analysis.invariants.names import agree, first_rows
from batchsim.analysis.invariants.progress import running_ms, scripted
from batchsim.analysis.invariants.registry import invariant
from batchsim.analysis.invariants.settings import CannotTellError
from batchsim.analysis.invariants.sweep import combined
from batchsim.analysis.typed import MISSING, Bools, Int64s

RETRIABLE = ("failed", "start_failed", "reclaimed", "host_lost")
"""Outcomes after which AWS Batch retries at all (User Guide, "Automated job retries")."""


@invariant("I08")
def attempts_within_allowance(book: Book) -> pd.DataFrame:
    """No job uses more attempts than it is allowed."""
    allowed = book.jobs.number("attempts_allowed")
    return book.jobs.rows((_used(book) > allowed) & (allowed != MISSING))


def _used(book: Book) -> Int64s:
    """Attempts that count: start failures only if ``count_start_failures``."""
    rows = book.by_job
    counted = np.ones(len(rows), np.int64)
    try:
        if not book.settings.world("count_start_failures"):
            counted = 1 - book.attempts.among("outcome", "start_failed")[rows].astype(np.int64)
    except CannotTellError:
        pass
    return sums(book.job[rows], counted, len(book.jobs))


@invariant("I13")
def success_is_the_whole_work(book: Book) -> pd.DataFrame:
    """A container that exits 0 ran exactly its job's work, at its instance's speed; P07 judges those that save it."""
    attempts = book.attempts
    work = take(book.jobs.ms("work_s"), book.job)
    ran = book.end_ms - attempts.ms("running_at_s")
    judged = attempts.among("outcome", "succeeded") & (book.job >= 0) & (work != MISSING) & ~scripted(book)
    judged &= attempts.ms("work_from_s") == MISSING
    rows = np.flatnonzero(judged)
    return attempts.rows(rows[ran[rows] != running_ms(work[rows], attempts.pico("speed")[rows])])


@invariant("I14")
def timeouts_hold(book: Book) -> pd.DataFrame:
    """No attempt runs longer than its timeout and the timeout's lag, and none times out before.

    One that is told to stop for another reason by then may take its time to end.
    """
    attempts = book.attempts
    limit = take(take(book.submissions.ms("timeout_s"), book.call), book.job)
    running = attempts.ms("running_at_s")
    ran = np.where(running == MISSING, 0, book.end_ms - running)
    timed_out = attempts.among("outcome", "timed_out")
    early = timed_out & ((limit == MISSING) | (ran < limit))
    told = attempts.ms("sigterm_at_s")
    in_time = ~timed_out & (told != MISSING) & (told - running <= limit + _lag(book))
    return attempts.rows(early | ((limit != MISSING) & (ran > limit + _lag(book)) & ~in_time))


def _lag(book: Book) -> int:
    """The longest that a timeout may be late, and its container run on; 2**61 where it has no bound."""
    try:
        high = book.settings.bounds_ms("timeout_lag")[1]
        runs_on = book.settings.world("stopped_when") == "exit"
        grace = book.settings.duration_ms("stop_timeout") if runs_on else 0
    except CannotTellError:
        return 2**61
    return 2**61 if high is None else high + grace


@invariant("I14b")
def only_retriable_outcomes_are_retried(book: Book) -> pd.DataFrame:
    """What ended well, timed out or was terminated is never retried."""
    before, _ = book.pairs
    return book.attempts.rows(before[~book.attempts.among("outcome", *RETRIABLE)[before]])


@invariant("I17")
def failures_are_exhausted(book: Book) -> pd.DataFrame:
    """A job that FAILED with its last attempt had used them all, unless evaluateOnExit said EXIT."""
    book.must_follow_aws("retry")
    last = book.last
    known = np.flatnonzero(_failed_with_its_attempt(book))
    left = _used(book)[known] < book.jobs.number("attempts_allowed")[known]
    suspects = known[left]
    if not suspects.size:
        return book.jobs.rows(suspects)
    return book.jobs.rows(suspects[~_says_exit(book, last[suspects])])


def _failed_with_its_attempt(book: Book) -> Bools:
    """Jobs whose last attempt's failure, rather than a cancel between attempts, made them FAILED."""
    last, attempts = book.last, book.attempts
    retriable = np.append(attempts.among("outcome", *RETRIABLE), False)[last]
    together = take(book.end_ms, last) == book.jobs.ms("ended_at_s")
    reason = agree(book.jobs, "reason", attempts, "status_reason", last)
    return np.asarray(book.jobs.among("state", "FAILED") & retriable & together & reason & (last >= 0))


@invariant("I17b")
def exit_rules_are_obeyed(book: Book) -> pd.DataFrame:
    """No attempt follows one for which evaluateOnExit said EXIT."""
    book.must_follow_aws("retry")
    before, _ = book.pairs
    kind = _kinds(book)[book.job[before]]
    ruled = [code for code in np.unique(kind).tolist() if _rules(book, code)]
    suspects = before[np.isin(kind, ruled)]
    return book.attempts.rows(suspects[_says_exit(book, suspects)])


def _kinds(book: Book) -> Int64s:
    """One number for each entry and revision of its job definition, by job."""
    jobs = book.jobs
    return jobs.codes("entry") * (len(jobs.words("definition")) + 1) + jobs.codes("definition")


def _says_exit(book: Book, rows: Int64s) -> Bools:
    """Whether evaluateOnExit says EXIT to each attempt; no match is a retry (API EvaluateOnExit)."""
    attempts, kind = book.attempts, _kinds(book)[book.job[rows]]
    codes = (attempts.codes(column)[rows] for column in ("status_reason", "reason"))
    ending = combined(kind, *codes, attempts.number("exit_code")[rows])
    rows = rows[first_rows(ending, int(ending.max(initial=-1)) + 1)]  # one attempt for each way to end
    kinds = _kinds(book)[book.job[rows]].tolist()
    rules = {code: _rules(book, code) for code in sorted(set(kinds))}
    nothing_matches = bool(book.settings.world("no_exit_code_matches")) if any(rules.values()) else True
    texts = (attempts.text_of(column, rows).tolist() for column in ("status_reason", "reason"))
    endings = zip(kinds, *texts, attempts.number("exit_code")[rows].tolist(), strict=True)
    said = [_verdict(rules[code], *told, nothing_matches=nothing_matches) == "EXIT" for code, *told in endings]
    return np.array(said, np.bool_)[ending]


def _rules(book: Book, kind: int) -> Sequence[Mapping[str, Any]]:
    """The evaluateOnExit list in force, in the order of asking: SubmitJob's, else that of the definition's revision."""
    jobs, settings = book.jobs, book.settings
    entry, definition = divmod(kind, len(jobs.words("definition")) + 1)
    submit = settings.entries.get(jobs.words("entry")[entry], {}).get("submit")
    if submit is None:
        raise CannotTellError("a job's entry is not in the scenario, so its evaluateOnExit is not known")
    taken = settings.definitions.get(jobs.words("definition")[definition], {})
    strategy = submit.get("retryStrategy") or taken.get("retryStrategy") or {}
    rules: Sequence[Mapping[str, Any]] = strategy.get("evaluateOnExit") or ()
    return rules if not rules or settings.world("retry_rule_order") == "first" else rules[::-1]


def _verdict(rules: Sequence[Mapping[str, Any]], status: str, reason: str, code: int, *, nothing_matches: bool) -> str:
    exit_code = "" if code == MISSING else str(code)
    given = (("onStatusReason", status), ("onReason", reason), ("onExitCode", exit_code))
    for rule in rules:
        if rule.get("onExitCode") is not None and not exit_code and not nothing_matches:
            continue
        if all(_matches(rule.get(key), text) for key, text in given):
            return str(rule["action"]).upper()
    return "RETRY"


def _matches(pattern: Any, text: str) -> bool:
    """Whether a condition of a rule holds; a last ``*`` stands for any rest, an absent condition for anything."""
    if pattern is None:
        return True
    pattern = str(pattern)
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


INVARIANTS = (
    attempts_within_allowance,
    success_is_the_whole_work,
    timeouts_hold,
    only_retriable_outcomes_are_retried,
    failures_are_exhausted,
    exit_rules_are_obeyed,
)
