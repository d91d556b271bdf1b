"""How far a test goes: ``BATCHSIM_EFFORT`` is ``fast`` (each change, the default), ``verify`` or ``long``."""

from __future__ import annotations

import os
from typing import TypeVar

LEVELS = ("fast", "verify", "long")
LEVEL = os.environ.get("BATCHSIM_EFFORT", "fast")
assert LEVEL in LEVELS, f"BATCHSIM_EFFORT={LEVEL}: one of {', '.join(LEVELS)}"

T = TypeVar("T")


def effort(*, fast: T, verify: T, long: T) -> T:
    """The one of the three that this run asks for: a number of scenarios, of seeds, of steps."""
    return {"fast": fast, "verify": verify, "long": long}[LEVEL]
