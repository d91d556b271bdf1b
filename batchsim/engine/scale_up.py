"""Scale-up of one EC2 or SPOT environment: a decision falls due after demand is unmet, and launches for it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple

from simpy import Event

from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.launch import Launcher
from batchsim.engine.laws import Sampler
from batchsim.engine.plan import Rules
from batchsim.engine.restraint import Restraint
from batchsim.engine.scaling_log import ScalingLog
from batchsim.policies.allocation import Ask, Demand, Offer, pack_one
from batchsim.records.vocabulary import ScalingAction, WhyLaunched

MINIMUM_JOB_MIB = 4
"""What fills an environment to minvCpus is chosen for jobs of 1 vCPU and the least memory that AWS Batch takes."""


class Tally(NamedTuple):
    """What a decision did."""

    instances: int = 0
    vcpus: int = 0
    capacity_errors: int = 0

    def launched(self, vcpus: int) -> Tally:
        """Count one more instance."""
        return self._replace(instances=self.instances + 1, vcpus=self.vcpus + vcpus)

    def refused(self) -> Tally:
        """Count one more capacity error."""
        return self._replace(capacity_errors=self.capacity_errors + 1)


class Scaler:
    """One pending decision an environment (model 3): a process that sleeps until demand is found unmet."""

    def __init__(
        self,
        kernel: Kernel,
        environment: Ec2Environment,
        meter: DemandMeter,
        launcher: Launcher,
        delay: Sampler,
        rules: Rules,
        log: ScalingLog,
        decided: Callable[[str, range], None],
        restraint: Restraint | None = None,
    ) -> None:
        """``decided(kind, rows)`` hears of each launch; ``restraint`` is that of the user's own policies."""
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
        self._ordinal = 0
        self._stands = environment.plan.stands
        self._asleep: Event | None = None
        kernel.process(self._live())

    def consider(self) -> None:
        """Wake the scaler when it sleeps and demand is unmet. Called after each pass that could have changed that."""
        if self._asleep is not None and self._is_unmet():
            asleep, self._asleep = self._asleep, None
            asleep.succeed()

    def is_awaited(self) -> bool:
        """Whether a decision is pending that waiting jobs need: a run does not end before."""
        is_waiting = self._restraint is not None and self._restraint.is_to_ask_again
        if self._asleep is not None and not is_waiting:
            return False
        return self._meter.waits(self.environment) if self._stands else self._meter.is_unmet(self.environment)

    def fill(self, vcpus: int) -> None:
        """Launch the initial capacity at once."""
        environment, tally = self.environment, Tally()
        offers = self._offers()
        while environment.on_vcpus < vcpus:
            offer = self._choose((_to_minimum(vcpus - environment.on_vcpus),), offers, environment.max_vcpus)
            if offer is None:
                break
            if self._is_refused(offer):
                tally, offers = tally.refused(), self._offers()
                continue
            why = WhyLaunched.FLEET if environment.plan.stands else WhyLaunched.INITIAL
            self._launcher.launch(environment, offer, why, ready=self._rules.initial_ready)
            tally, offers = tally.launched(offer.vcpus), _one_less(offers, offer)
        if vcpus:
            self._log.write(environment, ScalingAction.INITIAL, *tally[:2], 0, tally.capacity_errors)

    def _live(self) -> Generator[Event, None, None]:
        kernel = self._kernel
        while True:
            if not self._is_unmet():
                self._asleep = kernel.event()
                yield self._asleep
            due = kernel.now_ms + self._delay.one_ms(self._ordinal)
            yield kernel.until(due, Rank.SCALE_UP, background=True)
            self._ordinal += 1
            self._decide()

    def _is_unmet(self) -> bool:
        """Whether demand that this environment may grow for, or minvCpus, is not covered."""
        environment = self.environment
        if not environment.enabled or environment.on_vcpus >= environment.max_vcpus:
            return False
        missing = environment.min_vcpus - environment.on_vcpus
        if missing > 0 and self._choose((_to_minimum(missing),), self._offers(), environment.max_vcpus) is not None:
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
        uncovered_vcpus = sum(ask.vcpus * ask.jobs for ask in asks)
        offers, tally = self._offers(), Tally()
        limit_vcpus = self._limit_vcpus(asks)
        while ask := self._next_ask(asks, limit_vcpus):
            offer = self._choose(ask, offers, limit_vcpus if ask is asks else self.environment.max_vcpus)
            if offer is None:
                break
            if self._is_refused(offer):
                tally, offers = tally.refused(), self._offers()
                continue
            need = WhyLaunched.FLEET if self._stands else WhyLaunched.MINIMUM
            why = WhyLaunched.DEMAND if ask is asks else need
            row = self._launcher.launch(self.environment, offer, why)
            offers = _one_less(offers, offer)
            asks, _ = pack_one(offer, asks, by_memory=self._rules.demand_by_memory)
            tally = tally.launched(offer.vcpus)
            self._decided("launch", range(row, row + 1))
        self._log.write(self.environment, ScalingAction.SCALE_UP, *tally[:2], uncovered_vcpus, tally.capacity_errors)
        if self._restraint is not None:
            self._restraint.note(asks, launched=bool(tally.instances or tally.capacity_errors))

    def _limit_vcpus(self, asks: tuple[Ask, ...]) -> int:
        """Return the vCPUs to which a decision may grow for jobs: maxvCpus, or what the user's own scaling says."""
        return self.environment.max_vcpus if self._restraint is None else self._restraint.limit_vcpus(asks)

    def _is_refused(self, offer: Offer) -> bool:
        """Whether EC2 answers with a capacity error (the Spot pool is empty); its pool is then held back."""
        if not offer.spot or offer.depth > 0:
            return False
        self._launcher.back_off(self.environment, offer)
        return True

    def _next_ask(self, asks: tuple[Ask, ...], limit_vcpus: int) -> tuple[Ask, ...]:
        """Return what to launch for next: waiting jobs, then what is missing to minvCpus; nothing at maxvCpus."""
        environment = self.environment
        if not environment.enabled or environment.on_vcpus >= environment.max_vcpus:
            return ()
        if asks and environment.on_vcpus < limit_vcpus:
            return asks
        missing = environment.min_vcpus - environment.on_vcpus
        return (_to_minimum(missing),) if missing > 0 else ()

    def _choose(self, asks: tuple[Ask, ...], offers: tuple[Offer, ...], limit_vcpus: int) -> Offer | None:
        return self._launcher.choose(self.environment, self._demand(asks, limit_vcpus), offers)

    def _demand(self, asks: tuple[Ask, ...], limit_vcpus: int) -> Demand:
        environment = self.environment
        return Demand(
            asks=asks,
            headroom_vcpus=limit_vcpus - environment.on_vcpus,
            may_exceed_max=environment.plan.may_exceed_max,
            zone_vcpus=tuple(environment.zone_vcpus),
            by_memory=self._rules.demand_by_memory,
            prefer_smallest=self._rules.prefer_smallest,
        )

    def _offers(self) -> tuple[Offer, ...]:
        return self._launcher.offers(self.environment)


def _to_minimum(vcpus: int) -> Ask:
    """Return what stands for vCPUs that are missing to minvCpus."""
    return Ask(1, MINIMUM_JOB_MIB, 0, vcpus)


def _one_less(offers: tuple[Offer, ...], taken: Offer) -> tuple[Offer, ...]:
    """Return the offers after one instance of a pool was launched."""
    if not taken.spot:
        return offers
    return tuple(o._replace(depth=o.depth - 1) if o.position == taken.position else o for o in offers)
