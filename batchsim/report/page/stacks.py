"""Levels over time, stacked or as lines, with what holds in each stretch of time under the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim.analysis.steps import Steps, distinct, edges
from batchsim.report.page.blocks import Chart, Key
from batchsim.report.page.canvas import COUNTS, HEIGHT, Clock, from_zero, source, tell, timeline

if TYPE_CHECKING:
    from bokeh.models import Plot

STRETCHES = 1_000
"""Curves with more changes are drawn as their means over so many equal stretches of time, a pixel each or less."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A level over time, by name; ``per`` of its units are one of what is drawn."""

    name: str
    colour: str
    curve: Steps
    per: int = 1
    line: bool = False
    """Drawn as a line over the areas."""
    ink: bool = False
    """In the colour of the text."""
    width: float = 1.6
    """Of the line; a wide one shows under a thin one."""


def over_time(
    of: Clock, layers: Sequence[Layer], unit: str, *, limit: Layer | None = None, height: int = HEIGHT
) -> Chart:
    """Areas on top of one another, lines over them; a ``limit`` is dashed where the levels come up to half of it."""
    curves = [layer.curve for layer in layers]
    at = edges(curves, STRETCHES)
    levels = [_closed(layer.curve.means(at) / layer.per) for layer in layers]
    tops = np.cumsum(
        [level for level, layer in zip(levels, layers, strict=True) if not layer.line] or [0 * levels[0]], axis=0
    )
    highest = float(max(tops[-1].max(), *(level.max() for level in levels)))
    most = limit.curve.peak()[0] / limit.per if limit else 0.0
    is_near = limit is not None and highest >= most / 2
    made = timeline(of, from_zero(max(highest, most if is_near else 0.0)), unit=unit, height=height)
    _draw(made, of, at, layers, levels, tops)
    keys = [_key(layer) for layer in reversed(layers)]
    if limit is not None and is_near:
        _dashed(made, most)
        keys.append(Key(f"{limit.name} ({most:,.6g})", limit.colour, "dashes"))
    return Chart(made, tuple(keys), _what(curves, at))


def _draw(made: Plot, of: Clock, at: Any, layers: Sequence[Layer], levels: Sequence[Any], tops: Any) -> None:
    """Areas, lines, and boxes that nobody sees, over which the mouse asks."""
    from bokeh.models import Quad, Step, VAreaStep

    start, end = of.at(at), of.at(np.append(at[1:], at[-1]))
    columns = {f"v{place}": level.astype(np.float32) for place, level in enumerate(levels)}
    columns |= {f"t{place}": top.astype(np.float32) for place, top in enumerate(tops)}
    data = source(start=start, end=end, **columns)
    below, areas = "", 0
    for layer in (each for each in layers if not each.line):
        glyph: Any = {"x": "start", "y1": below or 0, "y2": f"t{areas}", "step_mode": "after"}
        made.add_glyph(data, VAreaStep(**glyph, fill_color=layer.colour, fill_alpha=0.85))
        below, areas = f"t{areas}", areas + 1
    for place, layer in enumerate(layers):
        if layer.line:
            look: Any = {"line_color": layer.colour, "line_width": layer.width, "tags": ["ink"] * layer.ink}
            made.add_glyph(data, Step(x="start", y=f"v{place}", mode="after", **look))
    unseen: Any = {"left": "start", "right": "end", "bottom": 0, "line_color": None}
    top: Any = f"t{areas - 1}" if areas else "v0"
    boxes = made.add_glyph(data, Quad(**unseen, top=top, fill_alpha=0), hover_glyph=_shade(unseen, top))
    told = [(layer.name, f"@v{place}{{{COUNTS}}}") for place, layer in reversed(list(enumerate(layers)))]
    tell(made, [boxes], [("from", "@start"), ("to", "@end"), *told], mode="vline", of=of)


def _shade(box: dict[str, Any], top: Any) -> Any:
    from bokeh.models import Quad

    return Quad(**box, top=top, fill_color="#808080", fill_alpha=0.25)


def _dashed(made: Plot, most: float) -> None:
    from bokeh.models import HSpan

    made.add_glyph(HSpan(y=most, line_color="#999999", line_dash=[5, 4], line_width=1.4))


def _key(layer: Layer) -> Key:
    return Key(layer.name, "var(--ink)" if layer.ink else layer.colour, "line" if layer.line else "fill")


def _what(curves: Sequence[Steps], at: Any) -> str:
    """What is drawn: every change, or means."""
    changes = len(distinct([curve.at_ms for curve in curves]))
    if changes <= len(at):
        return ""
    return f"{changes:,} changes, drawn as means over {len(at) - 1:,} stretches of time"


def _closed(level: Any) -> Any:
    """The levels of all stretches, and the last one once more for the end."""
    return np.append(level, level[-1:])
