"""A comparison in words, tables, HTML and pictures: directions only where shown, and names are data."""

from __future__ import annotations

from io import BytesIO

import pytest
from experiments.small import column, measured
from matplotlib.figure import Figure
from report.pictures import flaws

from batchsim import Comparison

HOSTILE = "<script>alert(1)</script> $x^$\x1b[31m"


@pytest.fixture
def nights() -> Comparison:
    """Spot is cheaper and slower; the wait cannot be told apart; nothing fails."""
    metrics = ["cost_usd", "makespan_s", "wait_mean_s", "jobs_failed"]
    on_demand = [[50, 3600, 60, 0], [52, 3700, 62, 0], [48, 3650, 58, 0], [50, 3640, 61, 0]]
    spot = [[18, 4000, 66, 0], [19, 4060, 55, 0], [17.5, 4100, 59, 0], [17.8, 4010, 60, 0]]
    return measured({"on_demand": on_demand, "spot": spot}, metrics)


def one(first: list[float], second: list[float], metric: str = "cost_usd") -> list[str]:
    return measured({"a": column(*first), "b": column(*second)}, [metric]).sentences()


def test_sentences_say_what_differs_and_what_cannot_be_told_apart(nights: Comparison) -> None:
    assert nights.sentences() == [
        "spot is 63.9 ± 0.7 % cheaper and 10.8 ± 1.9 % slower than on_demand.",
        "No difference can be shown between spot and on_demand: wait_mean_s (0 ± 15 %).",
        "The same in every replication: jobs_failed.",
    ]


def test_a_sentence_never_shows_an_interval_that_seems_to_hold_zero() -> None:
    (shown,) = one([100.0, 101, 99, 100], [100.6, 101.4, 99.9, 100.5])
    size, half = shown.split("b is ")[1].split(" %")[0].split(" ± ")
    assert float(size) > float(half) > 0


def test_a_lopsided_interval_is_told_by_its_ends() -> None:
    assert one([2, 9, 8, 11], [8, 16, 19, 19], "wait_mean_s") == ["Of b, wait_mean_s is 107 (57.4 to 498) % higher."]


def test_the_same_difference_each_time_has_no_plus_and_minus() -> None:
    assert one([10.0, 20, 30, 10, 20, 30], [11.0, 22, 33, 11, 22, 33]) == ["b is 10 % dearer than a."]


@pytest.mark.parametrize(
    ("metric", "first", "second", "told"),
    [
        ("retries", [0, 0, 0, 0], [4, 5, 6, 5], "Of b, retries is 5.0 ± 1.3 higher."),
        ("wait_mean_s", [0, 0, 0, 0], [40, 50, 60, 50], "Of b, wait_mean_s is 50.0s ± 13.0s higher."),
        ("useful_share", [.5, .6, .55], [.4, .5, .46], "Of b, useful_share is 9.7 ± 1.4 percentage points lower."),
    ],
)  # fmt: skip
def test_without_a_percentage_the_difference_has_its_unit(
    metric: str, first: list[float], second: list[float], told: str
) -> None:
    assert one(first, second, metric) == [told]


def test_one_replication_shows_nothing() -> None:
    found = measured({"a": column(10), "b": column(12)})
    assert found.sentences() == ["1 replication: no interval, so nothing is shown of b against a: cost_usd +20 %."]
    assert found.notes()[0].startswith("1 replication: no interval")


def test_few_replications_and_several_variants_are_noted() -> None:
    notes = measured({"a": column(1, 2, 3), "b": column(2, 3, 5), "c": column(1, 2, 4)}).notes()
    assert notes[0].startswith("3 replications: with fewer than 10")
    assert "97.5 %" in notes[1]


def test_pairs_that_did_not_help_are_noted() -> None:
    notes = measured({"a": column(*range(12)), "b": column(*range(12, 0, -1))}).notes()
    assert notes == ["common random numbers did not help for b: correlation of the pairs cost_usd (-1.00)"]


def test_the_report_fits_a_hundred_columns_and_keeps_its_metrics_whole(nights: Comparison) -> None:
    report = nights.report()
    assert max(map(len, report.splitlines())) <= 100
    assert all(f"  {metric} " in report for metric in nights.metrics)
    assert "-63.9 ± 0.7 %" in report
    assert "± (95 %)" in report


def test_with_every_metric_it_still_fits() -> None:
    from batchsim.analysis.metrics import METRICS

    rows = [[1234.5678 * (n + 1) for _ in METRICS] for n in range(4)]
    report = measured({"a": rows, "b": [[2.5 * value for value in row] for row in rows]}, list(METRICS)).report()
    assert max(map(len, report.splitlines())) <= 100
    assert all(f"  {metric} " in report for metric in METRICS)


def test_names_are_data_wherever_they_are_shown() -> None:
    found = measured({"a": column(1, 2, 3), HOSTILE: column(2, 3, 5)})
    assert "\x1b" not in found.report()
    assert "<script" not in found._repr_html_()
    assert "&lt;script" in found._repr_html_()
    for name in ("means", "differences"):
        assert drawn(found, name).startswith(b"\x89PNG")


def test_html_is_one_small_table_on_its_own(nights: Comparison) -> None:
    html = nights._repr_html_()
    assert html.count("<table") == html.count("</table>") == 1
    assert "<b>-63.9 ± 0.7 %</b>" in html
    assert "http" not in html


def drawn(found: Comparison, name: str, *metrics: str) -> bytes:
    png = BytesIO()
    getattr(found.plot, name)(*metrics).savefig(png)
    return png.getvalue()


NOTHING = measured({"a": column(None), "b": column(None)}, ["retries"])
SEVEN = ["cost_usd", "makespan_s", "useful_share", "retries", "jobs_per_h", "wait_mean_s", "lost_usd"]
MANY = measured(
    {name: [[n * len(name) + at for n in range(1, 8)] for at in range(3)] for name in ("a", "bb", "c" * 60)}, SEVEN
)


@pytest.mark.parametrize("name", ["means", "differences", "bars", "changes"])
def test_plots_of_much_and_of_little_can_be_read(nights: Comparison, name: str) -> None:
    for found in (nights, MANY, measured({"a": column(1), "b": column(2), "c": column(3)})):
        drawn_one = getattr(found.plot, name)()
        assert (
            flaws(drawn_one if hasattr(drawn_one, "figure") and name in ("bars", "changes") else drawn_one.axes[0])
            == []
        )
        assert drawn_one._repr_png_()[0].startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["means", "differences"])
def test_plots_of_nothing_say_so(name: str) -> None:
    (axes,) = getattr(NOTHING.plot, name)().axes
    assert axes.texts[0].get_text().startswith("no ")


def test_plots_are_drawn_into_given_axes(nights: Comparison) -> None:
    left, right = Figure(figsize=(12, 4), layout="constrained").subplots(1, 2)
    assert nights.plot.bars("makespan_s", left) is left
    assert nights.plot.changes("spot", "cost_usd", ax=right) is right
    assert flaws(left) == []


def test_what_was_not_compared_is_refused_with_what_was(nights: Comparison) -> None:
    with pytest.raises(ValueError, match="compared were cost_usd"):
        nights.plot.bars("retries")
    with pytest.raises(ValueError, match="there are spot"):
        nights.plot.changes("sopt")


def test_no_panel_is_empty() -> None:
    never = measured({"a": [[1.0, None], [2.0, None]], "b": [[2.0, None], [2.5, None]]}, ["cost_usd", "wait_p99_s"])
    assert [axes.get_title(loc="left") for axes in never.plot.means().axes] == ["cost_usd"]


def test_bars_are_as_long_as_the_means(nights: Comparison) -> None:
    bars = nights.plot.means("cost_usd").axes[0].patches
    assert [bar.get_width() for bar in bars] == pytest.approx([50, 18.075])  # type: ignore[attr-defined]
