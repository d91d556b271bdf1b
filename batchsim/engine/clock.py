"""Moving a run's clock: to an instant, or to the next decision, which is handed out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from batchsim.engine.decision import Decided
from batchsim.engine.kernel import Kernel
from batchsim.errors import SimulationError


class Clock:
    """Advances the kernel. ``is_awaited()`` says whether a run goes on though only background events are left."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._decisions: deque[Decided] = deque()
        self._stepping = False
        self._is_amid_an_event = False
        """Still true after an event that raised: what it left undone, nobody knows."""

    def is_stepping(self) -> bool:
        """Whether the run is to pause at the next decision."""
        return self._stepping

    def decided(self, kind: str, rows: range) -> None:
        """Note decisions for whoever steps through the run."""
        if self._stepping:
            self._decisions.extend(Decided(kind, self._kernel.now_ms, row) for row in rows)

    def run_before(self, at_ms: int, is_awaited: Callable[[], bool]) -> None:
        """Process every event before ``at_ms``."""
        self._decisions.clear()
        self._run(at_ms, is_awaited)

    def run_to_decision(self, latest_ms: int, is_awaited: Callable[[], bool]) -> Decided | None:
        """Return the next placement, launch or scale-in before ``latest_ms``, None when there is none to come.

        A pass, a scale-up decision and a check of scale-in are each one event: what they decide together happens
        together, and is handed out one by one.
        """
        if not self._decisions:
            self._stepping = True
            self._run(latest_ms, is_awaited)
            self._stepping = False
        return self._decisions.popleft() if self._decisions else None

    def _run(self, before_ms: int, is_awaited: Callable[[], bool]) -> None:
        if self._is_amid_an_event:
            raise SimulationError("the simulation broke off in the middle of an event and cannot go on: start anew")
        self._is_amid_an_event = True
        self._kernel.advance(before_ms, self._is_paused, is_awaited)
        self._is_amid_an_event = False

    def _is_paused(self) -> bool:
        return bool(self._decisions)
