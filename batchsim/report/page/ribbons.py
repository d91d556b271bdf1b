"""Fair shares as ribbons: the vCPUs that each share of a queue held over time, beside what its weight asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from batchsim.analysis.run import Analysis
from batchsim.analysis.series import largest
from batchsim.analysis.steps import Steps, steps
from batchsim.analysis.throughput import asked
from batchsim.report.colours import CATEGORIES, colours
from batchsim.report.page.blocks import Chart, Section, Table
from batchsim.report.page.canvas import Clock
from batchsim.report.page.names import grouped, short
from batchsim.report.page.stacks import Layer, over_time
from batchsim.report.words import count, dollars, duration, number, plural, share

MOST_QUEUES = 3
_MOST_ROWS = 20


def ribbons(run: Analysis, summary: Mapping[str, Any], clock: Clock) -> Section | None:
    """None where no queue shares fairly."""
    found = summary["shares"]
    if not found:
        return None
    queues = _busiest(found)
    charts = [chart for queue in queues[:MOST_QUEUES] if (chart := _ribbon(run, queue, clock)) is not None]
    lead = f"{plural(len(found), 'share')} in {plural(len(queues), 'queue')}: the vCPUs that the jobs of each held."
    return Section("shares", "Fair shares", lead, [*charts, _table(found)])


def _busiest(found: list[Mapping[str, Any]]) -> list[str]:
    held: dict[str, float] = {}
    for each in found:
        held[each["queue"]] = held.get(each["queue"], 0.0) + each["vcpu_s"]
    return sorted(held, key=lambda queue: -held[queue])


def _ribbon(run: Analysis, name: str, clock: Clock) -> Chart | None:
    """The shares of one queue; None where none of them held anything."""
    records = run.records
    mine = asked(run, records.submissions.queue) == records.names.queues.index(name)
    of, size = asked(run, records.submissions.share), asked(run, records.submissions.vcpus_milli)
    start, end = run.phases.starting_ms, run.phases.end_ms
    weight = np.zeros(len(records.names.shares), np.int64)
    np.add.at(weight, of[mine & (of >= 0)], (size * (end - start))[mine & (of >= 0)])
    groups = largest(weight, len(CATEGORIES))
    labels = grouped(records.names.shares, groups.codes, groups.others, "shares")
    group = np.where(of >= 0, groups.of[of], -1)
    layers = [
        Layer(label, colour, _held(start, end, size, mine & (group == place), records.horizon_ms), 1000)
        for place, (label, colour) in enumerate(zip(labels, colours(groups.count, groups.others), strict=True))
    ]
    if not layers:
        return None
    chart = over_time(clock, layers, "vCPUs held", height=200)
    return Chart(chart.plot, chart.keys, chart.shown, f"queue {short(name)}")


def _held(start: Any, end: Any, size: Any, chosen: Any, horizon_ms: int) -> Steps:
    return steps(start[chosen], end[chosen], size[chosen], horizon_ms)


def _table(found: list[Mapping[str, Any]]) -> Table:
    """What each share got, those with most vCPU time first."""
    ordered = sorted(found, key=lambda each: -float(each["vcpu_s"]))
    rows = [
        (short(each["queue"]), short(each["share"]), f"{each['weight_factor']:g}", count(each["jobs"]),
         number(each["vcpu_s"] / 3600), share(each["vcpu_share"]), duration(each["wait_mean_s"]),
         duration(each["turn_mean_s"]), dollars(each["cost_loaded_usd"]))
        for each in ordered[:_MOST_ROWS]
    ]  # fmt: skip
    rest = len(found) - len(rows)
    more = f"and {plural(rest, 'further share')} (summary.json has all)" if rest > 0 else ""
    head = ("queue", "share", "weight", "jobs", "vCPU-hours", "of the queue", "wait, mean", "for its turn", "cost")
    return Table(
        head, rows, words=2, title="What each share got (the smaller the weight, the larger the part)", more=more
    )
