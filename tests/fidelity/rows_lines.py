"""Rows of the table of behaviours: the order within a queue, and heads that do not fit (User Guide, "Job queues")."""

from fidelity_rows import Row

QUEUES = "tests/behaviour/test_queues.py"
LINE = "tests/behaviour/test_head_of_line.py"
BACKFILL = "tests/behaviour/test_backfill.py"


def a_second_later(jobs, low, high, now_ms):
    """Be RUNNABLE a second after the fact."""
    for row in range(low, high):
        jobs.state[row], jobs.runnable_at[row], jobs.waiting_since[row] = 3, now_ms + 1000, now_ms + 1000


ROWS = [
    Row(
        id="4.4a",
        rule="By what a FIFO queue is ordered: submission",
        source="API, FrontOfQueueDetail",
        where="batchsim/policies/ordering.py fifo_key",
        tests={
            "submitted": f"{QUEUES}::test_fifo_goes_by_submission_or_as_a_what_if_by_runnable[submitted-expected0]",
            "runnable": f"{QUEUES}::test_fifo_goes_by_submission_or_as_a_what_if_by_runnable[runnable-expected1]",
        },
        status="parameter",
        key="fifo_order",
    ),
    Row(
        id="4.4b",
        rule="Where a retried job joins its queue: at the front",
        source='User Guide, "Best practices"',
        where="batchsim/policies/ordering.py retry_key",
        tests={
            "front": f"{QUEUES}::test_retried_jobs_at_the_front_stand_among_themselves_by_submission",
            "original": f"{QUEUES}::test_a_retried_job_that_keeps_its_place_stands_before_what_was_submitted_after_it",
            "back": f"{QUEUES}::test_a_retried_job_at_the_back_stands_behind_all_that_were_runnable_before",
        },
        status="parameter",
        key="retry_position",
    ),
    Row(
        id="4.4c",
        rule="A head that does not fit blocks its queue, and cancelling it lets the next job advance",
        source='User Guide, "Jobs stuck in a RUNNABLE status"',
        where="batchsim/engine/job_queue.py JobQueue.cancel",
        tests=f"{QUEUES}::test_cancelling_the_head_lets_the_next_job_advance",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.job_queue.JobQueue.cancel", lambda *_: None),
    ),
    Row(
        id="4.4d",
        rule="Nobody starts past a head because it would not be delayed",
        source='User Guide, "Jobs stuck in a RUNNABLE status"',
        where="batchsim/engine/backfill.py Backfill",
        tests={
            "none": f"{BACKFILL}::test_none_passes_where_nothing_is_backfilled",
            "aggressive": f"{BACKFILL}::test_aggressive_backfilling_may_delay_the_second_in_line",
            "conservative": f"{BACKFILL}::test_conservative_backfilling_does_not_delay_the_second_in_line",
        },
        status="parameter",
        key="backfill",
    ),
    Row(
        id="4.4e",
        rule="Whether a head that waits, be it for a boot, holds its whole queue",
        source="not documented",
        where="batchsim/engine/overtaking.py Elsewhere",
        tests={
            "queue": f"{LINE}::test_jobs_behind_a_head_that_boots_wait_though_another_environment_has_room",
            "ce": f"{LINE}::test_a_head_may_hold_just_the_environment_that_it_waits_for",
        },
        status="parameter",
        key="hol_scope",
    ),
    Row(
        id="4.4f",
        rule="schedulingPriority and share identifiers have no effect in a FIFO queue",
        source="API, SubmitJob",
        where="batchsim/policies/ordering.py fifo_key",
        tests=f"{QUEUES}::test_scheduling_priorities_have_no_effect_in_a_fifo_queue",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.lifecycle.fifo_key", lambda order, created, runnable, row: (created, -row, row)
        ),
    ),
    Row(
        id="4.8a",
        rule="A snapshot of a queue lists the first 100 RUNNABLE jobs in the order in which they will be dispatched",
        source="API, GetJobQueueSnapshot",
        where="batchsim/engine/snapshot.py FRONT; batchsim/engine/job_queue.py first_rows",
        tests=f"{LINE}::test_a_snapshot_lists_the_first_hundred_jobs_in_line",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.snapshot.FRONT", 99),
    ),
    Row(
        id="B2",
        rule="An accepted job without dependencies is RUNNABLE in the same instant",
        source='User Guide, "AWS Batch events"',
        where="batchsim/engine/submit_job.py SubmitJob.accept",
        tests=f"{QUEUES}::test_an_accepted_job_is_runnable_in_the_same_instant",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.engine.job_table.JobTable.set_runnable", a_second_later),
        note="AWS shows the same second in its sample; here it takes no time",
    ),
    Row(
        id="B7",
        rule="Where a retried job joins its queue: at the front",
        source='User Guide, "Best practices"',
        where="batchsim/policies/ordering.py retry_key",
        tests={
            "front": f"{QUEUES}::test_a_retried_job_goes_to_the[front-expected0]",
            "original": f"{QUEUES}::test_a_retried_job_goes_to_the[original-expected1]",
            "back": f"{QUEUES}::test_a_retried_job_goes_to_the[back-expected2]",
        },
        status="parameter",
        key="retry_position",
    ),
    Row(
        id="B8",
        rule="How long a failed attempt's job takes to be RUNNABLE again",
        source="not documented",
        where="batchsim/engine/lifecycle.py Lifecycle.settle_attempt",
        tests={
            "0s": f"{QUEUES}::test_without_a_delay_a_job_is_retried_in_the_instant_in_which_it_failed",
            "30s": f"{QUEUES}::test_a_retry_delay_is_no_wait",
        },
        status="parameter",
        key="retry_delay",
    ),
    Row(
        id="B17",
        rule="A FIFO queue is strict: a head that does not fit holds all jobs behind it",
        source='User Guide, "Jobs stuck in a RUNNABLE status"',
        where="batchsim/engine/scheduler.py Scheduler._serve; batchsim/engine/overtaking.py Skipping",
        tests={
            "strict": f"{LINE}::test_a_head_that_does_not_fit_holds_all_that_stand_behind_it",
            "skip": f"{LINE}::test_where_heads_are_skipped_every_job_that_fits_starts",
        },
        status="parameter",
        key="head_of_line",
    ),
]
