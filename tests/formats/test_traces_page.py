"""The example of docs/traces.md runs as the page says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from scenario_builder import definition, environment, scenario_data

import batchsim
from batchsim.spec.workload import Trace

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "traces.md").read_text(encoding="utf-8")


@pytest.fixture
def page(tmp_path):
    """The example's run: its history and its workload, on a warm fleet."""
    example = PAGE.split("<!-- example -->")[1].split("<!-- /example -->")[0]
    history, workload = (example.split(f"```{kind}\n")[1].split("```")[0] for kind in ("csv", "yaml"))
    (tmp_path / "history.csv").write_text(history)
    hosts = environment("hosts", ["box.16"], minvCpus=16, maxvCpus=16)
    data = scenario_data(environments=[hosts], definitions=[definition("step")])
    data["workload"] = yaml.safe_load(workload)["workload"]
    data["jobQueues"][0]["jobQueueName"] = "work"
    (tmp_path / "night.yaml").write_text(yaml.safe_dump(data))
    return batchsim.load(tmp_path / "night.yaml")


def test_the_pages_history_is_three_jobs_with_their_attempts(page):
    result = batchsim.run(page, seed=1)
    assert result.jobs.work_s.tolist() == [340, 100, 1210]
    assert result.jobs.attempts.tolist() == [2, 1, 1]
    assert result.attempts.query("job_id == 'recorded@0'").exit_code.tolist() == [137, 0]
    assert result.jobs.due_at_s.tolist() == [0, 5, 240]
    assert (result.jobs.state == "SUCCEEDED").all()


def test_every_column_is_on_the_page():
    from batchsim.spec.firing import TRACE_COLUMNS

    assert all(f"`{name}`" in PAGE for name in TRACE_COLUMNS)


def test_a_trace_is_written_back_as_it_was_read(page):
    from batchsim.spec.dump import to_data
    from batchsim.spec.parsing import parse

    again = parse(to_data(page))
    assert isinstance(again.workload[0].at, Trace)
    assert again.workload[0].at == page.workload[0].at
