"""The yardstick of all benchmarks: bare SimPy, a ``Timeout`` whose callback schedules the next, doing nothing else.

It is fixed: change nothing here, or figures of different days can no longer be compared.
"""

from __future__ import annotations

import random
import time

import simpy


def bare_simpy_rate(events: int = 1_000_000, pending: int = 8_000) -> float:
    """Return events a second of ``env.timeout(d).callbacks.append(f)``, lognormal integer delays, gc on."""
    draw = random.Random(1)  # noqa: S311 (a benchmark)
    delays = [max(1, round(draw.lognormvariate(13.3, 0.47))) for _ in range(4_096)]
    environment = simpy.Environment()
    left = events - pending
    position = 0

    def following(_: object) -> None:
        nonlocal left, position
        if left > 0:
            left -= 1
            position = (position + 1) & 4_095
            environment.timeout(delays[position]).callbacks.append(following)

    started = time.perf_counter()
    for number in range(min(pending, events)):
        environment.timeout(delays[number & 4_095]).callbacks.append(following)
    environment.run()
    return events / (time.perf_counter() - started)
