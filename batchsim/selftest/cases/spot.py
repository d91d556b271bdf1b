"""Spot: work that is lost at a constant rate and begins anew, from the start (T15) or from a checkpoint (T16).

Jobs follow one another, as the children of a SEQUENTIAL array, on the one instance that their environment may have: so
none finds room on another's instance, and since what is left of an exponential lifetime is exponential, a job that
takes over its predecessor's instance stands as if it were new. The gap before a replacement is the retry's delay, in
which no instance is on that could be lost; where it is a boot, EC2 may take the instance before it is ready.
"""

from __future__ import annotations

from functools import partial
from math import ceil
from typing import Any

import numpy as np

from batchsim.records.vocabulary import JobState
from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import REPLICATIONS, Case, Data, Measured, Quantity, exact, mean, probability
from batchsim.selftest.cases.measures import MS
from batchsim.selftest.formulas import restarts as theory

WITHOUT_END = 1_000_000
"""Attempts allowed, where there shall be no limit."""
PRECISION_SQUARE = 0.1
"""Of E[T^2], whose estimate varies more than that of the mean; it holds the standard deviation to about 5 %."""
LOSSES = 10
"""Of a replication, at least."""
TARGET = 0.02
"""The half-width that lengths aim at, so that hardly a run is inconclusive."""


def one_after_another(
    name: str, count: int, run_s: float, rate: float, around: Data, submit: Data, keys: Data, scale: float
) -> tuple[Data, ...]:
    """Jobs in a row, on one Spot instance at a time, of which the first is warm."""
    chain = {"dependsOn": [{"type": "SEQUENTIAL"}], **submit}
    entry = stage.entry("work", stage.seconds(run_s), size=max(2, round(count * scale)), submit=chain, **keys)
    spot: Data = {"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", "desiredvCpus": 1}
    world = stage.world(spot_hazard=rate * 3600, first_hour_free=False, strict_limits=False, **around)
    return (stage.scenario(name, [entry], [stage.environment(**spot)], around=world),)


def completions_s(result: Result) -> np.ndarray:
    """From RUNNABLE to the end, by job."""
    jobs = result.records.jobs
    return (jobs.ended_at_ms - jobs.runnable_at_ms) / MS


def completion(result: Result, suffix: str = "") -> Measured:
    """How long jobs take, and how often they are tried."""
    took = completions_s(result)
    return {
        f"E[T]{suffix}": float(took.mean()),
        f"E[T²]{suffix}": float((took**2).mean()),
        f"E[attempts]{suffix}": float(result.records.jobs.attempts.mean()),
        f"P(success){suffix}": float((result.records.jobs.state == JobState.SUCCEEDED).mean()),
    }


def with_gap_and_with_boot(gap: Result, boot: Result) -> Measured:
    """Both ways of coming back: after a gap, and on an instance that boots."""
    return {**completion(gap), **completion(boot, " with boot")}


def jobs_needed(law: theory.Restart) -> int:
    """Jobs a replication, for a mean to ``TARGET`` of itself; and for some losses, without which none is normal."""
    relative_sd = law.sd_s / law.mean_s
    precise = round((2.045 * relative_sd / TARGET) ** 2 / REPLICATIONS)
    return max(precise, ceil(LOSSES / (law.attempts - 1)))


# -- cases for any work, hazard and gap


def restart(id_: str, work_s: float, rate: float) -> Case:
    """A job that starts from scratch after each loss, on an instance that is there at once."""
    law = theory.Restart(work_s, rate)
    count = jobs_needed(law)
    return Case(
        id_,
        f"{work_s:g} s of work, lost {rate * 3600:g} times an hour, from scratch, replaced at once",
        "E[T] = (e^(λt) - 1)/λ, E[attempts] = e^(λt)",
        (
            mean("E[T]", law.mean_s),
            mean("E[T²]", law.second_moment, "s²", PRECISION_SQUARE),
            mean("E[attempts]", law.attempts, "", 0.05),
        ),
        partial(one_after_another, "restart", count, work_s, rate, {}, _tries(WITHOUT_END), {}),
        completion,
        jobs=round(count * law.attempts),
    )


def restart_with_gap(id_: str, work_s: float, rate: float, gap_s: float) -> Case:
    """The same with a gap before each replacement; and with a boot, in which the replacement may be lost as well."""
    law, lost_in_boot = theory.Restart(work_s, rate, gap_s), theory.booted_mean_s(work_s, rate, gap_s)
    count = jobs_needed(law)
    quantities = (
        mean("E[T]", law.mean_s),
        mean("E[T²]", law.second_moment, "s²", PRECISION_SQUARE),
        mean("E[T] with boot", lost_in_boot),
    )
    return Case(
        id_,
        f"{work_s:g} s of work, lost {rate * 3600:g} times an hour, {gap_s:g} s before each replacement",
        "(1/λ + D)(e^(λt) - 1); where the boot of D may be lost too, e^(λD)(e^(λt) - 1)/λ",
        quantities,
        partial(gap_and_boot, count, work_s, rate, gap_s),
        with_gap_and_with_boot,
        jobs=round(2 * count * law.attempts),
    )


def gap_and_boot(count: int, work_s: float, rate: float, gap_s: float, scale: float) -> tuple[Data, ...]:
    """Two scenarios: the gap is a retry's delay, or an instance's boot."""
    tries, gap = _tries(WITHOUT_END), stage.seconds(gap_s)
    return (
        *one_after_another("gap", count, work_s, rate, {"retry_delay": gap}, tries, {}, scale),
        *one_after_another("boot", count, work_s, rate, {"instance_boot": gap}, tries, {}, scale),
    )


def capped(id_: str, work_s: float, rate: float, attempts: int, gap_s: float = 0.0) -> Case:
    """A job that is given up after so many attempts; the children of an array without order, each on its own instance.

    (In a SEQUENTIAL array the first that is given up ends the others.)
    """
    law = theory.Capped(work_s, rate, attempts, gap_s)
    count = 400
    return Case(
        id_,
        f"{work_s:g} s of work, lost {rate * 3600:g} times an hour, {attempts} attempts, a gap of {gap_s:g} s",
        "P = 1 - (1 - e^(-λt))^n; by Wald's identity E[T] = E[attempts] (1 - e^(-λt))/λ, and the gaps between them",
        (
            probability("P(success)", law.success),
            mean("E[attempts]", law.attempts, ""),
            mean("E[T]", law.mean_s),
        ),
        partial(side_by_side, count, work_s, rate, attempts, gap_s),
        completion,
        jobs=round(count * law.attempts),
    )


def side_by_side(count: int, work_s: float, rate: float, attempts: int, gap_s: float, scale: float) -> tuple[Data, ...]:
    """Jobs that all start at once, with as many instances as jobs."""
    number = max(2, round(count * scale))
    entry = stage.entry("work", stage.seconds(work_s), size=number, submit=_tries(attempts))
    spot: Data = {"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", "maxvCpus": number}
    around: Data = {"spot_hazard": rate * 3600, "strict_limits": False, "retry_delay": stage.seconds(gap_s)}
    return (stage.scenario("capped", [entry], [stage.environment(**spot)], around=stage.world(**around)),)


def checkpointed(id_: str, law: theory.Checkpointed) -> Case:
    """Work with a checkpoint after each interval, the last one too.

    batchsim leaves out a checkpoint that falls on the very end of the work: a millisecond of work more brings it back.
    A loss before anything is saved needs no restore, so the first segment takes a little less than the textbook's: the
    quantity ``E[T]`` is held to the textbook's formula (the difference is far below what an interval tells), and
    ``E[losses]`` to what batchsim does.
    """
    own = theory.Checkpointed(
        law.work_s, law.every_s, law.cost_s, law.restore_s, law.gap_s, law.rate, first_restores=False
    )
    count = 15
    rule = {"every": law.every_s, "cost": law.cost_s, "restore": law.restore_s}
    around = {"retry_delay": stage.seconds(law.gap_s)}
    keys: dict[str, Any] = {"checkpoint": {name: stage.seconds(value) for name, value in rule.items()}}
    return Case(
        id_,
        f"{law.work_s:g} s of work, a checkpoint of {law.cost_s:g} s each {law.every_s:g} s, "
        f"restore {law.restore_s:g} s, gap {law.gap_s:g} s, lost {law.rate * 3600:g} times an hour",
        "(W/τ)(1/λ + D) e^(λR) (e^(λ(τ+C)) - 1)",
        (mean("E[T]", law.mean_s), mean("E[losses]", own.losses, "", 0.05)),
        partial(
            one_after_another, "checkpoints", count, law.work_s + 0.001, law.rate, around, _tries(WITHOUT_END), keys
        ),
        completion_with_losses,
        jobs=round(count * (1 + own.losses)),
    )


def completion_with_losses(result: Result) -> Measured:
    """How long jobs take, and how many attempts are lost."""
    return {**completion(result), "E[losses]": float((result.records.jobs.attempts - 1).mean())}


def best_interval(id_: str, cost_s: float, rate: float) -> Case:
    """Lambert's W gives the interval at which the mean of :func:`checkpointed` is least: no simulation is needed."""
    interval: Quantity = exact("τ*", theory.best_interval_s(cost_s, rate), "s")
    return Case(
        id_,
        f"the best interval, a checkpoint of {cost_s:g} s, {rate * 3600:g} losses an hour; "
        f"Young {theory.young_s(cost_s, rate):.2f} s, Daly {theory.daly_s(cost_s, rate):.2f} s",
        "τ* = (1 + W(-e^(-λC-1)))/λ, held to the zero of the derivative of the mean",
        (interval,),
        no_scenario,
        partial(stationary, cost_s, rate),
        replications=1,
    )


def no_scenario(_scale: float) -> tuple[Data, ...]:
    """Nothing to simulate."""
    return ()


def stationary(cost_s: float, rate: float) -> Measured:
    """The interval found from the formula that T16's other cases hold to simulations."""
    return {"τ*": theory.stationary_interval_s(cost_s, rate)}


def cases() -> list[Case]:
    """T15 and T16."""
    hourly = 1 / 3600
    return [
        restart("T15.1", 1800, hourly),
        restart("T15.2", 3600, hourly),
        restart("T15.4", 36000, 0.05 * hourly),
        restart_with_gap("T15.5", 3600, hourly, 90),
        best_interval("T16.1", 30, hourly),
        checkpointed("T16.2", theory.Checkpointed(36000, 120, 30, 20, 90, hourly)),
        checkpointed("T16.3", theory.Checkpointed(36000, 450, 30, 20, 90, hourly)),
    ]


def _tries(attempts: int) -> Data:
    return {"retryStrategy": {"attempts": attempts}}
