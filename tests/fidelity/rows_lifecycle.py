"""Rows of the table of behaviours: job states, status reasons and timeouts (User Guide, "Job states")."""

import json

from fidelity_rows import Row, always
from mutations import around, entries, other_words, planned_end, retried_too, timeouts_from_starting

from batchsim.engine import vocabulary
from batchsim.engine.attempts import Attempts
from batchsim.engine.control import JobControl
from batchsim.engine.kernel import Rank
from batchsim.engine.lifecycle import Lifecycle
from batchsim.engine.vocabulary import Vocabulary
from batchsim.formats.event_lines import _Lines
from batchsim.formats.events_jsonl import line
from batchsim.records.vocabulary import JobState, Outcome
from batchsim.spec.effective import resolve

STATES = "tests/behaviour/test_job_states.py"
LIFECYCLE = "tests/behaviour/test_lifecycle.py"
STATES_PAGE = "User Guide, Job states (job_states)"
EVENTS_PAGE = "User Guide, AWS Batch events (batch_cwe_events)"
RETRIES_PAGE = "User Guide, Automated job retries (job_retries)"
TIMEOUT_PAGE = "User Guide, Job timeouts (job_timeouts)"
OBSERVED = "observed in logs that users publish"


def statuses_told(words):
    """Events tell other words for states."""

    def tell(method, self, *given):
        event = json.loads(method(self, *given))
        event["detail"]["status"] = words.get(event["detail"]["status"], event["detail"]["status"])
        return line(event)

    return around(_Lines, "job", tell)


def give_up_after_two_weeks(release, self, low, high):
    release(self, low, high)
    self._kernel.call_at(self._kernel.now_ms + 14 * 86_400_000, Rank.SETTLE, lambda _: self.fail(low, 1), low)


def no_success(interrupt, self, row, outcome, *how):
    """An answer to SIGTERM is a failure, whatever its exit code."""
    interrupt(self, row, Outcome.TERMINATED if outcome == Outcome.SUCCEEDED else outcome, *how)


def as_defined(scenario, submit):
    """What a request overrides is forgotten."""
    forgotten = dict.fromkeys(("retryStrategy", "timeout", "containerOverrides"))
    return resolve(scenario, submit.model_copy(update=forgotten))


ROWS = [
    Row(
        id="B1",
        rule=(
            "A job is SUBMITTED, PENDING, RUNNABLE, STARTING, RUNNING and at last SUCCEEDED or FAILED; a "
            "cancelled job is FAILED with a reason, for there is no state CANCELLED"
        ),
        source=STATES_PAGE,
        where="batchsim/engine/lifecycle.py Lifecycle",
        tests=(
            f"{STATES}::test_a_job_goes_through_awss_states_and_waits_in_pending_for_another",
            f"{STATES}::test_there_is_no_cancelled_state_but_failed_with_a_reason",
        ),
        status="exact",
        breaks=statuses_told({"STARTING": "SCHEDULED", "FAILED": "CANCELLED"}),
    ),
    Row(
        id="2.1a",
        rule="A submitted job is RUNNABLE, or PENDING where it depends on another, within the same second",
        source=f"{EVENTS_PAGE}: an example of one event",
        where="batchsim/engine/submit_job.py SubmitJob.accept",
        tests={
            "0s": f"{STATES}::test_dependencies_are_evaluated_at_once_or_as_a_what_if_later[0s]",
            "5s": f"{STATES}::test_dependencies_are_evaluated_at_once_or_as_a_what_if_later[5s]",
        },
        status="parameter",
        key="dep_eval_delay",
    ),
    Row(
        id="2.1b",
        rule="A job that depends on another is PENDING until that one has SUCCEEDED",
        source=STATES_PAGE,
        where="batchsim/engine/dependencies.py Dependencies.admit",
        tests=f"{STATES}::test_a_job_goes_through_awss_states_and_waits_in_pending_for_another",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.submit_job.SubmitJob._parents", lambda self, call: iter(())
        ),
    ),
    Row(
        id="2.1c",
        rule="A job may stay RUNNABLE for ever",
        source=STATES_PAGE,
        where="batchsim/engine/scheduler.py Scheduler",
        tests=f"{STATES}::test_a_runnable_job_may_wait_for_ever",
        status="exact",
        breaks=around(Lifecycle, "release", give_up_after_two_weeks),
    ),
    Row(
        id="2.1d",
        rule="STARTING lasts from the placement on a host until the container is up, and the image is pulled in it",
        source=STATES_PAGE,
        where="batchsim/engine/attempts.py Attempts.open",
        tests=f"{STATES}::test_starting_takes_from_the_placement_to_the_running_container_with_the_pull_in_it",
        status="exact",
        breaks=always("new_image", "0s"),
    ),
    Row(
        id="2.1e",
        rule="SUCCEEDED and FAILED are final",
        source=STATES_PAGE,
        where="batchsim/engine/control.py JobControl",
        tests=f"{STATES}::test_a_job_that_has_ended_stays_as_it_ended",
        status="exact",
        breaks=around(
            JobControl, "cancel", lambda cancel, self, rows, reason: [self._lifecycle.fail(row, 1) for row in rows]
        ),
    ),
    Row(
        id="2.2a",
        rule="Every change of state is an event, the submission is none",
        source=EVENTS_PAGE,
        where="batchsim/formats/state_changes.py state_changes",
        tests=f"{STATES}::test_a_submission_has_no_event_of_its_own",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.formats.event_lines.STATES",
            tuple("SUBMITTED" if state.text == "PENDING" else state.text for state in JobState),
        ),
    ),
    Row(
        id="2.2b",
        rule="A container that exits with 0 makes its job SUCCEEDED, any other exit code makes the attempt fail",
        source=STATES_PAGE,
        where="batchsim/engine/attempts.py Attempts._plan_end",
        tests=f"{STATES}::test_exit_0_is_success_and_any_other_exit_is_not",
        status="exact",
        breaks=planned_end(lambda end, *_: (*end[:2], Outcome.SUCCEEDED, *end[3:])),
    ),
    Row(
        id="2.2c",
        rule=(
            "A container that cannot be started makes the attempt fail from STARTING: it was never RUNNING and has no "
            "exit code"
        ),
        source=f"{RETRIES_PAGE}; how often is not documented",
        where="batchsim/engine/attempts.py Attempts._failed_start",
        tests={
            0: f"{STATES}::test_every_container_starts_unless_the_world_says_otherwise",
            1: f"{STATES}::test_a_container_that_does_not_start_fails_its_attempt_without_having_run",
            0.25: f"{STATES}::test_a_part_of_starts_may_fail",
        },
        status="parameter",
        key="start_failure",
        note="It fails at the end of the usual start",
    ),
    Row(
        id="2.2d",
        rule="An attempt that failed goes back to RUNNABLE while it may be retried",
        source=RETRIES_PAGE,
        where="batchsim/engine/lifecycle.py Lifecycle.settle_attempt",
        tests=f"{STATES}::test_a_retried_job_is_runnable_again",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.lifecycle.RETRIABLE", {}),
    ),
    Row(
        id="2.2e",
        rule="A request's retry strategy, timeout, resources and parameters override its definition's",
        source="API, SubmitJob",
        where="batchsim/spec/effective.py resolve",
        tests=f"{STATES}::test_a_request_overrides_its_definition",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.effective.resolve", as_defined),
    ),
    Row(
        id="2.2f",
        rule="A definition's name without a revision means its newest ACTIVE revision",
        source="API, SubmitJob (jobDefinition)",
        where="batchsim/spec/names.py find_definition",
        tests=f"{STATES}::test_a_name_without_revision_means_the_newest_active_one",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.spec.effective.find_definition",
            lambda known, name: next(each for each in known if each.jobDefinitionName == name.partition(":")[0]),
        ),
    ),
    Row(
        id="2.4a",
        rule=(
            "An attempt whose container exited has the status reason 'Essential container in task exited', "
            "whatever the code"
        ),
        source=OBSERVED,
        where="batchsim/engine/vocabulary.py STATUS_REASONS",
        tests=f"{STATES}::test_the_status_reason_of_an_exit_is_the_same_whatever_the_code",
        status="exact",
        breaks=other_words(vocabulary.EXITED),
    ),
    Row(
        id="2.4b",
        rule="An attempt that lost its host has 'Host EC2 (instance i-...) terminated.' and no exit code",
        source="User Guide, best practices for Spot (bestpractice6); " + OBSERVED,
        where="batchsim/engine/interruptions.py Interruptions.host_lost",
        tests=f"{STATES}::test_a_lost_host_is_named_and_leaves_no_exit_code",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.interruptions.Interruptions.host_lost", lambda self, row: 1
        ),
    ),
    Row(
        id="2.4c",
        rule="An interrupted task of Fargate Spot has 'Your Spot Task was interrupted.' and exit code 137",
        source="ECS Developer Guide, Fargate capacity providers (fargate-capacity-providers)",
        where="batchsim/engine/vocabulary.py STATUS_REASONS",
        tests=f"{STATES}::test_an_interrupted_task_of_fargate_spot_says_so",
        status="exact",
        breaks=other_words(vocabulary.TASK_INTERRUPTED),
    ),
    Row(
        id="2.4d",
        rule="An attempt that ran into its timeout has 'Job attempt duration exceeded timeout' and exit code 137",
        source=OBSERVED,
        where="batchsim/engine/attempts.py Attempts._limited",
        tests=f"{STATES}::test_a_timeout_says_so_and_kills",
        status="exact",
        breaks=other_words(vocabulary.TIMED_OUT),
    ),
    Row(
        id="2.4e",
        rule="A job whose dependency failed has 'Dependent Job failed'",
        source=OBSERVED,
        where="batchsim/engine/vocabulary.py STATUS_REASONS",
        tests=f"{STATES}::test_a_failed_dependency_is_the_reason_of_what_waited_for_it",
        status="exact",
        breaks=other_words(vocabulary.DEPENDENCY_FAILED),
    ),
    Row(
        id="2.4f",
        rule="An array with a failed child has 'Array Child Job failed'",
        source=OBSERVED,
        where="batchsim/engine/vocabulary.py STATUS_REASONS",
        tests=f"{STATES}::test_a_failed_child_is_the_reason_of_its_array",
        status="exact",
        breaks=other_words(vocabulary.CHILD_FAILED),
    ),
    Row(
        id="2.4g",
        rule=(
            "A container killed for its memory exits with 137 and gives the reason 'OutOfMemoryError: Container "
            "killed due to memory usage'"
        ),
        source="ECS Developer Guide, stopped task error codes (stopped-task-error-codes)",
        where="batchsim/engine/attempts.py Attempts._own_exit",
        tests=f"{STATES}::test_a_container_that_runs_out_of_memory_exits_with_137_and_says_why",
        status="modelled",
        breaks=around(Vocabulary, "code", lambda code, self, text: code(self, "" if text[:5] == "OutOf" else text)),
        note="As a workload entry's `fails` or `script` says: the memory that a job really uses is not simulated",
    ),
    Row(
        id="2.4h",
        rule="An attempt whose container could not start has 'Task failed to start', and the container's reason why",
        source=RETRIES_PAGE,
        where="batchsim/engine/vocabulary.py STATUS_REASONS; batchsim/engine/vocabulary.py START_TIMEOUT",
        tests=f"{STATES}::test_a_task_that_does_not_start_says_so_with_the_containers_reason",
        status="modelled",
        breaks=other_words(vocabulary.START_FAILED),
        note=(
            "The container's reason is always DockerTimeoutError; CannotPullContainerError and others are not "
            "told apart"
        ),
    ),
    Row(
        id="2.4i",
        rule="A cancelled or terminated job has the caller's text as its reason",
        source="API, CancelJob and TerminateJob",
        where="batchsim/engine/control.py JobControl",
        tests=f"{STATES}::test_the_caller_says_why_a_job_is_terminated",
        status="exact",
        breaks=around(
            Vocabulary, "code", lambda code, self, text: code(self, text if text[0:3] != "too" else "Terminated")
        ),
    ),
    Row(
        id="2.5a",
        rule=(
            "A container that exits with 0 when it gets SIGTERM makes its attempt SUCCEEDED with unfinished work: "
            "no rule is asked, and nothing is retried"
        ),
        source=f"{STATES_PAGE}; observed on Fargate Spot",
        where="batchsim/engine/interruptions.py Interruptions",
        tests=(
            "tests/behaviour/test_sigterm.py"
            "::test_who_exits_0_at_sigterm_succeeds_with_unfinished_work_and_is_not_retried"
        ),
        status="exact",
        breaks=around(Attempts, "interrupt", no_success),
        note="Reports warn of jobs that only look done",
    ),
    Row(
        id="2.7a",
        rule="There is no timeout unless one is given, and it is at least 60 seconds",
        source=TIMEOUT_PAGE,
        where="batchsim/spec/jobs.py JobTimeout",
        tests=(
            f"{STATES}::test_a_job_without_a_timeout_runs_as_long_as_it_takes",
            f"{STATES}::test_a_timeout_is_at_least_a_minute",
        ),
        status="exact",
        breaks=entries(timeout_ms=lambda given: 90_000),
    ),
    Row(
        id="2.7b",
        rule="The clock of a timeout starts with RUNNING: STARTING does not count",
        source=TIMEOUT_PAGE,
        where="batchsim/engine/attempts.py Attempts._limited",
        tests=f"{STATES}::test_the_clock_of_a_timeout_starts_with_running",
        status="exact",
        breaks=timeouts_from_starting,
    ),
    Row(
        id="2.7c",
        rule="The clock of a timeout starts anew with every attempt",
        source=TIMEOUT_PAGE,
        where="batchsim/engine/attempts.py Attempts._limited",
        tests=f"{LIFECYCLE}::test_a_timeout_starts_anew_with_every_attempt",
        status="exact",
        breaks=planned_end(
            lambda end, self, entry, job, attempt, running_at, speed: (
                end if attempt == 1 else (running_at + 10_000, 2, Outcome.TIMED_OUT, vocabulary.TIMED_OUT, 0, 137)
            )
        ),
    ),
    Row(
        id="2.7d",
        rule="A timeout is for each child of an array, not for the array",
        source="API, JobTimeout",
        where="batchsim/engine/attempts.py Attempts._limited",
        tests=f"{LIFECYCLE}::test_a_timeout_is_for_each_child_not_for_the_array",
        status="exact",
        breaks=entries(timeout_ms=lambda given: given // 3),
    ),
    Row(
        id="2.7e",
        rule="A timeout may strike a few seconds late, and an exit within them counts",
        source=TIMEOUT_PAGE,
        where="batchsim/engine/attempts.py Attempts._limited",
        tests={
            "default": f"{STATES}::test_the_default_timeout_lag_is_a_few_seconds_and_no_two_need_agree",
            "0s": f"{STATES}::test_the_clock_of_a_timeout_starts_with_running",
            "3s": f"{LIFECYCLE}::test_a_timeout_may_come_late_and_then_an_exit_may_come_first",
        },
        status="parameter",
        key="timeout_lag",
    ),
    Row(
        id="2.7f",
        rule="A job that ran into its timeout is not retried, and no rule is asked",
        source=TIMEOUT_PAGE,
        where="batchsim/engine/lifecycle.py RETRIABLE",
        tests=f"{STATES}::test_an_attempt_that_timed_out_is_not_retried_and_no_rule_is_asked",
        status="exact",
        breaks=retried_too(Outcome.TIMED_OUT),
    ),
    Row(
        id="V14",
        rule=(
            "With a timeout of 60 s and a start that takes 300 s, a job of 70 s is killed 60 s after RUNNING and "
            "FAILED, though 10 attempts are allowed"
        ),
        source=TIMEOUT_PAGE,
        where="batchsim/engine/attempts.py Attempts._limited",
        tests="tests/golden/test_golden_vectors.py::test_vector_14_a_timeout_counts_from_running_and_is_not_retried",
        status="exact",
        breaks=timeouts_from_starting,
    ),
]
