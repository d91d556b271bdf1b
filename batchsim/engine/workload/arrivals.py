"""When the entries of a workload fire: at an instant, on cron, as a Poisson process."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from batchsim.engine.elementary import log
from batchsim.engine.laws import Millis
from batchsim.engine.randomness import Stream
from batchsim.engine.workload.cron import cron_instants_ms

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
    if rate_per_s <= 0:
        return np.empty(0, dtype=np.int64)
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
