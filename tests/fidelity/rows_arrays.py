"""Rows of the table of behaviours: arrays (User Guide, "Array jobs")."""

from fidelity_rows import Row
from mutations import around, unchecked

from batchsim.engine.arrivals import Arrivals
from batchsim.engine.job_table import JobTable
from batchsim.engine.lifecycle import Lifecycle
from batchsim.formats.events_jsonl import Writer

DEPENDENCIES = "tests/behaviour/test_dependencies.py"
GOLDEN = "tests/golden/test_golden_vectors.py"
ARRAYS = "User Guide, Array jobs (array_jobs)"
SUBMIT = "API, SubmitJob"


def as_the_last_child(_, self, submission, state, status_reason):
    """An array ends like its last child."""
    self._submissions.state[submission] = state
    self._submissions.status_reason[submission] = status_reason
    self._submissions.ended_at[submission] = self._kernel.now_ms


def one_call_a_child(method, self, submission):
    """Every child of an array is a call of its own for the rate of submissions."""
    method(self, submission)
    if self._bucket is not None:
        self._bucket.take(self._submissions.size[submission] - 1)


def backwards(patch):
    """Children are released one by one, and stand in line from the last to the first."""
    one_by_one = around(
        Lifecycle, "release", lambda method, self, low, high: [method(self, row, row + 1) for row in range(low, high)]
    )
    one_by_one(patch)
    patch.setattr("batchsim.engine.lifecycle.fifo_key", lambda order, created, runnable, row: (created, -row, row))


def told(change):
    """Events of array parents told otherwise."""

    def tell(method, self, *given):
        event = method(self, *given)
        change(event["detail"])
        return event

    return around(Writer, "parent_event", tell)


ROWS = [
    Row(
        id="B13",
        rule=(
            "An array is PENDING while a child lives and ends with its last child: FAILED if any failed, else SUCCEEDED"
        ),
        source=ARRAYS,
        where="batchsim/engine/lifecycle.py Lifecycle.end_submission",
        tests=f"{DEPENDENCIES}::test_a_failed_child_does_not_stop_its_siblings",
        status="exact",
        breaks=around(Lifecycle, "end_submission", as_the_last_child),
    ),
    Row(
        id="V5",
        rule="In an array of 3 whose second child fails, the array is FAILED when the last child ends, not before",
        source=ARRAYS,
        where="batchsim/engine/lifecycle.py Lifecycle.end_submission",
        tests=(
            f"{GOLDEN}::test_vector_5_an_array_with_a_failed_child_fails_when_its_last_child_ends",
            f"{DEPENDENCIES}::test_a_parents_summary_counts_its_children_by_state",
        ),
        status="exact",
        breaks=around(Lifecycle, "end_submission", as_the_last_child),
    ),
    Row(
        id="3.2a",
        rule="An array has 2 to 10,000 children",
        source=SUBMIT,
        where="batchsim/spec/jobs.py ArrayProperties",
        tests=f"{DEPENDENCIES}::test_an_array_has_2_to_10_000_children",
        status="exact",
        breaks=unchecked("E129"),
    ),
    Row(
        id="3.2b",
        rule="An array is one call of SubmitJob, whatever its size",
        source=ARRAYS,
        where="batchsim/engine/arrivals.py Arrivals._call",
        tests=f"{DEPENDENCIES}::test_an_array_is_one_call_however_large",
        status="exact",
        breaks=around(Arrivals, "_call", one_call_a_child),
    ),
    Row(
        id="3.2c",
        rule="A child's id is its parent's, a colon and its index, from 0",
        source=ARRAYS,
        where="batchsim/records/identifiers.py job_id",
        tests=f"{DEPENDENCIES}::test_children_are_named_after_their_array_and_counted_from_0",
        status="exact",
        breaks=around(
            JobTable, "extend", lambda method, self, call, index, *rest: method(self, call, index + 1, *rest)
        ),
    ),
    Row(
        id="3.2d",
        rule="An array itself is only SUBMITTED, PENDING, SUCCEEDED or FAILED: PENDING while children run",
        source="User Guide, Job states (job_states)",
        where="batchsim/formats/state_changes.py state_changes",
        tests=f"{DEPENDENCIES}::test_an_array_is_pending_and_then_what_its_children_made_of_it",
        status="exact",
        breaks=told(lambda detail: detail.update(status=detail["status"].replace("PENDING", "RUNNING"))),
    ),
    Row(
        id="3.2e",
        rule="An array SUCCEEDED when all children have, and is FAILED when all have ended and any has failed",
        source=ARRAYS,
        where="batchsim/engine/lifecycle.py Lifecycle.end_submission",
        tests=f"{DEPENDENCIES}::test_n_to_n_fails_only_the_child_whose_parent_failed",
        status="exact",
        breaks=around(Lifecycle, "end_submission", as_the_last_child),
    ),
    Row(
        id="3.2f",
        rule="The parent's statusSummary counts its children by state, as they were when it was last refreshed",
        source="API, ArrayPropertiesDetail; how often is not documented",
        where="batchsim/formats/events_jsonl.py events",
        tests={
            "0s": f"{DEPENDENCIES}::test_a_parents_summary_may_lag_behind[0s]",
            "30s": f"{DEPENDENCIES}::test_a_parents_summary_may_lag_behind[30s]",
        },
        status="parameter",
        key="status_summary_lag",
        note="In the event of the array's end",
    ),
    Row(
        id="3.2g",
        rule="Retries, timeouts and resources are each child's own",
        source=ARRAYS,
        where="batchsim/engine/lifecycle.py Lifecycle._is_retried",
        tests=f"{DEPENDENCIES}::test_every_child_has_its_own_tries",
        status="exact",
        breaks=around(
            Lifecycle,
            "_used",
            lambda used, self, job, outcome: 9 if self._jobs.array_index[job] >= 0 else used(self, job, outcome),
        ),
    ),
    Row(
        id="3.2h",
        rule="Children are dispatched by index",
        source="not documented",
        where="batchsim/policies/ordering.py fifo_key",
        tests=f"{DEPENDENCIES}::test_children_start_in_the_order_of_their_index",
        status="modelled",
        breaks=backwards,
        note="The order that everybody expects; no other can be asked for",
    ),
    Row(
        id="3.2i",
        rule="All children of an array stand in a FIFO queue where their parent was submitted",
        source="not documented; API, FrontOfQueueDetail orders by submission",
        where="batchsim/policies/ordering.py fifo_key",
        tests=f"{DEPENDENCIES}::test_a_whole_array_stands_where_it_was_submitted",
        status="modelled",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.lifecycle.fifo_key", lambda order, created, runnable, row: (-created, 0, row)
        ),
        note="With `fifo_order: runnable`, where they became RUNNABLE",
    ),
]
