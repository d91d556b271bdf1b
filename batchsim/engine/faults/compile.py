"""The plan of faults compiled: names become positions, windows become instants, what is beyond the run is left out."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from batchsim.engine.capacity_errors import Shortage
from batchsim.engine.faults.hosts import HostFault
from batchsim.engine.faults.jobs import ExitFault
from batchsim.engine.faults.launches import BootFault, SlowFault
from batchsim.engine.faults.prices import PriceShock
from batchsim.engine.faults.pulls import PullFault
from batchsim.engine.faults.targets import Place, Window, keys_of, places_of, spot_types_of, window_of
from batchsim.engine.faults.throttles import Throttle
from batchsim.engine.laws import law_of
from batchsim.engine.plan import Plan
from batchsim.records.vocabulary import WhyEnded
from batchsim.spec import Fault
from batchsim.spec.faults import DETECT_MS
from batchsim.units import MS_PER_H

_WHY = {
    "spot_reclaim": WhyEnded.SPOT_RECLAIM,
    "instance_failure": WhyEnded.INSTANCE_FAILURE,
    "az_outage": WhyEnded.ZONE_OUTAGE,
}


class FaultPlan:
    """The faults of one scenario by what they act on. Those that can strike nothing are in none of the lists."""

    def __init__(self, faults: Iterable[Fault], plan: Plan) -> None:
        self._faults = tuple(faults)
        self._keys = keys_of(self._faults)
        self._plan = plan
        self.shortages = tuple(map(self._shortage, self._of("capacity", "az_outage", "quota")))
        self.throttles = tuple(map(self._throttle, self._of("api_throttle")))
        self.hosts = tuple(map(self._host, filter(self._takes_hosts, self._of(*_WHY))))
        self.boots = tuple(map(self._boot, filter(self._is_likely, self._of("boot_failure"))))
        self.slow = tuple(map(self._slow_host, filter(self._is_likely, self._of("slow_instance"))))
        self.exits = tuple(map(self._exit, filter(self._is_likely, self._of("exit_code", "poison_job"))))
        self.pulls = tuple(map(self._pull, filter(self._touches_pulls, self._of("image_pull"))))
        self.shocks = tuple(
            each for each in map(self._shock, self._of("price_shock")) if each.types and each.factor != 1
        )
        self.stalls = tuple((number, window_of(self._faults[number])) for number in self._of("scheduler_stall"))

    def _of(self, *kinds: str) -> list[int]:
        """Return the numbers of the faults of these kinds."""
        return [number for number, fault in enumerate(self._faults) if fault.kind in kinds]

    def _places(self, number: int) -> frozenset[Place]:
        return places_of(self._faults[number].select, self._plan.environments, self._plan.zones)

    def _common(self, number: int) -> tuple[int, str, Window, frozenset[Place]]:
        return number, self._keys[number], window_of(self._faults[number]), self._places(number)

    def _shortage(self, number: int) -> Shortage:
        fault = self._faults[number]
        most = fault.capacity if fault.vcpus is None else fault.vcpus
        return Shortage(
            window_of(fault),
            most,
            self._places(number),
            number,
            is_outage=fault.kind == "az_outage",
            by_vcpus=fault.kind == "quota",
        )

    def _throttle(self, number: int) -> Throttle:
        fault = self._faults[number]
        return Throttle(
            number,
            self._keys[number],
            window_of(fault),
            self._environments(number),
            Fraction(str(fault.tps)),
            fault.burst,
            fault.backoff_ms,
            fault.backoff_cap_ms,
        )

    def _shock(self, number: int) -> PriceShock:
        fault = self._faults[number]
        types = spot_types_of(fault.select, self._plan.environments)
        return PriceShock(number, window_of(fault), types, Fraction(str(fault.factor)))

    def _environments(self, number: int) -> frozenset[int]:
        """Positions of the environments that a fault selects by name."""
        wanted = self._faults[number].select.environment
        return frozenset(at for at, each in enumerate(self._plan.environments) if wanted in (None, each.name))

    def _is_likely(self, number: int) -> bool:
        return self._faults[number].kind == "poison_job" or bool(self._faults[number].probability)

    def _touches_pulls(self, number: int) -> bool:
        return bool(self._faults[number].probability) or self._faults[number].extra_delay is not None

    def _takes_hosts(self, number: int) -> bool:
        """Whether it takes instances by chance, or all at once; single ones are on the agenda by their number."""
        fault = self._faults[number]
        is_likely = fault.hazard != 0 and fault.fraction != 0
        return not fault.is_of_one_instance and is_likely and fault.running == "kill"

    def _host(self, number: int) -> HostFault:
        fault = self._faults[number]
        mean_ms: float | None = fault.mtbf_ms
        if fault.hazard is not None:
            mean_ms = MS_PER_H / fault.hazard
        places = self._places(number)
        if fault.kind == "spot_reclaim":
            spot = [position for position, each in enumerate(self._plan.environments) if each.spot]
            places = frozenset(place for place in places if place[0] in spot)
        return HostFault(
            number,
            self._keys[number],
            window_of(fault),
            places,
            _WHY[fault.kind],
            notice_ms=self._plan.spot.notice_ms if fault.notice_ms is None else fault.notice_ms,
            mean_ms=mean_ms,
            fraction=1.0 if fault.fraction is None else fault.fraction,
            by_pool=fault.correlated == "pool",
            replace=fault.replace,
        )

    def _boot(self, number: int) -> BootFault:
        fault = self._faults[number]
        detect_ms = DETECT_MS if fault.detect_after_ms is None else fault.detect_after_ms
        return BootFault(*self._common(number), fault.probability or 0.0, detect_ms, fault.billed is not False)

    def _exit(self, number: int) -> ExitFault:
        fault, is_poison = self._faults[number], self._faults[number].kind == "poison_job"
        after_ms = fault.fail_after_ms or 1 if is_poison else None
        chance = 1.0 if is_poison else fault.probability or 0.0
        code = 1 if fault.code is None else fault.code
        return ExitFault(number, self._keys[number], window_of(fault), fault.select, chance, code, after_ms)

    def _pull(self, number: int) -> PullFault:
        fault = self._faults[number]
        delay = None if fault.extra_delay is None else law_of(fault.extra_delay)
        struck = frozenset(
            position
            for position, each in enumerate(self._plan.environments)
            if fault.select.environment in (None, each.name)
        )
        image = "*" if fault.select.image is None else fault.select.image
        chance = fault.probability or 0.0
        return PullFault(number, self._keys[number], window_of(fault), struck, image, chance, delay)

    def _slow_host(self, number: int) -> SlowFault:
        fault = self._faults[number]
        return SlowFault(*self._common(number), fault.probability or 0.0, fault.factor or 1.0)
