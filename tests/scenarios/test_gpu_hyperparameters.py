"""A sweep on GPUs, with CPU jobs beside it on the same instances or on some of their own, over ten seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scenarios.conftest import TenSeeds

from batchsim import Result

Sweeps = tuple[Result, ...]
APART = "prepare.computeEnvironmentOrder=[{order: 1, computeEnvironment: cpus}]"
GREEDY = (
    "trial:1.containerProperties.resourceRequirements="
    "[{type: GPU, value: '1'}, {type: VCPU, value: '13'}, {type: MEMORY, value: '45056'}]"
)


@pytest.fixture
def mixed(ten_seeds: TenSeeds) -> Sweeps:
    return ten_seeds("gpu_hyperparameters")


@pytest.fixture
def apart(ten_seeds: TenSeeds) -> Sweeps:
    return ten_seeds("gpu_hyperparameters", APART)


def done_h(sweep: Result) -> float:
    return float(sweep.jobs.ended_at_s[sweep.jobs.entry == "trials"].max() / 3600)


def bill_usd(sweep: Result) -> float:
    return float(sweep.summary()["cost"]["total_usd"])


def gpus_held(sweep: Result) -> float:
    """GPU-hours that trials held, of those that were on while some trial had not ended."""
    trials = sweep.attempts[sweep.attempts.gpus > 0]
    held_h = ((trials.ended_at_s - trials.starting_at_s) * trials.gpus).sum()
    hosts = sweep.instances[sweep.instances.gpus > 0]
    on_h = ((hosts.ended_at_s.clip(upper=trials.ended_at_s.max()) - hosts.billed_from_s) * hosts.gpus).sum()
    return float(held_h / on_h)


def trials_at_once(sweep: Result) -> int:
    """The most trials that hold a GPU at one time."""
    trials = sweep.attempts[sweep.attempts.gpus > 0]
    steps = [(at, 1) for at in trials.starting_at_s] + [(at, -1) for at in trials.ended_at_s]
    return int(np.cumsum([step for _, step in sorted(steps)]).max())


def test_the_sweep_is_done_an_hour_earlier_without_cpu_jobs_on_its_hosts(mixed: Sweeps, apart: Sweeps) -> None:
    for together, alone in zip(mixed, apart, strict=True):
        assert done_h(together) - done_h(alone) > 0.9
        assert gpus_held(together) < gpus_held(alone)


def test_both_together_are_a_tenth_cheaper_and_the_cpu_jobs_wait_less(mixed: Sweeps, apart: Sweeps) -> None:
    for together, alone in zip(mixed, apart, strict=True):
        assert bill_usd(alone) < 0.93 * bill_usd(together)
        assert alone.summary()["cost"]["by_environment"]["cpus"] < 15
        waits = [run.jobs.wait_s[run.jobs.entry == "features"].mean() for run in (together, alone)]
        assert waits[1] < waits[0]
    assert sum(map(bill_usd, apart)) < 0.9 * sum(map(bill_usd, mixed))


def test_cpu_jobs_run_on_gpu_instances_and_hold_no_gpu(mixed: Sweeps) -> None:
    for sweep in mixed:
        features = sweep.attempts[sweep.attempts.queue == "prepare"]
        assert set(features.type) == {"g5.12xlarge"}
        assert (features.gpus == 0).all()


def test_two_of_three_trials_are_stopped_early(mixed: Sweeps) -> None:
    for sweep in mixed:
        work_s = sweep.jobs.work_s[sweep.jobs.entry == "trials"]
        assert 0.5 < (work_s < 30 * 60).mean() < 0.8
        assert work_s.mean() > 1.5 * work_s.median()


def test_four_trials_share_an_instance_and_with_a_vcpu_more_only_three(ten_seeds: TenSeeds, apart: Sweeps) -> None:
    greedy = ten_seeds("gpu_hyperparameters", APART, GREEDY)
    for packed, loose in zip(apart, greedy, strict=True):
        assert (trials_at_once(packed), trials_at_once(loose)) == (16, 12)
        assert done_h(loose) > 1.15 * done_h(packed)
        assert gpus_held(loose) < 0.78
