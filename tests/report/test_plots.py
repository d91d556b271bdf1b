"""Plots draw without error, show what is there, and leave matplotlib's global state alone."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO

import pytest
from analysis.builders import run
from report.runs import finished, stuck_queue

from batchsim.report.plots import Plots
from batchsim.result import Result

NAMES = ["jobs_by_state", "vcpus", "queue_depth", "cost_by_cause", "wait_histogram"]


@pytest.fixture(scope="module")
def result() -> Result:
    return finished()


def drawn(result: Result, name: str) -> bytes:
    png = BytesIO()
    getattr(result.plot, name)().savefig(png)
    return png.getvalue()


def test_these_are_all_plots() -> None:
    assert sorted(name for name in vars(Plots) if not name.startswith("_")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_plot_is_drawn(result: Result, name: str) -> None:
    assert drawn(result, name).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("records", [stuck_queue(), run(calls=[], jobs=[], attempts=[])], ids=["stuck", "empty"])
def test_every_plot_is_drawn_when_little_happened(name: str, records: object) -> None:
    assert drawn(finished(records=records), name).startswith(b"\x89PNG")  # type: ignore[arg-type]


def test_states_add_up_to_the_jobs_that_live(result: Result) -> None:
    axes = result.plot.jobs_by_state().axes[0]
    assert axes.dataLim.ymax == 40


def test_the_depth_of_a_queue_starts_with_its_jobs(result: Result) -> None:
    line = result.plot.queue_depth().axes[0].lines[0]
    assert max(line.get_ydata()) == 20


def test_names_are_no_mathematics() -> None:
    from report.runs import forty_jobs

    assert drawn(finished(records=forty_jobs(texts={"queues": ("$x^$", "_hidden")})), "queue_depth")


def test_pyplot_is_never_imported() -> None:
    code = "import sys; from batchsim.report import plots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
