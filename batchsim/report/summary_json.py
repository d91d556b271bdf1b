"""``summary.json``: the summary as JSON for people and programs, the same bytes for the same run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dumps(summary: Mapping[str, Any]) -> str:
    """The summary as indented JSON with a line feed at its end; NaN and infinities are refused (``ValueError``)."""
    return json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
