"""Where the money went: each cause by hand, and sums that turn red for a millisecond or a nano-dollar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from batchsim.analysis.attribution import by_cause
from batchsim.analysis.causes import Cause
from batchsim.analysis.cost import Cost, cost, sum_check
from batchsim.analysis.prices import Prices, Rules, ScaleIn
from batchsim.records.tables import NEVER, Records
from batchsim.records.vocabulary import JobState, Outcome, WhyEnded
from tests.analysis.builders import attempt, call, instance, job, progress, run

FREE_DISK = Prices(root_gb=0)
SECOND = 100_000
"""Nano-dollars of one second of the builders' instance."""

HALF = call(vcpus_milli=1000, memory_mib=4096)


def split(records: Records, rules: Rules | None = None) -> dict[str, int]:
    """Seconds of a whole instance for each cause."""
    result = cost(records, FREE_DISK, rules)
    assert sum_check(result) == []
    return {line.name: line.nano_usd // SECOND for line in by_cause(result)}


def test_a_life_from_boot_to_idle_tail() -> None:
    records = run(calls=[HALF], attempts=[attempt(150, 300, pull=20, boot=10)], instances=[instance(0, 100, 600)])
    assert split(records) == {
        "boot": 100, "image_pull": 10, "container_start": 5, "useful_work": 60, "idle_gap": 50, "idle_tail": 300,
        "unused_share": 75,
    }  # fmt: skip


def test_a_full_instance_has_no_unused_share() -> None:
    records = run(calls=[HALF, HALF], attempts=[attempt(0, 100), attempt(0, 100)], instances=[instance(off=100)])
    assert split(records) == {"useful_work": 100}


def test_usable_not_nominal_memory_fills_an_instance() -> None:
    full = call(vcpus_milli=2000, memory_mib=7647)
    records = run(calls=[full], attempts=[attempt(0, 100)], instances=[instance(off=100, memory_mib=7647)])
    assert split(records) == {"useful_work": 100}


def test_on_a_gpu_instance_each_resource_is_a_third() -> None:
    shape = call(vcpus_milli=2000, memory_mib=4096, gpus=0)
    records = run(calls=[shape], attempts=[attempt(0, 300)], instances=[instance(off=300, gpus=4)])
    assert split(records) == {"useful_work": 150, "unused_share": 150}


SAVED = progress(0, checkpoint_ms=20_000, kept_ms=60_000, unkept_ms=20_000)


def test_what_a_checkpoint_saved_for_a_job_that_finished_is_useful() -> None:
    attempts = [attempt(0, 100, outcome=Outcome.RECLAIMED), attempt(100, 200, attempt=2)]
    rest = progress(1, restore_ms=10_000, checkpoint_ms=10_000, kept_ms=30_000, unkept_ms=50_000)
    records = run(
        calls=[HALF], jobs=[job(ended_at_ms=200_000, attempts=2)], attempts=attempts, progress=[SAVED, rest],
        instances=[instance(off=200)],
    )  # fmt: skip
    assert split(records) == {
        "checkpoint_and_restore": 20, "useful_work": 30 + 15 + 25, "lost_to_spot": 10, "unused_share": 100
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "ended_ms", "causes"),
    [
        (JobState.RUNNABLE, NEVER, {"lost_to_spot": 10, "still_running": 30}),
        (JobState.FAILED, 100_000, {"lost_to_spot": 40}),
    ],
)
def test_work_saved_for_a_job_may_still_be_of_use_until_the_job_has_failed(
    state: JobState, ended_ms: int, causes: dict[str, int]
) -> None:
    jobs, lost = [job(state=state, ended_at_ms=ended_ms)], [attempt(0, 100, outcome=Outcome.RECLAIMED)]
    records = run(calls=[HALF], jobs=jobs, attempts=lost, progress=[SAVED], instances=[instance(off=100)])
    assert split(records) == {"checkpoint_and_restore": 10, **causes, "unused_share": 50}


def test_a_success_at_sigterm_is_lost_to_spot() -> None:
    cut = SAVED | {"sigterm_at_ms": 100_000}
    records = run(calls=[HALF], attempts=[attempt(0, 100)], progress=[cut], instances=[instance(off=100)])
    assert split(records) == {"checkpoint_and_restore": 10, "lost_to_spot": 40, "unused_share": 50}


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (Outcome.SUCCEEDED, "useful_work"),
        (Outcome.FAILED, "failed_attempts"),
        (Outcome.TIMED_OUT, "timed_out_or_cancelled"),
        (Outcome.TERMINATED, "timed_out_or_cancelled"),
        (Outcome.RECLAIMED, "lost_to_spot"),
    ],
)
def test_running_time_counts_by_outcome(outcome: Outcome, cause: str) -> None:
    records = run(calls=[HALF], attempts=[attempt(0, 200, outcome=outcome)], instances=[instance(off=200)])
    assert split(records) == {cause: 100, "unused_share": 100}


def test_an_open_attempt_is_still_running() -> None:
    records = run(calls=[HALF], attempts=[attempt(0)], instances=[instance()], horizon=200)
    assert split(records) == {"still_running": 100, "unused_share": 100}


def test_a_pull_cut_short_by_a_reclaim_has_no_running_time() -> None:
    row = attempt(0, 50, outcome=Outcome.RECLAIMED) | {"pulled_at_ms": 50_000, "running_at_ms": -1}
    records = run(calls=[HALF], attempts=[row], instances=[instance(off=100)])
    assert split(records) == {"image_pull": 25, "idle_tail": 50, "unused_share": 25}


def test_an_instance_lost_while_booting_is_all_boot_and_minimum() -> None:
    assert split(run(instances=[instance(0, -0.001, 45)])) == {"boot": 45, "minimum_charge": 15}


def test_padding_to_whole_seconds_is_minimum_charge() -> None:
    assert split(run(instances=[instance(off=99.5)])) == {"idle_tail": 99, "minimum_charge": 0}


def test_idle_beyond_scale_in_is_kept_by_minvcpus() -> None:
    rules = Rules((ScaleIn(min_vcpus=2, idle_ms=300_000, check_ms=60_000),))
    records = run(calls=[HALF], attempts=[attempt(0, 30)], instances=[instance()], horizon=1000)
    assert split(records, rules) == {"useful_work": 15, "idle_tail": 330, "kept_by_minvcpus": 640, "unused_share": 15}


def test_without_minvcpus_nothing_is_kept() -> None:
    assert split(run(instances=[instance()], horizon=1000), Rules((ScaleIn(),))) == {"idle_tail": 1000}


def test_a_longer_delay_holds_only_for_instances_that_ran_a_job() -> None:
    rules = Rules((ScaleIn(min_vcpus=2, idle_ms=60_000, check_ms=0, min_delay_ms=600_000),))
    hosts = [instance(), instance(ordinal=1)]
    records = run(calls=[HALF], attempts=[attempt(0, 0)], instances=hosts[1:], horizon=1000)
    assert split(records, rules)["kept_by_minvcpus"] == 940
    ran = run(calls=[HALF], attempts=[attempt(0, 100)], instances=hosts[:1], horizon=1000)
    assert split(ran, rules)["kept_by_minvcpus"] == 300


def test_jobs_back_to_back_leave_no_gap() -> None:
    records = run(calls=[HALF, HALF], attempts=[attempt(0, 50), attempt(50, 100)], instances=[instance(off=100)])
    assert split(records) == {"useful_work": 50, "unused_share": 50}


def test_what_the_first_hour_gave_away_is_split_likewise() -> None:
    paid, free = instance(off=600), instance(off=600, spot=True, why_ended=WhyEnded.SPOT_RECLAIM)
    both = [
        cost(run(calls=[HALF], attempts=[attempt(60, 500)], instances=[row]), FREE_DISK).rows for row in (paid, free)
    ]
    assert both[0].nano_usd.tolist() == both[1].waived_nano_usd.tolist()
    assert not both[1].nano_usd.any()


def shared_host() -> Cost:
    third = call(vcpus_milli=1000, memory_mib=1001)
    rows = [attempt(10.007, 333.333, pull=1.001), attempt(20, 77.777), attempt(400.4, 500)]
    hosts = [instance(0, 5.001, 777.7, memory_mib=7647, price_nano_usd_per_h=333_333_333)]
    return cost(run(calls=[third] * 3, attempts=rows, instances=hosts), Prices())


def plant(result: Cost, column: str, cause: Cause, amount: int) -> Cost:
    values = getattr(result.rows, column).copy()
    values[np.flatnonzero(result.rows.cause == cause)[0]] += amount
    return replace(result, rows=result.rows._replace(**{column: values}))


EVERY = [
    Cause.BOOT, Cause.IMAGE_PULL, Cause.USEFUL_WORK, Cause.IDLE_GAP, Cause.IDLE_TAIL, Cause.UNUSED_SHARE,
    Cause.MINIMUM_CHARGE, Cause.EBS,
]  # fmt: skip


def test_an_odd_bill_is_split_exactly() -> None:
    result = shared_host()
    assert sum_check(result) == []
    assert sorted({*EVERY}) == np.unique(result.rows.cause).tolist()


@pytest.mark.parametrize("cause", EVERY)
def test_a_planted_nano_dollar_turns_the_sum_red(cause: Cause) -> None:
    assert len(sum_check(plant(shared_host(), "nano_usd", cause, 1))) == 1


@pytest.mark.parametrize("cause", EVERY)
def test_a_planted_millisecond_turns_the_sum_red(cause: Cause) -> None:
    assert "off by 1" in sum_check(plant(shared_host(), "weight", cause, 1))[0]


def test_a_planted_waived_nano_dollar_turns_the_sum_red() -> None:
    assert "waived" in sum_check(plant(shared_host(), "waived_nano_usd", Cause.BOOT, 1))[0]


def test_a_phase_that_runs_backwards_turns_the_sum_red() -> None:
    row = attempt(0, 100) | {"pulled_at_ms": 20_000, "running_at_ms": 10_000}
    assert "negative" in sum_check(cost(run(attempts=[row], instances=[instance(off=100)]), Prices()))[0]


def test_an_attempt_outside_its_instances_life_turns_the_sum_red() -> None:
    late = run(attempts=[attempt(0, 100.001)], instances=[instance(off=100)])
    early = run(attempts=[attempt(9.999, 50)], instances=[instance(0, 10, 100)])
    assert sum_check(cost(late, Prices()))
    assert sum_check(cost(early, Prices()))


def test_the_largest_instances_are_split_exactly_in_pythons_integers() -> None:
    month = 30 * 86_400
    shape = call(vcpus_milli=7000, memory_mib=1_000_003)
    host = instance(off=month, vcpus=1920, memory_mib=32_768_001, price_nano_usd_per_h=10**12)
    jobs = [job(submission=0, array_index=n, ended_at_ms=(month - n) * 1000) for n in range(3)]
    rows = [attempt(n, month - n, job=n) for n in range(3)]
    result = cost(run(calls=[shape], jobs=jobs, attempts=rows, instances=[host], horizon=month), Prices())
    assert result.rows.weight.dtype == object
    assert sum_check(result) == []
    assert result.instances.compute.tolist() == [720 * 10**12]
