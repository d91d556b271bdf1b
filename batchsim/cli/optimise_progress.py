"""How far an optimisation is, on stderr: a live table on a terminal, else a line now and then; Ctrl-C as of a sweep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from batchsim.cli.sweep_progress import STOPPING, Progress, watched
from batchsim.errors import printable

if TYPE_CHECKING:
    from rich.table import Table

    from batchsim.experiments.design import Settings
    from batchsim.experiments.paired import Floats
    from batchsim.experiments.study_runs import Runs

_LONGEST = 60


class SearchProgress(Progress):
    """The watch of an optimisation."""

    def __init__(self, store: Path) -> None:
        super().__init__((), store)
        self._phase = self._best = ""
        self._trials: int | None = None
        self._points = self._made = self._kept = 0
        self._rest = 0
        """Runs that are still to be made of those that were ordered last."""

    def of(self, trials: int) -> None:
        """So many points are to be tried at most."""
        self._trials = trials

    def phase(self, told: str) -> None:
        """What comes now."""
        self._phase = told
        if told.startswith("points"):
            self._points = int(told.rsplit(" ", 1)[-1])
        self._tell_in_time()

    def leads(self, settings: Settings, told: str) -> None:
        """The best so far."""
        from batchsim.report.study_words import value_told

        text = ", ".join(f"{path}={value_told(value)}" for path, value in settings)
        self._best = f"{told} ({printable(text)[:_LONGEST]})"

    def began(self, runs: Runs, done: int) -> None:
        """Some runs begin, of which so many are in the store."""
        self._kept += done
        self._rest = runs.total - done
        self._runs = runs

    def ended(self, point: int, values: Floats | None) -> None:
        """Count the run, and say so if it is time."""
        del point
        self._made += 1
        self._rest -= 1
        self._failed += values is None
        self._tell_in_time()

    def line(self) -> str:
        """``points 9 to 16, 120 runs, 12.3 a second; best cost_usd $0.0148 (spot.maxvCpus=2)``."""
        best = f"; best so far {self._best}" if self._best else ""
        return f"{self._phase}: {self.counted()}, {self.pace()}{best}"

    def counted(self) -> str:
        """Runs made here, and runs that the store had."""
        failed = f", {self._failed:,} failed" if self._failed else ""
        kept = f", {self._kept:,} more were there" if self._kept else ""
        return f"{self._made:,} runs{kept}{failed}"

    def pace(self) -> str:
        """Rate, and time left if points go on to take as long."""
        from batchsim.report.words import duration, number

        took_s = time.monotonic() - self._since_s
        if not self._made or took_s <= 0:
            return "no rate yet"
        rate = f"{number(self._made / took_s)} a second"
        before = max(0, self._points - 8)
        if self._trials is None or not before or not self._phase.startswith("points"):
            return rate
        return f"{rate}, {duration(took_s / before * max(0, self._trials - before))} left at most"

    def __rich__(self) -> Table:
        """The live table."""
        from rich.table import Table
        from rich.text import Text

        of = f" of at most {self._trials:,}" if self._trials is not None and self._phase.startswith("points") else ""
        rows = [
            ("now", f"{self._phase}{of}" if self._phase else "the ends of every knob are checked before the first run")
        ]
        rows += [("runs", self.counted()), ("rate", self.pace())]
        rows += [("best so far", self._best)] if self._best else []
        if self.is_over:
            rows.append(("", STOPPING))
        elif self._others:
            rows.append(("", f"waiting for process {', '.join(map(str, self._others))}, which does the rest"))
        table = Table.grid(padding=(0, 2))
        for name, told in rows:
            table.add_row(Text(name, style="dim"), Text(told))
        return table


@contextmanager
def searching(store: Path) -> Iterator[SearchProgress]:
    """A watch while the block runs: a table where stderr is a terminal that can take it back, else lines."""
    progress = SearchProgress(store)
    with watched(progress):
        yield progress
