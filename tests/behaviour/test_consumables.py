"""Consumable resources: taken at STARTING, given back at the end, and a head that waits for one holds its queue.

https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling.html
https://docs.aws.amazon.com/batch/latest/userguide/resource-aware-scheduling-how-to-for-jobs.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_CreateConsumableResource.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    column,
    definition,
    ends,
    environment,
    fails,
    fair,
    fargate,
    fixed,
    job,
    jobs_of,
    launched,
    queue,
    reasons,
    scenario,
    starts,
)  # fmt: skip

import batchsim

WAITS = "consumable_resource"


def resource(total, name="licence", **more):
    return {"consumableResourceName": name, "totalQuantity": total, **more}


def needs(*items):
    """The properties of a job that needs so much of each: ``needs(("licence", 2))``, by default one licence."""
    listed = [{"consumableResource": name, "quantity": quantity} for name, quantity in items or (("licence", 1),)]
    return {"consumableResourceProperties": {"consumableResourceList": listed}}


def rationed(*work, total=1, kind="job", resources=None, **keys):
    """Plenty of room; what is called ``licensed`` needs one of ``total`` licences."""
    platform = {"platformCapabilities": ["FARGATE"]} if kind == "task" else {}
    made = definition("licensed", 1, 2048 if kind == "task" else 1024, **platform, **keys.pop("asks", needs()))
    keys = {"environments": [fixed(8)], "definitions": [made], **keys}
    return scenario(*work, consumableResources=resources or [resource(total)], **keys)


def licensed(entry, run="60s", **keys):
    return job(entry, run, **{"kind": "licensed", **keys})


def in_use(result, name="licence"):
    return [(row.at_s, row.in_use, row.total) for row in result.consumables.itertuples() if row.resource == name]


# -- at the head of the queue


def test_a_head_that_finds_none_left_waits_though_there_is_room(simulate):
    result = simulate(rationed(licensed("a"), licensed("b")))
    assert starts(result) == {"a": 0, "b": 60}
    assert column(result, "wait_consumable_resource_s") == {"a": 0, "b": 60}


def test_and_blocks_those_behind_it_that_need_none(simulate):
    result = simulate(rationed(licensed("a"), licensed("b"), job("c")))
    assert starts(result) == {"a": 0, "b": 60, "c": 60}
    assert (jobs_of(result)["c"].wait_consumable_resource_s, jobs_of(result)["c"].wait_behind_s) == (60, 60)


def test_but_not_another_queue(simulate):
    queues = [queue("queue", priority=9), queue("other")]
    result = simulate(rationed(licensed("a"), licensed("b"), job("c", on="other"), queues=queues))
    assert starts(result) == {"a": 0, "c": 0, "b": 60}


def test_the_timeline_says_what_it_waits_for(simulate):
    result = simulate(rationed(licensed("a"), licensed("b")))
    assert reasons(result) == [(0, WAITS, "hosts"), (60, "empty", "nan")]


def test_resources_are_shared_by_all_queues(simulate):
    queues = [queue("queue", priority=1), queue("other", "side", priority=1)]
    places = [fixed(4), fixed(4, "side")]
    result = simulate(rationed(licensed("a"), licensed("b", on="other"), queues=queues, environments=places))
    assert starts(result) == {"a": 0, "b": 60}


def test_of_two_queues_that_wait_the_higher_one_is_served_first(simulate):
    queues = [queue("queue", priority=9), queue("low", "side", priority=1), queue("high", "side", priority=5)]
    work = [licensed("a"), licensed("b", on="low"), licensed("c", on="high")]
    result = simulate(rationed(*work, queues=queues, environments=[fixed(4), fixed(4, "side")]))
    assert starts(result) == {"a": 0, "c": 60, "b": 120}


# -- how much


def test_as_many_children_of_an_array_start_as_there_are_resources_for(simulate):
    result = simulate(rationed(licensed("a", "10s", size=5), total=7, asks=needs(("licence", 3))))
    assert list(starts(result).values()) == [0, 0, 10, 10, 20]


def test_a_job_takes_all_that_it_needs_or_nothing(simulate):
    both = needs(("licence", 1), ("lane", 2))
    resources = [resource(5), resource(3, "lane")]
    result = simulate(rationed(licensed("a", "10s", count=2), asks=both, resources=resources))
    assert list(starts(result).values()) == [0, 10]
    assert in_use(result) == [(0, 1, 5), (10, 1, 5), (20, 0, 5)]
    assert in_use(result, "lane") == [(0, 2, 3), (10, 2, 3), (20, 0, 3)]


def test_a_request_may_ask_for_other_resources_than_its_definition(simulate):
    other = licensed("b")
    other["submit"]["consumableResourcePropertiesOverride"] = needs(("lane", 1))["consumableResourceProperties"]
    result = simulate(rationed(licensed("a"), other, resources=[resource(1), resource(1, "lane")]))
    assert starts(result) == {"a": 0, "b": 0}
    assert column(result, "consumables", "submissions") == {"a": "licence:1", "b": "lane:1"}


def test_an_arn_names_a_resource_too(simulate):
    arn = "arn:aws:batch:us-east-1:ACCOUNT_ID:consumable-resource/licence"
    assert starts(simulate(rationed(licensed("a"), licensed("b"), asks=needs((arn, 1))))) == {"a": 0, "b": 60}


# -- from STARTING to the end


def test_it_is_held_while_the_container_starts(simulate):
    result = simulate(rationed(licensed("a", "10s"), licensed("b", "10s"), world={"warm_start": "30s"}))
    assert starts(result) == {"a": 0, "b": 40}


def test_what_is_not_replenishable_never_comes_back(simulate):
    spent = [resource(2, resourceType="NON_REPLENISHABLE")]
    result = simulate(rationed(licensed("a", "10s", count=3), resources=spent))
    assert column(result, "state") == {"a@0": "SUCCEEDED", "a@1": "SUCCEEDED", "a@2": "RUNNABLE"}
    assert in_use(result) == [(0, 2, 2)]
    assert result.summary()["ended_by"] == "stuck"


def test_a_retry_gives_it_back_while_it_waits_and_takes_it_again(simulate):
    slow = {"retry_delay": "30s"}
    result = simulate(rationed(licensed("a", fails(1), attempts=2), licensed("b", "5s"), world=slow))
    assert [row.starting_at_s for row in result.attempts.itertuples()] == [0, 10, 40]
    assert starts(result) == {"a": 0, "b": 10}


def test_or_the_job_keeps_it_to_its_end(simulate):
    kept = {"retry_delay": "30s", "consumable_hold": "job"}
    result = simulate(rationed(licensed("a", fails(1), attempts=2), licensed("b", "5s"), world=kept))
    assert starts(result) == {"a": 0, "b": 50}
    assert in_use(result) == [(0, 1, 1), (50, 1, 1), (55, 0, 1)]


def test_a_job_that_keeps_it_is_not_short_of_it_when_it_waits_for_room(simulate):
    work = [licensed("a", fails(1), attempts=2), licensed("b", "20s")]
    kept = {"consumable_hold": "job", "retry_position": "original", "retry_delay": "5s"}
    work.append(job("c", "60s", at="10s", on="other"))
    queues = [queue("other", priority=9), queue("queue")]
    result = simulate(rationed(*work, environments=[fixed(1)], queues=queues, world=kept))
    assert jobs_of(result)["a"].wait_consumable_resource_s == 0
    assert starts(result) == {"a": 0, "c": 10, "b": 80}


def test_a_job_that_keeps_it_asks_for_an_instance_though_none_is_left(simulate):
    kept = {"retry_delay": "30s", "consumable_hold": "job"}
    work = [licensed("a", fails(1), attempts=2), licensed("b", "5s")]
    result = simulate(rationed(*work, environments=[environment(maxvCpus=1)], world=kept))
    assert [row.starting_at_s for row in result.attempts.itertuples()] == [0, 40, 50]
    assert result.instances["launched_at_s"].tolist() == [0, 40]


def test_of_what_is_used_up_a_retry_takes_another(simulate):
    spent = [resource(2, resourceType="NON_REPLENISHABLE")]
    assert in_use(simulate(rationed(licensed("a", fails(1), attempts=2), resources=spent))) == [(0, 1, 2), (10, 2, 2)]


@pytest.mark.parametrize("how", ["terminate", "timeout", "reclaim"])
def test_whatever_ends_an_attempt_gives_it_back(how, simulate):
    limit = {"timeout_s": 60} if how == "timeout" else {}
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    lost = [{"kind": "spot_reclaim", "at": "60s", "select": {"environment": "spot", "ordinal": 0}}]
    keys = {"actions": [{"at": "60s", "terminate": "a"}]} if how == "terminate" else {}
    keys |= {"environments": [spot], "faults": lost} if how == "reclaim" else {}
    assert starts(simulate(rationed(licensed("a", "1h", **limit), licensed("b"), **keys)))["b"] == 60


def test_a_cancelled_head_makes_way(simulate):
    cancelled = [{"at": "20s", "cancel": "b"}]
    result = simulate(rationed(licensed("a"), licensed("b"), job("c"), actions=cancelled))
    assert (ends(result)["b"], starts(result)["c"]) == (20, 20)


# -- where jobs run


def test_a_waiting_head_asks_for_no_instances(simulate):
    result = simulate(rationed(licensed("a"), licensed("b"), environments=[environment(maxvCpus=8)]))
    assert launched(result) == ["box.1"]
    assert starts(result) == {"a": 0, "b": 60}


def test_instances_are_launched_for_as_many_as_may_start(simulate):
    grown = [environment(maxvCpus=8)]
    assert len(launched(simulate(rationed(licensed("a", size=6), total=4, environments=grown)))) == 4


@pytest.mark.parametrize(
    ("held", "expected"),
    [("strict", {"a": 1, "b": 61, "c": 62}), ("per_share", {"a": 1, "c": 1, "b": 61})],
)
def test_behind_a_head_that_is_short_a_fair_share_queue_asks_for_whom_its_policy_lets_pass(held, expected, simulate):
    """In a strict queue ``c`` has its turn after ``b``, and an instance of its own a decision later."""
    work = [licensed("a", share="a"), licensed("b", share="b"), job("c", share="c")]
    keys = {"environments": [environment(maxvCpus=8)], "world": {"fss_hol": held, "scale_up_delay": "1s"}}
    assert starts(simulate(rationed(*work, **keys, **fair()))) == expected


def test_fargate_tasks_wait_for_them_too(simulate):
    result = simulate(rationed(licensed("a"), licensed("b"), kind="task", environments=[fargate()]))
    assert starts(result) == {"a": 0, "b": 60}


def test_a_client_without_a_queue_is_told_that_there_are_none(simulate):
    world = {"platform": "no_queue", "run_task_attempts": 2, "run_task_backoff_base": "8s", "run_task_jitter": "none"}
    row = jobs_of(simulate(rationed(licensed("a"), licensed("b"), world=world)))["b"]
    assert (row.ended_at_s, row.reason) == (8, "RunTask failed: consumable resource licence is used up")


@pytest.mark.parametrize("short", [True, False])
def test_where_heads_are_skipped_a_job_that_is_short_keeps_no_growth_from_those_behind(short, simulate):
    """``first`` may still grow for one job: that is the next one's, if the head asks for no instances."""
    places = [environment("first", maxvCpus=1), fixed(2, "second")]
    world = {"head_of_line": "skip", "scale_up_delay": "30s"}
    work = [licensed("head"), job("b", "10s"), job("c", "10s")]
    result = simulate(
        rationed(*work, total=0 if short else 1, environments=places, world=world, allow_unplaceable=True)
    )
    waits = {"b": 30, "c": 0} if short else {"head": 30, "b": 0, "c": 0}
    assert starts(result) == waits


def test_a_head_that_no_environment_takes_keeps_no_licence_from_what_lower_queues_ask_capacity_for(simulate):
    queues = [queue("high", "full", priority=9), queue("low", "full", "grows", priority=1)]
    places = [fixed(1, "full"), environment("grows")]
    work = [job("fills", "100s", on="high"), licensed("head", on="high"), licensed("a", "10s", on="low")]
    assert starts(simulate(rationed(*work, queues=queues, environments=places)))["a"] == 0


def test_a_licence_that_a_higher_queue_will_take_elsewhere_asks_for_no_capacity_here(simulate):
    """``a`` waits for a boot of 30 s and then takes the only licence; ``b`` could not start before it ends."""
    queues = [queue("high", "slow", priority=9), queue("low", "other", priority=1)]
    places = [environment("slow"), environment("other")]
    work = [licensed("a", "60s", on="high"), licensed("b", "10s", on="low")]
    world = {"instance_boot": "30s", "scale_up_delay": "10s"}
    result = simulate(rationed(*work, queues=queues, environments=places, world=world))
    assert result.instances["launched_at_s"].tolist() == [10, 110]


# -- what is refused


@pytest.mark.parametrize(
    ("asks", "code", "said"),
    [
        (needs(("license", 1)), "E122", "Did you mean licence?"),
        (needs(("licence", 1), ("licence", 2)), "E123", "named twice"),
        (needs(*((f"r{n}", 1) for n in range(6))), "E140", "at most 5"),
        (needs(("licence", 4)), "E132", "more of licence than there will ever be"),
    ],
)
def test_what_cannot_be_is_said_before_the_run(asks, code, said):
    with pytest.raises(batchsim.ScenarioError) as error:
        batchsim.run(rationed(licensed("a"), asks=asks, total=3))
    assert code in {problem.code for problem in error.value.problems}
    assert said in str(error.value)


def test_a_job_takes_five_resources_at_most():
    names = [f"r{number}" for number in range(6)]
    resources = [resource(9, name) for name in names]
    rationed(licensed("a"), asks=needs(*((name, 1) for name in names[:5])), resources=resources)
    with pytest.raises(batchsim.ScenarioError, match="at most 5"):
        rationed(licensed("a"), asks=needs(*((name, 1) for name in names)), resources=resources)


def test_a_job_that_wants_more_than_there_will_ever_be_waits_where_that_is_allowed(simulate):
    result = simulate(rationed(licensed("a"), asks=needs(("licence", 4)), total=3, allow_unplaceable=True))
    assert (jobs_of(result)["a"].state, reasons(result)) == ("RUNNABLE", [(0, WAITS, "hosts")])


@pytest.mark.parametrize("rule", ["strict", "skip"])
def test_a_run_on_a_listed_fleet_ends_where_what_is_short_will_never_come_back(rule, simulate):
    fleet = {"fleets": {"hosts": [{"type": "box.1", "count": 2}]}, "head_of_line": rule}
    spent = {"total": 1, "resources": [resource(1, resourceType="NON_REPLENISHABLE")]}
    result = simulate(rationed(licensed("a", "10s", count=2), world=fleet, environments=[environment()], **spent))
    assert column(result, "state") == {"a@0": "SUCCEEDED", "a@1": "RUNNABLE"}
    assert (result.summary()["ended_by"], result.instances["billed_s"].tolist()) == ("stuck", [60, 60])


def test_nor_is_it_held_up_for_a_pool_that_comes_back_to_jobs_that_are_short(simulate):
    dry = [{"kind": "capacity", "at": "0s", "for": "1h", "select": {"type": "box.2"}}]
    work = [job("wide", vcpus=2), licensed("a", "10s", on="other")]
    cancelled = [{"at": "10s", "cancel": "wide"}]
    places = [environment(types=("box.2",), allocationStrategy="BEST_FIT_PROGRESSIVE")]
    queues = [queue("queue"), queue("other")]
    keys = {"environments": places, "queues": queues, "actions": cancelled, "faults": dry, "allow_unplaceable": True}
    result = simulate(rationed(*work, total=0, **keys))
    assert (result.summary()["ended_by"], result.summary()["horizon_s"]) == ("stuck", 10)


def test_a_snapshot_shows_what_is_left(drive):
    simulation = drive(rationed(licensed("a"), total=3))
    simulation.advance(until="10s")
    seen = simulation.snapshot().consumables["licence"]
    assert (seen.total, seen.in_use, seen.available) == (3, 1, 2)


def test_the_report_says_how_much_of_them_was_in_use(simulate):
    result = simulate(rationed(licensed("a", "30s"), licensed("b", "30s", at="90s"), total=4))
    (told,) = result.summary()["consumables"]
    assert told == {
        "resource": "licence", "total": 4, "peak_in_use": 1, "mean_in_use": 0.5, "used_share": 0.125
    }  # fmt: skip
    assert "Consumable resources" in result.report(width=100)
    assert "Consumable resources" not in simulate(scenario(job("a"))).report(width=100)


def test_the_result_folder_holds_their_use_over_time(simulate, tmp_path):
    simulate(rationed(licensed("a"))).write(tmp_path / "out")
    assert (tmp_path / "out" / "consumables.csv").read_text().splitlines() == [
        "resource,at_s,in_use,total", "licence,0.000,1,1", "licence,60.000,0,1"
    ]  # fmt: skip
    assert not batchsim.check(tmp_path / "out")


def test_a_run_without_them_has_no_such_file(simulate, tmp_path):
    simulate(scenario(job("a"))).write(tmp_path / "out")
    assert not (tmp_path / "out" / "consumables.csv").exists()


def test_ties_of_arn_and_name_are_one_resource():
    arn = "arn:aws:batch:us-east-1:ACCOUNT_ID:consumable-resource/licence"
    with pytest.raises(batchsim.ScenarioError, match="E123"):
        rationed(licensed("a"), asks=needs(("licence", 1), (arn, 1)))


def test_a_head_that_nothing_holds_may_be_short_of_a_licence_too_and_is_not_told_of_meanwhile(simulate):
    """As plain jobs end, others that passed the head hold both licences: a pass sees that it waits for these too."""
    others = [licensed(f"b{length}", f"{length}s", at="30s") for length in (300, 700, 500, 400, 900)]
    plain = [job("c", "200s", on="side"), job("d", "600s", on="side")]
    work = [licensed("giant", vcpus=99), *others, *plain]
    keys = {"world": {"head_of_line": "skip", "block_detect": "0s"}, "queues": [queue(), queue("side")]}
    result = simulate(rationed(*work, total=2, allow_unplaceable=True, **keys))
    assert {reason for _, reason, _ in reasons(result)} == {"nothing_fits", "consumable_resource"}
    assert next((row.at_s, row.until_s) for row in result.blocked.itertuples()) == (0, 30)
