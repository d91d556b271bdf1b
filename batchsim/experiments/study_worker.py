"""What makes the runs of a study in one process, or in one thread of it; on another machine with files sent along."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from batchsim.experiments.design import Settings
from batchsim.experiments.inputs import input_files
from batchsim.experiments.paired import Floats, as_floats
from batchsim.prepared import Prepared, prepare
from batchsim.simulation import Simulation
from batchsim.spec import Scenario, SourceMap
from batchsim.spec.paths import with_values


class Worker:
    """It prepares a point once, for all of its replications that come to it."""

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


@dataclass(frozen=True, slots=True)
class Luggage:
    """A scenario with the files that it names, or that vary: all that another machine has to have."""

    scenario: Scenario
    files: tuple[tuple[str, bytes], ...]
    """Content by the name in the scenario."""

    @classmethod
    def of(cls, scenario: Scenario, asked: Any) -> Luggage:
        """``asked``: plain data in which further files may be named. Raises ``OSError`` for one that cannot be read."""
        found = input_files(scenario, asked)
        return cls(scenario.from_source(SourceMap()), tuple((name, path.read_bytes()) for name, path in found.items()))

    def unpacked(self, folder: Path) -> Scenario:
        """The scenario, which finds its files in the folder."""
        copies = {name: str(folder / str(number)) for number, (name, _) in enumerate(self.files)}
        for name, content in self.files:
            Path(copies[name]).write_bytes(content)
        return self.scenario.from_source(replace(self.scenario.source, copies=copies))


class Guest(Worker):
    """A worker on another machine; the files go with it."""

    def __init__(self, luggage: Luggage, seed: int, metrics: Sequence[str], number: int) -> None:
        scenario = luggage.scenario
        if luggage.files:
            folder = mkdtemp(prefix="batchsim-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # at the latest when the process ends
            scenario = luggage.unpacked(Path(folder))
        super().__init__(scenario, seed, metrics, number)
