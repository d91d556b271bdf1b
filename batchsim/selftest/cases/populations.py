"""Unlimited capacity, closed networks, jobs of two sizes, patience, timeouts (T2, T10 to T13)."""

from __future__ import annotations

from functools import partial
from math import ceil, exp, sqrt

import numpy as np

from batchsim.records.tables import NEVER
from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import Bounded, Case, Data, Measured, bound, exact, mean, probability
from batchsim.selftest.cases.lengths import Length, length, steady
from batchsim.selftest.cases.measures import MS, Steady, time_average, time_shares
from batchsim.selftest.cases.queueing import is_heavy, poisson, pool, precision_at
from batchsim.selftest.formulas import laws
from batchsim.selftest.formulas.markov import ClosedNetwork, Patience, TwoSizes

# -- T2: nobody waits

FIRST = 10.0
"""Mean run times from the end of the warm-up on in which an empty start would still show."""
PRECISION_FIRST, PRECISION_VARIANCE = 0.04, 0.08
"""Half-widths of the mean in that time, and of the variance."""


def unlimited(
    rate: float, runs: tuple[object, ...], slots: int, lasts: Length, first_s: float, scale: float
) -> tuple[Data, ...]:
    """Poisson arrivals on more slots than are ever asked for, for ``first_s`` at least; a scenario for each law."""
    at = poisson(rate, lasts, max(scale, first_s / lasts.measured_s))
    return tuple(pool("M/G/inf", slots, [stage.entry("job", run, at=at)]) for run in runs)


def numbers_running(
    warmup_s: float, first_s: float, names: tuple[str, ...], offered: float, above: int, *results: Result
) -> Measured:
    """The distribution over time of the number that runs, for each law; and its mean in the first ``first_s``.

    The variance is about the mean that theory knows: about the run's own it would come out too small, by the variance
    of that mean.
    """
    found: dict[str, float] = {}
    for name, result in zip(names, results, strict=True):
        attempts = result.records.attempts
        spells = attempts.running_at_ms, attempts.ended_at_ms
        shares = time_shares(*spells, (warmup_s, Steady(result, 0).window_s[1]))
        numbers = np.arange(len(shares))
        found[f"E[N] {name}"] = float(shares @ numbers)
        found[f"E[N] {name}, first"] = time_average(*spells, (warmup_s, warmup_s + first_s))
        found[f"Var[N] {name}"] = float(shares @ (numbers - offered) ** 2)
        found[f"P(N>{above}) {name}"] = float(shares[above + 1 :].sum())
    found["longest wait"] = max(float(Steady(result, 0).waits_s.max()) for result in results)
    return found


def infinite_servers(id_: str, rate: float, mean_s: float, cvs: tuple[float, ...]) -> Case:
    """M/G/infinity: the number that runs is Poisson, whatever the law of service (Palm 1938)."""
    from scipy.stats import poisson as law_of_number

    offered = rate * mean_s
    above = round(offered + 2 * sqrt(offered) - 0.5)
    beyond = float(law_of_number.sf(above, offered))
    names = tuple(f"cv {cv:g}" for cv in cvs)
    runs = tuple(laws.lognormal(mean_s, cv).run for cv in cvs)
    lasts = steady(rate, 15 * offered * max(1.0, *cvs), 70 * offered)
    each = [
        (
            mean(f"E[N] {name}", offered, ""),
            mean(f"E[N] {name}, first", offered, "", PRECISION_FIRST),
            mean(f"Var[N] {name}", offered, "", PRECISION_VARIANCE),
            probability(f"P(N>{above}) {name}", beyond),
        )
        for name in names
    ]
    return Case(
        id_,
        f"M/G/inf: {offered:g} jobs run on average, LN mean {mean_s:g} s",
        "Palm (1938): N is Poisson, whatever the law; nobody waits",
        (*(quantity for of_law in each for quantity in of_law), exact("longest wait", 0.0, "s")),
        partial(unlimited, rate, runs, ceil(offered + 20 * sqrt(offered)), lasts, FIRST * mean_s),
        partial(numbers_running, lasts.warmup_s, FIRST * mean_s, names, offered, above),
        jobs=round(len(cvs) * (lasts.warmup_s + lasts.measured_s) * rate),
    )


# -- T10: a closed network


SETTLED = 40
"""Mean responses from the end of the window to the end of the run: what came within it has ended."""


def users(theory: ClosedNetwork, lasts: Length, scale: float) -> tuple[Data, ...]:
    """A firing a user; in turn a job on a pool of thinkers, and one on the slots, each after the one before."""
    until_s = lasts.warmup_s + lasts.measured_s * scale + SETTLED * theory.response_s
    cycles = until_s / (theory.think_s + theory.response_s)
    work, think = laws.exponential(theory.mean_service_s).run, laws.exponential(theory.think_s).run
    entries = []
    before: object = {"cron": "* * * * ? *", "for": f"{theory.users}m"}
    for turn in range(ceil(cycles + 8 * sqrt(cycles) + 5)):
        entries.append(stage.entry(f"think{turn}", think, at=before, on="thinking"))
        entries.append(stage.entry(f"work{turn}", work, at={"after": f"think{turn}"}))
        before = {"after": f"work{turn}"}
    places = [
        stage.fixed(slots, name, types=(f"box.{slots}",))
        for name, slots in (("hosts", theory.servers), ("thinkers", theory.users))
    ]
    queues = [stage.queue("queue", "hosts"), stage.queue("thinking", "thinkers")]
    around = stage.world((theory.servers, theory.users))
    ends = {"until": stage.seconds(until_s)}
    return (stage.scenario("users", entries, places, queues=queues, around=around, simulation=ends),)


def cycles_of_users(warmup_s: float, settled_s: float, result: Result) -> Measured:
    """Jobs that end a second, and their response; undefined if a user came to the end of the chain."""
    jobs, records = Steady(result, 0, queue=0), result.records
    from_ms, until_ms = warmup_s * MS, records.horizon_ms - settled_s * MS
    submissions = records.submissions
    last = submissions.created_at_ms[submissions.entry == submissions.entry.max()]
    if (last != NEVER).any():
        return {"throughput": float("nan"), "E[response]": float("nan")}
    ended = (jobs.ended_ms >= from_ms) & (jobs.ended_ms < until_ms)
    came = (jobs.came_ms >= from_ms) & (jobs.came_ms < until_ms)
    return {
        "throughput": float(ended.sum()) * MS / (until_ms - from_ms),
        "E[response]": float(jobs.latencies_s[came].mean()),
    }


def closed_network(id_: str, number: int, servers: int, think_s: float, mean_s: float) -> Case:
    """Users who submit the next job a think time after the last has ended."""
    theory = ClosedNetwork(number, servers, think_s, mean_s)
    lasts = Length(20 * (think_s + mean_s), round(900 / theory.throughput))
    return Case(
        id_,
        f"{number} users think Exp {think_s:g} s, submit a job of Exp {mean_s:g} s, {servers} slots",
        "M/M/c//N: balance of a birth and death chain",
        (mean("throughput", theory.throughput, "1/s"), mean("E[response]", theory.response_s)),
        partial(users, theory, lasts),
        partial(cycles_of_users, lasts.warmup_s, SETTLED * theory.response_s),
        jobs=round(2 * (lasts.warmup_s + lasts.measured_s + SETTLED * theory.response_s) * theory.throughput),
    )


# -- T11: a job that needs all slots


def mixed(theory: TwoSizes, lasts: Length, scale: float) -> tuple[Data, ...]:
    """Jobs of one slot and of two, by chance, before two slots; strictly in order, and as a scheduler that skips."""
    run = laws.exponential(theory.mean_service_s).run
    kinds = [stage.definition(), stage.definition("wide", vcpus=2)]
    parts = (("narrow", "job", 1 - theory.wide), ("wide", "wide", theory.wide))
    entries = [
        stage.entry(name, run, at=poisson(theory.arrival_rate * part, lasts, scale), kind=kind)
        for name, kind, part in parts
    ]
    hosts = [stage.fixed(2, types=("box.2",))]
    return tuple(
        stage.scenario("two sizes", entries, hosts, definitions=kinds, around=stage.world((2,), head_of_line=order))
        for order in ("strict", "skip")
    )


def latencies_in_order(warmup_s: float, strict: Result, skipping: Result) -> Measured:
    """The mean latency of strict order, and as a bound of the other's."""
    latency_s = float(Steady(strict, warmup_s).latencies_s.mean())
    return {
        "E[latency]": latency_s,
        "E[latency] skipping": Bounded(0, float(Steady(skipping, warmup_s).latencies_s.mean()), latency_s),
    }


def two_sizes(id_: str, rate: float, mean_s: float, wide: float) -> Case:
    """Two slots, strictly in order; a job needs both with probability ``wide``."""
    theory = TwoSizes(rate, mean_s, wide)
    load = theory.load
    lasts = length(rate, load, 2.0, waits=1.0, precision=precision_at(load))
    jobs = round((lasts.warmup_s + lasts.measured_s) * rate)
    return Case(
        id_,
        f"2 slots, strictly in order; Exp {mean_s:g} s, both needed w.p. {wide:g}, {rate:g}/s",
        "Markov chain of (narrow jobs, wide job, waiting), cut off at 400 jobs",
        (mean("E[latency]", theory.latency_s, half_width=precision_at(load)), bound("E[latency] skipping", "s")),
        partial(mixed, theory, lasts),
        partial(latencies_in_order, lasts.warmup_s),
        heavy=is_heavy(load, jobs),
        jobs=2 * jobs,
    )


# -- T12: patience


def impatient(theory: Patience, lasts: Length, scale: float) -> tuple[Data, ...]:
    """Poisson arrivals; each job is cancelled if it has not started in time."""
    run = laws.exponential(theory.mean_service_s).run
    at = poisson(theory.arrival_rate, lasts, scale)
    jobs = stage.entry("job", run, at=at, cancel_after=stage.seconds(theory.patience_s))
    return (pool("patience", theory.servers, [jobs]),)


def cancelled(warmup_s: float, result: Result) -> Measured:
    """Who waited, and who was cancelled."""
    jobs = Steady(result, warmup_s)
    served = jobs.started_ms != NEVER
    return {
        "P(cancelled)": float(1 - served.mean()),
        "P(wait)": float((~served | (jobs.started_ms > jobs.came_ms)).mean()),
    }


def patience(id_: str, servers: int, load: float, mean_s: float, patience_s: float) -> Case:
    """M/M/c + D: every job is cancelled after so long in RUNNABLE."""
    theory = Patience(servers, load, mean_s, patience_s)
    lasts = steady(theory.arrival_rate, 10 * patience_s * theory.arrival_rate, 4_000)
    return Case(
        id_,
        f"M/M/{servers} at load {load:g}, cancelled after {patience_s:g} s in RUNNABLE",
        "Baccelli and Hebuterne (1981): M/M/c+D",
        (probability("P(cancelled)", theory.leaves), probability("P(wait)", theory.waits)),
        partial(impatient, theory, lasts),
        partial(cancelled, lasts.warmup_s),
        jobs=round((lasts.warmup_s + lasts.measured_s) * theory.arrival_rate),
    )


# -- T13: timeouts


def timed(mean_s: float, timeout_s: int, size: int, scale: float) -> tuple[Data, ...]:
    """An array on as many slots as it has children, each of one attempt with a timeout."""
    number = ceil(size * scale)
    limits = {"timeout": {"attemptDurationSeconds": timeout_s}, "retryStrategy": {"attempts": 1}}
    run = laws.exponential(mean_s).run
    return (pool("timeout", number, [stage.entry("job", run, size=number, submit=limits)]),)


def timed_out(result: Result) -> Measured:
    """How many children were timed out, and how long they ran."""
    jobs = result.records.attempts
    ran_s = (jobs.ended_at_ms - jobs.running_at_ms) / MS
    states = result.attempts["outcome"]
    return {"P(timeout)": float((states == "timed_out").mean()), "E[run]": float(ran_s.mean())}


def timeouts(id_: str, mean_s: float, timeout_s: int, size: int = 400) -> Case:
    """Exp run times under a timeout, unlimited capacity, one attempt."""
    beyond = exp(-timeout_s / mean_s)
    return Case(
        id_,
        f"Exp {mean_s:g} s, timeout {timeout_s} s, unlimited capacity, 1 attempt",
        "P(S > t) = exp(-t/mean); E[min(S, t)] = mean (1 - exp(-t/mean))",
        (probability("P(timeout)", beyond), mean("E[run]", mean_s * (1 - beyond))),
        partial(timed, mean_s, timeout_s, size),
        timed_out,
        jobs=size,
    )


def cases() -> list[Case]:
    """T2, T10 to T13."""
    return [
        infinite_servers("T2.1", 0.5, 120, (0.5, 1.0)),
        closed_network("T10.1", 10, 3, 120, 60),
        two_sizes("T11.1", 0.012, 60, 0.5),
        patience("T12.2", 4, 1.2, 60, 600),
        timeouts("T13.1", 600, 900),
    ]
