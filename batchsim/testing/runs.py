"""What a test asks of a finished run: every byte that it would write, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

from batchsim.analysis.check import check_tables, columns_of
from batchsim.result import Result
from batchsim.spec import ComputeEnvironment, Scenario, World
from batchsim.spec.entries import Item, Workflow
from batchsim.spec.names import short_name
from batchsim.spec.paths import find_target
from batchsim.spec.platforms import resources_of, stands


def files_of(result: Result, *, html: bool = False) -> dict[str, str]:
    """Return the whole text of every file of the result folder by name, with events and costs.

    ``report.html`` shows what the others hold and takes longest: it is among them with ``html``.
    """
    files = result.files(events=True, costs=True, html=html)
    return {name: text.decode() if isinstance(text, bytes) else "".join(text) for name, text in files.items()}


def violations_in(result: Result) -> list[str]:
    """Return every invariant that the run breaks, and every sum of time or money that is not exact; none is good."""
    return [*map(str, check_tables(columns_of(result))), *result.check_sums()]


def check(result: Result) -> None:
    """Raise ``AssertionError`` with everything that :func:`violations_in` finds."""
    violations = violations_in(result)
    if violations:
        raise AssertionError("\n".join(violations))


def draws_alike(given: Scenario, told: Scenario) -> bool:
    """Whether a file with the calls of a run, as ``told`` has them, draws the numbers of that run of ``given``.

    It does not where the first entry that reaches an environment came by a call, and the environment may have drawn
    something before.
    """
    late = _reached(told, told.workload) - _reached(told, given.workload)
    targets = (find_target(told, action.set) for action in told.actions if action.set is not None)
    raised = {target.name for target in targets if target.field in ("minvCpus", "desiredvCpus")}
    environments = {each.computeEnvironmentName: each for each in told.computeEnvironments}
    return not any(name in raised or _launches_unasked(told.world, environments[name]) for name in late)


def _reached(scenario: Scenario, workload: Iterable[Item]) -> set[str]:
    """The environments of the queues that these entries ask for."""
    entries = (entry for item in workload for entry in (item.workflow if isinstance(item, Workflow) else (item,)))
    asked = {short_name(entry.submit.jobQueue) for entry in entries}
    queues = (queue for queue in scenario.jobQueues if queue.jobQueueName in asked)
    return {short_name(place.computeEnvironment) for queue in queues for place in queue.computeEnvironmentOrder}


def _launches_unasked(world: World, environment: ComputeEnvironment) -> bool:
    """Whether an environment has instances from the start."""
    resources = resources_of(world, environment)
    return stands(world, environment) or bool(resources and (resources.minvCpus or resources.desiredvCpus))
