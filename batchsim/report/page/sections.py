"""The order of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from batchsim.analysis.run import Analysis
from batchsim.report.page import (
    about,
    capacity,
    costs,
    gantt,
    reclaims,
    ribbons,
    slowest,
    states,
    verdicts,
    waits,
    workflow,
)
from batchsim.report.page.blocks import Section
from batchsim.report.page.canvas import clock
from batchsim.report.sentences import started

if TYPE_CHECKING:
    from batchsim.analysis.explain import Explanation


def sections(run: Analysis, summary: Mapping[str, Any], explain: Callable[[str], Explanation]) -> list[Section]:
    """Every section that has something to say, from what is wrong to what was taken for granted."""
    of = clock(round(started(summary).timestamp() * 1000), run.records.horizon_ms)
    found = [
        verdicts.thresholds(summary),
        verdicts.stuck(summary),
        verdicts.refused(summary),
        verdicts.blocked(summary),
        verdicts.failures(summary),
        verdicts.steady(summary),
        states.by_state(run, of),
        states.queue_depth(run, of),
        capacity.vcpus(run, summary, of),
        gantt.gantt(run, of),
        waits.waits(run, summary),
        costs.costs(summary),
        capacity.fallback(run, of),
        reclaims.reclaims(run, summary, of),
        reclaims.faults(summary),
        ribbons.ribbons(run, summary, of),
        slowest.slowest(run, explain),
        workflow.workflow(run, summary, of),
        about.about(summary),
    ]
    return [section for section in found if section is not None]
