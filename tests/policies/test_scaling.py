"""Scale-up as a policy: what a need says of itself, and how much AWS's own rule launches."""

from __future__ import annotations

from batchsim.policies.allocation.base import Ask
from batchsim.policies.scaling import Need, as_needed


def need(*asks: Ask, running: int = 4, booting: int = 2, most: int = 16) -> Need:
    """Ten vCPUs below maxvCpus."""
    return Need("hosts", False, asks, running, booting, 0, most)


def test_a_need_adds_up_what_its_jobs_ask_for() -> None:
    wanted = need(Ask(2, 1024, 0, jobs=3), Ask(1, 512, 0, jobs=5))
    assert (wanted.vcpus, wanted.memory_mib, wanted.headroom_vcpus) == (2 * 3 + 5, 3 * 1024 + 5 * 512, 10)


def test_aws_batch_launches_for_all_of_them_as_far_as_maxvcpus_permits() -> None:
    assert as_needed(need(Ask(1, 1, 0, jobs=1))) == as_needed(need(Ask(64, 1, 0, jobs=100))) == 10
