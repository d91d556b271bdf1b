"""Extra costs through the public API: on the bill when given, on the list of what is missing when not."""

from __future__ import annotations

from scenario_builder import environment, fails, fargate, fixed, job, queue, scenario, task

NAT = {"nat": {"per_h": "$0.036/h", "per_gb": "$0.045"}}


def test_each_attempt_and_each_job_pays_its_rate(simulate):
    rates = {"logs": {"per_attempt": "$0.001"}, "requests": {"per_job": "$0.1"}}
    work = [job("a", fails(1, 1), attempts=3), job("b")]
    result = simulate(scenario(*work, environments=[fixed(2)], world={"extra_costs": rates}))
    assert result.attempts.groupby("job_id", sort=False)["extra_usd"].sum().round(9).to_dict() == {
        "a": 0.103,
        "b": 0.101,
    }
    causes = result.summary()["cost"]["by_cause"]
    assert (causes["logs"], causes["requests"]) == (0.004, 0.2)


def test_the_hours_of_the_run_are_no_jobs(simulate):
    result = simulate(scenario(job("a", "30m"), world={"extra_costs": NAT}))
    cost = result.summary()["cost"]
    assert cost["by_cause"]["nat"] == cost["by_queue"]["shared: the run"] == cost["unallocated_usd"] == 0.018
    assert result.costs[result.costs["cause"] == "nat"]["environment"].isna().all()


def test_a_data_set_pays_by_the_gigabyte_whoever_reads_it(simulate):
    read = {"dataset": "raw"}
    data = {"datasets": [{"name": "raw", "size": "3TB", "partitions": 7, "throughput": "1GB/s"}]}
    result = simulate(scenario(job("a", read, size=7), environments=[fixed(4)], world={"extra_costs": NAT}, **data))
    hours = result.horizon_s / 3600 * 0.036
    assert abs(result.summary()["cost"]["by_cause"]["nat"] - 3000 * 0.045 - hours) < 1e-8


def test_tasks_and_jobs_on_instances_pay_alike(simulate):
    places = [environment(maxvCpus=1), fargate()]
    queues = [queue("queue", "hosts"), queue("tasks", "tasks")]
    rates = {"extra_costs": {"other": {"per_attempt": "$0.25"}}}
    result = simulate(scenario(job("a"), task("b", on="tasks"), environments=places, queues=queues, world=rates))
    assert result.attempts["extra_usd"].tolist() == [0.25, 0.25]
    split = result.summary()["cost"]
    assert split["by_purchase"]["extra costs"] == split["by_type"]["extra costs"] == split["extra_usd"] == 0.5
    assert min(split["by_environment"].values()) > 0.25


def test_what_is_not_given_is_listed_as_not_counted(simulate):
    nothing, nat = simulate(scenario(job("a"))), simulate(scenario(job("a"), world={"extra_costs": NAT}))
    assert "NAT gateways (world.extra_costs.nat)" in nothing.summary()["not_counted"]
    assert set(nothing.summary()["not_counted"]) - set(nat.summary()["not_counted"]) == {
        "NAT gateways (world.extra_costs.nat)"
    }
    assert "CloudWatch Logs (world.extra_costs.logs)" in " ".join(nat.report().split())
    assert "changed: world.extra_costs: nat: per_h $0.036/h, per_gb $0.045" in " ".join(nat.report().split())
    assert nothing.summary()["cost"]["extra_usd"] == 0
