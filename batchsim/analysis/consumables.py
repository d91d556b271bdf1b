"""How much of each consumable resource was in use, and how long jobs waited for any."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchsim.analysis.exact import dot, int64
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import ratio


def consumables(run: Analysis) -> list[dict[str, Any]]:
    """Return, by resource in file order, its total at the end, and its use: at the peak, and on average over the run.

    ``used_share`` is what was in use as a share of the total over time.
    """
    names = run.records.names.consumables
    return [_of(run, code, name) for code, name in enumerate(names)]


def _of(run: Analysis, code: int, name: str) -> dict[str, Any]:
    use = run.records.consumables
    rows = np.flatnonzero(use.resource == code)
    at, in_use, total = (int64(column)[rows] for column in (use.at_ms, use.in_use, use.total))
    lasted = np.diff(np.append(at, run.records.horizon_ms))
    used, offered = dot(in_use, lasted), dot(total, lasted)
    return {
        "resource": name,
        "total": int(total[-1]),
        "peak_in_use": int(in_use.max()),
        "mean_in_use": ratio(used, run.records.horizon_ms),
        "used_share": ratio(used, offered),
    }
