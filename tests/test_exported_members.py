"""The public surface is a list: sorted, complete, and loaded only when used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import batchsim

HEAVY = ("pandas", "numpy", "matplotlib", "simpy", "ruamel", "pydantic")


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules, sep='\\n')"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_the_public_surface_is_this_list() -> None:
    assert batchsim.__all__ == [
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


def test_the_list_is_sorted() -> None:
    assert batchsim.__all__ == sorted(batchsim.__all__)


@pytest.mark.parametrize("name", batchsim.__all__)
def test_every_public_name_loads(name: str) -> None:
    assert getattr(batchsim, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        batchsim.nothing  # noqa: B018


def test_dir_shows_the_public_surface() -> None:
    assert dir(batchsim) == batchsim.__all__


@pytest.mark.parametrize("module", HEAVY)
def test_importing_batchsim_and_its_commands_loads_nothing_heavy(module: str) -> None:
    assert module not in modules_after("import batchsim, batchsim.cli.app")
