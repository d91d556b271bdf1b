"""Jobs that need more of a consumable resource than there will ever be: they could only wait."""

from __future__ import annotations

from collections.abc import Iterator

from batchsim.errors import Path
from batchsim.spec.base import Flaw
from batchsim.spec.definitions import in_time
from batchsim.spec.dump import to_data
from batchsim.spec.effective import EffectiveJob, effective_job
from batchsim.spec.index import Index, names_in
from batchsim.spec.revisions import later_jobs
from batchsim.spec.scenario import Scenario
from batchsim.spec.updates import find_target


def short_of_resources(scenario: Scenario) -> Iterator[Flaw]:
    """E132: jobs that need more of a consumable resource than there is, or a timed action will ever make of it."""
    most = {item.consumableResourceName: item.totalQuantity for item in scenario.consumableResources}
    if not most:
        return
    for name, total in later_totals(scenario):
        most[name] = max(most[name], total)
    for path, job in _jobs(scenario):
        for name, quantity in job.consumables:
            if quantity > most[name]:
                message = f"asks for more of {name} than there will ever be"
                hint = "Set allow_unplaceable: true to see it wait, as in AWS"
                yield Flaw("E132", message, path, f"{quantity} of {name}", f"at most {most[name]}", hint)


def later_totals(scenario: Scenario) -> Iterator[tuple[str, int]]:
    """What timed actions make of totals."""
    totals = {item.consumableResourceName: item.totalQuantity for item in scenario.consumableResources}
    for _, action in in_time(scenario):
        if action.set is not None and (target := find_target(scenario, action.set)).kind == "consumableResources":
            changed = totals[target.name] + (action.by or 0)
            totals[target.name] = max(0, changed) if action.to is None else int(action.to)
            yield target.name, totals[target.name]


def _jobs(scenario: Scenario) -> Iterator[tuple[Path, EffectiveJob]]:
    """What every entry asks for, from the start and by revisions that are still to come."""
    index = Index(scenario, {}, names_in(to_data(scenario)))
    for placed in index.entries():
        yield (*placed.path, "submit"), effective_job(scenario, placed.entry.submit)
    yield from ((path, job) for path, job in later_jobs(index) if isinstance(job, EffectiveJob))
