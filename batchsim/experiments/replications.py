"""Replications: one scenario run again and again with other random numbers, of which only the metrics are kept."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from batchsim.crew import Lost, Piece, shared
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

_CHUNK = 5
"""Replications that a process runs at a time: a scenario is sent and prepared anew for each such part."""

Told = Callable[[], None]
"""Is called after each run."""
_Run = tuple[int, int, Floats]
"""Scenario, replication, and the metrics' values."""
_Case = tuple[Scenario, Own | None]
_Part = tuple[int, range]
"""Some replications of one of the scenarios."""
_HOPELESS = 5
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
    replications: int,
    policies: Sequence[Own | None] = (),
    workers: int = 1,
    run_limit_s: float | None = None,
    told: Told = lambda: None,
) -> Measured:
    """Run every replication of every scenario with one seed.

    Replication r draws the same numbers in every scenario (common random numbers). The values do not hang on
    ``workers``, the number of processes. ``policies`` run along the scenarios, if given. A run whose process crashes
    or takes longer than ``run_limit_s`` (see :func:`~batchsim.crew.shared`) is tried once more, alone; if
    it fails again, it is among ``failed``, and the others go on. Raises :class:`ScenarioError` if a scenario cannot
    run, :class:`ExperimentError` for policies that cannot be sent to other processes, and if nothing comes to its end.
    """
    cases = list(zip(scenarios, policies or [None] * len(scenarios), strict=True))
    ready = [prepare(*case) for case in cases]  # what is wrong with the last is told before the first runs
    values = np.full((len(scenarios), replications, len(metrics)), np.nan)
    failed: list[FailedRun] = []
    runs: Iterator[_Run | FailedRun]
    if workers == 1 and run_limit_s is None:
        runs = ((at, r, _one(each, seed, r, metrics)) for at, each in enumerate(ready) for r in range(replications))
    else:
        runs = _in_processes(cases, metrics, seed, replications, workers, run_limit_s)
    for run in runs:
        if isinstance(run, FailedRun):
            failed.append(run)
        else:
            values[run[0], run[1]] = run[2]
        told()
    return Measured(values, tuple(sorted(failed, key=lambda each: (each.scenario, each.replication))))


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
    replications: int,
    workers: int,
    limit_s: float | None,
) -> Iterator[_Run | FailedRun]:
    """The runs in the order in which parts of them are finished; those of parts that are lost again, one by one."""
    _check_that_it_travels([policies for _, policies in cases])
    parts = [(at, part) for at in range(len(cases)) for part in _parts(replications, workers)]
    again: list[_Part] = []
    for (at, part), found in _answers(cases, metrics, seed, parts, workers, limit_s):
        if isinstance(found, Lost):
            again += [(at, range(r, r + 1)) for r in part]
        else:
            yield from ((at, r, each) for r, each in zip(part, found, strict=True))
    ended, lost = sum(len(part) for _, part in parts) - len(again), 0
    for (at, part), found in _answers(cases, metrics, seed, again, workers, limit_s):
        if isinstance(found, Lost):
            lost += 1
            if not ended and lost >= _HOPELESS:
                raise ExperimentError(f"no run comes to its end: {found.why}; take fewer workers, or a longer limit")
            yield FailedRun(at, part.start, found.why)
        else:
            ended += 1
            yield (at, part.start, found[0])


def _answers(
    cases: Sequence[_Case],
    metrics: Sequence[str],
    seed: int,
    parts: Sequence[_Part],
    workers: int,
    limit_s: float | None,
) -> Iterator[tuple[_Part, list[Floats] | Lost]]:
    pieces = [Piece((cases[at], metrics, seed, part), len(part)) for at, part in parts]
    for number, found in shared(_several, pieces, workers, limit_s):
        yield parts[number], found


def _check_that_it_travels(policies: Sequence[Own | None]) -> None:
    """Raise where a function cannot be found again by its name in another process."""
    try:
        pickle.dumps(policies)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ExperimentError(
            f"a policy cannot be sent to other processes ({error}): take workers=1, or a function "
            "that stands at the top of a module"
        ) from None


def _several(case: _Case, metrics: Sequence[str], seed: int, part: range) -> list[Floats]:
    """What one process does: prepare once, run several replications."""
    ready = prepare(*case)
    return [_one(ready, seed, replication, metrics) for replication in part]


def _parts(replications: int, workers: int) -> list[range]:
    """The replications in parts as equal as can be: enough for all workers, and small, so that progress shows."""
    count = max(min(workers, replications), -(-replications // _CHUNK))
    bounds = [replications * part // count for part in range(count + 1)]
    return [range(low, high) for low, high in pairwise(bounds)]
