"""What launches the instances of each environment: a scaler, or its fleet where that is listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from batchsim.engine.demand import DemandMeter
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.environment import Environment
from batchsim.engine.kernel import Kernel
from batchsim.engine.launch import Launcher
from batchsim.engine.plan import Plan
from batchsim.engine.restraint import Restraint
from batchsim.engine.scale_up import Scaler
from batchsim.engine.scaling_log import ScalingLog
from batchsim.engine.standing import StandingFleet
from batchsim.engine.tables import Tables
from batchsim.policies.given import Policies


class GrowthBuilder:
    """Builds the scalers and the standing fleets of one run."""

    def __init__(
        self,
        kernel: Kernel,
        plan: Plan,
        tables: Tables,
        policies: Policies,
        meter: DemandMeter,
        launcher: Launcher,
        log: ScalingLog,
        decided: Callable[[str, range], None],
    ) -> None:
        """``decided(kind, rows)`` hears of each launch."""
        self._kernel = kernel
        self._plan = plan
        self._tables = tables
        self._policies = policies
        self._meter = meter
        self._launcher = launcher
        self._log = log
        self._decided = decided

    def scalers(self, environments: Iterable[Environment]) -> dict[int, Scaler]:
        """Return the scaler of each environment that has one, by its position."""
        return {each.position: self._scaler(each) for each in _on_instances(environments) if not each.plan.fleet}

    def fleets(self, environments: Iterable[Environment]) -> dict[int, StandingFleet]:
        """Return the listed fleet of each environment that has one, by its position."""
        return {each.position: self._fleet(each) for each in _on_instances(environments) if each.plan.fleet}

    def _scaler(self, environment: Ec2Environment) -> Scaler:
        return Scaler(
            self._kernel,
            environment,
            self._meter,
            self._launcher,
            self._delay(environment),
            self._plan.rules,
            self._log,
            self._decided,
            self._restraint(environment),
            self._size_draws(environment),
        )

    def _delay(self, environment: Ec2Environment) -> Callable[[int], int]:
        """Return the delay of each decision by its number; what keys it is asked for with the first."""
        sampler = cache(lambda: self._plan.delays.scale_up(environment.plan.key()))
        return lambda ordinal: sampler().one_ms(ordinal)

    def _fleet(self, environment: Ec2Environment) -> StandingFleet:
        return StandingFleet(
            self._kernel,
            environment,
            self._launcher,
            self._tables.instances,
            self._log,
            self._decided,
            initial_ready=self._plan.rules.initial_ready,
        )

    def _size_draws(self, environment: Ec2Environment) -> Callable[[int], tuple[float, ...]]:
        """Return what the sizes of each decision are drawn with, by zone; nothing where they are not drawn."""
        plan, stream = self._plan, self._plan.delays.stream
        zones = plan.zones if environment.plan.draws_sizes else ()
        streams = cache(lambda: [stream("size", f"{environment.plan.key()}|{zone}") for zone in zones])
        return (lambda ordinal: tuple(each.one(ordinal) for each in streams())) if zones else (lambda _: ())

    def _restraint(self, environment: Ec2Environment) -> Restraint | None:
        """Return one where a policy of the user's own may launch less than AWS Batch would."""
        scaling = self._policies.scaling
        if scaling is None and not environment.plan.has_own_strategy:
            return None
        moves = environment.plan.spot and self._plan.spot.median_depth not in (None, 0)
        return Restraint(self._kernel, environment, self._launcher.offers, scaling, offers_move=moves)


def _on_instances(environments: Iterable[Environment]) -> list[Ec2Environment]:
    return [each for each in environments if isinstance(each, Ec2Environment)]
