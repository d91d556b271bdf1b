"""Attempts that fail by chance: how many a job makes, and whether an array comes through (T14)."""

from __future__ import annotations

from functools import partial
from math import ceil, sqrt

from batchsim.records.vocabulary import JobState
from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import PRECISION_PROBABILITY, REPLICATIONS, Case, Data, Measured, mean, probability
from batchsim.selftest.formulas import retries as theory

JOBS = 600
"""A replication: enough to tell one attempt more or less, at any probability of success between 0.5 and 0.95."""
SLOTS = 1000
_EXTRA = 4
"""Standard deviations by which more arrays than usual may fail before an interval becomes too wide."""


def one_array(jobs: int, success: float, attempts: int, scale: float) -> tuple[Data, ...]:
    """So many jobs, of which it does not matter that they are children of one array."""
    return flaky(max(2, round(jobs * scale)), success, attempts, 1, 1)


def flaky(size: int, success: float, attempts: int, arrays: int, scale: float) -> tuple[Data, ...]:
    """Arrays of jobs of a second, each attempt of which fails by chance."""
    fails = [{"probability": round(1 - success, 12), "exit_code": 1}] if success < 1 else []
    submit = {"retryStrategy": {"attempts": attempts}}
    entry = stage.entry("work", "1s", size=size, count=ceil(arrays * scale), submit=submit, fails=fails)
    hosts = stage.fixed(SLOTS, types=(f"box.{SLOTS}",))
    return (stage.scenario("retries", [entry], [hosts], around=stage.world((SLOTS,))),)


def outcomes(result: Result) -> Measured:
    """Attempts a job and an array, and the shares of both that succeeded."""
    jobs, calls = result.records.jobs, result.records.submissions
    return {
        "E[attempts]": float(jobs.attempts.mean()),
        "P(1 attempt)": float((jobs.attempts == 1).mean()),
        "P(success)": float((jobs.state == JobState.SUCCEEDED).mean()),
        "P(array)": float((calls.state == JobState.SUCCEEDED).mean()),
        "E[attempts of an array]": float(jobs.attempts.sum() / len(calls.state)),
    }


def single_jobs(id_: str, success: float, attempts: int, jobs: int = JOBS) -> Case:
    """Jobs that may be tried several times: attempts made, and whether one succeeds at all."""
    return Case(
        id_,
        f"an attempt succeeds with probability {success:g}, {attempts} allowed",
        "E = (1 - q^n)/p, P(success) = 1 - q^n",
        (
            mean("E[attempts]", theory.attempts(success, attempts), ""),
            probability("P(success)", theory.success_within(success, attempts)),
            probability("P(1 attempt)", theory.used_exactly(success, attempts, 1)),
        ),
        partial(one_array, jobs, success, attempts),
        outcomes,
        jobs=round(jobs * theory.attempts(success, attempts)),
    )


def arrays(id_: str, size: int, success: float, attempts: int) -> Case:
    """Arrays, which succeed if all their children do."""
    whole = theory.array_success(success, attempts, size)
    count = arrays_needed(whole)
    each = size * theory.attempts(success, attempts)
    return Case(
        id_,
        f"an array of {size}, an attempt succeeds with probability {success:g}, {attempts} allowed",
        "P(array) = (1 - q^n)^size, E = size (1 - q^n)/p",
        (
            probability("P(array)", whole),
            probability("P(success)", theory.success_within(success, attempts)),
            mean("E[attempts of an array]", each, ""),
        ),
        partial(flaky, size, success, attempts, count),
        outcomes,
        jobs=round(each * count),
        heavy=each * count * REPLICATIONS > 1_000_000,
    )


def arrays_needed(whole: float) -> int:
    """Arrays a replication, so that the interval is narrow enough even where chance makes it wider than usual.

    That is by half where failures (or successes) are common, and by a few more of them where they are rare.
    """
    rarer = min(whole, 1 - whole)
    for count in range(1, 100_000):
        number = count * REPLICATIONS
        more = min(0.5, rarer + _EXTRA * sqrt(rarer * (1 - rarer) / number) + 2 / number)
        spread = max(1.5 * sqrt(rarer * (1 - rarer)), sqrt(more * (1 - more)))
        if 2.045 * spread / sqrt(number) <= PRECISION_PROBABILITY:
            return count
    return 100_000


def cases() -> list[Case]:
    """T14."""
    return [
        single_jobs("T14.1", 0.7, 1),
        single_jobs("T14.2", 0.7, 3),
        single_jobs("T14.3", 0.9, 5),
        arrays("T14.5", 1000, 0.99, 3),
    ]
