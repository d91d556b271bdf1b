"""Laws wherever time is drawn: run times, failures, delays of the cloud, overheads; by name, by file, by mixture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenario_builder import column, fixed, job, scenario, scenario_data

import batchsim
from batchsim import ScenarioError
from batchsim.formats import scenario_yaml
from batchsim.formats.yaml_writer import write_yaml
from batchsim.spec import to_data

RUNS = {"empirical": ["10s", "20s", "40s"]}


def written(folder: Path, *entries: dict[str, Any], **keys: Any) -> Path:
    """A scenario in a file, beside a history of three runs."""
    (folder / "history.csv").write_text("job,run_s\na,10\nb,20\nc,40\n")
    (folder / "night.yaml").write_text(write_yaml(scenario_data(*entries, environments=[fixed(4)], **keys)))
    return folder / "night.yaml"


def test_jobs_run_as_long_as_those_of_a_sample_did(simulate: Any) -> None:
    result = simulate(scenario(job("a", RUNS, size=60), environments=[fixed(4)]))
    assert set(result.jobs.work_s) == {10, 20, 40}


def test_a_sample_in_a_file_is_the_sample(tmp_path: Path, simulate: Any) -> None:
    law = {"empirical": {"file": "history.csv", "column": "run_s"}}
    path = written(tmp_path, job("a", law, size=60))
    beside = scenario(job("a", RUNS, size=60), environments=[fixed(4)])
    assert simulate(path).jobs.equals(simulate(beside).jobs)


def test_a_scenario_keeps_the_name_of_its_sample_not_the_values(tmp_path: Path) -> None:
    law = {"empirical": {"file": "history.csv", "column": "run_s", "unit": "s"}}
    result = batchsim.run(written(tmp_path, job("a", law, size=3)), seed=1)
    assert to_data(result.scenario)["workload"][0]["run"] == law
    again = scenario_yaml.loads(scenario_yaml.dump(result.scenario), "again.yaml")
    assert to_data(again) == to_data(result.scenario)


def test_a_sample_can_be_part_of_a_mixture_and_delay_the_cloud(tmp_path: Path, simulate: Any) -> None:
    law = {"mixture": [{"weight": 1, "empirical": {"file": "history.csv", "column": "run_s"}}]}
    path = written(tmp_path, job("a", "60s", size=40), world={"warm_start": law})
    attempts = simulate(path).attempts
    assert set(attempts.running_at_s - attempts.pulled_at_s) == {10, 20, 40}


def test_a_bad_sample_is_found_at_its_law(tmp_path: Path) -> None:
    law = {"mixture": [{"weight": 1, "constant": "5s"}, {"weight": 1, "empirical": {"file": "x.csv", "column": "c"}}]}
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(written(tmp_path, job("a", law)))
    (problem,) = caught.value.problems
    assert (problem.code, problem.path[-4:]) == ("E100", ("mixture", 1, "empirical", "file"))
    assert problem.line > 1


def test_a_bad_cell_of_a_sample_is_found_in_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, job("a", {"empirical": {"file": "history.csv", "column": "job"}}))
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(path)
    assert [(Path(each.file).name, each.line) for each in caught.value.problems] == [
        ("history.csv", n) for n in (2, 3, 4)
    ]


def test_a_job_submitted_by_hand_may_take_its_law_from_a_file(tmp_path: Path) -> None:
    simulation = batchsim.Simulation(written(tmp_path, job("a", "10s")), seed=1)
    law = {"empirical": {"file": "history.csv", "column": "run_s"}}
    simulation.submit({"jobName": "b", "jobQueue": "queue", "jobDefinition": "job"}, run=law)
    assert column(simulation.finish(), "work_s")["b"] in (10, 20, 40)


def test_a_failure_strikes_at_a_time_of_its_law(simulate: Any) -> None:
    after = {"triangular": {"min": "5s", "mode": "5s", "max": "9s"}}
    fails = [{"probability": 1, "after": after}]
    result = simulate(scenario(job("a", "60s", size=40, fails=fails), environments=[fixed(4)]))
    ran = result.attempts.ended_at_s - result.attempts.running_at_s
    assert 5 <= ran.min() < ran.mean() < 7 < ran.max() <= 9


def test_a_data_sets_overhead_has_a_law(simulate: Any) -> None:
    data = {"name": "d", "size": "40MB", "partitions": 40, "throughput": "1MB/s", "overhead": RUNS}
    result = simulate(scenario(job("a", {"dataset": "d"}), environments=[fixed(4)], datasets=[data]))
    assert set(result.jobs.work_s) == {11, 21, 41}


def test_another_entry_shifts_nobodys_draws(simulate: Any) -> None:
    law = {
        "mixture": [
            {"weight": 2, "gamma": {"mean": "1m", "cv": 0.5}},
            {"weight": 1, "weibull": {"mean": "9s", "cv": 1}},
        ]
    }
    alone = simulate(scenario(job("a", law, size=30), environments=[fixed(4)]))
    both = simulate(scenario(job("b", law, size=9), job("a", law, size=30), environments=[fixed(4)]))
    assert alone.jobs.work_s.tolist() == both.jobs.work_s[both.jobs.entry == "a"].tolist()


def test_work_comes_at_the_rate_of_the_hour(simulate: Any) -> None:
    at = {"rates_by_hour": [0] * 9 + [40, "1/min"] + [0] * 13, "for": "1d"}
    settings = {"start": "2026-06-01T00:00:00", "time_zone": "UTC"}
    jobs = simulate(scenario(job("a", "1s", at=at), environments=[fixed(1)], simulation=settings)).jobs
    by_hour = (jobs.due_at_s // 3600).value_counts()
    assert set(by_hour.index) == {9, 10}
    assert 20 < by_hour[9] < by_hour[10] < 90


def test_a_workflow_can_come_by_the_hour_and_is_written_as_it_was_read(simulate: Any) -> None:
    at = {"rates_by_hour": [6] * 168, "for": "2h", "start": "30m"}
    flow = {"id": "w", "at": at, "workflow": [job("a", "1s"), job("b", "1s", needs=["a"])]}
    made = scenario(flow, environments=[fixed(1)])
    assert scenario_yaml.loads(scenario_yaml.dump(made), "again.yaml").workload == made.workload
    jobs = simulate(made).jobs
    assert jobs.due_at_s.min() >= 1800
    assert (jobs.entry == "a").sum() == (jobs.entry == "b").sum() > 4


def test_too_many_arrivals_are_refused_before_they_fill_the_memory() -> None:
    at = {"rates_by_hour": ["1000000/s"] * 24, "for": "30d"}
    with pytest.raises(ScenarioError) as caught:
        batchsim.run(scenario(job("a", "1s", at=at)))
    assert [problem.code for problem in caught.value.problems] == ["E151"]
