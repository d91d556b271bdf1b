"""Running cases: replications shared out among processes, the same figures for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import active_children, get_context
from typing import NamedTuple

from batchsim.errors import ExperimentError
from batchsim.processes import born_deaf_to_interrupts, end_with_parent, ignore_interrupts
from batchsim.selftest.case import Case, Measured
from batchsim.selftest.judge import Verdict, judge
from batchsim.selftest.registry import family

SEED = 20_260_101
"""The seed where nobody gives one: a check on each change must not fail by chance."""

LONGER = 4.0
"""How much longer the second run of a case is that failed at a new seed."""

_JOBS_A_PART = 50_000
"""About as many jobs are simulated in one part: less than a process needs for its start would be wasted."""

Told = Callable[[Case, int], None]
"""Hears how many replications of a case have just been finished."""


@dataclass(frozen=True, slots=True)
class Report:
    """A case and what came of each of its quantities."""

    case: Case
    verdicts: tuple[Verdict, ...]
    again: bool = False
    """Whether this was its second run, four times as long."""

    @property
    def ok(self) -> bool:
        """Whether all passed."""
        return all(verdict.ok for verdict in self.verdicts)


def run_case(case: Case, seed: int = SEED, *, judged_among: int | None = None) -> Report:
    """Run one case in this process. ``judged_among``: how many quantities the family has, all cases' by default."""
    part = range(case.first_replication, case.first_replication + case.replications)
    return _report(case, _part(case, seed, part), judged_among)


def run_all(
    cases: Sequence[Case], seed: int = SEED, *, workers: int = 1, told: Told = lambda _case, _count: None
) -> list[Report]:
    """Run these cases, in ``workers`` processes; their order and all figures are the same for any number.

    Raises :class:`ExperimentError` if a process is killed.
    """
    work = [_Work(at, case, part) for at, case in enumerate(cases) for part in parts(case)]
    found: list[dict[int, Measured]] = [{} for _ in cases]
    for done, rows in _in_processes(work, seed, workers) if workers > 1 else _here(work, seed):
        found[done.at].update(zip(done.part, rows, strict=True))
        told(done.case, len(done.part))
    return [_report(case, [rows[r] for r in sorted(rows)], None) for case, rows in zip(cases, found, strict=True)]


def run_twice(
    cases: Sequence[Case], seed: int, *, workers: int = 1, told: Told = lambda _case, _count: None
) -> list[Report]:
    """As :func:`run_all`, for a seed that nobody has tried: what fails is run once more, four times as long.

    The second run has numbers of its own, and counts. Exact values and bounds have no second chance.
    """
    reports = run_all(cases, seed, workers=workers, told=told)
    again = [at for at, report in enumerate(reports) if may_be_chance(report)]
    longer = [replace(cases[at].longer(LONGER), first_replication=cases[at].replications) for at in again]
    for at, report in zip(again, run_all(longer, seed, workers=workers, told=told), strict=True):
        reports[at] = replace(report, again=True)
    return reports


def may_be_chance(report: Report) -> bool:
    """Whether a report failed, and every quantity that did is an estimate."""
    failed = [verdict for verdict in report.verdicts if not verdict.ok]
    return bool(failed) and all(verdict.quantity.kind == "ci" for verdict in failed)


def _report(case: Case, rows: Sequence[Measured], judged_among: int | None) -> Report:
    return Report(case, tuple(judge(case, rows, family() if judged_among is None else judged_among)))


def _part(case: Case, seed: int, part: range) -> list[Measured]:
    """Some replications of a case, one after the other."""
    ready = case.prepare()
    return [case.simulate(seed, replication, ready) for replication in part]


def parts(case: Case) -> list[range]:
    """The replications of a case, in parts of about as many jobs."""
    count = max(1, min(case.replications, case.replications * case.jobs // _JOBS_A_PART))
    bounds = [case.first_replication + case.replications * part // count for part in range(count + 1)]
    return [range(low, high) for low, high in pairwise(bounds)]


class _Work(NamedTuple):
    """Some replications of a case, and its position."""

    at: int
    case: Case
    part: range


_Done = tuple[_Work, list[Measured]]


def _here(work: Sequence[_Work], seed: int) -> Iterator[_Done]:
    return ((each, _part(each.case, seed, each.part)) for each in work)


def _begin() -> None:
    """What a worker does first."""
    ignore_interrupts()
    end_with_parent()


def _in_processes(work: Sequence[_Work], seed: int, workers: int) -> Iterator[_Done]:
    """The parts as they are finished, the longest begun first; a fresh interpreter for each worker."""
    if not work:
        return
    longest_first = sorted(work, key=lambda each: -each.case.jobs * len(each.part))
    others = set(active_children())
    with ProcessPoolExecutor(min(workers, len(work)), get_context("spawn"), _begin) as pool:
        waiting: dict[Future[list[Measured]], _Work] = {}
        try:
            for number, each in enumerate(longest_first):
                with born_deaf_to_interrupts() if number < workers else nullcontext():
                    waiting[pool.submit(_part, each.case, seed, each.part)] = each
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            raise ExperimentError("a process was killed, perhaps for want of memory; take fewer workers") from None
        except BaseException:  # an interrupt: nobody waits for the rest
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(active_children()) - others:
                child.terminate()
            raise
