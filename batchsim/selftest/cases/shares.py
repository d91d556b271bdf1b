"""Fair shares: the long run of shares that always have jobs waiting, and what a reservation leaves free (T20)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from batchsim.records.tables import NEVER
from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import Case, Data, Measured, exact, mean
from batchsim.selftest.formulas import shares as theory

RUN_S = 60
ROUNDS = 120
"""Times that each slot is taken by a job while the shares are watched."""


# -- scenarios


def backlogged(weights: Sequence[float], slots: int, run_s: int, decay_s: int, scale: float) -> tuple[Data, ...]:
    """Shares with more equal jobs than can run until the end."""
    until_s = round(ROUNDS * run_s * scale)
    size = ceil(slots * until_s / run_s) + slots
    policy = {"shareDecaySeconds": decay_s, "shareDistribution": _distribution(weights)}
    return (_fair("shares", len(weights), size, slots, policy, f"{run_s}s", f"{until_s}s"),)


def reserved(max_vcpus: int, percent: int, most_active: int, _scale: float) -> tuple[Data, ...]:
    """1, 2, ... shares, each with jobs enough for all the capacity."""
    policy = {"computeReservation": percent}
    return tuple(
        _fair("reservation", active, max_vcpus + 1, max_vcpus, policy, "60s", "30s")
        for active in range(1, most_active + 1)
    )


def _fair(name: str, shares: int, size: int, slots: int, policy: Data, run: str, until: str) -> Data:
    entries = [
        stage.entry(f"share{number}", run, size=size, submit={"shareIdentifier": f"share{number}"})
        for number in range(shares)
    ]
    box = min(slots, 1000)
    hosts = stage.fixed(slots, types=(f"box.{box}",))
    fair: dict[str, Any] = {"schedulingPolicies": [{"name": "fair", "fairsharePolicy": policy}]}
    # Without a least window only what is held counts where shareDecaySeconds is 0 (User Guide); its other reading,
    # a window of 600 s (API), is the default, and a case of its own.
    world = stage.world((box,), min_window="0s", strict_limits=False)
    queues = [stage.queue(schedulingPolicyArn="fair")]
    return stage.scenario(name, entries, [hosts], queues=queues, around=world, simulation={"until": until}, **fair)


def _distribution(weights: Sequence[float]) -> list[Data]:
    return [{"shareIdentifier": f"share{number}", "weightFactor": weight} for number, weight in enumerate(weights)]


# -- measurements


def held_shares(*results: Result) -> Measured:
    """Of all vCPU-time that was held, the part of each share; by scenario: without a window, and with one."""
    found: dict[str, float] = {}
    for label, result in zip(_LABELS, results, strict=False):
        held = _held_ms(result)
        found |= {_named(number, label): float(part) for number, part in enumerate(held / held.sum())}
    return found


def left_free(max_vcpus: int, *results: Result) -> Measured:
    """vCPUs that nobody holds while every share has jobs waiting, by the number of shares."""
    free = [max_vcpus - round(_peak(result)) for result in results]
    return {"vCPUs free": tuple(free)}


def _held_ms(result: Result) -> np.ndarray:
    """By share: the vCPU-time that its attempts held, to the end of the run."""
    records = result.records
    call = records.jobs.submission[records.attempts.job]
    ended = np.where(records.attempts.ended_at_ms == NEVER, records.horizon_ms, records.attempts.ended_at_ms)
    vcpu_ms = (ended - records.attempts.starting_at_ms) * records.submissions.vcpus_milli[call]
    return np.bincount(records.submissions.entry[call], weights=vcpu_ms)


def _peak(result: Result) -> float:
    return float(result.metrics("vcpus_peak")["vcpus_peak"] or 0)


# -- cases for any weights


def long_run(id_: str, weights: Sequence[float], slots: int, run_s: int = RUN_S, window_s: int = 600) -> Case:
    """Shares that always have equal jobs waiting, with usage by what is held, and (unless 0) by a window.

    ``slots`` must be a number that can be parted so (:func:`~batchsim.selftest.formulas.shares.round_of`).
    """
    parts = theory.long_run(weights)
    labels = _LABELS if window_s else _LABELS[:1]
    return Case(
        id_,
        f"shares with weight factors {', '.join(f'{each:g}' for each in weights)} on {slots} slots, jobs of {run_s} s",
        "User Guide, fair-share scheduling: in proportion to 1/weightFactor",
        tuple(mean(_named(number, label), part, "", 0.01) for label in labels for number, part in enumerate(parts)),
        partial(with_and_without_window, tuple(weights), slots, run_s, window_s),
        held_shares,
        jobs=(1 + bool(window_s)) * slots * ROUNDS,
        replications=2,
    )


def with_and_without_window(
    weights: Sequence[float], slots: int, run_s: int, window_s: int, scale: float
) -> tuple[Data, ...]:
    """Usage is what is held; and, if ``window_s`` is not 0, what was held in a window."""
    decays = (0, window_s) if window_s else (0,)
    return tuple(backlogged(weights, slots, run_s, decay_s, scale)[0] for decay_s in decays)


def reservation(id_: str, max_vcpus: int, percent: int, most_active: int = 3) -> Case:
    """A reservation with 1, 2, ... active shares."""
    theta = tuple(theory.left_free(max_vcpus, percent, active) for active in range(1, most_active + 1))
    return Case(
        id_,
        f"computeReservation {percent} of {max_vcpus} vCPUs, 1 to {most_active} active shares",
        "API, FairsharePolicy: (computeReservation/100)^active",
        (exact("vCPUs free", theta, "vCPU"),),
        partial(reserved, max_vcpus, percent, most_active),
        partial(left_free, max_vcpus),
        replications=1,
        jobs=max_vcpus * most_active,
    )


_LABELS = ("", ", window")


def _named(number: int, label: str) -> str:
    return f"share {number}{label}"


def cases() -> list[Case]:
    """T20."""
    return [
        long_run("T20.1", (1.0, 0.5), 6),
        reservation("T20.3", 256, 50),
    ]
