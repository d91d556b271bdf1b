"""One run under analysis: its records, prices and rules, and what follows from them, computed when first asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from batchsim.analysis.attribution import JobCosts, job_costs
from batchsim.analysis.cost import Cost, cost, sum_check
from batchsim.analysis.critical_path import CriticalPath, critical, critical_path_check
from batchsim.analysis.dependency_graph import Graph, dependency_graph
from batchsim.analysis.exact import Int64s
from batchsim.analysis.frame import instance_ids, job_ids
from batchsim.analysis.month import NIGHTLY, Schedule
from batchsim.analysis.occurrences import Occurrences, occurrences
from batchsim.analysis.parts import Parts, Spans, job_parts, job_spans, parts_check
from batchsim.analysis.phases import Lives, Phases, attempt_phases, instance_lives
from batchsim.analysis.prices import Prices, Rules
from batchsim.analysis.slack import slack_ms
from batchsim.analysis.waits import WaitReasons, Waits, wait_reasons, waits, waits_check
from batchsim.records.tables import Records

Warmup = int | Literal["auto"]
"""Milliseconds from the start, or as MSER-5 finds it."""


@dataclass(frozen=True)
class Analysis:
    """A run's records with its prices and rules; what is derived from them is computed once, when first asked for."""

    records: Records
    prices: Prices
    rules: Rules = field(default_factory=Rules)
    schedule: Schedule = NIGHTLY
    """How much of the calendar the run stands for."""
    warmup: Warmup | None = None
    """What is not yet the steady state; None of a run that has none."""

    @cached_property
    def phases(self) -> Phases:
        """The phases of all attempts."""
        return attempt_phases(self.records)

    @cached_property
    def lives(self) -> Lives:
        """The billed lives of all instances."""
        return instance_lives(self.records)

    @cached_property
    def spans(self) -> Spans:
        """When each job was due and over."""
        return job_spans(self.records)

    @cached_property
    def parts(self) -> Parts:
        """The parts of each job's turnaround."""
        return job_parts(self.records, self.phases)

    @cached_property
    def waits(self) -> Waits:
        """Every wait in RUNNABLE."""
        return waits(self.records)

    @cached_property
    def reasons(self) -> WaitReasons:
        """How long each job waited for each reason."""
        return wait_reasons(self.records, self.waits)

    @cached_property
    def cost(self) -> Cost:
        """All bills and their split."""
        return cost(self.records, self.prices, self.rules)

    @cached_property
    def job_costs(self) -> JobCosts:
        """What each job cost."""
        return job_costs(self.records, self.cost, self.phases)

    @cached_property
    def occurrences(self) -> Occurrences:
        """Each firing of what fires together."""
        return occurrences(self.records, self.job_costs)

    @cached_property
    def graph(self) -> Graph:
        """What let each job go, and the workflows that dependencies join."""
        return dependency_graph(self.records, self.spans)

    @cached_property
    def slack_ms(self) -> Int64s:
        """How much later each job could have ended without moving the end of its workflow. Shape: (jobs,)."""
        return slack_ms(self.records, self.spans, self.graph)

    @cached_property
    def critical(self) -> CriticalPath:
        """The critical path of each workflow."""
        return critical(self)

    @cached_property
    def job_ids(self) -> NDArray[np.object_]:
        """The id of each job that runs."""
        return job_ids(self.records)

    @cached_property
    def instance_ids(self) -> NDArray[np.object_]:
        """The id of each instance."""
        return instance_ids(self.records)

    def check_sums(self) -> list[str]:
        """Return a sentence for each sum of money or time that is not exact; none when all are."""
        return [
            *sum_check(self.cost),
            *parts_check(self.records, self.parts),
            *waits_check(self.waits, self.reasons),
            *critical_path_check(self),
        ]
