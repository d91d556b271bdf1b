"""Bars with intervals: each at its value, with its interval, told in its unit, readable."""

from __future__ import annotations

import pytest
from report.pictures import flaws

from batchsim.report.plots.intervals import bars, figure

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


@pytest.mark.parametrize("case", CASES)
def test_bars_of_every_unit_can_be_read(case: str) -> None:
    what, unit, values, intervals = CASES[case]
    names = [f"variant {at}" for at in range(len(values))]
    assert flaws(bars(None, what, unit, names, values, intervals)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 30])
def test_few_and_many_variants_can_be_read(count: int) -> None:
    names = [f"{'long-name-' * 8}{at}" for at in range(count)]
    axes = bars(None, "cost", "USD", names, [1.0 + at for at in range(count)], [(0.5, 40.0)] * count)
    assert flaws(axes) == []


def test_bars_and_intervals_stand_where_they_should() -> None:
    axes = bars(None, "cost", "USD", ["a", "b"], [10.0, 20.0], [(8.0, 13.0), None])
    assert [bar.get_width() for bar in axes.patches] == [10, 20]
    (whisker,) = [line.get_segments() for line in axes.collections]
    assert whisker[0][:, 0].tolist() == [8, 13]


def test_a_value_that_is_not_defined_is_told_so() -> None:
    axes = bars(None, "makespan", "s", ["a", "b"], [60.0, None], [None, None])
    assert [text.get_text() for text in axes.texts] == ["1m 00s", "not defined"]


def test_no_value_at_all_is_no_empty_axes() -> None:
    axes = bars(None, "makespan", "s", ["a"], [None], [None])
    assert "no value" in axes.texts[0].get_text()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-90.0, "s", "-1m 30s"),
        (-1.5, "USD", "-$1.50"),
        (0.125, "share", "12.5 %"),
        (12.0, "1", "12"),
        (3, "vCPU-h", "3 vCPU-h"),
    ],
)
def test_values_are_written_as_in_the_report(value: float, unit: str, text: str) -> None:
    assert figure(value, unit) == text
