"""``scheduler_stall``: windows without a scheduling pass; passes resume at their end."""

from __future__ import annotations

from collections.abc import Iterable

from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.targets import Window
from batchsim.records.vocabulary import FaultEffect


class Stalls:
    """When the scheduler does nothing. Windows may overlap."""

    def __init__(self, windows: Iterable[tuple[int, Window]], log: FaultLog) -> None:
        """``windows``: (fault, when)."""
        self._windows = sorted(windows, key=lambda each: each[1].from_ms)
        self._log = log
        self._told: set[int] = set()

    def after(self, at_ms: int, cycle_ms: int) -> int:
        """Return when a pass that is due at an instant of the grid takes place: then, or after the stall it falls in.

        The first pass that a stall puts off is noted.
        """
        for fault, window in self._windows:
            if window.covers(at_ms):
                at_ms = -(-window.until_ms // cycle_ms) * cycle_ms if cycle_ms else window.until_ms
                if fault not in self._told:
                    self._told.add(fault)
                    self._log.write(fault, FaultEffect.PASS_DELAYED)
        return at_ms
