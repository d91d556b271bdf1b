"""What a campaign runs with: a seed, fixed on each change and fresh beyond."""

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


SURER = 1.25 if LEVEL == "long" else 1.0
"""So many times as long a case runs where seeds are always new, at night: at its own length about one in seven would be
inconclusive, and be run once more, four times as long."""
