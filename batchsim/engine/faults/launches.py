"""What faults do to an instance at its launch: it never registers, it is slow for life, it has an end in store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.faults.hosts import HostFaults
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.targets import Place, Window
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import Delays
from batchsim.engine.workload.progress import FASTEST
from batchsim.records.tables import NEVER
from batchsim.records.vocabulary import FaultEffect, WhyEnded


@dataclass(frozen=True, slots=True)
class LaunchFault:
    """A fault that strikes some of the instances that are launched in its window."""

    number: int
    key: str
    window: Window
    places: frozenset[Place]
    probability: float


@dataclass(frozen=True, slots=True)
class BootFault(LaunchFault):
    """They never register: after a time they are given up."""

    detect_after_ms: int
    billed: bool


@dataclass(frozen=True, slots=True)
class SlowFault(LaunchFault):
    """Whatever runs on them takes so many times as long."""

    factor: float


class LaunchFaults:
    """Asked once for each instance that is launched."""

    def __init__(
        self,
        kernel: Kernel,
        boots: tuple[BootFault, ...],
        slow: tuple[SlowFault, ...],
        hosts: HostFaults,
        delays: Delays,
        instances: InstanceTable,
        log: FaultLog,
        lose: Callable[[int, WhyEnded, int], None],
    ) -> None:
        self._kernel = kernel
        self._boots = boots
        self._slow = slow
        self._hosts = hosts
        self._stream = delays.stream
        self._instances = instances
        self._log = log
        self._lose = lose

    def launched(self, row: int, environment: Ec2Environment) -> None:
        """An instance was launched: slow it down where a fault says so, the factors of several multiplied."""
        for fault in self._slow:
            if self._strikes(fault, row, environment) and fault.factor != 1:
                speed = self._instances.speed_pico[row]
                self._instances.speed_pico[row] = min(max(1, round(speed / fault.factor)), FASTEST)
                self._log.write(fault.number, FaultEffect.SLOWED, environment.position, row)
        self._hosts.launched(row, environment)

    def never_registers(self, row: int, environment: Ec2Environment) -> bool:
        """Whether an instance will not boot: it is given up after a time; of several faults the first detects it."""
        found = [fault for fault in self._boots if self._strikes(fault, row, environment)]
        if not found:
            return False
        first = min(found, key=lambda fault: fault.detect_after_ms)
        if not first.billed:
            self._instances.billed_from[row] = NEVER
        at_ms = self._kernel.now_ms + first.detect_after_ms
        self._kernel.call_in_background(at_ms, Rank.RECLAIM, self._give_up, (row, first))
        return True

    def _give_up(self, row_and_fault: tuple[int, BootFault]) -> None:
        row, fault = row_and_fault
        if self._instances.is_on(row):
            self._lose(row, WhyEnded.BOOT_FAILURE, fault.number)

    def _strikes(self, fault: LaunchFault, row: int, environment: Ec2Environment) -> bool:
        place = (environment.position, self._instances.pool[row])
        if not fault.window.covers(self._kernel.now_ms) or place not in fault.places:
            return False
        stream = self._stream(f"fault {fault.key}", environment.plan.key())
        return stream.one(self._instances.ordinal[row]) < fault.probability
