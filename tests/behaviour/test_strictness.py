"""What is refused before the clock starts, or at a call, rather than left to wait for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scenario_builder import environment, fixed, job, queue, scenario, scenario_data

import batchsim
from batchsim.spec import parse


def codes(call, *arguments, **keys) -> list[str]:
    with pytest.raises(batchsim.ScenarioError) as caught:
        call(*arguments, **keys)
    return [problem.code for problem in caught.value.problems]


def request(simulation: batchsim.Simulation, name: str, **keys) -> dict:
    """A SubmitJob call like that of the scenario's first entry."""
    like = simulation.scenario.workload[0].submit.jobDefinition
    return {"jobName": name, "jobQueue": "queue", "jobDefinition": like, **keys}


def test_a_call_for_a_job_that_nothing_holds_is_refused(drive):
    simulation = drive(scenario(job("a"), environments=[fixed(4)]))
    big = {"resourceRequirements": [{"type": "VCPU", "value": "16"}]}
    assert codes(simulation.submit, request(simulation, "big", containerOverrides=big)) == ["E132"]


def test_a_call_that_depends_on_one_child_of_an_array_is_refused(drive):
    simulation = drive(scenario(job("a", size=3), environments=[fixed(4)]))
    assert codes(simulation.submit, request(simulation, "d", dependsOn=[{"jobId": "a:0"}])) == ["E126"]


def test_whether_an_action_is_valid_does_not_hang_on_the_seed(simulate):
    rare = job("rare", at={"poisson": "1/h", "for": "1s"})
    result = simulate(
        scenario(rare, job("a"), actions=[{"at": "5s", "cancel": "rare"}, {"at": "6s", "cancel": "rare@3"}])
    )
    assert result.jobs.state.tolist() == ["SUCCEEDED"]


def test_an_action_on_a_job_of_nobody_is_an_error():
    data = scenario_data(job("a"), actions=[{"at": "5s", "cancel": "nobody"}])
    assert set(codes(lambda: batchsim.Simulation(parse(data), seed=1))) <= {"E122", "E126"}


def test_failures_to_start_that_never_count_cannot_be_certain():
    endless = {"start_failure": 1, "count_start_failures": False}
    assert codes(batchsim.run, scenario(job("a"), world=endless), seed=1) == ["E144"]


@pytest.mark.parametrize(("vcpus", "memory", "code"), [(0.5, 100, "E130"), (64, 100, "E132"), (1, 2, "E131")])
def test_a_trace_row_that_nothing_could_run_is_told_before_the_clock_starts(tmp_path: Path, vcpus, memory, code):
    (tmp_path / "trace.csv").write_text(f"t,run,cpu,mem\n0,10,1,100\n5,10,{vcpus},{memory}\n")
    columns = {"submission": "t", "run_time": {"column": "run", "unit": "s"}, "vcpus": "cpu", "memory": "mem"}
    traced = job("a", at={"trace": "trace.csv", "columns": columns})
    del traced["run"]
    (tmp_path / "traced.json").write_text(json.dumps(scenario_data(traced)))
    assert codes(batchsim.run, tmp_path / "traced.json", seed=1) == [code]


def test_best_fit_on_spot_goes_on_to_another_zone_of_its_type(simulate):
    spot = environment("spot", type="SPOT", allocationStrategy="BEST_FIT", subnets=["s1", "s2"], maxvCpus=4)
    result = simulate(
        scenario(job("a", size=2), environments=[spot], world={"spot_depth": 1, "ce_backoff": "1h"}), seed=3
    )
    assert set(result.instances.zone) <= {"us-east-1a", "us-east-1b"}
    assert len(set(result.instances.zone)) == len(result.instances)


def test_a_used_environment_in_front_shifts_nobodys_boot_delays(simulate):
    laws = {"agent_register": {"lognormal": {"median": "78s", "sigma": 0.4}}}
    queues = [queue("one", "od"), queue("two", "other")]
    places = [environment("od"), environment("other")]
    alone = simulate(scenario(job("a", size=3, on="one"), environments=places, queues=queues, world=laws))
    work = [job("z", on="two"), job("a", size=3, on="one")]
    beside = simulate(scenario(*work, environments=places, queues=queues, world=laws))
    ready = [result.instances.set_index("environment").ready_at_s.loc["od"].tolist() for result in (alone, beside)]
    assert ready[0] == ready[1]
