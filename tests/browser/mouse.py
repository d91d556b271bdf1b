"""The mouse over a plot: where something is drawn, what the tooltip says there, and how soon."""

from __future__ import annotations

from browser.conftest import Opened

Point = tuple[float, float]


def hover(opened: Opened, place: str, word: str = "") -> str:
    """The text of the first tooltip of a plot with the word in it; empty where none has it."""
    for point in targets(opened, place):
        told, _ = answer(opened, point)
        if told and word in told:
            return told
    return ""


def targets(opened: Opened, place: str, each: int = 4) -> list[Point]:
    """Where in the window a plot's tooltips should appear: about so many of the boxes and dots of each kind."""
    opened.page.locator(f"#{place}").scroll_into_view_if_needed()
    return [(float(x), float(y)) for x, y in opened.page.evaluate(_TARGETS, [place, each])]


def answer(opened: Opened, point: Point) -> tuple[str, float]:
    """Move the mouse there from where nothing is: the tooltip, and the milliseconds from that movement to its text."""
    page = opened.page
    page.mouse.move(1, 1)
    page.wait_for_function(f"() => !({_TOLD})()")
    page.evaluate(_WATCH)
    page.mouse.move(*point)
    told, took_ms = page.evaluate("() => watched")
    return str(told), float(took_ms)


_TARGETS = """([place, each]) => {
  const view = [...Bokeh.index.roots].find(one => one.el.parentElement.id === place);
  const at = view.canvas_view.el.getBoundingClientRect(), {x_scale, y_scale} = view.frame, found = [];
  for (const tool of view.model.toolbar.tools.filter(one => one.type === "HoverTool"))
    for (const {data_source, glyph} of tool.renderers) {
      const on = (spec, scale, from) => [...spec.field === undefined ? Array(data_source.get_length()).fill(spec.value)
        : data_source.get_column(spec.field)].map(value => from + scale.compute(value));
      const {left, right, top, bottom, x, y} = glyph;
      const [x0, x1] = left ? [on(left, x_scale, at.left), on(right, x_scale, at.left)] : [on(x, x_scale, at.left)];
      const [y0, y1] = top ? [on(top, y_scale, at.top), on(bottom, y_scale, at.top)] : [on(y, y_scale, at.top)];
      const seen = [...x0.keys()].filter(i => (!x1 || x1[i] - x0[i] > 0.9) && (!y1 || Math.abs(y1[i] - y0[i]) > 0.9))
        .map(i => [(x0[i] + (x1 ?? x0)[i]) / 2, (y0[i] + (y1 ?? y0)[i]) / 2])
        .filter(([x, y]) => x > at.left && x < at.right && y > 2 && y < innerHeight - 2);
      const step = Math.max(1, Math.floor(seen.length / each));
      found.push(...seen.filter((_, i) => i % step === 0));
    }
  return found;
}"""
"""The middles of some boxes and dots that can be seen: in the window, and no thinner than a pixel."""

_TOLD = """() => {
  const tips = node => [...node.querySelectorAll("*")].flatMap(each => [
    ...(each.classList.contains("bk-Tooltip") ? [each.shadowRoot ?? each] : []),
    ...(each.shadowRoot ? tips(each.shadowRoot) : []),
  ]);
  return tips(document).map(each => each.textContent).join(" ").trim();
}"""
"""The text of all tooltips."""

_WATCH = f"""() => {{
  const told = {_TOLD};
  globalThis.watched = new Promise(done => addEventListener("pointermove", event => {{
    const look = () => {{
      const text = told(), took = performance.now() - event.timeStamp;
      if (text || took > 1500) done([text, took]); else setTimeout(look, 2);
    }};
    look();
  }}, {{capture: true, once: true}}));
}}"""
"""Wait for the next movement, and from its own time stamp on for a tooltip: the clock is the browser's."""
