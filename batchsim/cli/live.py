"""How far a run is, on stderr, while a person watches: simulated time, jobs by state, vCPUs, dollars so far.

A thread looks in from beside and never touches the run, so that the results are the same and an event costs nothing;
after each look it waits at least a hundred times as long as the look took. The view goes away before the report.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from batchsim.progress import Progress

PATIENCE_S = 0.5
"""Runs that are over sooner show nothing."""
_EVERY_S = 0.2
_COST = 100
"""A look takes at most one part in so many of the processor's time."""
_STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
_ALWAYS = ("RUNNABLE", "RUNNING", "SUCCEEDED", "FAILED")
COST_SO_FAR = "EC2 and Fargate time alone"
"""What ``Progress.compute_usd`` is, in few words: no volumes, extra costs, commitments."""


class Watched(Protocol):
    """A simulation, as far as the view is concerned."""

    def progress(self) -> Progress:
        """How far it is."""


@contextmanager
def live_view(*, wanted: bool = True) -> Iterator[View]:
    """Show a view on stderr while the block runs, if stderr is a terminal that can take one back."""
    view = View()
    if not (wanted and sys.stderr.isatty() and _can_take_back()):
        yield view
        return
    try:
        view.start()
        yield view
    finally:
        view.stop()


def _can_take_back() -> bool:
    from rich.console import Console

    return not Console(stderr=True).is_dumb_terminal


class View:
    """What the command tells its view; where nobody watches, telling it does nothing."""

    def __init__(self) -> None:
        self._simulation: Watched | None = None
        self._doing = "preparing"
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._live: Live | None = None

    def began(self, simulation: Watched) -> None:
        """The simulation is about to begin."""
        self._simulation, self._doing = simulation, "simulating"

    def doing(self, what: str) -> None:
        """The simulation is over, and this is done with its result."""
        self._doing = what

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._watch, name="live view", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more, and leave the terminal as it was; whatever interrupts this, the cursor comes back."""
        self._over.set()
        try:
            if self._thread is not None:
                self._thread.join()
        finally:
            if self._live is not None:
                with suppress(OSError):  # nobody is there any more
                    self._live.stop()

    def _watch(self) -> None:
        wait_s = PATIENCE_S
        while not self._over.wait(wait_s):
            before = time.thread_time()
            try:
                self._draw()
            except Exception:  # noqa: BLE001 -- whatever is wrong with the view, the run is worth more
                return
            wait_s = max(_EVERY_S, _COST * (time.thread_time() - before))

    def _draw(self) -> None:
        text = self.text()
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(stderr=True, highlight=False, markup=False, emoji=False)
            self._live = Live(
                text, console=console, transient=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start(refresh=True)
        else:
            self._live.update(text, refresh=True)

    def text(self) -> Text:
        """What is shown now."""
        from rich.text import Text

        took = f"{self._doing}, {time.monotonic() - self._began:.0f} s"
        if self._simulation is None:
            return Text(took)
        return Text("\n".join(told(self._simulation.progress(), took)))


def told(progress: Progress, took: str = "") -> list[str]:
    """Return the lines of the view: plain characters, none longer than a narrow terminal."""
    from batchsim.report.words import dollars, duration, number

    jobs = [f"{progress.states[state]:,} {state}" for state in _STATES if progress.states[state] or state in _ALWAYS]
    return [
        f"{duration(progress.now_s)} simulated ({took})",
        f"jobs   {', '.join(jobs)}",
        f"vCPUs  {number(progress.vcpus_used)} used of {progress.vcpus_on:,} on",
        f"cost   {dollars(progress.compute_usd)} so far ({COST_SO_FAR})",
    ]
