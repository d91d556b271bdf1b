"""What a scenario puts above a run: the limits of environments, account, faults, fair shares and service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

Cap = tuple[tuple[int, int], ...]
"""A limit over time: (from ms, limit), the first from 0 on; timed actions change it."""


@dataclass(frozen=True, slots=True)
class FaultCap:
    """How much EC2 has of what a fault selects, while it lasts."""

    name: str
    kind: str
    limit: int
    by_vcpus: bool
    """Whether vCPUs are counted; else instances."""
    from_ms: int
    until_ms: int | None
    environment: str | None = None
    type: str | None = None
    zone: str | None = None
    spot: bool | None = None


@dataclass(frozen=True, slots=True)
class ShareCap:
    """What a fair-share queue has to be shared."""

    window_ms: int
    """How long a share is active after its last job's end."""
    most_active: int | None
    """Share identifiers that may be active; None: any number."""
    reservation: int
    """``computeReservation`` in percent."""
    environments: tuple[int, ...]
    """Whose maxvCpus it is a part of."""


@dataclass(frozen=True, slots=True)
class Size:
    """One of the service's limits on what a scenario asks for, beside the largest that it does."""

    what: str
    where: str
    unit: str
    size: int
    limit: int


@dataclass(frozen=True, slots=True)
class Ceilings:
    """All limits of a run; what is not known, or does not hold, is None, or missing."""

    max_vcpus: tuple[Cap | None, ...] = ()
    """maxvCpus by environment."""
    type_classes: tuple[str, ...] = ()
    """What EC2's vCPU quotas count each type as."""
    quotas: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    """vCPUs by class of families and whether Spot."""
    fargate_vcpus: tuple[int | None, int | None] = (None, None)
    """Of all tasks at once, on Fargate and on Fargate Spot."""
    fargate_burst: int | None = None
    """Launches at once."""
    fargate_rate_per_s: Fraction = Fraction(0)
    faults: tuple[FaultCap, ...] = ()
    shares: tuple[ShareCap | None, ...] = ()
    """By queue; None: FIFO."""
    submit_tps: int | None = None
    submitted_limit: int | None = None
    cycle_ms: int = 0
    """After which the scheduler looks at what is SUBMITTED."""
    sizes: tuple[Size, ...] = ()

    def max_vcpus_of(self, environment: int) -> Cap | None:
        """The maxvCpus of one environment over time."""
        return self.max_vcpus[environment] if environment < len(self.max_vcpus) else None
