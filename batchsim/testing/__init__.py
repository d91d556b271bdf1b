"""For tests of whole runs: random scenarios, builders, and what can be asked of a finished run.

>>> from hypothesis import given
>>> from batchsim import run, testing
>>> @given(testing.scenarios())
... def test_my_policy_breaks_no_invariant(scenario):
...     testing.assert_sound(run(scenario))

``scenarios``, ``scenario_data`` and ``check_policy`` need Hypothesis (``pip install hypothesis``); all else works
without it.
"""

from __future__ import annotations

from batchsim.testing.builders import definition, entry, environment, queue, scenario, submit
from batchsim.testing.counters import Mark, expected_marks, marks_of
from batchsim.testing.policies import check_policy
from batchsim.testing.runs import assert_sound, faults_in, files_of
from batchsim.testing.strategies import scenario_data, scenarios
from batchsim.testing.swarm import Choices, Dice, draw_scenario

__all__ = [
    "Choices",
    "Dice",
    "Mark",
    "assert_sound",
    "check_policy",
    "definition",
    "draw_scenario",
    "entry",
    "environment",
    "expected_marks",
    "faults_in",
    "files_of",
    "marks_of",
    "queue",
    "scenario",
    "scenario_data",
    "scenarios",
    "submit",
]
