"""For tests of your own: random scenarios, a state machine that drives them, contracts of policies, and a checker.

>>> from hypothesis import given
>>> from batchsim import run, testing
>>> @given(testing.scenarios(without=["fargate"]))
... def test_my_policy_breaks_no_invariant(scenario):
...     testing.check(run(scenario, policies={"packing": my_packing}))

``docs/testing.md`` shows all of it. Strategies, ``check_policy`` and ``BatchMachine`` need Hypothesis
(``pip install "batchsim[testing]"``), and say so where it is missing; all else works without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batchsim.testing.builders import definition, entry, environment, queue, scenario, submit
from batchsim.testing.counters import Mark, expected_marks, marks_of
from batchsim.testing.policies import check_policy
from batchsim.testing.runs import check, files_of, violations_in
from batchsim.testing.strategies import (
    actions,
    compute_environments,
    faults,
    job_definitions,
    job_queues,
    retry_strategies,
    scenario_data,
    scenarios,
    workloads,
    worlds,
)
from batchsim.testing.swarm import FEATURES, Choices, Dice, draw_scenario

if TYPE_CHECKING:
    from batchsim.testing.machine import BatchMachine

__all__ = [
    "FEATURES",
    "BatchMachine",
    "Choices",
    "Dice",
    "Mark",
    "actions",
    "check",
    "check_policy",
    "compute_environments",
    "definition",
    "draw_scenario",
    "entry",
    "environment",
    "expected_marks",
    "faults",
    "files_of",
    "job_definitions",
    "job_queues",
    "marks_of",
    "queue",
    "retry_strategies",
    "scenario",
    "scenario_data",
    "scenarios",
    "submit",
    "violations_in",
    "workloads",
    "worlds",
]


def __getattr__(name: str) -> Any:
    """Load ``BatchMachine`` when it is asked for: its class cannot be made without Hypothesis."""
    if name != "BatchMachine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from batchsim.testing.machine import BatchMachine
    except ImportError as error:
        raise ImportError("BatchMachine needs Hypothesis: pip install hypothesis") from error
    return BatchMachine
