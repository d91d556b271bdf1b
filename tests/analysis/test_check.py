"""The checker's own manners: empty runs, missing parts, folders, exactness, speed of its sweeps, independence."""

from __future__ import annotations

import ast
import json
from copy import deepcopy
from fractions import Fraction
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim.analysis.check import Violation, check, check_folder, check_tables, examine
from batchsim.analysis.invariants import INVARIANTS
from batchsim.analysis.invariants.exact import half_even, nano
from batchsim.analysis.invariants.sweep import ascending, greatest_in, levels
from batchsim.analysis.typed import MISSING, plain, scaled
from batchsim.errors import OutputError
from batchsim.formats.scenario_yaml import write_yaml
from tests.analysis.mutants_sound_run import sound_run

TABLES = ("jobs", "attempts", "instances", "submissions", "scaling", "timeline", "blocked", "costs")
START_EPOCH_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z, the start of a run that says nothing else."""
HOUSE = Path(__file__).parents[2] / "batchsim" / "analysis"


def write(tables: dict[str, Any], folder: Path) -> None:
    for name in (*TABLES, "consumables"):
        frame = tables[name].copy()
        for column in frame.select_dtypes("float"):
            places = 9 if column.endswith("_usd") else 3
            frame[column] = [
                "" if isnan(value) else f"{value:.{0 if column == 'billed_s' else places}f}" for value in frame[column]
            ]
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "notifications.jsonl").write_text("".join(map(notification, tables["notifications"].itertuples())))
    (folder / "summary.json").write_text(json.dumps(tables["summary"]), encoding="utf-8")
    (folder / "scenario.resolved.yaml").write_text(write_yaml(tables["scenario"]), encoding="utf-8")


def notification(row: Any) -> str:
    ours = {"jobId": row.job_id, "at": START_EPOCH_MS + round(row.at_s * 1000)}
    event = {"detail": {"status": row.status, "batchsim": ours}}
    return json.dumps({"rule": row.rule, "target": row.target, "event": event}) + "\n"


@pytest.fixture
def sound() -> dict[str, Any]:
    return sound_run()


@pytest.fixture
def folder(sound: dict[str, Any], tmp_path: Path) -> Path:
    write(sound, tmp_path)
    return tmp_path


def test_a_run_without_anything_in_it_is_sound(sound: dict[str, Any]) -> None:
    nothing = {name: sound[name].iloc[:0] for name in TABLES}
    no_work = {"computeEnvironments": [], "jobQueues": [], "workload": [], "simulation": {"until": "drained"}}
    assert check_tables({**nothing, "summary": {"horizon_s": 0.0}, "scenario": no_work}) == []


def test_a_run_without_jobs_keeps_its_warm_pool(sound: dict[str, Any]) -> None:
    empty = {name: sound[name].iloc[:0] for name in TABLES if name not in ("instances", "scaling")}
    end = {"summary": {"horizon_s": 1000.0}, "costs": None, "notifications": None}
    warm, scaling = (sound[name][sound[name].environment != "spot"] for name in ("instances", "scaling"))
    pool = warm.assign(busy_s=0.0, attempts=0)
    alone = {"scenario": {**sound["scenario"], "consumableResources": []}}
    found = check_tables({**sound, **empty, "instances": pool, "scaling": scaling, **end, **alone})
    assert found == []


def test_without_a_scenario_it_says_what_it_cannot_tell(sound: dict[str, Any]) -> None:
    found = examine({**sound, "scenario": None, "costs": None})
    assert not found.violations
    assert {"N33", "N37", "I29b", "T04"} <= set(found.untold)


def test_without_a_summary_the_tables_still_hold(sound: dict[str, Any]) -> None:
    found = examine({**sound, "summary": None})
    assert "I25" in found.untold
    assert "W02" not in found.untold


def test_a_maximum_changed_by_a_call_cannot_be_told(sound: dict[str, Any]) -> None:
    update = sound["scaling"].iloc[[1]].assign(action="update", at_s=10, instances=0, vcpus=0, desired_vcpus=0)
    scaling = pd.concat([sound["scaling"].iloc[:1], update, sound["scaling"].iloc[1:]], ignore_index=True)
    found = examine({**sound, "scaling": scaling})
    assert not found.violations
    assert "spot was updated by a call" in found.untold["N33"]


def test_a_maximum_lowered_by_an_action_binds_from_then_on(sound: dict[str, Any]) -> None:
    lower = {"at": "149s", "set": "spot.maxvCpus", "to": 2}
    scenario = {**sound["scenario"], "actions": [*sound["scenario"]["actions"], lower]}
    assert [each.id for each in check_tables({**sound, "scenario": scenario})] == ["N33"]
    late = {**lower, "at": "151s"}
    scenario = {**sound["scenario"], "actions": [*sound["scenario"]["actions"], late]}
    assert check_tables({**sound, "scenario": scenario}) == []


def test_a_folder_on_disk_is_read_back_without_loss(folder: Path) -> None:
    assert check_folder(folder) == []
    assert check(folder) == []
    assert check(str(folder)) == []


@pytest.mark.parametrize("row", [0, 13])
def test_a_nano_dollar_planted_in_a_file_is_found(folder: Path, row: int) -> None:
    frame = pd.read_csv(folder / "attempts.csv", dtype=str, keep_default_na=False)
    frame.loc[row, "cost_usd"] = f"{float(frame.loc[row, 'cost_usd']) + 1e-9:.9f}"
    frame.to_csv(folder / "attempts.csv", index=False)
    assert {"B01", "B05b"} <= {each.id for each in check_folder(folder)}


def test_a_millisecond_planted_in_a_file_is_found(folder: Path) -> None:
    text = (folder / "jobs.csv").read_text(encoding="utf-8")
    (folder / "jobs.csv").write_text(text.replace("52.000", "52.001", 1), encoding="utf-8")
    assert {"W01", "W02"} <= {each.id for each in check_folder(folder)}


def test_names_that_a_spreadsheet_would_compute_are_read_as_they_were(sound: dict[str, Any], tmp_path: Path) -> None:
    for table, column in (("jobs", "definition"), ("submissions", "definition")):
        sound[table][column] = "'=work:1"
    write(sound, tmp_path)
    found = {each.id: each for each in check_folder(tmp_path)}
    assert found["B06d"].rows["figure"].iloc[0] == "cost.by_definition.=work:1"


def test_a_folder_that_is_no_result_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"jobs\.csv: E181: cannot read this table"):
        check_folder(tmp_path)


def test_a_violation_tells_its_sentence_and_its_first_rows(sound: dict[str, Any]) -> None:
    sound["jobs"]["wait_s"] += 1
    violation = next(each for each in check_tables(sound) if each.id == "W02")
    assert violation.count == len(sound["jobs"])
    assert violation.rows["job_id"].tolist() == ["seq:0", "seq:1", "map:0", "map:1", "dep"]
    assert str(violation).startswith("W02: not so: wait_s is the sum of a job's waits")


def test_the_checker_leaves_the_tables_as_they_were(sound: dict[str, Any]) -> None:
    before = deepcopy(sound)
    check_tables(sound)
    for name in TABLES:
        pd.testing.assert_frame_equal(sound[name], before[name])


def test_text_floats_and_integers_are_the_same_numbers() -> None:
    texts = pd.Series(["1.500000001", "", "-0.25", "3"])
    floats = pd.Series([1.500000001, np.nan, -0.25, 3.0])
    expected = [1_500_000_001, MISSING, -250_000_000, 3_000_000_000]
    assert scaled(plain(texts), 9).tolist() == scaled(plain(floats), 9).tolist() == expected
    assert scaled(pd.array([3, None], dtype="Int64"), 3).tolist() == [3000, MISSING]
    assert scaled(np.array([20_000.123], dtype="float32"), 3).tolist() == [20_000_123]
    assert nano(0.1) == 100_000_000


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 9 * 10**11)), max_size=20), st.integers(1, 10**10))
def test_products_are_rounded_once_half_to_even(rows: list[tuple[int, int]], divisor: int) -> None:
    columns = np.array(rows, np.int64).reshape(-1, 2)
    exact = [round(Fraction(a * b, divisor)) for a, b in rows]
    assert half_even((columns[:, 0], columns[:, 1]), divisor).tolist() == exact


@given(st.data(), st.lists(st.integers(0, 99), max_size=40))
def test_the_greatest_in_a_range_is_what_a_plain_scan_finds(data: st.DataObject, values: list[int]) -> None:
    bound = st.integers(0, len(values))
    pairs = [sorted(pair) for pair in data.draw(st.lists(st.tuples(bound, bound), max_size=20))]
    low, high = (np.array([pair[side] for pair in pairs], np.int64) for side in (0, 1))
    found = greatest_in(np.array(values, np.int64), low, high, -1)
    assert found.tolist() == [max(values[a:b], default=-1) for a, b in pairs]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 1), st.integers(-3, 3)), max_size=30))
def test_running_totals_are_what_a_plain_loop_finds(events: list[tuple[int, int, int, int]]) -> None:
    columns = np.array(events, np.int64).reshape(-1, 4).T
    found = levels(*columns)
    plain, total = [], {}
    for row in sorted(range(len(events)), key=lambda row: (*events[row][:3], row)):
        group = events[row][0]
        total[group] = total.get(group, 0) + events[row][3]
        plain.append((row, total[group], total[group] - events[row][3]))
    assert list(zip(found.row.tolist(), found.level.tolist(), found.before().tolist(), strict=True)) == plain


@given(st.lists(st.integers(-5, 2**60), max_size=50))
def test_both_ways_to_sort_are_stable(keys: list[int]) -> None:
    expected = sorted(range(len(keys)), key=keys.__getitem__)
    assert ascending(np.array(keys, np.int64)).tolist() == expected


def test_the_checker_shares_no_code_with_what_it_checks() -> None:
    allowed = ("batchsim.analysis.check", "batchsim.analysis.invariants", "batchsim.errors", "batchsim.units")
    knowing_no_rule = ("figures", "folder", "kinds", "side_by_side", "typed")
    allowed += tuple(f"batchsim.analysis.{name}" for name in knowing_no_rule)
    for path in (HOUSE / "check.py", *sorted((HOUSE / "invariants").glob("*.py"))):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("batchsim"):
                assert (node.module or "").startswith(allowed), f"{path.name} imports {node.module}"


def test_nobody_asserts_what_the_validation_plan_calls_false() -> None:
    ids = {each.id for each in INVARIANTS}
    assert not ids & {"I38", "N38", "N40", "N42", "N49", "N50"}


def test_a_violation_is_a_plain_value() -> None:
    assert str(Violation("X", "a sentence", pd.DataFrame(), 0)).strip() == "X: not so: a sentence (0 rows)"
