"""One simulation, driven from outside; ``run`` is the shortest way to drive it. It wires, and holds no rule."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from batchsim import catalog, units
from batchsim.agenda import CANCELLED, TERMINATED, Agenda
from batchsim.drawn import draws_of, workload_of
from batchsim.engine.decision import Decision, told
from batchsim.engine.engine import Engine
from batchsim.engine.freeze import freeze, names_of
from batchsim.engine.job_ids import JobIds
from batchsim.engine.progress import look
from batchsim.engine.snapshot import Snapshot, job_states, snapshot
from batchsim.engine.workload import expand
from batchsim.engine.workload.plans import DependencyKind
from batchsim.errors import PolicyError, Problem, ScenarioError, SimulationError
from batchsim.formats.trace_csv import read_trace
from batchsim.offered import offered_vcpus
from batchsim.policies.given import policies_of
from batchsim.preflight import Link, preflight, preflight_links, preflight_revision
from batchsim.prepared import Prepared, epoch_ms, prepare, refuse, settled
from batchsim.pricing import prices_of, rules_of
from batchsim.progress import Progress, progress_of
from batchsim.result import Result
from batchsim.spec import Action, Entry, Fault, JobDependency, Scenario, parse
from batchsim.spec.base import FlawsError
from batchsim.spec.definitions import ever_defined
from batchsim.spec.dump import to_data
from batchsim.spec.names import find_definition
from batchsim.spec.near import did_you_mean
from batchsim.spec.paths import check_update, find_target
from batchsim.spec.problems import problem_of, problems_of
from batchsim.spec.sample_files import with_samples
from batchsim.spec.source import SourceMap

if TYPE_CHECKING:
    from batchsim.analysis.explain.verdict import Verdict
    from batchsim.analysis.explain.words import Asked

T = TypeVar("T", bound=BaseModel)


def run(
    scenario: Scenario | str | os.PathLike[str],
    *,
    seed: int | None = None,
    replication: int | None = None,
    policies: Mapping[str, Any] | None = None,
    begun: Callable[[Simulation], None] | None = None,
) -> Result:
    """Run a scenario, or the one in a file, to its end.

    ``seed`` and ``replication`` override the scenario's; a seed is drawn where none is given. ``policies`` are
    functions of your own in place of AWS's rules, by kind: ``{"packing": f}``; see :mod:`batchsim.policies` and
    ``docs/policies.md``. ``begun`` is called with the simulation before its clock moves: another thread may then ask
    it for its :meth:`~Simulation.progress`.

    Raises :class:`ScenarioError` with everything that is wrong with the scenario, and :class:`PolicyError` for a
    policy that answers what it may not.
    """
    simulation = Simulation(scenario, seed=seed, replication=replication, policies=policies)
    if begun is not None:
        begun(simulation)
    return simulation.finish()


@contextmanager
def _told_when(run: Simulation) -> Iterator[None]:
    """Whatever a policy of the caller's raises, or is told, gets the instant as a note."""
    try:
        yield
    except Exception as error:
        if getattr(error, "__notes__", None) or isinstance(error, PolicyError):
            error.add_note(f"at {run.now:g} s of the run, seed {run.scenario.simulation.seed}")
        raise


def replaced_by(policies: Mapping[str, Any] | None) -> dict[str, str]:
    """What the caller's policies replace, and the names of their functions. Raises :class:`PolicyError`."""
    return dict(policies_of(policies).replaced)


class Simulation:
    """One run of one scenario, that can be stepped and acted on (model 7).

    A call has the place of a timed action of the same instant: the same actions in the file or by calls give the same
    bytes.
    """

    def __init__(
        self,
        scenario: Scenario | Prepared | str | os.PathLike[str],
        *,
        seed: int | None = None,
        replication: int | None = None,
        policies: Mapping[str, Any] | None = None,
        thorough: bool = False,
    ) -> None:
        """``policies`` as in :func:`run`.

        ``thorough`` takes the plain path wherever the engine has a fast one; the results are the same.

        Raises :class:`ScenarioError` with everything that is wrong with the scenario, :class:`PolicyError` for an
        unknown kind of policy.
        """
        ready = scenario if isinstance(scenario, Prepared) else prepare(scenario, policies)
        self.scenario = settled(ready.scenario, seed, replication)
        self._facts, self._policies = ready.facts, ready.policies
        self._read_sample = ready.read_sample
        self._draws = draws_of(self.scenario)
        workload = workload_of(ready, self.scenario, self._draws)
        self._engine = Engine(ready.sampled, self._facts, workload, self._draws, self._policies, thorough=thorough)
        self._ids = JobIds(self._engine.tables)
        self._now_ms = 0
        self._result: Result | None = None
        self._agenda = Agenda(self.scenario, self._engine, self._ids)
        self._agenda.schedule_file()

    # -- looking

    @property
    def now_ms(self) -> int:
        """The clock, in integer milliseconds since the start."""
        return max(self._now_ms, self._engine.kernel.now_ms)

    @property
    def now(self) -> float:
        """The clock, in seconds since the start."""
        return self.now_ms / 1000

    @property
    def next_event_ms(self) -> int | None:
        """The next instant for which anything is planned: ``advance(until=…)`` stops before it. None at the end."""
        at_ms = self._engine.kernel.peek()
        return None if self._result is not None or at_ms == inf else int(at_ms)

    @property
    def is_over(self) -> bool:
        """Whether nothing more would happen unless something is done to the run.

        The clock can still be moved. What a later call wakes goes on from where the run had come to rest.
        """
        return self._result is not None or self._engine.is_over

    def snapshot(self) -> Snapshot:
        """States by queue, the first 100 RUNNABLE in order, vCPUs by environment, free room by instance, now."""
        return snapshot(self._engine, self._ids, self.now_ms)

    def job_states(self) -> dict[str, str]:
        """The state of each job submitted so far, by job id: ``{"extract": "SUCCEEDED", "load:0": "RUNNING"}``.

        Array parents are not among them; the jobs of a call that was refused are not, either.
        """
        return job_states(self._engine, self._ids, self.now_ms)

    def progress(self) -> Progress:
        """How far the run is and what it has cost so far; another thread may ask while this one advances the run.

        Jobs by state, vCPUs, dollars: a few thousandths of a second for each 100,000 jobs, whatever happened.
        """
        engine = self._engine
        found, prices = look(engine), prices_of(self.scenario, self._facts, names_of(engine))
        return progress_of(found, engine.tables.shapes, prices)

    # -- moving

    def advance(self, *, until: str | int | None = None, to_next_decision: bool = False) -> Decision | None:
        """Move the clock: ``until`` an instant (``"90m"``, or ms), or to the next decision, which is returned.

        A decision is a placement, a launch or a scale-in. Those that one pass takes together, or one scale-up, happen
        together, and are returned one by one.

        ``until=t`` stops before the events of instant t, so that a call made then has the place of a timed action.
        Without arguments, runs on until nothing more would happen. Raises :class:`SimulationError` when t is past.
        """
        self._must_be_open()
        if to_next_decision:
            with _told_when(self):
                decided = self._engine.run_to_decision()
            return told(decided, self._engine.plan, self._engine.tables, self._ids) if decided else None
        if until is None:
            with _told_when(self):
                self._engine.run_before(self._engine.end.latest_ms)
            return None
        at_ms = until if isinstance(until, int) else units.parse_duration_ms(until)
        if at_ms < self.now_ms:
            raise SimulationError(f"cannot go back: it is {self.now_ms} ms already, and {at_ms} ms was asked for")
        with _told_when(self):
            self._engine.run_before(at_ms)
        self._now_ms = min(at_ms, self._engine.end.latest_ms)
        return None

    def finish(self) -> Result:
        """Run to the end and return the result; a second call returns the same."""
        if self._result is None:
            with _told_when(self):
                horizon_ms = self._engine.close()
            records = freeze(self._engine, horizon_ms)
            prices = prices_of(self.scenario, self._facts, records.names)
            rules = rules_of(self.scenario, records.names, self._engine.highest_min_vcpus())
            if self.scenario.simulation.warmup is not None:
                rules = replace(rules, offered_vcpus=offered_vcpus(self.scenario))
            replaced, lookup = self._policies.replaced, catalog.price_list
            told = records, self.scenario, prices, rules, self._facts.as_of, replaced, lookup
            self._result = Result(*told, judge=_judge)
        return self._result

    # -- acting

    def submit(self, body: Mapping[str, Any], *, run: Any = "0s", at: str | int | None = None, **entry: Any) -> str:
        """Submit a job as AWS's SubmitJob would; ``run`` as in a workload entry. Return the job id.

        ``dependsOn`` names job ids. ``entry`` are further keys of a workload entry: ``fails``, ``image``,
        ``checkpoint``, ``on_sigterm``, ``cancel_after``, ``stream``. Raises :class:`ScenarioError` for a bad request.
        """
        at_ms = self._instant(at)
        request = dict(body)
        links = request.pop("dependsOn", ())
        name = self._free_name(str(request.get("jobName", "job")))
        parents = [self._parent(number, link) for number, link in enumerate(links) if link.get("jobId") is not None]
        if any(link.get("type") == "SEQUENTIAL" for link in links):
            request["dependsOn"] = [{"type": "SEQUENTIAL"}]
        item = {**entry, "id": name, "submit": request, "at": units.format_duration(at_ms), "run": run}
        changes = [action for action in to_data(self.scenario).get("actions", ()) if "set" in action]
        now = to_data(self._with_definitions())
        alone = parse({**now, "workload": [item], "actions": changes, "faults": []})
        drawn = with_samples(alone, self._read_sample)
        plan = expand(drawn, self._draws, epoch_ms(self.scenario), read_trace).entries[0]
        refuse(preflight_links(self.scenario, plan, [self._described(*parent) for parent in parents]))
        refuse(preflight(alone, self._facts, self._policies))
        given = alone.workload[0]
        assert isinstance(given, Entry)
        linked = given.submit.model_copy(update={"dependsOn": tuple(map(JobDependency.model_validate, links))})
        self._note(workload=given.model_copy(update={"submit": linked}))
        self._engine.submit(replace(plan, position=len(self._engine.tables.entries)), parents, at_ms)
        return name

    def cancel(self, job: str, *, reason: str = CANCELLED) -> None:
        """CancelJob: a job, an array, or all calls of an entry; what has started goes on (API, CancelJob)."""
        self._stop("cancel", job, reason)

    def terminate(self, job: str, *, reason: str = TERMINATED) -> None:
        """TerminateJob: what has started gets SIGTERM and no retry; what has not is cancelled (API, TerminateJob)."""
        self._stop("terminate", job, reason)

    def update(self, path: str, value: float | str | None = None, *, by: int | None = None) -> None:
        """Change a value while the run goes on: ``update("spot.maxvCpus", 512)``.

        ``maxvCpus``, ``minvCpus``, ``desiredvCpus`` or ``state`` of an environment, ``priority`` or ``state`` of a
        queue, the ``weightFactor`` of a share in a scheduling policy, ``totalQuantity`` of a consumable resource, which
        may also change ``by`` so much. Raises :class:`SimulationError` for another path, or a value out of range.
        """
        try:
            target = find_target(self.scenario, path)
            check_update(target, value, by)
        except FlawsError as error:
            told = "; ".join(str(problem_of(flaw, SourceMap())) for flaw in error.flaws)
            raise SimulationError(f"update({path!r}, {value!r}): {told}") from None
        change = {"to": value} if by is None else {"by": by}
        action = self._made(Action, {"at": self._now_text, "set": path, **change})
        self._must_be_open()
        self._agenda.set(target, value, self.now_ms, by)
        self._note(actions=action)

    def register(self, definition: Mapping[str, Any]) -> str:
        """RegisterJobDefinition, now: jobs submitted from this instant on take the new revision. Return its name.

        ``definition`` is the request, as in ``jobDefinitions``. Raises :class:`ScenarioError` for a bad one, or one
        that an entry still to be submitted could not take.
        """
        self._must_be_open()
        item = {"at": self._now_text, "register": dict(definition)}
        now = self._with_definitions()
        alone = parse({**to_data(now), "workload": [], "faults": [], "actions": [item]})
        action = alone.actions[0]
        refuse(preflight_revision(now.model_copy(update={"actions": (action,)}), self._facts))
        self._agenda.schedule_action(action)
        self._note(actions=action)
        newest = ever_defined(alone)[-1]
        return f"{newest.jobDefinitionName}:{newest.revision}"

    def deregister(self, reference: str) -> None:
        """DeregisterJobDefinition, now: ``name:revision`` becomes INACTIVE. Raises :class:`SimulationError`."""
        self._must_be_open()
        found = find_definition(self._with_definitions().jobDefinitions, reference)
        if found is None or not reference.partition(":")[2]:
            raise SimulationError(f"no revision of a job definition is called {reference!r}")
        action = self._made(Action, {"at": self._now_text, "deregister": reference})
        self._agenda.schedule_action(action)
        self._note(actions=action)

    def reclaim(self, environment: str, ordinal: int, *, replace: bool = False) -> None:
        """Let EC2 take the ``ordinal``-th Spot instance that an environment launched, now."""
        self._must_be_open()
        select = {"environment": environment, "ordinal": ordinal}
        data = {"kind": "spot_reclaim", "at": self._now_text, "select": select, "replace": replace}
        fault = Fault.model_validate(data)
        self._agenda.strike(environment, ordinal, fault)
        self._note(faults=fault)

    # -- within

    def _stop(self, deed: str, job: str, reason: str) -> None:
        """CancelJob or TerminateJob, now."""
        own = {} if reason in (CANCELLED, TERMINATED) else {"reason": reason}
        action = self._made(Action, {"at": self._now_text, deed: job, **own})
        self._must_be_open()
        self._agenda.act(deed, job, reason, self.now_ms)
        self._note(actions=action)

    def _made(self, kind: type[T], data: Mapping[str, Any]) -> T:
        """What a call would be in the file; raises :class:`SimulationError` for what the file could not hold."""
        try:
            return kind.model_validate(data, context={"strict_limits": self.scenario.world.strict_limits})
        except ValidationError as error:
            told = "; ".join(map(str, problems_of(error, kind, SourceMap())))
            raise SimulationError(told) from None

    def _note(self, **items: Entry | Action | Fault) -> None:
        """Add what was done by a call to the scenario that the result carries: it tells, and repeats, the whole run."""
        added = {section: (*getattr(self.scenario, section), item) for section, item in items.items()}
        self.scenario = self.scenario.model_copy(update=added)

    @property
    def _now_text(self) -> str:
        return units.format_duration(self.now_ms)

    def _with_definitions(self) -> Scenario:
        """The scenario with the job definitions as they are after all that was asked for up to now, and no actions."""
        definitions = self._agenda.definitions(self.now_ms)
        return self.scenario.model_copy(update={"jobDefinitions": definitions, "actions": ()})

    def _parent(self, number: int, link: Mapping[str, Any]) -> tuple[int, int]:
        """Return (submission, kind) of one ``dependsOn`` entry."""
        calls = self._ids.calls(str(link["jobId"]))
        rows = self._ids.rows(str(link["jobId"])) or range(0)
        if calls is None or len(calls) != 1 or len(rows) != self._engine.tables.submissions.size[calls.start]:
            hint = did_you_mean(link["jobId"], self._ids.names())
            raise ScenarioError([Problem("E126", ("dependsOn", number), "unknown job", str(link["jobId"]), hint=hint)])
        return calls.start, int(DependencyKind.N_TO_N if link.get("type") == "N_TO_N" else DependencyKind.PLAIN)

    def _described(self, submission: int, kind: int) -> Link:
        """Return what matters of a dependency: its kind, and the parent's size if it is an array."""
        submissions = self._engine.tables.submissions
        return Link(kind, submissions.size[submission] if submissions.is_array[submission] else 0)

    def _instant(self, at: str | int | None) -> int:
        self._must_be_open()
        at_ms = self.now_ms if at is None else at if isinstance(at, int) else units.parse_duration_ms(at)
        if at_ms < self.now_ms:
            raise SimulationError(f"cannot act in the past: it is {self.now_ms} ms already")
        return at_ms

    def _free_name(self, name: str) -> str:
        """Return the job's name, numbered where an entry has it already."""
        names, number, free = set(self._ids.names()), 1, name
        while free in names:
            number += 1
            free = f"{name}-{number}"
        return free

    def _must_be_open(self) -> None:
        if self._result is not None:
            raise SimulationError("the simulation has finished")


def _judge(scenario: Scenario, entry_id: str, asked: Asked) -> Verdict | None:
    """Whether a job could ever run; imported only when a result is asked to explain one."""
    from batchsim.verdicts import judge

    return judge(scenario, entry_id, asked)
