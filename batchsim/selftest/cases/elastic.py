"""Instances that are launched for waiting jobs and go when they idle; boots, and the cycle of the scheduler (T8)."""

from __future__ import annotations

from functools import partial

import numpy as np

from batchsim.records.tables import NEVER
from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import Bounded, Case, Data, Measured, bound, exact, mean
from batchsim.selftest.cases.lengths import Length, length, steady
from batchsim.selftest.cases.measures import MS, Steady, time_average
from batchsim.selftest.cases.queueing import arrivals_and_services, is_heavy, poisson, precision_at
from batchsim.selftest.formulas import laws
from batchsim.selftest.formulas.elastic import ScaleToZero, boots_a_job, with_setup
from batchsim.selftest.formulas.laws import ServiceLaw

# -- scenarios


def scale_to_zero(
    name: str, most: int, rate: float, run: object, boot: object, lasts: Length, scale: float
) -> tuple[Data, ...]:
    """Poisson arrivals before at most so many instances of one slot, which go the moment they idle."""
    hosts = stage.environment(maxvCpus=most)
    jobs = stage.entry("job", run, at=poisson(rate, lasts, scale))
    return (stage.scenario(name, [jobs], [hosts], around=stage.world(instance_boot=boot)),)


def apart(boot_s: float, start_s: float, run_s: float, count: int, _scale: float) -> tuple[Data, ...]:
    """Jobs that come at fixed gaps, each before another's end, and bring an instance each."""
    around = stage.world(instance_boot=stage.seconds(boot_s), warm_start=stage.seconds(start_s), bill_from="launch")
    jobs = [stage.entry(f"job{n}", stage.seconds(run_s), at=stage.seconds(n * run_s / count)) for n in range(count)]
    return (stage.scenario("an instance a job", jobs, [stage.environment(maxvCpus=1_000)], around=around),)


def cycles(cycle_s: float, rate: float, lasts: Length, scale: float) -> tuple[Data, ...]:
    """Poisson arrivals on an idle pool, with a cycle of the scheduler and without."""
    jobs = stage.entry("job", "1s", at=poisson(rate, lasts, scale))
    hosts = stage.fixed(1_000, types=("box.1000",))
    return tuple(
        stage.scenario("cycle", [jobs], [hosts], around=stage.world((1_000,), scheduler_cycle=stage.seconds(each)))
        for each in (cycle_s, 0)
    )


# -- measurements


def with_boots(warmup_s: float, result: Result) -> Measured:
    """Waits, and what the scaler had on."""
    jobs, instances = Steady(result, warmup_s), result.records.instances
    low, high = jobs.window_s
    ended = np.where(instances.ended_at_ms == NEVER, result.records.horizon_ms, instances.ended_at_ms)
    launched = (instances.launched_at_ms >= low * MS) & (instances.launched_at_ms < high * MS)
    return {
        "E[Wq]": float(jobs.waits_s.mean()),
        "boots a job": float(launched.sum()) / len(jobs.rows),
        "E[instances]": time_average(instances.launched_at_ms, ended, (low, high)),
        "E[S]": jobs.run_s,
        "lambda": jobs.rate,
    }


def alone(result: Result) -> Measured:
    """Latencies, and what is billed for each instance, where all are the same."""
    jobs = Steady(result, 0)
    return {
        "latencies": tuple(np.unique(jobs.latencies_s).tolist()),
        "billed": tuple(np.unique(result.instances["billed_s"]).tolist()),
        "instances": len(result.instances),
    }


def extra_waits(cycle_s: float, with_cycle: Result, without: Result) -> Measured:
    """What the cycle adds to each wait."""
    waits_s = Steady(with_cycle, 0).waits_s
    return {
        "E[extra wait]": float(waits_s.mean()),
        "Var[extra wait]": float(waits_s.var(ddof=1)),
        "longest": Bounded(0, float(waits_s.max()), cycle_s - 1 / MS),
        "longest, P = 0": float(Steady(without, 0).waits_s.max()),
    }


# -- cases for any load


def set_up(id_: str, law: ServiceLaw, load: float, boot_s: float) -> Case:
    """M/G/1 with a set-up: one instance at most, which goes the moment it idles."""
    rate = load / law.mean_s
    wait_s = with_setup(rate, law.mean_s, law.second_moment, boot_s, boot_s**2)
    lasts = length(rate, load, 1 + law.scv, waits=1.0, precision=precision_at(load), times=0.55)
    jobs = round((lasts.warmup_s + lasts.measured_s) * rate)
    return Case(
        id_,
        f"M/G/1 with set-up: boot {boot_s:g} s, {law.name} {law.mean_s:g} s, load {load:g}",
        "Welch (1964): PK + (2E[D]+lambda E[D^2])/(2(1+lambda E[D]))",
        (
            mean("E[Wq]", wait_s, half_width=precision_at(load)),
            mean("boots a job", boots_a_job(rate, law.mean_s, boot_s), ""),
            *arrivals_and_services(rate, law),
        ),
        partial(scale_to_zero, "set-up", 1, rate, law.run, stage.seconds(boot_s), lasts),
        partial(with_boots, lasts.warmup_s),
        heavy=is_heavy(load, jobs),
        jobs=jobs,
    )


def several_set_ups(id_: str, servers: int, load: float, mean_s: float, boot_s: float) -> Case:
    """M/M/c whose instances boot for those who wait, in Exp times, and go the moment they idle."""
    theory, law = ScaleToZero(servers, load, mean_s, boot_s), laws.exponential(mean_s)
    rate = theory.arrival_rate
    lasts = length(rate, load, 2.0, waits=1.0, precision=precision_at(load), times=0.8)
    jobs = round((lasts.warmup_s + lasts.measured_s) * rate)
    return Case(
        id_,
        f"M/M/{servers} at load {load:g}, scale to zero, Exp boots of {boot_s:g} s",
        "Markov chain of (jobs, on, booting), cut off at 400 jobs",
        (
            mean("E[Wq]", theory.wait_s, half_width=precision_at(load)),
            mean("E[instances]", theory.instances, ""),
            *arrivals_and_services(rate, law),
        ),
        partial(scale_to_zero, "set-up", servers, rate, law.run, laws.exponential(boot_s).run, lasts),
        partial(with_boots, lasts.warmup_s),
        heavy=is_heavy(load, jobs),
        jobs=jobs,
    )


def own_instances(id_: str, boot_s: float, start_s: float, run_s: float, count: int = 10) -> Case:
    """Unlimited capacity, one job an instance."""
    latency_s = boot_s + start_s + run_s
    return Case(
        id_,
        f"one job an instance: boot {boot_s:g} s, start {start_s:g} s, run {run_s:g} s",
        "boot + start + run, for the latency and for the bill from launch",
        (
            exact("latencies", (latency_s,), "s"),
            exact("billed", (latency_s,), "s"),
            exact("instances", count),
        ),
        partial(apart, boot_s, start_s, run_s, count),
        alone,
        replications=1,
        jobs=count,
    )


def scheduler_cycle(id_: str, cycle_s: float) -> Case:
    """A scheduler that looks every ``cycle_s``: arrivals are uniform within it."""
    rate = 2 / cycle_s
    lasts = steady(rate, 0, 200)
    return Case(
        id_,
        f"scheduler cycle {cycle_s:g} s on an idle pool",
        "uniform on the cycle: mean P/2, variance P^2/12, below P",
        (
            mean("E[extra wait]", cycle_s / 2),
            mean("Var[extra wait]", cycle_s**2 / 12, "s²"),
            bound("longest", "s"),
            exact("longest, P = 0", 0.0, "s"),
        ),
        partial(cycles, cycle_s, rate, lasts),
        partial(extra_waits, cycle_s),
        jobs=400,
    )


def cases() -> list[Case]:
    """T8."""
    return [
        set_up("T8.1", laws.exponential(60), 0.5, 120),
        set_up("T8.3", laws.constant(60), 0.5, 120),
        several_set_ups("T8.4", 2, 0.5, 60, 120),
        own_instances("T8.6", 90, 5, 600),
        scheduler_cycle("T8.7", 10),
    ]
