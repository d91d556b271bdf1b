"""Worked examples of AWS Batch's documented behaviour, by number; each a whole scenario, read from its tables."""

from __future__ import annotations

import pytest
from scenario_builder import (
    attempts_of,
    column,
    ends,
    environment,
    fair,
    fargate,
    fixed,
    job,
    jobs_of,
    launched,
    queue,
    scenario,
    starts,
    task,
)

SPOT_OR_EXIT = [{"action": "RETRY", "onStatusReason": "Host EC2*"}, {"action": "EXIT", "onReason": "*"}]


def spot(slots=1, name="spot", types=("box.1",)):
    return environment(name, types, type="SPOT", maxvCpus=slots, allocationStrategy="BEST_FIT_PROGRESSIVE")


def reclaim(at, ordinal=0):
    return {"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": ordinal}}


def states(result, job_id):
    return [str(attempt.outcome) for attempt in attempts_of(result, job_id)]


# 1. The reserved ratio is (computeReservation/100)^ActiveFairShares
# https://docs.aws.amazon.com/batch/latest/APIReference/API_FairsharePolicy.html


def test_vector_1_half_of_256_vcpus_to_the_power_of_active_shares_is_reserved(simulate):
    work = [job(name, "1h", at=f"{at}s", size=256, share=name) for name, at in (("a", 0), ("b", 100), ("c", 200))]
    pool = [fixed(256, types=("box.16",))]
    keys = {"environments": pool, "simulation": {"until": "300s"}, **fair(computeReservation=50)}
    begun = simulate(scenario(*work, **keys)).attempts["starting_at_s"]
    assert [256 - int((begun <= at).sum()) for at in (50, 150, 250)] == [128, 64, 32]


# 2. The share with the lowest usage is next: vCPU time times weight factor
# https://docs.aws.amazon.com/batch/latest/userguide/share-identifiers.html


@pytest.mark.parametrize(("used_by_b", "following"), [(7999, "b"), (8001, "a")])
def test_vector_2_the_least_vcpu_seconds_times_weight_is_next(used_by_b, following, simulate):
    past = [job("a0", "1000s", share="a"), job("b0", f"{used_by_b}s", share="b")]
    rivals = [job(name, at="9000s", share=name) for name in ("a" if following == "b" else "b", following)]
    same_window = {"decay_kernel": "rect"}
    keys = {"environments": [fixed(2)], "world": same_window, **fair({"a": 1, "b": 0.125}, shareDecaySeconds=10_000)}
    order = simulate(scenario(*past, *rivals, **keys)).attempts["job_id"].tolist()
    assert order[2:] == [following, *({"a", "b"} - {following})]


# 3. Retry rules: Spot losses are retried, everything else is not
# https://docs.aws.amazon.com/batch/latest/userguide/bestpractice6.html


def test_vector_3_two_spot_losses_are_retried_and_then_an_exit_ends_the_job(simulate):
    work = {"script": [{"run": "60s"}, {"run": "60s"}, {"run": "60s", "exit": 1}]}
    lost_twice = [reclaim("30s", 0), reclaim("50s", 1)]
    result = simulate(
        scenario(job("a", work, attempts=3, rules=SPOT_OR_EXIT), environments=[spot()], faults=lost_twice)
    )
    assert states(result, "a") == ["reclaimed", "reclaimed", "failed"]
    assert jobs_of(result)["a"].state == "FAILED"
    assert ends(result)["a"] == 50 + 60


def test_vector_3_an_exit_at_first_is_not_retried(simulate):
    work = {"script": [{"run": "60s", "exit": 1}, {"run": "60s"}]}
    result = simulate(scenario(job("a", work, attempts=3, rules=SPOT_OR_EXIT), environments=[spot()]))
    assert states(result, "a") == ["failed"]
    assert jobs_of(result)["a"].state == "FAILED"


# 4. "If none of the listed conditions match, then the job is retried."
# https://docs.aws.amazon.com/batch/latest/APIReference/API_RetryStrategy.html


def test_vector_4_a_failure_that_no_rule_matches_is_retried(simulate):
    work = {"script": [{"run": "60s", "exit": 2}, {"run": "60s", "exit": 2}, {"run": "60s"}]}
    result = simulate(scenario(job("a", work, attempts=3, rules=[{"action": "EXIT", "onExitCode": "1"}])))
    assert states(result, "a") == ["failed", "failed", "succeeded"]
    assert jobs_of(result)["a"].state == "SUCCEEDED"


# 5. and 6. Arrays: https://docs.aws.amazon.com/batch/latest/userguide/array_jobs.html


def test_vector_5_an_array_with_a_failed_child_fails_when_its_last_child_ends(simulate):
    result = simulate(scenario(job("a", size=3), environments=[spot(3)], faults=[reclaim("10s", 1)]))
    assert column(result, "state") == {"a:0": "SUCCEEDED", "a:1": "FAILED", "a:2": "SUCCEEDED"}
    parent = next(result.submissions.itertuples())
    assert (parent.state, parent.reason, parent.ended_at_s) == ("FAILED", "Array Child Job failed", 60)


def test_vector_6_a_failed_child_of_a_sequential_array_fails_all_after_it(simulate):
    chain = job("a", size=4, needs=[{"type": "SEQUENTIAL"}])
    result = simulate(scenario(chain, environments=[spot()], faults=[reclaim("90s")]))
    rows = jobs_of(result)
    assert [rows[f"a:{n}"].state for n in range(4)] == ["SUCCEEDED", "FAILED", "FAILED", "FAILED"]
    assert [rows[f"a:{n}"].reason for n in (2, 3)] == ["Dependent Job failed"] * 2
    assert all(rows[f"a:{n}"].runnable_at_s != rows[f"a:{n}"].runnable_at_s for n in (2, 3))
    assert set(starts(result)) == {"a:0", "a:1"}


# 7. Queues are evaluated in turn, a head that does not fit holds its own queue only
# https://docs.aws.amazon.com/batch/latest/APIReference/API_JobQueueDetail.html


def test_vector_7_a_lower_queue_starts_in_the_cycle_in_which_a_higher_head_does_not_fit(simulate):
    queues = [queue("high", priority=10), queue("low", priority=1)]
    half = job("half", "1h", vcpus=4, on="low")
    rivals = [job("large", at="10s", vcpus=8, on="high"), job("small", at="10s", vcpus=4, on="low")]
    result = simulate(
        scenario(
            half, *rivals, environments=[fixed(8, types=("box.8",))], queues=queues, world={"scheduler_cycle": "1s"}
        )
    )
    assert starts(result) == {"half": 0, "small": 10, "large": 3600}


# 8. "AWS Batch might need to exceed maxvCpus ... by no more than a single instance"
# https://docs.aws.amazon.com/batch/latest/APIReference/API_ComputeResource.html


@pytest.mark.parametrize(("strategy", "instances"), [("BEST_FIT_PROGRESSIVE", 3), ("BEST_FIT", 2)])
def test_vector_8_only_best_fit_on_demand_stays_within_maxvcpus(strategy, instances, simulate):
    small = environment(types=("box.4",), maxvCpus=10, allocationStrategy=strategy)
    result = simulate(scenario(job("a", size=20), environments=[small]))
    at_first = [start for start in starts(result).values() if start == 0]
    assert launched(result)[:instances] == ["box.4"] * instances
    assert len(at_first) == 4 * instances


# 9. https://docs.aws.amazon.com/batch/latest/userguide/memory-management.html


@pytest.mark.parametrize(
    ("memory", "kind"), [(8192, "m5.xlarge"), (7648, "m5.xlarge"), (7647, "m5.large"), (7600, "m5.large")]
)
def test_vector_9_jobs_can_ask_for_less_than_the_nominal_memory(memory, kind, simulate):
    general = environment(types=("m5.large", "m5.xlarge"), maxvCpus=4)
    result = simulate(scenario(job("a", memory=memory), environments=[general]))
    assert launched(result) == [kind]


# 10. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/billing-for-interrupted-spot-instances.html


@pytest.mark.parametrize(("minute", "cost_usd", "waived_usd"), [(59, 0, 0.118), (61, 0.122, 0)])
def test_vector_10_spot_capacity_that_ec2_takes_within_the_first_hour_is_free(minute, cost_usd, waived_usd, simulate):
    result = simulate(scenario(job("a", "2h"), environments=[spot()], faults=[reclaim(f"{minute}m")]))
    (host,) = result.instances.itertuples()
    assert (host.billed_s, host.compute_usd, host.waived_usd) == (minute * 60, cost_usd, waived_usd)


def test_vector_10_spot_capacity_that_batch_ends_is_billed(simulate):
    (host,) = simulate(scenario(job("a", "10m"), environments=[spot()])).instances.itertuples()
    assert (host.why_ended, host.billed_s, host.cost_usd) == ("scale_in", 600, 0.02)


def test_vector_10_on_demand_capacity_is_billed_for_a_minute_at_least(simulate):
    (host,) = simulate(scenario(job("a", "20s"), environments=[environment()])).instances.itertuples()
    assert (host.billed_s, host.cost_usd) == (60, 0.006)


# 11. https://aws.amazon.com/fargate/pricing/


def test_vector_11_a_fargate_task_is_billed_for_a_minute_at_least(simulate):
    (attempt,) = simulate(scenario(task("a", "30s"), environments=[fargate()])).attempts.itertuples()
    assert attempt.billed_s == 60
    assert attempt.cost_usd == pytest.approx((0.04048 + 2 * 0.004445) / 60, abs=1e-9)


# 12. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html


def test_vector_12_fargate_launches_a_burst_of_100_and_then_20_a_second(simulate):
    result = simulate(scenario(task("a", "1h", size=300), environments=[fargate()]))
    instants = sorted(starts(result).values())
    assert instants[:101] == [0] * 100 + [0.05]
    assert instants[100:] == [(n + 1) / 20 for n in range(200)]


def test_vector_12_the_rate_holds_on_the_grid_of_the_scheduler_too(simulate):
    result = simulate(scenario(task("a", "1h", size=300), environments=[fargate()], world={"scheduler_cycle": "1s"}))
    instants = sorted(starts(result).values())
    assert instants == [0] * 100 + [second for second in range(1, 11) for _ in range(20)]


# 14. https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html


def test_vector_14_a_timeout_counts_from_running_and_is_not_retried(simulate):
    result = simulate(scenario(job("a", "70s", attempts=10, timeout_s=60), world={"warm_start": "300s"}))
    (attempt,) = attempts_of(result, "a")
    assert (attempt.running_at_s, attempt.ended_at_s, attempt.outcome) == (300, 360, "timed_out")
    assert (jobs_of(result)["a"].state, attempt.status_reason) == ("FAILED", "Job attempt duration exceeded timeout")
