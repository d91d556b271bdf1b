"""The Spot market: how deep each pool is, when it reclaims an instance, and shocks that take part of a pool (model 3).

Every number is keyed by the pool and by the instance's launch ordinal in it, or by the pool and the step or shock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from math import sqrt

import numpy as np
from simpy import Event

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.elementary import exp
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.laws import Exponential, Sampler
from batchsim.engine.plan import Delays, Pool, SpotPlan
from batchsim.engine.randomness import Stream
from batchsim.records.tables import NEVER
from batchsim.units import MS_PER_H

DEPTH_STEP_MS = 600_000
"""A pool's depth moves every ten minutes ..."""
DEPTH_MEMORY = 0.9
"""... as an autoregressive process of this coefficient, in the logarithm ..."""
DEPTH_SPREAD = 0.8
"""... of this standard deviation around its median."""
SHOCK_SHARE = 0.5
"""Part of a pool that a shock takes."""
UNLIMITED = 1 << 30


class Depth:
    """The depth of one pool: ``exp(ln m + 0.8 z)``, z a stationary AR(1) process of 0.9 in steps of ten minutes."""

    def __init__(self, median: int, stream: Stream) -> None:
        self._median = median
        self._stream = stream
        self._step = 0
        (self._z,) = stream.normals(0, 1).tolist()
        self._depth = self._of_z()

    def at(self, now_ms: int) -> int:
        """Return the instances that the pool could hold now; instants must not go back."""
        steps = now_ms // DEPTH_STEP_MS - self._step
        if steps:
            for normal in self._stream.normals(self._step + 1, steps).tolist():  # together: a month has thousands
                self._z = DEPTH_MEMORY * self._z + sqrt(1 - DEPTH_MEMORY**2) * normal
            self._step += steps
            self._depth = self._of_z()
        return self._depth

    def _of_z(self) -> int:
        return int(self._median * exp(np.array([DEPTH_SPREAD * self._z]))[0])


class SpotMarket:
    """Watches every Spot instance from launch to end. ``reclaim`` and ``give_notice`` are the caller's."""

    def __init__(
        self,
        kernel: Kernel,
        plan: SpotPlan,
        pools: tuple[Pool, ...],
        delays: Delays,
        instances: InstanceTable,
        reclaim: Callable[[int, bool, int], None],
    ) -> None:
        """``reclaim(row, replace, fault)``: by a line of the plan of faults, NEVER where the market strikes."""
        self._kernel = kernel
        self._plan = plan
        self._pools = pools
        self._delays = delays
        self._instances = instances
        self._reclaim = reclaim
        self.noticed: Callable[[int, int], None] = _nobody
        """Hears of each notice: the instance, and when EC2 will take it."""
        self._depths: dict[int, Depth] = {}
        self._alive: dict[int, dict[int, int]] = {}
        """By pool, the instances that are on and their launch ordinals in the pool."""
        self._launched: dict[int, int] = {}
        self._lifetimes: dict[int, Sampler] = {}

    @property
    def is_empty_for_good(self) -> bool:
        """Whether no pool ever has an instance to give (``spot_depth: 0``)."""
        return self._plan.median_depth == 0

    def depth(self, pool: int) -> int:
        """Return how many more instances the pool can give now."""
        if self._plan.median_depth is None:
            return UNLIMITED
        if pool not in self._depths:
            stream = self._delays.stream("depth", self._pools[pool].name)
            self._depths[pool] = Depth(self._plan.median_depth, stream)
        return self._depths[pool].at(self._kernel.now_ms) - len(self._alive.get(pool, ()))

    def launched(self, row: int) -> None:
        """A Spot instance was launched: draw the end that the market has in store for it."""
        pool = self._instances.pool[row]
        ordinal = self._launched.get(pool, 0)
        self._launched[pool] = ordinal + 1
        if pool not in self._alive:
            self._alive[pool] = {}
            if self._plan.shocks_per_day:
                self._kernel.process(self._shocks(pool))
        self._alive[pool][row] = ordinal
        if self._plan.hazard_per_h:
            lifetime_ms = self._lifetime(pool).one_ms(ordinal)
            self.strike(row, self._kernel.now_ms + max(1, lifetime_ms))

    def ended(self, row: int) -> None:
        """A Spot instance ended, whatever ended it: its place in the pool is free again."""
        self._alive.get(self._instances.pool[row], {}).pop(row, None)

    def strike(
        self, row: int, at_ms: int, *, notice_ms: int | None = None, replace: bool = False, fault: int = NEVER
    ) -> None:
        """Let an instance be reclaimed at an instant, with its notice before: the world's, or a fault's own."""
        self._plan_strike(lambda: row, at_ms, replace=replace, notice_ms=notice_ms, fault=fault)

    def take(self, row: int, *, replace: bool, fault: int) -> None:
        """Reclaim an instance now, for a fault."""
        self._strike_now((lambda: row, replace, fault))

    def interrupt(self, environment: Ec2Environment, pools: frozenset[int]) -> None:
        """The price exceeds an environment's bid in these pools: its instances have their notice now."""
        rows = [row for pool in sorted(pools) for row in self._alive.get(pool, ())]
        for row in rows:
            if self._instances.environment[row] == environment.position and self._instances.notice_at[row] == NEVER:
                self.strike(row, self._kernel.now_ms + self._plan.notice_ms)

    def strike_by_ordinal(
        self,
        environment: int,
        ordinal: int,
        at_ms: int,
        *,
        replace: bool,
        notice_ms: int | None = None,
        fault: int = NEVER,
        asked_at_ms: int = 0,
    ) -> None:
        """As :meth:`strike`, for an instance that may be launched only by then; no notice before ``asked_at_ms``."""
        find = partial(self._instances.row_of, environment, ordinal)
        self._plan_strike(find, at_ms, replace=replace, notice_ms=notice_ms, fault=fault, asked_at_ms=asked_at_ms)

    def _plan_strike(
        self,
        find: Callable[[], int | None],
        at_ms: int,
        *,
        replace: bool,
        notice_ms: int | None,
        fault: int,
        asked_at_ms: int = 0,
    ) -> None:
        """The agenda may be behind whoever asks: the clock stands between two events."""
        notice_ms = self._plan.notice_ms if notice_ms is None else notice_ms
        notice_at = max(self._kernel.now_ms, asked_at_ms, at_ms - notice_ms)
        self._kernel.call_in_background(notice_at, Rank.NOTICE, self._give_notice, (find, at_ms))
        self._kernel.call_in_background(at_ms, Rank.RECLAIM, self._strike_now, (find, replace, fault))

    def _give_notice(self, find_and_loss: tuple[Callable[[], int | None], int]) -> None:
        find, gone_at_ms = find_and_loss
        row = find()
        if row is not None and self._instances.is_on(row) and self._instances.notice_at[row] == NEVER:
            self._instances.notice_at[row] = self._kernel.now_ms
            self.noticed(row, gone_at_ms)

    def _strike_now(self, strike: tuple[Callable[[], int | None], bool, int]) -> None:
        find, replace, fault = strike
        row = find()
        if row is not None and self._instances.is_on(row):
            self._reclaim(row, replace, fault)

    def _lifetime(self, pool: int) -> Sampler:
        if pool not in self._lifetimes:
            mean_ms = MS_PER_H / (self._plan.hazard_per_h * self._pools[pool].factor)
            stream = self._delays.stream("lifetime", self._pools[pool].name)
            self._lifetimes[pool] = Sampler(Exponential(mean_ms), stream, chunk=64)
        return self._lifetimes[pool]

    def _shocks(self, pool: int) -> Generator[Event, None, None]:
        """A pool's life: at each shock, half of the instances that had their notice before it are reclaimed."""
        name, kernel = self._pools[pool].name, self._kernel
        gaps = Sampler(
            Exponential(24 * MS_PER_H / self._plan.shocks_per_day), self._delays.stream("shock", name), chunk=16
        )
        at, number = 0, 0
        while True:
            at += max(1, gaps.one_ms(number))
            if at > kernel.now_ms:
                yield kernel.until(max(kernel.now_ms, at - self._plan.notice_ms), Rank.NOTICE, background=True)
                self._announce(pool, self._delays.stream("victims", f"{name}|{number}").one, at)
            number += 1

    def _announce(self, pool: int, u: Callable[[int], float], at_ms: int) -> None:
        """Give notice to a shock's victims among the pool's instances."""
        for row, ordinal in list(self._alive[pool].items()):
            if u(ordinal) < SHOCK_SHARE:
                self.strike(row, at_ms)


def _nobody(row: int, gone_at_ms: int) -> None:
    """Nobody listens yet."""
