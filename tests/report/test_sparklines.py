"""Curves in a line of text: heights by value, plain where there are no blocks, narrow where the terminal is."""

from __future__ import annotations

from report.runs import finished

from batchsim.report.sparklines import BLOCKS, PLAIN, resampled, sparkline
from batchsim.report.terminal import encodable


def test_the_greatest_is_the_highest_and_nothing_is_blank() -> None:
    assert sparkline([0, 1, 4, 8]) == " ▂▅█"
    assert sparkline([0.001, 1000]) == "▁█"
    assert sparkline([0, 0]) == "  "
    assert sparkline([]) == ""


def test_fewer_columns_keep_the_area() -> None:
    edges, means = [0, 1, 2, 4], [6.0, 0.0, 3.0]
    assert resampled(edges, means, 2) == [3.0, 3.0]
    assert resampled(edges, means, 3) == means


def test_each_block_has_a_plain_character_of_its_own() -> None:
    assert encodable(BLOCKS, "ascii") == PLAIN
    assert len(set(PLAIN)) == len(BLOCKS)


def test_the_report_shows_three_curves_that_fit_forty_columns_at_its_narrowest() -> None:
    text = finished().report(60)
    lines = text[text.index("Over time") :].splitlines()[1:4]
    assert [line.split("  ")[1] for line in lines] == ["queue depth", "running", "vCPUs used"]
    assert all(len(line) <= 40 for line in lines)
    assert all(set(line) & set(BLOCKS) for line in lines)
