"""What is to happen at given instants of a run: timed actions and faults of the file, and what calls ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from batchsim.engine.engine import Engine
from batchsim.engine.job_ids import JobIds
from batchsim.errors import Problem, ScenarioError, SimulationError
from batchsim.preflight import spot_environments
from batchsim.spec import Action, Fault, JobDefinition, Scenario
from batchsim.spec.base import Flaw
from batchsim.spec.definitions import changed_by
from batchsim.spec.fair_share import policy_named
from batchsim.spec.near import did_you_mean
from batchsim.spec.paths import Target, find_target
from batchsim.spec.problems import problem_of

CANCELLED = "Canceled by the user"
TERMINATED = "Terminated by the user"
_FIELDS = {
    "maxvCpus": "max_vcpus",
    "minvCpus": "min_vcpus",
    "desiredvCpus": "desired_vcpus",
    "state": "enabled",
    "status": "valid",
    "priority": "priority",
}
_SWITCHES = {"state": "ENABLED", "status": "VALID"}
"""Fields of two values, with the one that lets jobs in."""


class Agenda:
    """Puts actions and faults in their places; each keeps to the order of one instant (``docs/model.md``)."""

    def __init__(self, scenario: Scenario, engine: Engine, ids: JobIds) -> None:
        self._scenario = scenario
        self._engine = engine
        self._ids = ids
        self._coming: list[Action] = []
        """Registrations, and their opposites, that are on the agenda."""

    def schedule_file(self) -> None:
        """Put the scenario's timed actions and faults on the agenda."""
        problems: list[Problem] = []
        for number, action in enumerate(self._scenario.actions):
            try:
                self.schedule_action(action)
            except SimulationError as error:
                path = ("actions", number, "cancel" if action.cancel else "terminate")
                problems.append(problem_of(Flaw("E122", str(error), path), self._scenario.source))
        if problems:
            raise ScenarioError(problems)
        for number, fault in enumerate(self._scenario.faults):
            self._schedule_fault(number, fault)

    def schedule_action(self, action: Action) -> None:
        """Put a timed action on the agenda. Raises :class:`SimulationError` for an unknown job."""
        if action.set is not None:
            self.set(find_target(self._scenario, action.set), action.to, action.at_ms, action.by)
        elif action.definition is not None or action.deregister is not None:
            self._coming.append(action)
            self._engine.end.act(action.at_ms, partial(self._change_definitions, action))
        elif action.cancel is not None:
            self.act("cancel", action.cancel, CANCELLED if action.reason is None else action.reason, action.at_ms)
        else:
            assert action.terminate is not None
            reason = TERMINATED if action.reason is None else action.reason
            self.act("terminate", action.terminate, reason, action.at_ms)

    def _change_definitions(self, action: Action) -> None:
        """Carry out a registration, or its opposite."""
        self._coming.remove(action)
        self._engine.revisions.change(action)

    def definitions(self, now_ms: int) -> tuple[JobDefinition, ...]:
        """Return the job definitions as they are after all that was asked for up to now."""
        definitions = self._engine.revisions.definitions
        for action in self._coming:
            definitions = changed_by(definitions, action) if action.at_ms <= now_ms else definitions
        return definitions

    def _schedule_fault(self, number: int, fault: Fault) -> None:
        """Put what strikes one instance on the agenda; of other faults the engine knows from the start."""
        environment, ordinal = fault.select.environment, fault.select.ordinal
        if environment is None or ordinal is None:
            return
        if fault.kind == "spot_reclaim":
            self._strike(environment, ordinal, fault, number)
        else:
            position = self._engine.position(environment, is_queue=False)
            self._engine.faults.fail_instance(position, ordinal, fault.at_ms, number)

    def strike(self, environment: str, ordinal: int, fault: Fault) -> None:
        """Put the reclaim of one instance on the agenda, now: a fault that is none of the file's."""
        spot = spot_environments(self._scenario)
        if environment not in spot:
            hint = did_you_mean(environment, spot)
            raise SimulationError(f"no compute environment of type SPOT is called {environment!r}. {hint}".strip())
        self._strike(environment, ordinal, fault, self._engine.faults.log.know(fault), asked_at_ms=fault.at_ms)

    def _strike(self, environment: str, ordinal: int, fault: Fault, number: int, asked_at_ms: int = 0) -> None:
        """With the notice before it."""
        self._engine.market.strike_by_ordinal(
            self._engine.position(environment, is_queue=False),
            ordinal,
            fault.at_ms,
            replace=fault.replace,
            notice_ms=fault.notice_ms,
            fault=number,
            asked_at_ms=asked_at_ms,
        )

    def act(self, deed: str, job: str, reason: str, at_ms: int) -> None:
        """Put CancelJob or TerminateJob on the agenda."""
        rows = self._ids.rows(job)
        if rows is None:
            raise SimulationError(f"unknown job {job!r}. {did_you_mean(job, self._ids.names())}".strip())
        call = getattr(self._engine.control, deed)
        self._engine.end.act(at_ms, lambda: call(rows, reason))

    def set(self, target: Target, value: float | str | None, at_ms: int, by: int | None = None) -> None:
        """Put an update on the agenda."""
        if target.kind == "schedulingPolicies":
            self._engine.end.act(at_ms, partial(self._weigh, target, float(value or 0)))
            return
        if target.kind == "consumableResources":
            change = self._engine.set_total if by is None else self._engine.add_to_total
            self._engine.end.act(at_ms, partial(change, target.name, int(value or 0) if by is None else by))
            return
        assert value is not None
        is_queue = target.kind == "jobQueues"
        if is_queue and target.field == "status":
            self._delete_queue(target.name, at_ms)
            return
        field, on = _FIELDS[target.field], _SWITCHES.get(target.field)
        plain = value == on if on else int(value)
        control = self._engine.capacity
        call: Callable[[int, str, int | bool], None] = control.set_queue if is_queue else control.set_environment
        position = self._engine.position(target.name, is_queue=is_queue)
        self._engine.end.act(at_ms, lambda: call(position, field, plain))

    def _delete_queue(self, name: str, at_ms: int) -> None:
        """Put DeleteJobQueue on the agenda."""
        queue = self._engine.queues[self._engine.position(name, is_queue=True)]
        self._engine.end.act(at_ms, lambda: self._engine.control.delete_queue(queue))

    def _weigh(self, target: Target, weight: float) -> None:
        """Set a weight factor in all queues of a scheduling policy."""
        policies = self._scenario.schedulingPolicies
        for position, queue in enumerate(self._scenario.jobQueues):
            policy = policy_named(policies, queue.schedulingPolicyArn or "")
            if policy is not None and policy.name == target.name and self._engine.plan.queues[position].shares:
                self._engine.capacity.set_weight(position, target.share, weight)
