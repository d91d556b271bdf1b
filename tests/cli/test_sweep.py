"""``batchsim sweep`` and ``batchsim studies``: what they print, write and answer."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from experiments.small import night
from typer.testing import Result

from batchsim.cli.sweep_progress import Progress
from batchsim.cli.vary import parse_vary
from batchsim.experiments.store import Store
from batchsim.experiments.study_runs import Runs
from batchsim.formats import scenario_yaml

Command = Callable[..., Result]
VARY = ("--vary", "spot.maxvCpus=2,4", "--vary", "world.market=calm,stormy", "--replications", "2")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "night.yaml").write_text(scenario_yaml.dump(night()))
    return "night.yaml"


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        ("a.b=256,512", "a.b", [256, 512]),
        ("a=[x, y],[z]", "a", [["x", "y"], ["z"]]),
        ("a=[x, y]", "a", [["x", "y"]]),
        ("a='1,2',true,60s", "a", ["1,2", True, "60s"]),
        ("a={from: 1, to: 9, step: 2}", "a", {"from": 1, "to": 9, "step": 2}),
        ("a={uniform: {low: 1s, high: 2s}}", "a", {"uniform": {"low": "1s", "high": "2s"}}),
        ("a={constant: 60s},{constant: 90s}", "a", [{"constant": "60s"}, {"constant": "90s"}]),
    ],
)
def test_what_varies_is_read_as_yaml_with_commas_between(text: str, path: str, values: object) -> None:
    assert parse_vary(text) == (path, values)


def test_a_sweep_prints_the_front_and_what_matters(batchsim: Command, file: str) -> None:
    done = batchsim("sweep", file, *VARY)
    assert done.exit_code == 0
    for told in ("4 points, 2 replications of seed 1", "Pareto front", "Which knob matters", "Main effects", "Notes"):
        assert told in done.stdout


def test_the_same_command_again_answers_from_the_store(batchsim: Command, file: str) -> None:
    first, again = batchsim("sweep", file, *VARY), batchsim("sweep", file, *VARY)
    assert again.stdout == first.stdout
    assert "8 runs of 4 points; 8 are done, in batchsim-studies.sqlite" in again.stderr


def test_csv_is_the_tidy_table_and_json_is_study_json(batchsim: Command, file: str, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(batchsim("sweep", file, *VARY, "--format", "csv").stdout)))
    assert [(row["point"], row["replication"]) for row in rows] == [
        (str(p), str(r)) for p in range(4) for r in range(2)
    ]
    page = json.loads(batchsim("sweep", file, *VARY, "--format", "json", "--out", "out").stdout)
    assert page == json.loads((tmp_path / "out" / "study.json").read_text())
    names = {
        "levels.csv",
        "points.csv",
        "report.html",
        "runs.csv",
        "scenario.resolved.yaml",
        "shares.csv",
        "study.json",
        "thresholds.csv",
    }
    assert {each.name for each in (tmp_path / "out").iterdir()} == names


def test_the_folder_is_a_result_folder_that_force_replaces(batchsim: Command, file: str) -> None:
    assert batchsim("sweep", file, *VARY, "--out", "out").exit_code == 0
    refused = batchsim("sweep", file, *VARY, "--out", "out")
    assert (refused.exit_code, "E180" in refused.stderr) == (4, True)
    assert batchsim("sweep", file, *VARY, "--out", "out", "--force").exit_code == 0


def test_a_changed_scenario_is_refused(batchsim: Command, file: str, tmp_path: Path) -> None:
    assert batchsim("sweep", file, *VARY).exit_code == 0
    (tmp_path / file).write_text(scenario_yaml.dump(night(jobs=7)))
    done = batchsim("sweep", file, *VARY)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "E190" in done.stderr
    assert batchsim("sweep", file, *VARY, "--name", "seven jobs").exit_code == 0


def changed_in_store(statement: str) -> None:
    with closing(sqlite3.connect("batchsim-studies.sqlite", isolation_level=None)) as db:
        db.execute(statement)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE points SET settings = '[[\"spot.maxvCpus\", 99]]' WHERE point = 0", "point 0"),
        ("INSERT INTO points SELECT study, 4, settings, scenario_hash FROM points WHERE point = 3", "number of points"),
        ("DELETE FROM points WHERE point = 3", "number of points"),
    ],
)
def test_points_that_the_question_does_not_make_are_refused(
    statement: str, told: str, batchsim: Command, file: str
) -> None:
    assert batchsim("sweep", file, *VARY).exit_code == 0
    changed_in_store(statement)
    done = batchsim("sweep", file, *VARY)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"another {told}" in done.stderr
    assert "E190" in done.stderr


@pytest.mark.parametrize("settings", ["[]", '[["spot.minvCpus", 1], ["world.market", "calm"]]'])
def test_points_of_other_paths_than_vary_are_not_exported(settings: str, batchsim: Command, file: str) -> None:
    assert batchsim("sweep", file, *VARY, "--name", "n").exit_code == 0
    changed_in_store(f"UPDATE points SET settings = '{settings}' WHERE point = 1")  # noqa: S608 -- a test's own
    done = batchsim("studies", "n", "--export", "out.csv")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "point 1 has other paths than what varies in its study" in done.stderr


@pytest.mark.parametrize(
    "change", ["studies SET metrics = 'null'", "studies SET replications = 'many'", "runs SET measured = 'abc'"]
)
def test_a_damaged_store_is_one_line_whoever_reads_it(change: str, batchsim: Command, file: str) -> None:
    assert batchsim("sweep", file, *VARY, "--name", "n").exit_code == 0
    changed_in_store(f"UPDATE {change}")
    asked = [("sweep", file, *VARY, "--name", "n"), ("studies", "n", "--export", "out.csv")]
    for words in (*asked, ("studies",)) if "studies" in change else asked:
        done = batchsim(*words)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (4, "", 1)
        assert "E192" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((), 2, "nothing varies"),
        (("--vary", "spot.maxvCpus"), 2, "is not PATH=VALUES"),
        (("--vary", "spot.maxvCpus=2,,4"), 2, "has an empty value"),
        (("--vary", "spot.maxvCpus=2", "--vary", "spot.maxvCpus=4"), 2, "varies twice"),
        (("--vary", "maxvCpus=2", "--vary", "spot.maxvCpus=4"), 2, "vary.spot.maxvCpus: varies already as maxvCpus"),
        (("--vary", "market=calm", "--vary", "world={market: calm},{market: stormy}"), 2, "market is a part of world"),
        (("--vary", "world={market: calm},{market: stormy}", "--vary", "market=calm"), 2, "market is a part of world"),
        (("--vary", "spot.maxvCpus=2", "--set", "maxvCpus=3"), 2, "set.maxvCpus: varies, too, as spot.maxvCpus"),
        (("--vary", "spot.maxvCpus=2,2"), 2, "given twice"),
        (("--vary", "spot.maxvCpu=2"), 2, "Did you mean spot.maxvCpus"),
        (("--vary", "spot.maxvCpus=many"), 2, "E137"),
        (("--vary", "spot.maxvCpus={from: 1, to: 9}"), 2, "a grid needs levels"),
        (("--vary", "spot.maxvCpus=2", "--points", "3"), 2, "as many points as its levels make"),
        (("--vary", "spot.maxvCpus=2", "--metric", "cost_us"), 2, "Did you mean cost_usd"),
        (("--vary", "spot.maxvCpus=2", "--front", "cost_usd"), 2, "not a list of two metrics"),
        (("--vary", "spot.maxvCpus=2", "--front", "cost_usd,nothing"), 2, "unknown metric nothing"),
        (("--vary", "spot.maxvCpus={from: 1, to: 90000, step: 1}"), 2, "900,000 runs"),
        (("--vary", "spot.maxvCpus=2,4", "--max-runs", "19"), 2, "20 runs"),
        (("--vary", "spot.maxvCpus=2", "--run-limit", "fast"), 2, "--run-limit"),
        (("--vary", "spot.maxvCpus=2", "--force"), 2, "--out DIR"),
        (("--vary", "spot.maxvCpus=2", "--store", "none/s"), 4, "E193"),
        (("--vary", "spot.maxvCpus=2", "--store", "night.yaml"), 4, "E192"),
        (("--vary", "spot.maxvCpus=2", "--set", "spot.maxvCpu=3"), 2, "E106"),
    ],
)
def test_what_is_wrong_is_told_without_a_traceback(
    words: tuple[str, ...], code: int, told: str, batchsim: Command, file: str
) -> None:
    done = batchsim("sweep", file, *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in " ".join(done.stderr.split())


def test_two_spellings_of_one_place_in_a_study_file_are_told_of_it(
    batchsim: Command, file: str, tmp_path: Path
) -> None:
    (tmp_path / "study.yaml").write_text(f"scenario: {file}\nvary: {{maxvCpus: [2, 4], spot.maxvCpus: [4, 8]}}\n")
    done = batchsim("sweep", "study.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "study.yaml: vary.spot.maxvCpus: varies already as maxvCpus: both are computeEnvironments." in done.stderr
    assert not (tmp_path / "batchsim-studies.sqlite").exists()


def test_what_a_study_file_sets_may_vary_on_the_command_line(batchsim: Command, file: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(f"scenario: {file}\nset: {{maxvCpus: 2}}\nvary: {{world.market: [calm]}}\n")
    assert batchsim("sweep", "study.yaml", "--vary", "spot.maxvCpus=2,4", "--replications", "1").exit_code == 0
    done = batchsim("sweep", "study.yaml", "--set", "market=calm")
    assert (done.exit_code, "set.market: varies, too, as world.market" in done.stderr) == (2, True)


def test_values_of_the_command_line_replace_those_of_a_study_file(batchsim: Command, file: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(
        f"scenario: {file}\nname: mine\nvary: {{spot.maxvCpus: [2, 4]}}\nreplications: 3\nmetrics: [retries]\n"
    )
    page = json.loads(batchsim("sweep", "study.yaml", "--replications", "2", "--format", "json").stdout)
    assert (page["study"]["name"], page["study"]["replications"]) == ("mine", 2)
    assert list(page["metrics"]) == ["retries", "cost_usd", "ready_at_s"]


def test_a_drawn_seed_is_told_and_kept(batchsim: Command, file: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(scenario_yaml.dump(night()).replace("  seed: 1\n", ""))
    first, again = (batchsim("sweep", file, *VARY, "--format", "csv") for _ in range(2))
    assert "was drawn; batchsim-studies.sqlite keeps it" in first.stderr
    assert again.stdout == first.stdout


# -- studies


def test_studies_lists_exports_and_forgets(batchsim: Command, file: str, tmp_path: Path) -> None:
    batchsim("sweep", file, *VARY, "--name", "one")
    batchsim("sweep", file, "--vary", "spot.maxvCpus=8", "--replications", "2", "--name", "two")
    listed = batchsim("studies")
    assert listed.exit_code == 0
    assert [word in listed.stdout for word in ("one", "two", "8 of 8", "2 of 2")] == [True] * 4
    assert "8 of 8 runs of one" in batchsim("studies", "one", "--export", "one.csv").stdout
    assert batchsim("studies", "one", "--export", "one.parquet").exit_code == 0
    table, other = pd.read_csv(tmp_path / "one.csv"), pd.read_parquet(tmp_path / "one.parquet")
    assert len(table) == 8
    assert len(table.columns) > 40
    pd.testing.assert_frame_equal(table, other, check_dtype=False, atol=1e-9)
    assert "its 8 runs are forgotten" in batchsim("studies", "one", "--remove").stdout
    assert [each["name"] for each in json.loads(batchsim("studies", "--format", "json").stdout)["studies"]] == ["two"]


def test_an_unfinished_study_exports_what_is_done(batchsim: Command, file: str, tmp_path: Path) -> None:
    batchsim("sweep", file, *VARY, "--name", "one")
    store = Store(tmp_path / "batchsim-studies.sqlite")
    store.db.execute("DELETE FROM runs WHERE point = 2")
    store.db.close()
    assert "6 of 8 runs of one" in batchsim("studies", "one", "--export", "one.csv").stdout
    assert sorted(set(pd.read_csv(tmp_path / "one.csv")["point"])) == [0, 1, 3]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--store", "none"), 4, "there is no study store"),
        (("on",), 2, "Did you mean one"),
        (("--remove",), 2, "give its name too"),
        (("one", "--export", "one.xlsx"), 2, "is to end in .csv or .parquet"),
        (("one", "--export", "night.yaml.csv", "--remove"), 2, "give one of"),
        (("one", "--export", "none/one.csv"), 4, "No such file"),
        (("one", "--export", "there.csv"), 4, "E180"),
    ],
)
def test_what_is_wrong_with_studies_is_told(
    words: tuple[str, ...], code: int, told: str, batchsim: Command, file: str, tmp_path: Path
) -> None:
    (tmp_path / "there.csv").write_text("mine")
    batchsim("sweep", file, "--vary", "spot.maxvCpus=8", "--replications", "1", "--name", "one")
    done = batchsim("studies", *words)
    assert done.exit_code == code
    assert told in " ".join(done.stderr.split())
    assert (tmp_path / "there.csv").read_text() == "mine"


# -- progress


def at_work(tmp_path: Path, progress: Progress) -> Runs:
    """Two points with two replications, of metrics cost_usd and ready_at_s."""
    store = Store(tmp_path / "s")
    points = [(("spot.maxvCpus", 2),), (("spot.maxvCpus", 4),)]
    return Runs(store, 1, night(), points, ("cost_usd", "ready_at_s"), 1, 2, watch=progress)


def test_progress_tells_what_is_done_and_the_best_so_far(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    progress = Progress(("cost_usd", "ready_at_s"), tmp_path / "s")
    progress.began(at_work(tmp_path, progress), 0)
    progress.ended(0, np.array([2.0, 60.0]))
    progress.ended(1, np.array([1.0, 90.0]))
    progress.ended(1, None)
    assert progress.counted() == "3 of 4 runs, 1 failed"
    assert progress.best() == [
        ("cost_usd", "$1.00", "spot.maxvCpus=4"),
        ("ready_at_s", "1m 00s", "spot.maxvCpus=2"),
    ]
    assert progress.points_done() == "1 of 2"
    assert capsys.readouterr().err == "batchsim: 4 runs of 2 points\n"


def test_lines_come_now_and_then_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.setattr("batchsim.cli.sweep_progress.LINE_EVERY_S", 0.0)
    progress = Progress(("cost_usd", "ready_at_s"), tmp_path / "s")
    progress.began(at_work(tmp_path, progress), 0)
    progress.ended(0, np.array([2.0, np.nan]))
    progress.ended(0, np.array([2.0, 60.0]))
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith("batchsim: 1 of 4 runs, ")
    assert lines[1].endswith(" left")
    assert "best cost_usd $2.00 (spot.maxvCpus=2); best ready_at_s 1m 00s (spot.maxvCpus=2)" in lines[2]


def test_the_live_table_has_points_best_rate_and_time_left(tmp_path: Path) -> None:
    import numpy as np
    from rich.console import Console

    progress = Progress(("cost_usd", "ready_at_s"), tmp_path / "s")
    progress.is_live = True
    progress.began(at_work(tmp_path, progress), 0)
    progress.ended(0, np.array([2.0, 60.0]))
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(progress)
    shown = console.export_text()
    for told in ("points", "0 of 2", "1 of 4 runs", "a second", "left", "best cost_usd", "$2.00"):
        assert told in shown
    progress.is_over = True
    console.print(progress)
    assert "Ctrl-C again ends at once" in console.export_text()


def test_the_first_ctrl_c_asks_to_end_and_the_second_ends(tmp_path: Path) -> None:
    progress = Progress(("cost_usd", "ready_at_s"), tmp_path / "s")
    progress.is_live = True
    progress.interrupt(2, None)
    assert progress.is_over
    with pytest.raises(KeyboardInterrupt):
        progress.interrupt(2, None)
