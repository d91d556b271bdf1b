"""A prepared scenario's workload as its seed draws it: all that is left to be found wrong before a run."""

from __future__ import annotations

from batchsim.engine.randomness import Draws
from batchsim.engine.workload import expand
from batchsim.engine.workload.plans import Workload
from batchsim.formats.trace_csv import read_trace
from batchsim.preflight import preflight_traces
from batchsim.prepared import Prepared, epoch_ms, refuse
from batchsim.spec import Scenario


def draws_of(scenario: Scenario) -> Draws:
    """The random numbers of a scenario with a seed."""
    return Draws(scenario.simulation.seed or 0, scenario.simulation.replication)


def workload_of(ready: Prepared, scenario: Scenario, draws: Draws) -> Workload:
    """The workload of ``ready`` with the seed of ``scenario``; :class:`ScenarioError` for traces that nothing holds."""
    workload = expand(ready.sampled, draws, epoch_ms(scenario), read_trace)
    refuse(preflight_traces(scenario, ready.facts, workload))
    return workload
