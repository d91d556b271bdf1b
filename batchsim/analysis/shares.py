"""The share of its instance that an attempt holds, as an exact fraction over one denominator an instance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batchsim.analysis.exact import SAFE_BITS, Exact, Int64s, int64
from batchsim.records.tables import NEVER, Ints, Records


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """An attempt holds ``numerator / denominator[instance]`` of its instance."""

    rows: Ints
    """The attempts that run on an instance, by instance, then in order of placement."""
    instance: Ints
    """The instance of each of these."""
    numerator: Exact
    """Of each of these."""
    denominator: Exact
    """Of each instance."""


def instance_shares(records: Records, longest_ms: int) -> Shares:
    """Return all shares: the mean of vCPU/vCPUs and MiB/usable MiB, a third each with GPU/GPUs on a GPU instance.

    Weights are later ``numerator * ms`` with at most ``longest_ms``: int64 where that is proven to fit, else Python's.
    """
    rows, instance = _by_instance(records)
    vcpus, all_vcpus = _vcpu_units(records, rows)
    mib, all_mib = _mib_units(records, rows)
    gpus, all_gpus = int64(_of_job(records, rows, records.submissions.gpus)), int64(records.instances.gpus)
    parts = np.where(all_gpus > 0, 3, 2)
    gpu_factor = np.where(all_gpus > 0, all_gpus, 1)
    bits = sum(_bits(column) for column in (parts, all_vcpus, all_mib, gpu_factor)) + max(longest_ms, 1).bit_length()
    if bits > SAFE_BITS:
        vcpus, all_vcpus, mib, all_mib = (column.astype(object) for column in (vcpus, all_vcpus, mib, all_mib))
    of_vcpu, of_mib = vcpus * all_mib[instance], mib * all_vcpus[instance]
    of_gpu = np.where(all_gpus[instance] > 0, gpus * all_vcpus[instance] * all_mib[instance], 0)
    numerator = (of_vcpu + of_mib) * gpu_factor[instance] + of_gpu
    return Shares(rows, instance, numerator, parts * all_vcpus * all_mib * gpu_factor)


def _by_instance(records: Records) -> tuple[Ints, Ints]:
    """Attempts on instances, sorted by instance and start; placement order breaks ties."""
    attempts = records.attempts
    rows = np.flatnonzero(attempts.instance != NEVER)
    order = np.lexsort((attempts.starting_at_ms[rows], attempts.instance[rows]))
    rows = rows[order]
    return rows, attempts.instance[rows]


def _vcpu_units(records: Records, rows: Ints) -> tuple[Int64s, Int64s]:
    """What each attempt asks and each instance has, in the largest unit that measures all of them."""
    asked, have = int64(_of_job(records, rows, records.submissions.vcpus_milli)), 1000 * int64(records.instances.vcpus)
    unit = _common_unit(asked, have)
    return asked // unit, have // unit


def _mib_units(records: Records, rows: Ints) -> tuple[Int64s, Int64s]:
    asked, have = int64(_of_job(records, rows, records.submissions.memory_mib)), int64(records.instances.memory_mib)
    unit = _common_unit(asked, have)
    return asked // unit, have // unit


def _common_unit(asked: Int64s, have: Int64s) -> int:
    return max(1, int(np.gcd(np.gcd.reduce(asked, initial=0), np.gcd.reduce(have, initial=0))))


def _of_job(records: Records, rows: Ints, column: Ints) -> Ints:
    """A column of the submissions, read for the given attempts."""
    return np.asarray(column[records.jobs.submission[records.attempts.job[rows]]])


def _bits(column: Int64s) -> int:
    return int(column.max(initial=1)).bit_length()
