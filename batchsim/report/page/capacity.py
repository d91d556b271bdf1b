"""vCPUs over time: desired, running, used; and of whose capacity jobs held them: On-Demand, Spot, Fargate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from batchsim.analysis.purchases import PURCHASES, Held, held_by_purchase
from batchsim.analysis.run import Analysis
from batchsim.analysis.series import Capacity, capacity
from batchsim.analysis.statistics import ratio
from batchsim.analysis.steps import Steps
from batchsim.report.colours import BLUE, GREEN, GREY, ORANGE, SKY
from batchsim.report.levers import limit_words
from batchsim.report.page.blocks import Section, Table
from batchsim.report.page.canvas import Clock
from batchsim.report.page.names import short
from batchsim.report.page.stacks import Layer, over_time
from batchsim.report.words import NOTHING, duration, number, share
from batchsim.units import MS_PER_H

_COLOURS = dict(zip(PURCHASES, (ORANGE, BLUE, GREEN, SKY), strict=True))


def vcpus(run: Analysis, summary: Mapping[str, Any], clock: Clock) -> Section:
    """What the scaler wanted, what was billed, what jobs held."""
    found, title = capacity(run), "vCPUs desired, running, used"
    layers = [
        Layer("used by jobs", BLUE, found.used_milli, 1000),
        Layer("used on Fargate", GREEN, found.fargate_milli, 1000),
        Layer("desired", ORANGE, found.desired, line=True, width=4),
        Layer("running (billed)", "#222222", found.running, line=True, ink=True),
    ]
    drawn = [layer for layer in layers if layer.curve.integral()]
    if not drawn:
        return Section("vcpus", title, "No instance was launched and no task ran.")
    chart = over_time(clock, drawn, "vCPUs", limit=_limit(found))
    return Section("vcpus", title, _finding(found), [chart, *_limits(summary)])


def _limit(found: Capacity) -> Layer | None:
    """The maxvCpus of all EC2 environments together."""
    if not found.max_vcpus:
        return None
    level = Steps(np.zeros(1, np.int64), np.full(1, found.max_vcpus, np.int64), found.running.end_ms)
    return Layer("maxvCpus", GREY, level)


def _finding(found: Capacity) -> str:
    on, used = found.running.integral(), found.used_milli.integral() / 1000
    if on:
        return f"Jobs held {share(used / on)} of the {_amount(on)} that ran."
    return f"Fargate only: tasks held {_amount(found.fargate_milli.integral() / 1000)}."


def _amount(vcpu_ms: float) -> str:
    hours = vcpu_ms / MS_PER_H
    return f"{number(hours)} vCPU-hours" if hours >= 0.1 else f"{number(vcpu_ms / 1000)} vCPU-seconds"


def _limits(summary: Mapping[str, Any]) -> list[Table]:
    """What limited the run, or nearly did: the highest use of each limit."""
    rows = [
        (short(limit_words(each["what"], each["where"])), each["unit"], number(each["peak"]), number(each["limit"]),
         share(each["share"]), duration(each["at_s"]))
        for each in summary["limits"][:_ROWS]
    ]  # fmt: skip
    head = ("what", "unit", "peak", "limit", "used", "after")
    marks = ["bad" if each["share"] >= 1 else "" for each in summary["limits"][:_ROWS]]
    rest = len(summary["limits"]) - len(rows)
    more = f"and {rest} more (summary.json has all)" if rest > 0 else ""
    title = "What limited the run, or nearly did"
    return [Table(head, rows, words=2, title=title, more=more, marks=marks)] if rows else []


_ROWS = 6


def fallback(run: Analysis, clock: Clock) -> Section | None:
    """How much of the work ran On-Demand where Spot was meant to run it; None where there is no Spot."""
    found = held_by_purchase(run)
    if not (found.of("Spot").any() or found.of("Fargate Spot").any() or found.has_spot):
        return None
    layers = [Layer(name, _COLOURS[name], curve, 1000) for name, curve in found.curves.items() if curve.integral()]
    if not layers:
        return None
    table = Table(
        ("queue", *PURCHASES, "On-Demand share"), _by_queue(run, found), title="vCPU-hours that jobs held, by queue"
    )
    return Section("fallback", "On-Demand fallback", _how_much(found), [over_time(clock, layers, "vCPUs held"), table])


def _how_much(found: Held) -> str:
    instances = found.of("On-Demand").sum() + found.of("Spot").sum()
    if not instances:
        part = ratio(int(found.of("Fargate").sum()), int(found.total()))
        return f"{share(part)} of the vCPU-hours on Fargate ran at the full price, not on Fargate Spot."
    part = ratio(int(found.of("On-Demand").sum()), int(instances))
    return f"{share(part)} of the vCPU-hours that jobs held on instances were On-Demand, the rest Spot."


def _by_queue(run: Analysis, found: Held) -> list[tuple[str, ...]]:
    rows = []
    for code in np.flatnonzero(found.milli_ms.sum(axis=1))[:_ROWS].tolist():
        each = found.milli_ms[code]
        hours = [number(int(of) / 1000 / MS_PER_H) if of else NOTHING for of in each]
        part = ratio(int(each[0]), int(each[0] + each[1]))
        rows.append((short(run.records.names.queues[code]), *hours, share(part)))
    return rows
