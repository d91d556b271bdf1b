"""Rows of the table of behaviours: consumable resources (User Guide, "Resource-aware scheduling")."""

from fidelity_rows import Row

from batchsim.engine.fargate import FargateEnvironment
from batchsim.engine.plan import ConsumablePlan

STORIES = "tests/behaviour/test_consumables.py"
CHANGES = "tests/behaviour/test_timed_changes.py"
ROOM = "batchsim/engine/consumables.py"
COUNTERS = "batchsim.engine.consumables.Consumables"
PAGE = "User Guide, Resource-aware scheduling (how to for jobs)"


def _never_short(_, low, high):
    return high - low


ROWS = [
    Row(
        id="B15",
        rule="Consumable resources are checked at the head of the queue and locked from STARTING to the end",
        source=PAGE,
        where=f"{ROOM} Consumables",
        status="exact",
        tests=(
            f"{STORIES}::test_a_head_that_finds_none_left_waits_though_there_is_room",
            f"{STORIES}::test_resources_are_shared_by_all_queues",
        ),
        breaks=lambda patch: patch.setattr(f"{COUNTERS}.permitted", _never_short),
    ),
    Row(
        id="3.6a",
        rule="A resource is REPLENISHABLE by default and comes back when the job that took it ends",
        source="API, CreateConsumableResource",
        where=f"{ROOM} Consumables.attempt_ended",
        status="exact",
        tests=(
            f"{STORIES}::test_a_head_that_finds_none_left_waits_though_there_is_room",
            f"{STORIES}::test_whatever_ends_an_attempt_gives_it_back",
        ),
        breaks=lambda patch: patch.setattr(f"{COUNTERS}.attempt_ended", lambda *_: None),
    ),
    Row(
        id="3.6b",
        rule="What is NON_REPLENISHABLE is consumed for good",
        source="API, CreateConsumableResource",
        where="batchsim/engine/plan.py ConsumablePlan",
        status="exact",
        tests=(
            f"{STORIES}::test_what_is_not_replenishable_never_comes_back",
            f"{STORIES}::test_of_what_is_used_up_a_retry_takes_another",
        ),
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.compile.ConsumablePlan",
            lambda name, total, _: ConsumablePlan(name, total, is_returned=True),
        ),
    ),
    Row(
        id="3.6c",
        rule="A job takes at most five resources",
        source=PAGE,
        where="batchsim/spec/checks/consumables.py MAX_CONSUMABLES",
        status="exact",
        tests=f"{STORIES}::test_a_job_takes_five_resources_at_most",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.consumables.MAX_CONSUMABLES", 50),
    ),
    Row(
        id="3.6d",
        rule="A head that finds a resource short waits in RUNNABLE and blocks its queue",
        source=PAGE,
        where=f"{ROOM} Consumables.permitted",
        status="exact",
        tests=(
            f"{STORIES}::test_and_blocks_those_behind_it_that_need_none",
            f"{STORIES}::test_but_not_another_queue",
            f"{STORIES}::test_the_timeline_says_what_it_waits_for",
        ),
        breaks=lambda patch: patch.setattr(f"{COUNTERS}.permitted", _never_short),
    ),
    Row(
        id="3.6e",
        rule="A resource is locked from STARTING on",
        source=PAGE,
        where=f"{ROOM} Consumables.take",
        status="exact",
        tests=(
            f"{STORIES}::test_it_is_held_while_the_container_starts",
            f"{STORIES}::test_a_job_takes_all_that_it_needs_or_nothing",
        ),
        breaks=lambda patch: patch.setattr(f"{COUNTERS}.take", lambda *_: None),
    ),
    Row(
        id="3.6f",
        rule="Whether a retried job keeps its resources while it waits in RUNNABLE",
        source="not documented",
        where=f"{ROOM} Consumables.job_ended",
        status="parameter",
        key="consumable_hold",
        tests={
            "attempt": f"{STORIES}::test_a_retry_gives_it_back_while_it_waits_and_takes_it_again",
            "job": f"{STORIES}::test_or_the_job_keeps_it_to_its_end",
        },
    ),
    Row(
        id="3.6g",
        rule="Array jobs and Fargate jobs take them too",
        source="User Guide, Resource-aware scheduling",
        where=f"{ROOM} RationedFargateEnvironment; {ROOM} RationedEc2Environment",
        status="exact",
        tests=f"{STORIES}::test_fargate_tasks_wait_for_them_too",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.consumables.RationedFargateEnvironment.place", FargateEnvironment.place, raising=False
        ),
    ),
    Row(
        id="3.6h",
        rule="Of an array as many children start as there are resources for",
        source="User Guide, Resource-aware scheduling",
        where=f"{ROOM} Consumables.permitted",
        status="exact",
        tests=f"{STORIES}::test_as_many_children_of_an_array_start_as_there_are_resources_for",
        breaks=lambda patch: patch.setattr(f"{COUNTERS}.permitted", _never_short),
    ),
    Row(
        id="3.6i",
        rule="A job's request may name other resources than its definition",
        source="API, SubmitJob (consumableResourcePropertiesOverride)",
        where="batchsim/spec/effective.py resolve",
        status="exact",
        tests=f"{STORIES}::test_a_request_may_ask_for_other_resources_than_its_definition",
        breaks=lambda patch: patch.setattr(
            "batchsim.spec.effective._consumables",
            lambda definition, _: (("licence", 1),) if definition.consumableResourceProperties else (),
        ),
    ),
    Row(
        id="3.6j",
        rule="Jobs that are short of a resource ask for no capacity",
        source="not documented; AWS says that resource-aware scheduling avoids idle capacity",
        where=f"{ROOM} Ledger.grant",
        status="modelled",
        tests=f"{STORIES}::test_a_waiting_head_asks_for_no_instances",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.consumables.Ledger.grant", lambda self, want, low, count: count
        ),
        note="demand is counted up to the first job of a queue that is short",
    ),
    Row(
        id="3.6k",
        rule="UpdateConsumableResource sets a total, adds to it or removes from it while jobs wait and run",
        source="API, UpdateConsumableResource",
        where=f"{ROOM} Consumables.set_total; batchsim/engine/engine.py Engine.add_to_total",
        status="exact",
        tests=(
            f"{CHANGES}::test_more_of_a_resource_lets_waiting_jobs_start_at_once",
            f"{CHANGES}::test_less_of_it_takes_nothing_away",
            f"{CHANGES}::test_it_changes_by_so_much_too",
        ),
        breaks=lambda patch: patch.setattr(f"{COUNTERS}.set_total", lambda *_: None),
    ),
]
