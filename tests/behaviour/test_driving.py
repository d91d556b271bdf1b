"""Driving a simulation: stepping, looking, submitting, stopping and changing capacity by calls."""

from __future__ import annotations

import pytest
from scenario_builder import column, ends, environment, fargate, fixed, job, launched, queue, scenario, starts, task

import batchsim

SUBMIT = {"jobName": "late", "jobQueue": "queue", "jobDefinition": "job"}


def kinds(simulation):
    """Every decision to the end of the run, as (kind, instant)."""
    found = []
    while (decision := simulation.advance(to_next_decision=True)) is not None:
        found.append((decision.kind, decision.at_ms // 1000))
    return found


def same(one, other):
    tables = ("jobs", "attempts", "instances", "submissions", "scaling", "timeline", "blocked", "occurrences")
    return all(getattr(one, name).equals(getattr(other, name)) for name in tables)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# -- moving


def test_advance_stops_before_the_events_of_its_instant(drive):
    simulation = drive(scenario(job("a", "10s"), job("b", "10s")))
    simulation.advance(until="10s")
    assert simulation.snapshot().states == {"queue": {"RUNNABLE": 1, "RUNNING": 1}}
    simulation.advance(until=10_001)
    assert simulation.snapshot().states == {"queue": {"RUNNING": 1, "SUCCEEDED": 1}}


def test_a_call_can_come_in_the_very_instant_of_what_is_due_next(drive):
    simulation = drive(scenario(job("a", "10s"), job("b", "10s")))
    simulation.advance(until="1s")
    simulation.advance(until=simulation.next_event_ms)
    simulation.cancel("b")
    assert (simulation.now_ms, simulation.next_event_ms) == (10_000, 10_000)
    result = simulation.finish()
    assert (simulation.next_event_ms, column(result, "state")) == (None, {"a": "SUCCEEDED", "b": "FAILED"})


def test_the_clock_does_not_go_back(drive):
    simulation = drive(scenario(job("a")))
    simulation.advance(until="30s")
    assert simulation.now == 30
    with pytest.raises(batchsim.SimulationError, match="go back"):
        simulation.advance(until="20s")


def test_decisions_come_one_by_one(drive):
    slow = {"scale_up_delay": "5s", "instance_boot": "30s", "scale_down_idle": "60s"}
    work = job("a", "10s", size=3)
    assert kinds(drive(scenario(work, environments=[environment(maxvCpus=2)], world=slow))) == [
        ("launch", 5), ("launch", 5), ("placement", 35), ("placement", 35), ("placement", 45), ("scale_in", 105),
        ("scale_in", 115),
    ]  # fmt: skip


def test_decisions_that_nobody_asked_for_are_forgotten_when_the_clock_goes_on(drive):
    simulation = drive(scenario(job("a", "10s", size=3), job("b", at="60s"), environments=[fixed(3)]))
    assert simulation.advance(to_next_decision=True).at_ms == 0
    simulation.advance(until="30s")
    assert simulation.snapshot().states["queue"]["SUCCEEDED"] == 3
    assert simulation.advance(to_next_decision=True).at_ms == 60_000


def test_a_decision_says_of_which_job_and_instance(drive):
    tasks = [queue("queue"), queue("tasks", "tasks")]
    slow = {"scale_up_delay": "5s", "scale_down_idle": "60s"}
    story = scenario(
        job("a", "10s", size=2), task("b", "10s", on="tasks"), environments=[environment(), fargate()], queues=tasks,
        world=slow,
    )  # fmt: skip
    simulation = drive(story)
    said = [str(simulation.advance(to_next_decision=True)) for _ in range(6)]
    assert said == [
        "0s: placement of b on tasks",
        "5s: launch of instance 0 of hosts (box.1)",
        "5s: launch of instance 1 of hosts (box.1)",
        "5s: placement of a:0 on instance 0 of hosts",
        "5s: placement of a:1 on instance 1 of hosts",
        "1m15s: scale-in of instance 0 of hosts (box.1)",
    ]


def test_a_decision_names_its_instance_as_the_tables_do(drive):
    simulation = drive(scenario(job("a", "10s"), environments=[fixed()]))
    placement = simulation.advance(to_next_decision=True)
    assert (placement.job, placement.at_s) == ("a", 0)
    assert simulation.finish().instances["instance"].tolist() == [placement.instance]


@pytest.mark.parametrize("how", [{"to_next_decision": True}, {"until": None}])
def test_a_run_in_pieces_is_the_run(how, drive):
    story = scenario(
        job("a", {"lognormal": {"mean": "60s", "cv": 1}}, size=40, attempts=2, fails=[{"probability": 0.3}]),
        job("b", at={"poisson": "6/min", "for": "10m"}, vcpus=2),
        environments=[environment(types=("box.2", "box.4"), maxvCpus=8)],
        world={"scale_up_delay": "5s", "instance_boot": "30s", "scheduler_cycle": "1s", "scale_down_idle": "60s"},
    )
    simulation = drive(story)
    if "until" in how:
        for second in range(0, 900, 7):
            simulation.advance(until=second * 1000)
    else:
        assert len(kinds(simulation)) > 100
    assert same(simulation.finish(), batchsim.run(story, seed=1))


def test_nothing_can_be_done_after_the_end(drive):
    simulation = drive(scenario(job("a")))
    assert simulation.finish() is simulation.finish()
    for call in (
        lambda: simulation.advance(until="1h"),
        lambda: simulation.cancel("a"),
        lambda: simulation.submit(SUBMIT),
    ):
        with pytest.raises(batchsim.SimulationError, match="finished"):
            call()


# -- looking


def test_a_snapshot_shows_the_line_the_capacity_and_the_room(drive):
    places = [environment(types=("box.4",), maxvCpus=8)]
    work = [job("a", vcpus=3), job("b", vcpus=4)]
    simulation = drive(scenario(*work, environments=places, world={"instance_boot": "30s"}))
    simulation.advance(until="10s")
    seen = simulation.snapshot()
    assert seen.front == {"queue": ("a", "b")}
    assert (seen.environments["hosts"].desired_vcpus, seen.environments["hosts"].booting_vcpus) == (8, 8)
    simulation.advance(until="31s")
    seen = simulation.snapshot()
    assert (seen.front, seen.environments["hosts"].running_vcpus) == ({"queue": ()}, 8)
    assert [(room.vcpus, room.memory_mib) for room in seen.free.values()] == [(1, 15360)]


def test_a_snapshot_shows_the_first_hundred_in_line(drive):
    simulation = drive(scenario(job("a", size=500)))
    simulation.advance(until="30s")
    assert simulation.snapshot().front["queue"] == tuple(f"a:{n}" for n in range(1, 101))


# -- submitting


def test_a_job_submitted_by_hand_waits_for_what_it_needs_and_for_its_time(drive):
    simulation = drive(scenario(job("a", "10s"), environments=[fixed(4)]))
    first = simulation.submit({**SUBMIT, "dependsOn": [{"jobId": "a"}]}, run="5s")
    second = simulation.submit({**SUBMIT, "dependsOn": [{"jobId": first}]}, run="5s", at="30s")
    assert (first, second) == ("late", "late-2")
    assert starts(simulation.finish()) == {"a": 0, "late": 10, "late-2": 30}


def test_jobs_submitted_by_hand_stand_behind_those_of_the_file_in_call_order(drive):
    simulation = drive(scenario(job("a", "10s", at="5s"), job("b", "10s", at="5s")))
    names = [simulation.submit(SUBMIT, run="10s", at="5s") for _ in range(2)]
    assert list(starts(simulation.finish())) == ["a", "b", *names]


def test_an_array_can_be_submitted_by_hand_child_by_child_after_another(drive):
    simulation = drive(scenario(job("a", "10s", size=2), environments=[fixed(4)]))
    simulation.advance(until="3s")
    pairs = [{"jobId": "a", "type": "N_TO_N"}]
    simulation.submit({**SUBMIT, "arrayProperties": {"size": 2}, "dependsOn": pairs}, run="5s")
    assert ends(simulation.finish()) == {"a:0": 10, "a:1": 10, "late:0": 15, "late:1": 15}


@pytest.mark.parametrize(
    "wrong",
    [
        {"dependsOn": [{"jobId": "nobody"}]},
        {"arrayProperties": {"size": 3}, "dependsOn": [{"jobId": "a", "type": "N_TO_N"}]},
        {"dependsOn": [{"jobId": "a", "type": "N_TO_N"}]},
        {"jobQueue": "nowhere"},
        {"retryStrategy": {"attempts": 11}},
    ],
)
def test_a_bad_request_is_refused_and_leaves_no_trace(wrong, drive):
    simulation = drive(scenario(job("a", "10s", size=2)))
    with pytest.raises(batchsim.BatchsimError):
        simulation.submit({**SUBMIT, **wrong}, run="5s")
    assert set(starts(simulation.finish())) == {"a:0", "a:1"}


def test_nothing_can_be_done_in_the_past(drive):
    simulation = drive(scenario(job("a")))
    simulation.advance(until="30s")
    with pytest.raises(batchsim.SimulationError, match="past"):
        simulation.submit(SUBMIT, at="10s")


# -- acting


def test_actions_by_call_give_the_same_bytes_as_actions_by_file(drive, tmp_path):
    work = [job("a", "60s", size=3), job("b"), job("c", needs=["a"])]
    acts = [
        {"at": "10s", "cancel": "b"},
        {"at": "15s", "set": "hosts.maxvCpus", "to": 2},
        {"at": "20s", "terminate": "a:0"},
    ]
    places = [environment(maxvCpus=1)]
    simulation = drive(scenario(*work, environments=places))
    simulation.advance(until="10s")
    simulation.cancel("b")
    simulation.advance(until="15s")
    simulation.update("hosts.maxvCpus", 2)
    simulation.advance(until="20s")
    simulation.terminate("a:0")
    simulation.finish().write(tmp_path / "calls", events=True)
    batchsim.run(scenario(*work, environments=places, actions=acts), seed=1).write(tmp_path / "file", events=True)
    assert contents(tmp_path / "calls") == contents(tmp_path / "file")


CHANCE = {"instance_boot": {"exponential": {"mean": "60s"}}, "scale_up_delay": {"exponential": {"mean": "9s"}}}


def apart(*work, **more):
    """Three environments whose boots are drawn, each with a queue of its own: ``queue``, ``second``, ``third``."""
    queues = [queue(name, f"of-{name}") for name in ("queue", "second", "third")]
    places = [environment(f"of-{each['jobQueueName']}", ("box.2",)) for each in queues]
    return scenario(*work, environments=places, queues=queues, world=CHANCE, simulation={"seed": 1}, **more)


@pytest.mark.parametrize("field", ["minvCpus", "desiredvCpus"])
def test_an_environment_that_no_entry_reaches_boots_alike_whether_a_call_or_the_file_raises_it(field, drive):
    simulation = drive(apart(job("a")))
    simulation.advance(until="5s")
    simulation.update(f"computeEnvironments.of-third.{field}", 4)
    result = simulation.finish()
    raised = {"at": "5s", "set": f"computeEnvironments.of-third.{field}", "to": 4}
    assert len(result.instances) > 1
    assert same(result, batchsim.run(apart(job("a"), actions=[raised])))


def test_an_environment_boots_alike_whether_its_first_job_comes_by_a_call_or_from_the_file(drive):
    simulation = drive(apart(job("a")))
    simulation.advance(until="5s")
    simulation.submit({**SUBMIT, "jobQueue": "third"}, run="60s")
    result = simulation.finish()
    assert same(result, batchsim.run(result.scenario))
    assert same(result, batchsim.run(apart(job("a"), job("late", at="5s", on="third"))))


def test_a_raised_maximum_opens_the_gate_at_once(drive):
    simulation = drive(scenario(job("a", size=4), environments=[environment(maxvCpus=1)]))
    simulation.advance(until="10s")
    simulation.update("hosts.maxvCpus", 3)
    assert list(starts(simulation.finish()).values()) == [0, 10, 10, 60]


def test_a_lowered_maximum_ends_nothing_that_runs(drive):
    simulation = drive(scenario(job("a", size=4), environments=[environment(maxvCpus=3)]))
    simulation.advance(until="10s")
    simulation.update("hosts.maxvCpus", 1)
    result = simulation.finish()
    assert set(column(result, "state").values()) == {"SUCCEEDED"}
    assert len(result.instances) == 3


def test_a_raised_minimum_launches_without_demand_and_a_lowered_one_lets_go(drive):
    idle = {"scale_up_delay": "5s", "scale_down_idle": "60s"}
    simulation = drive(scenario(job("a", "10s", at="10m"), environments=[environment()], world=idle))
    simulation.advance(until="60s")
    simulation.update("hosts.minvCpus", 2)
    simulation.advance(until="5m")
    assert simulation.snapshot().environments["hosts"].running_vcpus == 2
    simulation.update("hosts.minvCpus", 0)
    simulation.advance(until="9m")
    assert simulation.snapshot().environments["hosts"].desired_vcpus == 0
    assert launched(simulation.finish()) == ["box.1"] * 3


def test_queues_change_places_with_their_priorities(drive):
    queues = [queue("one", priority=2), queue("two", priority=1)]
    work = [job("busy", "10s", on="one"), job("a", "10s", on="one", count=2), job("b", "10s", on="two", count=2)]
    simulation = drive(scenario(*work, queues=queues))
    simulation.advance(until="15s")
    simulation.update("two.priority", 3)
    assert list(starts(simulation.finish())) == ["busy", "a@0", "b@0", "b@1", "a@1"]


def test_an_environment_switched_off_hands_its_head_to_the_next(drive):
    slow = {"instance_boot": "60s"}
    simulation = drive(scenario(job("a"), environments=[environment("first"), fixed(1, "second")], world=slow))
    simulation.advance(until="10s")
    simulation.update("first.state", "DISABLED")
    assert starts(simulation.finish()) == {"a": 10}


@pytest.mark.parametrize(
    "call",
    [
        lambda simulation: simulation.update("hosts.maxvCpus", -1),
        lambda simulation: simulation.update("hosts.color", 1),
        lambda simulation: simulation.cancel("nobody"),
        lambda simulation: simulation.reclaim("hosts", 0),
        lambda simulation: simulation.reclaim("nowhere", 0),
    ],
)
def test_a_wrong_call_is_refused(call, drive):
    with pytest.raises(batchsim.SimulationError):
        call(drive(scenario(job("a"))))


def test_a_reclaim_by_call_strikes_now(drive):
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    simulation = drive(scenario(job("a", attempts=2), environments=[spot]))
    simulation.advance(until="20s")
    simulation.reclaim("spot", 0)
    assert ends(simulation.finish()) == {"a": 80}


def test_the_notice_of_a_reclaim_by_call_does_not_come_before_the_call(drive):
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT_PROGRESSIVE")
    calls = {"notice": "8s", "spot_drain": True}
    work = [job("a", "60s", at="5s", attempts=2, on_sigterm="exit_nonzero"), job("b", "60s", at="300s")]
    simulation = drive(scenario(*work, environments=[spot], world=calls))
    simulation.advance(until="20s")
    simulation.reclaim("spot", 0)
    result = simulation.finish()
    assert result.instances["notice_at_s"].tolist()[0] == 20
    assert result.attempts["ended_at_s"].tolist()[0] == 20


def test_a_run_is_over_when_nothing_would_happen_any_more(drive):
    simulation = drive(scenario(job("a", "10s")))
    assert not simulation.is_over
    simulation.advance(until="1h")
    assert simulation.is_over
    simulation.submit(SUBMIT, run="10s")
    assert not simulation.is_over


def test_the_state_of_each_job_is_told_by_its_id(drive):
    simulation = drive(scenario(job("a", "10s", size=2), job("b", "10s", at="90s")))
    simulation.advance(until="5s")
    assert simulation.job_states() == {"a:0": "RUNNING", "a:1": "RUNNABLE"}


def test_a_container_that_fails_to_start_is_never_shown_as_running(drive):
    simulation = drive(scenario(job("a", attempts=2), world={"start_failure": 1, "retry_delay": "1s"}))
    simulation.advance(until=1)
    assert simulation.job_states() == {"a": "STARTING"}
