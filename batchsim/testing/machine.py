"""``BatchMachine``: a rule-based state machine that does to a running simulation whatever can be done to it.

A rule is a call of :class:`~batchsim.Simulation` with what Hypothesis chooses. After every step what can be seen of
the run must be possible; at the end the records must agree with all that was seen, satisfy the checker, and come out
the same, byte for byte, when the same calls stand in the file as timed actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.strategies import DataObject, SearchStrategy

from batchsim.errors import BatchsimError
from batchsim.formats import scenario_yaml
from batchsim.result import Result
from batchsim.simulation import Simulation, run
from batchsim.spec import Entry, Scenario, parse, to_data
from batchsim.testing.looks import Look, broken_looks, broken_moves, flaws_of, look_at
from batchsim.testing.reach import Reach, reach_of
from batchsim.testing.runs import check, draws_alike, files_of
from batchsim.testing.strategies import scenario_data

T = TypeVar("T")
ANY = st.integers(0, 63)
"""Which of the things that there are: taken modulo their number."""
RUNS = st.sampled_from(("10s", "60s", "5m", "0s", "1500ms", {"exponential": {"mean": "90s"}}, "40m"))
STEPS = st.sampled_from((1_000, 10_000, 60_000, 1, 0, 2_500, 300_000, 7_000, 1_200_000, 3_600_000))
LONGEST_STEP_MS = 3_600_000
"""What is due later, as a reclaim in a year, is not waited for."""
ACTING = ("actions", "changes")
"""The machine acts, so the scenarios that it draws do not."""


class BatchMachine(RuleBasedStateMachine):
    """A live simulation, with a rule for each thing that can happen to it; a base for machines of your own.

    Set :attr:`scenario` and :attr:`policies`, add rules and invariants (they act on ``self.simulation``), and let
    pytest find the test case: ``TestNight = Night.TestCase``. How many runs and steps it takes is said by
    ``Night.TestCase.settings = hypothesis.settings(max_examples=100, stateful_step_count=50)``. A failure ends in the
    calls that led to it, ready to be pasted.
    """

    scenario: Any = None
    """A :class:`~batchsim.Scenario`, its file or its file form, or a strategy of any; None draws random ones."""
    policies: Mapping[str, Any] | None = None
    """Policies of your own, as for :func:`~batchsim.run`."""
    simulation: Simulation
    """The run that goes on."""
    reach: Reach
    """What can be acted on."""

    @initialize(data=st.data())
    def start(self, data: DataObject) -> None:
        """Start the run."""
        given = scenario_data(without=ACTING) if self.scenario is None else self.scenario
        drawn = data.draw(given, label="scenario") if isinstance(given, SearchStrategy) else given
        made = _scenario_of(drawn)
        self._given = made
        self.simulation = Simulation(made, policies=self.policies, seed=made.simulation.seed or 0)
        self.reach = reach_of(self.simulation.scenario)
        self.looks: list[Look] = [look_at(self.simulation, whole=True)]
        self._whole = True
        self._repeats = True
        """Whether the file can say the same: a reclaim by call is told of as it comes, one from the file before; and
        a call at the very end knows its revision, while an entry of the file is not read any more."""
        settings = made.simulation
        self._ends_ms = min(settings.max_time_ms, *([settings.until] if settings.until != "drained" else []), 1 << 62)
        once = (each for each in made.workload if isinstance(each, Entry) and each.count is None)
        self._parents = [str(each.id) for each in once]

    # -- rules: the clock

    @rule(step_ms=STEPS)
    def advance(self, step_ms: int) -> None:
        """Let time go by."""
        until_ms = self.simulation.now_ms + step_ms
        note(f"simulation.advance(until={until_ms})")
        self.simulation.advance(until=until_ms)
        if step_ms:
            self._whole = not self.simulation.is_over  # at rest, only calls move it, and the clock runs ahead of it

    @rule()
    def advance_to_the_next_decision(self) -> None:
        """Stop after the next placement, launch or scale-in."""
        note("simulation.advance(to_next_decision=True)")
        self.simulation.advance(to_next_decision=True)
        self._whole = False

    @rule()
    def advance_to_the_next_event(self) -> None:
        """Stop before the next instant in which anything is due, so that calls come first in it; or go on behind it."""
        at_ms, now_ms = self.simulation.next_event_ms, self.simulation.now_ms
        if at_ms is not None:
            self.advance(min(at_ms - now_ms, LONGEST_STEP_MS) if at_ms > now_ms else 1)

    # -- rules: jobs

    @precondition(lambda self: self.reach.intakes)
    @rule(
        where=ANY,
        what=ANY,
        size=st.sampled_from((0, 0, 2, 3)),
        run=RUNS,
        attempts=st.sampled_from((1, 1, 3)),
        fails=st.sampled_from((0.0, 0.0, 0.5)),
        after=st.none() | ANY,
    )
    def submit(
        self, where: int, what: int, size: int, run: Any, attempts: int, fails: float, after: int | None
    ) -> None:
        """Submit a job or an array, perhaps one that depends on an earlier one."""
        intake = self.one_of(self.reach.intakes, where)
        definition = self.one_of(intake.definitions, what)
        body: dict[str, Any] = {"jobName": "call", "jobQueue": intake.queue, "jobDefinition": definition}
        body["retryStrategy"] = {"attempts": attempts}
        if intake.shares:
            body["shareIdentifier"] = self.one_of(intake.shares, what)
        if size:
            body["arrayProperties"] = {"size": size}
        if after is not None and self._parents:
            body["dependsOn"] = [{"jobId": self.one_of(self._parents, after)}]
        more: dict[str, Any] = {"fails": [{"probability": fails}]} if fails else {}
        said = f"submit({body!r}, run={run!r}, **{more!r})"
        job = self.call(said, lambda: self.simulation.submit(body, run=run, **more))
        self._repeats = self._repeats and self.simulation.now_ms < self._ends_ms
        if job is not None:
            self._parents.append(job)

    @rule(which=ANY)
    def cancel(self, which: int) -> None:
        """CancelJob, of a job or of all calls of an entry."""
        if job := self._job(which):
            self.call(f"cancel({job!r})", lambda: self.simulation.cancel(job))

    @rule(which=ANY, reason=st.sampled_from(("Terminated by the user", "too dear")))
    def terminate(self, which: int, reason: str) -> None:
        """TerminateJob, of a job or of all calls of an entry."""
        if job := self._job(which):
            said = f"terminate({job!r}, reason={reason!r})"
            self.call(said, lambda: self.simulation.terminate(job, reason=reason))

    # -- rules: what a user changes

    @rule(which=ANY, field=st.sampled_from(("state", "state", "status")), on=st.booleans())
    def switch_environment(self, which: int, field: str, *, on: bool) -> None:
        """Disable or enable an environment, or let it become INVALID, or VALID again."""
        words = ("ENABLED", "DISABLED") if field == "state" else ("VALID", "INVALID")
        if name := self.one_of(self.reach.environments, which):
            self.update(f"computeEnvironments.{name}.{field}", words[0] if on else words[1])

    @rule(which=ANY, on=st.booleans())
    def switch_queue(self, which: int, *, on: bool) -> None:
        """Disable or enable a queue."""
        if name := self.one_of(self.reach.queues, which):
            self.update(f"jobQueues.{name}.state", "ENABLED" if on else "DISABLED")

    @precondition(lambda self: self.reach.bounds)
    @rule(which=ANY, vcpus=st.integers(1, 20))
    def set_maximum(self, which: int, vcpus: int) -> None:
        """Set maxvCpus, not below minvCpus."""
        name = self.one_of(tuple(self.reach.bounds), which)
        bounds = self.reach.bounds[name]
        bounds.most = max(vcpus, bounds.least)
        self.update(f"computeEnvironments.{name}.maxvCpus", bounds.most)

    @precondition(lambda self: any(not each.on_fargate for each in self.reach.bounds.values()))
    @rule(which=ANY, field=st.sampled_from(("minvCpus", "desiredvCpus")), vcpus=st.integers(0, 12))
    def set_minimum(self, which: int, field: str, vcpus: int) -> None:
        """Set minvCpus or desiredvCpus, not above maxvCpus."""
        hosts = [name for name, bounds in self.reach.bounds.items() if not bounds.on_fargate]
        name = self.one_of(hosts, which)
        bounds = self.reach.bounds[name]
        wanted = min(vcpus, bounds.most)
        if field == "minvCpus":
            bounds.least = wanted
        self.update(f"computeEnvironments.{name}.{field}", max(wanted, bounds.least))

    @rule(which=ANY, priority=st.sampled_from((1, 0, 50, 500)))
    def set_priority(self, which: int, priority: int) -> None:
        """Set a queue's priority."""
        if name := self.one_of(self.reach.queues, which):
            self.update(f"jobQueues.{name}.priority", priority)

    @precondition(lambda self: self.reach.weights)
    @rule(which=ANY, weight=st.sampled_from((1, 0.125, 3, 40)))
    def set_weight(self, which: int, weight: float) -> None:
        """Set a share's weight factor."""
        self.update(self.one_of(self.reach.weights, which), weight)

    @precondition(lambda self: self.reach.consumables)
    @rule(which=ANY, total=st.integers(0, 6))
    def set_total(self, which: int, total: int) -> None:
        """Set how much there is of a consumable resource."""
        self.update(f"consumableResources.{self.one_of(self.reach.consumables, which)}.totalQuantity", total)

    @precondition(lambda self: self.simulation.scenario.jobDefinitions)
    @rule(which=ANY, attempts=st.integers(1, 4))
    def register(self, which: int, attempts: int) -> None:
        """Register the next revision of a job definition."""
        shown = to_data(self.simulation.scenario)["jobDefinitions"]
        made = {key: value for key, value in self.one_of(shown, which).items() if key not in ("revision", "status")}
        request = {**made, "retryStrategy": {"attempts": attempts}}
        self.call(f"register({request!r})", lambda: self.simulation.register(request))

    # -- rules: what EC2 does

    @precondition(lambda self: self.reach.spot)
    @rule(which=ANY, ordinal=st.integers(0, 5), replace=st.booleans())
    def reclaim(self, which: int, ordinal: int, *, replace: bool) -> None:
        """Let EC2 take a Spot instance."""
        name = self.one_of(self.reach.spot, which)
        said = f"reclaim({name!r}, {ordinal}, replace={replace})"
        self._repeats = self._repeats and not self.simulation.scenario.world.notice
        self.call(said, lambda: self.simulation.reclaim(name, ordinal, replace=replace))

    # -- invariants

    @invariant()
    def what_is_seen_is_possible(self) -> None:
        """Time and jobs only move on, and all parts of a snapshot agree."""
        before, now = self.looks[-1], look_at(self.simulation, whole=self._whole)
        self.looks.append(now)
        wrong = [
            *broken_moves(before.states, now.states),
            *flaws_of(now, in_line=not self.simulation.scenario.world.retry_delay),
        ]
        if now.at_ms < before.at_ms:
            wrong.append(f"it was {before.at_ms} ms, and is {now.at_ms} ms")
        assert not wrong, "\n".join(wrong)  # noqa: S101 (a test that fails)

    def teardown(self) -> None:
        """Run to the end; hold the result to the checker, to what was seen, and to the same calls from a file."""
        if not hasattr(self, "simulation"):
            return
        result = self.simulation.finish()
        check(result)
        repeats = self._repeats and draws_alike(self._given, result.scenario)
        wrong = [*broken_looks(self.looks, result), *(self.unlike_the_file(result) if repeats else ())]
        if wrong:
            raise AssertionError("\n".join(wrong))

    # -- for rules of your own

    def call(self, said: str, deed: Callable[[], T]) -> T | None:
        """Do something to the run, and say so in a failure's story. What is refused must leave all as it was.

        It is done between two instants: amid one, after a decision, it would come later than where timed actions stand.
        """
        if not self._whole:
            self.advance(1)
        note(f"simulation.{said}  # at {self.simulation.now_ms} ms")
        before = look_at(self.simulation, whole=self._whole)
        try:
            return deed()
        except BatchsimError as error:
            note(f"# refused: {error}")
            if look_at(self.simulation, whole=self._whole) != before:
                raise AssertionError("a refused call left something behind") from error
            return None

    def update(self, path: str, value: float | str) -> None:
        """Change a value now."""
        self.call(f"update({path!r}, {value!r})", lambda: self.simulation.update(path, value))

    def one_of(self, options: Sequence[T], which: int) -> T:
        """One of the options by number, whatever the number."""
        return options[which % len(options)]

    def unlike_the_file(self, result: Result) -> list[str]:
        """The files in which the run differs from one of the scenario that its calls became part of."""
        again = files_of(run(result.scenario, policies=self.policies))
        return [f"{name} differs when the calls stand in the file" for name, text in files_of(result).items()
                if text != again.get(name)]  # fmt: skip

    def _job(self, which: int) -> str:
        """A job, as long as there is any."""
        known = tuple(self.simulation.job_states()) or tuple(self._parents)
        return self.one_of(known, which) if known else ""


def _scenario_of(given: Any) -> Scenario:
    """What a machine was given, as a scenario."""
    if isinstance(given, Scenario):
        return given
    return scenario_yaml.load(given) if isinstance(given, str | PathLike) else parse(given)
