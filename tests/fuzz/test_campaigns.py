"""Mutants of every shipped scenario are refused in the documented form, or run and keep every invariant."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest
from effort import effort

from batchsim.fuzz import Base, Campaign, Limits

SEED = int(os.environ.get("BATCHSIM_SEED", "0")) % 10**9 * 1_000
"""Fixed on each change; another one whenever the longer campaigns are run, whose runner prints it."""
MUTANTS = {
    "bytes": effort(fast=80, verify=200, long=100_000),
    "tokens": effort(fast=50, verify=160, long=100_000),
    "structure": effort(fast=20, verify=60, long=100_000),
    "random": effort(fast=20, verify=60, long=50_000),
    "faults": effort(fast=8, verify=20, long=10_000),
}
LEAST_RUN = {"bytes": 0.03, "tokens": 0.06, "structure": 0.12, "random": 1.0, "faults": 1.0}
"""Shares of mutants that are neither refused nor as before: without runs, readers alone would be looked at."""

Fuzz = Callable[..., Campaign]


@pytest.mark.parametrize("kind", MUTANTS)
def test_no_mutant_meets_a_bug(kind: str, fuzz: Fuzz, bases: tuple[Base, ...], cases: Callable[[int], None]) -> None:
    done = fuzz(bases, kind, MUTANTS[kind], seed=SEED, workers=effort(fast=1, verify=2, long=2))
    cases(done.cases)
    tally = done.tallies[kind]
    print(
        f"{kind}: {dict(tally.states)}, {tally.mean_ms:.0f} ms each, slowest {tally.slowest_s:.1f} s #{tally.slowest}"
    )
    assert not done.failures, "\n".join(told(done))
    assert tally.states["ran"] >= LEAST_RUN[kind] * tally.cases
    assert sys.gettrace() or tally.slowest_s < Limits().cpu_s / 2  # a tracer takes many times as long


def told(done: Campaign) -> list[str]:
    """Each way to fail, with what repeats it."""
    return [
        f"{each.sign}: batchsim fuzz --seed {each.first.number} --only {each.first.kind} scenarios/*.yaml "
        f"tests/fuzz/rich.yaml\n{each.first.message}\n{each.scenario.decode(errors='replace')}"
        for each in done.failures.values()
    ]
