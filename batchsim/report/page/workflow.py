"""The graph of what depended on what, over time, with the critical path of the longest workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from batchsim.analysis.exact import Int64s, int64
from batchsim.analysis.frame import call_ids
from batchsim.analysis.run import Analysis
from batchsim.records.tables import NEVER, Ints
from batchsim.records.vocabulary import JobState
from batchsim.report.colours import BLUE, GREY, SKY, VERMILLION
from batchsim.report.page.blocks import Chart, Facts, Key, Section, Table
from batchsim.report.page.canvas import Clock, names, source, tell, timeline
from batchsim.report.page.names import distinct, short
from batchsim.report.words import NOTHING, count, duration, plural, share, words

if TYPE_CHECKING:
    from bokeh.models import Plot

MOST_ROWS = 50
_MOST_STEPS = 20
_BAND = 0.32
_ROW_PX = 24
_STATES = tuple(state.text for state in JobState)


@dataclass(frozen=True, slots=True, eq=False)
class _Calls:
    """What became of each SubmitJob call, array children together. Shape of each: (calls,)."""

    created_ms: Int64s
    ready_ms: Int64s
    """The first of its jobs RUNNABLE."""
    start_ms: Int64s
    """The first of them STARTING; the end where none did."""
    end_ms: Int64s
    critical: Int64s
    """The first of its jobs on a critical path, or NEVER."""
    slack_ms: Int64s
    """The least of its jobs'."""
    workflow: Int64s


def workflow(run: Analysis, summary: Mapping[str, Any], clock: Clock) -> Section | None:
    """None where no job waited for another."""
    found = summary["workflows"]["longest"]
    edges = run.records.dependencies
    linked = edges.submission != edges.parent
    if not found or not (len(edges.submission) or np.any(run.graph.bound_by != NEVER)):
        return None
    calls = _calls(run)
    rows = _drawn(run, calls)
    if len(rows) < 1:
        return None
    longest = found[0]
    chart = _chart(run, calls, rows, linked, clock)
    return Section("workflow", "Dependencies and the critical path", _lead(longest, summary["workflows"]["count"]),
                   [chart, Facts(_parts(longest)), _path(longest)])  # fmt: skip


def _calls(run: Analysis) -> _Calls:
    jobs, size = run.records.jobs, len(run.records.submissions.entry)
    of = np.asarray(jobs.submission)
    start = _first(of, np.where(jobs.attempts > 0, _first_start(run), run.spans.end_ms), size)
    on_path = np.flatnonzero(run.critical.on_path)
    critical = np.full(size, NEVER, np.int64)
    critical[of[on_path[::-1]]] = on_path[::-1]
    slack = np.where(run.slack_ms == NEVER, np.iinfo(np.int64).max, run.slack_ms)
    ready = np.where(jobs.runnable_at_ms == NEVER, run.spans.end_ms, int64(jobs.runnable_at_ms))
    end = np.zeros(size, np.int64)
    np.maximum.at(end, of, run.spans.end_ms)
    group = np.full(size, NEVER, np.int64)
    group[of] = run.graph.workflow
    created = _first(of, run.spans.created_ms, size)
    return _Calls(created, _first(of, ready, size), start, end, critical, _first(of, slack, size), group)


def _first_start(run: Analysis) -> Int64s:
    found = np.full(len(run.records.jobs.state), np.iinfo(np.int64).max, np.int64)
    np.minimum.at(found, run.records.attempts.job, run.phases.starting_ms)
    return found


def _first(of: Ints, values: Any, size: int) -> Int64s:
    found = np.full(size, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(found, of, values)
    return found


def _drawn(run: Analysis, calls: _Calls) -> list[int]:
    """Calls of the longest workflows that have links, critical ones first where not all have room; in order of time."""
    linked = np.zeros(len(calls.workflow), np.bool_)
    edges = run.records.dependencies
    linked[edges.submission] = linked[edges.parent] = True
    bound = np.flatnonzero(run.graph.bound_by != NEVER)
    linked[run.records.jobs.submission[bound]] = linked[run.records.jobs.submission[run.graph.bound_by[bound]]] = True
    length = run.graph.end_ms - run.graph.due_ms
    chosen: list[int] = []
    for number in np.argsort(-length, kind="stable").tolist():
        mine = np.flatnonzero((calls.workflow == number) & linked)
        if chosen and len(chosen) + len(mine) > MOST_ROWS:
            break
        order = np.lexsort((mine, calls.slack_ms[mine], calls.critical[mine] == NEVER))
        chosen += mine[order][:MOST_ROWS].tolist()
    return sorted(chosen, key=lambda call: (int(calls.workflow[call]), int(calls.start_ms[call]), call))


def _chart(run: Analysis, calls: _Calls, rows: Sequence[int], linked: Any, clock: Clock) -> Chart:
    from bokeh.models import Range1d

    height = 70 + _ROW_PX * max(len(rows), 4)
    made = timeline(clock, Range1d(start=len(rows) - 0.4, end=-0.6), height=height, both_ways=True)
    ids, size = call_ids(run.records), run.records.submissions.size
    labels = [f"{short(ids[call], 18)}{f' ×{size[call]:,}' if size[call] > 1 else ''}" for call in rows]
    names(made, dict(enumerate(distinct(labels, 26))))
    _edges(made, run, calls, rows, linked, clock)
    _boxes(made, run, calls, rows, clock)
    keys = [Key("PENDING", GREY, "pale"), Key("RUNNABLE", SKY), Key("first start to last end", BLUE),
            Key("on the critical path", VERMILLION), Key("dependency", GREY, "line")]  # fmt: skip
    every = int(np.count_nonzero(calls.workflow != NEVER))
    of = f"{count(len(rows))} of {plural(every, 'SubmitJob call')}"
    some = f"Drawn are {of}: the longest workflows, the critical path first."
    return Chart(made, tuple(keys), "" if len(rows) == every else some)


def _boxes(made: Plot, run: Analysis, calls: _Calls, rows: Sequence[int], clock: Clock) -> None:
    """A row a call: until it was RUNNABLE, until the first start, until the last end."""
    from bokeh.models import Quad

    at, place = np.array(rows), np.arange(len(rows), dtype=np.float64)
    is_critical = calls.critical[at] != NEVER
    instants = (calls.created_ms, calls.ready_ms, calls.start_ms, calls.end_ms)
    created, ready, start, end = (clock.at(np.minimum(each[at], calls.end_ms[at])) for each in instants)
    data = source(created=created, ready=ready, began=start, end=end, start=start, top=place - _BAND,
                  bottom=place + _BAND, fill=[VERMILLION if each else BLUE for each in is_critical.tolist()],
                  **_told(run, calls, rows))  # fmt: skip
    look: dict[str, Any] = {"top": "top", "bottom": "bottom", "line_color": None}
    boxes = [
        made.add_glyph(data, Quad(left="created", right="ready", fill_color=GREY, fill_alpha=0.35, **look)),
        made.add_glyph(data, Quad(left="ready", right="began", fill_color=SKY, fill_alpha=0.8, **look)),
        made.add_glyph(data, Quad(left="began", right="end", fill_color="fill", fill_alpha=0.95, **look)),
    ]
    lines = [("call", "@call"), ("jobs", "@jobs"), ("state", "@state"), ("first start", "@start"), ("last end", "@end"),
             ("critical path", "@critical"), ("slack", "@slack")]  # fmt: skip
    tell(made, boxes, lines, of=clock)


def _told(run: Analysis, calls: _Calls, rows: Sequence[int]) -> dict[str, list[str]]:
    submissions, ids = run.records.submissions, call_ids(run.records)
    unknown = np.iinfo(np.int64).max
    return {
        "call": [short(ids[call]) for call in rows],
        "jobs": [f"{submissions.size[call]:,}" for call in rows],
        "state": [_STATES[int(submissions.state[call])] for call in rows],
        "critical": [
            "no" if calls.critical[call] == NEVER else f"yes, {short(run.job_ids[calls.critical[call]])}"
            for call in rows
        ],
        "slack": [
            NOTHING if calls.slack_ms[call] == unknown else duration(int(calls.slack_ms[call]) / 1000) for call in rows
        ],
    }


def _edges(made: Plot, run: Analysis, calls: _Calls, rows: Sequence[int], linked: Any, clock: Clock) -> None:
    """From the end of what was waited for to when the first job was let go; those of the critical path on top."""
    from bokeh.models import Segment

    place = {call: at for at, call in enumerate(rows)}
    edges = run.records.dependencies
    parents, children = edges.parent[linked].tolist(), edges.submission[linked].tolist()
    pairs, path = set(zip(parents, children, strict=True)), _path_edges(run)
    drawn = sorted(pair for pair in pairs | path if pair[0] in place and pair[1] in place)
    for chosen, colour, width in ((False, GREY, 1.0), (True, VERMILLION, 2.2)):
        some = [pair for pair in drawn if (pair in path) is chosen]
        if some:
            parent, call = (np.array(side) for side in zip(*some, strict=True))
            data = source(
                x0=clock.at(np.minimum(calls.end_ms[parent], calls.ready_ms[call])), x1=clock.at(calls.ready_ms[call]),
                y0=np.array([float(place[each]) for each in parent.tolist()]),
                y1=np.array([float(place[each]) for each in call.tolist()]),
            )  # fmt: skip
            look: Any = {"line_color": colour, "line_width": width, "line_alpha": 0.9}
            made.add_glyph(data, Segment(x0="x0", y0="y0", x1="x1", y1="y1", **look))


def _path_edges(run: Analysis) -> set[tuple[int, int]]:
    on_path = np.flatnonzero(run.critical.on_path & (run.graph.bound_by != NEVER))
    parent, call = run.records.jobs.submission[run.graph.bound_by[on_path]], run.records.jobs.submission[on_path]
    return {(int(a), int(b)) for a, b in zip(parent, call, strict=True) if a != b}


def _lead(longest: Mapping[str, Any], number: int) -> str:
    of = f"; it is the longest of {number:,} workflows" if number > 1 else ""
    lever = longest["lever"]
    chain = plural(longest["path_jobs"], "job")
    told = f"{short(longest['entry'])} took {duration(longest['makespan_s'])} over {chain} in a row{of}."
    if lever is None:
        return told
    size = f"{duration(lever['length_s'])} ({share(lever['share'])})"
    return f"{told} Its largest lever: {_words(lever['part'])}, {size}, most of it in {short(lever['job_id'])}."


def _parts(longest: Mapping[str, Any]) -> list[tuple[str, str]]:
    parts = sorted(longest["parts"].items(), key=lambda part: -part[1])
    return [
        ("the path in parts", ", ".join(f"{_words(name)} {duration(seconds)}" for name, seconds in parts) or NOTHING)
    ]


def _path(longest: Mapping[str, Any]) -> Table:
    rows = [
        (short(step["job_id"]), duration(step["start_s"]), duration(step["end_s"]),
         duration(step["end_s"] - step["start_s"]), _words(step["dominant_part"] or NOTHING))
        for step in longest["path"][:_MOST_STEPS]
    ]  # fmt: skip
    rest = longest["path_jobs"] - len(rows)
    more = f"and {plural(rest, 'further job')} (Result.critical_path has all)" if rest > 0 else ""
    head = ("job", "from", "to", "took", "most of it")
    return Table(head, rows, title="The critical path", more=more)


def _words(part: str) -> str:
    """A part of a path: of a wait, its reason."""
    return {"last_running": "running", "dependency": "waiting to be let go"}.get(part) or words(
        part.removeprefix("wait_")
    )
