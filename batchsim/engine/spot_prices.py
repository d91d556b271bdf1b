"""Spot prices over a run: the bid gate of each environment, interruptions above the bid, and what an instance paid.

``bidPercentage`` is a share of On-Demand: an environment launches only below it, and EC2 interrupts its instances, with
the usual notice, when the price exceeds it (EC2, "Spot Instance interruptions"). The market price is paid, whatever the
bid. Prices go in the steps of ``world.spot_prices``, or by chance (``world.spot_price_sigma``); without either they are
constant, and the gate never moves. A ``price_shock`` multiplies whichever of these holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import sqrt

import numpy as np

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.elementary import exp
from batchsim.engine.faults.log import FaultLog
from batchsim.engine.faults.prices import PriceShock, bounds_of, on_type, shocked, with_shocks
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.plan import SpotPlan
from batchsim.engine.price_steps import Steps, mean_price, price_at
from batchsim.engine.randomness import Stream
from batchsim.policies.allocation import Offer
from batchsim.records.tables import NEVER, Instances
from batchsim.records.vocabulary import FaultEffect
from batchsim.units import MS_PER_H

STEP_MS = MS_PER_H
"""Prices that go by chance move every hour ..."""
MEMORY = 0.9
"""... as an autoregressive process of this coefficient, in the logarithm."""


class Walk:
    """The price of one type: ``usual x exp(sigma z)``, z a stationary AR(1) process of 0.9 in steps of an hour."""

    def __init__(self, usual: int, sigma: float, stream: Stream) -> None:
        self._usual = usual
        self._sigma = sigma
        self._stream = stream
        self._number = 0
        (self._z,) = stream.normals(0, 1).tolist()

    def price(self) -> int:
        """Return the price of this step, a nano-dollar an hour at least."""
        return max(1, round(self._usual * float(exp(np.array([self._sigma * self._z]))[0])))

    def next(self) -> int:
        """Return the price of the next step."""
        self._number += 1
        (normal,) = self._stream.normals(self._number, 1).tolist()
        self._z = MEMORY * self._z + sqrt(1 - MEMORY**2) * normal
        return self.price()


class SpotPrices:
    """Watches the price of each Spot type; types without steps keep the catalogue's."""

    def __init__(
        self,
        kernel: Kernel,
        plan: SpotPlan,
        stream: Callable[[str, str], Stream],
        environments: tuple[Ec2Environment, ...],
        interrupt: Callable[[Ec2Environment, frozenset[int]], None],
        gate_moved: Callable[[], None],
        shocks: tuple[PriceShock, ...],
        faults: FaultLog,
    ) -> None:
        """``interrupt(environment, pools)`` hears of pools whose price exceeds the bid now."""
        self._kernel = kernel
        self.steps: dict[int, list[tuple[int, int]]] = {type_: list(given) for type_, given in plan.prices.items()}
        """By type whose price changes, as far as it is known by now."""
        self._walks: dict[int, Walk] = {}
        self._spot = tuple(each for each in environments if each.plan.spot and not each.plan.fleet)
        self._interrupt = interrupt
        self._gate_moved = gate_moved
        self._shocks, self._faults = shocks, faults
        self._launched: set[int] = set()
        """Types that were launched as Spot by now."""
        self._told: set[int] = set()
        """Shocks that are in the table of faults."""
        self._given = sorted(
            {at for each in self.steps.values() for at, _ in each if at > 0} | (bounds_of(shocks) - {0})
        )
        usual = {o.type: (o.type_name, o.price_nano_usd_per_h) for e in environments for o in e.plan.offers if o.spot}
        for type_, (name, price) in usual.items():
            if plan.price_sigma and type_ not in self.steps:
                walk = self._walks[type_] = Walk(price, plan.price_sigma, stream("price", name))
                self.steps[type_] = [(0, self._walked(type_, walk.price()))]
            elif mine := on_type(shocks, type_):
                self.steps[type_] = with_shocks(self.steps.get(type_, [(0, price)]), mine)

    def start(self) -> None:
        """Shut the gates of t = 0, and put all steps on the agenda."""
        for environment in self._spot:
            self._set_gate(environment)
        self._tell_shocks()
        for at_ms in self._given:
            self._kernel.call_in_background(at_ms, Rank.NOTICE, self._given_step)
        if self._walks:
            self._kernel.call_in_background(STEP_MS, Rank.NOTICE, self._walk_on)

    def now(self, offer: Offer) -> int:
        """The price of an offer now."""
        steps = self.steps.get(offer.type)
        return offer.price_nano_usd_per_h if steps is None else price_at(steps, self._kernel.now_ms)

    def may_fall(self, environment: Ec2Environment) -> bool:
        """Whether a price is still to change for an environment that the bid keeps from launching."""
        is_moving = bool(self._walks) or bool(self._given and self._kernel.now_ms < self._given[-1])
        return bool(environment.offers.outbid) and is_moving

    def _given_step(self, _: None) -> None:
        now = self._kernel.now_ms
        self._tell_shocks()
        for type_, walk in self._walks.items() if now % STEP_MS else ():  # at the hour they walk on anyway
            if on_type(self._shocks, type_):
                self.steps[type_].append((now, self._walked(type_, walk.price())))
        self._step()

    def launched(self, type_: int) -> None:
        """A Spot instance of a type was launched."""
        if type_ not in self._launched:
            self._launched.add(type_)
            self._tell_shocks()

    def _tell_shocks(self) -> None:
        """Tell once of each shock that is on and strikes a type that was launched: others are nobody's concern."""
        for shock in self._shocks:
            is_on = shock.window.covers(self._kernel.now_ms) and not shock.types.isdisjoint(self._launched)
            if is_on and shock.number not in self._told:
                self._told.add(shock.number)
                self._faults.write(shock.number, FaultEffect.PRICE_SHOCKED)

    def _walked(self, type_: int, price: int) -> int:
        return shocked(price, on_type(self._shocks, type_), self._kernel.now_ms)

    def _walk_on(self, _: None) -> None:
        now = self._kernel.now_ms
        for type_, walk in self._walks.items():
            self.steps[type_].append((now, self._walked(type_, walk.next())))
        self._kernel.call_in_background(now + STEP_MS, Rank.NOTICE, self._walk_on)
        self._step()

    def _step(self) -> None:
        for environment in self._spot:
            self._set_gate(environment)
            above = frozenset(offer.pool for offer in environment.plan.offers if self._exceeds(environment, offer))
            if above:
                self._interrupt(environment, above)

    def _set_gate(self, environment: Ec2Environment) -> None:
        """An environment launches only what costs less than its bid."""
        outbid = frozenset(o.position for o in environment.plan.offers if self.now(o) * 100 >= _bid(environment, o))
        if outbid != environment.offers.outbid:
            environment.offers.outbid = outbid
            environment.touched = True
            self._gate_moved()

    def _exceeds(self, environment: Ec2Environment, offer: Offer) -> bool:
        return self.now(offer) * 100 > _bid(environment, offer)


def _bid(environment: Ec2Environment, offer: Offer) -> int:
    """A hundred times the most that an environment pays."""
    return offer.on_demand_nano_usd_per_h * environment.plan.bid_percent


def with_paid_prices(instances: Instances, steps: Mapping[int, Steps], horizon_ms: int) -> Instances:
    """The instances with the mean price over the time that each was billed for."""
    prices = instances.price_nano_usd_per_h.copy()
    for row in np.flatnonzero(instances.spot & np.isin(instances.type, list(steps))).tolist():
        billed, ended = int(instances.billed_from_ms[row]), int(instances.ended_at_ms[row])
        start = int(instances.launched_at_ms[row]) if billed == NEVER else billed
        end = start if billed == NEVER else horizon_ms if ended == NEVER else ended
        prices[row] = mean_price(steps[int(instances.type[row])], start, end)
    return replace(instances, price_nano_usd_per_h=prices)
