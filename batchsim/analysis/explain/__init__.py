"""Why jobs waited, and instances came and went, told from the tables of a run: a folder's, or a result's in memory."""

from __future__ import annotations

from batchsim.analysis.explain.explanation import Explanation, Step
from batchsim.analysis.explain.story import Story

__all__ = ["Explanation", "Step", "Story"]
