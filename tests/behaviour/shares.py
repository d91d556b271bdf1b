"""What stories of fair-share queues share: queues that always have work, and who got which part."""

from __future__ import annotations

from scenario_builder import fair, fixed, job, scenario


def placements(result, *names):
    """Job ids in the order in which attempts started; of these entries, if any are named."""
    ids = [str(name) for name in result.attempts["job_id"]]
    return [name for name in ids if not names or name.partition("@")[0].partition(":")[0] in names]


def vcpu_time(result):
    """Each share's part of the vCPU time."""
    return {each["share"]: round(each["vcpu_share"], 6) for each in result.summary()["shares"]}


def saturated(weights, shares, slots, **keys):
    """Shares that always have work: jobs of a minute, on so many slots, for ten hours."""
    work = [job(f"of-{name}", "60s", count=slots * 600, share=name) for name in shares]
    return scenario(*work, environments=[fixed(slots)], simulation={"until": "10h"}, **fair(weights), **keys)
