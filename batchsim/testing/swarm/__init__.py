"""Swarm testing: each random scenario switches whole features on or off, so that rare ones meet each other."""

from __future__ import annotations

from batchsim.testing.swarm.choices import Choices, Dice
from batchsim.testing.swarm.features import FEATURES
from batchsim.testing.swarm.whole import draw_scenario

__all__ = ["FEATURES", "Choices", "Dice", "draw_scenario"]
