"""When the entries of a workload fire: on cron, as a Poisson process, at rates that change by the hour."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from math import ceil

import numpy as np

from batchsim.engine.elementary import Floats, log
from batchsim.engine.laws import Millis
from batchsim.engine.randomness import Stream
from batchsim.engine.workload.cron import cron_instants_ms
from batchsim.engine.workload.hours import local_hours

_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where simulated time lies in real time."""

    start_epoch_ms: int
    time_zone: str


def cron_firings_ms(expression: str, calendar: Calendar, end_ms: int, most: int) -> Millis:
    """The first ``most`` firings of a cron expression in [0, end).

    int64 ms since the simulation's start, shape (firings,). Raises :class:`~batchsim.engine.workload.cron.CronError`.
    """
    start = calendar.start_epoch_ms
    instants = cron_instants_ms(expression, calendar.time_zone, start, start + end_ms)
    return np.fromiter((instant - start for instant in islice(instants, most)), dtype=np.int64)


def poisson_firings_ms(rate_per_s: float, start_ms: int, end_ms: int, stream: Stream) -> Millis:
    """Arrivals of a Poisson process in [start, end): int64 ms since the simulation's start.

    Gap k is exponential and keyed by k; gaps are summed as they are and each instant is rounded once, so a longer
    window only adds arrivals.
    """
    blocks: list[Millis] = []
    elapsed, drawn = 0.0, 0
    while start_ms + elapsed < end_ms:
        gaps = log(1.0 - stream.block(drawn, _BLOCK)) * (-1000.0 / rate_per_s)
        gaps[0] += elapsed
        instants = np.cumsum(gaps)
        blocks.append(np.rint(instants).astype(np.int64) + start_ms)
        elapsed, drawn = float(instants[-1]), drawn + _BLOCK
    arrivals = np.concatenate([*blocks, np.empty(0, dtype=np.int64)])
    return arrivals[: np.searchsorted(arrivals, end_ms)]


@dataclass(frozen=True, slots=True, eq=False)
class HourlyRates:
    """A rate of arrivals that is constant within each hour of local time, over one stretch of simulated time."""

    edges_ms: Millis
    """Where one rate ends and the next begins, from the stretch's start to its end; shape (pieces + 1,)."""
    rates_per_ms: Floats
    """Shape (pieces,)."""

    @classmethod
    def over(cls, rates_per_s: tuple[float, ...], calendar: Calendar, start_ms: int, end_ms: int) -> HourlyRates:
        """24 rates are the hours of every day, 168 those of a week from Monday on."""
        first, last = calendar.start_epoch_ms + start_ms, calendar.start_epoch_ms + end_ms
        found = list(local_hours(calendar.time_zone, first, last))
        edges_ms = np.array([*(at_ms for at_ms, _ in found), last], dtype=np.int64)
        rates = [rates_per_s[hour % len(rates_per_s)] / 1000 for _, hour in found]
        return cls(edges_ms - calendar.start_epoch_ms, np.array(rates, dtype=np.float64))

    @property
    def expected(self) -> Floats:
        """Arrivals expected from the start to each edge."""
        return np.concatenate([[0.0], np.cumsum(self.rates_per_ms * np.diff(self.edges_ms))])

    def firings_ms(self, stream: Stream) -> Millis:
        """Arrivals of a Poisson process at these rates: int64 ms since the simulation's start, shape (arrivals,).

        Arrival k comes when as many are expected as k exponential gaps of mean 1, keyed by their number, sum up to: so
        a longer stretch only adds arrivals, and other rates move them without drawing others. An instant is the
        millisecond in which it falls: none strays into an hour without arrivals.
        """
        expected = self.expected
        heights = _unit_arrivals(expected[-1], stream)
        piece = np.searchsorted(expected, heights, side="right") - 1
        within_ms = (heights - expected[piece]) / self.rates_per_ms[piece]
        last_ms = self.edges_ms[piece + 1] - 1
        return np.minimum(self.edges_ms[piece] + np.floor(within_ms).astype(np.int64), last_ms)


def _unit_arrivals(end: float, stream: Stream) -> Floats:
    """Arrivals of a Poisson process of rate 1 in [0, end), in blocks of about as many as are expected."""
    blocks: list[Floats] = []
    height, drawn = 0.0, 0
    while height < end:
        count = max(16, min(_BLOCK, ceil((end - height) * 1.1)))
        gaps = -log(1.0 - stream.block(drawn, count))
        gaps[0] += height
        blocks.append(np.cumsum(gaps))
        height, drawn = float(blocks[-1][-1]), drawn + count
    arrivals = np.concatenate([*blocks, np.empty(0)])
    return arrivals[: np.searchsorted(arrivals, end)]
