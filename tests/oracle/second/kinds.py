"""The kinds of scenarios that the second oracle is compared on, by the option of ``replay.py``."""

from __future__ import annotations

from oracle.second import checkpoint_scenarios, fargate_scenarios

KINDS = {"fargate": fargate_scenarios.scenario, "checkpoints": checkpoint_scenarios.scenario}
