"""Means over stretches of the run: by hand, and against the exact curves of random scenarios."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import batchsim
from batchsim.analysis.over_time import STRETCHES, over_time
from batchsim.analysis.prices import Prices, Rules
from batchsim.analysis.run import Analysis
from batchsim.analysis.series import jobs_by_state
from batchsim.records.vocabulary import JobState
from batchsim.spec import parse
from batchsim.testing import Dice, draw_scenario
from tests.analysis.builders import attempt, call, instance, job, ms, run


def test_a_job_that_starts_in_the_middle_of_a_stretch_counts_for_half_of_it() -> None:
    records = run(calls=[call()], jobs=[job(ended_at_ms=ms(60))], attempts=[attempt(1.5, 60)], instances=[instance()],
                  horizon=60)  # fmt: skip
    found = over_time(Analysis(records, Prices(), Rules()))
    assert found["jobs_runnable"][:3] == [1, 0.5, 0]
    assert found["vcpus_used"][:3] == [0, 0.5, 1]
    assert len(found["edges_s"]) == STRETCHES + 1


def test_a_run_without_time_has_no_stretch() -> None:
    found = over_time(Analysis(run(horizon=0), Prices(), Rules()))
    assert found == {"edges_s": [0], "jobs_runnable": [], "jobs_running": [], "vcpus_used": []}


def test_the_means_are_those_of_the_exact_curves(cases: Callable[[int], None]) -> None:
    cases(20)
    for seed in range(1, 21):
        analysed = batchsim.run(parse(draw_scenario(Dice(seed))))._analysis
        found, curves = over_time(analysed), jobs_by_state(analysed)
        edges = np.round(np.array(found["edges_s"]) * 1000).astype(np.int64)
        for key, state in (("jobs_runnable", JobState.RUNNABLE), ("jobs_running", JobState.RUNNING)):
            assert found[key] == pytest.approx(curves[state].means(edges).tolist(), abs=1e-3), f"scenario {seed}: {key}"
