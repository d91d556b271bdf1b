"""Job definitions that are registered, or deregistered, while the run goes on (API, RegisterJobDefinition).

A request that names a definition without a revision takes the newest ACTIVE one at submission; ``name:1`` is exact. So
calls that are accepted from the instant of a registration on take the new revision: its size, image, retry strategy and
timeout, under the overrides of their request. A call whose definition has no ACTIVE revision is refused.
"""

from __future__ import annotations

from batchsim.engine.entries import EntryCompiler, Face
from batchsim.engine.tables import Tables
from batchsim.engine.workload.plans import EntryPlan
from batchsim.spec import Action, EffectiveJob, Scenario, effective_job
from batchsim.spec.definitions import changed_by
from batchsim.spec.names import find_definition, short_name


class Revisions:
    """Knows the definitions as they are now, and gives each call what it takes."""

    def __init__(self, scenario: Scenario, tables: Tables, compiler: EntryCompiler) -> None:
        self.definitions = scenario.jobDefinitions
        self._scenario = scenario
        self._tables = tables
        self._compiler = compiler
        self._plans: list[EntryPlan] = []
        self.jobs: dict[int, EffectiveJob | None] = {}
        """By entry whose calls take another revision than it was compiled with; None: they are refused."""
        self._faces: dict[tuple[int, str], Face] = {}

    def know(self, plan: EntryPlan) -> None:
        """Learn of one more entry, in the order of the tables."""
        if find_definition(self.definitions, plan.request.jobDefinition) is None:
            self.jobs[len(self._plans)] = None
        self._plans.append(plan)

    def change(self, action: Action) -> None:
        """A new revision stands, or one becomes INACTIVE."""
        self.definitions = changed_by(self.definitions, action)
        given = action.definition
        self._revise(given.jobDefinitionName if given else short_name(action.deregister or "").partition(":")[0])

    def apply(self, submission: int) -> str:
        """Give a call that was just accepted what its definition says now; return why it is refused, if it is."""
        number = self._tables.submissions.entry[submission]
        if number not in self.jobs:
            return ""
        job, plan = self.jobs[number], self._plans[number]
        if job is None:
            return f"Job definition {short_name(plan.request.jobDefinition)} has no ACTIVE revision"
        if job.definition != plan.job.definition:
            self._compiler.revise(self._face(number, job), submission)
        return ""

    def _face(self, number: int, job: EffectiveJob) -> Face:
        key = number, job.definition
        if key not in self._faces:
            self._faces[key] = self._compiler.face(self._plans[number], job)
        return self._faces[key]

    def _revise(self, name: str) -> None:
        """The definitions of a name changed: look up again what its entries take."""
        now = self._scenario.model_copy(update={"jobDefinitions": self.definitions})
        for number, plan in enumerate(self._plans):
            reference = plan.request.jobDefinition
            if short_name(reference).partition(":")[0] == name:
                found = find_definition(self.definitions, reference)
                is_active = found is not None and found.status == "ACTIVE"
                self.jobs[number] = effective_job(now, plan.request) if is_active else None
