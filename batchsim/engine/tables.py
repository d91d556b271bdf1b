"""The columns of one run, together: what every room of the engine may read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from batchsim.engine.attempt_table import AttemptTable
from batchsim.engine.instance_table import InstanceTable
from batchsim.engine.job_table import JobTable
from batchsim.engine.plan import EntryRun, Shape, Terms
from batchsim.engine.residents import Residents
from batchsim.engine.submission_table import SubmissionTable
from batchsim.engine.vocabulary import STATUS_REASONS, Vocabulary
from batchsim.records.tables import Ints


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables, what their codes point to, and the look-ups that several rooms need."""

    submissions: SubmissionTable = field(default_factory=SubmissionTable)
    jobs: JobTable = field(default_factory=JobTable)
    attempts: AttemptTable = field(default_factory=AttemptTable)
    instances: InstanceTable = field(default_factory=InstanceTable)
    entries: list[EntryRun] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    revised: dict[int, Terms] = field(default_factory=dict)
    """By submission, what those go by that took a later revision than their entry's first."""
    status_reasons: Vocabulary = field(default_factory=lambda: Vocabulary(STATUS_REASONS))
    container_reasons: Vocabulary = field(default_factory=lambda: Vocabulary(("",)))

    def __post_init__(self) -> None:
        """Let instances know who is on them."""
        self.instances.residents = Residents(self.attempts.ended_at)

    def shape_code(self, job: int) -> int:
        """Return the code of what a job asks for."""
        return self.submissions.shape[self.jobs.submission[job]]

    def shape(self, job: int) -> Shape:
        """Return what a job asks for."""
        return self.shapes[self.submissions.shape[self.jobs.submission[job]]]

    def sizes(self) -> tuple[Ints, Ints, Ints]:
        """Return vCPUs, memory and GPUs of each shape, shape (shapes,)."""
        vcpus, memory_mib, gpus = np.array([shape[1:4] for shape in self.shapes], dtype=np.int64).T
        return vcpus, memory_mib, gpus

    def terms(self, job: int) -> EntryRun | Terms:
        """Return what a job's definition says of it."""
        if not self.revised:
            return self.entry(job)
        return self.revised.get(self.jobs.submission[job]) or self.entry(job)

    def entry(self, job: int) -> EntryRun:
        """Return the workload entry of a job."""
        return self.entries[self.submissions.entry[self.jobs.submission[job]]]
