"""The engine without its fast twins: what is planted in the plain way must be seen, and the twins are held to it."""

from __future__ import annotations

import pytest


def plainly(patch: pytest.MonkeyPatch) -> None:
    """Let ends of attempts be worked off one by one (no turnover), and calls be taken step by step (no influx)."""
    patch.setattr("batchsim.engine.fast_paths.FastPaths.open", lambda _: None)
