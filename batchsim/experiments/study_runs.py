"""The runs of a study: those that are missing, claimed a few at a time, done somewhere, committed here one by one."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Protocol

from batchsim.crew import Begin, Lost, Piece
from batchsim.errors import ExperimentError
from batchsim.experiments.claims import Claims, Run
from batchsim.experiments.design import Settings
from batchsim.experiments.paired import Floats
from batchsim.experiments.places import Here, Place
from batchsim.experiments.store import Store
from batchsim.experiments.study_worker import Guest, Luggage, Worker
from batchsim.spec import Scenario

_AHEAD = 4
"""So many runs are claimed at once for each process: a claim is a write."""
_POLL_S = 0.25
"""Between looks at what another process has still claimed."""
_HOPELESS = 3
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
    place: Place = field(default_factory=Here)
    watch: Watch = field(default_factory=Nobody)
    wanted: Sequence[Run] | None = None
    """Those that are to be made, if not all replications of all points."""
    _kept: set[Run] = field(default_factory=set, init=False)
    """Those that were committed here."""

    @property
    def total(self) -> int:
        """Of all points."""
        return len(self.points) * self.replications if self.wanted is None else len(self.wanted)

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
        """Point by point, so that each process prepares a point once. What does not stay would be made for ever."""
        done = self.store.done(self.study)
        if gone := self._kept - done:
            point, replication = min(gone)
            raise self.store.damaged(f"replication {replication} of point {point} was kept, and is not there any more")
        every = ((point, r) for point in range(len(self.points)) for r in range(self.replications))
        return [run for run in (every if self.wanted is None else self.wanted) if run not in done]

    def _round(self, claims: Claims, missing: Sequence[Run], failed: list[tuple[int, int, str]]) -> None:
        """All runs that can be claimed; those whose process is lost once more, alone in theirs."""
        lost: list[Run] = []
        ended = 0
        for (point, replication), found in self._answers(self._claimed(claims, missing)):
            if isinstance(found, Lost):
                lost.append((point, replication))
            else:
                ended += 1
                self._keep(point, replication, found)
        for (point, replication), found in self._answers((run for run in lost if not self.watch.is_over), alone=True):
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
        self._kept.add((point, replication))
        self.watch.ended(point, values)

    def _claimed(self, claims: Claims, missing: Sequence[Run]) -> Iterator[Run]:
        """The runs that are ours to do, as processes get free."""
        wanted = iter(missing)
        ready: deque[Run] = deque()
        while not self.watch.is_over:
            if not ready:
                ready.extend(claims.take(wanted, _AHEAD * self.place.at_once))
            if not ready:
                return
            yield ready.popleft()

    def _answers(self, runs: Iterator[Run], *, alone: bool = False) -> Iterator[tuple[Run, Floats | Lost]]:
        """Each run with its values as they come."""
        first = next(runs, None)
        if first is None:  # nobody is called for nothing
            return
        handed: list[Run] = []
        with self.place.hands(self.begin(), alone=alone) as hands:
            for number, found in hands.answers(self._pieces(chain((first,), runs), handed)):
                yield handed[number], found

    def begin(self) -> Begin:
        """What a process is given to begin with."""
        if not self.place.is_elsewhere:
            return partial(Worker, self.scenario, self.seed, tuple(self.metrics))
        luggage = Luggage.of(self.scenario, [list(settings) for settings in self.points])
        return partial(Guest, luggage, self.seed, tuple(self.metrics))

    def _pieces(self, runs: Iterable[Run], handed: list[Run]) -> Iterator[Piece]:
        """One run each; ``handed`` has which, by number."""
        for point, replication in runs:
            handed.append((point, replication))
            yield Piece((point, self.points[point], replication))
