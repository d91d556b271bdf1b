"""What ``world.extra_costs`` adds to the bill, in whole nano-dollars: by attempt, and for the run as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import Int64s, apportion, int64, mul_div
from batchsim.analysis.prices import ExtraPrice
from batchsim.records.tables import Ints, Records
from batchsim.units import MS_PER_H

BYTES_PER_GB = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class ExtraBill:
    """One kind of extra cost."""

    kind: str
    attempts: Int64s
    """Nano-dollars of each attempt. A job's part and its part of a data set are its first attempt's."""
    of_the_run: int
    """Nano-dollars that belong to no attempt: the hours of the run."""

    @property
    def total_nano_usd(self) -> int:
        """The whole of it."""
        return int(self.attempts.sum()) + self.of_the_run


def extra_bills(records: Records, prices: tuple[ExtraPrice, ...]) -> tuple[ExtraBill, ...]:
    """Bill every kind that has a price.

    A data set's bytes are rounded to nano-dollars once for each call that reads it and split over the call's jobs in
    row order; of a job that was never tried nothing is billed.
    """
    _, first = np.unique(records.attempts.job, return_index=True)  # attempts stand in order of placement
    return tuple(_bill(records, first, price) for price in prices)


def _bill(records: Records, first: Ints, price: ExtraPrice) -> ExtraBill:
    attempts = np.full(len(records.attempts.job), price.per_attempt, np.int64)
    attempts[first] += price.per_job
    if price.per_gb:
        attempts[first] += _data_of_jobs(records, price.per_gb)[records.attempts.job[first]]
    return ExtraBill(price.kind, attempts, int(mul_div(records.horizon_ms, price.per_h, MS_PER_H)))


def _data_of_jobs(records: Records, nano_usd_per_gb: int) -> Int64s:
    """What each job's part of its call's data set costs."""
    calls = records.submissions
    amount = mul_div(int64(calls.data_bytes), nano_usd_per_gb, BYTES_PER_GB)
    jobs = np.arange(len(records.jobs.state))
    return apportion(amount, np.ones(len(jobs), np.int64), records.jobs.submission[jobs], int64(calls.size))


def bound_nano_usd(records: Records, prices: tuple[ExtraPrice, ...]) -> float:
    """The most that all extra costs can come to: for a check that nothing leaves 64 bits."""
    attempts, data = float(len(records.attempts.job)), float(records.submissions.data_bytes.sum(dtype=np.float64))
    return sum(
        attempts * (price.per_attempt + price.per_job)
        + data / BYTES_PER_GB * price.per_gb
        + records.horizon_ms / MS_PER_H * price.per_h
        for price in prices
    )
