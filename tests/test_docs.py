"""The documents keep their word: commands and code run, figures and defaults are today's, columns and codes exist."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import batchsim
from batchsim.analysis.causes import Cause
from batchsim.analysis.parts import PART_NAMES
from batchsim.cli.init import starter
from batchsim.records.vocabulary import WaitReason

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODEL = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnished(tmp_path_factory.mktemp("desk"))


def furnished(folder: Path) -> Path:
    """A folder with the scenarios and a ``batchsim`` command, as a newcomer has them."""
    command = folder / "bin" / "batchsim"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m batchsim "$@"\n')
    command.chmod(0o755)
    if (ROOT / "scenarios").is_dir():
        shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    return folder


def run(language: str, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = ["/bin/sh", "-e"] if language == "sh" else [sys.executable, "-"]
    path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        program, input=code, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def update_docs() -> Any:
    spec = importlib.util.spec_from_file_location("update_docs", ROOT / "scripts" / "update_docs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_questions_of_prices_in_the_model_run(desk: Path) -> None:
    (code,) = re.findall(r"^```python\n(night = .*?)^```$", MODEL, re.MULTILINE | re.DOTALL)
    done = run("python", f"import batchsim\n{code}", desk)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_has_blocks_of_both_kinds() -> None:
    assert {language for language, _ in BLOCKS} == {"sh", "python"}


def test_every_block_of_the_readme_runs_and_the_first_ends_with_the_slowest_job_its_reason_and_largest_cost(
    tmp_path: Path,
) -> None:
    desk = furnished(tmp_path)
    done = {code: run(language, code, desk) for language, code in BLOCKS}
    assert [(code, each.stderr) for code, each in done.items() if each.returncode] == []
    (told,) = [each.stdout for code, each in done.items() if "batchsim explain" in code]
    summary = json.loads((desk / "night" / "summary.json").read_text())
    jobs = pd.read_csv(desk / "night" / "jobs.csv")
    slowest = jobs.loc[jobs.turnaround_s.idxmax(), "job_id"]
    largest = max(summary["cost"]["by_cause"], key=summary["cost"]["by_cause"].get)
    assert re.search(rf"Slowest jobs\n  `{re.escape(slowest)}` SUCCEEDED after ", told)
    assert re.search(r"Dominant reason, RUNNING aside:\n      RUNNABLE ", told)
    assert f"Largest cost cause: {largest.replace('_', ' ')}" in told


def test_the_python_of_the_page_on_comparisons_runs(desk: Path) -> None:
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs" / "compare.md").read_text(), re.MULTILINE | re.DOTALL
    )
    done = run("python", code, desk)
    assert done.returncode == 0, done.stderr


WITH_FIGURES = (
    "README.md",
    "docs/anomalies.md",
    "docs/compare.md",
    "docs/errors.md",
    "docs/explain.md",
    "docs/fidelity.md",
    "docs/invariants.md",
    "docs/metrics.md",
    "docs/model.md",
    "docs/optimise.md",
    "docs/statistics.md",
    "docs/sweep.md",
    "docs/theory.md",
)
OF_STUDIES = ("docs/anomalies.md", "docs/compare.md", "docs/optimise.md", "docs/sweep.md")
"""Whole studies are run for their figures, which takes up to half a minute each."""
WITHOUT = ("CONTRIBUTING.md", "tests/README.md", "docs/recorded_runs.md", "docs/testing.md", "docs/traces.md")


@pytest.mark.parametrize("page", [*WITH_FIGURES, *WITHOUT])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    broken = [
        link for link in links if not link.startswith("http") and not (ROOT / page).parent.joinpath(link).exists()
    ]
    assert broken == []


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.slow) if page in OF_STUDIES else page for page in WITH_FIGURES]
)
def test_figures_and_defaults_are_those_of_today(page: str) -> None:
    assert (ROOT / page).read_text(encoding="utf-8") == update_docs().renewed(page), "run python scripts/update_docs.py"


def test_the_history_of_the_readme_is_a_workload(tmp_path: Path) -> None:
    (history,) = re.findall(r"^```csv\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (snippet,) = [
        text for text in re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL) if "trace" in text[:200]
    ]
    (tmp_path / "history.csv").write_text(history)
    (tmp_path / "night.yaml").write_text(
        re.sub(r"^workload:.*?\n\n", snippet + "\n", starter(), flags=re.MULTILINE | re.DOTALL)
    )
    jobs = batchsim.run(tmp_path / "night.yaml").jobs
    assert list(jobs["vcpus"]) == [2, 1, 4]
    assert list(jobs["due_at_s"]) == [0, 5, 240]


@pytest.mark.parametrize(
    "table",
    [
        *("jobs", "attempts", "instances", "submissions", "scaling", "timeline", "blocked", "occurrences"),
        *("rejections", "costs", "faults"),
    ],
)
def test_every_column_is_explained(table: str) -> None:
    section = MODEL.split(f"### {table}.csv\n")[1].split("\n#")[0]
    explained = [
        name for cell in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    ]
    columns = getattr(batchsim.run(batchsim.loads("{}")), table).columns
    assert sorted(explained) == sorted(columns)


@pytest.mark.parametrize("table", ["critical_path", "limits"])
def test_every_column_of_a_table_in_python_is_explained(table: str) -> None:
    section = MODEL.split(f"### result.{table}\n")[1].split("\n#")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    explained = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert explained == list(getattr(batchsim.run(batchsim.loads("{}")), table).columns)


def test_every_column_of_the_metrics_is_explained() -> None:
    section = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").split("## Columns\n")[1].split("\n#")[0]
    columns = batchsim.run(batchsim.loads("{}")).minutes.columns
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(columns)


@pytest.mark.parametrize(
    ("heading", "codes"),
    [
        ("reason | the head waits", [each.text for each in WaitReason if each]),
        ("cause | what was", [c.text for c in Cause]),
    ],
)
def test_every_reason_and_every_cause_is_explained(heading: str, codes: list[str]) -> None:
    table = MODEL.split(f"| {heading}")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == codes


def test_every_part_of_a_turnaround_is_named() -> None:
    text = MODEL.split("exact sum of nine parts:")[1]
    assert [text.index(f"`{name}`") for name in PART_NAMES] == sorted(text.index(f"`{name}`") for name in PART_NAMES)


def test_every_error_code_is_explained_and_none_is_left_over() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "batchsim").rglob("*.py")))
    explained = re.findall(r"^\| (E\d+) \|", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(set(re.findall(r"\bE1\d\d\b", source)))


def test_every_scenario_of_the_table_is_there() -> None:
    named = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)
    shipped = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
    assert sorted(named) == shipped


@pytest.mark.parametrize("page", ["optimise.md", "sweep.md"])
def test_the_python_of_the_pages_on_studies_runs(page: str, desk: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    done = run("python", code, desk)
    assert done.returncode == 0, done.stderr


def test_the_study_file_of_the_page_on_sweeps_is_one() -> None:
    from batchsim.formats.yaml_reader import read_yaml
    from batchsim.spec.study import StudySpec, parse_study

    page = (ROOT / "docs" / "sweep.md").read_text()
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    data = read_yaml(text, "study.yaml").data
    assert parse_study(data).design == "latin_hypercube"
    keys = {field.alias or name for name, field in StudySpec.model_fields.items()}
    assert data.keys() == keys - {"description", "precision"}  # one of two ways: a comment


def test_the_study_file_of_the_page_on_optimising_is_one() -> None:
    from batchsim.formats.yaml_reader import read_yaml
    from batchsim.spec.optimise import OptimiseSpec, parse_optimise

    page = (ROOT / "docs" / "optimise.md").read_text()
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    data = read_yaml(text, "study.yaml").data
    assert parse_optimise(data).minimise == ("cost_usd",)
    keys = {field.alias or name for name, field in OptimiseSpec.model_fields.items()}
    assert data.keys() == keys - {"description"}


@pytest.mark.parametrize("target", ["demo", "test", "verify", "lint", "bench", "clean", "help"])
def test_the_makefile_has_the_target(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_constraints_pin_exact_versions_and_name_no_index() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[^\s@/]+", line) for line in lines)
