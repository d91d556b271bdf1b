"""Plots: everything that is drawn can be read, says what is there, and leaves matplotlib's global state alone."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import matplotlib as mpl
import matplotlib.colors
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from report.pictures import drawn, flaws
from report.plotted import PLOTS, RESULTS, result_of
from report.runs import finished, forty_jobs

from batchsim.report.plots import Plots


def told(axes: Axes) -> str:
    """Everything written on the axes, but for the scales."""
    legend = axes.get_legend()
    parts = [axes.get_title(loc="left"), *(text.get_text() for text in axes.texts)]
    parts += [label.get_text() for label in legend.get_texts()] if legend else []
    return "\n".join(parts)


def test_these_are_all_plots() -> None:
    assert sorted(name for name in vars(Plots) if not name.startswith("_")) == sorted(PLOTS)


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("name", RESULTS)
def test_every_plot_of_every_kind_of_run_can_be_read(name: str, plot: str) -> None:
    assert flaws(getattr(result_of(name).plot, plot)()) == []


@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_in_given_axes_is_drawn_there(plot: str) -> None:
    figure = Figure(figsize=(12, 8), layout="constrained")
    axes = figure.subplots(2, 2)[0, 1]
    assert getattr(result_of("mixed").plot, plot)(axes) is axes
    assert axes.get_title(loc="left")
    assert len(figure.axes) == 4


def test_all_plots_together_on_one_figure_can_be_read() -> None:
    figure = Figure(figsize=(16, 20), layout="constrained")
    for plot, axes in zip(PLOTS, figure.subplots(5, 2).flat, strict=True):
        getattr(result_of("three_queues").plot, plot)(ax=axes)
    assert flaws(figure.axes[0]) == []


def test_a_figure_without_a_layout_of_its_own_has_its_legends_inside() -> None:
    figure = Figure(figsize=(9, 5))
    axes = figure.subplots()
    result_of("three_queues").plot.concurrency(axes)
    assert flaws(axes) == []


@pytest.mark.parametrize(
    ("name", "plot", "says"),
    [
        ("nothing", "concurrency", "no jobs: nothing was submitted"),
        ("nothing", "vcpus", "no vCPUs: no instance was launched"),
        ("nothing", "cost_by_cause", "no cost: nothing was billed"),
        ("no_environment", "gantt", "no instances, no jobs"),
        ("hello_fargate", "gantt", "no instances: 1 attempt ran on Fargate"),
        ("stuck", "concurrency", "no containers: no job ran"),
        ("stuck", "wait_distribution", "no wait is over: 1 job still waiting"),
        ("nothing", "critical_path", "no jobs: nothing was submitted"),
        ("no_environment", "critical_path", "no jobs"),
        ("one_second", "wait_parts", "no waits: every job started at once"),
    ],
)
def test_a_plot_of_nothing_says_what_there_was_none_of(name: str, plot: str, says: str) -> None:
    axes = getattr(result_of(name).plot, plot)()
    assert says in told(axes)
    assert not axes.axison


def test_many_queues_are_the_largest_and_all_others() -> None:
    assert "36 other queues" in told(result_of("forty_queues").plot.concurrency())
    assert "29 other queues" in [
        text.get_text() for text in result_of("forty_queues").plot.wait_parts().get_yticklabels()
    ]


def test_states_add_up_to_the_jobs_that_live() -> None:
    assert finished().plot.queue_depth().dataLim.ymax == 40


def test_the_depth_of_one_queue_has_its_jobs_alone() -> None:
    assert finished().plot.queue_depth(queue="other").dataLim.ymax == 20


def test_the_area_of_used_vcpus_is_what_attempts_held() -> None:
    result = result_of("three_queues")
    (fill,) = result.plot.vcpus().collections
    x, y = fill.get_paths()[0].vertices.T
    area = abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2
    attempts = result.attempts
    assert area == pytest.approx(
        float((attempts["vcpus"] * (attempts["ended_at_s"] - attempts["starting_at_s"])).sum())
    )


def test_a_wait_is_read_off_its_distribution() -> None:
    result = result_of("three_queues")
    line = next(line for line in result.plot.wait_distribution().lines if line.get_label() == "daily")
    x, y = line.get_data()
    waits = result.jobs.loc[result.jobs["queue"] == "daily", "wait_s"]
    for at in (60, 600, 1200, 1800):
        assert y[np.searchsorted(x, at, side="right") - 1] == pytest.approx(float((waits <= at).mean()))


def test_the_parts_of_a_wait_end_where_the_mean_wait_is() -> None:
    result = result_of("three_queues")
    axes = result.plot.wait_parts()
    ends = [
        max(bar.get_x() + bar.get_width() for bar in axes.patches if round(bar.get_y() + 0.35) == row)
        for row in range(4)
    ]
    means = [result.jobs["wait_s"].mean(), *result.jobs.groupby("queue", observed=True, sort=False)["wait_s"].mean()]
    assert sorted(ends) == pytest.approx(sorted(means), abs=1e-5)


def test_the_bars_of_causes_add_up_to_the_bill() -> None:
    result = result_of("three_queues")
    axes = result.plot.cost_by_cause()
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(result.summary()["cost"]["total_usd"])


def test_a_discount_that_is_less_than_nothing_is_in_the_picture() -> None:
    axes = result_of("committed").plot.cost_by_cause()
    least = min(bar.get_width() for bar in axes.patches)
    assert axes.get_xlim()[0] < least < 0


def test_a_gantt_of_many_instances_is_an_even_choice_and_says_so() -> None:
    axes = result_of("etl_10tb_stormy").plot.gantt(most=10)
    names = [text.get_text() for text in axes.get_yticklabels()]
    launched = len(result_of("etl_10tb_stormy").instances)
    assert (len(names), names[0].split()[-1], names[-1].split()[-1]) == (10, "#1", f"#{launched}")
    assert f"10 of {launched} instances" in told(axes)


def test_jobs_too_many_to_be_told_apart_are_drawn_as_a_share() -> None:
    assert "vCPUs used" in told(result_of("small_jobs").plot.gantt())
    assert "vCPUs used" not in told(result_of("mixed").plot.gantt())


def test_a_gantt_of_no_row_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 instance"):
        finished().plot.gantt(most=0)


@pytest.mark.parametrize(("plot", "key"), [("queue_depth", "queue"), ("vcpus", "environment")])
def test_an_unknown_name_is_refused_with_those_there_are(plot: str, key: str) -> None:
    with pytest.raises(ValueError, match="is called 'mian'; there are"):
        getattr(finished().plot, plot)(**{key: "mian"})


@pytest.mark.parametrize("hostile", ["$x^2$", r"\$x\$", "_hidden", "a\nb", "夜のキュー", "x" * 500, "$", "a_b^c{"])
def test_names_are_data(hostile: str) -> None:
    result = finished(records=forty_jobs(texts={"queues": (hostile, "$y_1$")}))
    for plot in ("concurrency", "wait_distribution", "wait_parts", "gantt"):
        axes = getattr(result.plot, plot)()
        assert flaws(axes) == []
        assert not any(text._preprocess_math(text.get_text())[1] is True for text in _names(axes))
    assert len(_names(result.plot.concurrency())) == 2


def _names(axes: Axes) -> list[Any]:
    legend = axes.get_legend()
    return [*axes.get_yticklabels(), *(legend.get_texts() if legend else [])][-2:]


def test_two_long_names_that_shorten_alike_are_told_apart() -> None:
    names = tuple(f"{'a' * 40}{number}{'z' * 40}" for number in range(2))
    texts = told(finished(records=forty_jobs(texts={"queues": names})).plot.concurrency()).split("\n")
    assert len(set(texts)) == len(texts)


def test_settings_and_figures_of_matplotlib_stay_as_they_were() -> None:
    before = dict(mpl.rcParams)
    for plot in PLOTS:
        getattr(result_of("mixed").plot, plot)()
    assert dict(mpl.rcParams) == before


def test_drawing_never_needs_pyplot_and_loading_never_needs_matplotlib() -> None:
    code = (
        "import sys; from batchsim.report import plots; assert 'matplotlib' not in sys.modules;"
        "import batchsim; axes = batchsim.run(batchsim.loads('{}')).plot.vcpus();"
        "axes.figure.savefig('/dev/null', format='png');"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_same_plot_has_the_same_bytes() -> None:
    first, second = (finished().plot.gantt() for _ in range(2))
    assert drawn(first.figure) == drawn(second.figure)  # type: ignore[arg-type]


def test_a_notebook_shows_the_axes_as_their_picture() -> None:
    png, size = finished().plot.vcpus()._repr_png_()  # type: ignore[attr-defined]
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 768, "height": 384}


@pytest.mark.parametrize("plot", ["vcpus", "gantt", "wait_parts"])
def test_on_a_dark_ground_lines_and_texts_are_light(plot: str) -> None:
    with mpl.rc_context({"text.color": "white", "axes.facecolor": "black", "axes.titlecolor": "white"}):
        axes = getattr(result_of("mixed").plot, plot)(Figure(facecolor="black").subplots())
    colours = [mpl.colors.to_hex(text.get_color()) for text in axes.texts]
    colours += [mpl.colors.to_hex(line.get_color()) for line in axes.lines]
    assert "#ffffff" in colours
    assert not {"#000000", "#222222"} & set(colours)


def test_the_reader_of_pictures_sees_what_is_wrong() -> None:
    axes = Figure(figsize=(4, 3)).subplots()
    axes.text(0.5, 0.5, "one")
    axes.text(0.5, 0.5, "two")
    axes.text(1.4, 0.5, "away")
    assert flaws(axes) == [
        "'away' leaves the figure", "'one' overlaps 'two'", "there is no title",
        "the x axis does not say what it shows",
    ]  # fmt: skip
    assert "the axes are empty" in flaws(Figure().subplots())
