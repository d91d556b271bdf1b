"""From a scenario's workload to plans: every call's instant, place and work, drawn before the clock starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from batchsim.engine.randomness import Draws
from batchsim.engine.workload.arrivals import Calendar
from batchsim.engine.workload.course_rules import course_rule
from batchsim.engine.workload.firings import FiringPlanner, Firings, ReadTrace
from batchsim.engine.workload.places import Place, places_of
from batchsim.engine.workload.plans import DependencyKind, DependencySpec, EntryPlan, Requests, Workload
from batchsim.engine.workload.sources import SourceMaker
from batchsim.errors import Problem, ScenarioError
from batchsim.spec import Scenario, World
from batchsim.spec.effective import EffectiveJob, effective_job
from batchsim.spec.fargate import round_up_to_fargate
from batchsim.spec.images import image_architecture


def expand(scenario: Scenario, draws: Draws, start_epoch_ms: int, read_trace: ReadTrace) -> Workload:
    """Plan every entry of a scenario, in file order, the members of workflows in their place.

    ``start_epoch_ms`` is ``simulation.start`` in Unix ms; ``read_trace`` reads a trace's file. Raises
    :class:`ScenarioError` with all problems that only show here: a cron field or a trace that cannot be read, and a
    data set that its entry does not share out. ``spec`` checked all else.
    """
    places = places_of(scenario)
    planner = _planner(scenario, places, draws, start_epoch_ms, read_trace)
    plans: list[EntryPlan] = []
    problems: list[Problem] = []
    jobs = 0
    for place in places:
        try:
            plans.append(planner.plan(place))
            jobs += plans[-1].occurrences * plans[-1].size
            _check_number(scenario, place, jobs, "the workload makes")
        except ScenarioError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise ScenarioError(problems)
    return Workload(tuple(plans))


@dataclass(frozen=True, slots=True)
class _Planner:
    """What all entries' plans are made with."""

    scenario: Scenario
    places: Mapping[str, Place]
    firings: FiringPlanner
    sources: SourceMaker

    def plan(self, place: Place) -> EntryPlan:
        """The plan of one entry."""
        entry, firings = place.entry, self.firings.of(place)
        job = effective_job(self.scenario, entry.submit)
        shape = self.sources.shape(place, job.array_size, firings.number)
        _check_number(self.scenario, place, shape.jobs, "the entry makes")
        return EntryPlan(
            position=place.position,
            id=entry.id,
            stream=entry.stream or entry.id,
            job=job,
            request=entry.submit,
            workflow=place.workflow_number,
            firings=shape.firings,
            copies=shape.copies,
            due_at_ms=np.repeat(firings.due_at_ms, shape.copies),
            after=firings.after,
            client_rate_per_s=firings.client_rate_per_s,
            size=shape.size,
            is_array=shape.is_array,
            work=self.sources.source(place, shape, firings.trace),
            requests=_requests(firings, job, self.scenario.world),
            data_bytes=self.sources.data_bytes(entry, shape),
            image_bytes=entry.image,
            dependencies=tuple(self._dependencies(job)),
            course=course_rule(entry, needed=self.scenario.world.stopped_when == "exit"),
            cancel_after_ms=entry.cancel_after,
        )

    def _dependencies(self, job: EffectiveJob) -> Iterator[DependencySpec]:
        for given in job.depends_on:
            if given.jobId is None:
                yield DependencySpec(-1, DependencyKind.SEQUENTIAL)
            else:
                kind = DependencyKind.N_TO_N if given.type == "N_TO_N" else DependencyKind.PLAIN
                yield DependencySpec(self.places[given.jobId].position, kind)


def _planner(
    scenario: Scenario, places: tuple[Place, ...], draws: Draws, start_epoch_ms: int, read_trace: ReadTrace
) -> _Planner:
    settings = scenario.simulation
    end_ms = settings.until if isinstance(settings.until, int) else settings.max_time_ms
    by_id = {place.entry.id: place for place in places}
    calendar = Calendar(start_epoch_ms, settings.time_zone)
    firings = FiringPlanner(by_id, draws, calendar, end_ms, read_trace, settings.max_jobs)
    return _Planner(
        scenario,
        by_id,
        firings,
        SourceMaker(draws, {item.name: item for item in scenario.datasets}, scenario.world.oom_prob),
    )


def _check_number(scenario: Scenario, place: Place, jobs: int, subject: str) -> None:
    """E151 before more jobs than are wanted fill the memory."""
    most = scenario.simulation.max_jobs
    if jobs > most:
        hint = "If they are meant, raise simulation.max_jobs; a million jobs take about a gigabyte of memory"
        raise place.error("E151", place.path, f"{subject} {jobs:,} jobs", allowed=f"at most {most:,}", hint=hint)


def _requests(firings: Firings, job: EffectiveJob, world: World) -> Requests | None:
    """What the trace's rows ask for; a traced entry makes one call a row."""
    trace = firings.trace
    if trace is None:
        return None
    asked = (trace.vcpus_milli, trace.memory_mib, trace.gpus, trace.image)
    if all(column is None for column in asked):
        return None
    architectures = tuple(image_architecture(world, image) or job.architecture for image in trace.images)
    requests = Requests(*asked, trace.images, architectures if world.images else ())
    return _rounded_up(requests, job, firings.number) if world.fargate_round_up else requests


def _rounded_up(requests: Requests, job: EffectiveJob, calls: int) -> Requests:
    """The same in sizes that Fargate sells, as far as there are any so large (``world.fargate_round_up``)."""
    if job.platform != "FARGATE" or (requests.vcpus_milli is None and requests.memory_mib is None):
        return requests
    asked = [(size.vcpus_milli, size.memory_mib) for size in requests.sizes(job, calls)]
    sold = {size: round_up_to_fargate(*size) or size for size in set(asked)}
    vcpus_milli, memory_mib = np.array([sold[size] for size in asked], dtype=np.int64).reshape(-1, 2).T
    return replace(requests, vcpus_milli=vcpus_milli, memory_mib=memory_mib)
