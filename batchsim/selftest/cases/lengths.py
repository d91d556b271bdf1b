"""How long a case must run so that its interval is as narrow as is asked for (Whitt 1989).

"Planning queueing simulations": in heavy traffic a queue is a reflected Brownian motion, whose mean is known to a part
e of itself after about 2 (ca^2 + cs^2) (t/e)^2 / (1 - rho)^2 jobs; where only a part C of the jobs waits, 1/C times as
many on one server, and 2/C - 1 on several (as measured on the birth and death chain of M/M/c). What is left of an
empty start is forgotten after some 15 relaxation times of 1/(1 - rho)^2.
"""

from __future__ import annotations

from dataclasses import dataclass

from batchsim.selftest.case import REPLICATIONS

_T_29 = 2.045
_SAFETY = 1.3
"""The half-width is itself estimated, to 13 % from thirty replications: a run that is just long enough fails often."""


@dataclass(frozen=True, slots=True)
class Length:
    """The seconds of one replication's warm-up, and of what is measured after it."""

    warmup_s: float
    measured_s: float

    def window(self, scale: float) -> tuple[float, float]:
        """From the end of the warm-up to the end of arrivals, ``scale`` times as long as usual."""
        return self.warmup_s, self.warmup_s + self.measured_s * scale


def length(
    arrival_rate: float,
    load: float,
    variability: float,
    *,
    waits: float,
    servers: int = 1,
    precision: float = 0.03,
    times: float = 1.0,
) -> Length:
    """The length for a mean wait: ``variability`` is ca^2 + cs^2, ``waits`` the probability of waiting.

    ``times``: so many times what the formula says.
    """
    spread = 1 / waits if servers == 1 else 2 / waits - 1
    jobs = 2 * variability * (_T_29 / precision) ** 2 / (1 - load) ** 2 * spread * _SAFETY * times
    warmup = 15 * max(variability, 1) / (1 - load) ** 2 + 10 * servers
    return Length(round(warmup / arrival_rate), round(jobs / REPLICATIONS / arrival_rate))


def steady(arrival_rate: float, warmup_jobs: float, jobs: float) -> Length:
    """The length in jobs a replication, where the formula does not apply."""
    return Length(round(warmup_jobs / arrival_rate), round(jobs / arrival_rate))
