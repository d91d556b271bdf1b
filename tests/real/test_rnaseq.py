"""A recorded AWS Batch run beside the simulated one; the recorded file is not part of the repository."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Simulate

HERE = Path(__file__).parent
RUN = Path("nextflow_awsbatch") / "rnaseq_fusion_10Sj9ejvKktHWg.csv"
WARM_S = 60
"""A job that starts within this found room; one that needs a new instance waits longer."""


@pytest.fixture(scope="module")
def recorded() -> Path:
    folder = Path(os.environ.get("BATCHSIM_DATA", HERE.parents[1].parent / "shared" / "data"))
    if not (folder / RUN).is_file():
        pytest.skip(f"the recorded run {RUN.name} is not here (BATCHSIM_DATA names its folder)")
    return folder / RUN


@pytest.fixture
def scenario(recorded: Path, tmp_path: Path) -> Path:
    shutil.copy(HERE / "rnaseq.yaml", tmp_path)
    shutil.copy(recorded, tmp_path / "rnaseq.csv")
    return tmp_path / "rnaseq.yaml"


def polled(waits_s: pd.Series) -> pd.Series:
    """Waits as the recording client saw them: it looks every ten seconds."""
    return 10 * np.ceil((waits_s + 1) / 10) - 1


def first_waits(attempts: pd.DataFrame) -> pd.Series:
    first = attempts[attempts.attempt == 1]
    return polled(first.running_at_s - first.runnable_at_s)


def figures(waits_s: pd.Series, cost_share_usd: float) -> str:
    warm = (waits_s <= WARM_S).mean()
    return f"{waits_s.median():8.0f} {waits_s.quantile(0.9):8.0f} {warm:8.3f} {cost_share_usd:16.2f}"


def test_a_recorded_run_of_297_jobs_is_a_workload(recorded: Path, scenario: Path, simulate: Simulate) -> None:
    run, result = pd.read_csv(recorded), simulate(scenario)
    waits = first_waits(result.attempts)
    print(f"\n{'':10} {'p50 s':>8} {'p90 s':>8} {'warm':>8} {'cost_share_usd':>16}")
    print(f"{'recorded':10} {figures(run.wait_s, run.cost_usd.sum())}")
    print(f"{'simulated':10} {figures(waits, result.jobs.cost_share_usd.sum())}")
    assert (result.jobs.state == "SUCCEEDED").all()
    assert len(waits) == len(run) == 297


def test_most_recorded_jobs_find_a_warm_instance(scenario: Path, simulate: Simulate) -> None:
    shares = [(first_waits(simulate(scenario, seed=seed).attempts) <= WARM_S).mean() for seed in (1, 2, 3)]
    assert 0.5 < np.mean(shares) < 0.95


def test_the_work_of_a_recorded_job_is_its_recorded_run_time(
    recorded: Path, scenario: Path, simulate: Simulate
) -> None:
    run = pd.read_csv(recorded).sort_values("submit", kind="stable")
    assert simulate(scenario).jobs.work_s.tolist() == run.run_s.clip(lower=0.001).tolist()
