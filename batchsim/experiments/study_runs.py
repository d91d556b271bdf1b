"""The runs of a study: those that are missing, claimed a few at a time, done by processes, committed one by one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from batchsim.crew import Begin, Crew, Lost, Piece
from batchsim.errors import ExperimentError
from batchsim.experiments.claims import Claims, Run
from batchsim.experiments.design import Settings
from batchsim.experiments.paired import Floats, as_floats
from batchsim.experiments.store import Store
from batchsim.prepared import Prepared, prepare
from batchsim.simulation import Simulation
from batchsim.spec import Scenario
from batchsim.spec.paths import with_values

_AHEAD = 4
"""So many runs are claimed at once for each process: a claim is a write."""
_POLL_S = 0.25
"""Between looks at what another process has still claimed."""
_HOPELESS = 5
"""So many runs fail twice, where none has succeeded: the others would, too."""


class Watch(Protocol):
    """Who is told how far a study is, and may end it early."""

    def began(self, runs: Runs, done: int) -> None:
        """The runs begin, of which so many were done before."""

    def ended(self, point: int, values: Floats | None) -> None:
        """A run of this point has ended; None if it failed twice."""

    def waiting(self, others: Sequence[int]) -> None:
        """What is left is done by these other processes."""

    @property
    def is_over(self) -> bool:
        """Whether no further run shall begin."""


class Nobody:
    """A watch that looks away."""

    is_over = False

    def began(self, runs: Runs, done: int) -> None:
        """Nothing."""

    def ended(self, point: int, values: Floats | None) -> None:
        """Nothing."""

    def waiting(self, others: Sequence[int]) -> None:
        """Nothing."""


@dataclass(slots=True, eq=False)
class Runs:
    """The runs of one study, and how they are made."""

    store: Store
    study: int
    scenario: Scenario
    points: Sequence[Settings]
    metrics: Sequence[str]
    seed: int
    replications: int
    workers: int = 1
    run_limit_s: float | None = None
    watch: Watch = field(default_factory=Nobody)
    wanted: Sequence[Run] | None = None
    """Those that are to be made, if not all replications of all points."""
    crew: Crew | None = None
    """The processes, if they stay for other runs; their work was begun by :meth:`begin`."""

    @property
    def total(self) -> int:
        """Of all points."""
        return len(self.points) * self.replications if self.wanted is None else len(self.wanted)

    @property
    def begin(self) -> Begin:
        """What makes the runs in one process."""
        return partial(Worker, self.scenario, self.seed, tuple(self.metrics))

    def carry_out(self) -> list[tuple[int, int, str]]:
        """Do all that is missing; point, replication and reason of each run that failed twice, here and now.

        Returns early if the watch says that it is over: the runs in flight come to their end then. Raises
        :class:`ExperimentError` if nothing comes to its end.
        """
        missing = self._missing()
        self.watch.began(self, self.total - len(missing))
        claims = Claims(self.store, self.study)
        failed: list[tuple[int, int, str]] = []
        try:
            while missing and not self.watch.is_over:
                self._round(claims, missing, failed)
                gone = {(point, replication) for point, replication, _ in failed}
                missing = [run for run in self._missing() if run not in gone]
                if missing and not self.watch.is_over:
                    self.watch.waiting(claims.others())
                    time.sleep(_POLL_S)
        finally:
            claims.release()
        return sorted(failed)

    def _missing(self) -> list[Run]:
        """Point by point, so that each process prepares a point once."""
        done = self.store.done(self.study)
        every = ((point, r) for point in range(len(self.points)) for r in range(self.replications))
        return [run for run in (every if self.wanted is None else self.wanted) if run not in done]

    def _round(self, claims: Claims, missing: Sequence[Run], failed: list[tuple[int, int, str]]) -> None:
        """All runs that can be claimed; those whose process is lost once more, each alone."""
        lost: list[Run] = []
        ended = 0
        for (point, replication), found in self._answers(self._claimed(claims, missing)):
            if isinstance(found, Lost):
                lost.append((point, replication))
            else:
                ended += 1
                self._keep(point, replication, found)
        for (point, replication), found in self._answers(run for run in lost if not self.watch.is_over):
            if not isinstance(found, Lost):
                ended += 1
                self._keep(point, replication, found)
                continue
            failed.append((point, replication, found.why))
            self.store.keep_failure(self.study, point, replication, found.why)
            self.watch.ended(point, None)
            if not ended and len(failed) >= _HOPELESS:
                raise ExperimentError(f"no run comes to its end: {found.why}; take fewer workers, or a longer limit")

    def _keep(self, point: int, replication: int, values: Floats) -> None:
        self.store.keep(self.study, point, replication, values)
        self.watch.ended(point, values)

    def _claimed(self, claims: Claims, missing: Sequence[Run]) -> Iterator[Run]:
        """The runs that are ours to do, as processes get free."""
        wanted = iter(missing)
        ready: deque[Run] = deque()
        while not self.watch.is_over:
            if not ready:
                ready.extend(claims.take(wanted, _AHEAD * self.workers))
            if not ready:
                return
            yield ready.popleft()

    def _answers(self, runs: Iterator[Run]) -> Iterator[tuple[Run, Floats | Lost]]:
        """Each run with its values as they come, in this process or in others."""
        if self.workers == 1 and self.run_limit_s is None:
            here = self.begin(0)
            for point, replication in runs:
                yield (point, replication), here(point, self.points[point], replication)
            return
        handed: list[Run] = []
        with nullcontext(self.crew) if self.crew else Crew(self.begin, self.workers, limit_s=self.run_limit_s) as crew:
            for number, found in crew.answers(self._pieces(runs, handed)):
                yield handed[number], found

    def _pieces(self, runs: Iterator[Run], handed: list[Run]) -> Iterator[Piece]:
        """One run each; ``handed`` has which, by number."""
        for point, replication in runs:
            handed.append((point, replication))
            yield Piece((point, self.points[point], replication))


class Worker:
    """What makes the runs in one process: it prepares a point once, for all of its replications that come to it."""

    def __init__(self, scenario: Scenario, seed: int, metrics: Sequence[str], number: int) -> None:
        """``number``: of the process."""
        del number
        self._scenario, self._seed, self._metrics = scenario, seed, metrics
        self._point = -1
        self._ready: Prepared | None = None

    def __call__(self, point: int, settings: Settings, replication: int) -> Floats:
        """The metrics of one run."""
        if point != self._point or self._ready is None:
            self._ready, self._point = prepare(with_values(self._scenario, settings)), point
        result = Simulation(self._ready, seed=self._seed, replication=replication).finish()
        return as_floats(list(result.metrics(*self._metrics).values()))
