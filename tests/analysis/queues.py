"""M/M/c as a scenario: Poisson arrivals, exponential runs, c slots that stand ready, and nothing else takes time."""

from __future__ import annotations

from typing import Any

from batchsim import Scenario
from batchsim.selftest import stage
from batchsim.selftest.cases.queueing import pool
from batchsim.spec import parse

MEAN_S = 60.0


def mmc(load: float, *, servers: int = 4, jobs: int = 4_000, warmup: Any = "auto", **simulation: Any) -> Scenario:
    """About so many jobs; the run ends at a horizon."""
    rate = load * servers / MEAN_S
    run = {"exponential": {"mean": stage.seconds(MEAN_S)}}
    entry = stage.entry("job", run, at={"poisson": stage.per_day(rate)})
    settings = {"until": stage.seconds(jobs / rate), "seed": 1, **simulation}
    if warmup is not None:
        settings["warmup"] = warmup
    return parse(pool("queue", servers, [entry], simulation=settings))


def erlang_c(servers: int, offered: float) -> float:
    """The probability that a job waits (A. K. Erlang 1917), by the recursion of Erlang's loss formula."""
    lost = 1.0
    for number in range(1, servers + 1):
        lost = offered * lost / (number + offered * lost)
    return servers * lost / (servers - offered * (1 - lost))


def mean_wait_s(load: float, servers: int = 4) -> float:
    """The mean wait in M/M/c."""
    return erlang_c(servers, load * servers) * MEAN_S / (servers * (1 - load))
