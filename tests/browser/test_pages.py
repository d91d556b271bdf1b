"""Pages as a reader has them: no error, no request, the summary's figures, tooltips, zoom, light and dark, widths."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser.conftest import Open, Opened
from effort import effort
from report.plotted import result_of as odd_result
from report.test_page import hostile
from scenario_builder import environment, job, scenario

import batchsim
from batchsim import Result
from batchsim.report.page.tiles import value_at

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
FEW = ("fault_drill", "dependency_graph")
FIVE = (*FEW, "etl_10tb", "fair_share_teams", "hello_fargate")
SHIPPED = effort(fast=FEW, verify=FIVE, long=tuple(sorted(path.stem for path in SCENARIOS.glob("*.yaml"))))
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
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (800, "dark"), (390, "light"), (390, "dark")])
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


def test_the_mouse_over_a_job_tells_job_attempt_outcome_and_cost_at_once(open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("fault_drill")))
    told, took_ms = hover(opened, "gantt-0", "job")
    for word in ("job", "attempt", "ended", "cost", "$"):
        assert word in told
    assert took_ms < 1_000, "a fifth of a second on a machine of its own"


@pytest.mark.parametrize(
    ("place", "word"), [("states-0", "RUNNING"), ("vcpus-0", "used by jobs"), ("depth-0", "night")]
)
def test_the_mouse_over_a_level_tells_it(place: str, word: str, open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("fault_drill")))
    assert word in hover(opened, place)[0]


def hover(opened: Opened, place: str, word: str = "") -> tuple[str, float]:
    """The text of the first tooltip of a plot with the word in it, and the milliseconds until it was there."""
    page = opened.page
    page.locator(f"#{place}").scroll_into_view_if_needed()
    for x, y in page.evaluate(_TARGETS, place):
        page.mouse.move(x, y)
        told, took_ms = page.evaluate(_TOOLTIP)
        if told and word in told:
            return str(told), float(took_ms)
    return "", 0.0


_TARGETS = """place => {
  const view = [...Bokeh.index.roots].find(each => each.el.parentElement.id === place);
  const at = view.canvas_view.el.getBoundingClientRect(), found = [];
  for (const tool of view.model.toolbar.tools.filter(each => each.type === "HoverTool"))
    for (const drawn of tool.renderers) {
      const data = drawn.data_source, of = spec => spec.field === undefined ? [] : data.get_column(spec.field);
      const {left, right, top, bottom, x, y} = drawn.glyph;
      const middle = (one, other) => [...one].map((each, i) => (each + (other[i] ?? 0)) / 2);
      const xs = left ? middle(of(left), of(right)) : [...of(x)], ys = top ? middle(of(top), of(bottom)) : [...of(y)];
      const step = Math.max(1, Math.floor(xs.length / 4));
      for (let i = 0; i < xs.length; i += step)
        found.push([at.left + view.frame.x_scale.compute(xs[i]), at.top + view.frame.y_scale.compute(ys[i])]);
    }
  return found;
}"""
"""Where in the window a plot's tooltips should appear: some of the boxes and dots that have one."""

_TOOLTIP = """async () => {
  const began = performance.now();
  const tips = node => [...node.querySelectorAll("*")].flatMap(each => [
    ...(each.classList.contains("bk-Tooltip") ? [each.shadowRoot ?? each] : []),
    ...(each.shadowRoot ? tips(each.shadowRoot) : []),
  ]);
  for (let waited = 0; waited < 10; waited++) {
    const told = tips(document).map(each => each.textContent).join(" ");
    if (told.trim()) return [told, performance.now() - began];
    await new Promise(done => requestAnimationFrame(done));
  }
  return ["", performance.now() - began];
}"""


def test_a_box_drawn_over_time_zooms_every_chart_of_time_and_reset_undoes_it(open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("fault_drill")))
    before = ranges(opened)
    page = opened.page
    page.locator("#states-0").scroll_into_view_if_needed()
    box = page.locator("#states-0").bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 120, steps=4)
    page.mouse.up()
    page.wait_for_function("before => Bokeh.documents[0].roots()[0].x_range.end < before", arg=before[0][1])
    after = ranges(opened)
    assert all(end - start < 0.5 * (before[0][1] - before[0][0]) for start, end in after[:3])
    page.evaluate("Bokeh.documents[0].roots()[0].x_range.reset()")
    assert ranges(opened) == before
    assert opened.wrongs() == []


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
    told, _ = hover(opened, "gantt-0", "attempt")
    assert "<script>alert(1)" in told, "as text"


@pytest.mark.parametrize("name", ["stuck", "forty_queues", "one_second", "a_month", "nothing"])
def test_odd_runs_open_without_an_error(name: str, open_page: Open, written: Write) -> None:
    opened = open_page(written(odd_result(name)), 390)
    assert opened.wrongs() == []
    assert opened.page.evaluate(_OVERLAPS) == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_paper_is_light_and_has_every_section(open_page: Open, written: Write) -> None:
    opened = open_page(written(shipped("dependency_graph")), scheme="dark", media="print")
    assert opened.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    opened.page.wait_for_function(_DARKEST_TEXT, arg=120)
    opened.page.emulate_media(media="screen", color_scheme="dark")
    opened.page.wait_for_function(f"most => !({_DARKEST_TEXT})(most)", arg=120)
    printed = f"most => {{ dispatchEvent(new Event('beforeprint')); return ({_DARKEST_TEXT})(most); }}"
    assert opened.page.evaluate(printed, 120), "in the instant in which a printer looks"
    assert len(opened.page.pdf()) > 50_000
    assert opened.wrongs() == []


_DARKEST_TEXT = (
    "most => {"
    + _CANVASES
    + """
  walk(document);
  const {width, height} = canvases[0], left = Math.floor(width / 30);
  const data = canvases[0].getContext("2d").getImageData(0, 0, left, height).data;
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200 && data[at] < most && data[at + 1] < most && data[at + 2] < most) return true;
  return false;
}"""
)
"""Whether the first plot's labels at its left are dark, as on white paper."""


def test_a_comparison_opens_and_tells_its_changes(open_page: Open, written: Write) -> None:
    given = scenario(job("a", {"uniform": {"min": "10s", "max": "60s"}}, size=30), environments=[environment()])
    variants = {"base": given, "two </script><script>alert(1)</script>": given.with_("hosts.maxvCpus", 2)}
    opened = open_page(written(batchsim.compare(variants, replications=5, seed=1)), 800, scheme="dark")
    assert opened.wrongs() == []
    assert opened.page.evaluate(_BLANK) == []
    assert "metric" in hover(opened, "variant-1-0", "change")[0]


def test_a_study_opens_and_tells_its_points(open_page: Open, written: Write) -> None:
    given = scenario(job("a", {"uniform": {"min": "10s", "max": "60s"}}, size=30), environments=[environment()])
    varied = {"hosts.maxvCpus": [2, 4, 8], "name": ["plain", "</script><script>alert(1)</script>"]}
    opened = open_page(written(batchsim.sweep(given, varied, replications=5, seed=1)), 800, scheme="dark")
    assert opened.wrongs() == []
    assert opened.page.evaluate(_BLANK) == []
    assert opened.page.evaluate("document.querySelectorAll('#points tbody tr').length") == 6


def test_a_hundred_thousand_jobs_open_within_five_seconds_of_the_processor(open_page: Open, written: Write) -> None:
    jobs = effort(fast=10_000, verify=100_000, long=100_000)
    work = [job(f"w{at}", {"lognormal": {"mean": "9m", "cv": 0.6}}, size=jobs // 10, at=f"{at}m") for at in range(10)]
    result = batchsim.run(scenario(*work, environments=[environment(types=("box.16",), maxvCpus=jobs // 20)]), seed=1)
    path = written(result)
    assert path.stat().st_size < (4_000_000 if jobs == 10_000 else 8_000_000)
    opened = open_page(path)
    busy_s = opened.page.evaluate("performance.getEntriesByType('navigation')[0].domComplete") / 1000
    assert busy_s < 20, "five seconds on a machine of its own"
    assert hover(opened, "gantt-0")[0]
    assert opened.wrongs() == []
