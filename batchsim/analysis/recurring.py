"""What recurs (a nightly run, arrivals): in how long its firings were ready, and what each cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from batchsim.analysis.occurrences import groups
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import NANO_PER_USD, statistics_s, statistics_usd


def recurring(run: Analysis) -> list[dict[str, Any]]:
    """Return the statistics of each group of entries that fires more than once, in file order.

    ``ready_after_s`` is over the firings of which all jobs succeeded, ``cost_loaded_usd`` over all.
    """
    return list(_groups(run))


def _groups(run: Analysis) -> Iterator[dict[str, Any]]:
    found, names, group = run.occurrences, run.records.names.entries, groups(run.records)
    times = np.bincount(found.entry, minlength=len(names))
    for code in np.flatnonzero(times > 1).tolist():
        chosen = found.entry == code
        ready = chosen & found.is_ready
        yield {
            "entry": names[code],
            "entries": [names[member] for member in np.flatnonzero(group == code).tolist()],
            "occurrences": int(times[code]),
            "jobs": int(found.jobs[chosen].sum()),
            "ready": int(np.count_nonzero(ready)),
            "ready_after_s": statistics_s(found.ready_after_ms[ready]),
            "cost_loaded_usd": statistics_usd(found.loaded[chosen]),
            "total_usd": int(found.loaded[chosen].sum()) / NANO_PER_USD,
        }
