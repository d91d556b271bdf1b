"""Launching instances: which offers are open, the stages of a boot, and the back-off after a capacity error."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.capacity_errors import CapacityErrors
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.faults.launches import LaunchFaults
from batchsim.engine.faults.throttles import Throttles
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.laws import Sampler
from batchsim.engine.plan import Plan
from batchsim.engine.quota import VcpuQuota
from batchsim.engine.spot import SpotMarket
from batchsim.engine.spot_prices import SpotPrices
from batchsim.policies.allocation import Demand, Offer
from batchsim.records.vocabulary import WhyLaunched

LEAST_BACKOFF_MS = 1_000
"""Else a pool that stays empty would be tried a thousand times a second where ``ce_backoff`` is 0."""


class Launcher:
    """Carries out what allocation strategies choose. Delays are keyed by environment and launch ordinal."""

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        instances: InstanceTable,
        market: SpotMarket,
        became_ready: Callable[[Ec2Environment, int], None],
        gate_moved: Callable[[], None],
        *,
        thorough: bool,
    ) -> None:
        """``thorough``: no pool is refused without having been tried."""
        self._thorough = thorough
        self.environments: tuple[Environment, ...] = ()
        self._kernel = kernel
        self._plan = plan
        self._instances = instances
        self._market = market
        self._became_ready = became_ready
        self._gate_moved = gate_moved
        self.grew: Callable[[Ec2Environment], None] = _nobody
        """Hears of each launch: more capacity may let an idle instance go that minvCpus kept."""
        self._stages: dict[int, tuple[Sampler, ...]] = {}
        self.quota: VcpuQuota | None = None
        self.errors: CapacityErrors | None = None
        """Capacity errors beside those of empty Spot pools."""
        self.throttles: Throttles | None = None
        """What EC2 answers of calls to launch, where a fault throttles them."""
        self.prices: SpotPrices | None = None
        """Spot prices, where they change."""
        self.faults: LaunchFaults | None = None
        """What strikes instances from their launch on, where anything does."""

    def offers(self, environment: Ec2Environment) -> tuple[Offer, ...]:
        """Return the offers that no gate keeps shut, Spot pools with their present depth and price."""
        free = environment.offers.open_among(environment.plan.offers)
        return tuple([self._as_of_now(environment, offer) for offer in free]) if environment.plan.spot else free

    def _as_of_now(self, environment: Ec2Environment, offer: Offer) -> Offer:
        depth = self._market.depth(offer.pool)
        if self.errors is not None:
            left = self.errors.left(environment, offer, self._kernel.now_ms)
            depth = depth if left is None else min(depth, left)
        price = offer.price_nano_usd_per_h if self.prices is None else self.prices.now(offer)
        return offer._replace(depth=depth, price_nano_usd_per_h=price)

    def choose(self, environment: Ec2Environment, demand: Demand, offers: tuple[Offer, ...]) -> Offer | None:
        """Ask the environment's allocation strategy, of offers that are within quota; asked only below maxvCpus."""
        if self.quota is not None:
            offers = tuple(filter(self.quota.permits, offers))
        return environment.plan.strategy(demand, offers)

    def is_refused(self, environment: Ec2Environment, offer: Offer) -> bool:
        """Whether EC2 answers with a capacity error: the Spot pool is empty, or a fault or chance has it so.

        The pool is then held back for ``ce_backoff``.
        """
        if self._is_throttled(environment):
            return True
        errors = self.errors
        if not self._is_empty(environment, offer) and (errors is None or not errors.strikes(environment)):
            return False
        if errors is not None:
            errors.note(environment, offer, self._kernel.now_ms)
        self.back_off(environment, offer)
        return True

    def _is_throttled(self, environment: Ec2Environment) -> bool:
        """Whether EC2 does not answer the call at all: then nothing is launched until the environment calls again."""
        if self.throttles is None or not (wait_ms := self.throttles.wait_ms(environment, self._kernel.now_ms)):
            return False
        for offer in environment.plan.offers:
            self._hold(environment, offer, self._kernel.now_ms + wait_ms)
        self._gate_moved()
        return True

    def is_out(self, environment: Ec2Environment, offer: Offer) -> bool:
        """Whether there is nothing where an offer comes from: its zone is out."""
        return self.errors is not None and self.errors.is_out(environment, offer, self._kernel.now_ms)

    def refuse_all(self, environment: Ec2Environment, demand: Demand, offers: tuple[Offer, ...]) -> int:
        """Hold all pools back that a strategy would try, if each is empty, and return how many; 0 if one may give.

        The plain twin tries one after the other; here the strategy is not asked for each of hundreds of pools. Where
        calls are throttled each is made, for not all of them are answered.
        """
        plan = environment.plan
        may_not_try_all = plan.waits_for_its_type or plan.has_own_strategy or self.throttles is not None
        if self._thorough or may_not_try_all:
            return 0
        tried = [offer for offer in offers if self._would_be_tried(demand, offer)]
        if not all(self._is_empty(environment, offer) for offer in tried):
            return 0
        for offer in tried:
            if self.errors is not None:
                self.errors.note(environment, offer, self._kernel.now_ms)
            self.back_off(environment, offer)
        return len(tried)

    def _would_be_tried(self, demand: Demand, offer: Offer) -> bool:
        is_permitted = demand.may_exceed_max or offer.vcpus <= demand.headroom_vcpus
        return is_permitted and offer.holds(demand.head) and (self.quota is None or self.quota.permits(offer))

    def _is_empty(self, environment: Ec2Environment, offer: Offer) -> bool:
        if offer.spot and offer.depth <= 0:
            return True
        left = None if self.errors is None else self.errors.left(environment, offer, self._kernel.now_ms)
        return left is not None and left <= 0

    def launch(self, environment: Ec2Environment, offer: Offer, why: WhyLaunched, *, ready: bool = False) -> int:
        """Launch one instance; ``ready`` skips the boot. Return its row."""
        now, instances, ordinal = self._kernel.now_ms, self._instances, environment.launched
        speed_pico = self._plan.pools[offer.pool].speed_pico
        row = instances.launch(environment.position, ordinal, offer, now, why, speed_pico)
        environment.launched += 1
        environment.offers.gave(offer)
        environment.add(row)
        pending_ms, boot_ms = (0, 0) if ready else self._boot(environment, ordinal)
        bill_after = {"launch": 0, "running": pending_ms, "ready": boot_ms}
        instances.billed_from[row] = now + bill_after[self._plan.rules.bill_from]
        if offer.spot:
            self._market.launched(row)
            if self.prices is not None:
                self.prices.launched(offer.type)
        self._count(environment, offer, 1)
        if self.faults is not None:
            self.faults.launched(row, environment)
        if ready:
            self._open(row, environment)
        elif self.faults is None or not self.faults.never_registers(row, environment):
            self._kernel.call_in_background(now + boot_ms, Rank.READY, self._boot_done, (row, environment))
        self.grew(environment)
        return row

    def ended(self, row: int) -> None:
        """An instance ended: its pool, and its class's quota, have one more to give."""
        if self._instances.spot[row]:
            self._market.ended(row)
        if self.quota is not None or self.errors is not None:
            self._count(*self._origin(row), -1)

    def _origin(self, row: int) -> tuple[Ec2Environment, Offer]:
        environment, pool = self.environments[self._instances.environment[row]], self._instances.pool[row]
        assert isinstance(environment, Ec2Environment)
        return environment, next(offer for offer in environment.plan.offers if offer.pool == pool)

    def _count(self, environment: Ec2Environment, offer: Offer, instances: int) -> None:
        if self.quota is not None:
            self.quota.count(offer, instances)
            self._gate_moved()
        if self.errors is not None:
            self.errors.count(environment, offer, instances)

    def back_off(self, environment: Ec2Environment, offer: Offer) -> None:
        """Hold a pool back after a capacity error, for ``ce_backoff``: the head may go on to the next environment."""
        until = self._kernel.now_ms + max(LEAST_BACKOFF_MS, self._plan.rules.backoff_ms)
        environment.offers.lacked(offer)
        self._hold(environment, offer, until)
        self._gate_moved()

    def _hold(self, environment: Ec2Environment, offer: Offer, until_ms: int) -> None:
        """Let a pool be closed up to an instant, or as long as it is closed anyway."""
        until_ms = max(until_ms, environment.offers.backed_off.get(offer.position, 0))
        environment.offers.backed_off[offer.position] = until_ms
        environment.touched = True
        self._kernel.call_in_background(until_ms, Rank.GATE, self._reopen, (environment, offer.position))

    def is_holding_back(self, environment: Ec2Environment) -> bool:
        """Whether a pool is held back that may give instances later on."""
        return not all(self._is_gone(environment, environment.plan.offers[at]) for at in environment.offers.backed_off)

    def _is_gone(self, environment: Ec2Environment, offer: Offer) -> bool:
        """Whether a pool will never have an instance to give again."""
        if offer.spot and self._market.is_empty_for_good:
            return True
        return self.errors is not None and self.errors.is_for_good(environment, offer, self._kernel.now_ms)

    def _boot(self, environment: Ec2Environment, ordinal: int) -> tuple[int, int]:
        """Return the unbilled first part of the boot, and all of it: instance boot, agent registration, user data."""
        pending, boot, register = (stage.one_ms(ordinal) for stage in self._stages_of(environment))
        return pending, max(boot, pending) + register + self._plan.rules.user_data_ms

    def _stages_of(self, environment: Ec2Environment) -> tuple[Sampler, ...]:
        if environment.position not in self._stages:
            delays, key = self._plan.delays, environment.plan.key()
            laws = (delays.pending, delays.boot, delays.register)
            self._stages[environment.position] = tuple(law(key) for law in laws)
        return self._stages[environment.position]

    def _boot_done(self, row_and_environment: tuple[int, Ec2Environment]) -> None:
        row, environment = row_and_environment
        if self._instances.is_on(row):
            self._open(row, environment)

    def _open(self, row: int, environment: Ec2Environment) -> None:
        environment.open_to_jobs(row)
        self._became_ready(environment, row)

    def _reopen(self, environment_and_offer: tuple[Ec2Environment, int]) -> None:
        environment, offer = environment_and_offer
        if environment.offers.backed_off.get(offer, 0) <= self._kernel.now_ms:
            environment.offers.backed_off.pop(offer, None)
            environment.touched = True
            self._gate_moved()


def _nobody(_: Ec2Environment) -> None:
    """Nobody listens yet."""
