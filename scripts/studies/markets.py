"""Answers about Spot: strategies in three markets, checkpoints, retries."""

from __future__ import annotations

from math import isnan

import numpy as np

from batchsim import Study
from batchsim.experiments.paired import Estimate, percent
from batchsim.report.comparison_words import figure
from batchsim.report.words import number, share
from batchsim.selftest.formulas.restarts import best_interval_s, daly_s, young_s
from batchsim.units import parse_duration_ms
from studies.nights import LEVEL, Nights, best, bootstrap, chance, crossing, difference, lowest
from studies.words import Answer, leader, not_told_from, plus_minus, told, told_chance, told_percent, told_signed

HOUR_S = 3600
CHECKPOINT_S = 30.0
"""What a checkpoint of scenarios/checkpoints.yaml costs."""
AROUND = 3.0
"""An interval is looked for among those that are at most so many times shorter or longer than the best of them."""
SURE = 0.95
MARKET, STRATEGY = "world.market", "etl.allocationStrategy"
HAZARD, EVERY = "world.spot_hazard", "steps.checkpoint.every"
PURCHASE = "pool.computeResources.type"
EC2, SPOT = "EC2", "SPOT"
JOBS = 200
"""Of scenarios/spot_or_on_demand.yaml."""


# -- strategies


def which_strategy(study: Study) -> Answer:
    """The cheapest and the soonest ready strategy of each market."""
    nights = Nights(study)
    names = [f"`{name}`" for name in nights.levels(STRATEGY)]
    said, rows = [], []
    for market in nights.levels(MARKET):
        at = {MARKET: market}
        cost, ready, lost = (nights.along(name, STRATEGY, at) for name in ("cost_usd", "ready_at_s", "lost_vcpu_h"))
        said += [
            f"{market.capitalize()}: cheapest is {leader(names, cost, 'USD')}.",
            f"{market.capitalize()}: soonest ready is {leader(names, ready, 's')}.",
        ]
        rows += [
            (market, name, plus_minus(cost[n], "USD"), plus_minus(ready[n], "s"), plus_minus(lost[n], "vCPU-h"))
            for n, name in enumerate(names)
        ]
    return Answer(tuple(said), ("market", "strategy", "cost", "ready after", "vCPU-hours lost"), tuple(rows))


# -- checkpoints


def when_to_checkpoint(study: Study) -> Answer:
    """Whether the best interval beats none, and where the least time lies, beside what is exactly best."""
    nights = Nights(study)
    rates = [Intervals(nights, hazard) for hazard in nights.levels(HAZARD)]
    head = (
        "reclaims an hour", "60 jobs without", "best interval tried", "60 jobs with it", "lowest point of the curve",
        "exactly best", "Young", "Daly",
    )  # fmt: skip
    return Answer(tuple(rate.sentence() for rate in rates), head, tuple(rate.row() for rate in rates))


class Intervals:
    """Checkpoint intervals at one rate of reclaim."""

    def __init__(self, nights: Nights, hazard: float) -> None:
        times = sorted(nights.levels(EVERY), key=parse_duration_ms)
        self.hazard, self.rate = hazard, hazard / HOUR_S
        took = np.array([nights.of("makespan_s", {HAZARD: hazard, EVERY: time}) for time in times])
        self.none, self.took, self.times = took[-1], took[:-1], times[:-1]  # the last is longer than the job
        self.every_s = [parse_duration_ms(time) / 1000 for time in self.times]
        self.best = best(self.took)

    def least(self) -> Estimate | None:
        """The interval of least time: of a cubic through the points around the best, and of nights redrawn.

        None where that is not between the points.
        """
        middle = self.every_s[self.best.at]
        near = [n for n, each in enumerate(self.every_s) if middle / AROUND <= each <= middle * AROUND]
        xs, took = [self.every_s[n] for n in near], self.took[near]
        if isnan(lowest(xs, took.mean(axis=1))):
            return None
        found = bootstrap(took.shape[1], lambda n: lowest(xs, took[:, n].mean(axis=1)))
        return None if found.low is None else found

    def lowest(self) -> str:
        """The same in words."""
        least = self.least()
        return "not shown to lie between those tried" if least is None else told(least, "s")

    def sentence(self) -> str:
        """Does it pay, and how often."""
        change = percent(self.none, self.took[self.best.at], LEVEL)
        pays = change is not None and change.high is not None and change.high < 0
        rivals = not_told_from([self.times[n] for n in self.best.rivals])
        return (
            f"{number(self.hazard)} reclaims an hour: a checkpoint {'pays' if pays else 'is not shown to pay'}. Every "
            f"**{self.times[self.best.at]}** ({rivals}) it changes the time by {told_percent(change)}. The lowest "
            f"point of the curve: {self.lowest()}; exactly best is "
            f"{figure(best_interval_s(CHECKPOINT_S, self.rate), 's')}."
        )

    def row(self) -> tuple[str, ...]:
        """Of the table."""
        theory = (rule(CHECKPOINT_S, self.rate) for rule in (best_interval_s, young_s, daly_s))
        return (
            number(self.hazard), plus_minus(self.none, "s"), self.times[self.best.at],
            plus_minus(self.took[self.best.at], "s"), self.lowest(), *(figure(each, "s") for each in theory),
        )  # fmt: skip


# -- retries


class Rates:
    """Spot and On-Demand by the rate of reclaims."""

    def __init__(self, nights: Nights) -> None:
        self.hazards = nights.levels(HAZARD)
        self.spot, self.on_demand = (nights.along("cost_per_job_usd", HAZARD, {PURCHASE: kind}) for kind in (SPOT, EC2))
        self.done = {kind: nights.along("makespan_s", HAZARD, {PURCHASE: kind}) for kind in (SPOT, EC2)}
        self.failed = nights.along("jobs_failed", HAZARD, {PURCHASE: SPOT})
        self.attempts = 1 + nights.along("retries", HAZARD, {PURCHASE: SPOT}).mean(axis=1) / JOBS
        self.dearer = self.spot - self.on_demand

    def price(self) -> str:
        """Where both cost the same."""
        tries, rate = crossing(self.attempts.tolist(), self.dearer), crossing(self.hazards, self.dearer)
        if tries is None or rate is None:
            return f"Spot is {'cheaper' if self.dearer.mean() < 0 else 'dearer'} at all these rates."
        return (
            f"In money, On-Demand wins where a job needs more than {told(tries, '1')} attempts on average, which is at "
            f"{told(rate, '1')} reclaims an hour."
        )

    def limit(self) -> str:
        """From which rate on ten attempts leave some job undone."""
        for at, hazard in enumerate(self.hazards):
            whole = chance(self.failed[at] == 0)
            if whole.high < SURE:
                return (
                    f"Ten attempts, AWS's limit, are too few from {number(hazard)} an hour on: all jobs succeed in "
                    f"{told_chance(whole)} runs."
                )
        return f"With ten attempts no rate is shown to leave a job undone in more than {share(1 - SURE)} of runs."

    def time(self) -> str:
        """What Spot costs in time, at the lowest rate."""
        later = difference(self.done[SPOT][0], self.done[EC2][0])
        return (
            f"In time it wins at once: at {number(self.hazards[0])} an hour the last of {JOBS} jobs ends "
            f"{told_signed(later, 's')} against On-Demand's {plus_minus(self.done[EC2][0], 's')}."
            if later.is_other_than_zero
            else f"In time the runs show no difference at {number(self.hazards[0])} an hour."
        )

    def row(self, at: int) -> tuple[str, ...]:
        """Of the table."""
        return (
            number(self.hazards[at]), number(float(self.attempts[at])), plus_minus(self.spot[at], "USD"),
            plus_minus(self.on_demand[at], "USD"), told_signed(difference(self.spot[at], self.on_demand[at]), "USD"),
            share(float(self.failed[at].mean() / JOBS)),
        )  # fmt: skip


def spot_retries(study: Study) -> Answer:
    """At how many attempts a job Spot costs what On-Demand does."""
    rates = Rates(Nights(study))
    head = (
        "reclaims an hour", "attempts a job", "Spot, a job that succeeds", "On-Demand", "Spot less On-Demand",
        "jobs that ten attempts do not do",
    )  # fmt: skip
    rows = tuple(rates.row(at) for at in range(len(rates.hazards)))
    return Answer((rates.price(), rates.limit(), rates.time()), head, rows)
