"""What faults did, event by event: the fault's line in the plan, when, and whom it struck."""

from __future__ import annotations

from collections.abc import Iterable

from batchsim.engine.columns import column, frozen
from batchsim.engine.kernel import Kernel
from batchsim.records.tables import NEVER, FaultEvents
from batchsim.records.vocabulary import FaultEffect
from batchsim.spec import Fault


class FaultLog:
    """Growable columns, in order of time."""

    def __init__(self, kernel: Kernel, faults: Iterable[Fault]) -> None:
        self.labels: list[str] = []
        """What each fault of the plan is called: by its name, else by its place in the list."""
        self.kinds: list[str] = []
        self._kernel = kernel
        self._at = column("q")
        self._fault = column("i")
        self._effect = bytearray()
        self._environment = column("h")
        self._instance = column("i")
        self._attempt = column("i")
        self._refused: dict[tuple[int, int], int] = {}
        for fault in faults:
            self.know(fault)

    def know(self, fault: Fault) -> int:
        """Add a fault to the plan; return its number."""
        number = len(self.labels)
        self.labels.append(fault.name or f"faults[{number}]")
        self.kinds.append(fault.kind)
        return number

    def write(
        self, fault: int, effect: FaultEffect, environment: int = NEVER, instance: int = NEVER, attempt: int = NEVER
    ) -> None:
        """Note that a fault did something now; nothing where no fault did (``NEVER``)."""
        if fault == NEVER:
            return
        self._at.append(self._kernel.now_ms)
        self._fault.append(fault)
        self._effect.append(effect)
        self._environment.append(environment)
        self._instance.append(instance)
        self._attempt.append(attempt)

    def refused(self, fault: int, environment: int) -> None:
        """A fault keeps an environment from launching now; said once in an instant."""
        if self._refused.get((fault, environment)) != self._kernel.now_ms:
            self._refused[fault, environment] = self._kernel.now_ms
            self.write(fault, FaultEffect.LAUNCH_REFUSED, environment)

    def freeze(self) -> FaultEvents:
        """Return the frozen record."""
        return FaultEvents(
            at_ms=frozen(self._at),
            fault=frozen(self._fault),
            effect=frozen(self._effect),
            environment=frozen(self._environment),
            instance=frozen(self._instance),
            attempt=frozen(self._attempt),
        )
