"""Replications: one scenario run again and again with other random numbers, of which only the metrics are kept."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from itertools import pairwise
from multiprocessing import active_children, get_context

import numpy as np

from batchsim.errors import ExperimentError
from batchsim.experiments.paired import Floats, as_floats
from batchsim.experiments.variants import Own
from batchsim.processes import born_deaf_to_interrupts, ignore_interrupts
from batchsim.simulation import Prepared, Simulation, prepare
from batchsim.spec import Scenario

DEFAULT = 30
"""Replications where nobody says how many."""
FEWEST = 10
"""With fewer, intervals lean on a normality that nothing supports (validation plan: at least ten)."""
_DRAWN_BITS = 32
"""A drawn seed stays short enough to type."""

_CHUNK = 5
"""Replications that a process runs at a time: a scenario is sent and prepared anew for each such part."""

Told = Callable[[], None]
"""Is called after each run."""
_Run = tuple[int, int, Floats]
"""Scenario, replication, and the metrics' values."""
_Case = tuple[Scenario, Own | None]
_Chunk = tuple[int, range]
"""Some replications of one of the scenarios."""


def measure(
    scenarios: Sequence[Scenario],
    metrics: Sequence[str],
    *,
    seed: int,
    replications: int,
    policies: Sequence[Own | None] = (),
    workers: int = 1,
    told: Told = lambda: None,
) -> Floats:
    """Run every replication of every scenario with one seed: shape (scenarios, replications, metrics), NaN = undefined.

    Replication r draws the same numbers in every scenario (common random numbers). The values do not hang on
    ``workers``, the number of processes. ``policies`` run along the scenarios, if given. Raises :class:`ScenarioError`
    if a scenario cannot run, :class:`ExperimentError` for policies that cannot be sent to other processes.
    """
    cases = list(zip(scenarios, policies or [None] * len(scenarios), strict=True))
    ready = [prepare(*case) for case in cases]  # what is wrong with the last is told before the first runs
    runs: Iterator[_Run]
    if workers == 1:
        runs = ((at, r, _one(each, seed, r, metrics)) for at, each in enumerate(ready) for r in range(replications))
    else:
        runs = _in_processes(cases, metrics, seed, replications, workers)
    values = np.full((len(scenarios), replications, len(metrics)), np.nan)
    for scenario, replication, found in runs:
        values[scenario, replication] = found
        told()
    return values


def settled_seed(seed: int | None, scenario: Scenario) -> int:
    """The seed given, else the scenario's own, else one drawn here."""
    if seed is not None:
        return seed
    own = scenario.simulation.seed
    return int.from_bytes(os.urandom(_DRAWN_BITS // 8)) if own is None else own


def check_counts(replications: object, workers: object) -> None:
    """Raises :class:`ExperimentError` unless both are whole and at least 1."""
    for what, number in (("replications", replications), ("workers", workers)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ExperimentError(f"{what} must be a whole number of at least 1, not {number!r}")


def _one(ready: Prepared, seed: int, replication: int, metrics: Sequence[str]) -> Floats:
    result = Simulation(ready, seed=seed, replication=replication).finish()
    return as_floats(list(result.metrics(*metrics).values()))


def _in_processes(
    cases: Sequence[_Case], metrics: Sequence[str], seed: int, replications: int, workers: int
) -> Iterator[_Run]:
    """The runs in the order in which chunks of them are finished; a fresh interpreter each, safe beside threads."""
    _check_that_it_travels([policies for _, policies in cases])
    chunks = [(at, part) for at in range(len(cases)) for part in _parts(replications, workers)]
    others = set(active_children())
    with ProcessPoolExecutor(min(workers, len(chunks)), get_context("spawn"), ignore_interrupts) as pool:
        waiting: dict[Future[list[Floats]], _Chunk] = {}
        try:
            for number, (at, part) in enumerate(chunks):  # the first calls of submit start the processes
                with born_deaf_to_interrupts() if number < workers else nullcontext():
                    waiting[pool.submit(_chunk, cases[at], metrics, seed, part)] = at, part
            for future in as_completed(waiting):
                at, part = waiting[future]
                yield from ((at, r, found) for r, found in zip(part, future.result(), strict=True))
        except BrokenProcessPool:
            hint = "perhaps for want of memory; take fewer workers"
            raise ExperimentError(f"a process was killed, {hint}") from None
        except BaseException:  # an interrupt, a scenario's error: nobody waits for the rest
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(active_children()) - others:
                child.terminate()
            raise


def _check_that_it_travels(policies: Sequence[Own | None]) -> None:
    """Raise where a function cannot be found again by its name in another process."""
    try:
        pickle.dumps(policies)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ExperimentError(
            f"a policy cannot be sent to other processes ({error}): take workers=1, or a function "
            "that stands at the top of a module"
        ) from None


def _chunk(case: _Case, metrics: Sequence[str], seed: int, part: range) -> list[Floats]:
    """What one process does: prepare once, run several replications."""
    ready = prepare(*case)
    return [_one(ready, seed, replication, metrics) for replication in part]


def _parts(replications: int, workers: int) -> list[range]:
    """The replications in parts as equal as can be: enough for all workers, and small, so that progress shows."""
    count = max(min(workers, replications), -(-replications // _CHUNK))
    bounds = [replications * part // count for part in range(count + 1)]
    return [range(low, high) for low, high in pairwise(bounds)]
