"""Queues before a warm pool that never changes: M/M/c, M/D/c, M/G/1, priorities, arrivals at fixed gaps, in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from batchsim.result import Result
from batchsim.selftest import recursions, stage
from batchsim.selftest.case import PRECISION, PRECISION_HEAVY, Case, Data, Measured, Quantity, exact, mean, probability
from batchsim.selftest.cases.lengths import Length, length
from batchsim.selftest.cases.measures import Source, Steady, steady, time_average
from batchsim.selftest.formulas import laws, queues
from batchsim.selftest.formulas.laws import ServiceLaw

HEAVY_LOAD = 0.9
"""From here on a half-width of 5 % is enough."""
WIDER_P95, WIDER_P99 = 1.4, 1.8
"""Quantiles are less precise than the mean of the same run: so many times its half-width is enough."""
PRECISION_LAW = 0.015
"""Of the mean run time, and of the rate of arrivals."""
SLOW_JOBS = 700_000
"""A case of more jobs is left to ``--all``, and so is one beyond a load of 0.8."""


def precision_at(load: float) -> float:
    """The half-width that is asked for of a mean at this load."""
    return PRECISION if load < HEAVY_LOAD else PRECISION_HEAVY


def is_heavy(load: float, jobs: float, replications: int = 30) -> bool:
    """Whether it takes ``--all`` to run a case of so many jobs a replication."""
    return load > 0.8 or jobs * replications > SLOW_JOBS


# -- scenarios


def pool(name: str, slots: int, entries: Sequence[Data], **top: Any) -> Data:
    """Entries before a warm pool of so many slots: one instance with as many vCPUs."""
    hosts = stage.fixed(slots, types=(f"box.{slots}",))
    return stage.scenario(name, entries, [hosts], around=stage.world((slots,)), **top)


def poisson(rate: float, lasts: Length, scale: float) -> Data:
    """``at`` of Poisson arrivals from the start of the warm-up on."""
    return {"poisson": stage.per_day(rate), "for": stage.seconds(lasts.warmup_s + lasts.measured_s * scale)}


def single_class(
    name: str, slots: int, rate: float, run: object, lasts: Length, size: int | None, scale: float
) -> tuple[Data, ...]:
    """Poisson arrivals of one kind of job, or of arrays of ``size``."""
    return (pool(name, slots, [stage.entry("job", run, at=poisson(rate, lasts, scale), size=size)]),)


def regular(name: str, gap_s: float, run: object, lasts: Length, scale: float) -> tuple[Data, ...]:
    """One job every ``gap_s``, on one slot."""
    count = ceil((lasts.warmup_s + lasts.measured_s * scale) / gap_s)
    at = {"rate": stage.per_day(1 / gap_s)}
    return (pool(name, 1, [stage.entry("job", run, at=at, count=count)]),)


def two_classes(
    name: str, classes: Sequence[tuple[float, ServiceLaw]], lasts: Length, scale: float
) -> tuple[Data, ...]:
    """A queue for each class, (jobs a second, law), the first of highest priority, on one slot."""
    places = [f"class{number}" for number in range(len(classes))]
    ranks = [stage.queue(place, priority=10 * (len(places) - number)) for number, place in enumerate(places)]
    entries = [
        stage.entry(place, law.run, at=poisson(rate, lasts, scale), on=place)
        for place, (rate, law) in zip(places, classes, strict=True)
    ]
    return (pool(name, 1, entries, queues=ranks),)


def waves(slots: int, every_s: int, count: int, _scale: float) -> tuple[Data, ...]:
    """``slots`` jobs every ``every_s``, each as long as that."""
    run = stage.seconds(every_s)
    entries = [
        stage.entry(f"wave{number}", run, at=stage.seconds(number * every_s), count=slots) for number in range(count)
    ]
    return (pool("as many jobs end as come", slots, entries),)


# -- measurements


def waits(warmup_s: float, source: Source) -> Measured:
    """Everything about the waits of one class of jobs."""
    jobs = steady(source, warmup_s)
    p95, p99 = np.quantile(jobs.waits_s, [0.95, 0.99]).tolist()
    return {
        "E[Wq]": float(jobs.waits_s.mean()),
        "P(Wq>0)": float((jobs.waits_s > 0).mean()),
        "p95(Wq)": p95,
        "p99(Wq)": p99,
        "Lq": time_average(jobs.came_ms, jobs.started_ms, jobs.window_s),
        "E[S]": jobs.run_s,
        "lambda": jobs.rate,
    }


def waits_by_queue(warmup_s: float, names: Sequence[str], source: Source) -> Measured:
    """The mean wait in each queue."""
    return {
        f"E[Wq] {name}": float(steady(source, warmup_s, number).waits_s.mean()) for number, name in enumerate(names)
    }


def longest_wait(result: Result) -> Measured:
    """The longest wait, in whole ms."""
    jobs = Steady(result, 0)
    return {"jobs": len(jobs.rows), "longest wait": int((jobs.started_ms - jobs.came_ms).max())}


# -- cases for any load


def mmc(id_: str, servers: int, load: float, mean_s: float = 60.0, times: float = 1.0) -> Case:
    """M/M/c."""
    theory, law = queues.MMc(servers, load, mean_s), laws.exponential(mean_s)
    precision = precision_at(load)
    quantiles = [
        mean(f"p{p * 100:.0f}(Wq)", theory.quantile_s(p), half_width=wider * precision)
        for p, wider in ((0.95, WIDER_P95), (0.99, WIDER_P99))
        if theory.waits > 2 * (1 - p)
    ]
    measured = [
        mean("E[Wq]", theory.wait_s, half_width=precision),
        probability("P(Wq>0)", theory.waits),
        *quantiles,
        mean("Lq", theory.queue_length, "jobs", half_width=1.3 * precision),
    ]
    source = "Erlang C (1917): C/(c mu - lambda); the wait beyond 0 is exponential"
    title = f"M/M/{servers} at load {load:g}, Exp {mean_s:g} s"
    return _Station(servers, load, law, theory.waits, times).case(id_, title, source, measured)


def mdc(id_: str, servers: int, load: float, mean_s: float = 60.0, times: float = 1.0) -> Case:
    """M/D/c."""
    theory, law = queues.MDc(servers, load, mean_s), laws.constant(mean_s)
    title = f"M/D/{servers} at load {load:g}, {mean_s:g} s each"
    measured = [
        mean("E[Wq]", theory.wait_s, half_width=precision_at(load)),
        probability("P(Wq>0)", theory.waits),
    ]
    source = "Crommelin (1932): N(t+D) = (N(t)-c)+ + Poisson(lambda D), solved numerically"
    return _Station(servers, load, law, theory.waits, times).case(id_, title, source, measured)


def mg1(id_: str, law: ServiceLaw, load: float, times: float = 1.0) -> Case:
    """M/G/1 with any law of service."""
    rate = load / law.mean_s
    wait_s = queues.pollaczek_khinchine(rate, law.mean_s, law.second_moment)
    measured = [mean("E[Wq]", wait_s, half_width=precision_at(load)), probability("P(Wq>0)", load)]
    title = f"M/G/1 at load {load:g}, {law.name} of mean {law.mean_s:g} s"
    source = "Pollaczek-Khinchine: lambda E[S^2]/(2(1-rho))"
    return _Station(1, load, law, load, times).case(id_, title, source, measured)


@dataclass(frozen=True, slots=True)
class _Station:
    """Poisson arrivals of one class before so many servers."""

    servers: int
    load: float
    law: ServiceLaw
    waits: float
    """The probability of waiting."""
    times: float = 1.0
    """How much longer than usual it must run."""

    @property
    def rate(self) -> float:
        """Arrivals a second."""
        return self.load * self.servers / self.law.mean_s

    def case(self, id_: str, title: str, source: str, measured: Sequence[Quantity]) -> Case:
        """The case that measures this, its mean run time and its rate of arrivals."""
        lasts = length(
            self.rate,
            self.load,
            1 + self.law.scv,
            waits=self.waits,
            servers=self.servers,
            precision=precision_at(self.load),
            times=self.times,
        )
        jobs = round((lasts.warmup_s + lasts.measured_s) * self.rate)
        return Case(
            id_,
            title,
            source,
            (*measured, *arrivals_and_services(self.rate, self.law)),
            partial(single_class, title, self.servers, self.rate, self.law.run, lasts, None),
            partial(waits, lasts.warmup_s),
            heavy=is_heavy(self.load, jobs),
            recursion=partial(recursions.first_come, servers=self.servers),
            jobs=jobs,
        )


def arrivals_and_services(rate: float, law: ServiceLaw) -> tuple[Quantity, Quantity]:
    """What must come out of what went in: the mean run time, and the rate of arrivals."""
    width = PRECISION_LAW * max(1.0, law.scv**0.5)
    return mean("E[S]", law.mean_s, half_width=width), mean("lambda", rate, "1/s", PRECISION_LAW)


def priorities(id_: str, classes: Sequence[tuple[str, float, ServiceLaw]], times: float = 1.0) -> Case:
    """M/G/1 with a queue for each class: (name, load, law), the highest first."""
    rates = [(load / law.mean_s, law) for _, load, law in classes]
    waits_s = queues.cobham([queues.PriorityClass(rate, law.mean_s, law.second_moment) for rate, law in rates])
    total, rate = sum(load for _, load, _ in classes), sum(rate for rate, _ in rates)
    second_moment = sum(each * law.second_moment for each, law in rates) / rate
    variability = second_moment / (total / rate) ** 2
    lasts = length(rate, total, variability, waits=total, precision=precision_at(total), times=times)
    jobs = round((lasts.warmup_s + lasts.measured_s) * rate)
    names = [name for name, _, _ in classes]
    title = ", ".join(f"{name} {load:g} {law.name} {law.mean_s:g} s" for name, load, law in classes)
    return Case(
        id_,
        f"M/G/1 with priorities, loads {title}",
        "Cobham (1954): W0/((1-sigma(k-1))(1-sigma(k)))",
        tuple(mean(f"E[Wq] {n}", w, half_width=precision_at(total)) for n, w in zip(names, waits_s, strict=True)),
        partial(two_classes, "priorities", rates, lasts),
        partial(waits_by_queue, lasts.warmup_s, names),
        heavy=is_heavy(total, jobs),
        recursion=recursions.by_priority,
        jobs=jobs,
    )


def dm1(id_: str, gap_s: float, mean_s: float = 60.0) -> Case:
    """D/M/1: a job at fixed gaps."""
    load, law = mean_s / gap_s, laws.exponential(mean_s)
    root = queues.regular_arrivals_root(gap_s, mean_s)
    lasts = length(1 / gap_s, load, 1.0, waits=load, precision=precision_at(load), times=1.8)
    jobs = round((lasts.warmup_s + lasts.measured_s) / gap_s)
    return Case(
        id_,
        f"D/M/1: a job every {gap_s:g} s, Exp {mean_s:g} s",
        "sigma = exp(-a(1-sigma)/mean); E[Wq] = sigma mean/(1-sigma)",
        (
            mean("E[Wq]", queues.regular_arrivals(gap_s, mean_s), half_width=precision_at(load)),
            probability("P(Wq>0)", root),
            *arrivals_and_services(1 / gap_s, law),
        ),
        partial(regular, f"D/M/1, gap {gap_s:g} s", gap_s, law.run, lasts),
        partial(waits, lasts.warmup_s),
        heavy=is_heavy(load, jobs),
        recursion=partial(recursions.first_come, servers=1),
        jobs=jobs,
    )


def arrays(id_: str, size: int, load: float, law: ServiceLaw) -> Case:
    """M^[X]/G/1: arrays of one size arrive by chance."""
    rate = load / law.mean_s / size
    wait_s = queues.batch_arrivals(rate, size, law.mean_s, law.second_moment)
    lasts = length(rate, load, 1 + law.scv / size, waits=load, precision=precision_at(load), times=1.1)
    jobs = round((lasts.warmup_s + lasts.measured_s) * rate * size)
    return Case(
        id_,
        f"arrays of {size} at load {load:g} on 1 slot, {law.name} {law.mean_s:g} s",
        "M^[X]/G/1: lambda E[S^2]/(2(1-rho)) + E[S] (E[X^2]/E[X]-1)/(2(1-rho))",
        (mean("E[Wq]", wait_s, half_width=precision_at(load)), *arrivals_and_services(rate * size, law)),
        partial(single_class, f"arrays of {size}", 1, rate, law.run, lasts, size),
        partial(waits, lasts.warmup_s),
        heavy=is_heavy(load, jobs),
        recursion=partial(recursions.first_come, servers=1),
        jobs=jobs,
    )


def regular_waves(id_: str, slots: int, every_s: int = 60, count: int = 200) -> Case:
    """D/D/c: as many jobs end as come, in the same instant."""
    return Case(
        id_,
        f"D/D/{slots}: {slots} jobs of {every_s} s every {every_s} s",
        "ends come before submissions within an instant",
        (exact("longest wait", 0, "ms"), exact("jobs", slots * count)),
        partial(waves, slots, every_s, count),
        longest_wait,
        replications=1,
        jobs=slots * count,
    )


def cases() -> list[Case]:
    """T1, T3 to T7."""
    exp60 = laws.exponential(60)
    return [
        mmc("T1.1", 1, 0.5),
        mmc("T1.2", 1, 0.8),
        mmc("T1.3", 1, 0.95, times=2.0),
        mmc("T1.5", 4, 0.8, times=0.73),
        mmc("T1.6", 8, 0.9, times=1.5),
        mmc("T1.8", 64, 0.95),
        mmc("T1.9", 256, 0.98, times=1.3),
        mdc("T3.1", 1, 0.8),
        mdc("T3.2", 2, 0.8, times=0.75),
        mdc("T3.4", 8, 0.9),
        mdc("T3.5", 16, 0.9),
        mg1("T4.1", laws.uniform(0, 120), 0.8, times=0.8),
        mg1("T4.2", laws.erlang(4, 60), 0.8, times=0.9),
        mg1("T4.3", laws.lognormal(60, 1), 0.8, times=1.4),
        mg1("T4.5", laws.hyperexponential(60, 9), 0.8),
        priorities("T5.1", [("high", 0.3, exp60), ("low", 0.5, exp60)], times=0.8),
        priorities("T5.2", [("high", 0.4, laws.constant(30)), ("low", 0.4, laws.exponential(120))], times=1.5),
        dm1("T6.1", 75),
        regular_waves("T6.2", 4),
        arrays("T7.1", 10, 0.8, exp60),
    ]
