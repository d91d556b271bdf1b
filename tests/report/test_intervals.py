"""Bars with intervals: each at its value, with its interval, told in its unit, readable."""

from __future__ import annotations

from typing import Any

import pytest
from report.pictures import flaws

from batchsim.report.plots.intervals import Bar, bars, points

CASES = {
    "money": ("cost", "USD", [26.2, 56.24], [(25.1, 27.3), (56.0, 56.5)]),
    "time": ("makespan", "s", [3271, 3266, 9000], [(3100, 3400), None, (8000, 10_000)]),
    "share": ("useful share", "share", [0.62, 0.63], [None, None]),
    "differences": ("difference in cost", "USD", [-12.5, 3.0], [(-14.0, -11.0), (-1.0, 7.0)]),
    "all_below": ("difference in wait", "s", [-300.0], [(-400.0, -200.0)]),
    "zero": ("difference", "s", [0.0, 0.0], [(0.0, 0.0), (0.0, 0.0)]),
    "undefined": ("makespan", "s", [3271, None], [None, None]),
    "tiny": ("cost", "USD", [0.00012, 0.00031], [None, None]),
    "huge": ("jobs per hour", "1/h", [1_250_000, 12], [(1_100_000, 1_300_000), None]),
}


def rows(values: list[float | None], intervals: list[tuple[float, float] | None]) -> list[Bar]:
    return [
        Bar(f"variant {at}", value, interval, "" if value is None else f"{value:,.6g} told")
        for at, (value, interval) in enumerate(zip(values, intervals, strict=True))
    ]


def change(percent: float, low: float | None, high: float | None, *, different: bool = True) -> dict[str, Any]:
    return {
        "metric": f"metric_{percent}", "percent": percent, "percent_low": low, "percent_high": high,
        "different": different,
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bars_of_every_unit_can_be_read(case: str) -> None:
    what, unit, values, intervals = CASES[case]
    assert flaws(bars(None, what, unit, rows(values, intervals), finding="10 runs, 95 % intervals")) == []


@pytest.mark.parametrize("count", [1, 30])
def test_few_and_many_variants_can_be_read(count: int) -> None:
    names = [f"{'long-name-' * 8}{at}" for at in range(count)]
    axes = bars(None, "cost", "USD", [Bar(name, 1.0 + at, (0.5, 40.0), "$1") for at, name in enumerate(names)])
    assert flaws(axes) == []


def test_bars_and_intervals_stand_where_they_should() -> None:
    axes = bars(None, "cost", "USD", [Bar("a", 10.0, (8.0, 13.0)), Bar("b", 20.0)], baseline="a")
    assert [bar.get_width() for bar in axes.patches] == [10, 20]
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    (whisker,) = [line.get_segments() for line in axes.collections]
    assert whisker[0][:, 0].tolist() == [8, 13]


def test_a_value_that_is_not_defined_is_told_so() -> None:
    axes = bars(None, "makespan", "s", [Bar("a", 60.0, None, "1m 00s"), Bar("b", None)])
    assert [text.get_text() for text in axes.texts] == ["1m 00s", "not defined"]


def test_no_value_at_all_is_no_empty_axes() -> None:
    assert "no value" in bars(None, "makespan", "s", [Bar("a", None)]).texts[0].get_text()


def test_changes_can_be_read_and_stand_at_their_percentage() -> None:
    changes = [change(-63.9, -64.6, -63.2), change(10.8, 8.9, 12.7), change(0.1, -15.0, 15.2, different=False)]
    axes = points(
        None, "spot against on_demand", changes, ["-63.9 ± 0.7 %", "10.8 ± 1.9 %", "0 ± 15 %"], finding="10 runs"
    )
    assert flaws(axes) == []
    assert [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"] == [-63.9, 10.8, 0.1]


def test_changes_of_one_run_have_no_interval_and_none_at_all_says_so() -> None:
    assert flaws(points(None, "b against a", [change(20.0, None, None)], ["+20 %"], finding="1 run")) == []
    assert "no metric has a percentage" in points(None, "b against a", [], [], finding="").texts[0].get_text()
