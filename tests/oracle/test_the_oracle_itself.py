"""That the comparison means something: the oracle shares no code, its scenarios reach every corner, errors show."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from oracle.comparison import differences
from oracle.generator import scenario
from oracle.plain import Instance, Scenario
from oracle.reading import read
from oracle.simulator import Simulator

from batchsim.policies.packing import PACKINGS

HERE = Path(__file__).parent
OWN = [
    "bills", "capacity", "dependencies", "ending", "generator", "line", "plain", "quantities", "reading", "retry",
    "scaling",
]  # fmt: skip
SEEDS = range(150)


def imported(module: str) -> set[str]:
    tree = ast.parse((HERE / f"{module}.py").read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("module", [*OWN, "simulator"])
def test_it_shares_no_code_with_batchsim(module: str) -> None:
    standard = {"__future__", "collections.abc", "dataclasses", "fractions", "random", "re", "typing"}
    assert imported(module) <= standard | {"oracle"} | {f"oracle.{other}" for other in OWN}


# -- what the scenarios of the fast tier reach, as the oracle tells it


def marks(run: Scenario) -> Iterator[str]:
    """Everything that happened in a run and that a comparison should not miss."""
    for call in run.calls:
        for job in call.jobs:
            yield f"job {job.state}"
            yield from (f"attempt {each.outcome}" for each in job.attempts)
            if job.cancelled:
                yield "cancelled while pending"
            if len(job.attempts) > 1:
                yield f"retried {run.world.retry_position}"
            if job.call.depends_on and job.state == "FAILED" and not job.attempts:
                yield "failed by a dependency"
    for environment in run.environments:
        for instance in environment.instances:
            yield from instance_marks(instance)


def instance_marks(instance: Instance) -> Iterator[str]:
    if instance.reclaimed:
        yield "reclaimed"
    if instance.closed:
        yield "drained"
    if instance.environment.fleet is None:
        yield "scaled out" if instance.launched_at else "initial capacity"
        if instance.ended_at is not None and not instance.reclaimed:
            yield "scaled in"
    elif instance.launched_at == instance.ready_at > 0:
        yield "replaced"
    yield from place_marks(instance)


def place_marks(instance: Instance) -> Iterator[str]:
    if any(each.starting_at == instance.ready_at > instance.launched_at for each in instance.attempts):
        yield "waited for a boot"
    if len({each.running_at - each.starting_at for each in instance.attempts}) > 1:
        yield "some pulled, some did not"
    for attempt in instance.attempts:
        if attempt.exit_code == 143:
            yield "exited at SIGTERM"
        if attempt.outcome == "reclaimed" and attempt.exit_code == 137:
            yield "killed after SIGTERM"


EXPECTED = {
    "job SUCCEEDED", "job FAILED", "job RUNNABLE", "job PENDING", "attempt succeeded", "attempt failed",
    "attempt timed_out", "attempt reclaimed", "attempt terminated", "cancelled while pending", "retried front",
    "retried original", "retried back", "failed by a dependency", "reclaimed", "drained", "replaced",
    "scaled out", "initial capacity", "scaled in",
    "waited for a boot", "some pulled, some did not", "exited at SIGTERM", "killed after SIGTERM",
}  # fmt: skip


def test_the_scenarios_reach_every_corner() -> None:
    reached = Counter(mark for seed in SEEDS for mark in set(marks(Simulator(read(scenario(seed))).run()[0])))
    assert set(reached) >= EXPECTED, EXPECTED - set(reached)
    assert reached["job SUCCEEDED"] > 0.8 * len(SEEDS)


# -- errors planted in batchsim


def always_pulls(cache, image, _, key, pull, now):
    return now + (pull.ec2_ms if pull else cache._drawn_ms(image, *key))


def youngest(_, rooms):
    return rooms[-1]


ERRORS = {
    "jobs stand by row": ("batchsim.engine.lifecycle.fifo_key", lambda *key: (0, 0, key[-1])),
    "retried jobs keep their place": ("batchsim.engine.lifecycle.retry_key", lambda *of: (of[0] == "front", of[1])),
    "queues are served as in the file": ("batchsim.engine.scheduler.serving_order", lambda all_: range(len(all_))),
    "every start pulls its image": ("batchsim.engine.images.ImageCache.ready_at", always_pulls),
    "a minute is not the least": ("batchsim.analysis.bills.MINIMUM_S", 1),
    "the free hour has a minute": ("batchsim.analysis.bills.FIRST_HOUR_MS", 60_000),
    "idle instances stay a minute longer": (
        "batchsim.engine.scale_in.ScaleIn._patience_ms",
        lambda scale_in, *_: scale_in._rules.scale_down_idle_ms + 60_000,
    ),
    "BEST_FIT may exceed maxvCpus": ("batchsim.engine.ec2.may_launch", lambda on, most, *_: on < most),
    "first fit takes the youngest": ("batchsim.engine.fleet.PACKINGS", dict.fromkeys(PACKINGS, youngest)),
}


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_planted_in_batchsim_shows(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*ERRORS[error])
    assert any(differences(scenario(seed)) for seed in SEEDS)
