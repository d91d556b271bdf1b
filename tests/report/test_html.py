"""The result in a notebook: well-formed, self-contained, names escaped, the figures those of the summary."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from report.plotted import RESULTS, result_of
from report.runs import finished, forty_jobs

from batchsim.report.html import result_html

HOSTILE = "</div><script>alert('&amp;')</script>\n<img src=x onerror=\"x\">"


def tree(html: str) -> Any:
    """The HTML as XML, which forgives nothing."""
    return ET.fromstring(html)  # noqa: S314 -- our own text


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", " ".join(tree(html).itertext()))


class Tags(HTMLParser):
    """Every tag, and every name of an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}


@pytest.mark.parametrize("name", RESULTS)
def test_every_kind_of_run_has_well_formed_html_of_a_few_tags(name: str) -> None:
    html = result_of(name)._repr_html_()
    tree(html)
    tags = Tags()
    tags.feed(html)
    assert tags.found <= {"div", "table", "tbody", "tr", "td", "style"}
    assert len(html) < 12_000
    assert not re.search(r"url\(|https?:|@import", html)


def test_hostile_names_are_text() -> None:
    html = finished({"name": HOSTILE}, hostile_records())._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "alert('&amp;')" in words_of(html)


def hostile_records() -> Any:
    return forty_jobs(texts={"queues": (HOSTILE, "other"), "environments": (HOSTILE, "tasks"), "types": (HOSTILE,)})


def test_the_figures_are_those_of_the_report() -> None:
    result = result_of("etl_10tb_stormy")
    told, report = words_of(result._repr_html_()), result.report()
    headline = report.splitlines()[0]
    assert headline in told
    for cause in ("useful work $15", "idle tail $", "environment at maxvCpus"):
        assert cause in told
    assert "5 other causes" in told or "4 other causes" in told


def test_causes_shown_and_others_add_up_to_the_bill() -> None:
    summary = result_of("etl_10tb_stormy").summary()
    cells = [[cell.text or "" for cell in row] for row in tree(result_html(summary)).iter("tr")]
    usd = [float(row[1].strip("$").replace(",", "")) for row in cells if len(row) == 3 and row[1].startswith("$")]
    assert sum(usd) == pytest.approx(summary["cost"]["total_usd"], abs=0.02)


def test_what_went_wrong_stands_on_top() -> None:
    told = words_of(result_of("stuck")._repr_html_())
    assert "STUCK: 1 job can never start" in told
    failed = finished({"thresholds": {"cost_usd": "< 0.00001"}})._repr_html_()
    assert "Threshold failed: cost_usd < 0.00001" in words_of(failed)


def test_text_and_ground_are_left_to_the_page() -> None:
    styles = [element.get("style", "") for element in tree(finished()._repr_html_()).iter()]
    properties = {part.split(":")[0] for style in styles for part in style.split(";") if part}
    assert "color" not in properties
    grounds = {part for style in styles for part in style.split(";") if part.startswith("background")}
    assert grounds <= {"background:none", "background:#0072b2", "background:#e69f00"}
