"""A run on half a page of HTML, for notebooks: the figures to take away, where the money went, what jobs waited for.

One ``<div>`` that needs nothing else: no script, no style sheet, no picture, no link. Colours of text and ground are
the page's own, so that it reads in the light and in the dark. Names are text, whatever is in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from batchsim.report.sentences import fates, ready
from batchsim.report.words import count, dollars, duration, number, plain, plural, share, words

Summary = Mapping[str, Any]

_BLUE, _ORANGE, _RED = "#0072b2", "#e69f00", "#d55e00"
"""Those of the plots."""

_MOST_BARS = 6
_MOST_WARNINGS = 6
_BAR_PX = 160
_LINE = "1px solid rgba(128,128,128,.35)"
_USEFUL = "useful_work"


def result_html(summary: Summary) -> str:
    """The summary as one ``<div>``."""
    run = summary["run"]
    title = f"{run['scenario'] or 'scenario'}: {dollars(summary['cost']['total_usd'])}, {ready(summary)}"
    parts = [
        _tag("div", _text(title), "font-weight:600;font-size:1.15em"),
        *_warnings(summary),
        _facts(summary),
        _columns(_causes(summary), _waits(summary)),
        _tag("div", _text(_more(summary)), f"opacity:.7;font-size:.9em;border-top:{_LINE};padding-top:.35em"),
    ]
    return _tag("div", "".join(parts), f"max-width:760px;border:{_LINE};border-radius:4px;padding:.7em .9em")


def _warnings(summary: Summary) -> list[str]:
    """What makes the other figures misleading, or what the scenario did not want."""
    stuck, refused = summary["stuck"]["jobs"], sum(summary["jobs"]["refused_calls"].values())
    told = [f"STUCK: {plural(stuck, 'job')} can never start"] * bool(stuck)
    told += [f"REFUSED: {plural(refused, 'SubmitJob call')}"] * bool(refused)
    told += [f"Not simulated: {what}" for what in summary["unsimulated"]]
    told += [
        f"Threshold failed: {each['metric']} {each['condition']}" for each in summary["thresholds"] if not each["ok"]
    ]
    rest = len(told) - _MOST_WARNINGS
    told = [*told[:_MOST_WARNINGS], *[f"and {rest} more: see result.report()"] * (rest > 0)]
    return [_tag("div", _text(each), f"border-left:4px solid {_RED};padding-left:.5em;margin:.3em 0") for each in told]


def _facts(summary: Summary) -> str:
    """Two columns of figures."""
    bill, head, found = summary["cost"], summary["headline"], summary["throughput"]
    pairs = [("jobs", fates(summary["jobs"])), ("makespan", duration(head["makespan_s"]))]
    pairs += [("cost per job", dollars(bill["per_job_usd"]))] * (bill["per_job_usd"] is not None)
    if any("Spot" in purchase for purchase in bill["by_purchase"]):
        saved = f"{dollars(bill['on_demand_usd'])} for the same hours; saved {share(bill['saving_share'])}"
        pairs.append(("On-Demand", saved))
    pairs.append(
        ("at the peak", f"{plural(found['running_peak'], 'container')}, {number(found['vcpus_peak'])} vCPUs held")
    )
    if summary["instances"]["launched"]:
        pairs.append(("instances", _instances(summary)))
    return _table([(_text(what), _text(figure)) for what, figure in pairs], ("opacity:.7", ""))


def _instances(summary: Summary) -> str:
    launched = f"{count(summary['instances']['launched'])} launched"
    taken = summary["reclaims"]["instances"]
    lost = f", {count(taken)} taken by Spot" if taken else ""
    return f"{launched}{lost}; {share(summary['utilisation']['vcpu'])} of their vCPU-hours held by jobs"


def _causes(summary: Summary) -> str:
    """Dollars by cause, the largest first, as bars."""
    bill = summary["cost"]
    lines = sorted(((name, usd) for name, usd in bill["by_cause"].items() if usd), key=lambda line: -line[1])
    shown, rest = _most(lines)
    rows = [(words(name), usd, _BLUE if name == _USEFUL else _ORANGE) for name, usd in shown]
    rows += [(plural(len(rest), "other cause"), sum(usd for _, usd in rest), _ORANGE)] * bool(rest)
    return _bars(
        "Cost by cause", [(name, usd, dollars(usd), colour) for name, usd, colour in rows], "nothing was billed"
    )


def _waits(summary: Summary) -> str:
    """The mean wait by reason as bars, below its statistics."""
    everyone = summary["latency"]["all"]
    found = everyone["wait_s"]
    lines = [(each["reason"], each["mean_s"] or 0.0) for each in everyone["wait_reasons"]]
    shown, rest = _most(lines)
    rows = [(words(reason), seconds) for reason, seconds in shown]
    rows += [(plural(len(rest), "other reason"), sum(seconds for _, seconds in rest))] * bool(rest)
    told = ", ".join(f"{kind} {duration(found[kind])}" for kind in ("mean", "p50", "p95", "max"))
    title = f"Wait: {told}" if found["n"] else "Wait"
    return _bars(title, [(name, s, duration(s), _BLUE) for name, s in rows], "no job waited")


def _most(lines: Sequence[tuple[str, float]]) -> tuple[Sequence[tuple[str, float]], Sequence[tuple[str, float]]]:
    """The first lines, and the others if there are at least two."""
    few = len(lines) <= _MOST_BARS + 1
    return (lines, ()) if few else (lines[:_MOST_BARS], lines[_MOST_BARS:])


def _more(summary: Summary) -> str:
    run = summary["run"]
    shown = "result.report(), result.plot.gantt(), result.jobs"
    return f"seed {run['seed']} · {run['region']} · {duration(summary['horizon_s'])} simulated · more: {shown}"


# -- HTML


def _text(text: object) -> str:
    """Text as HTML, on one line."""
    return escape(plain(text))


def _tag(name: str, inner: str, style: str = "") -> str:
    return f'<{name} style="{style}">{inner}</{name}>' if style else f"<{name}>{inner}</{name}>"


def _columns(*parts: str) -> str:
    """Parts side by side where there is room."""
    return _tag("div", "".join(_tag("div", part) for part in parts), "display:flex;flex-wrap:wrap;gap:.4em 2.2em")


def _bars(title: str, rows: Sequence[tuple[str, float, str, str]], nothing: str) -> str:
    """A title, and a table of name, figure and bar; a sentence where there is no row."""
    longest = max((value for _, value, _, _ in rows), default=0.0)
    cells = [
        (_text(name), _text(told), _bar(value / longest if longest else 0.0, colour))
        for name, value, told, colour in rows
    ]
    body = _table(cells, ("", "text-align:right", "")) if rows else _tag("div", _text(nothing), "opacity:.7")
    return _tag("div", _text(title), "font-weight:600;margin-top:.5em") + body


def _bar(part: float, colour: str) -> str:
    width = max(1, round(_BAR_PX * part))
    return _tag("div", "", f"background:{colour};height:.7em;width:{width}px")


def _table(rows: Iterable[Sequence[str]], styles: Sequence[str]) -> str:
    """A table without rules; notebooks' own style of tables is overridden cell by cell."""
    plain_cell = "text-align:left;padding:.1em .9em .1em 0;border:none;background:none"
    lines = (
        "".join(_tag("td", cell, f"{plain_cell};{style}") for cell, style in zip(row, styles, strict=True))
        for row in rows
    )
    body = "".join(_tag("tr", line, "background:none") for line in lines)
    return _tag("table", _tag("tbody", body), "border-collapse:collapse;border:none;margin:.3em 0")
