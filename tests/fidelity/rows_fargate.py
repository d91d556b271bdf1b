"""Rows of the table of behaviours: Fargate (ECS Developer Guide, "AWS Fargate"; User Guide, "When to use Fargate")."""

from fidelity_rows import Row, always

FARGATE = "tests/behaviour/test_fargate.py::test"
ACCOUNT = "tests/behaviour/test_fargate_account.py::test"
GOLDEN = "tests/golden/test_golden_vectors.py::test"
ENVIRONMENT = "batchsim.engine.fargate.FargateEnvironment"


def sold_too(vcpus_milli, memory_mib):
    """A table with one size too many."""

    def breaks(patch):
        from batchsim.spec.fargate import FARGATE_MEMORY_MIB

        more = {**FARGATE_MEMORY_MIB, vcpus_milli: (*FARGATE_MEMORY_MIB.get(vcpus_milli, ()), memory_mib)}
        patch.setattr("batchsim.spec.fargate.FARGATE_MEMORY_MIB", more)

    return breaks


def one_size_less(patch):
    """32 vCPU with 60 GiB is not sold."""
    from batchsim.spec.fargate import FARGATE_MEMORY_MIB

    patch.setattr("batchsim.spec.fargate.FARGATE_MEMORY_MIB", {**FARGATE_MEMORY_MIB, 32_000: (122_880, 249_856)})


def other_prices(patch):
    """Fargate at other prices: ARM's at x86's, and a nano-dollar less."""
    from batchsim.catalog.fargate import fargate_prices
    from batchsim.spec.facts import FargatePrices

    def same(region, spot_factor):
        sold = fargate_prices(region, spot_factor)
        dear = {option: sold["x86_64", option] for option in (False, True)}
        return {
            (name, option): FargatePrices(
                dear[option].vcpu_nano_usd_per_h - 9_000_000,
                dear[option].gib_nano_usd_per_h,
                dear[option].storage_nano_usd_per_gib_h * 2,
            )
            for name, option in sold
        }

    patch.setattr("batchsim.catalog.resolve.fargate_prices", same)


def no_notice(patch):
    """Nobody sends SIGTERM."""
    patch.setattr("batchsim.engine.interruptions.Interruptions.task_notice", lambda self, told: None)


def half_of_everything(patch):
    """Two tasks share a bill."""
    from batchsim.analysis.bills import _sizes

    patch.setattr("batchsim.analysis.bills._sizes", lambda *run: tuple(each // 2 for each in _sizes(*run)))


def by_the_minute(on_ms):
    """Whole minutes."""
    return -(-on_ms // 60_000) * 60


ROWS = [
    Row(
        id="B38",
        rule="A task is provisioned in about 30 seconds, then its image is pulled",
        source='User Guide, "When to use Fargate"',
        where="batchsim/engine/fargate.py FargateEnvironment",
        status="parameter",
        key="fargate_provision",
        tests={
            "default": f"{FARGATE}_provisioning_takes_half_a_minute_or_what_the_world_says[default-29.2]",
            "45s": f"{FARGATE}_provisioning_takes_half_a_minute_or_what_the_world_says[45s-45]",
        },
    ),
    Row(
        id="B39",
        rule="A size that Fargate does not sell is an error, or the next larger one as an option",
        source="API, ResourceRequirement",
        where="batchsim/spec/effective.py _fargate_size; batchsim/spec/fargate.py round_up_to_fargate",
        status="parameter",
        key="fargate_round_up",
        tests={
            True: f"{FARGATE}_a_pair_between_two_sizes_is_rounded_up_where_the_world_says_so[True]",
            False: f"{FARGATE}_a_pair_between_two_sizes_is_rounded_up_where_the_world_says_so[False]",
        },
    ),
    Row(
        id="B40",
        rule="Fargate Spot is sold at up to 70 % off",
        source="AWS Fargate pricing",
        where="batchsim/catalog/fargate.py fargate_prices",
        status="parameter",
        key="fargate_spot_factor",
        tests={
            "default": f"{FARGATE}_fargate_spot_costs_a_share_of_fargate[default-0.3]",
            0.5: f"{FARGATE}_fargate_spot_costs_a_share_of_fargate[0.5-0.5]",
            1: f"{FARGATE}_fargate_spot_costs_a_share_of_fargate[1-1]",
        },
    ),
    Row(
        id="B41",
        rule="The vCPUs of all tasks at once have a quota, 6 in a new account, on Fargate and on Fargate Spot each",
        source='API, ResourceRequirement; ECS Developer Guide, "Amazon ECS service quotas"',
        where="batchsim/engine/fargate_account.py FargateAccount",
        status="parameter",
        key="fargate_vcpu_quota",
        tests={
            "unlimited": f"{ACCOUNT}_the_vcpus_of_all_tasks_stay_within_the_quota[unlimited-8]",
            "new_account": f"{ACCOUNT}_the_vcpus_of_all_tasks_stay_within_the_quota[new_account-6]",
            3: f"{ACCOUNT}_the_vcpus_of_all_tasks_stay_within_the_quota[3-3]",
            "{spot: 2}": f"{ACCOUNT}_at_the_quota_the_queues_next_environment_takes_over",
            1: f"{ACCOUNT}_the_quota_is_one_for_all_environments_and_another_for_spot",
        },
    ),
    Row(
        id="B47",
        rule="A Fargate job cannot count on more than 14 days: its task may be ended then, and here it is",
        source="API, SubmitJob",
        where="batchsim/engine/attempts.py Attempts._limited",
        status="parameter",
        key="fargate_max_days",
        tests={
            14: f"{ACCOUNT}_the_limit_is_a_number_of_days_or_none[14-14]",
            2: f"{ACCOUNT}_the_limit_is_a_number_of_days_or_none[2-2]",
            0: f"{ACCOUNT}_the_limit_is_a_number_of_days_or_none[0-20]",
        },
        note="Ended with 137 as by a failed host, and retried; a job history has no end",
    ),
    Row(
        id="V11",
        rule="A task of 1 vCPU and 2 GB that lives for 30 s is billed for 60 s",
        source="AWS Fargate pricing",
        where="batchsim/analysis/bills.py task_bills; batchsim/analysis/bills.py billed_seconds",
        tests="tests/golden/test_golden_vectors.py::test_vector_11_a_fargate_task_is_billed_for_a_minute_at_least",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.analysis.bills.MINIMUM_S", 1),
    ),
    Row(
        id="V12",
        rule="Of 300 tasks at once 100 are launched at once and then 20 a second, the last after 10 s",
        source='ECS Developer Guide, "Throttling quotas"',
        where="batchsim/engine/token_bucket.py TokenBucket",
        tests=(
            f"{GOLDEN}_vector_12_fargate_launches_a_burst_of_100_and_then_20_a_second",
            f"{GOLDEN}_vector_12_the_rate_holds_on_the_grid_of_the_scheduler_too",
        ),
        status="exact",
        breaks=always("fargate_burst", 99),
    ),
    Row(
        id="6.1a",
        rule="There are 77 pairs of vCPUs and memory",
        source='ECS Developer Guide, "Fargate task sizes"',
        where="batchsim/spec/fargate.py FARGATE_MEMORY_MIB",
        tests=f"{FARGATE}_each_of_the_77_sizes_runs",
        status="exact",
        breaks=one_size_less,
    ),
    Row(
        id="6.1b",
        rule="A job definition with any other pair is rejected",
        source="API, ResourceRequirement",
        where="batchsim/spec/effective.py _fargate_size; batchsim/spec/fargate.py nearest_fargate",
        tests=f"{FARGATE}_any_other_pair_is_refused_with_the_nearest_ones",
        status="exact",
        breaks=sold_too(3000, 8192),
    ),
    Row(
        id="6.1c",
        rule="Tasks of 8 vCPU and more need platform version 1.4.0, which LATEST is",
        source='ECS Developer Guide, "Fargate task sizes"',
        where="batchsim/spec/effective.py _check_platform_version",
        tests=f"{FARGATE}_tasks_of_eight_vcpus_need_platform_version_1_4_0",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.effective.LARGE_TASK_MILLI", 16_000),
    ),
    Row(
        id="6.1d",
        rule="Windows tasks have 1 vCPU at least, and Fargate Spot does not run them: alone there they block the queue",
        source='User Guide, "Managed compute environments"',
        where="batchsim/spec/effective.py _check_windows; batchsim/engine/fargate.py FargateEnvironment._suits",
        tests=(
            f"{FARGATE}_windows_tasks_have_a_vcpu_at_least",
            f"{FARGATE}_windows_tasks_go_past_fargate_spot",
            f"{FARGATE}_a_windows_job_blocks_a_queue_of_fargate_spot_alone",
        ),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.effective._is_windows", lambda container: False),
    ),
    Row(
        id="6.1e",
        rule="Tasks may be ARM64, by runtimePlatform.cpuArchitecture",
        source="API, RuntimePlatform",
        where="batchsim/spec/effective.py _architecture",
        tests="tests/behaviour/test_architectures.py::test_arm_tasks_are_cheaper",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.spec.effective._ARCHITECTURES", {"X86_64": "x86_64", "ARM64": "x86_64"}
        ),
    ),
    Row(
        id="6.2a",
        rule="20 GiB of ephemeral storage come with a task, 21 to 200 GiB can be asked for",
        source="API, EphemeralStorage",
        where="batchsim/spec/effective.py FARGATE_STORAGE_GIB",
        tests=f"{FARGATE}_twenty_gib_of_storage_come_with_a_task_and_more_costs_extra",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.effective.FARGATE_STORAGE_GIB", 21),
    ),
    Row(
        id="6.2b",
        rule="Fargate and Fargate Spot have a launch rate each, shared by all environments",
        source='ECS Developer Guide, "Throttling quotas"',
        where="batchsim/engine/fargate_account.py FargateAccount; batchsim/engine/engine.py Engine",
        tests=f"{FARGATE}_the_launch_rate_is_one_for_all_environments_and_another_for_spot",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.token_bucket.TokenBucket.take", lambda self, count: None),
    ),
    Row(
        id="6.2c",
        rule="The bucket holds 100 launches",
        source='ECS Developer Guide, "Throttling quotas"',
        where="batchsim/engine/token_bucket.py TokenBucket",
        status="parameter",
        key="fargate_burst",
        tests={
            100: f"{GOLDEN}_vector_12_fargate_launches_a_burst_of_100_and_then_20_a_second",
            2: f"{FARGATE}_the_rate_refills_up_to_the_burst_only",
        },
    ),
    Row(
        id="6.2d",
        rule="20 launches a second refill it",
        source='ECS Developer Guide, "Throttling quotas"',
        where="batchsim/engine/token_bucket.py TokenBucket",
        status="parameter",
        key="fargate_rate",
        tests={
            "20/s": f"{GOLDEN}_vector_12_fargate_launches_a_burst_of_100_and_then_20_a_second",
            "1/s": f"{FARGATE}_the_launch_rate_makes_the_head_wait_for_this_environment",
            "0/s": f"{FARGATE}_a_bucket_that_is_never_refilled_holds_what_the_burst_left",
        },
    ),
    Row(
        id="6.2e",
        rule="A job is a task of its own kernel, CPU and memory: nothing is packed, nothing shared",
        source='User Guide, "AWS Batch on AWS Fargate"',
        where="batchsim/engine/fargate.py FargateEnvironment",
        tests=f"{FARGATE}_tasks_never_share_what_they_have",
        status="exact",
        breaks=half_of_everything,
    ),
    Row(
        id="6.2f",
        rule="EC2 dispatches jobs faster, and runs more of them at once, than Fargate",
        source='User Guide, "When to use Fargate"',
        where="batchsim/engine/fargate.py FargateEnvironment",
        tests="tests/behaviour/test_dispatch_rate.py::test_instances_start_a_burst_at_once_that_fargate_launches_one_by_one",
        status="modelled",
        breaks=always("dispatch_rate_ec2", "1/s"),
        note="By Fargate's launch rate alone: on instances nothing but their number limits dispatch",
    ),
    Row(
        id="6.2g",
        rule="No image is cached between tasks",
        source="containers-roadmap, issue 696",
        where="batchsim/engine/fargate.py FargateEnvironment",
        tests=f"{FARGATE}_every_task_pulls_for_itself",
        status="exact",
        breaks=lambda patch: patch.setattr(
            f"{ENVIRONMENT}._pull_ms",
            lambda self, entry, index, attempt: 8000 if index == 0 else 0,
        ),
    ),
    Row(
        id="6.2h",
        rule="A Fargate Spot task gets SIGTERM two minutes before its end, and SIGKILL a stopTimeout of 30 s later",
        source='ECS Developer Guide, "Fargate capacity providers"',
        where="batchsim/engine/fargate.py FargateEnvironment; batchsim/engine/interruptions.py Interruptions",
        tests=(
            "tests/behaviour/test_sigterm.py::"
            "test_a_fargate_spot_task_gets_sigterm_at_its_notice_and_sigkill_a_stop_timeout_later"
        ),
        status="exact",
        breaks=no_notice,
    ),
    Row(
        id="6.2i",
        rule="Fargate Spot may have no capacity, and does not fall back to Fargate",
        source='ECS Developer Guide, "Fargate capacity providers"',
        where="batchsim/engine/fargate_account.py Outages",
        tests=f"{ACCOUNT}_fargate_spot_has_no_fall_back_of_its_own",
        status="modelled",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.fargate_account.Outages.refused_until", lambda self, now_ms: None
        ),
        note="It has none when world.fargate_spot_outages says so; how often that is, nobody publishes",
    ),
    Row(
        id="6.2j",
        rule="In AWS Batch the next environment of the queue takes over what Fargate Spot has no capacity for",
        source='User Guide, "Compute environments"',
        where="batchsim/engine/fargate.py FargateEnvironment.serves",
        tests=f"{ACCOUNT}_the_fall_back_is_the_queues_next_environment_and_lasts_as_long_as_the_back_off",
        status="modelled",
        breaks=lambda patch: patch.setattr(f"{ENVIRONMENT}.serves", lambda self, shape, booting: True),
        note="For ce_backoff after a launch that failed, as on EC2; AWS publishes no such time",
    ),
    Row(
        id="6.3a",
        rule="vCPUs and GB have a price by the hour",
        source="AWS Fargate pricing",
        where="batchsim/catalog/fargate.py fargate_prices",
        tests=f"{FARGATE}_tasks_never_share_what_they_have",
        status="exact",
        breaks=other_prices,
    ),
    Row(
        id="6.3b",
        rule="ARM64 is cheaper",
        source="AWS Fargate pricing",
        where="batchsim/catalog/fargate.py fargate_prices",
        tests="tests/behaviour/test_architectures.py::test_arm_tasks_are_cheaper",
        status="exact",
        breaks=other_prices,
    ),
    Row(
        id="6.3c",
        rule="Storage beyond 20 GB has a price of its own, which Fargate Spot does not discount",
        source="AWS Fargate pricing",
        where="batchsim/catalog/fargate.py fargate_prices",
        tests=(
            f"{FARGATE}_twenty_gib_of_storage_come_with_a_task_and_more_costs_extra",
            f"{FARGATE}_fargate_spot_costs_its_share_and_storage_beyond_20_gib_extra",
        ),
        status="exact",
        breaks=other_prices,
    ),
    Row(
        id="6.3e",
        rule="Windows tasks have a price of their own, and a licence for each vCPU and hour",
        source="AWS Fargate pricing",
        where="batchsim/analysis/bills.py _rates; batchsim/catalog/fargate.py fargate_prices",
        tests=f"{FARGATE}_windows_tasks_have_a_price_of_their_own_and_pay_for_the_licence",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.spec.effective._is_windows", lambda container: False),
        note="In us-east-1, whose price is known; elsewhere a Windows task is an error",
    ),
    Row(
        id="6.3d",
        rule="Fargate is billed by the second, for a minute at least, from the start of the pull to the task's end",
        source="AWS Fargate pricing",
        where="batchsim/analysis/bills.py task_bills; batchsim/analysis/bills.py billed_seconds",
        tests=f"{FARGATE}_the_bill_is_by_the_second_from_the_pull_for_what_was_asked",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.analysis.bills.billed_seconds", by_the_minute),
    ),
]
