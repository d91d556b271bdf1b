"""Pages as a reader has them: no error, no request, the summary's figures, tooltips, zoom, light and dark, widths."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser.conftest import Open, Opened
from browser.mouse import hover
from effort import effort
from report.plotted import result_of as odd_result
from report.test_page import hostile
from scenario_builder import environment, job, scenario

import batchsim
from batchsim import Result
from batchsim.report.page.tiles import value_at

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FEW = ("fault_drill", "dependency_graph")
MORE = (*FEW, "etl_10tb")
SHIPPED = effort(fast=FEW, verify=MORE, long=tuple(sorted(path.stem for path in SCENARIOS.glob("*.yaml"))))
MIDDLE = (pytest.param(*each, marks=pytest.mark.slow) for each in ((800, "dark"), (390, "light")))
LAYOUTS = [(1440, "light"), (390, "dark"), *MIDDLE]
Write = Callable[[Any], Path]


@cache
def shipped(name: str) -> Result:
    return batchsim.run(batchsim.load(SCENARIOS / f"{name}.yaml"), seed=1)


@pytest.mark.parametrize("name", SHIPPED)
def test_it_opens_from_disk_without_an_error_or_a_request_and_with_the_summarys_figures(
    name: str, open_page: Open, written: Write
) -> None:
    result = shipped(name)
    opened = open_page(written(result))
    assert opened.wrongs() == []
    assert len(opened.requests) == 1
    summary = json.loads("".join(result.files(html=False)["summary.json"]))
    tiles = opened.page.eval_on_selector_all(".tile", "all => all.map(t => [t.dataset.path, t.dataset.value])")
    assert len(tiles) >= 5
    assert {path: json.loads(value) for path, value in tiles} == {path: value_at(summary, path) for path, _ in tiles}


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(("width", "scheme"), LAYOUTS)
def test_nothing_overlaps_or_leaves_the_page_and_every_chart_has_ink(
    name: str, width: int, scheme: str, open_page: Open, written: Write, tmp_path: Path
) -> None:
    opened = open_page(written(shipped(name)), width, scheme=scheme)
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.page.evaluate(_OVERLAPS) == []
    assert opened.page.evaluate(_BLANK) == []
    opened.page.screenshot(path=tmp_path / f"{name}-{width}-{scheme}.png", full_page=True)
    assert opened.wrongs() == []


_OVERLAPS = """() => {
  const found = [];
  for (const box of document.querySelectorAll("main section, .tiles, header, nav")) {
    const parts = [...box.children].map(each => [each, each.getBoundingClientRect()]).filter(([, at]) => at.height);
    for (let i = 0; i < parts.length; i++)
      for (let j = i + 1; j < parts.length; j++) {
        const [a, p] = parts[i], [b, q] = parts[j];
        const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
        const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
        if (wide > 1 && high > 1) found.push(`${a.textContent.slice(0, 40)} over ${b.textContent.slice(0, 40)}`);
      }
  }
  return found;
}"""
"""Neighbours in the page that lie over one another."""

_CANVASES = """
  const canvases = [];
  const walk = node => {
    for (const each of node.querySelectorAll("*")) {
      if (each.tagName === "CANVAS") canvases.push(each);
      if (each.shadowRoot) walk(each.shadowRoot);
    }
  };
"""
_BLANK = (
    "() => { const found = []; for (const plot of document.querySelectorAll('.plot')) {"
    + _CANVASES
    + """
  walk(plot.shadowRoot ?? plot);
  const colours = new Set();
  for (const canvas of canvases) {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < data.length; at += 4 * 7) if (data[at + 3] > 60) colours.add(data.slice(at, at + 3).join());
  }
  if (colours.size < 3) found.push(plot.id);
} return found; }"""
)
"""Plots in which nothing is drawn but, at most, axes."""


def test_the_toggle_changes_page_and_plots_and_back(open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("dependency_graph")))
    light = looks(opened)
    opened.page.click("#theme")
    dark = looks(opened)
    opened.page.click("#theme")
    assert light == looks(opened)
    assert all(before != after for before, after in zip(light, dark, strict=True))
    assert opened.wrongs() == []


def looks(opened: Opened) -> list[str]:
    """The colours of the ground, of the text, and of an axis in a plot."""
    found: list[str] = opened.page.evaluate(
        """() => {
          const style = getComputedStyle(document.body);
          const axis = [...Bokeh.documents[0].roots()[0].references()].find(each => each.type.endsWith("Axis"));
          return [style.backgroundColor, style.color, axis.major_label_text_color];
        }"""
    )
    return found


def test_the_mouse_over_a_job_tells_job_attempt_outcome_and_cost(open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("fault_drill")))
    told = hover(opened, "gantt-0", "job")
    for word in ("job", "attempt", "ended", "cost", "$"):
        assert word in told


@pytest.mark.parametrize(
    ("place", "word"), [("states-0", "RUNNING"), ("vcpus-0", "used by jobs"), ("depth-0", "night")]
)
def test_the_mouse_over_a_level_tells_it(place: str, word: str, open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("fault_drill")))
    assert word in hover(opened, place)


def test_a_box_drawn_over_time_zooms_every_chart_of_time_and_reset_undoes_it(open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("fault_drill")))
    before = ranges(opened)
    for _ in range(8):  # a drag that begins while the page is still laid out is nobody's: one would draw it again
        draw_box(opened, "states-0")
        if ranges(opened) != before:
            break
        opened.page.wait_for_timeout(1_000)
    after = ranges(opened)
    assert all(end - start < 0.5 * (before[0][1] - before[0][0]) for start, end in after[:3])
    opened.page.evaluate("Bokeh.documents[0].roots()[0].x_range.reset()")
    assert ranges(opened) == before
    assert opened.wrongs() == []


def draw_box(opened: Opened, place: str) -> None:
    """Drag from two to three fifths of a plot's width, and give it time to follow."""
    page, plot = opened.page, opened.page.locator(f"#{place}")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 120, steps=4)
    page.mouse.up()
    page.wait_for_timeout(500)


def ranges(opened: Opened) -> list[list[float]]:
    """From where to where the first plots show time."""
    found: list[list[float]] = opened.page.evaluate(
        "() => Bokeh.documents[0].roots().slice(0, 3).map(each => [each.x_range.start, each.x_range.end])"
    )
    return found


def test_hostile_names_do_nothing_wherever_the_mouse_goes(open_page: Open, written: Write) -> None:
    opened = open_page(written(hostile()))
    for place in opened.page.eval_on_selector_all(".plot", "all => all.map(each => each.id)"):
        hover(opened, place, "never there")
    assert opened.wrongs() == []
    assert opened.page.evaluate("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert "<script>alert(1)" in hover(opened, "gantt-0", "attempt"), "as text"


@pytest.mark.parametrize("name", ["stuck", "forty_queues", "one_second", "a_month", "nothing"])
def test_odd_runs_open_without_an_error(name: str, open_page: Open, written: Write) -> None:
    opened = open_page(written(odd_result(name)), 390)
    assert opened.wrongs() == []
    assert opened.page.evaluate(_OVERLAPS) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", SHIPPED)
def test_paper_is_light_and_every_plot_is_on_it_as_wide_as_the_paper(
    name: str, open_page: Open, written: Write
) -> None:
    opened = open_page(written(shipped(name)), scheme="dark")
    opened.page.emulate_media(media="print", color_scheme="dark")
    opened.page.wait_for_selector("html[data-paper]", state="attached")
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert opened.page.evaluate(_PAPER) == []
    opened.page.emulate_media(media="screen", color_scheme="dark")
    opened.page.wait_for_selector("html:not([data-paper])", state="attached")
    assert opened.page.evaluate("document.querySelectorAll('.paper').length") == 0
    assert opened.page.evaluate(_BLANK) == []
    assert opened.wrongs() == []


_PAPER = """() => {
  const found = [];
  const dark = colour => Math.max(...[0, 2, 4].map(at => parseInt(colour.slice(1).slice(at, at + 2), 16))) < 120;
  for (const plot of document.querySelectorAll(".plot")) {
    const picture = plot.querySelector(".paper");
    const shown = [...plot.children].filter(each => each.getClientRects().length);
    if (picture === null) { found.push(`${plot.id} is not there`); continue; }
    const box = picture.getBoundingClientRect(), texts = [...picture.querySelectorAll("text")];
    if (shown.length !== 1) found.push(`${plot.id} twice`);
    if (picture.viewBox.baseVal.width !== 680 || box.height < 60) found.push(`${plot.id} ${box.width} x ${box.height}`);
    if (texts.length < 4) found.push(`${plot.id} has ${texts.length} labels`);
    const fills = texts.map(each => each.getAttribute("fill")).filter(fill => fill !== "none");
    if (!fills.every(dark)) found.push(`${plot.id} has pale labels`);
    const inks = new Set([...picture.querySelectorAll("path")].map(each => each.getAttribute("fill")));
    const lines = new Set([...picture.querySelectorAll("path")].map(each => each.getAttribute("stroke")));
    if (new Set([...inks, ...lines]).size < 4) found.push(`${plot.id} has nothing but axes`);
    if (lines.has("#e8ebee") || lines.has("#14171b")) found.push(`${plot.id} has colours of the dark`);
  }
  return found;
}"""
"""Plots that a printer would miss, shrink, draw twice or draw in the colours of a dark screen."""


def test_a_printed_page_has_its_plots_in_vectors_and_a_margin(open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("dependency_graph")), scheme="dark")
    before = looks(opened)
    assert len(opened.page.pdf(prefer_css_page_size=True)) > 50_000
    opened.page.wait_for_selector("html:not([data-paper])", state="attached")
    assert looks(opened) == before
    assert opened.page.evaluate(_BLANK) == []
    assert opened.wrongs() == []


def test_a_comparison_opens_and_tells_its_changes(open_page: Open, written: Write) -> None:
    given = scenario(job("a", {"uniform": {"min": "10s", "max": "60s"}}, size=30), environments=[environment()])
    variants = {"base": given, "two </script><script>alert(1)</script>": given.with_("hosts.maxvCpus", 2)}
    opened = open_page(written(batchsim.compare(variants, replications=5, seed=1)), 800, scheme="dark")
    assert opened.wrongs() == []
    assert opened.page.evaluate(_BLANK) == []
    assert "metric" in hover(opened, "variant-1-0", "change")


def test_a_study_opens_and_tells_its_points(open_page: Open, written: Write) -> None:
    given = scenario(job("a", {"uniform": {"min": "10s", "max": "60s"}}, size=30), environments=[environment()])
    varied = {"hosts.maxvCpus": [2, 4, 8], "name": ["plain", "</script><script>alert(1)</script>"]}
    opened = open_page(written(batchsim.sweep(given, varied, replications=5, seed=1)), 800, scheme="dark")
    assert opened.wrongs() == []
    assert opened.page.evaluate(_BLANK) == []
    assert opened.page.evaluate("document.querySelectorAll('#points tbody tr').length") == 6
