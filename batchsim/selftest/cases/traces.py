"""Traces in whole milliseconds of which every wait is known (T9)."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from batchsim.result import Result
from batchsim.selftest.case import Case, Data, Measured, exact
from batchsim.selftest.cases.measures import Steady
from batchsim.selftest.cases.queueing import pool
from batchsim.selftest.formulas.paths import kiefer_wolfowitz, lcg_trace
from batchsim.selftest.stage import entry

Numbers = tuple[int, int, int, int, int]
"""Jobs, least and greatest gap, least and greatest service in ms."""


def replayed(slots: int, numbers: Numbers, _scale: float) -> tuple[Data, ...]:
    """An entry for each job of the trace, on a warm pool."""
    jobs = enumerate(lcg_trace(*numbers))
    return (pool("trace", slots, [entry(f"job{n}", f"{took}ms", at=f"{at}ms") for n, (at, took) in jobs]),)


def every_wait(result: Result) -> Measured:
    """The waits in ms, in order of arrival."""
    jobs = Steady(result, 0)
    return described((jobs.started_ms - jobs.came_ms).tolist(), int(jobs.ended_ms.max()))


def described(waits: list[int], makespan: int) -> dict[str, int | str | tuple[int, ...]]:
    """Figures of a list of waits in ms; the digest is of the decimals, joined by commas."""
    digest = sha256(",".join(map(str, waits)).encode()).hexdigest()
    return {
        "sum of waits": sum(waits),
        "longest wait": max(waits),
        "jobs that wait": sum(wait > 0 for wait in waits),
        "makespan": makespan,
        "first ten": tuple(waits[:10]),
        "sha256": digest,
    }


def trace(id_: str, slots: int, numbers: Numbers) -> Case:
    """G/G/c on a trace of :func:`~batchsim.selftest.formulas.paths.lcg_trace`."""
    jobs = list(lcg_trace(*numbers))
    waits = kiefer_wolfowitz(jobs, slots)
    makespan = max(at + took + wait for (at, took), wait in zip(jobs, waits, strict=True))
    units = {"jobs that wait": "", "first ten": "", "sha256": ""}
    expected = described(waits, makespan)
    return Case(
        id_,
        f"G/G/{slots} on a trace of {numbers[0]} jobs, first come first served",
        "Kiefer-Wolfowitz recursion in integer ms",
        tuple(exact(name, value, units.get(name, "ms")) for name, value in expected.items()),
        partial(replayed, slots, numbers),
        every_wait,
        replications=1,
        jobs=len(jobs),
    )


def cases() -> list[Case]:
    """T9."""
    return [trace("T9.1", 1, (1000, 0, 2000, 1, 1800)), trace("T9.2", 3, (5000, 0, 1000, 100, 2700))]
