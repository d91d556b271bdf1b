"""Replications: one scenario run again and again with other random numbers, of which only the metrics are kept."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from batchsim.crew import Crew, Lost, Piece
from batchsim.errors import ExperimentError
from batchsim.experiments.paired import Floats, as_floats
from batchsim.experiments.variants import Own
from batchsim.prepared import Prepared, prepare
from batchsim.simulation import Simulation
from batchsim.spec import Scenario

DEFAULT = 30
"""Replications where nobody says how many."""
MOST = 1_000_000
"""Replications of one scenario."""
MOST_WORKERS = 256
"""Processes: each takes some 100 MB."""
FEWEST = 10
"""With fewer, intervals lean on a normality that nothing supports (validation plan: at least ten)."""
_DRAWN_BITS = 32
"""A drawn seed stays short enough to type."""

Told = Callable[[], None]
"""Is called after each run."""
_Run = tuple[int, int, Floats]
"""Scenario, replication, and the metrics' values."""
_Case = tuple[Scenario, Own | None]
_Wanted = tuple[int, int]
"""Scenario and replication."""
_HOPELESS = 3
"""So many runs fail twice, where none has succeeded: the others would, too."""


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that crashed or hung twice, in a process of its own."""

    scenario: int
    """Position among the scenarios."""
    replication: int
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What the runs came to."""

    values: Floats
    """Shape (scenarios, replications, metrics); NaN = undefined, or the run failed."""
    failed: tuple[FailedRun, ...] = ()


def measure(
    scenarios: Sequence[Scenario],
    metrics: Sequence[str],
    *,
    seed: int,
    replications: range,
    policies: Sequence[Own | None] = (),
    workers: int = 1,
    run_limit_s: float | None = None,
    told: Told = lambda: None,
) -> Measured:
    """Run these replications of every scenario with one seed.

    Replication r draws the same numbers in every scenario (common random numbers). The values do not hang on
    ``workers``, the number of processes. ``policies`` run along the scenarios, if given. A run whose process crashes
    or takes longer than ``run_limit_s`` (see :class:`~batchsim.crew.Crew`) is tried once more, alone; if
    it fails again, it is among ``failed``, and the others go on. Raises :class:`ScenarioError` if a scenario cannot
    run, :class:`ExperimentError` for policies that cannot be sent to other processes, and if nothing comes to its end.
    """
    cases = list(zip(scenarios, policies or [None] * len(scenarios), strict=True))
    ready = [prepare(*case) for case in cases]  # what is wrong with the last is told before the first runs
    values = np.full((len(scenarios), len(replications), len(metrics)), np.nan)
    failed: list[FailedRun] = []
    runs: Iterator[_Run | FailedRun]
    if workers == 1 and run_limit_s is None:
        runs = ((at, r, _one(each, seed, r, metrics)) for at, each in enumerate(ready) for r in replications)
    else:
        runs = _in_processes(cases, metrics, seed, replications, workers, run_limit_s)
    for run in runs:
        if isinstance(run, FailedRun):
            failed.append(run)
        else:
            values[run[0], run[1] - replications.start] = run[2]
        told()
    return Measured(values, tuple(sorted(failed, key=lambda each: (each.scenario, each.replication))))


@dataclass(slots=True)
class Sampling:
    """Runs of the same scenarios, of which more may be wanted later."""

    scenarios: tuple[Scenario, ...]
    metrics: tuple[str, ...]
    seed: int
    policies: tuple[Own | None, ...]
    workers: int = 1
    run_limit_s: float | None = None
    told: Told = lambda: None
    _known: Measured | None = None

    def measure(self, replications: int) -> Measured:
        """All that is known after so many replications; those that are missing are run."""
        before = self._known.values.shape[1] if self._known else 0
        more = measure(
            self.scenarios,
            self.metrics,
            seed=self.seed,
            replications=range(before, replications),
            policies=self.policies,
            workers=self.workers,
            run_limit_s=self.run_limit_s,
            told=self.told,
        )
        self._known = _joined(self._known, more)
        return self._known


def _joined(before: Measured | None, after: Measured) -> Measured:
    """The runs so far, and those that came after them."""
    if before is None:
        return after
    failed = sorted((*before.failed, *after.failed), key=lambda each: (each.scenario, each.replication))
    return Measured(np.concatenate((before.values, after.values), axis=1), tuple(failed))


def settled_seed(seed: int | None, scenario: Scenario) -> int:
    """The seed given, else the scenario's own, else one drawn here."""
    if seed is not None:
        return seed
    own = scenario.simulation.seed
    return int.from_bytes(os.urandom(_DRAWN_BITS // 8)) if own is None else own


def check_counts(replications: object, workers: object, run_limit_s: object = None) -> None:
    """Raises :class:`ExperimentError` unless the counts are whole and within bounds, and a limit is more than 0."""
    for what, number, most in (("replications", replications, MOST), ("workers", workers, MOST_WORKERS)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ExperimentError(f"{what} must be a whole number of at least 1, not {number!r}")
        if number > most:
            raise ExperimentError(f"{what} must be at most {most:,}, not {number!r}")
    if run_limit_s is not None and not (isinstance(run_limit_s, int | float) and run_limit_s > 0):
        raise ExperimentError(f"run_limit_s must be seconds, more than 0, not {run_limit_s!r}")


def _one(ready: Prepared, seed: int, replication: int, metrics: Sequence[str]) -> Floats:
    result = Simulation(ready, seed=seed, replication=replication).finish()
    return as_floats(list(result.metrics(*metrics).values()))


def _in_processes(
    cases: Sequence[_Case],
    metrics: Sequence[str],
    seed: int,
    replications: range,
    workers: int,
    limit_s: float | None,
) -> Iterator[_Run | FailedRun]:
    """The runs in the order in which they are finished; those that are lost once more, after all others.

    While none has come to its end, the first few that are lost are tried again at once: if it is hopeless, nobody waits
    for all the others to be lost.
    """
    _check_that_it_travels([policies for _, policies in cases])
    left, ended = {(at, r): None for at in range(len(cases)) for r in replications}, 0
    while left:
        again: list[_Wanted] = []
        for run, found in _answers(cases, metrics, seed, list(left), workers, limit_s):
            if isinstance(found, Lost):
                again.append(run)
                if not ended and len(again) >= _HOPELESS:
                    break
            else:
                ended += 1
                del left[run]
                yield (*run, found)
        for run, found in _answers(cases, metrics, seed, again, workers, limit_s):
            del left[run]
            if not isinstance(found, Lost):
                ended += 1
                yield (*run, found)
            elif not ended and len(cases) * len(replications) - len(left) >= _HOPELESS:
                raise ExperimentError(f"no run comes to its end: {found.why}; take fewer workers, or a longer limit")
            else:
                yield FailedRun(*run, found.why)


def _answers(
    cases: Sequence[_Case],
    metrics: Sequence[str],
    seed: int,
    wanted: Sequence[_Wanted],
    workers: int,
    limit_s: float | None,
) -> Iterator[tuple[_Wanted, Floats | Lost]]:
    """A run at a time, so that no process has much left to do when the others are done."""
    with Crew(partial(_runner, cases, metrics, seed), workers, limit_s=limit_s) as crew:
        for number, found in crew.answers([Piece(run) for run in wanted]):
            yield wanted[number], found


def _check_that_it_travels(policies: Sequence[Own | None]) -> None:
    """Raise where a function cannot be found again by its name in another process."""
    try:
        pickle.dumps(policies)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ExperimentError(
            f"a policy cannot be sent to other processes ({error}): take workers=1, or a function "
            "that stands at the top of a module"
        ) from None


def _runner(cases: Sequence[_Case], metrics: Sequence[str], seed: int, _: int) -> Callable[[int, int], Floats]:
    """What a process of many runs does: it gets the scenarios once, and prepares each once, when it comes to it."""

    @lru_cache(maxsize=1)  # runs come by scenario
    def ready(at: int) -> Prepared:
        return prepare(*cases[at])

    return lambda at, replication: _one(ready(at), seed, replication, metrics)
