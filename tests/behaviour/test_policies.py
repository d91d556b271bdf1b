"""Policies of one's own: what each kind sees and decides, and what a broken one is told."""

from __future__ import annotations

import json

import pytest
from scenario_builder import (
    attempts_of,
    environment,
    fails,
    fair,
    fargate,
    fixed,
    hosts,
    job,
    launched,
    queue,
    scenario,
    starts,
    task,
)

import batchsim
from batchsim import PolicyError, policies
from batchsim.analysis.check import check_tables, examine, tables_of
from batchsim.cli.check import check_folder

TWO_TYPES = environment(types=("box.2", "box.4"), maxvCpus=4, allocationStrategy="LARGEST")


def largest(demand, offers):
    """The largest instance that maxvCpus leaves room for."""
    fitting = [offer for offer in offers if offer.holds(demand.head) and offer.vcpus <= demand.headroom_vcpus]
    return max(fitting, key=lambda offer: offer.vcpus, default=None)


def smallest(demand, offers):
    return min((offer for offer in offers if offer.holds(demand.head)), key=lambda offer: offer.vcpus, default=None)


# -- allocation


def test_a_scenario_names_a_strategy_and_the_run_brings_it(simulate):
    story = scenario(job("a"), environments=[TWO_TYPES])
    assert launched(simulate(story, policies={"allocation": {"LARGEST": largest}})) == ["box.4"]
    assert launched(simulate(story, policies={"allocation": {"LARGEST": smallest}})) == ["box.2"]


def test_a_strategy_that_nobody_brings_is_told_with_what_would_help(simulate):
    with pytest.raises(batchsim.ScenarioError, match=r'policies=\{"allocation": \{"LARGEST": function\}\} \[E141\]'):
        simulate(scenario(job("a"), environments=[TWO_TYPES]))


def test_one_function_may_stand_for_every_strategy(simulate):
    bestfit = environment("more", types=("box.1", "box.8"), maxvCpus=8, allocationStrategy="BEST_FIT")
    story = scenario(
        job("a"), job("b", on="second"), environments=[TWO_TYPES, bestfit],
        queues=[queue("queue"), queue("second", "more")],
    )  # fmt: skip
    assert launched(simulate(story, policies={"allocation": largest})) == ["box.4", "box.8"]


def test_a_strategy_may_replace_awss_of_the_same_name(simulate):
    story = scenario(job("a"), environments=[environment(types=("box.1", "box.4"), allocationStrategy="BEST_FIT")])
    assert launched(simulate(story, policies={"allocation": {"BEST_FIT": largest}})) == ["box.4"]


def test_a_strategy_sees_the_names_of_the_types(simulate):
    seen = []

    def looks(_, offers):
        seen.extend(offer.type_name for offer in offers)
        return offers[0]

    simulate(scenario(job("a"), environments=[TWO_TYPES]), policies={"allocation": looks})
    assert seen == ["box.2", "box.4"]


# -- ordering


def test_jobs_stand_in_the_order_of_their_keys(simulate):
    story = scenario(job("slow", timeout_s=900), job("any"), job("quick", timeout_s=60))
    shortest = {"ordering": lambda job: job.timeout_s or 10**9}
    assert list(starts(simulate(story))) == ["slow", "any", "quick"]
    assert list(starts(simulate(story, policies=shortest))) == ["quick", "slow", "any"]


def test_equal_keys_keep_the_order_of_the_file_and_children_of_an_array_stay_together(simulate):
    story = scenario(job("a", size=2), job("b", at="1s"), job("c", size=2), environments=[fixed(2)])
    order = {"ordering": {"jobs": lambda job: -job.vcpus}}
    assert list(starts(simulate(story, policies=order))) == ["a:0", "a:1", "b", "c:0", "c:1"]


def test_a_retried_job_is_asked_for_its_place_again(simulate):
    story = scenario(job("a", fails(1), attempts=2), job("b"), job("c"))
    told = []

    def last_if_retried(waiting):
        told.append((waiting.entry, waiting.attempts, waiting.first_runnable_at_ms, waiting.runnable_at_ms))
        return waiting.attempts

    result = simulate(story, policies={"ordering": last_if_retried})
    assert [row.starting_at_s for row in attempts_of(result, "a")] == [0, 130]
    assert told[-1] == ("a", 1, 0, 10_000)


def test_queues_are_served_in_the_order_that_a_policy_gives(simulate):
    queues = [queue("high", priority=9), queue("low")]
    story = scenario(*(job(f"{on}{n}", on=on) for on in ("high", "low") for n in range(2)), queues=queues)
    seen = []

    def low_first(waiting):
        seen.append([(queue.name, queue.jobs, queue.head and queue.head.entry) for queue in waiting])
        return waiting[::-1]

    assert list(starts(simulate(story))) == ["high0", "high1", "low0", "low1"]
    result = simulate(story, policies={"ordering": {"queues": low_first}})
    assert list(starts(result)) == ["low0", "low1", "high0", "high1"]
    assert seen[0] == [("high", 2, "high0"), ("low", 2, "low0")]


def test_a_policy_for_queues_sees_whose_turn_it_is_in_a_fair_share_queue(simulate):
    """``b`` has used nothing when its turn comes, so its job is the head though it came last."""
    work = [job("a", "50s", share="a", count=3), job("b", "50s", share="b", at="10s")]
    seen = []

    def as_given(waiting):
        seen.append([(queue.jobs, queue.head and queue.head.entry) for queue in waiting])
        return waiting

    result = simulate(scenario(*work, **fair()), policies={"ordering": {"queues": as_given}})
    assert seen[:3] == [[(3, "a")], [(3, "b")], [(3, "b")]]
    assert starts(result) == {"a@0": 0, "b": 50, "a@1": 100, "a@2": 150}


# -- packing


def test_a_packing_chooses_among_the_rooms_that_hold_the_job(simulate):
    two = environment(types=("box.4",), minvCpus=8, maxvCpus=8)
    story = scenario(job("a"), job("b", vcpus=2), job("c"), environments=[two])
    seen = []

    def youngest(wanted, rooms):
        seen.append((wanted.vcpus, [(room.vcpus, room.of_vcpus, room.jobs) for room in rooms]))
        return rooms[-1]

    assert hosts(simulate(story)) == {"a": 0, "b": 0, "c": 0}
    assert hosts(simulate(story, policies={"packing": youngest})) == {"a": 1, "b": 1, "c": 1}
    assert seen == [(1, [(4, 4, 0), (4, 4, 0)]), (2, [(4, 4, 0), (3, 4, 1)]), (1, [(4, 4, 0), (1, 4, 2)])]


# -- scaling

EIGHT = environment(types=("box.1",), maxvCpus=8)


def test_a_scaling_policy_limits_what_a_decision_launches(simulate):
    story = scenario(job("a", "100s", size=6), environments=[EIGHT], world={"scale_up_delay": "10s"})
    result = simulate(story, policies={"scaling": lambda need: min(2, need.headroom_vcpus)})
    assert result.instances["launched_at_s"].tolist() == [10, 10, 20, 20, 30, 30]


def test_a_scaling_policy_may_wait_until_it_is_worth_while(simulate):
    story = scenario(*(job(f"j{n}", at=f"{n}0s") for n in range(3)), environments=[EIGHT])
    result = simulate(story, policies={"scaling": lambda need: need.headroom_vcpus if need.vcpus >= 3 else 0})
    assert result.instances["launched_at_s"].tolist() == [20, 20, 20]


def test_a_policy_that_never_launches_leaves_a_run_stuck_and_not_endless(simulate):
    story = scenario(job("a"), environments=[EIGHT])
    for never in ({"scaling": lambda _: 0}, {"allocation": lambda *_: None}):
        result = simulate(story, policies=never)
        assert (result.summary()["ended_by"], result.horizon_s) == ("stuck", 0)
        assert result.jobs["wait_scale_up_decision_s"].tolist() == [0]


@pytest.mark.parametrize(("depth", "ended_by"), [("unlimited", "stuck"), (0, "stuck"), (40, "max_time")])
def test_only_pools_whose_depth_moves_are_worth_waiting_for(depth, ended_by, simulate):
    spot = environment(types=("box.1",), type="SPOT", allocationStrategy="NEVER")
    settings = {"until": "drained", "max_time": "1d"}
    story = scenario(job("a"), environments=[spot], world={"spot_depth": depth}, simulation=settings)
    result = simulate(story, policies={"allocation": {"NEVER": lambda *_: None}})
    assert result.summary()["ended_by"] == ended_by


def test_a_policy_that_waits_for_deep_spot_pools_is_asked_again_when_their_depth_has_moved(simulate):
    spot = environment(types=("box.1",), type="SPOT", allocationStrategy="DEEP")
    story = scenario(
        job("a"), environments=[spot], world={"spot_depth": 40}, simulation={"until": "drained", "max_time": "10d"}
    )
    asked = []

    def deep(_, offers):
        asked.append(offers[0].depth)
        return offers[0] if offers[0].depth > 80 else None

    result = simulate(story, policies={"allocation": {"DEEP": deep}})
    assert asked[-1] > 80
    assert max(asked[:-1]) <= 80
    assert result.instances["launched_at_s"].tolist() == [600.0 * (len(asked) - 1)]


def test_what_minvcpus_asks_for_is_launched_whatever_a_scaling_policy_says(simulate):
    story = scenario(job("a", size=4), environments=[EIGHT], actions=[{"at": "10s", "set": "hosts.minvCpus", "to": 2}])
    result = simulate(story, policies={"scaling": lambda _: 0})
    assert result.instances["launched_at_s"].tolist() == [10, 10]


# -- retry


def test_a_retry_policy_is_asked_while_tries_are_left(simulate):
    story = scenario(job("a", fails(1, 2, 3), attempts=3, rules=[{"onExitCode": "2", "action": "EXIT"}]))
    told = []

    def always(ended):
        told.append((ended.attempt, ended.tries_left, ended.outcome, ended.exit_code))
        return True

    assert len(attempts_of(simulate(story), "a")) == 2
    assert len(attempts_of(simulate(story, policies={"retry": always}), "a")) == 3
    assert told == [(1, 2, "failed", 1), (2, 1, "failed", 2)]
    assert len(attempts_of(simulate(story, policies={"retry": lambda _: False}), "a")) == 1


# -- what is told of them


def test_report_and_summary_say_what_was_replaced(simulate):
    result = simulate(scenario(job("a")), policies={"packing": lambda _, rooms: rooms[0], "ordering": lambda _: 0})
    assert result.summary()["policies"] == {"ordering of jobs": "<lambda>", "packing": "<lambda>"}
    assert "replaced: packing is not AWS's but a function of the caller's, <lambda>" in result.report(200)
    assert "FIFO" not in result.report()
    assert simulate(scenario(job("a"))).summary()["policies"] == {}


def test_the_checker_leaves_awss_order_out_by_name_and_would_have_seen_it(simulate):
    result = simulate(scenario(*(job(name) for name in "abc")), policies={"ordering": lambda job: -ord(job.entry)})
    tables = tables_of(result)
    untold = examine(tables).untold
    assert untold["I29b"] == "the policy for ordering of jobs is not AWS's but the caller's own, <lambda>"
    tables["summary"] = {**tables["summary"], "policies": {}}
    assert {each.id for each in check_tables(tables)} == {"I29", "I29b"}


def test_checking_a_folder_says_what_was_not_judged(simulate, tmp_path, capsys):
    simulate(scenario(job("a")), policies={"retry": lambda _: True}).write(tmp_path / "run")
    check_folder(tmp_path / "run", as_json=False)
    told = capsys.readouterr().out
    assert "no invariant is violated" in told
    assert "not judged: I17, I17b (the policy for retry is not AWS's but the caller's own, <lambda>)" in told
    check_folder(tmp_path / "run", as_json=True)
    assert json.loads(capsys.readouterr().out)["not_judged"].keys() >= {"I17", "I17b"}


# -- broken ones

BROKEN = {
    "an offer of one's own": (
        {"allocation": lambda _, offers: offers[0]._replace(vcpus=64)},
        r"the policy <lambda> \(for allocation\) returned the offer of box.1 .*64 vCPU.*: that was not offered",
    ),
    "a type too small": (
        {"allocation": lambda _, offers: offers[0]},
        r"returned the offer of box.1 .*does not hold the head Ask\(vcpus=2",
    ),
    "a key that is no number": ({"ordering": lambda job: job.entry}, r"returned 'a': return a number, or a tuple"),
    "a key that is not a number": ({"ordering": lambda _: (1, float("nan"))}, r"returned \(1, nan\)"),
    "a queue less": ({"ordering": {"queues": lambda queues: queues[1:]}}, r"return each queue once: queue, other"),
    "no queues": ({"ordering": {"queues": lambda _: 3}}, r"returned 3: return the queues that it was given"),
    "no room": ({"packing": lambda *_: None}, r"\(for packing\) returned None: return one of the 1 rooms"),
    "a room of one's own": ({"packing": lambda _, rooms: rooms[0]._replace(age=9)}, r"return one of the 1 rooms"),
    "beyond maxvCpus": ({"scaling": lambda need: need.headroom_vcpus + 1}, r"returned 5: return whole vCPUs, 0 to 4"),
    "part of a vCPU": ({"scaling": lambda _: 1.5}, r"returned 1.5: return whole vCPUs"),
    "yes": ({"scaling": lambda _: True}, r"returned True: return whole vCPUs"),
    "perhaps": ({"retry": lambda _: "perhaps"}, r"returned 'perhaps': return True or False"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_policy_is_named_with_what_it_returned(broken, simulate):
    given, said = BROKEN[broken]
    places = [environment(types=("box.1", "box.2"))]
    queues = [queue("queue"), queue("other", priority=2)]
    story = scenario(job("a", fails(1), attempts=2, vcpus=2), environments=places, queues=queues)
    with pytest.raises(PolicyError, match=said):
        simulate(story, policies=given)


def test_a_strict_strategy_may_not_go_beyond_maxvcpus(simulate):
    story = scenario(job("a", size=5), environments=[environment(types=("box.2", "box.4"), maxvCpus=6)])
    always = {"allocation": lambda _, offers: offers[-1]}
    with pytest.raises(PolicyError, match="only 2 more vCPUs are permitted"):
        simulate(story, policies=always)
    story = story.with_("hosts.allocationStrategy", "BEST_FIT_PROGRESSIVE")
    assert launched(simulate(story, policies=always)) == ["box.4", "box.4"]


def test_what_a_policy_raises_comes_through_with_a_note(simulate):
    with pytest.raises(ZeroDivisionError) as caught:
        simulate(scenario(job("a")), policies={"packing": lambda *_: 1 / 0})
    assert "raised by the policy <lambda> (for packing)" in caught.value.__notes__[0]


def test_after_a_broken_policy_a_run_does_not_go_on():
    simulation = batchsim.Simulation(scenario(job("a")), seed=1, policies={"packing": lambda *_: None})
    with pytest.raises(PolicyError):
        simulation.advance(until="10s")
    with pytest.raises(batchsim.SimulationError, match="cannot go on"):
        simulation.finish()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pakcing": min}, "unknown kind of policy 'pakcing'.* Did you mean packing?"),
        ({"ordering": {"job": min}}, "unknown ordering 'job'.* Did you mean jobs?"),
        ({"retry": True}, "the policy for retry is True, which cannot be called"),
        ([min], "policies are a mapping"),
    ],
)
def test_what_is_no_policy_is_told_at_once(given, said):
    with pytest.raises(PolicyError, match=said):
        batchsim.Simulation(scenario(job("a")), policies=given)


def test_the_contracts_are_a_public_list():
    assert all(getattr(policies, name) is not None for name in policies.__all__)


def test_jobs_of_fargate_are_ordered_like_any_other(simulate):
    two = (task(name, on="tasks") for name in "ab")
    story = scenario(*two, environments=[fargate(maxvCpus=1)], queues=[queue("tasks", "tasks")])
    assert list(starts(simulate(story, policies={"ordering": lambda job: -ord(job.entry)}))) == ["b", "a"]


def test_queues_can_be_ordered_beside_one_that_is_none(simulate):
    """The first in the file has no queue, and is not among those that the policy orders."""
    places = [fixed(1, "tasks"), fixed(1, "hosts")]
    queues = [queue("calls", "tasks"), queue("queue", "hosts")]
    alone = {"platforms": {"tasks": "no_queue"}}
    story = scenario(job("a"), job("b", on="calls"), environments=places, queues=queues, world=alone)
    result = simulate(story, policies={"ordering": {"queues": list}})
    assert starts(result) == {"a": 0, "b": 0}
