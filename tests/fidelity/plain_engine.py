"""The engine without its fast twins: what is planted in the plain way must be seen, and the twins are held to it."""

from __future__ import annotations

import pytest

from batchsim.engine.dependencies import Dependencies
from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.plan import Shape


def plainly(patch: pytest.MonkeyPatch) -> None:
    """Let all be done one by one: ends of attempts, calls, rooms that a run fills, jobs that wait for others."""
    patch.setattr("batchsim.engine.fast_paths.FastPaths.open", lambda _: None)
    patch.setattr(Dependencies, "_follow_one", lambda self, ended: self._follow(ended))
    patch.setattr(Ec2Environment, "_deal", _one_by_one)


def _one_by_one(self: Ec2Environment, low: int, high: int, want: Shape) -> int:
    first = low
    while low < high and (placed := self._place(low, high, want)):
        low += placed
    return low - first
