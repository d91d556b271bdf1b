"""Answers about what to buy: Fargate or EC2, x86 or Graviton, a Savings Plan."""

from __future__ import annotations

import numpy as np

from batchsim import Study
from batchsim.experiments.paired import Floats, percent
from batchsim.report.words import dollars, number
from batchsim.units import parse_duration_ms
from studies.nights import LEVEL, Nights, best, crossing, difference
from studies.words import Answer, not_told_from, plus_minus, told, told_percent, told_signed

LENGTH, QUEUE = "jobs.run.lognormal.mean", "jobs.jobQueue"
SPEED, TYPES = "world.speed.c7g", "pool.instanceTypes"
PEAK = "peak.arrayProperties.size"
DISCOUNT = 0.28
"""Of a Compute Savings Plan."""
COMMITMENTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""In dollars an hour, as billed after the discount."""


def fargate_or_ec2(study: Study) -> Answer:
    """The length at which both cost the same."""
    nights = Nights(study)
    lengths = sorted(nights.levels(LENGTH), key=parse_duration_ms)
    ec2, fargate = (
        np.array([nights.of("cost_usd", {LENGTH: length, QUEUE: queue}) for length in lengths])
        for queue in ("ec2", "fargate")
    )
    gaps = [told_signed(difference(*pair), "USD") for pair in zip(ec2, fargate, strict=True)]
    ends = (
        f"Jobs of {lengths[at]}: {plus_minus(fargate[at], 'USD')} on Fargate for all; EC2 changes it by {gaps[at]}."
        for at in (0, -1)
    )
    rows = tuple(
        (length, plus_minus(fargate[at], "USD"), plus_minus(ec2[at], "USD"), gaps[at])
        for at, length in enumerate(lengths)
    )
    first = _crossover([parse_duration_ms(length) / 1000 for length in lengths], ec2 - fargate)
    return Answer((first, *ends), ("mean length", "Fargate", "EC2", "EC2 less Fargate"), rows)


def _crossover(lengths_s: list[float], dearer: Floats) -> str:
    at_s = crossing(lengths_s, dearer)
    if at_s is None:
        return f"{'Fargate' if dearer.mean() > 0 else 'EC2'} is cheaper at all these lengths."
    return f"From a mean length of {told(at_s, 's')} on, **EC2** is cheaper; for shorter jobs **Fargate** is."


def x86_or_graviton(study: Study) -> Answer:
    """The speed of Graviton at which both cost the same."""
    nights = Nights(study)
    speeds, (intel, graviton) = nights.levels(SPEED), nights.levels(TYPES)
    before, after = (nights.along("cost_usd", SPEED, {TYPES: types}) for types in (intel, graviton))
    soon, late = (nights.along("ready_at_s", SPEED, {TYPES: types}) for types in (intel, graviton))
    rows = tuple(
        (
            number(speed), plus_minus(before[at], "USD"), plus_minus(after[at], "USD"),
            told_signed(difference(after[at], before[at]), "USD"), told_signed(difference(late[at], soon[at]), "s"),
        )
        for at, speed in enumerate(speeds)
    )  # fmt: skip
    said = (
        _speed(speeds, after - before),
        *(
            f"At a speed of {row[0]} the bill changes by {row[3]}, the hour of readiness by {row[4]}."
            for row in [row for row in rows if row[3].startswith("-")][:1]
        ),
    )
    return Answer(said, ("speed of c7g", "c7i", "c7g", "c7g less c7i", "ready later by"), rows)


def _speed(speeds: list[float], dearer: Floats) -> str:
    at = crossing(speeds, dearer)
    if at is None:
        return f"{'x86' if dearer.mean() > 0 else 'Graviton'} is cheaper at all these speeds."
    return f"**Graviton** is cheaper where c7g does {told(at, 'share')} or more of c7i's work in the same time."


def savings_plan(study: Study) -> Answer:
    """Each night run once, and billed under each commitment."""
    nights = Nights(study)
    peaks = nights.levels(PEAK)
    bills = [_bills(study, nights.point({PEAK: peak})) for peak in peaks]
    said = tuple(_saved(peak, each) for peak, each in zip(peaks, bills, strict=True))
    rows = tuple(
        (str(peak), *(told_signed(difference(each[at], each[0]), "USD") for at in range(1, len(COMMITMENTS))))
        for peak, each in zip(peaks, bills, strict=True)
    )
    return Answer(said, ("jobs in the peak", *(f"{dollars(each)}/h" for each in COMMITMENTS[1:])), rows)


def _saved(peak: int, bills: Floats) -> str:
    found = best(bills)
    rivals = not_told_from([dollars(COMMITMENTS[n]) for n in found.rivals])
    return (
        f"With a peak of {peak} jobs: a commitment of **{dollars(COMMITMENTS[found.at])} an hour** ({rivals}) changes "
        f"the bill of {plus_minus(bills[0], 'USD')} by {told_percent(percent(bills[0], bills[found.at], LEVEL))}."
    )


def _bills(study: Study, point: int) -> Floats:
    """Shape (commitments, replications): the run as it was, at the prices of each plan."""
    bills = np.empty((len(COMMITMENTS), study.replications))
    for replication in range(study.replications):
        result = study.replay(point, replication)
        for at, commitment in enumerate(COMMITMENTS):
            plan = {"commitment_usd_per_h": commitment, "discount": DISCOUNT}
            billed = result.reprice(savings_plan=plan) if commitment else result
            bills[at, replication] = billed.metrics("cost_usd")["cost_usd"]
    return bills
