"""Rows of the table of behaviours: job queues and the scheduler (API, JobQueueDetail; User Guide, "Job queues")."""

from fidelity_rows import Row, always

QUEUES = "tests/behaviour/test_queues.py"
PLACES = "tests/behaviour/test_environments.py"
SPILL = "tests/behaviour/test_spill_over.py"


def stays(name):
    """Return a mutation under which an attribute keeps saying yes, whatever it is set to."""
    return lambda patch: patch.setattr(name, property(lambda _: True, lambda *_: None), raising=False)


def no_higher_head_waits(scheduler, queue, _):
    """Look at a queue only where none of higher priority has a job that waits."""
    return not any(other.waiting and other.priority > queue.priority for other in scheduler._queues)


def stop_the_first_job(engine, queue):
    """End the first job when others come."""
    if engine.kernel.now_ms:
        engine.control.terminate(range(1), "preempted")
    engine.scheduler.joined(queue)


ROWS = [
    Row(
        id="4.1a",
        rule="Of the queues that share an environment the one of higher priority is served first",
        source="API, CreateJobQueue",
        where="batchsim/policies/ordering.py serving_order",
        tests=f"{QUEUES}::test_the_higher_queue_drains_first_and_the_lower_waits_though_it_came_earlier",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.scheduler.serving_order", lambda all_: range(len(all_))),
    ),
    Row(
        id="4.1b",
        rule="A queue tries its environments in ascending order",
        source="API, ComputeEnvironmentOrder",
        where="batchsim/engine/compile.py _queues",
        tests=f"{SPILL}::test_environments_go_by_their_order_and_not_by_their_place_in_the_list",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.compile.sorted", lambda all_, key: all_, raising=False),
    ),
    Row(
        id="4.1c",
        rule="A queue has three environments at most",
        source="API, CreateJobQueue",
        where="batchsim/spec/checks/capacity.py MAX_ENVIRONMENTS_PER_QUEUE",
        tests=f"{QUEUES}::test_a_queue_of_four_environments_is_refused",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.capacity.MAX_ENVIRONMENTS_PER_QUEUE", 4),
    ),
    Row(
        id="4.1d",
        rule="All environments of a queue are EC2's, or all are Fargate's",
        source="API, CreateJobQueue",
        where="batchsim/spec/checks/capacity.py _mixture",
        tests=f"{QUEUES}::test_a_queue_that_mixes_ec2_and_fargate_is_refused",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.capacity._mixture", lambda *_: iter(())),
    ),
    Row(
        id="4.1e",
        rule="All environments of a queue have one CPU architecture",
        source="API, CreateJobQueue",
        where="batchsim/preflight.py _mixed_queues",
        tests=f"{QUEUES}::test_a_queue_that_mixes_architectures_is_refused",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.preflight._mixed_queues", lambda *_: iter(())),
    ),
    Row(
        id="4.1f",
        rule="A DISABLED queue takes no submissions, and the jobs in it still run",
        source="API, JobQueueDetail",
        where="batchsim/engine/arrivals.py Arrivals._call",
        tests=f"{QUEUES}::test_a_disabled_queue_takes_no_jobs_but_those_in_it_still_run",
        status="exact",
        breaks=stays("batchsim.engine.job_queue.JobQueue.enabled"),
    ),
    Row(
        id="4.1g",
        rule="Deleting a queue ends all of its jobs",
        source="API, DeleteJobQueue",
        where="batchsim/engine/control.py JobControl.delete_queue",
        tests=f"{QUEUES}::test_deleting_a_queue_ends_all_of_its_jobs",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.control.JobControl.terminate", lambda *_: None),
    ),
    Row(
        id="4.1h",
        rule="A queue without a scheduling policy is FIFO and cannot get one later",
        source="API, CreateJobQueue",
        where="batchsim/spec/updates.py UPDATABLE",
        tests=f"{QUEUES}::test_a_fifo_queue_cannot_get_a_scheduling_policy_later",
        status="exact",
        breaks=lambda patch: patch.setitem(
            __import__("batchsim.spec.updates").spec.updates.UPDATABLE, "jobQueues", ("schedulingPolicyArn",)
        ),
    ),
    Row(
        id="4.2a",
        rule="Queues are evaluated in descending priority, each as far as it can go before the next",
        source="API, JobQueueDetail",
        where="batchsim/engine/scheduler.py Scheduler.run_pass",
        tests=f"{QUEUES}::test_a_queue_goes_as_far_as_it_can_before_the_next",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.scheduler.serving_order", lambda all_: range(len(all_))),
    ),
    Row(
        id="4.2b",
        rule="Where a head finds no room now, the cycle moves on to the next queue",
        source="API, JobQueueDetail",
        where="batchsim/engine/scheduler.py Scheduler._serve",
        tests=f"{QUEUES}::test_a_head_without_room_lets_the_next_queue_go",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.scheduler.Scheduler._must_look", no_higher_head_waits),
    ),
    Row(
        id="4.2c",
        rule="A job that comes to a higher queue after a cycle waits for the next, while a lower one started before it",
        source="API, JobQueueDetail",
        where="batchsim/engine/scheduler.py Scheduler.request_pass",
        tests=f"{QUEUES}::test_a_job_that_comes_after_a_pass_waits_for_what_a_lower_queue_started",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.engine.Engine._joined", stop_the_first_job),
    ),
    Row(
        id="4.2d",
        rule="Nothing that runs is stopped for a queue of higher priority",
        source="API, JobQueueDetail",
        where="batchsim/engine/scheduler.py Scheduler._serve",
        tests=f"{QUEUES}::test_nothing_that_runs_is_stopped_for_a_higher_queue",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.engine.Engine._joined", stop_the_first_job),
    ),
    Row(
        id="4.2e",
        rule="How often queues are evaluated",
        source="not documented",
        where="batchsim/engine/scheduler.py Scheduler.request_pass",
        tests={
            "1s": f"{QUEUES}::test_a_pass_runs_at_the_next_instant_of_the_schedulers_grid",
            "0s": f"{QUEUES}::test_without_a_cycle_a_pass_runs_in_the_instant_of_the_change",
        },
        status="parameter",
        key="scheduler_cycle",
    ),
    Row(
        id="4.3a",
        rule="A job goes to the first environment in order that has room for it",
        source='User Guide, "Compute environments"',
        where="batchsim/engine/overtaking.py try_in_order",
        tests=f"{PLACES}::test_free_room_in_the_first_environment_is_taken_first",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.compile.sorted", lambda all_, key: list(all_)[::-1], raising=False
        ),
    ),
    Row(
        id="4.3b",
        rule="An environment that is INVALID is passed over for the next",
        source='User Guide, "Compute environments"',
        where="batchsim/engine/ec2.py Ec2Environment.takes; batchsim/engine/fargate.py FargateEnvironment.in_service",
        tests=f"{SPILL}::test_an_invalid_environment_is_passed_over",
        status="modelled",
        breaks=lambda patch: [
            stays(f"batchsim.engine.{each}.valid")(patch)
            for each in ("ec2.Ec2Environment", "fargate.FargateEnvironment")
        ],
        note="A queue may name an INVALID environment from the start: it was VALID when it was attached",
    ),
    Row(
        id="4.3c",
        rule="An environment that cannot offer what a job needs is passed over for the next",
        source='User Guide, "Compute environments"',
        where="batchsim/engine/ec2.py Ec2Environment.serves",
        tests=f"{PLACES}::test_an_environment_that_is_disabled_or_too_small_is_passed_over",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.ec2.Ec2Environment.serves", lambda *_: True),
    ),
    Row(
        id="4.3d",
        rule="On Fargate the operating system and the architecture must fit, too",
        source="API, RuntimePlatform",
        where="batchsim/engine/fargate.py FargateEnvironment.takes",
        tests=f"{SPILL}::test_every_fargate_environment_takes_tasks_of_both_architectures",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.fargate.FargateEnvironment.place", lambda *_: 0),
        note="Every Fargate environment has both architectures; Windows, which Fargate Spot does not have, is row 6.1d",
    ),
    Row(
        id="4.3e",
        rule="Room is also what an environment may still grow by: the job waits there, though the next one has room",
        source="not documented",
        where="batchsim/engine/ec2.py Ec2Environment.serves",
        tests=f"{PLACES}::test_a_head_waits_for_growth_and_boot_though_the_next_environment_has_room",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.ec2.Ec2Environment.serves", lambda *_: False),
        note="A choice; world.hol_scope lets the jobs behind it go on to the next one",
    ),
    Row(
        id="4.3f",
        rule="At maxvCpus jobs go on to the next environment",
        source='User Guide, "Compute environments"',
        where="batchsim/engine/ec2.py Ec2Environment._has_headroom",
        tests=f"{SPILL}::test_growth_goes_on_to_the_next_environment_where_maxvcpus_end_it",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.ec2.Ec2Environment._has_headroom", lambda *_: True),
    ),
    Row(
        id="4.3g",
        rule="How long jobs go on to the next environment after a capacity error",
        source="not documented",
        where="batchsim/engine/launch.py Launcher.back_off",
        tests={
            "180s": f"{SPILL}::test_a_pool_without_capacity_is_left_alone_for[180s-182]",
            "30s": f"{SPILL}::test_a_pool_without_capacity_is_left_alone_for[30s-32]",
        },
        status="parameter",
        key="ce_backoff",
    ),
    Row(
        id="4.3h",
        rule="Where the account's vCPU quota is used up, jobs go on to an environment that it does not bind",
        source="not documented",
        where="batchsim/engine/ec2_offers.py Ec2Offers.is_open",
        tests="tests/behaviour/test_vcpu_quotas.py::test_a_queue_at_the_quota_spills_over_to_its_next_environment",
        status="modelled",
        breaks=always("ec2_vcpu_quota", "unlimited"),
        note="A quota counts as room to grow that is used up, as maxvCpus do",
    ),
    Row(
        id="B16",
        rule="Cycles go by priority, stop nothing that runs, and go on to the next queue where a head does not fit",
        source="API, JobQueueDetail",
        where="batchsim/engine/scheduler.py Scheduler.run_pass",
        tests=f"{QUEUES}::test_a_head_without_room_lets_the_next_queue_go",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.scheduler.Scheduler._must_look", no_higher_head_waits),
    ),
    Row(
        id="B20",
        rule="Environments are tried in ascending order, and after a capacity error the next serves for a while",
        source='User Guide, "Compute environments"',
        where="batchsim/engine/launch.py Launcher.back_off; batchsim/engine/overtaking.py try_in_order",
        tests=f"{SPILL}::test_capacity_errors_send_jobs_down_the_order_for_the_back_off_and_no_longer",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.launch.Launcher._reopen", lambda *_: None),
        note="How long is a choice: world.ce_backoff, by pool",
    ),
    Row(
        id="B45",
        rule="What is DISABLED takes nothing new, and what it has goes on to its end",
        source="API, UpdateComputeEnvironment and UpdateJobQueue",
        where="batchsim/engine/ec2.py Ec2Environment.takes; batchsim/engine/arrivals.py Arrivals._call",
        tests=(
            f"{PLACES}::test_a_disabled_environment_takes_and_launches_nothing_but_what_runs_goes_on",
            f"{QUEUES}::test_a_disabled_queue_takes_no_jobs_but_those_in_it_still_run",
        ),
        status="exact",
        breaks=lambda patch: [
            stays(f"batchsim.engine.{each}.enabled")(patch) for each in ("ec2.Ec2Environment", "job_queue.JobQueue")
        ],
    ),
    Row(
        id="V7",
        rule="A head of priority 10 that wants 8 vCPUs of 4 lets one of priority 1, which wants 4, start in this cycle",
        source="API, JobQueueDetail",
        where="batchsim/engine/scheduler.py Scheduler.run_pass",
        tests=(
            "tests/golden/test_golden_vectors.py"
            "::test_vector_7_a_lower_queue_starts_in_the_cycle_in_which_a_higher_head_does_not_fit"
        ),
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.scheduler.Scheduler._must_look", no_higher_head_waits),
    ),
]
