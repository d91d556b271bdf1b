"""How many vCPUs a workload asks for at a time, by its own rates and mean run times: what steady runs are held to."""

from __future__ import annotations

from batchsim.engine.laws import law_of
from batchsim.spec import Constant, Entry, LawSpec, Poisson, Scenario, Workflow, effective_job


def offered_vcpus(scenario: Scenario) -> float | None:
    """The mean number of vCPUs that jobs would hold if none ever waited, without start-up and without retries.

    None unless every entry arrives at a steady rate (``poisson``, from the start to the end) and has a law of run times
    that hosts do not change: of cron lines, data sets and traces the run itself tells.
    """
    found = [_offered(scenario, item) for item in scenario.workload]
    return None if scenario.world.speed or None in found else sum(each for each in found if each is not None)


def _offered(scenario: Scenario, item: Entry | Workflow) -> float | None:
    """Of one entry: jobs a second, times seconds, times vCPUs."""
    if isinstance(item, Workflow) or not isinstance(item.at, Poisson) or item.fails:
        return None
    mean_ms = _mean_ms(item.run)
    if mean_ms is None or item.at.start_ms or not _lasts(scenario, item.at):
        return None
    job = effective_job(scenario, item.submit)
    jobs_per_s = float(item.at.rate_per_s) * (item.count or 1) * max(job.array_size, 1)
    return jobs_per_s * mean_ms / 1000 * job.vcpus_milli / 1000


def _lasts(scenario: Scenario, at: Poisson) -> bool:
    until = scenario.simulation.until
    return at.for_ms is None or (isinstance(until, int) and at.for_ms >= until)


def _mean_ms(run: object) -> float | None:
    if isinstance(run, Constant):
        return float(run.ms)
    return law_of(run, 1).mean_ms if isinstance(run, LawSpec) and not _is_from_a_file(run) else None


def _is_from_a_file(law: LawSpec) -> bool:
    """Whether its values are read only when the run begins."""
    return law.name == "empirical" and law.sample is not None
