"""Rows of the table of behaviours: cancel, terminate and stop signals (API, CancelJob and TerminateJob)."""

from importlib import import_module

from fidelity_rows import Row

from batchsim.engine.control import JobControl
from batchsim.engine.job_ids import JobIds
from batchsim.engine.stopping import Stops
from batchsim.engine.workload.course_rules import OnSigterm, course_rule
from batchsim.records.vocabulary import Outcome, WhyLaunched

STORIES = "tests/behaviour/test_cancel_and_terminate.py"
SPOT = "tests/behaviour/test_sigterm.py"
LIFE = "tests/behaviour/test_lifecycle.py"
CHANGES = "tests/behaviour/test_timed_changes.py"
STOPPING = "batchsim/engine/stopping.py"
CONTROL = "batchsim/engine/control.py"

_cancel, _rows, _calls, _stop = JobControl.cancel, JobIds.rows, JobIds.calls, Stops._stop


def _another_deed(entry, *, needed):
    """What a container does at SIGTERM is not what its entry says."""
    other = "exit_nonzero" if entry.on_sigterm == "die" else "die"
    return course_rule(entry.model_copy(update={"on_sigterm": other}), needed=needed)


def _cancel_what_runs(self, rows, reason):
    """CancelJob that stops containers."""
    for job in rows:
        if self._jobs.attempt_row[job] >= 0:
            self._stops.terminate(self._jobs.attempt_row[job], self._tables.status_reasons.code(reason))
    _cancel(self, rows, reason)


def _cancel_one(self, rows, reason):
    """CancelJob that acts on the first child alone."""
    _cancel(self, rows[:1], reason)


def _end_with_the_first(self, job):
    """A cancelled PENDING job ends with the first that it depends on."""
    self._lifecycle.fail(job, self._cancelled.pop(job))


def _exit_zero_succeeds(self, attempt, *_):
    """Exit code 0 makes whatever was stopped SUCCEEDED."""
    self._attempts.interrupt(attempt, Outcome.SUCCEEDED, 1, 0)


def _stop_as_lost(self, attempt, _, status_reason):
    """What is terminated counts as lost with its host, and is retried."""
    _stop(self, attempt, Outcome.RECLAIMED, status_reason)


def _first_call(self, text):
    """An entry's name stands for its first call alone."""
    calls = _calls(self, text)
    return calls if calls is None else calls[:1]


ROWS = [
    Row(
        id="B9",
        rule="A timeout counts from RUNNING, sends SIGTERM, and ends the job, which is not retried",
        source="User Guide, Job timeouts",
        where=f"{STOPPING} Stops.time_out; batchsim/engine/lifecycle.py RETRIABLE",
        status="exact",
        tests=(
            "tests/golden/test_golden_vectors.py::test_vector_14_a_timeout_counts_from_running_and_is_not_retried",
            f"{STORIES}::test_a_timeout_ends_an_attempt_with_sigterm",
        ),
        breaks=lambda patch: patch.setattr("batchsim.engine.lifecycle.RETRIABLE", {Outcome.TIMED_OUT: "failed"}),
    ),
    Row(
        id="B10",
        rule="What SIGTERM does is the container's own: it dies, exits 0 or otherwise, or saves its work",
        source="User Guide, Job states",
        where="batchsim/engine/interruptions.py Interruptions; batchsim/engine/workload/course_rules.py OnSigterm",
        status="parameter",
        key="workload.on_sigterm",
        tests={
            "die": f"{SPOT}::test_who_takes_no_notice_is_killed_after_the_stop_timeout",
            "exit_nonzero": f"{SPOT}::test_who_exits_otherwise_at_sigterm_is_retried_by_the_rule_for_lost_hosts",
            "exit_zero": f"{SPOT}::test_who_exits_0_at_sigterm_succeeds_with_unfinished_work_and_is_not_retried",
            "checkpoint": f"{SPOT}::test_with_sigterm_it_is_saved_and_the_container_exits",
        },
        breaks=lambda patch: patch.setattr(
            import_module("batchsim.engine.workload.expand"), "course_rule", _another_deed
        ),
    ),
    Row(
        id="B11",
        rule="A cancelled PENDING job is finalised after all that it depends on has completed",
        source="API, CancelJob",
        where="batchsim/engine/dependencies.py Dependencies.cancel",
        status="parameter",
        key="cancel_pending_wait",
        tests={
            True: f"{STORIES}::test_a_cancelled_pending_job_lingers_until_all_its_dependencies_have_ended",
            False: f"{STORIES}::test_or_as_a_what_if_it_ends_at_once",
        },
    ),
    Row(
        id="2.6a",
        rule="CancelJob makes a job in SUBMITTED, PENDING or RUNNABLE FAILED, with the caller's reason",
        source="API, CancelJob",
        where=f"{CONTROL} JobControl.cancel",
        status="exact",
        tests=(
            f"{STORIES}::test_the_callers_reason_is_the_jobs",
            f"{LIFE}::test_a_runnable_job_fails_at_once_with_its_wait",
        ),
        breaks=lambda patch: patch.setattr("batchsim.engine.control.JobControl.cancel", lambda *_: None),
    ),
    Row(
        id="2.6b",
        rule="STARTING and RUNNING jobs are untouched by CancelJob, though the call succeeds",
        source="API, CancelJob",
        where=f"{CONTROL} JobControl.cancel",
        status="exact",
        tests=(
            f"{STORIES}::test_cancel_succeeds_but_leaves_what_has_started_alone",
            f"{STORIES}::test_a_job_that_runs_when_it_is_cancelled_is_retried_all_the_same",
        ),
        breaks=lambda patch: patch.setattr("batchsim.engine.control.JobControl.cancel", _cancel_what_runs),
    ),
    Row(
        id="2.6c",
        rule="A cancelled PENDING job lingers until all that it depends on has completed, even if one fails before",
        source="API, CancelJob",
        where="batchsim/engine/dependencies.py Dependencies",
        status="exact",
        tests=(
            f"{STORIES}::test_even_if_one_of_them_fails",
            f"{STORIES}::test_a_cancelled_pending_job_lingers_until_all_its_dependencies_have_ended",
        ),
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.dependencies.Dependencies._end_if_over", _end_with_the_first
        ),
    ),
    Row(
        id="2.6d",
        rule="TerminateJob makes a job in STARTING or RUNNING FAILED: its container gets the stop signal",
        source="API, TerminateJob",
        where=f"{CONTROL} JobControl.terminate",
        status="exact",
        tests=(
            f"{STORIES}::test_terminate_ends_what_runs_with_sigterm",
            f"{STORIES}::test_a_container_that_still_starts_is_gone_at_once",
        ),
        breaks=lambda patch: patch.setattr("batchsim.engine.stopping.Stops.terminate", lambda *_: None),
    ),
    Row(
        id="2.6e",
        rule="A terminated job is FAILED whatever its container returns",
        source="API, TerminateJob",
        where=f"{STOPPING} Stops.terminate",
        status="exact",
        tests=f"{STORIES}::test_who_exits_at_the_sigterm_of_a_terminate_is_failed_all_the_same",
        breaks=lambda patch: patch.setattr("batchsim.engine.stopping.Stops._exit_zero", _exit_zero_succeeds),
    ),
    Row(
        id="2.6f",
        rule="A terminated job is never retried",
        source="User Guide, Automated job retries",
        where=f"{STOPPING} Stops.terminate",
        status="exact",
        tests=(
            f"{STORIES}::test_terminate_ends_what_runs_with_sigterm",
            f"{STORIES}::test_a_host_that_is_lost_during_the_grace_brings_no_retry",
        ),
        breaks=lambda patch: patch.setattr("batchsim.engine.stopping.Stops._stop", _stop_as_lost),
    ),
    Row(
        id="2.6g",
        rule="TerminateJob cancels what has not started",
        source="API, TerminateJob",
        where=f"{CONTROL} JobControl.terminate",
        status="exact",
        tests=f"{STORIES}::test_terminating_an_array_stops_what_runs_and_cancels_what_waits",
        breaks=lambda patch: patch.setattr("batchsim.engine.control.JobControl.cancel", lambda *_: None),
    ),
    Row(
        id="2.6h",
        rule="Cancelling or terminating an array does so to all its children, and it ends when all have",
        source="API, CancelJob; User Guide, Array jobs",
        where="batchsim/engine/job_ids.py JobIds.rows",
        status="exact",
        tests=f"{LIFE}::test_cancelling_an_array_cancels_its_waiting_children",
        breaks=lambda patch: patch.setattr("batchsim.engine.control.JobControl.cancel", _cancel_one),
    ),
    Row(
        id="2.6i",
        rule="Acting on one child leaves its siblings alone but dooms the array to FAILED",
        source="User Guide, Array jobs",
        where="batchsim/engine/job_ids.py JobIds.rows",
        status="exact",
        tests=f"{LIFE}::test_stopping_one_child_leaves_its_siblings_but_dooms_the_array",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.job_ids.JobIds.rows", lambda self, text: _rows(self, text.partition(":")[0])
        ),
    ),
    Row(
        id="2.6j",
        rule="CancelJobs and TerminateJobs act on many jobs with one call",
        source="API, CancelJobs",
        where="batchsim/engine/job_ids.py JobIds.calls",
        status="modelled",
        tests=f"{STORIES}::test_one_action_acts_on_all_calls_of_an_entry",
        breaks=lambda patch: patch.setattr("batchsim.engine.job_ids.JobIds.calls", _first_call),
        note="one action acts on all calls of an entry, of whatever number; AWS takes 50 ids a call",
    ),
    Row(
        id="2.6k",
        rule="A reason has 1,024 characters at most",
        source="API, CancelJob",
        where="batchsim/spec/settings.py MAX_REASON",
        status="exact",
        tests=f"{STORIES}::test_a_reason_has_1024_characters_at_most",
        breaks=lambda patch: patch.setattr("batchsim.spec.settings.MAX_REASON", 4096),
    ),
    Row(
        id="2.6l",
        rule="SIGKILL follows SIGTERM after 30 seconds, on Fargate after up to two minutes",
        source="User Guide, Job timeouts; API, TaskContainerProperties (stopTimeout)",
        where=f"{STOPPING} Stops",
        status="parameter",
        key="stop_timeout",
        tests={
            "30s": f"{STORIES}::test_or_with_sigkill_up_to_which_its_container_holds_its_place",
            "2m": f"{STORIES}::test_sigkill_comes_after_the_stop_timeout",
        },
    ),
    Row(
        id="2.6m",
        rule="Whether an attempt that is stopped is over with SIGTERM, or when its container is gone",
        source="not documented",
        where=f"{STOPPING} Stops",
        status="parameter",
        key="stopped_when",
        tests={
            "sigterm": f"{STORIES}::test_terminate_ends_what_runs_with_sigterm",
            "exit": f"{STORIES}::test_or_with_sigkill_up_to_which_its_container_holds_its_place",
        },
    ),
    Row(
        id="2.7s",
        rule="A timeout sends SIGTERM, which its container may answer",
        source="User Guide, Job timeouts",
        where=f"{STOPPING} Stops.time_out",
        status="exact",
        tests=(
            f"{STORIES}::test_who_exits_otherwise_at_its_timeout_is_timed_out",
            f"{STORIES}::test_who_saves_at_its_timeout_exits_then",
        ),
        breaks=lambda patch: patch.setattr("batchsim.engine.stopping.Stops._deed", lambda *_: OnSigterm.DIE),
    ),
    Row(
        id="2.7t",
        rule="Whether a job is SUCCEEDED that exits 0 when its timeout stops it",
        source="not documented; User Guide, Job states: exit code 0 is SUCCEEDED",
        where=f"{STOPPING} Stops",
        status="parameter",
        key="timeout_exit_zero",
        tests={
            "succeeded": f"{STORIES}::test_who_exits_0_at_its_timeout_has_succeeded_or_failed",
            "failed": f"{STORIES}::test_who_is_done_between_sigterm_and_sigkill_exits_0",
        },
    ),
    Row(
        id="5.2u",
        rule="A user may only raise desiredvCpus, within minvCpus and maxvCpus",
        source="API, UpdateComputeEnvironment (ComputeResourceUpdate)",
        where="batchsim/engine/scale_up.py Scaler.raise_desired",
        status="modelled",
        tests=(
            f"{CHANGES}::test_desired_vcpus_are_launched_at_once",
            f"{CHANGES}::test_desired_vcpus_are_only_raised_and_within_their_bounds",
        ),
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.scale_up.Scaler.raise_desired",
            lambda self, vcpus: self._launch_at_once(vcpus + 2, WhyLaunched.DEMAND, ready=False),
        ),
        note="what AWS would refuse changes nothing; instances are launched in the instant of the call",
    ),
]
