"""Backfilling, which AWS Batch does not do, as a what-if: who may start before a head without delaying it.

https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""

from __future__ import annotations

import pytest
from scenario_builder import column, environment, fargate, fixed, job, reasons, scenario, starts, task

EASY, CAREFUL = {"backfill": "aggressive"}, {"backfill": "conservative"}
EIGHT = fixed(8, types=("box.8",))
HALF = job("half", "100s", vcpus=4)
LARGE = job("large", "50s", vcpus=8)
"""On one instance of 8 vCPUs it waits for ``half``, to 100 s."""


@pytest.mark.parametrize("way", ["aggressive", "conservative"])
def test_a_job_that_ends_before_the_head_can_start_passes_it(way, simulate):
    work = [HALF, LARGE, job("short", "100s"), job("long", "101s")]
    result = simulate(scenario(*work, environments=[EIGHT], world={"backfill": way}))
    assert starts(result) == {"half": 0, "short": 0, "large": 100, "long": 150}


def test_none_passes_where_nothing_is_backfilled(simulate):
    work = [HALF, LARGE, job("short", "100s"), job("long", "101s")]
    result = simulate(scenario(*work, environments=[EIGHT]))
    assert starts(result) == {"half": 0, "large": 100, "short": 150, "long": 150}


def test_a_long_job_passes_where_the_head_leaves_room_beside_it(simulate):
    work = [HALF, job("large", "50s", vcpus=6), job("long", "1h", count=3)]
    result = simulate(scenario(*work, environments=[EIGHT], world=EASY))
    assert starts(result) == {"half": 0, "long@0": 0, "long@1": 0, "large": 100, "long@2": 150}


def test_only_the_host_of_the_head_is_kept_for_it(simulate):
    work = [HALF, job("other", "300s", vcpus=4), LARGE, job("long", "1h", vcpus=2)]
    apart = {**EASY, "packing": "worst_fit"}
    result = simulate(scenario(*work, environments=[fixed(16, types=("box.8",))], world=apart))
    assert starts(result) == {"half": 0, "other": 0, "long": 0, "large": 100}


FOUR = [
    job("half", "100s", vcpus=4),
    job("head", "50s", vcpus=6),
    job("second", "50s", vcpus=8),
    job("third", "200s", vcpus=2),
]
"""``head`` waits to 100 s and leaves room for ``third``, which then is in the way of ``second``."""


def test_aggressive_backfilling_may_delay_the_second_in_line(simulate):
    result = simulate(scenario(*FOUR, environments=[EIGHT], world=EASY))
    assert starts(result) == {"half": 0, "third": 0, "head": 100, "second": 200}


def test_conservative_backfilling_does_not_delay_the_second_in_line(simulate):
    result = simulate(scenario(*FOUR, environments=[EIGHT], world=CAREFUL))
    assert starts(result) == {"half": 0, "head": 100, "second": 150, "third": 200}


# -- estimates


def test_an_estimate_is_the_timeout_and_not_the_law(simulate):
    work = [HALF, LARGE, job("modest", "10s", timeout_s=101), job("bold", "1h", timeout_s=100)]
    result = simulate(scenario(*work, environments=[EIGHT], world=EASY))
    assert starts(result) == {"half": 0, "bold": 0, "large": 100, "modest": 150}


def test_without_a_timeout_it_is_the_mean_of_the_law(simulate):
    short, long = {"uniform": {"min": "10s", "max": "189s"}}, {"uniform": {"min": "10s", "max": "193s"}}
    result = simulate(scenario(HALF, LARGE, job("short", short), job("long", long), environments=[EIGHT], world=EASY))
    assert list(starts(result))[:2] == ["half", "short"]
    assert starts(result)["long"] >= 100


@pytest.mark.parametrize("way", ["aggressive", "conservative"])
def test_a_job_without_an_estimate_is_not_backfilled(way, simulate):
    script = {"script": [{"run": "10s"}]}
    work = [HALF, LARGE, job("unknown", script), job("limited", script, timeout_s=60)]
    result = simulate(scenario(*work, environments=[EIGHT], world={"backfill": way}))
    assert starts(result) == {"half": 0, "limited": 0, "large": 100, "unknown": 150}


def test_nothing_passes_a_head_that_waits_for_nobody_knows_what(simulate):
    work = [job("half", {"script": [{"run": "100s"}]}, vcpus=4), LARGE, job("short", "1s")]
    assert starts(simulate(scenario(*work, environments=[EIGHT], world=EASY))) == {
        "half": 0,
        "large": 100,
        "short": 150,
    }


def test_a_host_that_is_promised_for_nobody_knows_how_long_is_promised_to_no_other(simulate):
    """``unknown`` has all of the first host from 100 s on, so ``second`` is promised the other one, from 200 s on."""
    busy = [HALF, job("other", "200s", vcpus=4)]
    work = [*busy, job("unknown", {"script": [{"run": "10s"}]}, vcpus=8), job("second", "50s", vcpus=8)]
    apart = {**CAREFUL, "packing": "worst_fit"}
    passing = [job("short", "200s", vcpus=2), job("long", "201s", vcpus=2)]
    result = simulate(scenario(*work, *passing, environments=[fixed(16, types=("box.8",))], world=apart))
    assert starts(result) == {"half": 0, "other": 0, "short": 0, "unknown": 100, "second": 110, "long": 110}


def test_delays_of_the_start_count_with_their_means(simulate):
    world = {**EASY, "warm_start": {"uniform": {"min": "10s", "max": "20s"}}}
    work = [HALF, LARGE, job("short", "99s"), job("long", "102s")]
    result = simulate(scenario(*work, environments=[EIGHT], world=world))
    assert list(starts(result)) == ["half", "short", "large", "long"]


def test_the_pull_of_an_image_that_is_not_on_the_host_counts_too(simulate):
    work = [HALF, LARGE, job("pulled", "95s"), job("new", "96s", kind="other")]
    other = {"jobDefinitionName": "other", "type": "container", "containerProperties": _container("new-image")}
    world = {**EASY, "new_image": "5s"}
    result = simulate(scenario(*work, environments=[EIGHT], definitions=[other], world=world))
    assert starts(result)["large"] == 105
    assert list(starts(result)) == ["half", "pulled", "new", "large"]


def _container(image):
    asks = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "1024"}]
    return {"image": image, "resourceRequirements": asks}


def test_a_faster_host_ends_a_job_in_time(simulate):
    work = [job("half", "200s", vcpus=4), LARGE, job("twice", "200s"), job("long", "201s")]
    result = simulate(scenario(*work, environments=[EIGHT], world={**EASY, "speed": {"box.8": 2}}))
    assert starts(result) == {"half": 0, "twice": 0, "large": 100, "long": 125}


def test_what_runs_longer_than_expected_is_expected_to_end_at_any_moment(simulate):
    overdue = job("half", {"empirical": {"values": ["1s", "199s"], "weights": [1, 1]}}, vcpus=4)
    work = [overdue, LARGE, job("brief", "1s", at="150s")]
    result = simulate(scenario(*work, environments=[EIGHT], world=EASY), seed=3)
    assert starts(result) == {"half": 0, "large": 199, "brief": 249}


# -- capacity


def test_a_head_that_waits_for_a_boot_keeps_its_place_and_others_use_what_is_there(simulate):
    hosts = environment(types=("box.2", "box.8"), minvCpus=2, maxvCpus=10)
    work = [job("large", vcpus=8), job("long", "1h", count=2)]
    result = simulate(scenario(*work, environments=[hosts], world={**EASY, "instance_boot": "60s"}))
    assert starts(result) == {"long@0": 0, "long@1": 0, "large": 60}


@pytest.mark.parametrize(
    ("until", "expected"),
    [("62s", {"long": 10, "large@0": 61, "large@1": 61}), ("60s", {"large@0": 60, "large@1": 61, "long": 61})],
)
def test_the_head_is_promised_what_is_ready_first_an_instance_that_boots_or_one_that_runs(until, expected, simulate):
    """Two launched at 1 s are ready at 61 s; ``long`` may take what is left where ``half`` runs longer than that."""
    hosts = environment(types=("box.8",), minvCpus=8, maxvCpus=24)
    work = [job("half", until, vcpus=4), job("large", vcpus=8, at="1s", count=2), job("long", "1h", vcpus=4, at="10s")]
    result = simulate(scenario(*work, environments=[hosts], world={**EASY, "instance_boot": "60s"}))
    assert starts(result) == {"half": 0, **expected}


def test_nothing_is_launched_for_those_behind_a_head_that_cannot_have_more(simulate):
    hosts = environment(types=("box.1", "box.4"), maxvCpus=5, allocationStrategy="BEST_FIT")
    work = [job("busy", "100s", vcpus=4), job("large", vcpus=4, at="1s"), job("small", at="2s")]
    result = simulate(scenario(*work, environments=[hosts], world=EASY))
    assert result.instances["launched_at_s"].tolist() == [0, 100]


def test_on_fargate_maxvcpus_are_the_host(simulate):
    work = [task("half", "100s", vcpus=2, memory=4096), task("large", vcpus=4, memory=8192), task("short", "100s")]
    result = simulate(scenario(*work, task("long", "101s"), environments=[fargate(maxvCpus=4)], world=EASY))
    assert starts(result) == {"half": 0, "short": 0, "large": 100, "long": 160}


def test_a_backfilled_job_waited_behind_the_head_with_the_heads_reason(simulate):
    work = [HALF, LARGE, job("short", "20s", at="1s", count=9)]
    result = simulate(scenario(*work, environments=[EIGHT], world=EASY))
    assert reasons(result)[0] == (0, "max_vcpus", "hosts")
    behind, wait = column(result, "wait_behind_s"), column(result, "wait_s")
    assert (wait["large"], behind["large"]) == (100, 0)
    assert all(behind[name] == wait[name] for name in wait if name.startswith("short") and wait[name] < 99)
