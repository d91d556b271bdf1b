"""Running cases: replications shared out among processes, the same figures for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import active_children, get_context

from batchsim.errors import ExperimentError
from batchsim.experiments.replications import born_deaf_to_interrupts, ignore_interrupts
from batchsim.selftest.case import Case, Measured
from batchsim.selftest.judge import Verdict, judge
from batchsim.selftest.registry import family

SEED = 20_260_101
"""The seed where nobody gives one: a check on each change must not fail by chance."""

_JOBS_A_PART = 50_000
"""About as many jobs are simulated in one part: less than a process needs for its start would be wasted."""

Told = Callable[[Case, int], None]
"""Hears how many replications of a case have just been finished."""


@dataclass(frozen=True, slots=True)
class Report:
    """A case and what came of each of its quantities."""

    case: Case
    verdicts: tuple[Verdict, ...]

    @property
    def ok(self) -> bool:
        """Whether all passed."""
        return all(verdict.ok for verdict in self.verdicts)


def run_case(case: Case, seed: int = SEED, *, judged_among: int | None = None) -> Report:
    """Run one case in this process. ``judged_among``: how many quantities the family has, all cases' by default."""
    return _report(case, _part(case, seed, range(case.replications)), judged_among)


def run_all(
    cases: Sequence[Case], seed: int = SEED, *, workers: int = 1, told: Told = lambda _case, _count: None
) -> list[Report]:
    """Run these cases, in ``workers`` processes; their order and all figures are the same for any number.

    Raises :class:`ExperimentError` if a process is killed.
    """
    found: list[dict[int, Measured]] = [{} for _ in cases]
    for at, part, rows in _in_processes(cases, seed, workers) if workers > 1 else _here(cases, seed):
        found[at].update(zip(part, rows, strict=True))
        told(cases[at], len(part))
    return [_report(case, [rows[r] for r in sorted(rows)], None) for case, rows in zip(cases, found, strict=True)]


def _report(case: Case, rows: Sequence[Measured], judged_among: int | None) -> Report:
    return Report(case, tuple(judge(case, rows, family() if judged_among is None else judged_among)))


def _part(case: Case, seed: int, part: range) -> list[Measured]:
    """Some replications of a case, one after the other."""
    ready = case.prepare()
    return [case.simulate(seed, replication, ready) for replication in part]


def parts(case: Case) -> list[range]:
    """The replications of a case, in parts of about as many jobs."""
    count = max(1, min(case.replications, case.replications * case.jobs // _JOBS_A_PART))
    bounds = [case.replications * part // count for part in range(count + 1)]
    return [range(low, high) for low, high in pairwise(bounds)]


_Done = tuple[int, range, list[Measured]]
"""A case's position, and some of its replications."""


def _here(cases: Sequence[Case], seed: int) -> Iterator[_Done]:
    for at, case in enumerate(cases):
        yield from ((at, part, _part(case, seed, part)) for part in parts(case))


def _in_processes(cases: Sequence[Case], seed: int, workers: int) -> Iterator[_Done]:
    """The parts as they are finished, the longest begun first; a fresh interpreter for each worker."""
    work = [(at, part) for at, case in enumerate(cases) for part in parts(case)]
    work.sort(key=lambda each: -cases[each[0]].jobs * len(each[1]))
    others = set(active_children())
    with ProcessPoolExecutor(min(workers, len(work)), get_context("spawn"), ignore_interrupts) as pool:
        waiting: dict[Future[list[Measured]], tuple[int, range]] = {}
        try:
            for number, (at, part) in enumerate(work):
                with born_deaf_to_interrupts() if number < workers else nullcontext():
                    waiting[pool.submit(_part, cases[at], seed, part)] = at, part
            for future in as_completed(waiting):
                yield *waiting[future], future.result()
        except BrokenProcessPool:
            raise ExperimentError("a process was killed, perhaps for want of memory; take fewer workers") from None
        except BaseException:  # an interrupt: nobody waits for the rest
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(active_children()) - others:
                child.terminate()
            raise
