"""What holds on every path, whatever is random in it: Little's law, and the work that is done (T22).

The two sides of an identity are taken from different places: the times of jobs from the parts into which their
turnaround is split, the integrals from the instants at which jobs come and go, and attempts begin and end.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from batchsim.analysis.parts import PART_NAMES
from batchsim.records.tables import NEVER, Ints
from batchsim.result import Result
from batchsim.selftest import stage
from batchsim.selftest.case import Bounded, Case, Data, Measured, bound, exact
from batchsim.selftest.cases.measures import MS

HELD = ("provisioning_s", "image_pull_s", "container_start_s", "earlier_running_s", "last_running_s")
"""The parts of a turnaround in which a job holds its vCPUs."""


def busy_day(jobs: int, until: str, spot: bool, scale: float) -> tuple[Data, ...]:
    """Jobs that come by chance, fail, wait for others, and are lost with their instances; to the end, or cut off."""
    size = max(2, round(jobs * scale))
    tries = {"retryStrategy": {"attempts": 4}}
    after: dict[str, Any] = {"dependsOn": [{"jobId": "first", "type": "N_TO_N"}]}
    law = {"lognormal": {"mean": "4m", "cv": 1.5}}
    entries = [
        stage.entry("first", law, size=size, submit=tries, fails=[{"probability": 0.2, "exit_code": 1}]),
        stage.entry("second", law, size=size, submit={**after, **tries}),
        stage.entry("large", "2m", at={"poisson": f"{size}/h", "for": "1h"}, kind="large", submit=tries),
    ]
    kind = {"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE"} if spot else {}
    hosts = stage.environment(types=("box.2", "box.8"), maxvCpus=24, **kind)
    delays = {"instance_boot": "40s", "warm_start": "5s", "new_image": "20s", "scale_up_delay": "15s"}
    lost = {"spot_hazard": 1.0, "scale_down_idle": "2m", "scale_down_check": "1m", "retry_delay": "10s"}
    world = stage.world((2, 8), scheduler_cycle="1s", **delays, **lost)
    kinds = [stage.definition(), stage.definition("large", 4, 8192)]
    return (
        stage.scenario(
            "a busy day", entries, [hosts], definitions=kinds, around=world, simulation={"until": until, "seed": 1}
        ),
    )


def identities(result: Result) -> Measured:
    """Little's law and the work done, as differences in ms and vCPU-ms; the work beside what was on."""
    jobs, records = result.jobs, result.records
    vcpus_milli = records.submissions.vcpus_milli[records.jobs.submission].astype(np.int64)
    held_ms = sum((_ms(jobs[name]) for name in HELD), np.zeros(len(jobs), np.int64))
    work, used = int((held_ms * vcpus_milli).sum()), _in_use(result)
    on = _vcpus_on(result)
    return {
        "Σ(end - submit) - ∫N dt": int(sum(_ms(jobs[f"{name}_s"]).sum() for name in PART_NAMES)) - _present(result),
        "Σ run·vCPU - ∫ in use dt": work - used,
        "∫ in use dt": Bounded(0, used / MS / MS, on / MS / MS),
        "utilisation - its report": round(used / on, 6)
        - round(result.metrics("vcpu_utilisation")["vcpu_utilisation"] or 0, 6),
    }


def _present(result: Result) -> int:
    """The integral of the number of jobs in the system, in ms."""
    jobs, calls = result.records.jobs, result.records.submissions
    came = calls.created_at_ms[jobs.submission]
    was = came != NEVER  # not due before the end of the run
    return _area(came[was], _or_end(jobs.ended_at_ms, result)[was])


def _in_use(result: Result) -> int:
    """The integral of the vCPUs that attempts hold, in thousandths of a vCPU and ms."""
    records = result.records
    vcpus = records.submissions.vcpus_milli[records.jobs.submission[records.attempts.job]]
    return _area(records.attempts.starting_at_ms, _or_end(records.attempts.ended_at_ms, result), vcpus)


def _vcpus_on(result: Result) -> int:
    """The same of the vCPUs of instances, from when their bill begins: at the end of PENDING."""
    hosts = result.records.instances
    was = hosts.billed_from_ms != NEVER
    return _area(hosts.billed_from_ms[was], _or_end(hosts.ended_at_ms, result)[was], hosts.vcpus[was] * 1000)


def _area(from_ms: Ints, until_ms: Ints, height: Ints | int = 1) -> int:
    """The area under the steps of what begins and ends so, by walking over them in order of time."""
    heights = np.broadcast_to(np.asarray(height, np.int64), from_ms.shape)
    at = np.concatenate([from_ms, until_ms]).astype(np.int64)
    order = np.argsort(at, kind="stable")
    level = np.cumsum(np.concatenate([heights, -heights])[order])
    return int((level[:-1] * np.diff(at[order])).sum())


def _or_end(at_ms: Ints, result: Result) -> Ints:
    return np.where(at_ms == NEVER, result.records.horizon_ms, at_ms)


def _ms(seconds: Any) -> Ints:
    whole: Ints = np.rint(seconds.fillna(0).to_numpy() * MS).astype(np.int64)
    return whole


def paths(id_: str, quantities: tuple[str, ...], jobs: int = 60, until: str = "drained", *, spot: bool = True) -> Case:
    """Identities of a busy day: on each of its runs."""
    exactly = {"Σ(end - submit) - ∫N dt": "ms", "Σ run·vCPU - ∫ in use dt": "vCPU·ms", "utilisation - its report": ""}
    return Case(
        id_,
        f"a day with boots, retries, dependencies{' and reclaims' if spot else ''}, until {until}",
        "Little's law on a sample path (Stidham 1974), exact in whole ms; work is the integral of what is in use",
        tuple(exact(name, 0, exactly[name]) if name in exactly else bound(name) for name in quantities),
        partial(busy_day, jobs, until, spot),
        identities,
        replications=5,
        jobs=3 * jobs,
    )


def cases() -> list[Case]:
    """T22."""
    return [
        paths("T22.1", ("Σ(end - submit) - ∫N dt",), until="40m"),
        paths("T22.2", ("Σ run·vCPU - ∫ in use dt", "∫ in use dt", "utilisation - its report")),
    ]
