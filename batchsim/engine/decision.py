"""What whoever steps through a run is told of each decision: what was decided, when, of which job and instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from batchsim.engine.job_ids import JobIds
from batchsim.engine.plan import Plan
from batchsim.engine.tables import Tables
from batchsim.records.identifiers import instance_id
from batchsim.records.tables import NEVER
from batchsim.units import format_duration


class Decided(NamedTuple):
    """A decision as the engine notes it."""

    kind: str
    at_ms: int
    row: int
    """Of the job placed, or of the instance launched or ended."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One placement, launch or scale-in. As text: ``2m5s: placement of clean:3 on instance 0 of hosts``."""

    kind: str
    """``placement``, ``launch`` or ``scale_in``."""
    at_ms: int
    job: str
    """The job placed; empty for a launch or a scale-in."""
    environment: str
    ordinal: int
    """The instance's number among the environment's launches, from 0; -1 on Fargate."""
    instance: str
    """Its id, as in the tables; empty on Fargate."""
    type: str
    """Its instance type; empty on Fargate."""

    @property
    def at_s(self) -> float:
        """The instant in seconds since the start."""
        return self.at_ms / 1000

    def __str__(self) -> str:
        job = f"of {self.job} " if self.job else ""
        host = f"instance {self.ordinal} of {self.environment}" if self.instance else self.environment
        on = f"on {host}" if self.job else f"of {host} ({self.type})"
        return f"{format_duration(self.at_ms)}: {self.kind.replace('_', '-')} {job}{on}"


def told(decided: Decided, plan: Plan, tables: Tables, ids: JobIds) -> Decision:
    """Put names in place of rows, while the decision's job is still where it was placed."""
    kind, at_ms, row = decided
    job, host = "", row
    attempts, instances, jobs = tables.attempts, tables.instances, tables.jobs
    if kind == "placement":
        job = ids.text(jobs.submission[row], jobs.array_index[row])
        attempt = jobs.attempt_row[row]
        host = attempts.instance[attempt]
        if host == NEVER:
            return Decision(kind, at_ms, job, plan.environments[attempts.environment[attempt]].name, -1, "", "")
    environment, ordinal = plan.environments[instances.environment[host]].name, instances.ordinal[host]
    of_type = plan.types[instances.type[host]]
    return Decision(kind, at_ms, job, environment, ordinal, instance_id(environment, ordinal), of_type)
