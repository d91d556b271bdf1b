"""The seed of a campaign: fixed on each change, fresh under ``verify`` and ``long`` (``BATCHSIM_SEED`` repeats one)."""

from __future__ import annotations

import os

from effort import LEVEL

from batchsim.selftest.runner import SEED


def campaign_seed() -> int:
    """What this process runs with; told in the name of a test that fails."""
    if LEVEL == "fast":
        return SEED
    given = os.environ.get("BATCHSIM_SEED")
    return int(given) if given else int.from_bytes(os.urandom(4))
