"""Scale-up of one EC2 or SPOT environment: a decision falls due after demand is unmet, and launches for it."""

from __future__ import annotations

from collections.abc import Callable, Generator

from simpy import Event

from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.growth import Growth, Tally, one_less, vcpus_of
from batchsim.engine.kernel import Kernel, Rank, in_turn
from batchsim.engine.launch import Launcher
from batchsim.engine.plan import Rules
from batchsim.engine.restraint import Restraint
from batchsim.engine.scaling_log import ScalingLog
from batchsim.policies.allocation import Ask, Demand, Offer
from batchsim.policies.allocation.observed import SPREAD_FROM
from batchsim.records.vocabulary import ScalingAction, WhyLaunched

MINIMUM_JOB_MIB = 4
"""What fills an environment to minvCpus is chosen for jobs of 1 vCPU and the least memory that AWS Batch takes."""


class Scaler:
    """One pending decision an environment (model 3): a process that sleeps until demand is found unmet."""

    def __init__(
        self,
        kernel: Kernel,
        environment: Ec2Environment,
        meter: DemandMeter,
        launcher: Launcher,
        delay: Callable[[int], int],
        rules: Rules,
        log: ScalingLog,
        decided: Callable[[str, range], None],
        restraint: Restraint | None = None,
        sizes: Callable[[int], tuple[float, ...]] = lambda _: (),
    ) -> None:
        """``decided(kind, rows)`` hears of each launch; ``restraint`` is that of the user's own policies.

        ``delay`` and ``sizes`` are those of a decision by its number: how long it takes, and by zone what sizes are
        drawn with, nothing where they are not drawn.
        """
        self.environment = environment
        self._restraint = restraint
        if restraint is not None:
            restraint.ask_again = self.consider
        self._kernel = kernel
        self._meter = meter
        self._launcher = launcher
        self._delay = delay
        self._rules = rules
        self._log = log
        self._decided = decided
        self._sizes = sizes
        self._ordinal = 0
        self._stands = environment.plan.stands
        self._asleep: Event | None = None
        kernel.process(self._live())

    def consider(self) -> None:
        """Wake the scaler when it sleeps and demand is unmet. Called after each pass that could have changed that."""
        if self._asleep is not None and self._is_unmet():
            asleep, self._asleep = self._asleep, None
            asleep.succeed()

    @property
    def is_deciding(self) -> bool:
        """Whether a decision is pending: it is awake."""
        return self._asleep is None

    def is_awaited(self) -> bool:
        """Whether a decision is pending that waiting jobs need: a run does not end before."""
        is_waiting = self._restraint is not None and self._restraint.is_to_ask_again
        if self._asleep is not None and not is_waiting:
            return False
        return self._meter.waits(self.environment) if self._stands else self._meter.is_unmet(self.environment)

    def fill(self, vcpus: int) -> None:
        """Launch the initial capacity at once; an INVALID environment launches nothing."""
        vcpus = vcpus if self.environment.valid else 0
        why = WhyLaunched.FLEET if self.environment.plan.stands else WhyLaunched.INITIAL
        tally = self._launch_at_once(vcpus, why, ready=self._rules.initial_ready)
        if vcpus:
            self._log.write(self.environment, ScalingAction.INITIAL, *tally[:2], 0, tally.capacity_errors)

    def raise_desired(self, vcpus: int) -> None:
        """UpdateComputeEnvironment: ``desiredvCpus`` may only be raised, within the bounds; else nothing changes."""
        environment, tally = self.environment, Tally()
        if environment.in_service and environment.min_vcpus <= vcpus <= environment.max_vcpus:
            tally = self._launch_at_once(vcpus, WhyLaunched.DESIRED, ready=False)
        self._log.write(environment, ScalingAction.UPDATE, *tally[:2], 0, tally.capacity_errors)

    def _launch_at_once(self, vcpus: int, why: WhyLaunched, *, ready: bool) -> Tally:
        environment, tally = self.environment, Tally()
        offers = self._offers()
        while environment.on_vcpus < vcpus:
            demand = self._demand((_to_minimum(vcpus - environment.on_vcpus),))
            offer = self._launcher.choose(environment, demand, offers)
            if offer is None:
                break
            if self._launcher.is_refused(environment, offer):
                tally, offers = tally.refused(), self._offers()
                continue
            self._launcher.launch(environment, offer, why, ready=ready)
            tally, offers = tally.launched(offer.vcpus), self._offers_after(offers, offer)
        return tally

    def _live(self) -> Generator[Event, None, None]:
        kernel, turn = self._kernel, in_turn(Rank.SCALE_UP, self.environment.position)
        while True:
            if not self._is_unmet():
                self._asleep = kernel.event()
                yield self._asleep
            due = kernel.now_ms + self._delay(self._ordinal)
            yield kernel.until(due, turn, background=True)
            while kernel.now_ms < self.environment.cooling_until_ms:
                yield kernel.until(self.environment.cooling_until_ms, turn, background=True)
            self._ordinal += 1
            self._decide()

    def _is_unmet(self) -> bool:
        """Whether demand that this environment may grow for, or minvCpus, is not covered."""
        environment = self.environment
        if not environment.in_service or environment.on_vcpus >= environment.max_vcpus:
            return False
        missing = environment.min_vcpus - environment.on_vcpus
        if missing > 0 and self._launcher.choose(environment, self._demand((_to_minimum(missing),)), self._offers()):
            return True
        if self._stands:
            return False
        if self._restraint is not None and self._restraint.stands(lambda: self._meter.uncovered(environment)):
            return False
        return self._meter.is_unmet(environment)

    def _decide(self) -> None:
        """Measure demand afresh, then launch, one instance after the other, for what is not covered.

        A fleet that stands is only made whole again: Spot may have taken of it.
        """
        asks = () if self._stands else self._meter.uncovered(self.environment)
        growth = Growth(asks, self._offers())
        limit_vcpus, draws = self._limit_vcpus(asks), self._sizes(self._ordinal)
        if draws and sum(ask.jobs for ask in asks) >= SPREAD_FROM:
            self._launch_in_every_zone(growth, limit_vcpus, draws)
        while growth.asks and self._may_grow(limit_vcpus):
            if self._launch_one(growth, self._demand(growth.asks, limit_vcpus, draws)) is None:
                break
        self._launch_to_minimum(growth)  # whatever became of the jobs: what is missing would be asked for again at once
        self._log.write(
            self.environment, ScalingAction.SCALE_UP, *growth.tally[:2], vcpus_of(asks), growth.tally.capacity_errors
        )
        if self._restraint is not None:
            launched = bool(growth.tally.instances or growth.tally.capacity_errors)
            self._restraint.note(growth.asks, launched=launched)

    def _launch_in_every_zone(self, growth: Growth, limit_vcpus: int, draws: tuple[float, ...]) -> None:
        """Launch an even part of the need in each zone, in whole instances of the size drawn for it.

        So jobs that one zone's instances hold already find more in the others; for those, maxvCpus is not exceeded.
        """
        asks, zones = growth.asks, sorted({offer.zone for offer in growth.offers}, key=self._zone_vcpus_first)
        for zone in zones:
            owed = -(-vcpus_of(asks) // len(zones))
            while owed > 0 and self._may_grow(limit_vcpus):
                demand = self._demand(asks, limit_vcpus, draws, may_exceed=bool(growth.asks))
                offer = self._launch_one(growth, demand, zone)
                owed = owed - offer.vcpus if offer else 0

    def _zone_vcpus_first(self, zone: int) -> tuple[int, int]:
        return self.environment.zone_vcpus[zone], zone

    def _launch_to_minimum(self, growth: Growth) -> None:
        environment = self.environment
        while environment.on_vcpus < environment.min_vcpus and self._may_grow(environment.max_vcpus):
            demand = self._demand((_to_minimum(environment.min_vcpus - environment.on_vcpus),))
            why = WhyLaunched.FLEET if self._stands else WhyLaunched.MINIMUM
            if self._launch_one(growth, demand, why=why) is None:
                break

    def _launch_one(
        self, growth: Growth, demand: Demand, zone: int | None = None, *, why: WhyLaunched = WhyLaunched.DEMAND
    ) -> Offer | None:
        """Launch the instance that the strategy chooses, in one zone or any; None when it chooses none.

        After a capacity error it chooses again, from the pools that are left.
        """
        environment = self.environment
        while True:
            pools = growth.offers if zone is None else tuple(offer for offer in growth.offers if offer.zone == zone)
            offer = self._launcher.choose(environment, demand, pools)
            if offer is None:
                return None
            if not self._launcher.is_refused(environment, offer):
                break
            growth.refused(self._offers())
            self._give_up(growth, demand, zone)
        row = self._launcher.launch(environment, offer, why)
        growth.launched(offer, self._offers_after(growth.offers, offer), by_memory=environment.plan.demand_by_memory)
        self._decided("launch", range(row, row + 1))
        return offer

    def _give_up(self, growth: Growth, demand: Demand, zone: int | None) -> None:
        """After a capacity error: if all pools that are left to be tried are empty too, have them all refused."""
        left = tuple(offer for offer in growth.offers if zone in (None, offer.zone))
        refused = self._launcher.refuse_all(self.environment, demand, left)
        if refused:
            growth.refused(self._offers(), refused)

    def _limit_vcpus(self, asks: tuple[Ask, ...]) -> int:
        """Return the vCPUs to which a decision may grow for jobs: maxvCpus, or what the user's own scaling says."""
        return self.environment.max_vcpus if self._restraint is None else self._restraint.limit_vcpus(asks)

    def _may_grow(self, limit_vcpus: int) -> bool:
        """Whether one more instance may be launched: the environment is enabled, and below its limit."""
        environment = self.environment
        return environment.in_service and environment.on_vcpus < min(limit_vcpus, environment.max_vcpus)

    def _demand(
        self,
        asks: tuple[Ask, ...],
        limit_vcpus: int | None = None,
        draws: tuple[float, ...] = (),
        *,
        may_exceed: bool = True,
    ) -> Demand:
        """Return what the strategy sees of a need; ``limit_vcpus``: maxvCpus if not given."""
        environment = self.environment
        most = environment.max_vcpus if limit_vcpus is None else limit_vcpus
        return Demand(
            asks=asks,
            headroom_vcpus=most - environment.on_vcpus,
            may_exceed_max=may_exceed and environment.plan.may_exceed_max,
            zone_vcpus=tuple(environment.zone_vcpus),
            by_memory=environment.plan.demand_by_memory,
            prefer_smallest=self._rules.prefer_smallest,
            max_instance_vcpus=self._rules.max_instance_vcpus,
            rate_weight=self._rules.rate_weight,
            size_draws=draws,
        )

    def _offers(self) -> tuple[Offer, ...]:
        return self._launcher.offers(self.environment)

    def _offers_after(self, offers: tuple[Offer, ...], taken: Offer) -> tuple[Offer, ...]:
        """Return the offers after a launch; what a fault leaves is left of all Spot pools together that it strikes."""
        are_shared = self._launcher.errors is not None and self.environment.plan.spot
        return self._offers() if are_shared else one_less(offers, taken)


def _to_minimum(vcpus: int) -> Ask:
    """Return what stands for vCPUs that are missing to minvCpus."""
    return Ask(1, MINIMUM_JOB_MIB, 0, vcpus)
