"""``batchsim explain`` and ``batchsim show`` as a user runs them, on sound folders and on hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import pytest
from typer.testing import CliRunner, Result

import batchsim
from batchsim.cli.app import app
from tests.explain.test_stories import FULL

FIELDS = {"jobArn", "jobName", "jobId", "jobQueue", "status", "attempts", "createdAt", "container", "dependsOn"}
HARMFUL = {
    "jobs.csv": "job_id\n1\n",
    "attempts.csv": "\x00\x01",
    "timeline.csv": "queue,share,at_s\nq,,x\n",
    "summary.json": '{"jobs": {}, "cost": {}, "latency": {}}',
    "scenario.resolved.yaml": "computeEnvironments: 7",
    "submissions.csv": "job_id,entry\na,a\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with its events."""
    out = tmp_path_factory.mktemp("run") / "out"
    batchsim.run(batchsim.loads(FULL, "full.yaml"), seed=7).write(out, events=True)
    return out


def call(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_explain_without_a_name_tells_of_the_whole_run(folder: Path) -> None:
    told = call("explain", folder)
    assert told.exit_code == 0
    assert all(words in told.stdout for words in ("Slowest jobs", "Dominant reason", "Largest cost cause"))
    assert max(map(len, told.stdout.splitlines()[:-1])) <= 80


@pytest.mark.parametrize("name", ["a:3", "a", "b"])
def test_explain_a_job_prints_what_the_result_says(folder: Path, name: str) -> None:
    told = batchsim.run(batchsim.loads(FULL, "full.yaml"), seed=7).explain(name)
    assert call("explain", folder, name).stdout == f"{told}\n"


def test_explain_as_json_is_the_same_as_values(folder: Path) -> None:
    told = json.loads(call("explain", folder, "a:3", "--format", "json").stdout)
    assert told["job"] == "a:3"
    assert [step["end_s"] for step in told["steps"]][:-1] == [step["start_s"] for step in told["steps"]][1:]


def test_slowest_and_queue_answer_as_json(folder: Path) -> None:
    assert len(json.loads(call("explain", folder, "--slowest", 3, "--format", "json").stdout)) == 3
    assert json.loads(call("explain", folder, "--queue", "etl", "--format", "json").stdout)["queue"] == "etl"


def test_two_rows_of_one_job_are_exit_4_and_one_line(folder: Path, tmp_path: Path) -> None:
    twice = copytree(folder, tmp_path / "twice")
    jobs = (twice / "jobs.csv").read_text()
    (twice / "jobs.csv").write_text(jobs + jobs.splitlines()[1] + "\n")
    told = call("explain", twice, "--queue", "etl")
    assert (told.exit_code, len(told.stderr.splitlines())) == (4, 1)
    assert "two rows have one id" in told.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "aa"), "Did you mean a?"),
        (("explain", "a:9"), "indices 0 to 3"),
        (("explain", "--queue", "elt"), "Did you mean etl?"),
        (("show", "bb"), "Did you mean b?"),
        (("show", "--status", "FAILD"), "Did you mean FAILED?"),
        (("show", "--queue", "elt"), "Did you mean etl?"),
        (("explain", "\x1b[31mred\n"), r"\x1b"),
    ],
)
def test_an_unknown_name_is_exit_2_and_one_line(folder: Path, words: tuple[str, ...], said: str) -> None:
    told = call(words[0], folder, *words[1:])
    assert told.exit_code == 2
    assert said in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert "\x1b" not in told.stderr


def test_two_questions_at_once_are_refused(folder: Path) -> None:
    assert call("explain", folder, "a", "--slowest", 1).exit_code == 2
    assert call("show", folder, "a", "--status", "FAILED").exit_code == 2


def test_show_has_the_shape_of_describe_jobs(folder: Path) -> None:
    [job] = json.loads(call("show", folder, "b").stdout)["jobs"]
    assert set(job) >= FIELDS
    assert job["attempts"][0]["container"]["logStreamName"].startswith("d/default/")
    states = [each["status"] for each in job["batchsim"]["transitions"]]
    assert states == ["SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    assert job["createdAt"] <= job["startedAt"] <= job["stoppedAt"]


def test_show_an_array_counts_its_children(folder: Path) -> None:
    [job] = json.loads(call("show", folder, "a").stdout)["jobs"]
    assert job["arrayProperties"]["size"] == 4
    assert job["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 4


def test_ids_and_transitions_are_those_of_the_events(folder: Path) -> None:
    events = [json.loads(line)["detail"] for line in (folder / "events.jsonl").read_text().splitlines()]
    for name in ("b", "a:2"):
        [job] = json.loads(call("show", folder, name).stdout)["jobs"]
        mine = [event for event in events if event["batchsim"]["jobId"] == name]
        assert {event["jobId"] for event in mine} == {job["jobId"]}
        told = [(event["status"], event["batchsim"]["at"]) for event in mine]
        assert [(each["status"], each["at"]) for each in job["batchsim"]["transitions"][1:]] == told
        assert job["dependsOn"] == mine[0]["dependsOn"]


def test_a_list_is_filtered_by_status_and_queue(folder: Path) -> None:
    listed = json.loads(call("show", folder, "--status", "succeeded", "--queue", "etl", "--format", "json").stdout)
    assert [each["batchsim"]["jobId"] for each in listed["jobSummaryList"]] == ["a:0", "a:1", "a:2", "a:3", "b"]
    assert call("show", folder, "--status", "FAILED").stdout == "no such jobs\n"


@pytest.mark.parametrize("file", HARMFUL)
@pytest.mark.parametrize("words", [("explain",), ("explain", "b"), ("explain", "--queue", "etl"), ("show", "b")])
def test_a_hostile_folder_is_told_in_a_line_never_a_traceback(
    folder: Path, tmp_path: Path, file: str, words: tuple[str, ...]
) -> None:
    for each in folder.iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    (tmp_path / file).write_text(HARMFUL[file])
    told = call(words[0], tmp_path, *words[1:])
    assert told.exit_code in (0, 2, 4)
    assert "bug in batchsim" not in told.stderr
    assert len(told.stderr.splitlines()) <= 1


@pytest.mark.parametrize("words", [("explain",), ("explain", "b"), ("explain", "--queue", "etl"), ("show", "b")])
@pytest.mark.parametrize(
    ("column", "cell"), [("cost_usd", "abc"), ("created_at_s", "inf"), ("due_at_s", "9" * 23), ("attempts", "1.5")]
)
def test_a_cell_that_cannot_be_reckoned_with_is_exit_4_and_told_with_its_place(
    folder: Path, tmp_path: Path, words: tuple[str, ...], column: str, cell: str
) -> None:
    damaged = copytree(folder, tmp_path / "damaged")
    header, row, *rest = (damaged / "jobs.csv").read_text().splitlines()
    cells = dict(zip(header.split(","), row.split(","), strict=True)) | {column: cell}
    (damaged / "jobs.csv").write_text("\n".join([header, ",".join(cells.values()), *rest]) + "\n")
    told = call(words[0], damaged, *words[1:])
    assert (told.exit_code, told.stdout, len(told.stderr.splitlines())) == (4, "", 1)
    assert f"table jobs, row 2 (a:0), column {column}: " in told.stderr


def test_what_is_no_folder_is_exit_4(tmp_path: Path) -> None:
    for verb in ("explain", "show"):
        told = call(verb, tmp_path / "nowhere")
        assert (told.exit_code, len(told.stderr.splitlines())) == (4, 1)
