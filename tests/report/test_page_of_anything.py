"""A page of every run, and comparison, that random scenarios make: figures as in the summary, no chart is empty."""

from __future__ import annotations

from collections.abc import Callable

from effort import effort, first_number
from properties.claims import numbered
from report.pages import Page, data_of, models_of, page_of, tiles_of
from report.test_page import ORDER

from batchsim import compare
from batchsim.report.page.tiles import value_at


def test_random_scenarios_have_pages(cases: Callable[[int], None]) -> None:
    first = 2026 + first_number()
    numbers = range(first, first + effort(fast=3, verify=8, long=2_000))
    wrong = [f"number {number}: {flaw}" for number in numbers for flaw in flaws(number)]
    cases(len(numbers))
    assert not wrong, "\n".join(wrong)


def test_random_comparisons_have_pages(cases: Callable[[int], None]) -> None:
    first = 2026 + first_number()
    numbers = range(first, first + effort(fast=2, verify=4, long=600))
    wrong = [f"number {number}: {flaw}" for number in numbers for flaw in flaws_of_comparison(number)]
    cases(len(numbers))
    assert not wrong, "\n".join(wrong)


def flaws(number: int) -> list[str]:
    """What is wrong with the page of a numbered scenario's run."""
    result = numbered(number).result
    page = page_of(result)
    read, summary = Page(page), result.summary()
    found = [
        f"{path} is {value}, not {value_at(summary, path)}"
        for path, (value, _) in tiles_of(page).items()
        if value != value_at(summary, path)
    ]
    if read.headings != [slug for slug in ORDER if slug in read.headings]:
        found.append(f"sections {read.headings}")
    found += empty_plots(page)
    if page != page_of(result):
        found.append("other bytes the second time")
    return found


def flaws_of_comparison(number: int) -> list[str]:
    """What is wrong with the page that sets a numbered scenario beside itself, and beside the next."""
    one, other = numbered(number).scenario, numbered(number + 1).scenario
    found = compare({"one": one, "same": one, "other": other}, metrics="all", replications=2, seed=number)
    page = "".join(str(piece) for piece in found.files()["report.html"])
    told = Page(page).told
    missing = [sentence for sentence in found.sentences() if sentence not in told]
    return [*(f"not told: {sentence}" for sentence in missing), *empty_plots(page)]


def empty_plots(page: str) -> list[str]:
    """A flaw for each plot without data."""
    plots = [model for model in models_of(data_of(page)) if model.get("name") == "Plot"]
    return [
        "an empty plot" for plot in plots if not any(of.get("name") == "ColumnDataSource" for of in models_of(plot))
    ]
