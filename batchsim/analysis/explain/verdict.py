"""Whether a job that never started ever could: what is short, by how much, and the smallest changes that let it run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batchsim.analysis.explain.words import Asked


@dataclass(frozen=True, slots=True)
class Change:
    """One change that would let a job run."""

    text: str
    """In words."""
    settings: tuple[tuple[str, Any], ...] = ()
    """What to set to which value, paths as after ``--set``; empty where the job itself must ask for less."""
    asks: Mapping[str, int] = field(default_factory=dict)
    """What the job would have to ask for: ``memory_mib``, ``vcpus_milli``, ``gpus``."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scenario can offer to a job, at best and at any time."""

    could_run: bool
    short: tuple[str, ...] = ()
    """What no environment of its queue has, and by how much."""
    changes: tuple[Change, ...] = ()
    """The smallest first."""


Judge = Callable[[str, Asked], Verdict | None]
"""Judges a job by its workload entry and what it asks for; None where the scenario has no such entry."""
