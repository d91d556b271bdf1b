"""From a scenario and the catalogue's facts to what bills are made of: prices, and the rules of scale-in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction

from batchsim.analysis.prices import ExtraPrice, FargatePrices, FargateRates, Prices, Rules, ScaleIn
from batchsim.records.tables import Names
from batchsim.spec import CatalogueFacts, ComputeEnvironment, Scenario
from batchsim.spec import facts as catalogue
from batchsim.spec.extra_costs import ExtraCost
from batchsim.spec.paths import find_target
from batchsim.spec.platforms import stands
from batchsim.units import DURATION_MS

Listed = Mapping[tuple[str, bool], catalogue.FargatePrices]
"""Fargate's prices by (architecture, whether Fargate Spot)."""


def prices_of(scenario: Scenario, facts: CatalogueFacts, names: Names) -> Prices:
    """All prices that are not on an instance's own row; Fargate's in the order of ``names.environments``."""
    world = scenario.world
    return Prices(
        fargate=tuple(fargate_of(facts.fargate, kind) for kind in names.environment_kinds),
        gp3_nano_usd_per_gb_month=world.gp3_gb_month,
        root_gb=Fraction(str(world.root_gb)),
        first_hour_free=world.first_hour_free,
        extra=tuple(_extra(*given) for given in world.extra_costs.given()),
        into_hour_ms=_epoch_ms(scenario.simulation.start) % DURATION_MS["h"],
    )


def rules_of(scenario: Scenario, names: Names, min_vcpus: Sequence[int] | None = None) -> Rules:
    """When each environment's scaler ends an idle instance, and how far it may grow.

    ``min_vcpus`` is each environment's largest minvCpus during the run; by default the scenario's.
    """
    by_name = {environment.computeEnvironmentName: environment for environment in scenario.computeEnvironments}
    given = [_scale_in(scenario, by_name.get(name)) for name in names.environments]
    lowest = [rules.min_vcpus for rules in given] if min_vcpus is None else min_vcpus
    return Rules(
        tuple(
            ScaleIn(vcpus, rules.idle_ms, rules.check_ms, rules.min_delay_ms)
            for vcpus, rules in zip(lowest, given, strict=True)
        ),
        tuple(_max_vcpus(scenario, by_name.get(name)) for name in names.environments),
        _max_changes(scenario, names),
    )


def _max_changes(scenario: Scenario, names: Names) -> tuple[tuple[int, int, int], ...]:
    """The timed changes of maxvCpus, those that calls made included."""
    found = []
    for action in scenario.actions:
        target = None if action.set is None else find_target(scenario, action.set)
        if target is not None and target.field == "maxvCpus" and target.name in names.environments:
            found.append((action.at_ms, names.environments.index(target.name), int(action.to or 0)))
    return tuple(sorted(found, key=lambda change: change[0]))


def _extra(kind: str, cost: ExtraCost) -> ExtraPrice:
    return ExtraPrice(kind, cost.per_h or 0, cost.per_gb or 0, cost.per_job or 0, cost.per_attempt or 0)


def _epoch_ms(start: str) -> int:
    """Milliseconds from 1970 to an instant, which is UTC's where it names no zone."""
    instant = datetime.fromisoformat(start)
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)


def fargate_of(listed: Listed, kind: str) -> FargatePrices | None:
    """The rates of one environment; None where it launches instances."""
    if not kind.startswith("FARGATE"):
        return None
    spot = kind == "FARGATE_SPOT"
    return FargatePrices(
        x86_64=_rates(listed, "x86_64", spot=spot),
        arm64=_rates(listed, "arm64", spot=spot),
        x86_64_on_demand=_rates(listed, "x86_64", spot=False),
        arm64_on_demand=_rates(listed, "arm64", spot=False),
        windows=_rates(listed, "windows", spot=False) if ("windows", False) in listed else None,
    )


def _rates(listed: Listed, architecture: str, *, spot: bool) -> FargateRates:
    prices = listed[architecture, spot]
    return FargateRates(prices.vcpu_nano_usd_per_h, prices.gib_nano_usd_per_h, prices.storage_nano_usd_per_gib_h)


def _scale_in(scenario: Scenario, environment: ComputeEnvironment | None) -> ScaleIn:
    resources = environment.computeResources if environment else None
    if resources is None:
        return ScaleIn(0, scenario.world.scale_down_idle, scenario.world.scale_down_check)
    minutes = resources.scalingPolicy.minScaleDownDelayMinutes if resources.scalingPolicy else 0
    return ScaleIn(
        resources.minvCpus,
        scenario.world.scale_down_idle,
        scenario.world.scale_down_check,
        minutes * DURATION_MS["m"],
    )


def _max_vcpus(scenario: Scenario, environment: ComputeEnvironment | None) -> int | None:
    """How far an environment may grow; None where its fleet stands, or where it is not known."""
    if environment is None or environment.computeResources is None or stands(scenario.world, environment):
        return None
    return environment.computeResources.maxvCpus
