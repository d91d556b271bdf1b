"""Whether a head is blocked, and why: what the environments of its queue say of it, put together."""

from __future__ import annotations

import pytest

from batchsim.policies.blocking import block_message, block_reason, time_limit_message
from batchsim.records.vocabulary import BlockReason
from batchsim.spec.queues import TIME_LIMIT_REASONS, UNACTIONABLE_REASONS

Reason = BlockReason


def test_a_head_that_merely_waits_somewhere_is_not_blocked() -> None:
    assert block_reason([Reason.JOB_RESOURCE, None]) is None
    assert block_reason([]) is None


@pytest.mark.parametrize("reason", list(BlockReason))
def test_one_cause_everywhere_is_the_reason(reason: BlockReason) -> None:
    assert block_reason([reason, reason]) is reason


@pytest.mark.parametrize(
    ("causes", "told"),
    [
        ((Reason.ACTION_REQUIRED, Reason.INSUFFICIENT_CAPACITY), Reason.INSUFFICIENT_CAPACITY),
        ((Reason.MAX_RESOURCE, Reason.JOB_RESOURCE), Reason.JOB_RESOURCE),
        ((Reason.MAX_RESOURCE, Reason.UNSUPPORTED_CONFIGURATION), Reason.UNSUPPORTED_CONFIGURATION),
        ((Reason.ROLE_PERMISSIONS, Reason.ACTION_REQUIRED), Reason.ACTION_REQUIRED),
        ((Reason.ACTION_REQUIRED, Reason.JOB_RESOURCE), Reason.UNDETERMINED),
        ((Reason.UNDETERMINED, Reason.MAX_RESOURCE), Reason.UNDETERMINED),
    ],
)
def test_of_a_mixture_that_reason_is_told_which_covers_all(causes: tuple[BlockReason, ...], told: BlockReason) -> None:
    assert block_reason(causes) is block_reason(causes[::-1]) is told


def test_the_codes_are_those_that_actions_name() -> None:
    assert {reason.text for reason in BlockReason} == {*TIME_LIMIT_REASONS, *UNACTIONABLE_REASONS}


def test_messages_begin_with_the_code_and_only_capacity_names_a_type() -> None:
    assert all(block_message(reason, "m5.large").startswith(f"{reason.text} ") for reason in BlockReason)
    assert [reason for reason in BlockReason if "[m5.large]" in block_message(reason, "m5.large")] == [
        Reason.INSUFFICIENT_CAPACITY
    ]
    assert time_limit_message(Reason.UNDETERMINED).endswith("due to reason: UNDETERMINED")
