"""Rows of the table of behaviours: dependencies and arrays (User Guide, "Job dependencies" and "Array jobs")."""

from fidelity_rows import Row
from mutations import around, entries, unchecked

from batchsim.engine.arrivals import Arrivals
from batchsim.engine.dependencies import Dependencies
from batchsim.engine.job_table import JobTable
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.workload.plans import DependencyKind
from batchsim.formats.events_jsonl import _Writer

DEPENDENCIES = "tests/behaviour/test_dependencies.py"
GOLDEN = "tests/golden/test_golden_vectors.py"
GUIDE = "User Guide, Job dependencies (job_dependencies)"
ARRAYS = "User Guide, Array jobs (array_jobs)"
EXAMPLE = "User Guide, Example array job workflow (example_array_job)"
SUBMIT = "API, SubmitJob"
MEND = "batchsim/engine/dependencies.py Dependencies."


def kinds(change):
    """Every dependency taken for one of ``change(kind)``."""

    def of_a_call(method, self, submission):
        return ((parent, int(change(kind))) for parent, kind in method(self, submission))

    return around(SubmitJob, "_parents", of_a_call)


def failed_or_not(_, self, submission, __):
    """The end of a parent is enough, even if it failed."""
    self._submissions.unmet[submission] -= 1
    self._release(submission)


def as_the_last_child(_, self, submission, state, status_reason):
    """An array ends like its last child."""
    self._submissions.state[submission] = state
    self._submissions.status_reason[submission] = status_reason
    self._submissions.ended_at[submission] = self._kernel.now_ms


def never_released(method, self, submission, parent, kind):
    """What ended before a submission is not looked at."""


def late_parents_are_forgiven(method, self, submission, parent, kind):
    """A parent that has failed before the submission counts as one that succeeded."""
    failed = self._submissions.failed[parent]
    self._submissions.failed[parent] = 0
    method(self, submission, parent, kind)
    self._submissions.failed[parent] = failed


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

    return around(_Writer, "parent_event", tell)


ROWS = [
    Row(
        id="B12",
        rule="A job whose dependency failed is FAILED at once, and so is all that waits for it, down the graph",
        source=GUIDE,
        where=f"{MEND}_decide_plain",
        tests={
            "0s": f"{DEPENDENCIES}::test_failures_go_down_the_graph_at_once_or_as_a_what_if_step_by_step[0s]",
            "30s": f"{DEPENDENCIES}::test_failures_go_down_the_graph_at_once_or_as_a_what_if_step_by_step[30s]",
        },
        status="parameter",
        key="dep_fail_delay",
    ),
    Row(
        id="B13",
        rule=(
            "An array is PENDING while a child lives and ends with its last child: FAILED if any failed, else SUCCEEDED"
        ),
        source=ARRAYS,
        where="batchsim/engine/lifecycle.py Lifecycle._end_submission",
        tests=f"{DEPENDENCIES}::test_a_failed_child_does_not_stop_its_siblings",
        status="exact",
        breaks=around(Lifecycle, "_end_submission", as_the_last_child),
    ),
    Row(
        id="B14",
        rule="N_TO_N pairs the children of two arrays by index, SEQUENTIAL chains those of one; each acts on success",
        source=ARRAYS,
        where=f"{MEND}_decide_child",
        tests=(f"{DEPENDENCIES}::test_n_to_n_pairs_children", f"{DEPENDENCIES}::test_sequential_and_n_to_n_both_apply"),
        status="exact",
        breaks=kinds(lambda kind: DependencyKind.PLAIN),
    ),
    Row(
        id="V5",
        rule="In an array of 3 whose second child fails, the array is FAILED when the last child ends, not before",
        source=ARRAYS,
        where="batchsim/engine/lifecycle.py Lifecycle._end_submission",
        tests=(
            f"{GOLDEN}::test_vector_5_an_array_with_a_failed_child_fails_when_its_last_child_ends",
            f"{DEPENDENCIES}::test_a_parents_summary_counts_its_children_by_state",
        ),
        status="exact",
        breaks=around(Lifecycle, "_end_submission", as_the_last_child),
    ),
    Row(
        id="V6",
        rule=(
            "In a SEQUENTIAL array of 4 whose second child fails, the last two are FAILED with 'Dependent Job "
            "failed' and were never RUNNABLE"
        ),
        source=ARRAYS,
        where=f"{MEND}_decide_child",
        tests=f"{GOLDEN}::test_vector_6_a_failed_child_of_a_sequential_array_fails_all_after_it",
        status="exact",
        breaks=around(Dependencies, "_has_succeeded", lambda method, self, job: True),
    ),
    Row(
        id="3.1a",
        rule="A job has at most 20 dependencies",
        source=f"{SUBMIT}; User Guide, Service quotas (service_limits)",
        where="batchsim/spec/checks/dependencies.py MAX_DEPENDENCIES",
        tests=f"{DEPENDENCIES}::test_a_job_has_twenty_dependencies_at_most",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.dependencies.MAX_DEPENDENCIES", 21),
    ),
    Row(
        id="3.1b",
        rule="The only condition is success: a job waits until all that it depends on has SUCCEEDED",
        source=GUIDE,
        where=f"{MEND}_decide_plain",
        tests=f"{DEPENDENCIES}::test_a_job_waits_for_all_that_it_needs",
        status="exact",
        breaks=around(SubmitJob, "_parents", lambda *_: iter(())),
    ),
    Row(
        id="3.1c",
        rule="A dependency without a type means after success, and no type means after any end",
        source="API, ArrayJobDependency",
        where="batchsim/spec/jobs.py JobDependency",
        tests=f"{DEPENDENCIES}::test_the_word_after_success_means_an_untyped_dependency_and_after_any_does_not_exist",
        status="exact",
        breaks=around(Dependencies, "_decide_plain", failed_or_not),
        note="The word AFTER_SUCCESS, which AWS does not know, is taken as no type",
    ),
    Row(
        id="3.1d",
        rule="A failed dependency is enough, whatever the others do",
        source=GUIDE,
        where=f"{MEND}_decide_plain",
        tests=f"{DEPENDENCIES}::test_one_failed_parent_is_enough_whatever_the_others_do",
        status="exact",
        breaks=around(Dependencies, "_decide_plain", failed_or_not),
    ),
    Row(
        id="3.1e",
        rule="Dependencies may cross queues",
        source="API, JobQueueDetail (priority)",
        where="batchsim/engine/submit_job.py SubmitJob",
        tests=f"{DEPENDENCIES}::test_dependencies_cross_queues",
        status="exact",
        breaks=around(SubmitJob, "_parents", lambda *_: iter(())),
    ),
    Row(
        id="3.1f",
        rule="Nobody can wait for himself: a job id exists only after its submission",
        source=SUBMIT,
        where="batchsim/spec/checks/dependencies.py check_cycles",
        tests=f"{DEPENDENCIES}::test_nobody_can_wait_for_himself",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.dependencies._circle", lambda *_: iter(())),
    ),
    Row(
        id="3.1g",
        rule="A dependency that has SUCCEEDED before the submission is met",
        source="not documented",
        where=f"{MEND}_catch_up",
        tests=f"{DEPENDENCIES}::test_a_parent_that_has_succeeded_is_no_reason_to_wait",
        status="modelled",
        breaks=around(Dependencies, "_catch_up", never_released),
        note="Any other reading would keep the job PENDING for ever",
    ),
    Row(
        id="3.1h",
        rule="A job that depends on one that has FAILED before is FAILED when it is submitted",
        source="not documented",
        where=f"{MEND}_catch_up",
        tests=f"{DEPENDENCIES}::test_a_parent_that_has_failed_fails_the_job_at_once",
        status="modelled",
        breaks=around(Dependencies, "_catch_up", late_parents_are_forgiven),
        note="As if it had been submitted before the failure",
    ),
    Row(
        id="3.1i",
        rule="A submission that depends on an unknown id is refused",
        source="not documented",
        where="batchsim/spec/checks/dependencies.py unknown_entry",
        tests=f"{DEPENDENCIES}::test_a_dependency_on_nobody_is_refused",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.dependencies.unknown_entry", lambda *_: iter(())),
        note="Ids do not expire",
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
        where="batchsim/engine/lifecycle.py Lifecycle._end_submission",
        tests=f"{DEPENDENCIES}::test_n_to_n_fails_only_the_child_whose_parent_failed",
        status="exact",
        breaks=around(Lifecycle, "_end_submission", as_the_last_child),
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
    Row(
        id="3.3a",
        rule="A job that depends on an array waits until the whole array has SUCCEEDED",
        source=f"{EXAMPLE}, JobE",
        where=f"{MEND}_decide_plain",
        tests=(
            f"{DEPENDENCIES}::test_a_job_waits_for_a_whole_array",
            f"{DEPENDENCIES}::test_every_child_waits_for_a_whole_array",
        ),
        status="exact",
        breaks=around(SubmitJob, "_parents", lambda *_: iter(())),
    ),
    Row(
        id="3.3b",
        rule="Every child of an array waits for a single job that the array depends on",
        source=f"{EXAMPLE}, JobB",
        where=f"{MEND}_decide_plain",
        tests=f"{DEPENDENCIES}::test_every_child_waits_for_a_job",
        status="exact",
        breaks=around(SubmitJob, "_parents", lambda *_: iter(())),
    ),
    Row(
        id="3.3c",
        rule="With N_TO_N child i waits for the other array's child i alone",
        source=ARRAYS,
        where=f"{MEND}_decide_child",
        tests=f"{DEPENDENCIES}::test_n_to_n_pairs_children",
        status="exact",
        breaks=kinds(lambda kind: DependencyKind.PLAIN),
    ),
    Row(
        id="3.3d",
        rule="With SEQUENTIAL child i waits for child i-1 of its own array",
        source=ARRAYS,
        where=f"{MEND}_watch_sequence",
        tests=f"{DEPENDENCIES}::test_sequential_children_follow_one_another",
        status="exact",
        breaks=entries(sequential=lambda given: False),
    ),
    Row(
        id="3.3e",
        rule="A plain and a SEQUENTIAL dependency of one array both apply",
        source=f"{EXAMPLE}, JobD",
        where=f"{MEND}admit",
        tests=f"{DEPENDENCIES}::test_sequential_after_a_job_both_apply",
        status="exact",
        breaks=entries(sequential=lambda given: False),
    ),
    Row(
        id="3.3f",
        rule="With N_TO_N a failed child fails its counterpart alone, and so, at the end, the other array",
        source=ARRAYS,
        where=f"{MEND}_decide_child",
        tests=f"{DEPENDENCIES}::test_n_to_n_fails_only_the_child_whose_parent_failed",
        status="exact",
        breaks=kinds(lambda kind: DependencyKind.PLAIN),
    ),
    Row(
        id="3.3g",
        rule="With SEQUENTIAL a failed child fails all after it",
        source=ARRAYS,
        where=f"{MEND}_decide_child",
        tests=f"{DEPENDENCIES}::test_a_failed_child_of_a_sequence_fails_the_rest_at_once_and_what_waits_for_it",
        status="exact",
        breaks=around(Dependencies, "_has_succeeded", lambda method, self, job: True),
    ),
    Row(
        id="3.3h",
        rule="N_TO_N between arrays of different sizes, or with a single job, is refused",
        source="not documented",
        where="batchsim/spec/checks/dependencies.py check_dependencies",
        tests=f"{DEPENDENCIES}::test_n_to_n_is_refused_unless_both_are_arrays_of_one_size",
        status="modelled",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.dependencies._index_by_index", lambda *_: iter(())),
        note="There would be children without a counterpart",
    ),
    Row(
        id="3.4a",
        rule=(
            "A container finds its job's id, attempt, queue, environment and array index in its environment "
            "(AWS_BATCH_JOB_ID and so on)"
        ),
        source="User Guide, Job environment variables (job_env_vars)",
        where="batchsim/analysis/tables.py attempts_table",
        tests=f"{DEPENDENCIES}::test_what_a_container_finds_in_its_environment_stands_in_the_tables",
        status="modelled",
        breaks=around(
            JobTable, "extend", lambda method, self, call, index, *rest: method(self, call, index + 1, *rest)
        ),
        note="What runs in a container is not simulated; the same facts are columns of the tables",
    ),
]
