"""What a month costs when the run is repeated as its schedule says."""

from __future__ import annotations

from dataclasses import dataclass

from batchsim.analysis.cost import Cost
from batchsim.analysis.prices import HOURS_PER_MONTH
from batchsim.units import MS_PER_H

NIGHT_MS = 24 * MS_PER_H
MS_PER_MONTH = HOURS_PER_MONTH * MS_PER_H


@dataclass(frozen=True, slots=True)
class Schedule:
    """How much of the calendar one run stands for."""

    period_ms: int
    """A run like this every so often; more than 0."""
    basis: str
    """The assumption behind it, as a sentence for people."""

    @property
    def runs_per_month(self) -> float:
        """How many such periods a month of 730 hours has."""
        return MS_PER_MONTH / self.period_ms


NIGHTLY = Schedule(NIGHT_MS, "if it runs once a night")
"""Of a run of which no schedule is known."""


def per_month_nano_usd(cost: Cost, schedule: Schedule) -> int:
    """Return the bill of a month of 730 hours, rounded half even to the nano-dollar.

    Commitments are paid in every hour of it, whether a run needs them or not; all else is paid as often as the run.
    """
    fees = sum(each.commitment.fee_nano_usd_per_h for each in cost.commitments)
    repeated = cost.total_nano_usd - cost.fees_nano_usd
    whole, rest = divmod(repeated * MS_PER_MONTH, schedule.period_ms)
    whole += 2 * rest > schedule.period_ms or (2 * rest == schedule.period_ms and whole % 2)
    return whole + fees * HOURS_PER_MONTH
