"""One-line errors planted in batchsim: each must make it differ from the second oracle."""

from __future__ import annotations

import pytest
from oracle.errors import around, bounded
from plain_engine import plainly

from batchsim.engine.kernel import Kernel
from tests.planted.patching import Break, line

ERRORS: dict[str, dict[str, Break]] = {
    "fargate": {
        "those who pass a head heed no outage": line(
            "engine.overtaking:_Tasks.take", "environment.is_held_back() or not", "not"
        ),
        "the quota is promised per environment, not per account": line(
            "engine.overtaking:_Tasks._left_milli", "- self._of_account", "- 0 * self._of_account"
        ),
        "a task above the whole quota merely waits": line(
            "engine.fargate:FargateEnvironment.may_free", "return self.account", "return True or self.account"
        ),
        "tasks do not count in the account's quota": line(
            "engine.fargate:FargateEnvironment.use", "self.account.used_milli += milli", "self.account.used_milli += 0"
        ),
        "a task that ends touches its own environment alone": line(
            "engine.fargate_account:FargateAccount.released", "in self.environments", "in ()"
        ),
        "launches use no tokens": line(
            "engine.token_bucket:TokenBucket.take", "self._level -= count", "self._level -= 0 * count"
        ),
        "a back-off ends with the outage": line(
            "engine.fargate_account:Outages.refused_until", "now_ms + self._backoff_ms if self._backoff_ms else", ""
        ),
        "the launch rate passes jobs on to the next environment": line(
            "engine.overtaking:_Tasks.take", "taken = min(count", "taken = 0 * min(count"
        ),
        "storage that is included is billed": line("analysis.bills:_sizes", "- INCLUDED_STORAGE_GIB", "- 0"),
        "a task is billed from the end of its pull": line(
            "analysis.bills:task_bills", "phases.image_pull_ms[rows] + ", ""
        ),
        "mixed causes are the first one's": line(
            "policies.blocking:block_reason", "return BlockReason.UNDETERMINED", "return causes[0]"
        ),
    },
    "checkpoints": {
        "what a checkpoint saved is forgotten": line(
            "engine.attempts:Attempts._plan_course", "self.courses.saved.get(job, 0)", "0"
        ),
        "a checkpoint counts before it is written": line(
            "engine.workload.progress:Stretch._at_speed_1", "rest // (every", "(rest + cost_ms) // (every"
        ),
        "a notice comes at half its time": line(
            "engine.spot:SpotMarket._plan_strike", "at_ms - notice_ms)", "at_ms - notice_ms // 2)"
        ),
        "a container saves its work whether there is time for it or not": line(
            "engine.interruptions:Interruptions._save", "> gone_at_ms", "> gone_at_ms + 10**9"
        ),
        "who is killed before RUNNING has an exit code": line(
            "engine.interruptions:Interruptions._kill", "else NEVER", "else KILLED"
        ),
        "one that is writing a checkpoint writes another": line(
            "engine.courses:_has_to_save", "and stretch.writes_until(now_ms) is None", ""
        ),
        "a drained instance takes jobs": line("engine.ec2:Ec2Environment.drain", "self._instances.close(row)", "pass"),
    },
}
"""By the kind of scenarios that must show them."""
BEGINS = {
    "those who pass a head heed no outage": 20,
    "the quota is promised per environment, not per account": 430,
    "a task above the whole quota merely waits": 20,
    "a task that ends touches its own environment alone": 210,
    "mixed causes are the first one's": 40,
    "a container saves its work whether there is time for it or not": 15,
    "who is killed before RUNNING has an exit code": 40,
}
"""The numbers at which to begin to look for what shows but seldom: it saves time."""


def plant(kind: str, error: str, patch: pytest.MonkeyPatch) -> None:
    """Make batchsim wrong, with a bound on what the error may make of a run."""
    around(Kernel, "advance", bounded)(patch)
    plainly(patch)
    ERRORS[kind][error](patch)
