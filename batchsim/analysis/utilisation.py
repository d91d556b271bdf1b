"""How much of what was on was held by jobs: shares of vCPU and memory, over on-time, boot and idle included."""

from __future__ import annotations

from typing import Any

import numpy as np

from batchsim.analysis.exact import dot
from batchsim.analysis.run import Analysis
from batchsim.analysis.statistics import ratio
from batchsim.analysis.throughput import asked
from batchsim.records.tables import NEVER, Bools
from batchsim.units import MS_PER_H


def utilisation(run: Analysis) -> dict[str, Any]:
    """Return the shares of EC2 instances' vCPU and usable memory that jobs held; Fargate, sharing nothing, is left out.

    Time counts from when an instance is billed to its end (not billed time, which the minimum stretches).
    """
    environment = run.records.instances.environment
    names = run.records.names.environments
    by_name = {name: _of(run, environment == code) for code, name in enumerate(names) if np.any(environment == code)}
    return {**_of(run, np.ones(len(environment), np.bool_)), "by_environment": by_name}


def _of(run: Analysis, instances: Bools) -> dict[str, Any]:
    records, lives = run.records, run.lives
    host = records.attempts.instance
    held_ms = np.where(host == NEVER, 0, run.phases.end_ms - run.phases.starting_ms)
    held_ms[host != NEVER] *= instances[host[host != NEVER]]
    on_ms = np.where(instances, lives.on_ms, 0)
    vcpu_ms = dot(asked(run, records.submissions.vcpus_milli), held_ms)
    mib_ms = dot(asked(run, records.submissions.memory_mib), held_ms)
    on_vcpu_ms, on_mib_ms = 1000 * dot(records.instances.vcpus, on_ms), dot(records.instances.memory_mib, on_ms)
    return {
        "vcpu": ratio(vcpu_ms, on_vcpu_ms),
        "memory": ratio(mib_ms, on_mib_ms),
        "vcpu_h_held": round(vcpu_ms / 1000 / MS_PER_H, 6),
        "vcpu_h_on": round(on_vcpu_ms / 1000 / MS_PER_H, 6),
    }
