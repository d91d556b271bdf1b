"""Rows of the table of behaviours: blocked heads (User Guide, "Jobs stuck in a RUNNABLE status")."""

from fidelity_rows import Row

from batchsim.engine import blocked
from batchsim.policies import blocking
from batchsim.records.vocabulary import BlockReason, WaitReason
from batchsim.spec.checks import capacity

STUCK = "tests/behaviour/test_blocked_heads.py::test_"
LIMITS = "tests/behaviour/test_time_limit_actions.py::test_"
NEVER = "tests/behaviour/test_unplaceable.py::test_"
DETECTOR = "batchsim/engine/blocked.py BlockDetector"
TEXTS = "batchsim/policies/blocking.py block_message"
PAGE = 'User Guide, "Jobs stuck in RUNNABLE due to misconfiguration"'

ROWS = [
    Row(
        id="B19",
        rule="A RUNNABLE head that blocks its queue gets one of seven reasons and an event; an action may cancel it",
        source='User Guide, "Jobs stuck in a RUNNABLE status"',
        where=f"{DETECTOR}; batchsim/policies/blocking.py block_reason",
        tests=(
            f"{STUCK}a_new_head_has_its_own_time",
            f"{LIMITS}a_head_that_is_blocked_for_max_time_seconds_is_cancelled_with_awss_reason",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr(blocked, "block_reason", lambda causes: None),
    ),
    Row(
        id="2.4j",
        rule="A job that a queue's time limit cancelled has the action's statusReason, with the code of the reason",
        source='User Guide, "Jobs stuck in RUNNABLE due to capacity"',
        where="batchsim/policies/blocking.py time_limit_message",
        tests=f"{LIMITS}a_head_that_is_blocked_for_max_time_seconds_is_cancelled_with_awss_reason",
        status="exact",
        breaks=lambda patch: patch.setattr(blocked, "time_limit_message", lambda reason: f"Canceled: {reason.text}"),
    ),
    Row(
        id="2.4k",
        rule="While a job blocks its queue the reason stands in its statusReason; jobs behind it have none",
        source='User Guide, "Job queue blocked events"',
        where=DETECTOR,
        tests=(
            f"{STUCK}jobs_behind_a_blocked_head_are_not_told_of",
            f"{STUCK}what_helps_later_takes_the_reason_back",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr(blocked, "block_message", lambda reason, instance_type: ""),
    ),
    Row(
        id="4.5a",
        rule='A head found to block its queue is told of by the event "Batch Job Queue Blocked"',
        source='User Guide, "Job queue blocked events"',
        where="batchsim/formats/events_jsonl.py events",
        tests=(
            f"{STUCK}the_event_names_the_job_the_queue_and_the_reason",
            f"{STUCK}a_rule_can_ask_for_the_event_and_its_reason",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.formats.events_jsonl.BLOCKED", "Batch Job State Change"),
        note="Delivered once; AWS delivers at least once.",
    ),
    Row(
        id="4.5b",
        rule="Insufficient capacity in every environment of the queue, with the instance type in brackets",
        source='User Guide, "Jobs stuck in RUNNABLE due to capacity"',
        where=f"{TEXTS}; {DETECTOR}",
        tests=(
            f"{STUCK}want_of_capacity_names_the_type_that_was_asked_for_first",
            f"{STUCK}tries_again_after_a_back_off_do_not_begin_the_time_anew",
        ),
        status="exact",
        breaks=lambda patch: patch.delitem(blocked._CAUSES, WaitReason.CAPACITY_ERROR),
        note="Of several types, the one that the last failed decision asked for first.",
    ),
    Row(
        id="4.5c",
        rule="A job that asks for more vCPUs than maxvCpus of every environment",
        source=PAGE,
        where=f"{TEXTS}; {DETECTOR}",
        tests=(
            f"{STUCK}a_job_above_every_maxvcpus_cannot_have_its_cpus",
            f"{STUCK}on_fargate_a_task_above_maxvcpus_cannot_have_its_cpus",
        ),
        status="exact",
        breaks=lambda patch: patch.setitem(blocked._CAUSES, WaitReason.OVER_MAX_RESOURCE, BlockReason.JOB_RESOURCE),
    ),
    Row(
        id="4.5d",
        rule="A job that no instance type of any environment can hold; the memory that counts is what ECS leaves",
        source=PAGE,
        where=f"{TEXTS}; {DETECTOR}",
        tests=(
            f"{STUCK}a_job_that_no_type_holds_has_a_resource_requirement_that_cannot_be_met",
            f"{STUCK}the_memory_that_counts_is_the_usable_one",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.ec2.Ec2Environment.would_hold", lambda self, shape: True),
    ),
    Row(
        id="4.5e",
        rule="An instance type that EC2 does not sell in the zones of the environment's subnets",
        source=PAGE,
        where="batchsim/catalog/pools.py Choice; batchsim/engine/ec2.py Ec2Environment",
        tests=f"{STUCK}a_type_that_is_not_sold_in_the_zones_is_an_unsupported_configuration",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.ec2.Ec2Environment.would_hold", lambda self, shape: False),
        note="With allow_unplaceable only; else an error of the file. Launch templates that conflict are not read.",
    ),
    Row(
        id="4.5f",
        rule="A problem of the service role in every environment of the queue",
        source=PAGE,
        where="batchsim/engine/compile.py compile_plan",
        tests=f"{STUCK}an_invalid_environment_whose_own_reason_is_its_role_tells_so",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.compile._ROLE_WORDS", ()),
        note="An INVALID environment whose statusReason speaks of a role, permissions or what is not authorized.",
    ),
    Row(
        id="4.5g",
        rule="Every environment of the queue is INVALID",
        source='User Guide, "Jobs stuck in RUNNABLE due to invalid compute environments"',
        where=f"{TEXTS}; batchsim/engine/compile.py compile_plan",
        tests=f"{STUCK}an_invalid_environment_asks_for_action",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.compile._invalid", lambda environment: None),
    ),
    Row(
        id="4.5h",
        rule="A head that is blocked by what no other reason names is UNDETERMINED",
        source='User Guide, "Jobs stuck in RUNNABLE with undetermined root cause"',
        where="batchsim/policies/blocking.py block_reason",
        tests=(
            f"{STUCK}what_no_reason_of_awss_covers_is_undetermined",
            f"{STUCK}of_different_causes_the_one_that_covers_all_is_told",
        ),
        status="modelled",
        breaks=lambda patch: patch.setattr(
            blocked,
            "block_reason",
            lambda causes: (found := blocking.block_reason(causes)) and BlockReason(min(found, 6)),
        ),
        note="DISABLED environments, bids, warm pools of the wrong size, mixtures of causes.",
    ),
    Row(
        id="4.5i",
        rule="A job that waits for its turn is told from one that blocks the queue: only the latter is told of",
        source='User Guide, "Jobs stuck in a RUNNABLE status"',
        where=DETECTOR,
        tests=(
            f"{STUCK}waiting_for_a_job_a_boot_or_a_decision_blocks_nothing",
            f"{STUCK}a_head_that_merely_waits_in_one_environment_is_not_blocked",
            f"{STUCK}waiting_for_what_others_hold_of_a_quota_blocks_nothing",
        ),
        status="modelled",
        breaks=lambda patch: (
            patch.setattr("batchsim.engine.ec2.Ec2Environment.may_free", lambda self, shape: False),
            patch.setitem(blocked._CAUSES, WaitReason.SCALE_UP_DECISION, BlockReason.UNDETERMINED),
        ),
        note="AWS publishes the reasons, not how it finds them; docs/model.md says what counts here.",
    ),
    Row(
        id="4.5j",
        rule="An action cancels a job that was at the head for its reason for maxTimeSeconds; no other time counts",
        source="API, JobStateTimeLimitAction",
        where=DETECTOR,
        tests=(
            f"{LIMITS}a_head_that_is_blocked_for_max_time_seconds_is_cancelled_with_awss_reason",
            f"{LIMITS}the_time_counts_at_the_head_only",
            f"{LIMITS}the_time_counts_with_the_actions_own_reason_only",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.compile._limits", lambda queue: tuple((reason, 600_001) for reason in BlockReason)
        ),
        note="AWS calls the time approximate; here it is exact.",
    ),
    Row(
        id="4.5k",
        rule="After the cancellation the next job advances to the head of the queue",
        source='User Guide, "Automatic remediation with jobStateTimeLimitActions"',
        where=DETECTOR,
        tests=f"{LIMITS}the_next_job_becomes_head_at_once_and_the_run_is_not_stuck",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.compile._limits", lambda queue: ()),
    ),
    Row(
        id="4.5l",
        rule="Actions are taken on capacity, maxvCpus, resource requirements, unsupported types; on no other",
        source='User Guide, "Automatic remediation with jobStateTimeLimitActions"',
        where="batchsim/spec/queues.py TIME_LIMIT_REASONS",
        tests=(
            f"{LIMITS}actions_are_taken_on_the_other_reasons_too",
            f"{LIMITS}three_reasons_take_no_action",
        ),
        status="exact",
        breaks=lambda patch: (
            patch.setattr("batchsim.spec.queues.UNACTIONABLE_REASONS", ()),
            patch.setattr("batchsim.engine.compile._limits", lambda queue: ()),
        ),
    ),
    Row(
        id="4.5m",
        rule="CANCEL is the action of ECS, EKS and Fargate queues, TERMINATE that of SageMaker's",
        source="API, JobStateTimeLimitAction",
        where="batchsim/spec/checks/capacity.py check_queues",
        tests=f"{LIMITS}terminate_is_for_queues_of_sagemaker",
        status="exact",
        breaks=lambda patch: patch.setattr(capacity, "_time_limits", lambda path, queue: ()),
    ),
    Row(
        id="4.5n",
        rule="maxTimeSeconds is 600 to 86,400",
        source="API, JobStateTimeLimitAction",
        where="batchsim/spec/queues.py JobStateTimeLimitAction",
        tests=f"{LIMITS}a_limit_is_ten_minutes_to_a_day",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.kinds.check_whole", lambda value, *rest: value),
    ),
    Row(
        id="4.5o",
        rule="How long a head is blocked until AWS Batch tells of it",
        source="not documented",
        where=DETECTOR,
        tests={
            "default": f"{STUCK}a_head_is_told_of_block_detect_after_it_was_blocked[10m-700]",
            "0s": f"{STUCK}a_head_is_told_of_block_detect_after_it_was_blocked[0s-100]",
            "45m": f"{STUCK}a_head_is_told_of_block_detect_after_it_was_blocked[45m-2800]",
        },
        status="parameter",
        key="block_detect",
        note="The default is the least maxTimeSeconds; no action is taken before the head was told of.",
    ),
    Row(
        id="4.5p",
        rule="A host that takes very long to join (user data, agent) keeps the head waiting without a reason",
        source='User Guide, "Common causes of jobs stuck in RUNNABLE without a statusReason"',
        where="batchsim/engine/blocked.py _WAITS",
        tests=f"{STUCK}waiting_for_user_data_has_no_reason",
        status="modelled",
        breaks=lambda patch: (
            patch.setattr(blocked, "_WAITS", blocked._WAITS - {WaitReason.INSTANCE_BOOTING}),
            patch.setitem(blocked._CAUSES, WaitReason.INSTANCE_BOOTING, BlockReason.UNDETERMINED),
        ),
        note="Networks, log drivers and agents that never join are not simulated.",
    ),
    Row(
        id="4.5q",
        rule="A vCPU quota of EC2 that is used up keeps the head waiting without a reason of its own",
        source='User Guide, "Common causes of jobs stuck in RUNNABLE without a statusReason"',
        where=DETECTOR,
        tests=f"{STUCK}a_vcpu_quota_without_room_for_the_job_has_no_reason_of_its_own",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.ec2.Ec2Environment.may_free", lambda self, shape: True),
        note="UNDETERMINED where not even one fitting instance is within it, else it merely waits.",
    ),
    Row(
        id="4.5r",
        rule="A job that no environment of its queue can ever hold is accepted, and never placed",
        source='User Guide, "Common causes of jobs stuck in RUNNABLE without a statusReason"',
        where="batchsim/unplaceable.py too_large; batchsim/preflight.py preflight",
        tests=(
            f"{NEVER}more_memory_than_the_largest_type_leaves_is_named_with_the_shortfall",
            f"{NEVER}more_than_maxvcpus_is_named_with_the_shortfall",
            f"{NEVER}a_quota_below_the_smallest_fitting_instance_is_named",
        ),
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.unplaceable.Place.holds", lambda self, job: True),
        note="An error that names what is short (E132), unless allow_unplaceable lets it wait as in AWS.",
    ),
    Row(
        id="9.1b",
        rule='"Batch Job Queue Blocked" has the job and the queue as resources, and the statusReason in its detail',
        source='User Guide, "Job queue blocked events"',
        where="batchsim/formats/events_jsonl.py events",
        tests=f"{STUCK}the_event_names_the_job_the_queue_and_the_reason",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.formats.events_jsonl.Writer.blocked_event",
            lambda self, at_ms, row: {
                **self.job_event(at_ms, int(self._facts.records.blocked.job[row]), 3, 1),
                "detail-type": "Batch Job Queue Blocked",
            },
        ),
    ),
]
