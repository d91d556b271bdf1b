"""Hypothesis strategies for small scenarios, whole or in parts; a failing one is shrunk to the least that still fails.

Whole scenarios are drawn swarm-style: each feature is on or off in each of them, so that rare ones meet each other.
All strategies give the file form (dicts and lists, what YAML would hold) but ``scenarios``, which gives
:class:`~batchsim.Scenario`. Each raises ``ImportError`` with a hint where Hypothesis is missing, and ``ValueError`` for
an unknown feature; ``FEATURES`` has them all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from batchsim.spec import Scenario, parse, to_data
from batchsim.testing.builders import Data
from batchsim.testing.swarm import draw_scenario
from batchsim.testing.swarm.capacity import draw_environments
from batchsim.testing.swarm.features import Draft
from batchsim.testing.swarm.jobs import draw_definitions, draw_retries
from batchsim.testing.swarm.parts import actions_part, faults_part, queues_part, workload_part
from batchsim.testing.swarm.world import draw_world

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

T = TypeVar("T")
Names = Collection[str]
ELSEWHERE = ("datasets",)
"""What a workload by itself cannot have: it stands elsewhere in the scenario."""


class _Drawn:
    """Choices that Hypothesis makes, records and shrinks."""

    def __init__(self, draw: DrawFn, strategies: ModuleType) -> None:
        self._draw = draw
        self._strategies = strategies

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return int(self._draw(self._strategies.integers(low, high)))


# -- whole scenarios


def scenario_data(features: Names = (), without: Names = ()) -> SearchStrategy[Data]:
    """Strategy of valid scenarios in their file form, small enough to run in milliseconds.

    ``features`` are on in all of them, those of ``without`` off, the others on or off by chance. A scenario's
    ``description`` lists what it has. A feature may still find no use: reclaims strike nothing without Spot.
    """
    Draft(_Least(), features, without)  # tells at once what is wrong with the names
    return _composite(lambda choices: draw_scenario(choices, features, without))


def scenarios(features: Names = (), without: Names = ()) -> SearchStrategy[Scenario]:
    """Strategy of small, valid scenarios with a seed; see :func:`scenario_data`."""
    return scenario_data(features, without).map(parse)


# -- parts


def worlds(features: Names = (), without: Names = ()) -> SearchStrategy[Data]:
    """Strategy of ``world``: delays, hazards and what-ifs, with the types that :func:`compute_environments` name."""
    return _part(draw_world, features, without)


def compute_environments(features: Names = (), without: Names = ()) -> SearchStrategy[list[Data]]:
    """Strategy of one to four managed environments: EC2, and with these features Spot, Fargate, Fargate Spot."""
    return _part(draw_environments, features, without)


def job_queues(environments: list[Data], features: Names = (), without: Names = ()) -> SearchStrategy[list[Data]]:
    """Strategy of one to three queues on ``environments``, none of which mixes instances and Fargate."""
    return _part(lambda draft: queues_part(draft, environments), features, without)


def job_definitions(features: Names = (), without: Names = ()) -> SearchStrategy[list[Data]]:
    """Strategy of small container definitions; ``fargate``: some for Fargate, ``stuck_jobs``: some that never fit."""
    return _part(draw_definitions, features, without)


def retry_strategies(features: Names = (), without: Names = ()) -> SearchStrategy[Data]:
    """Strategy of ``retryStrategy``: attempts, and up to three rules of ``evaluateOnExit``."""
    return _part(draw_retries, features, without)


def workloads(
    scenario: Scenario | Mapping[str, Any], features: Names = (), without: Names = ()
) -> SearchStrategy[list[Data]]:
    """Strategy of workloads for the queues and job definitions of ``scenario``, each on the platform that it is for.

    Whether a job of a definition fits any instance type is the scenario's business: ``allow_unplaceable`` lets it wait.
    """
    base = _data(scenario)
    return _part(lambda draft: workload_part(draft, base), features, {*without, *ELSEWHERE})


def faults(
    scenario: Scenario | Mapping[str, Any], features: Names = (), without: Names = ()
) -> SearchStrategy[list[Data]]:
    """Strategy of ``faults`` for the Spot environments of ``scenario``; empty where it has none."""
    base = _data(scenario)
    return _part(lambda draft: faults_part(draft, base), {*features, "faults"}, without)


def actions(
    scenario: Scenario | Mapping[str, Any], features: Names = (), without: Names = ()
) -> SearchStrategy[list[Data]]:
    """Strategy of ``actions`` on the jobs, queues and environments of ``scenario``: cancel, terminate, set."""
    base = _data(scenario)
    return _part(lambda draft: actions_part(draft, base), {*features, "actions"}, without)


# -- within


class _Least:
    """The choices that a shrunk example comes down to."""

    def integer(self, low: int, high: int) -> int:
        """Return the lowest number."""
        return min(low, high)


def _part(draw_part: Callable[[Draft], T], features: Names, without: Names) -> SearchStrategy[T]:
    Draft(_Least(), features, without)
    return _composite(lambda choices: draw_part(Draft(choices, features, without)))


def _composite(draw_from: Callable[[_Drawn], T]) -> SearchStrategy[T]:
    strategies = _hypothesis()

    def whole(draw: DrawFn) -> T:
        return draw_from(_Drawn(draw, strategies))

    made: Any = strategies.composite(whole)()
    return made  # type: ignore[no-any-return]


def _data(scenario: Scenario | Mapping[str, Any]) -> Data:
    return to_data(scenario) if isinstance(scenario, Scenario) else dict(scenario)


def _hypothesis() -> ModuleType:
    try:
        from hypothesis import strategies
    except ImportError as error:
        raise ImportError("random scenarios as a strategy need Hypothesis: pip install hypothesis") from error
    return strategies
