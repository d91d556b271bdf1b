"""What must hold between the parts of a scenario; each check is a small function from an index to flaws."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from batchsim.spec.base import Flaw
from batchsim.spec.checks.capacity import check_environments, check_queues
from batchsim.spec.checks.consumables import check_consumables
from batchsim.spec.checks.dependencies import check_cycles, check_dependencies
from batchsim.spec.checks.events import check_actions, check_faults, check_thresholds
from batchsim.spec.checks.limits import check_limits
from batchsim.spec.checks.names import check_names
from batchsim.spec.checks.platforms import check_fleets, check_platforms
from batchsim.spec.checks.scheduler import check_scheduler
from batchsim.spec.checks.submissions import check_submissions
from batchsim.spec.checks.timing import check_checkpoints, check_firings, check_runs
from batchsim.spec.index import Index
from batchsim.spec.revisions import check_revisions

CHECKS: tuple[Callable[[Index], Iterator[Flaw]], ...] = (
    check_names,
    check_environments,
    check_queues,
    check_platforms,
    check_fleets,
    check_scheduler,
    check_submissions,
    check_consumables,
    check_dependencies,
    check_cycles,
    check_firings,
    check_runs,
    check_checkpoints,
    check_faults,
    check_actions,
    check_revisions,
    check_thresholds,
    check_limits,
)


def check_all(index: Index) -> Iterator[Flaw]:
    """Every flaw between the parts, paths from the top."""
    for check in CHECKS:
        yield from check(index)
