"""Faults that take instances: hazards, failures, parts of a fleet at one instant, outages of a zone.

Every draw is keyed by the fault and by the instance's launch ordinal in its environment, or by the fault and the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from simpy import Event

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.faults.targets import Place, Window
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.laws import Exponential, Sampler
from batchsim.engine.plan import Delays, Pool
from batchsim.engine.spot import SpotMarket
from batchsim.records.vocabulary import WhyEnded


@dataclass(frozen=True, slots=True)
class HostFault:
    """A fault that takes instances: at a rate, or, without a ``mean_ms``, a part of them at once."""

    number: int
    key: str
    window: Window
    places: frozenset[Place]
    why: WhyEnded
    notice_ms: int = 0
    mean_ms: float | None = None
    """Mean time to a loss, of an instance or of a pool."""
    fraction: float = 1.0
    """The part that is taken at the beginning of the window, where there is no rate."""
    by_pool: bool = False
    replace: bool = False

    @property
    def is_of_spot(self) -> bool:
        """Whether it is EC2 that reclaims, with a notice."""
        return self.why == WhyEnded.SPOT_RECLAIM


class HostFaults:
    """Strikes instances from their launch on. ``lose(row, why, fault)`` takes one that has no notice."""

    def __init__(
        self,
        kernel: Kernel,
        faults: tuple[HostFault, ...],
        pools: tuple[Pool, ...],
        delays: Delays,
        instances: InstanceTable,
        environments: tuple[Environment, ...],
        market: SpotMarket,
        lose: Callable[[int, WhyEnded, int], None],
    ) -> None:
        self._kernel = kernel
        self._pools = pools
        self._stream = delays.stream
        self._instances = instances
        self._environments = environments
        self._market = market
        self._lose = lose
        self._rates = tuple(fault for fault in faults if fault.mean_ms is not None)
        self._laws: dict[tuple[int, str], Sampler] = {}
        self._struck_pools: set[tuple[int, int]] = set()
        for fault in faults:
            if fault.mean_ms is None:
                self._put_on_agenda(fault)

    def launched(self, row: int, environment: Ec2Environment) -> None:
        """An instance was launched: what strikes at a rate has an end in store for it."""
        place = (environment.position, self._instances.pool[row])
        for fault in self._rates:
            if place not in fault.places:
                continue
            if fault.by_pool:
                self._watch_pool(fault, place[1])
                continue
            law = self._law(fault, environment.plan.key())
            begins_ms = max(self._kernel.now_ms, fault.window.from_ms)
            at_ms = begins_ms + max(1, law.one_ms(self._instances.ordinal[row]))
            if at_ms < fault.window.until_ms:
                self._strike_at(row, at_ms, fault)

    # -- at a rate

    def _law(self, fault: HostFault, entity: str) -> Sampler:
        if (fault.number, entity) not in self._laws:
            assert fault.mean_ms is not None
            stream = self._stream(f"fault {fault.key}", entity)
            self._laws[fault.number, entity] = Sampler(Exponential(fault.mean_ms), stream, chunk=64)
        return self._laws[fault.number, entity]

    def _strike_at(self, row: int, at_ms: int, fault: HostFault) -> None:
        if fault.is_of_spot:
            self._market.strike(row, at_ms, notice_ms=fault.notice_ms, replace=fault.replace, fault=fault.number)
        else:
            self._kernel.call_in_background(at_ms, Rank.RECLAIM, self._strike_now, (row, fault))

    def _strike_now(self, row_and_fault: tuple[int, HostFault]) -> None:
        row, fault = row_and_fault
        if self._instances.is_on(row):
            self._lose(row, fault.why, fault.number)

    def _watch_pool(self, fault: HostFault, pool: int) -> None:
        """From the first instance of a pool on, let the pool be struck; its instants do not hang on the launches."""
        if (fault.number, pool) not in self._struck_pools:
            self._struck_pools.add((fault.number, pool))
            self._kernel.process(self._strikes(fault, pool))

    def _strikes(self, fault: HostFault, pool: int) -> Generator[Event, None, None]:
        kernel, law = self._kernel, self._law(fault, self._pools[pool].name)
        at_ms, number = fault.window.from_ms, 0
        while (at_ms := at_ms + max(1, law.one_ms(number))) < fault.window.until_ms:
            number += 1
            if at_ms > kernel.now_ms:
                notice_at = max(kernel.now_ms, at_ms - fault.notice_ms)
                yield kernel.until(notice_at, Rank.NOTICE, background=True)
                self._announce(fault, at_ms, pool)
                yield kernel.until(at_ms, Rank.RECLAIM, background=True)
                self._take(fault, pool)

    # -- at one instant

    def _put_on_agenda(self, fault: HostFault) -> None:
        """Take a part of what is on when the window begins; of Spot with a notice before."""
        at_ms = fault.window.from_ms
        if fault.is_of_spot and fault.notice_ms:
            notice_at = max(0, at_ms - fault.notice_ms)
            self._kernel.call_in_background(notice_at, Rank.NOTICE, lambda _: self._announce(fault, at_ms))
        self._kernel.call_in_background(at_ms, Rank.RECLAIM, lambda _: self._take(fault))

    def _announce(self, fault: HostFault, at_ms: int, pool: int | None = None) -> None:
        """Give those their notice that are on and will be taken."""
        for row in self._victims(fault, pool):
            self._strike_at(row, at_ms, fault)

    def _take(self, fault: HostFault, pool: int | None = None) -> None:
        """Take what is on now, those too that were launched after the notice."""
        for row in self._victims(fault, pool):
            if fault.is_of_spot:
                self._market.take(row, replace=fault.replace, fault=fault.number)
            else:
                self._lose(row, fault.why, fault.number)

    def _victims(self, fault: HostFault, pool: int | None) -> list[int]:
        """Return the instances that are on and struck, by environment in order of launch; of one pool or all."""
        return [
            row
            for environment in self._environments
            if isinstance(environment, Ec2Environment)
            for row in sorted((*environment.booting, *environment.ready))
            if (environment.position, self._instances.pool[row]) in fault.places
            and pool in (None, self._instances.pool[row])
            and self._is_struck(fault, environment, row)
        ]

    def _is_struck(self, fault: HostFault, environment: Ec2Environment, row: int) -> bool:
        if fault.mean_ms is not None or fault.fraction >= 1:
            return True
        if fault.by_pool:
            u = self._stream(f"fault {fault.key}", self._pools[self._instances.pool[row]].name).one(0)
        else:
            u = self._stream(f"fault {fault.key}", environment.plan.key()).one(self._instances.ordinal[row])
        return u < fault.fraction
