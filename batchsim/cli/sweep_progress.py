"""How far a study is, on stderr: a live table on a terminal, else a line now and then; and Ctrl-C, once and twice."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import numpy as np
import typer

from batchsim.errors import printable

if TYPE_CHECKING:
    from rich.table import Table

    from batchsim.experiments.paired import Floats
    from batchsim.experiments.study_runs import Runs

LINE_EVERY_S = 10.0
_REFRESH_PER_S = 4
STOPPING = "stopping when the runs in flight are done; Ctrl-C again ends at once"
_LONGEST = 60


class Progress:
    """The watch of a study: what the table and the lines are made of."""

    def __init__(self, front: Sequence[str], store: Path) -> None:
        self.is_over = False
        self.is_live = False
        self._front, self._store = tuple(front), store
        self._runs: Runs | None = None
        self._sums: Floats = np.zeros((0, 0))
        self._counts = np.zeros(0, dtype=np.int64)
        self._of_point = np.zeros(0, dtype=np.int64)
        self._done = self._before = self._failed = 0
        self._since_s = self._told_s = time.monotonic()
        self._others: tuple[int, ...] = ()

    # -- what is told by the runs

    def began(self, runs: Runs, done: int) -> None:
        """So many runs were done before; they count for the best so far."""
        values = runs.store.values(runs.study, len(runs.points), runs.replications, len(runs.metrics))
        kept = values[:, :, [list(runs.metrics).index(name) for name in self._front]]
        defined = np.logical_not(np.any(np.isnan(kept), axis=2))
        self._counts = defined.sum(axis=1)
        self._sums = np.where(defined[:, :, None], kept, 0.0).sum(axis=1)
        self._of_point = np.zeros(len(runs.points), dtype=np.int64)
        for point, replication in sorted(runs.store.done(runs.study)):
            self._of_point[point] += replication < runs.replications
        self._done = self._before = done
        self._since_s = self._told_s = time.monotonic()
        self._runs = runs
        if not self.is_live:
            kept_told = f"; {done:,} are done, in {self._store}" if done else ""
            self.say(f"{runs.total:,} runs of {len(runs.points):,} points{kept_told}")

    def ended(self, point: int, values: Floats | None) -> None:
        """Count the run, and say so if it is time."""
        runs = self._runs
        if runs is None:
            return
        self._done += 1
        self._of_point[point] += 1
        self._failed += values is None
        if values is not None:
            found = np.array([values[list(runs.metrics).index(name)] for name in self._front])
            if not np.isnan(found).any():
                self._counts[point] += 1
                self._sums[point] += found
        self._tell_in_time()

    def waiting(self, others: Sequence[int]) -> None:
        """What is left is with other processes."""
        if others and tuple(others) != self._others and not self.is_live:
            self.say(f"waiting for process {', '.join(map(str, others))}, which does the rest")
        self._others = tuple(others)

    # -- what is shown

    def line(self) -> str:
        """``640 of 1,000 runs, 12.3 a second, 29.3s left; best cost_usd $0.0148 (spot.maxvCpus=2)``."""
        best = "; ".join(f"best {name} {told} ({settings})" for name, told, settings in self.best())
        return f"{self.counted()}, {self.pace()}" + (f"; {best}" if best else "")

    def counted(self) -> str:
        """Runs done, of all."""
        total = self._runs.total if self._runs else 0
        failed = f", {self._failed:,} failed" if self._failed else ""
        return f"{self._done:,} of {total:,} runs{failed}"

    def pace(self) -> str:
        """Rate and time left, of what was done here."""
        from batchsim.report.words import duration, number

        took_s, made = time.monotonic() - self._since_s, self._done - self._before
        if not made or took_s <= 0 or self._runs is None:
            return "no rate yet"
        rate = made / took_s
        return f"{number(rate)} a second, {duration((self._runs.total - self._done) / rate)} left"

    def best(self) -> list[tuple[str, str, str]]:
        """Of each metric of the front: its name, the best mean so far, and at which settings."""
        from batchsim.analysis.metrics import METRICS
        from batchsim.report.comparison_words import figure
        from batchsim.report.study_words import value_told

        found = []
        at = np.flatnonzero(self._counts)
        for place, name in enumerate(self._front if self._runs and len(at) else ()):
            means = self._sums[at, place] / self._counts[at]
            best = int(at[int(np.argmin(means) if METRICS[name].better == "lower" else np.argmax(means))])
            settings = self._runs.points[best] if self._runs else ()
            text = ", ".join(f"{path}={value_told(value)}" for path, value in settings)
            mean = float(self._sums[best, place] / self._counts[best])
            found.append((name, figure(mean, METRICS[name].unit), printable(text)[:_LONGEST]))
        return found

    def points_done(self) -> str:
        """Points all of whose runs are done."""
        if self._runs is None:
            return "–"
        whole = int((self._of_point >= self._runs.replications).sum())
        return f"{whole:,} of {len(self._runs.points):,}"

    def __rich__(self) -> Table:
        """The live table."""
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        rows = [("points", self.points_done()), ("runs", self.counted()), ("rate", self.pace())]
        if self._runs is None:
            rows = [("", "every point is checked before the first runs")]
        rows += [(f"best {name}", f"{told}  {settings}") for name, told, settings in self.best()]
        if self.is_over:
            rows.append(("", STOPPING))
        elif self._others:
            rows.append(("", f"waiting for process {', '.join(map(str, self._others))}, which does the rest"))
        for name, told in rows:
            table.add_row(Text(name, style="dim"), Text(told))
        return table

    # -- Ctrl-C

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """The first finishes what is in flight; the second raises ``KeyboardInterrupt``."""
        if self.is_over:
            raise KeyboardInterrupt
        self.is_over = True
        if not self.is_live:
            with suppress(OSError):
                os.write(2, f"batchsim: {STOPPING}\n".encode())  # a signal may come amid another write

    def _tell_in_time(self) -> None:
        """A line, if it is time for one."""
        now_s = time.monotonic()
        if not self.is_live and now_s - self._told_s >= LINE_EVERY_S:
            self._told_s = now_s
            self.say(self.line())

    def say(self, text: str) -> None:
        """A line on stderr; above the live table, where there is one."""
        with suppress(OSError):
            typer.echo(printable(f"batchsim: {text}"), err=True)


@contextmanager
def watching(front: Sequence[str], store: Path) -> Iterator[Progress]:
    """A watch while the block runs: a table where stderr is a terminal that can take it back, else lines."""
    progress = Progress(front, store)
    with watched(progress):
        yield progress


@contextmanager
def watched(progress: Progress) -> Iterator[None]:
    """Show the progress while the block runs; Ctrl-C is its."""
    with _interrupts(progress), _shown(progress):
        yield


@contextmanager
def _interrupts(progress: Progress) -> Iterator[None]:
    """Ctrl-C is the watch's while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before == signal.SIG_IGN:  # as started by a shell in the background: it stays deaf
        yield
        return
    signal.signal(signal.SIGINT, progress.interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _shown(progress: Progress) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    if not sys.stderr.isatty() or console.is_dumb_terminal:
        yield
        return
    progress.is_live = True
    with Live(
        progress, console=console, transient=True, refresh_per_second=_REFRESH_PER_S, redirect_stdout=False,
        redirect_stderr=False,
    ):  # fmt: skip
        yield
