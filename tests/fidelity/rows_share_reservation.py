"""Rows of the table of behaviours: what a fair-share queue reserves, and active shares (API, FairsharePolicy)."""

from fidelity_rows import Row

from batchsim.engine.share_activity import ShareActivity
from batchsim.engine.share_demand import ShareDemand
from batchsim.engine.share_queue import ShareQueue
from batchsim.engine.share_submission import SubmitJobToShares
from batchsim.policies.fair_share import unreserved_milli

KEPT = "tests/behaviour/test_fair_share_reservation.py::"
GOLDEN = "tests/golden/test_golden_vectors.py::"
POLICY = "batchsim/policies/fair_share.py"
QUEUE = "batchsim/engine/share_queue.py"
API_POLICY, API_SHARE = "API, FairsharePolicy", "API, ShareAttributes"
GUIDE, IDS = 'User Guide, "Fair-share scheduling policies"', 'User Guide, "Share identifiers"'
NOT_DOCUMENTED = "not documented"


def _reserve_in_the_first_environment(patch):
    def room(queue):
        total = 1000 * queue.hosts[queue.environments[0]].max_vcpus
        return unreserved_milli(total, queue.shares.reservation, 1) - queue._used_milli

    patch.setattr(ShareQueue, "room_milli", room)


ROWS = [
    Row(
        id="V1",
        rule="Of 256 vCPUs at computeReservation 50 with 1, 2, 3 active shares, 128, 64 and 32 stay reserved",
        source=API_POLICY,
        where=f"{POLICY} unreserved_milli",
        tests=f"{GOLDEN}test_vector_1_half_of_256_vcpus_to_the_power_of_active_shares_is_reserved",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.share_queue.unreserved_milli", lambda total, reserved, _: total * (100 - reserved) // 100
        ),
    ),
    Row(
        id="4.6o",
        rule="Reserved is maxvCpus * (computeReservation/100) ** active shares",
        source=API_POLICY,
        where=f"{POLICY} unreserved_milli",
        tests=f"{KEPT}test_a_part_is_kept_free_that_shrinks_with_each_active_share",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.share_queue.unreserved_milli", lambda total, reserved, _: total * (100 - reserved) // 100
        ),
    ),
    Row(
        id="4.6p",
        rule="An UNMANAGED environment's base is unmanagedvCpus; without it nothing is reserved",
        source="API, CreateComputeEnvironment.unmanagedvCpus",
        where="batchsim/engine/share_plan.py share_plan",
        tests=f"{KEPT}test_of_an_unmanaged_environment_unmanaged_vcpus_are_the_base_and_without_them_nothing_is_reserved",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.share_plan._has_known_size", lambda scenario, queue: False),
    ),
    Row(
        id="4.6q",
        rule="A share is active from its first job's SUBMITTED on, a PENDING one included",
        source=GUIDE,
        where="batchsim/engine/share_submission.py SubmitJobToShares; batchsim/engine/share_activity.py ShareActivity",
        tests=f"{KEPT}test_a_share_is_active_from_submission_on_even_while_its_job_is_pending",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.engine.SubmitJobToShares", lambda *rooms: SubmitJobToShares(*rooms[:-1], lambda: None)
        ),
    ),
    Row(
        id="4.6r",
        rule="It becomes inactive when the decay period after its last job has passed",
        source=GUIDE,
        where="batchsim/engine/share_activity.py ShareActivity.ended",
        tests=f"{KEPT}test_a_share_stays_active_for_the_decay_window_after_its_last_job",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.share_queue.ShareActivity", lambda _: ShareActivity(0)),
    ),
    Row(
        id="4.6aa",
        rule="What is reserved is a part of the maxvCpus of all environments of the queue",
        source=f'{API_POLICY} ("available maximum vCPU"); which environments is not documented',
        where=f"{QUEUE} ShareQueue",
        tests=f"{KEPT}test_what_is_reserved_is_a_part_of_all_environments_of_the_queue",
        status="modelled",
        breaks=_reserve_in_the_first_environment,
        note="A choice: their sum, not each by itself; jobs of other queues do not count",
    ),
    Row(
        id="4.6ab",
        rule="A job starts only if what the queue's jobs hold and its own vCPUs leave the reserved part alone",
        source=NOT_DOCUMENTED,
        where=f"{POLICY} jobs_admitted",
        tests=f"{KEPT}test_whoever_waits_for_what_is_kept_waits_for_the_reservation",
        status="modelled",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.share_queue.jobs_admitted", lambda room_milli, vcpus_milli, jobs: jobs
        ),
        note="A choice: the simplest reading",
    ),
    Row(
        id="4.6ad",
        rule="Demand for capacity is what waits in the order of turns, as far as the reservation lets it start",
        source=NOT_DOCUMENTED,
        where="batchsim/engine/share_demand.py ShareDemand.runs",
        tests=f"{KEPT}test_jobs_that_the_reservation_keeps_from_starting_ask_for_no_capacity",
        status="modelled",
        breaks=lambda patch: patch.setattr(
            ShareDemand, "runs", lambda asks, most: ((None, *each) for each in sorted(asks._queue.by_shape.items()))
        ),
        note="A choice: else capacity that no job may use would come and go without end",
    ),
]
