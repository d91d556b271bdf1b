"""Every bill of a run in whole nano-dollars, rounded once, half to even, for each instance or task and charge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from batchsim.analysis.exact import Int64s, int64, mul_div
from batchsim.analysis.phases import Lives, Phases
from batchsim.analysis.prices import HOURS_PER_MONTH, INCLUDED_STORAGE_GIB, FargatePrices, FargateRates, Prices
from batchsim.records.tables import NEVER, Instances, Ints, Records
from batchsim.records.vocabulary import WhyEnded

S_PER_H = 3_600
MINIMUM_S = 60
"""EC2 and Fargate charge at least a minute (fact sheet 6.3 and 7)."""

FIRST_HOUR_MS = 3_600_000


def billed_seconds(on_ms: Int64s) -> Int64s:
    """Return whole seconds, rounded up, at least 60; 0 for what was never on."""
    return np.where(on_ms > 0, np.maximum(MINIMUM_S, -(-on_ms // 1000)), 0)


@dataclass(frozen=True, slots=True, eq=False)
class InstanceBills:
    """What each instance costs. Shape of each: (instances,)."""

    on_ms: Int64s
    billed_s: Int64s
    compute: Int64s
    """Nano-dollars for the time it was on, 0 when waived."""
    waived: Int64s
    """Nano-dollars that the first-hour rule gave away."""
    ebs: Int64s
    on_demand: Int64s
    """Nano-dollars of compute for the same time at the On-Demand price."""


@dataclass(frozen=True, slots=True, eq=False)
class TaskBills:
    """What each Fargate attempt costs; one item a row in ``rows``."""

    rows: Ints
    """The attempts that run on Fargate."""
    on_ms: Int64s
    """From the start of the image pull to the end."""
    billed_s: Int64s
    charges: tuple[Int64s, Int64s, Int64s]
    """Nano-dollars for vCPU, memory, storage."""
    on_demand: tuple[Int64s, Int64s, Int64s]
    """The same tasks at Fargate's On-Demand price."""
    rates: tuple[Int64s, Int64s, Int64s]
    """Nano-dollars an hour of a vCPU, a GiB, a GiB of extra storage."""


def instance_bills(records: Records, lives: Lives, prices: Prices) -> InstanceBills:
    """Price every instance's life: per second with a minimum, free if EC2 took it within its first hour (section 7)."""
    instances = records.instances
    seconds, compute, waived = computed(instances, lives, first_hour_free=prices.first_hour_free)
    root_gb = Fraction(str(prices.root_gb))
    month_s = HOURS_PER_MONTH * S_PER_H * root_gb.denominator
    return InstanceBills(
        on_ms=lives.on_ms,
        billed_s=seconds,
        compute=compute,
        waived=waived,
        ebs=mul_div(seconds, root_gb.numerator * prices.gp3_nano_usd_per_gb_month, month_s),
        on_demand=mul_div(seconds, int64(instances.on_demand_nano_usd_per_h), S_PER_H),
    )


def computed(instances: Instances, lives: Lives, *, first_hour_free: bool) -> Three:
    """Return what the time on comes to: billed seconds, nano-dollars, and those that the first-hour rule waives."""
    seconds = billed_seconds(lives.on_ms)
    compute = mul_div(seconds, int64(instances.price_nano_usd_per_h), S_PER_H)
    reclaimed = np.asarray(instances.why_ended) == WhyEnded.SPOT_RECLAIM
    free = reclaimed & (lives.on_ms < FIRST_HOUR_MS) & first_hour_free
    return seconds, np.where(free, 0, compute), np.where(free, compute, 0)


def task_bills(records: Records, phases: Phases, prices: Prices) -> TaskBills:
    """Price every Fargate attempt by its configured size, from the start of its image pull (section 6.3)."""
    attempts = records.attempts
    rows = np.flatnonzero(attempts.instance == NEVER)
    on_ms = phases.image_pull_ms[rows] + phases.container_start_ms[rows] + phases.running_ms[rows]
    seconds = billed_seconds(on_ms)
    rates = _rates(records, rows, prices, lambda offer: (offer.x86_64, offer.arm64))
    full = _rates(records, rows, prices, lambda offer: (offer.x86_64_on_demand, offer.arm64_on_demand))
    sizes = _sizes(records, rows)
    return TaskBills(rows, on_ms, seconds, _charges(seconds, sizes, rates), _charges(seconds, sizes, full), rates)


_DIVISORS = (S_PER_H * 1000, S_PER_H * 1024, S_PER_H)
Three = tuple[Int64s, Int64s, Int64s]


def _charges(seconds: Int64s, sizes: Three, rates: Three) -> Three:
    """Size x seconds x rate, one rounding each."""
    vcpu, gib, storage = (
        mul_div(seconds * size, rate, divisor) for size, rate, divisor in zip(sizes, rates, _DIVISORS, strict=True)
    )
    return vcpu, gib, storage


def _sizes(records: Records, rows: Ints) -> Three:
    """Milli-vCPUs, MiB, and GiB of storage beyond those included."""
    asked = records.submissions
    call = records.jobs.submission[records.attempts.job[rows]]
    extra = np.maximum(int64(asked.ephemeral_gib[call]) - INCLUDED_STORAGE_GIB, 0)
    return int64(asked.vcpus_milli[call]), int64(asked.memory_mib[call]), extra


def _rates(
    records: Records,
    rows: Ints,
    prices: Prices,
    by_architecture: Callable[[FargatePrices], tuple[FargateRates, FargateRates]],
) -> Three:
    """Look up each task's rates by its environment and architecture, or by that it is a Windows one."""
    environment, call = records.attempts.environment[rows], records.jobs.submission[records.attempts.job[rows]]
    kind = np.where(records.submissions.windows[call], 2, records.submissions.arm64[call])
    table = np.zeros((len(records.names.environments), 3, 3), np.int64)
    for number in np.unique(environment).tolist():
        offer = _offer(records, prices, number)
        table[number, :2] = [_as_row(rates) for rates in by_architecture(offer)]
        table[number, 2] = _as_row(offer.windows) if offer.windows else 0
    vcpu, gib, storage = (table[environment, kind, charge] for charge in range(3))
    return vcpu, gib, storage


def _as_row(rates: FargateRates) -> tuple[int, int, int]:
    return rates.vcpu_nano_usd_per_h, rates.gib_nano_usd_per_h, rates.storage_nano_usd_per_gib_h


def _offer(records: Records, prices: Prices, environment: int) -> FargatePrices:
    offer = prices.fargate[environment] if environment < len(prices.fargate) else None
    if offer is None:
        raise ValueError(
            f"no Fargate prices for environment {records.names.environments[environment]}, which ran tasks"
        )
    return offer
