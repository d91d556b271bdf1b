"""What only shows once a scenario meets the catalogue: jobs that nothing can hold, strategies that nobody gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from batchsim.analysis.metrics import METRICS, threshold
from batchsim.engine.workload.plans import MAX_PARENTS, DependencyKind, EntryPlan, Size, Workload
from batchsim.errors import Path, Problem
from batchsim.policies.given import AWS, Policies
from batchsim.spec import CatalogueFacts, Scenario
from batchsim.spec.base import Flaw, FlawsError
from batchsim.spec.dump import to_data
from batchsim.spec.effective import EffectiveJob, effective_job
from batchsim.spec.fargate import fargate_choices, is_fargate_size, nearest_fargate
from batchsim.spec.index import Index, names_in
from batchsim.spec.names import short_name
from batchsim.spec.near import did_you_mean
from batchsim.spec.paths import find_target
from batchsim.spec.platforms import resources_of, standing_vcpus, stands
from batchsim.spec.problems import problem_of
from batchsim.spec.revisions import later_jobs
from batchsim.spec.shortage import short_of_resources
from batchsim.spec.source import SourceMap
from batchsim.unplaceable import Place, places_of, too_large

MOST_START_FAILURES = 0.999
"""A thousand tries a start: more would look like a run that hangs."""
MOST_INSTANCES = 1_000_000
"""So many instances may be kept warm without a job."""
LONG_MS = 86_400_000
"""A day of failing pulls is as good as for ever."""
LEAST_MEMORY_MIB = 4
"""API, ResourceRequirement: a container asks for at least 4 MiB."""


def preflight(scenario: Scenario, facts: CatalogueFacts, policies: Policies = AWS) -> list[Problem]:
    """Return what keeps a valid scenario from running; empty when nothing does."""
    flaws = [*_unknown_strategies(scenario, policies), *_unknown_targets(scenario), *_endless_retries(scenario)]
    flaws += [*_unknown_metrics(scenario), *_huge_fleets(scenario, facts), *_mixed_queues(scenario, facts)]
    flaws += [*_unpriced_windows(scenario, facts), *_endless_pulls(scenario)]
    if not scenario.allow_unplaceable:
        flaws.extend(_unplaceable(scenario, facts))
        flaws.extend(_unplaceable_later(scenario, facts))
        flaws.extend(short_of_resources(scenario))
    return [problem_of(flaw, scenario.source) for flaw in flaws]


def spot_environments(scenario: Scenario) -> list[str]:
    """Return the names of the environments that launch Spot instances."""
    found = ((e.computeEnvironmentName, resources_of(scenario.world, e)) for e in scenario.computeEnvironments)
    return [name for name, resources in found if resources and resources.type == "SPOT"]


def _unknown_strategies(scenario: Scenario, policies: Policies) -> Iterator[Flaw]:
    """Strategies of the user's own that no function came with."""
    known = policies.strategies
    for number, environment in enumerate(scenario.computeEnvironments):
        strategy = environment.computeResources.allocationStrategy if environment.computeResources else None
        if strategy is None or strategy in known or policies.strategy is not None:
            continue
        path: Path = ("computeEnvironments", number, "computeResources", "allocationStrategy")
        hint = f'Pass a strategy of your own as policies={{"allocation": {{"{strategy}": function}}}}'
        yield Flaw("E141", "neither a strategy of AWS Batch nor one of yours", path, strategy, ", ".join(known), hint)


def _endless_retries(scenario: Scenario) -> Iterator[Flaw]:
    """Failures to start that always come and never count would be retried for ever."""
    world = scenario.world
    if world.start_failure > MOST_START_FAILURES and not world.count_start_failures:
        path: Path = ("world", "start_failure")
        hint = "With count_start_failures: false jobs would be retried for ever"
        allowed = f"at most {MOST_START_FAILURES}"
        yield Flaw("E144", "next to nothing could ever start", path, world.start_failure, allowed, hint)


def _mixed_queues(scenario: Scenario, facts: CatalogueFacts) -> Iterator[Flaw]:
    """E157: all environments of a queue are of one architecture (API CreateJobQueue, computeEnvironmentOrder)."""
    for number, queue in enumerate(scenario.jobQueues):
        names = [short_name(order.computeEnvironment) for order in queue.computeEnvironmentOrder]
        found = {facts.pools[name][0].type.architecture: name for name in reversed(names) if facts.pools.get(name)}
        if len(found) > 1:
            shown = ", ".join(f"{name} is {architecture}" for architecture, name in reversed(found.items()))
            message = "architectures mix; AWS Batch allows one in a job queue"
            path: Path = ("jobQueues", number, "computeEnvironmentOrder")
            yield Flaw("E157", message, path, shown, hint="Make a queue for each")


def _unpriced_windows(scenario: Scenario, facts: CatalogueFacts) -> Iterator[Flaw]:
    """E148: the catalogue has no price of Windows tasks in every region."""
    if ("windows", False) in facts.fargate or not facts.fargate:
        return
    for placed in Index(scenario, {}, names_in(to_data(scenario))).entries():
        job = effective_job(scenario, placed.entry.submit)
        if job.windows:
            path = (*placed.path, "submit", "jobDefinition")
            region = scenario.world.region
            yield Flaw("E148", f"no price of Windows tasks in {region} is known", path, job.definition)


def _unknown_metrics(scenario: Scenario) -> Iterator[Flaw]:
    """Thresholds must be readable before the run, not after it."""
    for name, condition in scenario.thresholds.items():
        if name not in METRICS:
            yield Flaw("E106", "unknown metric", ("thresholds", name), name, hint=did_you_mean(name, METRICS))
            continue
        try:
            threshold(name, condition)
        except ValueError as error:
            yield Flaw("E115", str(error), ("thresholds", name), condition)


def _huge_fleets(scenario: Scenario, facts: CatalogueFacts) -> Iterator[Flaw]:
    """Instances that minvCpus, or a fleet, keeps without any job, counted in the largest type."""
    allowed = f"at most {MOST_INSTANCES:,} instances"
    for name, fleet in scenario.world.fleets.items():
        if (listed := sum(each.count for each in fleet)) > MOST_INSTANCES:
            yield Flaw("E151", f"would start {listed:,} instances", ("world", "fleets", name), listed, allowed)
    for path, name, vcpus in _kept_warm(scenario):
        instances = vcpus // max((pool.type.vcpus for pool in facts.pools.get(name, ())), default=vcpus + 1)
        if instances > MOST_INSTANCES:
            yield Flaw("E151", f"would start {instances:,} instances", path, vcpus, allowed)


def _kept_warm(scenario: Scenario) -> Iterator[tuple[Path, str, int]]:
    """Path, environment and vCPUs of every minvCpus and desiredvCpus, those that actions set, and standing fleets."""
    for number, environment in enumerate(scenario.computeEnvironments):
        if environment.computeResources and stands(scenario.world, environment):
            path: Path = ("computeEnvironments", number, "computeResources", "maxvCpus")
            yield path, environment.computeEnvironmentName, standing_vcpus(environment.computeResources)
        for key in ("minvCpus", "desiredvCpus"):
            vcpus = getattr(environment.computeResources, key, None) or 0
            yield ("computeEnvironments", number, "computeResources", key), environment.computeEnvironmentName, vcpus
    for number, action in enumerate(scenario.actions):
        if action.set is not None and (target := find_target(scenario, action.set)).field == "minvCpus":
            yield ("actions", number, "to"), target.name, int(action.to or 0)


def _unknown_targets(scenario: Scenario) -> Iterator[Flaw]:
    """Reclaims must name an environment that launches Spot instances."""
    spot = spot_environments(scenario)
    for number, fault in enumerate(scenario.faults):
        name = fault.select.environment
        if fault.kind == "spot_reclaim" and name is not None and name not in spot:
            path: Path = ("faults", number, "select", "environment")
            hint = did_you_mean(name, spot)
            yield Flaw("E120", "no compute environment of type SPOT", path, name, ", ".join(spot) or "none", hint)


def _endless_pulls(scenario: Scenario) -> Iterator[Flaw]:
    """Pulls that next to never succeed, of attempts that do not count: jobs would be retried for ever."""
    for number, fault in enumerate(scenario.faults):
        is_long = fault.for_ms is None or fault.for_ms > LONG_MS
        is_endless = is_long and (fault.probability or 0) > MOST_START_FAILURES
        if fault.kind == "image_pull" and is_endless and not scenario.world.count_start_failures:
            path: Path = ("faults", number, "probability")
            hint = "Give the fault a for, or count start failures"
            allowed = f"at most {MOST_START_FAILURES} with count_start_failures: false"
            yield Flaw("E144", "next to nothing could ever start", path, fault.probability, allowed, hint)


def _unplaceable(scenario: Scenario, facts: CatalogueFacts) -> Iterator[Flaw]:
    """Jobs that no instance type of their queue's environments, or no maxvCpus, can ever hold (hostile input B26)."""
    places = places_of(scenario, facts)
    for placed in Index(scenario, {}, names_in(to_data(scenario))).entries():
        job = effective_job(scenario, placed.entry.submit)
        yield from too_large((*placed.path, "submit"), _size(job), job, scenario, places)


def _unplaceable_later(scenario: Scenario, facts: CatalogueFacts) -> Iterator[Flaw]:
    """The same of what entries become by revisions that timed actions register."""
    if all(action.definition is None for action in scenario.actions):
        return
    places = places_of(scenario, facts)
    for path, job in later_jobs(Index(scenario, {}, names_in(to_data(scenario)))):
        if isinstance(job, EffectiveJob):
            yield from too_large(path, _size(job), job, scenario, places)


def preflight_revision(scenario: Scenario, facts: CatalogueFacts) -> list[Problem]:
    """Return what keeps a scenario's only action, a registration, from being taken by the entries that name it."""
    later = later_jobs(Index(scenario, {}, names_in(to_data(scenario))))
    flaws = [flaw for _, job in later if isinstance(job, FlawsError) for flaw in job.flaws]
    if not (flaws or scenario.allow_unplaceable):
        flaws = [*_unplaceable_later(scenario, facts), *short_of_resources(scenario)]
    return [problem_of(flaw, SourceMap()) for flaw in flaws]


def preflight_traces(scenario: Scenario, facts: CatalogueFacts, workload: Workload) -> list[Problem]:
    """Return what keeps jobs that a trace's rows size from running: each size once, with how many rows ask for it."""
    sized = [plan for plan in workload.entries if plan.requests is not None]
    if not sized:  # as for most workloads, each of whose replications would come by here
        return []
    paths = [placed.path for placed in Index(scenario, {}, names_in(to_data(scenario))).entries()]
    places = places_of(scenario, facts)
    flaws: list[Flaw] = []
    for plan in sized:
        for (vcpus_milli, memory_mib, gpus, architecture), rows in _sizes_of(plan).items():
            job = replace(plan.job, vcpus_milli=vcpus_milli, memory_mib=memory_mib, gpus=gpus)
            job = replace(job, architecture=architecture)
            flaws.extend(_size_flaws(scenario, places, job, rows, (*paths[plan.position], "at")))
    return [problem_of(flaw, scenario.source) for flaw in flaws]


class Link(NamedTuple):
    """A dependency of a job submitted from outside."""

    kind: int
    """A :class:`DependencyKind`."""
    array_size: int
    """Children of the parent; 0 for a single job."""


def preflight_links(scenario: Scenario, plan: EntryPlan, links: list[Link]) -> list[Problem]:
    """Return what SubmitJob would refuse of a call's dependencies (fact sheet 3.1 and 3.3)."""
    problems: list[Problem] = []
    if len(links) > MAX_PARENTS and scenario.world.strict_limits:
        allowed = f"at most {MAX_PARENTS}"
        problems.append(Problem("E127", ("dependsOn",), "too many dependencies", str(len(links)), allowed))
    own_size = plan.size if plan.is_array else 0
    for number, link in enumerate(links):
        if link.kind == DependencyKind.N_TO_N and not link.array_size == own_size > 0:
            problems.append(Problem("E128", ("dependsOn", number), "N_TO_N needs two arrays of one size"))
    return problems


def _sizes_of(plan: EntryPlan) -> Counter[Size]:
    """Count the trace's rows by what they ask for; empty without a trace that sizes jobs."""
    requests = plan.requests
    if requests is None or not requests.are_sized:
        return Counter()
    return Counter(requests.sizes(plan.job, plan.occurrences))


def _size_flaws(
    scenario: Scenario, places: Mapping[str, Place], job: EffectiveJob, rows: int, path: Path
) -> Iterator[Flaw]:
    asked = f"{_size(job)}, in {rows} row{'s' if rows > 1 else ''}"
    if job.platform == "FARGATE" and not is_fargate_size(job.vcpus_milli, job.memory_mib):
        hint = nearest_fargate(job.vcpus_milli, job.memory_mib)
        yield Flaw("E133", "no size that Fargate sells", path, asked, fargate_choices(job.vcpus_milli), hint)
    elif job.platform == "EC2" and (job.vcpus_milli < 1000 or job.vcpus_milli % 1000):
        yield Flaw("E130", "EC2 schedules whole vCPUs", path, asked, "1 vCPU or more")
    elif job.memory_mib < LEAST_MEMORY_MIB:
        yield Flaw("E131", "too little memory", path, asked, f"at least {LEAST_MEMORY_MIB} MiB")
    elif not scenario.allow_unplaceable:
        yield from too_large(path, asked, job, scenario, places)


def _size(job: EffectiveJob) -> str:
    return f"{job.vcpus_milli / 1000:g} vCPU, {job.memory_mib} MiB" + (f", {job.gpus} GPU" if job.gpus else "")
