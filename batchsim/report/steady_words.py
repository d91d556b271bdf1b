"""The steady state in words: where the warm-up ends, or that no state is steady."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batchsim.report.words import count, duration, number, plain, plural, share

Row = Mapping[str, Any]


def unstable(load: float | None, growth_per_h: float, half: float | None = None) -> str:
    """``unstable: queue grows by 25.1 ± 0.9 jobs/h (offered load 110 % of capacity)``."""
    more = f" ± {number(half)}" if half else ""
    of = "" if load is None else f" (offered load {100 * load:.3g} % of capacity)"
    grows = f"unstable: queue grows by {number(growth_per_h)}{more} jobs/h{of}"
    return f"{grows}; there is no steady state, and no figure of it"


def of_runs(rows: Sequence[Row], whose: str = "") -> Iterator[str]:
    """What the rows of one scenario's metrics say of its stability; nothing where none is declared."""
    named = {row["metric"]: row for row in rows}
    growth, steady = named.get("growth_per_h"), named.get("steady_in_system_mean")
    if growth is None or steady is None or not growth["n"]:
        return
    lost = growth["n"] - steady["n"]
    of = f"{plain(whose)}: " if whose else ""
    if not lost:
        return
    half = None if growth["mean_low"] is None else max(growth["mean_high"] - growth["mean"], 0.0)
    load = named["offered_load"]["mean"] if named.get("offered_load") else None
    told = unstable(load, growth["mean"], half)
    yield of + told if steady["n"] == 0 else f"{of}{told} in {lost} of {plural(growth['n'], 'run')}, which are left out"


def of_pilot(page: Row) -> Iterator[str]:
    """Where the warm-up ends, and how that was found."""
    found = page["warmup"]
    if not found or not any(row["n"] for row in page["table"] if row["metric"] == "steady_in_system_mean"):
        return  # where nothing is steady, there is no warm-up either
    cut = duration(found["warmup_s"])
    if found["too_short"]:
        yield f"too short: the warm-up is not over by half of the run; steady figures are of what follows {cut}"
    else:
        yield f"the warm-up ends after {cut} ({found['by']} of the mean of {found['runs']} runs)"


def of_run(found: Row) -> str:
    """One run's state in a sentence."""
    if not found["stable"]:
        return unstable(found["offered_load"], found["growth_per_h"])
    load = "" if found["offered_load"] is None else f"offered load {100 * found['offered_load']:.3g} % of capacity; "
    short = f"; too short to tell: {', '.join(found['too_short'])}" if found["too_short"] else ""
    cuts = sorted(set(found["warmup_s"].values()))
    ends = "" if not cuts else f"warm-up {duration(cuts[0])}" + (f" to {duration(cuts[-1])}" if len(cuts) > 1 else "")
    return f"{load}{ends or 'no warm-up found'}{short}"


def figures_of_run(found: Row) -> list[tuple[str, str]]:
    """What one run's steady state comes to, by name; nothing where there is none."""
    if not found["stable"]:
        return []
    return [
        ("wait", f"mean {duration(found['wait_mean_s'])}, p95 {duration(found['wait_p95_s'])}"),
        ("turnaround", f"mean {duration(found['turnaround_mean_s'])}, p95 {duration(found['turnaround_p95_s'])}"),
        ("in the system", f"{number(found['in_system_mean'])} jobs, {number(found['running_mean'])} running, mean"),
        ("vCPU held", f"{share(found['vcpu_utilisation'])} of what was on"),
        ("unfinished", f"{count(found['censored'])} jobs submitted after the warm-up had not ended"),
    ]
