"""What `make coverage` asks for: all of scheduler, billing and scenario reading, 95 % over all, and no exclusions."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_table", ROOT / "scripts" / "coverage_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def measured(lines: int, missing: tuple[int, ...] = (), ways: tuple[tuple[int, int], ...] = ()) -> dict[str, Any]:
    """A file of coverage's JSON report, with as many branches as lines."""
    counts = {"num_statements": lines, "num_branches": lines}
    missed = {"missing_lines": len(missing), "missing_branches": len(ways)}
    return {"summary": {**counts, **missed}, "missing_lines": list(missing), "missing_branches": list(ways)}


def told(script: ModuleType, **files: dict[str, Any]) -> list[str]:
    named = {f"batchsim/{name.replace('__', '/')}.py": facts for name, facts in files.items()}
    return list(script.complaints(script.rows_of(named)))


def test_all_is_well_where_what_is_asked_for_was_reached(script):
    assert told(script, engine__ec2=measured(100), cli__app=measured(100, ways=((1, 2),) * 10)) == []


@pytest.mark.parametrize("name", ["engine__laws__roots", "policies__retry", "spec__checks__near", "pricing__asked"])
@pytest.mark.parametrize(
    ("lacks", "said"), [({"missing": (7,)}, "7"), ({"ways": ((7, 9),)}, "7→9"), ({"ways": ((7, -1),)}, "7→exit")]
)
def test_one_line_or_branch_of_scheduler_billing_or_reading_is_one_too_many(script, name, lacks, said):
    title, hole = told(script, **{name: measured(9000, **lacks), "cli__app": measured(9)})
    assert title.endswith("100 % is asked for, these are not reached")
    assert hole == f"  batchsim/{name.replace('__', '/')}.py: {said}"


@pytest.mark.parametrize("name", ["analysis__bills", "formats__yaml_reader", "formats__scenario_yaml"])
def test_so_it_is_in_single_files_of_other_packages(script, name):
    assert len(told(script, **{name: measured(9000, ways=((7, 9),))})) == 2
    assert told(script, analysis__latency=measured(9000, ways=((7, 9),))) == []


def test_the_whole_is_not_rounded_up_to_what_is_asked_for(script):
    lacks = tuple((n, n + 1) for n in range(101))
    assert told(script, cli__app=measured(1000, ways=lacks)) == ["the whole package: 95 % is asked for"]
    assert told(script, cli__app=measured(1000, ways=lacks[1:])) == []


def test_the_table_never_calls_all_reached_what_is_not(script):
    *_, package, whole = script.table(script.rows_of({"batchsim/cli/app.py": measured(100_000, (1,))}))
    assert package == "| `cli` | 100,000 | 1 | 100,000 | 0 | 99.99 % |"
    assert whole.startswith("| the whole package | 100,000 | 1 |")


def test_no_line_of_the_package_is_kept_from_being_counted(script, tmp_path):
    assert list(script.exclusions(ROOT / "batchsim")) == []
    (tmp_path / "a.py").write_text("x = 1\ny = 2  # pragma: no cover\nz = 3 #PRAGMA NO BRANCH\n", encoding="utf-8")
    assert list(script.exclusions(tmp_path)) == [f"{tmp_path / 'a.py'}:2", f"{tmp_path / 'a.py'}:3"]
