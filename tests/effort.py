"""How far a test goes (``BATCHSIM_EFFORT``: ``fast`` on each change, ``verify``, ``long``), and how long at most."""

from __future__ import annotations

import os
import sys
from typing import TypeVar

LEVELS = ("fast", "verify", "long")
LEVEL = os.environ.get("BATCHSIM_EFFORT", "fast")
assert LEVEL in LEVELS, f"BATCHSIM_EFFORT={LEVEL}: one of {', '.join(LEVELS)}"

T = TypeVar("T")


def first_number() -> int:
    """Where a campaign of numbered scenarios begins: 0 under ``fast``, else a thousand for each of BATCHSIM_SEED."""
    return 0 if LEVEL == "fast" else int(os.environ.get("BATCHSIM_SEED", "0")) % 10**9 * 1000


def patience(seconds: float) -> float:
    """A bound on a time of a quiet machine's processor, for what might not end.

    Ample, since a busy or slow machine is nobody's failure while what explodes takes minutes; more so where a tracer
    follows each line.
    """
    return seconds * (20 if sys.gettrace() else 5)


def effort(*, fast: T, verify: T, long: T) -> T:
    """The one of the three that this run asks for: a number of scenarios, of seeds, of steps."""
    return {"fast": fast, "verify": verify, "long": long}[LEVEL]
