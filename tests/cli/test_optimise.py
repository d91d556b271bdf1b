"""``batchsim optimise``: what it prints, writes and answers, and what it says of wrong input."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from experiments.small import night
from typer.testing import Result

from batchsim.cli.optimise_progress import SearchProgress
from batchsim.formats import scenario_yaml

Command = Callable[..., Result]
SMALL = ("--trials", "4", "--replications", "2", "--first", "1", "--fresh", "2")
ASKED = ("--minimise", "cost_usd", "--over", "spot.maxvCpus=2..8", *SMALL)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "night.yaml").write_text(scenario_yaml.dump(night()))
    return "night.yaml"


def test_it_prints_the_best_point_and_what_it_is_worth(batchsim: Command, file: str) -> None:
    done = batchsim("optimise", file, *ASKED, "--subject-to", "P(ready_at < 2h) >= 0.5")
    assert done.exit_code == 0
    for told in ("The least cost_usd of those that meet P(ready_at_s < 2h) >= 0.5: spot.maxvCpus=", "On fresh seeds",
                 "Constraints on fresh seeds", "Points, the longest in the race first", "Notes"):  # fmt: skip
        assert told in " ".join(done.stdout.split())


def test_where_the_answer_is_no_the_exit_code_says_so(batchsim: Command, file: str) -> None:
    done = batchsim("optimise", file, *ASKED, "--subject-to", "P(ready_at < 1m) >= 0.9")
    assert (done.exit_code, "no point meets the constraints" in done.stderr) == (1, True)
    assert "The nearest is spot.maxvCpus=" in done.stdout


def test_the_same_command_again_answers_from_the_store(batchsim: Command, file: str) -> None:
    first, again = batchsim("optimise", file, *ASKED), batchsim("optimise", file, *ASKED)
    assert again.stdout == first.stdout
    listed = batchsim("studies").stdout
    assert "/fresh" in listed


def test_csv_has_the_points_json_the_answer_and_the_folder_all_of_it(
    batchsim: Command, file: str, tmp_path: Path
) -> None:
    rows = list(csv.DictReader(io.StringIO(batchsim("optimise", file, *ASKED, "--format", "csv").stdout)))
    page = json.loads(batchsim("optimise", file, *ASKED, "--format", "json", "--out", "out").stdout)
    assert [row["point"] for row in rows] == [str(row["point"]) for row in page["trials"]]
    assert page == json.loads((tmp_path / "out" / "optimisation.json").read_text())
    names = {"front.csv", "optimisation.json", "report.html", "trials.csv", "winner.csv"}
    scenarios = {"variant-0.resolved.yaml", "variant-1.resolved.yaml"}
    assert {each.name for each in (tmp_path / "out").iterdir()} == names | scenarios
    winner = scenario_yaml.load(tmp_path / "out" / "variant-1.resolved.yaml")
    assert (
        winner.computeEnvironments[0].computeResources.maxvCpus
        == page["trials"][page["chosen"][0]]["settings"]["spot.maxvCpus"]
    )
    refused = batchsim("optimise", file, *ASKED, "--out", "out")
    assert (refused.exit_code, "E180" in refused.stderr) == (4, True)
    assert batchsim("optimise", file, *ASKED, "--out", "out", "--force").exit_code == 0


def test_a_study_file_asks_the_same_and_options_replace_its_values(
    batchsim: Command, file: str, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(
        f"scenario: {file}\nname: mine\nover: {{spot.maxvCpus: 2..8}}\nmaximise: [jobs_per_h]\nminimise: cost_usd\n"
        "subject_to: P(ready_at < 2h) >= 0.5\ntrials: 9\n"
    )
    page = json.loads(batchsim("optimise", "study.yaml", *SMALL, "--format", "json").stdout)
    assert (page["optimisation"]["name"], page["optimisation"]["points"]) == ("mine", 4)
    assert [(each["goal"], each["metric"]) for each in page["objectives"]] == [
        ("minimise", "cost_usd"), ("maximise", "jobs_per_h"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "nothing to choose from"),
        (("--over", "spot.maxvCpus=2..8"), 2, "nothing to minimise or maximise"),
        (("--minimise", "cost_us", "--over", "spot.maxvCpus=2..8"), 2, "Did you mean cost_usd"),
        (("--minimise", "cost", "--over", "spot.maxvCpu=2..8"), 2, "Did you mean spot.maxvCpus"),
        (("--minimise", "cost", "--over", "spot.maxvCpus"), 2, "is not PATH=VALUES"),
        (("--minimise", "cost", "--over", "spot.maxvCpus=8..2"), 2, "to is not more than from"),
        (("--minimise", "cost", "--over", "spot.maxvCpus=2..8s"), 2, "in another unit than from"),
        (("--minimise", "cost", "--over", "spot.maxvCpus=-1..8"), 2, "E137"),
        ((*ASKED, "--over", "spot.maxvCpus=2,4"), 2, "is given twice"),
        ((*ASKED, "--over", "maxvCpus=2,4"), 2, "over.maxvCpus: varies already as spot.maxvCpus"),
        ((*ASKED, "--subject-to", "makespan"), 2, "write it as in 'P(makespan < 6h) >= 0.95'"),
        ((*ASKED, "--subject-to", "P(makespan < 6h) >= 95"), 2, "between 0 and 1"),
        ((*ASKED, "--subject-to", "P(makespam < 6h) >= 0.95"), 2, "Did you mean makespan"),
        ((*ASKED, "--max-runs", "4"), 2, "E195"),
        ((*ASKED, "--risk", "0.9"), 2, "--risk"),
        ((*ASKED, "--force"), 2, "--out DIR"),
        ((*ASKED, "--store", "none/s"), 4, "E193"),
        ((*ASKED, "--store", "night.yaml"), 4, "E192"),
        ((*ASKED, "--storage", "nosql://somewhere"), 4, "the storage cannot be used"),
        ((*ASKED, "--storage", "postgresql://me:secret@127.0.0.1:1/none"), 4, "postgresql://me@127.0.0.1:1/none"),
    ],
)
def test_what_is_wrong_is_told_without_a_traceback(
    words: tuple[str, ...], code: int, told: str, batchsim: Command, file: str
) -> None:
    done = batchsim("optimise", file, *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_progress_tells_points_runs_rate_and_the_best_so_far(tmp_path: Path) -> None:
    progress = SearchProgress(tmp_path / "s.sqlite")
    progress.of(100)
    progress.phase("points 9 to 16")
    for _ in range(3):
        progress.ended(0, None)
    progress.leads((("spot.maxvCpus", 4),), "cost_usd $1.00")
    assert progress.line().startswith("points 9 to 16: 3 runs, 3 failed, ")
    assert "left at most" in progress.line()
    assert progress.line().endswith("; best so far cost_usd $1.00 (spot.maxvCpus=4)")
