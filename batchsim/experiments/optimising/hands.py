"""Who makes the runs: those that a point lacks, kept in the store at once, by processes that stay for the next ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from batchsim.analysis.metrics import METRICS
from batchsim.errors import BatchsimError
from batchsim.experiments.design import Settings
from batchsim.experiments.paired import Floats
from batchsim.experiments.places import Place, Standing
from batchsim.experiments.store import Store
from batchsim.experiments.study_runs import Runs, Watch
from batchsim.experiments.variants import changed
from batchsim.prepared import prepare
from batchsim.spec import Scenario, scenario_hash

Order = tuple[int, Iterable[int]]
"""A point, and the replications that it shall have."""


class Stopped(BatchsimError):  # noqa: N818 -- nothing went wrong: somebody wanted it
    """The watch ended the optimisation; what was done is in the store."""


class OptimiseWatch(Watch, Protocol):
    """Who is told how far an optimisation is."""

    def of(self, trials: int) -> None:
        """So many points are tried at most."""

    def phase(self, told: str) -> None:
        """What comes now: ``points 9 to 16``."""

    def leads(self, settings: Settings, told: str) -> None:
        """The best so far, and what it comes to."""


@dataclass(slots=True, eq=False)
class Hands:
    """The runs of one study of the store; a context manager, at whose end no process is left."""

    store: Store
    study: int
    scenario: Scenario
    seed: int
    place: Place
    watch: OptimiseWatch
    points: list[Settings] = field(default_factory=list)
    failed: list[tuple[int, int, str]] = field(default_factory=list)
    """Point, replication and reason of each run that failed twice, here and now."""
    _held: ExitStack = field(default_factory=ExitStack)
    _runs: Runs = field(init=False)

    def __post_init__(self) -> None:
        self.points = self.store.points(self.study)
        self._runs = Runs(
            self.store, self.study, self.scenario, self.points, tuple(METRICS), self.seed, 0, self.place, self.watch
        )  # fmt: skip

    def __enter__(self) -> Self:
        if not self.place.is_elsewhere:
            hands = self._held.enter_context(self.place.hands(self._runs.begin()))
            self._runs.place = Standing(hands, self.place.at_once)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._held.__exit__(kind, error, tb)

    def point(self, settings: Settings, scenario_hash: str) -> int:
        """The number of a point in the store."""
        number = self.store.add_point(self.study, settings, scenario_hash)
        if number >= len(self.points):
            self.points[:] = self.store.points(self.study)
        return number

    def admitted(self, settings: Settings) -> int:
        """The number of a point that can run. Raises :class:`ScenarioError` with what is wrong at it."""
        told = ", ".join(f"{path}={value}" for path, value in settings)
        here = changed(self.scenario, settings, told) if settings else self.scenario
        prepare(here)
        return self.point(settings, scenario_hash(here))

    def make(self, orders: Sequence[Order]) -> None:
        """Make what is missing of these runs. Raises :class:`Stopped` if the watch says so."""
        gone = {(point, replication) for point, replication, _ in self.failed}
        wanted = [(point, r) for point, replications in orders for r in replications if (point, r) not in gone]
        self.failed += replace(self._runs, wanted=wanted).carry_out()
        if self.watch.is_over:
            raise Stopped("interrupted")

    def values(self, point: int, replications: int, metrics: Sequence[str]) -> Floats:
        """Shape (replications, metrics); a row of NaN where a run failed."""
        at = [list(METRICS).index(name) for name in metrics]
        rows = self.store.rows(self.study, point, len(METRICS))
        found = np.full((replications, len(metrics)), np.nan)
        for replication in range(replications):
            if replication in rows:
                found[replication] = rows[replication][at]
        return found

    def ran(self, point: int, replications: int) -> Floats:
        """Which of the replications came to their end."""
        rows = self.store.rows(self.study, point, len(METRICS))
        return np.array([replication in rows for replication in range(replications)], dtype=np.bool_)
