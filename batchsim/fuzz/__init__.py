"""Fuzzing: scenarios damaged in every way, and sound ones under random faults; none may meet a bug of batchsim.

One number, with the kind of mutant, is one mutant: the same on every machine, for one version of batchsim.
"""

from __future__ import annotations

from batchsim.fuzz.bases import Base, base_of
from batchsim.fuzz.campaign import Campaign, Told, run_campaign
from batchsim.fuzz.damage import Damage
from batchsim.fuzz.failures import Failure
from batchsim.fuzz.judge import Asked, Limits, Seen, Verdict
from batchsim.fuzz.mutants import KINDS, Mutant, make_mutant
from batchsim.fuzz.shrink import shrink
from batchsim.fuzz.tally import Tally

__all__ = [
    "KINDS",
    "Asked",
    "Base",
    "Campaign",
    "Damage",
    "Failure",
    "Limits",
    "Mutant",
    "Seen",
    "Tally",
    "Told",
    "Verdict",
    "base_of",
    "make_mutant",
    "run_campaign",
    "shrink",
]
