"""What explanations say: why, with figures, behind whom, until what; of jobs, arrays, instances, queues, whole runs."""

from __future__ import annotations

import pytest
from conftest import Simulate

from batchsim import Result, Simulation, loads
from batchsim.analysis.explain import Explanation, Step
from batchsim.errors import UnknownNameError
from batchsim.report.explain import digest_text, queue_text

FULL = """
name: full
computeEnvironments:
  - computeEnvironmentName: ondemand
    type: MANAGED
    computeResources: {type: EC2, minvCpus: 4, maxvCpus: 4, instanceTypes: [m5.xlarge], subnets: [s-1],
                       securityGroupIds: [sg], instanceRole: role}
jobQueues:
  - {jobQueueName: etl, priority: 1, computeEnvironmentOrder: [{order: 1, computeEnvironment: ondemand}]}
jobDefinitions:
  - jobDefinitionName: d
    type: container
    containerProperties: {image: i, resourceRequirements: [{type: VCPU, value: "2"}, {type: MEMORY, value: "2048"}]}
workload:
  - {id: a, submit: {jobName: a, jobQueue: etl, jobDefinition: d, arrayProperties: {size: 4}}, at: 0s, run: 100s}
  - {id: b, submit: {jobName: b, jobQueue: etl, jobDefinition: d, dependsOn: [{jobId: a}]}, at: 5s, run: 10s}
world: {warm_start: 0s, new_image: 0s, slow_pull_probability: 0, scheduler_cycle: 1s, scale_up_delay: 10s}
"""


def of_reason(told: Explanation, reason: str) -> Step:
    """The first step with a reason."""
    return next(step for step in told.steps if step.reason == reason)


@pytest.fixture
def full(simulate: Simulate) -> Result:
    """Four jobs of 2 vCPU on one instance of 4, which is all that maxvCpus allows, and one that waits for them."""
    return simulate(FULL)


def test_a_wait_names_the_environment_and_its_vcpus_of_maxvcpus(full: Result) -> None:
    assert "`ondemand` at maxvCpus (4 of 4)" in of_reason(full.explain("a:3"), "max_vcpus").text


def test_a_wait_names_who_stood_first_and_how_many_did(full: Result) -> None:
    assert of_reason(full.explain("a:3"), "max_vcpus").text.startswith("behind 1 job of `etl`, `a:2` first")


def test_what_ended_a_wait_is_the_room_that_came_free(full: Result) -> None:
    assert of_reason(full.explain("a:2"), "max_vcpus").until.startswith("an m5.xlarge freed 2 vCPU")


def test_a_dependency_names_the_job_and_how_it_ended(full: Result) -> None:
    step = of_reason(full.explain("b"), "dependency")
    assert (step.state, step.text, step.until) == ("PENDING", "waits for `a` to end", "`a` SUCCEEDED")


def test_an_array_is_told_by_the_child_that_ended_last(full: Result) -> None:
    told = full.explain("a")
    assert told.kind == "array"
    assert told.steps == full.explain("a:2").steps
    assert "an array of 4 jobs (4 SUCCEEDED)" in told.headline


def test_an_instance_says_why_it_came_what_it_ran_and_why_it_went(full: Result) -> None:
    told = full.explain(full.instances["instance"].iloc[0])
    assert "as the capacity that the environment starts with" in told.headline or "minvCpus" in told.headline
    assert "it still ran as the run ended" in told.headline
    assert sum(step.length_s for step in told.steps) == pytest.approx(full.horizon_s)
    assert any("It ran 5 attempts" in note for note in told.notes)


def test_an_instances_causes_sum_to_its_bill(full: Result) -> None:
    costs, instance = full.costs, full.instances["instance"].iloc[0]
    told = " ".join(full.explain(instance).notes)
    largest = costs[costs["instance"] == instance].groupby("cause", observed=True)["cost_usd"].sum().idxmax()
    assert f"Of that: {str(largest).replace('_', ' ')}" in told


def test_the_digest_names_slowest_job_dominant_reason_and_largest_cause(full: Result) -> None:
    text = digest_text(full.story.digest(), "out")
    slowest = full.jobs.sort_values("turnaround_s")["job_id"].iloc[-1]
    assert f"`{slowest}` SUCCEEDED" in text.split("Slowest jobs\n")[1].splitlines()[0]
    causes = full.summary()["cost"]["by_cause"]
    assert f"Largest cost cause: {max(causes, key=lambda cause: causes[cause]).replace('_', ' ')}" in text
    assert "Dominant reason" in text


def test_a_queues_waits_are_its_jobs_waits(full: Result) -> None:
    told = full.story.queue("etl")
    assert sum(told.waited_s.values()) == pytest.approx(full.jobs["wait_s"].sum())
    assert sum(sum(each.waited_s.values()) for each in told.stretches) == pytest.approx(full.jobs["wait_s"].sum())
    assert told.behind_s == pytest.approx(full.jobs["wait_behind_s"].sum())
    assert "environment at maxvCpus" in queue_text(told)


@pytest.mark.parametrize(
    ("name", "said"),
    [("aa", "Did you mean a?"), ("a:4", "indices 0 to 3"), ("b:0", "b is no array"), ("zzz", "in this run")],
)
def test_an_unknown_name_is_told_in_one_line(full: Result, name: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said.replace("?", r"\?")) as error:
        full.explain(name)
    assert "\n" not in str(error.value)


def test_a_retry_says_how_the_attempt_before_it_ended(simulate: Simulate) -> None:
    twice = FULL.replace("run: 10s}", "run: {script: [{run: 5s, exit: 3}, {run: 5s}]}}").replace(
        "type: container\n", "type: container\n    retryStrategy: {attempts: 2}\n"
    )
    told = simulate(twice + "\n").explain("b")
    runs = [step for step in told.steps if step.state == "RUNNING"]
    assert [step.part for step in runs] == ["earlier_running", "last_running"]
    assert runs[0].until.startswith("failed, exit code 3")


def test_a_raised_maximum_is_what_ended_the_wait_for_it(simulate: Simulate) -> None:
    raised = FULL + "actions: [{at: 50s, set: ondemand.maxvCpus, to: 8}]\n"
    step = of_reason(simulate(raised).explain("a:2"), "max_vcpus")
    assert step.until == "maxvCpus of `ondemand` set to 8"
    assert step.end_s == 50.0


def test_str_fits_80_columns_and_escapes_what_would_steer_a_terminal(full: Result) -> None:
    lines = str(full.explain("a:3")).splitlines()
    assert max(map(len, lines)) <= 80
    evil = Explanation("x", "`\x1b[31mx` ran", (Step(0, 1, "RUNNING", "running", "\x1b]0;owned\x07"),))
    assert "\x1b" not in str(evil)


def test_a_change_by_a_call_is_told_as_one_of_the_file_is() -> None:
    driven = Simulation(loads(FULL, "full.yaml"), seed=1)
    driven.advance(until="50s")
    driven.update("ondemand.maxvCpus", 8)
    step = of_reason(driven.finish().explain("a:2"), "max_vcpus")
    assert (step.until, step.end_s) == ("maxvCpus of `ondemand` set to 8", 50.0)
