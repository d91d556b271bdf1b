"""What the bills of a run need beyond its records: prices, and the scale-in rules that tell idle from kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from batchsim.analysis.ceilings import Ceilings

HOURS_PER_MONTH = 730
"""Hours in a month of EBS prices (fact sheet section 7)."""

INCLUDED_STORAGE_GIB = 20
"""Ephemeral storage that comes with a Fargate task (fact sheet section 6.2)."""


@dataclass(frozen=True, slots=True)
class FargateRates:
    """Fargate's prices for one architecture and purchase option, in nano-dollars an hour."""

    vcpu_nano_usd_per_h: int
    gib_nano_usd_per_h: int
    storage_nano_usd_per_gib_h: int
    """Ephemeral storage beyond the 20 GiB included."""


@dataclass(frozen=True, slots=True)
class FargatePrices:
    """The rates of one Fargate environment by architecture, and what the same tasks cost On-Demand."""

    x86_64: FargateRates
    arm64: FargateRates
    x86_64_on_demand: FargateRates
    arm64_on_demand: FargateRates
    windows: FargateRates | None = None
    """Of Windows tasks, which there are On-Demand only, and only where their price is known."""


@dataclass(frozen=True, slots=True)
class ExtraPrice:
    """One kind of ``world.extra_costs``, in nano-dollars for each thing that it grows with."""

    kind: str
    per_h: int = 0
    """An hour of the run."""
    per_gb: int = 0
    """10^9 bytes of a data set."""
    per_job: int = 0
    """A job that was tried."""
    per_attempt: int = 0


@dataclass(frozen=True, slots=True)
class Reserved:
    """Reserved instances of one type, or of one family's sizes (``covers`` without a dot): a base load paid always."""

    covers: str
    units: int
    """Instances of the type, or vCPUs of the family."""
    nano_usd_per_h: int
    """Of one unit."""

    @property
    def fee_nano_usd_per_h(self) -> int:
        """What is paid each clock hour, used or not."""
        return self.units * self.nano_usd_per_h


@dataclass(frozen=True, slots=True)
class SavingsPlan:
    """A Compute Savings Plan: a commitment of dollars an hour, spent at On-Demand prices less a discount."""

    nano_usd_per_h: int
    discount: Fraction
    """Of On-Demand prices, 0 to below 1."""

    @property
    def fee_nano_usd_per_h(self) -> int:
        """What is paid each clock hour, used or not."""
        return self.nano_usd_per_h


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices that are not on an instance's row; ``fargate`` has an item for each environment, None for EC2."""

    fargate: tuple[FargatePrices | None, ...] = ()
    gp3_nano_usd_per_gb_month: int = 80_000_000
    root_gb: int | float | Fraction = 30
    first_hour_free: bool = True
    """Whether an instance that EC2 reclaims within its first hour is free (fact sheet section 7)."""
    extra: tuple[ExtraPrice, ...] = ()
    reserved: tuple[Reserved, ...] = ()
    savings_plan: SavingsPlan | None = None
    into_hour_ms: int = 0
    """How far into a clock hour the run starts: commitments are settled by the clock hour."""


@dataclass(frozen=True, slots=True)
class ScaleIn:
    """When an environment's scaler ends an idle instance; tells idle time that it allows from time kept by minvCpus.

    ``min_vcpus`` is the largest value that held during the run: actions may have raised it.
    """

    min_vcpus: int = 0
    idle_ms: int = 300_000
    """``world.scale_down_idle``: for an instance that never ran a job, from ready; else from its last job's end."""
    check_ms: int = 60_000
    """``world.scale_down_check``: idle instances are ended on this grid from t = 0; 0 for at once."""
    min_delay_ms: int = 0
    """``scalingPolicy.minScaleDownDelayMinutes``, for instances that ran a job."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Scale-in rules and maxvCpus by environment, beyond a tuple's end the defaults; and all limits over time."""

    scale_in: tuple[ScaleIn, ...] = ()
    max_vcpus: tuple[int | None, ...] = ()
    """The scenario's; None, as by default, where it is not known."""
    ceilings: Ceilings = field(default_factory=Ceilings)
    """None, as by default, where they are not known."""
    offered_vcpus: float | None = None
    """vCPUs that the workload would hold at a time, by its rates and mean run times; None where they are not known."""

    def of(self, environment: int) -> ScaleIn:
        """Return the scale-in rules of one environment."""
        return self.scale_in[environment] if environment < len(self.scale_in) else ScaleIn()

    def max_of(self, environment: int) -> int | None:
        """Return the maxvCpus of one environment."""
        return self.max_vcpus[environment] if environment < len(self.max_vcpus) else None
