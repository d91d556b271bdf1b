"""What changes while a run goes on: environments, queues, consumable resources, revisions of job definitions.

https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateComputeEnvironment.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateJobQueue.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_UpdateConsumableResource.html
https://docs.aws.amazon.com/batch/latest/APIReference/API_RegisterJobDefinition.html
"""

from __future__ import annotations

import pytest
from scenario_builder import (
    attempts_of,
    column,
    definition,
    ends,
    environment,
    fails,
    fargate,
    fixed,
    job,
    jobs_of,
    launched,
    queue,
    scenario,
    starts,
)  # fmt: skip

import batchsim

SLOW = {"scale_up_delay": "5s", "instance_boot": "30s", "scale_down_idle": "60s"}
LICENCE = [{"consumableResourceName": "licence", "totalQuantity": 1}]
NEEDS = {"consumableResourceList": [{"consumableResource": "licence", "quantity": 1}]}


def changing(*changes, work=(), **keys):
    """A scenario whose ``changes`` are ``(at, path, value)``."""
    actions = [{"at": at, "set": path, "to": value} for at, path, value in changes]
    return scenario(*work, actions=actions, **keys)


def licensed(*acts, count=4, **keys):
    """Jobs of 60 s that need a licence each; acts are actions without their path."""
    made = definition("licensed", consumableResourceProperties=NEEDS)
    actions = [{"set": "licence.totalQuantity", **act} for act in acts]
    keys = {"environments": [fixed(8)], "definitions": [made], "consumableResources": LICENCE, **keys}
    return scenario(job("a", "60s", count=count, kind="licensed"), actions=actions, **keys)


def registering(*acts, work, **keys):
    """A scenario that registers revisions of ``job``: acts are ``(at, overrides of the definition)``."""
    actions = [{"at": at, "register": definition("job", **how)} for at, how in acts]
    return scenario(*work, actions=actions, **keys)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def desired(vcpus, work):
    """An environment that starts empty and whose desiredvCpus are set after half a minute."""
    return changing(("30s", "hosts.desiredvCpus", vcpus), work=[work], environments=[environment()], world=SLOW)


# -- environments and queues


def test_a_maximum_is_raised_and_lowered(simulate):
    changes = [("30s", "hosts.maxvCpus", 3), ("70s", "hosts.maxvCpus", 1)]
    result = simulate(changing(*changes, work=[job("a", size=6)], environments=[environment(maxvCpus=1)]))
    assert list(starts(result).values()) == [0, 30, 30, 60, 90, 90]


def test_a_minimum_is_kept_from_then_on(simulate):
    changes = [("30s", "hosts.minvCpus", 2), ("10m", "hosts.minvCpus", 0)]
    result = simulate(changing(*changes, work=[job("a", at="9m")], environments=[environment()], world=SLOW))
    assert launched(result) == ["box.1", "box.1"]
    assert starts(result) == {"a": 540}


def test_desired_vcpus_are_launched_at_once(simulate):
    story = changing(
        ("30s", "hosts.desiredvCpus", 2), work=[job("a", at="61s")], environments=[environment()], world=SLOW
    )
    result = simulate(story)
    assert result.instances["launched_at_s"].tolist() == [30, 30]
    assert set(result.instances["why_launched"]) == {"desiredvCpus"}
    assert starts(result) == {"a": 61}


def test_and_go_as_any_idle_instance_does(simulate):
    story = changing(
        ("30s", "hosts.desiredvCpus", 2), work=[job("a", at="10m")], environments=[environment()], world=SLOW
    )
    assert simulate(story).instances["ended_at_s"].tolist()[:2] == [120, 120]


@pytest.mark.parametrize("value", [0, 1, 5])
def test_desired_vcpus_are_only_raised_and_within_their_bounds(value, simulate):
    places = [environment(minvCpus=1, maxvCpus=4)]
    result = simulate(changing(("30s", "hosts.desiredvCpus", value), work=[job("a", "5m")], environments=places))
    assert launched(result) == ["box.1"]


def test_a_disabled_environment_takes_no_more_jobs_until_it_is_enabled(simulate):
    changes = [("30s", "hosts.state", "DISABLED"), ("5m", "hosts.state", "ENABLED")]
    result = simulate(changing(*changes, work=[job("a", count=2)]))
    assert starts(result) == {"a@0": 0, "a@1": 300}


def test_a_disabled_queue_refuses_jobs_and_serves_those_it_has(simulate):
    changes = [("30s", "jobQueues.queue.state", "DISABLED"), ("5m", "jobQueues.queue.state", "ENABLED")]
    work = [job("a", count=2), job("b", at="2m"), job("c", at="5m")]
    result = simulate(changing(*changes, work=work))
    assert column(result, "state") == {"a@0": "SUCCEEDED", "a@1": "SUCCEEDED", "b": "NOT_SUBMITTED", "c": "SUCCEEDED"}


def test_queues_change_places(simulate):
    queues = [queue("one", priority=2), queue("two", priority=1)]
    work = [job("a", "10s", on="one", count=3), job("b", "10s", on="two", count=2)]
    result = simulate(changing(("5s", "two.priority", 3), work=work, queues=queues))
    assert list(starts(result)) == ["a@0", "b@0", "b@1", "a@1", "a@2"]


def shared(*changes):
    """Two shares of equal weight on one slot, whose jobs take turns."""
    both = [{"shareIdentifier": name, "weightFactor": 1} for name in "AB"]
    work = [job(name.lower(), "60s", count=4) for name in "AB"]
    for entry, name in zip(work, "AB", strict=True):
        entry["submit"]["shareIdentifier"] = name
    policies = [{"name": "teams", "fairsharePolicy": {"shareDistribution": both}}]
    lines = [queue("queue", schedulingPolicyArn="teams")]
    return changing(*changes, work=work, queues=lines, schedulingPolicies=policies)


def test_a_shares_weight_changes_whose_turn_it_is(simulate):
    usual = list(starts(simulate(shared())))
    assert usual == ["a@0", "b@0", "a@1", "b@1", "a@2", "b@2", "a@3", "b@3"]
    changed = list(starts(simulate(shared(("90s", "teams.A.weightFactor", 0.001)))))
    assert changed == ["a@0", "b@0", "a@1", "a@2", "a@3", "b@1", "b@2", "b@3"]


def test_a_weight_lies_within_its_bounds():
    with pytest.raises(batchsim.ScenarioError, match="E139"):
        shared(("90s", "teams.A.weightFactor", 0))


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("hosts.maxvCpus", 0, "E137"),
        ("tasks.minvCpus", 1, "E117"),
        ("tasks.desiredvCpus", 1, "E117"),
        ("hosts.state", "OFF", "E113"),
        ("hosts.colour", 1, "E106"),
        ("licence.totalQuantity", -1, "E114"),
    ],
)
def test_what_cannot_be_set_is_said_before_the_run(path, value, code):
    with pytest.raises(batchsim.ScenarioError, match=code):
        changing(("5s", path, value), environments=[environment(), fargate()], consumableResources=LICENCE,
                 queues=[queue()])  # fmt: skip


# -- consumable resources


def test_more_of_a_resource_lets_waiting_jobs_start_at_once(simulate):
    result = simulate(licensed({"at": "20s", "to": 3}))
    assert list(starts(result).values()) == [0, 20, 20, 60]
    assert result.consumables["total"].tolist() == [1, 3, 3, 3, 3]


def test_less_of_it_takes_nothing_away(simulate):
    result = simulate(licensed({"at": "20s", "to": 0}, {"at": "5m", "to": 2}, count=3))
    assert list(starts(result).values()) == [0, 300, 300]


def test_it_changes_by_so_much_too(simulate):
    result = simulate(licensed({"at": "20s", "by": 2}, {"at": "30s", "by": -3}, {"at": "200s", "by": 1}))
    assert list(starts(result).values()) == [0, 20, 20, 200]


def test_a_total_never_falls_below_nothing(simulate):
    result = simulate(licensed({"at": "20s", "by": -5}, {"at": "200s", "by": 1}, count=2))
    assert list(starts(result).values()) == [0, 200]


def test_a_job_that_needs_more_than_there_is_waits_for_what_an_action_adds(simulate):
    made = definition("greedy", consumableResourceProperties={
        "consumableResourceList": [{"consumableResource": "licence", "quantity": 3}]})  # fmt: skip
    add = [{"at": "2m", "set": "licence.totalQuantity", "to": 3}]
    story = scenario(job("a", kind="greedy"), definitions=[made], consumableResources=LICENCE, actions=add)
    assert starts(simulate(story)) == {"a": 120}


def test_only_a_total_changes_by_so_much():
    with pytest.raises(batchsim.ScenarioError, match="E117"):
        scenario(job("a"), actions=[{"at": "5s", "set": "hosts.maxvCpus", "by": 2}])


# -- revisions of job definitions


def test_later_calls_take_the_new_revision(simulate):
    calls = job("a", "10s", at={"cron": "* * * * ? *", "for": "4m"})
    result = simulate(
        registering(("90s", {"vcpus": 2, "memory": 2048}), work=[calls], environments=[fixed(4, types=("box.4",))])
    )
    assert column(result, "definition", "submissions") == {
        "a@0": "job:1",
        "a@1": "job:1",
        "a@2": "job:2",
        "a@3": "job:2",
    }
    assert column(result, "vcpus") == {"a@0": 1, "a@1": 1, "a@2": 2, "a@3": 2}


def test_a_call_of_the_very_instant_takes_it_already(simulate):
    result = simulate(registering(("60s", {}), work=[job("a", "5s", at="60s")]))
    assert column(result, "definition") == {"a": "job:2"}


def test_jobs_that_were_submitted_before_keep_theirs(simulate):
    late = {"retryStrategy": {"attempts": 3}}
    work = [job("a", fails(1, 1)), job("b", fails(1, 1), at="20s")]
    result = simulate(registering(("5s", late), work=work))
    assert (len(attempts_of(result, "a")), len(attempts_of(result, "b"))) == (1, 3)
    assert column(result, "attempts_allowed") == {"a": 1, "b": 3}


def test_a_request_that_names_a_revision_keeps_it(simulate):
    work = [job("a", "5s", at="60s", kind="job:1"), job("b", "5s", at="60s")]
    result = simulate(registering(("30s", {"vcpus": 1}), work=work))
    assert column(result, "definition") == {"a": "job:1", "b": "job:2"}


def test_a_request_may_name_a_revision_that_is_still_to_come(simulate):
    work = [job("a", "5s", at="10s", kind="job:2"), job("b", "5s", at="60s", kind="job:2")]
    result = simulate(registering(("30s", {"vcpus": 1}), work=work))
    assert column(result, "state") == {"a": "NOT_SUBMITTED", "b": "SUCCEEDED"}
    assert jobs_of(result)["a"].attempts == 0
    assert column(result, "reason", "submissions")["a"] == "Job definition job:2 has no ACTIVE revision"


def test_a_new_timeout_and_a_new_image_come_with_it(simulate):
    late = {"timeout": {"attemptDurationSeconds": 60}, "container": {"image": "job:2"}}
    world = {"new_image": "10s"}
    work = [job("a", "90s"), job("b", "90s", at="5m")]
    result = simulate(registering(("30s", late), work=work, world=world))
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "FAILED"}
    assert column(result, "image_pull_s") == {"a": 10, "b": 10}
    assert ends(result) == {"a": 100, "b": 370}


def test_the_requests_own_words_win_over_any_revision(simulate):
    work = [job("a", fails(1, 1), at="20s", attempts=2)]
    assert len(attempts_of(simulate(registering(("5s", {"retryStrategy": {"attempts": 5}}), work=work)), "a")) == 2


def test_a_deregistered_revision_gives_way_to_the_one_before(simulate):
    acts = [{"at": "10s", "register": definition("job", 1)}, {"at": "60s", "deregister": "job:2"}]
    result = simulate(scenario(job("a", "5s", at="30s"), job("b", "5s", at="90s"), actions=acts))
    assert column(result, "definition") == {"a": "job:2", "b": "job:1"}


def test_without_an_active_revision_a_call_is_refused(simulate):
    gone = [{"at": "60s", "deregister": "job:1"}]
    result = simulate(scenario(job("a", "5s"), job("b", "5s", at="90s"), job("c", needs=["b"], at="2m"), actions=gone))
    assert column(result, "state") == {"a": "SUCCEEDED", "b": "NOT_SUBMITTED", "c": "NOT_SUBMITTED"}


@pytest.mark.parametrize(
    ("act", "code"),
    [
        ({"register": definition("job", 1, container={"image": None})}, "E111"),
        ({"register": definition("job", 1.5)}, "E130"),
        ({"register": {**definition("job"), "revision": 7}}, "E106"),
        ({"deregister": "job:9"}, "E122"),
        ({"deregister": "job"}, "E115"),
        ({"register": definition("job"), "cancel": "a"}, "E111"),
    ],
)
def test_a_revision_that_will_not_do_is_found_before_the_run(act, code):
    with pytest.raises(batchsim.ScenarioError, match=code):
        scenario(job("a"), actions=[{"at": "5s", **act}])


def test_a_revision_that_no_environment_holds_is_found_too(simulate):
    large = [{"at": "5s", "register": definition("job", 64)}]
    with pytest.raises(batchsim.ScenarioError, match="E132"):
        batchsim.run(scenario(job("a", at="1m"), actions=large))
    assert column(simulate(scenario(job("a", at="1m"), actions=large, allow_unplaceable=True)), "state") == {
        "a": "RUNNABLE"
    }


def test_the_resolved_scenario_registers_it_again(simulate):
    result = simulate(registering(("5s", {"vcpus": 1}), work=[job("a", at="1m")]))
    again = batchsim.loads(batchsim.dump(result.scenario))
    assert column(batchsim.run(again), "definition") == {"a": "job:2"}


# -- by call


def test_calls_do_what_the_file_does_byte_for_byte(drive, tmp_path):
    made = definition("licensed", consumableResourceProperties=NEEDS)
    newer = definition("job", 1, retryStrategy={"attempts": 2})
    work = [job("a", "40s", count=3, kind="licensed"), job("b", fails(1), at={"cron": "* * * * ? *", "for": "5m"})]
    keys = {"environments": [environment()], "definitions": [made], "consumableResources": LICENCE, "world": SLOW}
    acts = [
        {"at": "20s", "set": "licence.totalQuantity", "by": 1},
        {"at": "30s", "set": "hosts.desiredvCpus", "to": 3},
        {"at": "90s", "register": newer},
        {"at": "200s", "deregister": "job:1"},
    ]
    simulation = drive(scenario(*work, **keys))
    simulation.advance(until="20s")
    simulation.update("licence.totalQuantity", by=1)
    simulation.advance(until="30s")
    simulation.update("hosts.desiredvCpus", 3)
    simulation.advance(until="90s")
    assert simulation.register(newer) == "job:2"
    simulation.advance(until="200s")
    simulation.deregister("job:1")
    simulation.finish().write(tmp_path / "calls", events=True)
    batchsim.run(scenario(*work, actions=acts, **keys), seed=1).write(tmp_path / "file", events=True)
    assert contents(tmp_path / "calls") == contents(tmp_path / "file")


def test_a_job_submitted_by_hand_takes_the_newest_revision(drive):
    body = {"jobName": "late", "jobQueue": "queue", "jobDefinition": "job"}
    simulation = drive(scenario(job("a", "5s")))
    simulation.register(definition("job", 1))
    late = simulation.submit(body)
    assert simulation.register(definition("job", 1)) == "job:3"
    later = simulation.submit(body, at="30s")
    exact = simulation.submit({**body, "jobDefinition": "job:2"}, at="40s")
    result = simulation.finish()
    assert [column(result, "definition")[name] for name in (late, later, exact)] == ["job:3", "job:3", "job:2"]


def test_a_new_revision_may_come_when_all_before_it_are_gone(drive):
    simulation = drive(scenario(job("a", "5s", at={"cron": "* * * * ? *", "for": "3m"})))
    simulation.advance(until="30s")
    simulation.deregister("job:1")
    simulation.advance(until="90s")
    assert simulation.register(definition("job", 1)) == "job:2"
    assert list(column(simulation.finish(), "state").values()) == ["SUCCEEDED", "NOT_SUBMITTED", "SUCCEEDED"]


def test_a_definition_of_a_new_name_can_be_registered_and_used(drive):
    simulation = drive(scenario(job("a", "5s")))
    assert simulation.register(definition("fresh", 1)) == "fresh:1"
    late = simulation.submit({"jobName": "late", "jobQueue": "queue", "jobDefinition": "fresh"}, run="5s")
    assert column(simulation.finish(), "definition")[late] == "fresh:1"


def test_bills_by_definition_are_in_the_order_of_first_calls_whether_made_by_hand_or_from_the_file(drive):
    simulation = drive(scenario(job("a", "5s"), definitions=[definition("one"), definition("two")]))
    simulation.register(definition("one", 1))
    for kind in ("one", "two"):
        simulation.submit({"jobName": kind, "jobQueue": "queue", "jobDefinition": kind}, run="5s")
    by_hand = simulation.finish()
    from_file = batchsim.run(by_hand.scenario)
    lines = [list(result.summary()["cost"]["by_definition"]) for result in (by_hand, from_file)]
    assert lines[0] == lines[1]
    assert lines[0][:3] == ["job:1", "one:2", "two:1"]


@pytest.mark.parametrize(
    "call",
    [
        lambda simulation: simulation.register({"jobDefinitionName": "job"}),
        lambda simulation: simulation.deregister("job:9"),
        lambda simulation: simulation.deregister("job"),
        lambda simulation: simulation.update("hosts.maxvCpus", by=1),
        lambda simulation: simulation.update("hosts.desiredvCpus", -1),
    ],
)
def test_a_wrong_call_is_refused(call, drive):
    with pytest.raises(batchsim.BatchsimError):
        call(drive(scenario(job("a", at="10s"), environments=[environment()])))
