"""Rows of the table of behaviours: turns in a fair-share queue (User Guide, "Fair-share scheduling policies")."""

from fidelity_rows import Row

from batchsim.engine.share import Share
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.usage import CurrentUsage

HERE = "tests/behaviour/test_fair_share.py::"
LIMITS = "tests/behaviour/test_fair_share_limits.py::"
DRIVEN = "tests/behaviour/test_fair_share_driven.py::"
GOLDEN = "tests/golden/test_golden_vectors.py::"
POLICY = "batchsim/policies/fair_share.py"
QUEUE = "batchsim/engine/share_queue.py"
API_POLICY, API_SHARE = "API, FairsharePolicy", "API, ShareAttributes"
GUIDE, IDS = 'User Guide, "Fair-share scheduling policies"', 'User Guide, "Share identifiers"'
NOT_DOCUMENTED = "not documented"


def _weigh_all_alike(patch):
    patch.setattr(ShareQueue, "weight_of", lambda queue, share: 10**9)


def _ignore_priority(patch):
    push = Share.push
    patch.setattr(Share, "push", lambda share, _, key, high, *, front=False: push(share, 0, key, high, front=front))


def _share_between_queues(patch):
    common, member = {}, ShareQueue._member
    patch.setattr(ShareQueue, "_member", lambda queue, code: _kept(common, queue, code, member))


def _kept(common, queue, code, member):
    share = member(queue, code)
    share.usage = common.setdefault(code, share.usage)
    return share


def _count_from_running(patch):
    take = ShareQueue.take

    def counted_later(queue, count):
        share = queue.members[queue._order.first()[3]]
        before = share.usage.steps.held
        take(queue, count)
        share.usage.steps.change(queue._kernel.now_ms, before - share.usage.steps.held)

    patch.setattr(ShareQueue, "take", counted_later)


ROWS = [
    Row(
        id="B18",
        rule="The share with the least vCPU time times weight goes next, within a window of at least 600 s",
        source=f"{API_POLICY}; {IDS}",
        where=f"{QUEUE} ShareQueue.update; {POLICY} window_of",
        tests=f"{HERE}test_long_run_vcpu_time_goes_by_one_over_the_weight_factors",
        status="modelled",
        breaks=_weigh_all_alike,
        note="AWS publishes the quantities, not how usage fades with age (4.6s)",
    ),
    Row(
        id="V2",
        rule="At weight 0.125, 7,999 used vCPU-seconds go before 1,000 at weight 1, and 8,001 behind them",
        source=IDS,
        where=f"{QUEUE} ShareQueue.turn",
        tests=f"{GOLDEN}test_vector_2_the_least_vcpu_seconds_times_weight_is_next",
        status="exact",
        breaks=_weigh_all_alike,
    ),
    Row(
        id="4.6a",
        rule="Each SubmitJob to a fair-share queue names a shareIdentifier of at most 255 letters and digits",
        source="API, SubmitJob; " + API_SHARE,
        where="batchsim/spec/effective.py resolve; batchsim/spec/share_ids.py ShareId",
        tests=f"{LIMITS}test_a_request_to_a_fair_share_queue_names_its_share_in_letters_and_digits",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.effective.fair_share_of", lambda policies, queue: None),
    ),
    Row(
        id="4.6b",
        rule="An entry of shareDistribution that ends in * is for all identifiers that begin so",
        source=API_SHARE,
        where="batchsim/spec/share_ids.py entry_for",
        tests=f"{HERE}test_the_shares_behind_a_prefix_weigh_together_what_it_says",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.spec.share_ids.matches", lambda entry, share: entry.removesuffix("*") == share
        ),
    ),
    Row(
        id="4.6c",
        rule="Entries of shareDistribution may not overlap",
        source=API_SHARE,
        where="batchsim/spec/share_ids.py overlap",
        tests=f"{LIMITS}test_entries_of_a_policy_do_not_overlap",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.capacity.overlap", lambda one, other: False),
    ),
    Row(
        id="4.6d",
        rule="A queue has at most 500 active shares: a submission with one more is refused",
        source=API_SHARE,
        where="batchsim/engine/share_submission.py SubmitJobToShares",
        tests=f"{LIMITS}test_a_submission_with_the_501st_active_share_is_refused_and_is_a_record",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.share_plan.MOST_ACTIVE", 501),
    ),
    Row(
        id="4.6e",
        rule="weightFactor is 0.0001 to 999.9999, shareDecaySeconds 0 to 604800, computeReservation 0 to 99",
        source=f"{API_SHARE}; {API_POLICY}",
        where="batchsim/spec/queues.py FairsharePolicy; batchsim/spec/queues.py ShareAttributes",
        tests=f"{LIMITS}test_a_policys_numbers_have_awss_bounds",
        status="exact",
        breaks=lambda patch: (
            patch.setattr("batchsim.spec.kinds.check_whole", lambda value, *bounds: value),
            patch.setattr("batchsim.spec.kinds.check_number", lambda value, *bounds: value),
        ),
    ),
    Row(
        id="4.6f",
        rule="Without an entry a share's weightFactor is 1.0",
        source=API_SHARE,
        where=f"{QUEUE} ShareQueue.weight_of",
        tests=f"{HERE}test_a_share_that_no_entry_is_for_weighs_one",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.share_queue.UNIT_WEIGHT_NANO", 10**8),
    ),
    Row(
        id="4.6g",
        rule="The smaller the weightFactor the more: 0.125 gets eight times what 1.0 gets",
        source=API_SHARE,
        where="batchsim/engine/share_plan.py weight_nano",
        tests=f"{HERE}test_long_run_vcpu_time_goes_by_one_over_the_weight_factors",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.share_plan.weight_nano", lambda weight: round(10**9 / weight)
        ),
    ),
    Row(
        id="4.6h",
        rule="schedulingPriority is 0 to 9999",
        source="API, SubmitJob.schedulingPriorityOverride",
        where="batchsim/spec/jobs.py SchedulingPriority",
        tests=f"{LIMITS}test_scheduling_priorities_go_from_0_to_9999",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.kinds.check_whole", lambda value, *bounds: value),
    ),
    Row(
        id="4.6i",
        rule="Within a share the higher schedulingPriority goes first; the request's wins over the definition's",
        source="API, SubmitJob.schedulingPriorityOverride",
        where="batchsim/engine/share.py Share.push",
        tests=(
            f"{HERE}test_the_higher_scheduling_priority_goes_first_within_a_share",
            f"{HERE}test_the_requests_priority_wins_over_the_definitions",
        ),
        status="exact",
        breaks=_ignore_priority,
    ),
    Row(
        id="4.6j",
        rule="schedulingPriority means nothing between shares",
        source="API, SubmitJob.schedulingPriorityOverride",
        where=f"{QUEUE} ShareQueue.turn",
        tests=f"{HERE}test_scheduling_priority_means_nothing_between_shares",
        status="exact",
        breaks=lambda patch: (
            patch.setattr(
                ShareQueue, "_created", lambda queue, row: -queue._tables.entry(row).scheduling_priority * 10**6
            )
            or patch.setattr(ShareQueue, "weight_of", lambda queue, share: 0)
        ),
    ),
    Row(
        id="4.6k",
        rule="Usage is vCPU time times weightFactor, and the share with the least is next",
        source=IDS,
        where=f"{QUEUE} ShareQueue.turn",
        tests=f"{GOLDEN}test_vector_2_the_least_vcpu_seconds_times_weight_is_next",
        status="exact",
        breaks=_weigh_all_alike,
    ),
    Row(
        id="4.6l",
        rule="Usage is of running and recently completed jobs",
        source='AWS HPC blog, "Diving Deeper into Fair-Share Scheduling in AWS Batch"',
        where="batchsim/engine/usage.py WindowUsage",
        tests=f"{HERE}test_usage_fades_with_the_kernel",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.share_queue.usage_of", lambda kernel, window_ms, *, thorough: CurrentUsage()
        ),
    ),
    Row(
        id="4.6m",
        rule="A longer shareDecaySeconds is a longer memory",
        source=API_POLICY,
        where=f"{POLICY} window_of",
        tests=f"{HERE}test_a_longer_decay_is_a_longer_memory_and_a_shorter_one_than_600_s_is_600_s",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.share_plan.window_of", lambda decay_s, min_window_ms: min_window_ms
        ),
    ),
    Row(
        id="4.6n",
        rule="Each active share behind a prefix weighs the entry's factor times their number",
        source='User Guide, "Scheduling policy parameters" (2023)',
        where=f"{POLICY} effective_weight",
        tests=f"{HERE}test_the_shares_behind_a_prefix_weigh_together_what_it_says",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.share_queue.effective_weight", lambda weight, *, prefix, active: weight
        ),
    ),
    Row(
        id="4.6s",
        rule="Recent usage weighs more than old: how it fades over the window W is a choice",
        source=f"{API_POLICY}; the kernel is not documented",
        where=f"{POLICY} decayed_usage; batchsim/engine/usage.py usage_of",
        key="decay_kernel",
        tests={
            kernel: f"{HERE}test_usage_fades_with_the_kernel[{kernel}]" for kernel in ("linear", "exponential", "rect")
        },
        status="parameter",
    ),
    Row(
        id="4.6t",
        rule="shareDecaySeconds 0 stands for a window of 600 s (API), or for what is in use now (User Guide)",
        source=f"{API_POLICY}; {GUIDE}",
        where=f"{POLICY} window_of",
        key="min_window",
        tests={
            value: f"{HERE}test_without_decay_seconds_usage_counts_for_the_least_window_or_while_it_is_held[{value}]"
            for value in ("600s", "0s")
        },
        status="parameter",
    ),
    Row(
        id="4.6u",
        rule="Usage is taken on a grid; between two updates it grows only by what is placed",
        source=NOT_DOCUMENTED,
        where=f"{QUEUE} ShareQueue.update; {POLICY} placement_charge",
        key="usage_update",
        tests={
            value: f"{HERE}test_between_two_updates_usage_grows_only_by_what_is_placed[{value}]"
            for value in ("1s", "60s")
        },
        status="parameter",
    ),
    Row(
        id="4.6v",
        rule="A head that does not fit stops its fair-share queue, or only its share",
        source=NOT_DOCUMENTED,
        where="batchsim/engine/share_service.py ShareService.serve",
        key="fss_hol",
        tests={
            value: f"{HERE}test_a_head_that_does_not_fit_stops_the_queue_or_only_its_share[{value}]"
            for value in ("strict", "per_share")
        },
        status="parameter",
    ),
    Row(
        id="4.6w",
        rule="Usage is of one queue, never summed over queues",
        source=IDS,
        where=f"{QUEUE} ShareQueue",
        tests=f"{HERE}test_usage_is_of_one_queue_and_not_summed_over_queues",
        status="exact",
        breaks=_share_between_queues,
    ),
    Row(
        id="4.6x",
        rule="Shares get the same by default",
        source=IDS,
        where=f"{QUEUE} ShareQueue.weight_of",
        tests=f"{HERE}test_shares_get_the_same_by_default",
        status="exact",
        breaks=lambda patch: patch.setattr(ShareQueue, "weight_of", lambda queue, share: 10**9 * (1 + share.code)),
    ),
    Row(
        id="4.6y",
        rule="Of shares with equal usage the one whose head was created first is next, then the file decides",
        source=NOT_DOCUMENTED,
        where=f"{QUEUE} ShareQueue.turn",
        tests=f"{HERE}test_of_equal_shares_the_one_whose_head_is_older_is_next",
        status="modelled",
        breaks=lambda patch: patch.setattr(ShareQueue, "_created", lambda queue, row: 0),
        note="A choice, for determinism",
    ),
    Row(
        id="4.6z",
        rule="What is STARTING counts as used",
        source=NOT_DOCUMENTED,
        where=f"{QUEUE} ShareQueue.take",
        tests=f"{HERE}test_what_is_starting_counts_as_used",
        status="modelled",
        breaks=_count_from_running,
        note="A choice: else a burst would go to one share within a cycle",
    ),
    Row(
        id="4.6ac",
        rule="A blocked head stops a strict queue only until it is another share's turn",
        source=NOT_DOCUMENTED,
        where="batchsim/engine/share_service.py ShareService.serve; batchsim/engine/share_queue.py ShareQueue.may_turn",
        tests=f"{HERE}test_a_blocked_head_stops_the_queue_only_until_it_is_another_shares_turn",
        status="modelled",
        breaks=lambda patch: patch.setattr(ShareQueue, "may_turn", lambda queue, blocked: False),
        note="A choice: turns are looked at on the grid of usage_update",
    ),
    Row(
        id="4.6ae",
        rule="Within a share jobs go by schedulingPriority, retried ones first, then createdAt and index",
        source="API, FrontOfQueueDetail; the order of the parts is not documented",
        where="batchsim/engine/share.py Share",
        tests=f"{HERE}test_a_retried_job_goes_before_its_own_priority_and_behind_the_higher",
        status="modelled",
        breaks=_ignore_priority,
        note="A choice: priority comes before the front of the queue",
    ),
    Row(
        id="4.8c",
        rule="In a fair-share queue, too, the snapshot shows the first 100 jobs in the order of dispatch",
        source="API, FrontOfQueueDetail",
        where="batchsim/engine/snapshot.py snapshot",
        tests=f"{DRIVEN}test_a_snapshot_shows_the_first_hundred_jobs_and_twenty_shares",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.snapshot.FRONT", 99),
        note="Since when a job stands at its place (earliestTimeAtPosition) is not kept",
    ),
    Row(
        id="4.8b",
        rule="It shows the vCPUs of the queue and of the 20 shares that hold most",
        source="API, FairshareUtilizationDetail, QueueSnapshotUtilizationDetail",
        where="batchsim/engine/snapshot.py SharesView",
        tests=(
            f"{DRIVEN}test_a_snapshot_has_the_front_in_the_order_of_turns_and_the_shares_by_what_they_hold",
            f"{DRIVEN}test_a_snapshot_shows_the_first_hundred_jobs_and_twenty_shares",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.snapshot.TOP_SHARES", 1),
    ),
]
