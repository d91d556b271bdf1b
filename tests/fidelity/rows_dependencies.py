"""Rows of the table of behaviours: dependencies (User Guide, "Job dependencies")."""

from fidelity_rows import Row
from mutations import around, entries

from batchsim.engine.dependencies import Dependencies
from batchsim.engine.job_table import JobTable
from batchsim.engine.submit_job import SubmitJob
from batchsim.engine.workload.plans import DependencyKind

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


def never_released(method, self, submission, parent, kind):
    """What ended before a submission is not looked at."""


def late_parents_are_forgiven(method, self, submission, parent, kind):
    """A parent that has failed before the submission counts as one that succeeded."""
    failed = self._submissions.failed[parent]
    self._submissions.failed[parent] = 0
    method(self, submission, parent, kind)
    self._submissions.failed[parent] = failed


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
        id="B14",
        rule="N_TO_N pairs the children of two arrays by index, SEQUENTIAL chains those of one; each acts on success",
        source=ARRAYS,
        where=f"{MEND}_decide_child",
        tests=(f"{DEPENDENCIES}::test_n_to_n_pairs_children", f"{DEPENDENCIES}::test_sequential_and_n_to_n_both_apply"),
        status="exact",
        breaks=kinds(lambda kind: DependencyKind.PLAIN),
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
        where="batchsim/analysis/tables.py attempts_columns",
        tests=f"{DEPENDENCIES}::test_what_a_container_finds_in_its_environment_stands_in_the_tables",
        status="modelled",
        breaks=around(
            JobTable, "extend", lambda method, self, call, index, *rest: method(self, call, index + 1, *rest)
        ),
        note="What runs in a container is not simulated; the same facts are columns of the tables",
    ),
]
