"""Random laws of durations: each of their kinds, by each kind of parameters."""

from __future__ import annotations

from typing import Any

from batchsim.testing.builders import Data
from batchsim.testing.swarm.features import Draft

RUNS: tuple[Data, ...] = (
    {"weibull": {"mean": "2m", "cv": 0.6}},
    {"weibull": {"p50": "40s", "p95": "5m"}},
    {"gamma": {"mean": "90s", "cv": 0.8}},
    {"gamma": {"p10": "20s", "p90": "4m"}},
    {"triangular": {"min": "10s", "mode": "30s", "max": "6m"}},
    {"empirical": ["20s", "1m", "1m", "7m"]},
    {"empirical": {"values": ["30s", "2m", "9m"], "weights": [5, 3, 1], "interpolate": True}},
    {"empirical": {"p50": "1m", "p95": "5m", "max": "12m"}},
)
"""What a job may take."""

DELAYS: tuple[Data, ...] = (
    {"weibull": {"shape": 0.8, "scale": "12s"}},
    {"gamma": {"shape": 2, "scale": "6s"}},
    {"triangular": {"min": "0s", "mode": "5s", "max": "30s"}},
    {"empirical": ["0s", "5s", "5s", "40s"]},
    {"exponential": {"p90": "30s"}},
)
"""What the cloud may take."""


def draw_law(draft: Draft, laws: tuple[Data, ...]) -> Any:
    """Draw one of the laws, or a mixture of two of them with an instant."""
    law = draft.one_of(laws)
    if draft.chance(70):
        return law
    return {"mixture": [{"weight": 3, **law}, {"weight": 1, **draft.one_of(laws)}, {"weight": 1, "constant": "20s"}]}
