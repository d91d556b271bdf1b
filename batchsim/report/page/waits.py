"""Waits in RUNNABLE: how long, by queue, and for what; and all parts of the turnaround."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from batchsim.analysis.latency import wait_is_over
from batchsim.analysis.parts import PART_NAMES
from batchsim.analysis.run import Analysis
from batchsim.analysis.series import queue_groups, queue_of_job
from batchsim.analysis.statistics import distribution as distribution_of
from batchsim.records.vocabulary import WaitReason
from batchsim.report.colours import CATEGORIES, MANY, colours
from batchsim.report.page.blocks import Bar, Bars, Chart, Key, Part, Section
from batchsim.report.page.canvas import numbers, plot, source, tell
from batchsim.report.page.names import grouped, short
from batchsim.report.words import duration, plural, words

Summary = Mapping[str, Any]

_POINTS = 400
"""A distribution of more distinct waits is drawn by so many quantiles."""
_MOST_QUEUES = 12
_UNITS = (("hours", 3600.0, 7200.0), ("minutes", 60.0, 120.0), ("seconds", 1.0, 0.0))
_REASONS = {reason.text: place for place, reason in enumerate(reason for reason in WaitReason if reason)}
_PARTS = {name: place for place, name in enumerate(PART_NAMES)}


def waits(run: Analysis, summary: Summary) -> Section:
    """The distribution, what the head waited for meanwhile, and the whole turnaround."""
    title, everyone = "How long jobs waited, and for what", summary["latency"]["all"]
    found = everyone["wait_s"]
    if not found["n"] or not found["max"]:
        return Section("waits", title, _why_none(run, summary), _turnaround(summary))
    told = [f"mean {duration(found['mean'])}"]
    told += [f"{upto} % within {duration(found[f'p{upto}'])}" for upto in (50, 95) if found[f"p{upto}"] is not None]
    waiting = int((~wait_is_over(run) & (run.records.jobs.waiting_since_ms >= 0)).sum())
    still = f"; {plural(waiting, 'job')} still waiting when the run ended, not in the figures" if waiting else ""
    lead = f"RUNNABLE: {', '.join(told)}, longest {duration(found['max'])}{still}."
    return Section("waits", title, lead, [_distribution(run), _reasons(summary), *_turnaround(summary)])


def _why_none(run: Analysis, summary: Summary) -> str:
    if not summary["jobs"]["total"]:
        return "No jobs were submitted."
    waiting = int((run.records.jobs.waiting_since_ms >= 0).sum())
    return (
        f"No wait is over: {plural(waiting, 'job')} still waiting."
        if waiting
        else "No waits: every job started at once."
    )


def _distribution(run: Analysis) -> Chart:
    """The share of jobs that waited no longer than a time: a line a queue."""
    from bokeh.models import Range1d, Scatter, Step

    waited, all_waits = wait_is_over(run), run.parts.wait
    longest = int(all_waits[waited].max()) / 1000
    unit, per, _ = next(each for each in _UNITS if longest >= each[2])
    groups = queue_groups(run, len(CATEGORIES))
    labels = grouped(run.records.names.queues, groups.codes, groups.others, "queues")
    made = plot(Range1d(start=0, end=1.04 * longest / per), Range1d(start=0, end=103))
    numbers(made, "% of jobs that waited no longer", "left")
    numbers(made, f"wait ({unit})", "below")
    keys, points = [], []
    for number, colour in enumerate(colours(groups.count, groups.others)):
        mine = all_waits[waited & (groups.of[queue_of_job(run)] == number)]
        if len(mine):
            values, upto = distribution_of(mine, _POINTS)
            at, part = np.concatenate(([0, values[0]], values)) / 1000 / per, 100 * np.array([0, 0, *upto])
            last = [*at.tolist(), longest / per], [*part.tolist(), 100.0]
            data = source(x=np.array(last[0]), y=np.array(last[1]), queue=[labels[number]] * len(last[0]))
            made.add_glyph(data, Step(x="x", y="y", mode="after", line_color=colour, line_width=2))
            points.append(made.add_glyph(data, Scatter(x="x", y="y", size=14, fill_alpha=0, line_alpha=0)))
            keys.append(Key(labels[number], colour, "line"))
    tell(made, points, [("queue", "@queue"), ("waited", f"@y{{0.0}} % no longer than @x{{0,0.0}} {unit}")])
    return Chart(made, tuple(keys))


def _reasons(summary: Summary) -> Bars:
    """The mean wait of all jobs and of each queue, by what the head waited for."""
    rows = [
        (name, {each["reason"]: each["mean_s"] or 0.0 for each in found["wait_reasons"]})
        for name, found in _populations(summary)
    ]
    return _bars("What the head of the queue waited for, mean of a job", rows, _REASONS)


def _turnaround(summary: Summary) -> list[Bars]:
    """The mean turnaround, by its parts."""
    rows = [
        (name, {part: found["parts"][f"{part}_s"] or 0.0 for part in PART_NAMES})
        for name, found in _populations(summary)
    ]
    return [_bars("Turnaround, from due to done, mean of a job", rows, _PARTS)] if any(map(_total, rows)) else []


def _populations(summary: Summary) -> list[tuple[str, Summary]]:
    """All jobs, and those of each queue where there are several."""
    queues = summary["latency"]["by_queue"]
    largest = sorted(queues, key=lambda name: -queues[name]["turnaround_s"]["n"])[:_MOST_QUEUES]
    each = [(short(name), queues[name]) for name in queues if name in largest]
    return [("all jobs", summary["latency"]["all"]), *(each if len(queues) > 1 else [])]


def _bars(title: str, rows: Sequence[tuple[str, Mapping[str, float]]], places: Mapping[str, int]) -> Bars:
    """Stacked bars; the colours of a vocabulary are by a word's place, and hatched where they start again."""
    rows = [row for row in rows if _total(row)]
    longest = max(map(_total, rows), default=1.0)
    weight = {code: sum(parts.get(code, 0.0) for _, parts in rows) for code in places}
    order = sorted((code for code in places if weight[code]), key=lambda code: -weight[code])
    bars = [
        Bar(
            name,
            [_part(code, parts[code], longest, places) for code in order if parts.get(code)],
            duration(sum(parts.values())),
        )
        for name, parts in rows
    ]
    keys = [
        Key(words(code), _colour(places[code]), "hatched" if places[code] >= len(MANY) else "fill") for code in order
    ]
    return Bars(title, bars, keys)


def _part(code: str, seconds: float, longest: float, places: Mapping[str, int]) -> Part:
    place = places[code]
    return Part(seconds / longest, _colour(place), f"{words(code)}: {duration(seconds)}", hatched=place >= len(MANY))


def _colour(place: int) -> str:
    """Black is that of the text: it must be seen on a dark ground."""
    colour = MANY[place % len(MANY)]
    return "var(--ink)" if colour == "#222222" else colour


def _total(row: tuple[str, Mapping[str, float]]) -> float:
    return sum(row[1].values())
