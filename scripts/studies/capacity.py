"""Answers about size: maxvCpus, partitions, instances large or small, how long to keep them idle."""

from __future__ import annotations

import numpy as np

from batchsim import Study
from batchsim.experiments.paired import Estimate, Floats
from batchsim.report.comparison_words import figure
from batchsim.report.words import count, dollars, share
from batchsim.units import parse_duration_ms
from studies.nights import Chance, Nights, best, bootstrap, chance, difference
from studies.words import Answer, leader, plus_minus, told, told_chance, told_signed

DEADLINE_S, SURE = 5400.0, 0.95
"""Of the 10 TB night: ready in time in so many of all nights."""
HOUR_S = 3600
HOURLY_USD = (0.25, 1, 5)
"""What an hour that a job waits may be worth."""


# -- maxvCpus


def how_large(study: Study) -> Answer:
    """The least size of which Wilson's interval says that it keeps the deadline often enough."""
    nights, knob = Nights(study), "etl.maxvCpus"
    sizes, cost, ready = nights.levels(knob), nights.along("cost_usd", knob), nights.along("ready_at_s", knob)
    kept = [chance(each < DEADLINE_S) for each in ready]
    sure = next((at for at, each in enumerate(kept) if each.low >= SURE), None)
    said = [_least_size(sizes, cost, kept, sure)]
    if sure:
        said.append(f"The next smaller, {sizes[sure - 1]:,}, keeps it in {told_chance(kept[sure - 1])}.")
    said += [
        f"{sizes[at]:,} changes the bill by {told_signed(difference(cost[at], cost[sure]), 'USD')} a night, and the "
        f"hour of readiness by {told_signed(difference(ready[at], ready[sure]), 's')}."
        for at in (range(sure + 1, len(sizes)) if sure is not None else ())
    ]
    rows = tuple(
        (count(size), plus_minus(cost[at], "USD"), _ready(ready[at]), told_chance(kept[at]))
        for at, size in enumerate(sizes)
    )
    return Answer(tuple(said), ("maxvCpus", "cost", "ready after", "nights in time"), rows)


def _least_size(sizes: list[int], cost: Floats, kept: list[Chance], sure: int | None) -> str:
    if sure is None:
        most = f"the largest, {sizes[-1]:,}, does in {told_chance(kept[-1])}"
        return f"No size is shown to keep the deadline in {share(SURE)} of all nights: {most}."
    return (
        f"**`maxvCpus: {sizes[sure]}`** is the least size that is shown to be ready within {figure(DEADLINE_S, 's')} "
        f"in {share(SURE)} of all nights: it was in {told_chance(kept[sure])}. A night costs "
        f"{plus_minus(cost[sure], 'USD')}."
    )


def _ready(ready: Floats) -> str:
    """The mean of the nights that got ready, and how many did not: some partition failed for good."""
    never = int(np.isnan(ready).sum())
    return plus_minus(ready[~np.isnan(ready)], "s") + (f", never in {never}" if never else "")


# -- partitions


def how_many_partitions(study: Study) -> Answer:
    """The cheapest and the soonest ready number."""
    nights, knob = Nights(study), "logs.partitions"
    numbers, cost, ready = nights.levels(knob), nights.along("cost_usd", knob), nights.along("ready_at_s", knob)
    lost, names = nights.along("lost_vcpu_h", knob), [f"{number:,}" for number in numbers]
    soon = best(ready).at
    later, more = difference(ready[0], ready[soon]), difference(lost[0], lost[soon])
    coarse = (
        f"With {names[0]} the data is ready {told_signed(later, 's')} against {names[soon]}, and reclaims take "
        f"{told_signed(more, 'vCPU-h')} vCPU-hours of work."
    )
    said = (f"Soonest ready: {leader(names, ready, 's')}.", f"Cheapest: {leader(names, cost, 'USD')}.", coarse)
    rows = tuple(
        (name, plus_minus(cost[at], "USD"), plus_minus(ready[at], "s"), plus_minus(lost[at], "vCPU-h"))
        for at, name in enumerate(names)
    )
    return Answer(said, ("partitions", "cost", "ready after", "vCPU-hours lost to reclaims"), rows)


# -- instances large or small


class Sizes:
    """Instances of one size: what their reclaims take."""

    def __init__(self, nights: Nights, types: list[str]) -> None:
        at = {"computeResources.instanceTypes": types}
        self.name = types[0].split(".")[1]
        self.cost, self.ready, self.lost, self.reclaims, self.retries = (
            nights.of(name, at) for name in ("cost_usd", "ready_at_s", "lost_vcpu_h", "reclaims", "retries")
        )

    def radius(self) -> Estimate:
        """Jobs that one reclaim takes."""
        return bootstrap(len(self.cost), lambda n: _ratio(self.retries[n], self.reclaims[n]))

    def spread(self) -> Estimate:
        """The standard deviation of what a night loses, in vCPU-hours."""
        return bootstrap(len(self.cost), lambda n: float(np.std(self.lost[n], ddof=1)))

    def row(self) -> tuple[str, ...]:
        """Of the table."""
        return (
            self.name, plus_minus(self.cost, "USD"), plus_minus(self.ready, "s"), figure(float(self.ready.max()), "s"),
            plus_minus(self.reclaims, "1"), told(self.radius(), "1"), plus_minus(self.lost, "vCPU-h"),
            told(self.spread(), "1"),
        )  # fmt: skip


def instance_size(study: Study) -> Answer:
    """Jobs that one reclaim takes, and what that does to the mean night and to the worst."""
    nights = Nights(study)
    sizes = [Sizes(nights, types) for types in nights.levels("computeResources.instanceTypes")]
    names = [size.name for size in sizes]
    said = (
        *_blast(sizes[0], sizes[-1]),
        f"Cheapest: {leader(names, np.array([size.cost for size in sizes]), 'USD')}.",
        f"Soonest ready: {leader(names, np.array([size.ready for size in sizes]), 's')}.",
    )
    head = (
        "size", "cost", "ready after", "latest night", "reclaims a night", "jobs a reclaim takes", "vCPU-hours lost",
        "their standard deviation",
    )  # fmt: skip
    return Answer(said, head, tuple(size.row() for size in sizes))


def _blast(small: Sizes, large: Sizes) -> tuple[str, str]:
    """What one reclaim takes; and what a night loses, on average and from night to night."""
    more = difference(large.lost, small.lost)
    apart = "" if more.is_other_than_zero else ", which is no difference that the nights show"
    one = (
        f"One reclaim takes **{told(small.radius(), '1')} jobs from {small.name}, {told(large.radius(), '1')} from "
        f"{large.name}**."
    )
    night = (
        f"On average a night of {large.name} loses {told_signed(more, 'vCPU-h')} vCPU-hours against "
        f"{small.name}{apart}. From night to night its losses vary by a standard deviation of "
        f"{told(large.spread(), '1')}, those of {small.name} by {told(small.spread(), '1')}."
    )
    return one, night


def _ratio(above: Floats, below: Floats) -> float:
    return float(above.sum() / below.sum()) if below.sum() else float("nan")


# -- idle instances


def idle_instances(study: Study) -> Answer:
    """What each longer time costs for an hour of waiting that it spares, and the best time by an hour's worth."""
    nights, knob = Nights(study), "world.scale_down_idle"
    times = sorted(nights.levels(knob), key=parse_duration_ms)
    cost, wait, jobs = (
        np.array([nights.of(metric, {knob: time}) for time in times])
        for metric in ("cost_usd", "wait_mean_s", "jobs_succeeded")
    )
    waited_h = wait * jobs / HOUR_S
    said = [
        f"If an hour that a job waits is worth {dollars(worth)}: {leader(times, cost + worth * waited_h, 'USD')}, bill "
        "and waiting together."
        for worth in HOURLY_USD
    ]
    said.append(
        f"Against {times[0]}, {times[-1]} costs {told_signed(difference(cost[-1], cost[0]), 'USD')} a day, and changes "
        f"the mean wait by {told_signed(difference(wait[-1], wait[0]), 's')}."
    )
    prices = ("–", *(_hour_spared(cost, waited_h, at) for at in range(1, len(times))))
    rows = tuple(
        (time, plus_minus(cost[at], "USD"), plus_minus(wait[at], "s"), prices[at]) for at, time in enumerate(times)
    )
    return Answer(tuple(said), ("kept idle", "cost a day", "mean wait", "price of each further hour spared"), rows)


def _hour_spared(cost: Floats, waited_h: Floats, at: int) -> str:
    """What an hour of waiting costs that this time spares and the one before does not."""
    more, less = cost[at] - cost[at - 1], waited_h[at - 1] - waited_h[at]
    return told(bootstrap(len(more), lambda n: _ratio(more[n], less[n])), "USD")
