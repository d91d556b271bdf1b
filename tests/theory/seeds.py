"""What a campaign runs with: a seed, fixed on each change and fresh beyond; and which cases it does not run whole."""

from __future__ import annotations

import os

from effort import LEVEL

from batchsim.selftest.runner import SEED


def campaign_seed() -> int:
    """What this process runs with (``BATCHSIM_SEED`` repeats it); told in the name of a test that fails."""
    if LEVEL == "fast":
        return SEED
    given = os.environ.get("BATCHSIM_SEED")
    return int(given) if given else int.from_bytes(os.urandom(4))


BY_RECURSION = {
    "T1.2": 1, "T1.3": 1, "T1.5": 4, "T1.6": 8, "T1.8": 64, "T1.9": 256,
    "T3.4": 8, "T3.5": 16, "T4.3": 1, "T4.5": 1, "T7.1": 1,
}  # fmt: skip
"""The slots of the cases that are too long for whole runs under ``verify``: ``test_heavy_traffic.py`` judges them."""

SURER = 1.25
"""So many times as long a case runs at a seed that nobody has tried: at its own length about one in seven would be
inconclusive, and be run once more, four times as long."""
