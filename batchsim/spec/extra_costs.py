"""``world.extra_costs``: what a run costs beside its capacity, in dollars for each thing that a run counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from batchsim import units
from batchsim.spec.described import Described
from batchsim.spec.kinds import Usd, UsdPerH, money

UsdEach = Annotated[int, money(1_000, "$0.0004")]
"""Nano-dollars for each job or attempt, at most $1,000."""


class ExtraCost(Described):
    """One kind of extra cost: dollars for each thing that it grows with; what is absent costs nothing."""

    per_h: UsdPerH | None = None
    """For each hour of the run, from its start to its end (a NAT gateway that stands by)."""
    per_gb: Usd | None = None
    """For each GB (10^9 bytes) of a data set, once, as the jobs that read it are tried for the first time."""
    per_job: UsdEach | None = None
    """For each job that was tried."""
    per_attempt: UsdEach | None = None
    """For each attempt, retries too."""

    def __str__(self) -> str:
        shown = {"per_h": lambda nano: f"{units.format_usd(nano)}/h"}
        rates = ((name, getattr(self, name)) for name in type(self).model_fields)
        return ", ".join(
            f"{name} {shown.get(name, units.format_usd)(rate)}" for name, rate in rates if rate is not None
        )


class ExtraCosts(Described):
    """Extra costs by kind. A kind that is absent is on no bill, and every report says so."""

    data_transfer: ExtraCost | None = None
    """Traffic between zones and regions, and to the internet."""
    nat: ExtraCost | None = None
    """NAT gateways: hours and traffic."""
    requests: ExtraCost | None = None
    """API requests: S3, KMS, ECR."""
    logs: ExtraCost | None = None
    """CloudWatch Logs."""
    other: ExtraCost | None = None
    """Whatever else grows with the run."""

    def given(self) -> Iterator[tuple[str, ExtraCost]]:
        """The kinds that are given, by name, in this order."""
        for name in type(self).model_fields:
            if (cost := getattr(self, name)) is not None:
                yield name, cost

    def __str__(self) -> str:
        return "; ".join(f"{name}: {cost}" for name, cost in self.given()) or "none"
