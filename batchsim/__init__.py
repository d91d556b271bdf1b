"""batchsim: a flight simulator for AWS Batch.

>>> import batchsim
>>> result = batchsim.run("scenario.yaml")
>>> result.summary()["cost"]["total_usd"]

This module is the public surface; names are loaded when they are first used, so that importing it costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from batchsim._version import __version__
from batchsim.errors import (
    BatchsimError,
    ExperimentError,
    OutputError,
    PolicyError,
    Problem,
    ScenarioError,
    SimulationError,
)

if TYPE_CHECKING:
    from batchsim.analysis.check import Violation as Violation
    from batchsim.analysis.check import check as check
    from batchsim.experiments.compare import compare as compare
    from batchsim.experiments.comparison import Comparison as Comparison
    from batchsim.experiments.optimising.optimisation import Optimisation as Optimisation
    from batchsim.experiments.optimising.optimise import optimise as optimise
    from batchsim.experiments.replicate import Replications as Replications
    from batchsim.experiments.replicate import replicate as replicate
    from batchsim.experiments.study import Study as Study
    from batchsim.experiments.sweep import sweep as sweep
    from batchsim.formats.scenario_yaml import dump as dump
    from batchsim.formats.scenario_yaml import load as load
    from batchsim.formats.scenario_yaml import loads as loads
    from batchsim.result import Result as Result
    from batchsim.simulation import Simulation as Simulation
    from batchsim.simulation import run as run
    from batchsim.spec import Scenario as Scenario

__all__ = [
    "BatchsimError",
    "Comparison",
    "ExperimentError",
    "Optimisation",
    "OutputError",
    "PolicyError",
    "Problem",
    "Replications",
    "Result",
    "Scenario",
    "ScenarioError",
    "Simulation",
    "SimulationError",
    "Study",
    "Violation",
    "__version__",
    "check",
    "compare",
    "dump",
    "load",
    "loads",
    "optimise",
    "replicate",
    "run",
    "sweep",
]

_HOMES = {
    "Comparison": ("batchsim.experiments.comparison", "Comparison"),
    "Optimisation": ("batchsim.experiments.optimising.optimisation", "Optimisation"),
    "Replications": ("batchsim.experiments.replicate", "Replications"),
    "Result": ("batchsim.result", "Result"),
    "Scenario": ("batchsim.spec", "Scenario"),
    "Simulation": ("batchsim.simulation", "Simulation"),
    "Study": ("batchsim.experiments.study", "Study"),
    "Violation": ("batchsim.analysis.check", "Violation"),
    "check": ("batchsim.analysis.check", "check"),
    "compare": ("batchsim.experiments.compare", "compare"),
    "dump": ("batchsim.formats.scenario_yaml", "dump"),
    "load": ("batchsim.formats.scenario_yaml", "load"),
    "loads": ("batchsim.formats.scenario_yaml", "loads"),
    "optimise": ("batchsim.experiments.optimising.optimise", "optimise"),
    "replicate": ("batchsim.experiments.replicate", "replicate"),
    "run": ("batchsim.simulation", "run"),
    "sweep": ("batchsim.experiments.sweep", "sweep"),
}
"""Module and name there of each public name that is loaded on first use."""


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
