"""Rows of the table of behaviours: retries (User Guide, "Automated job retries"; API, EvaluateOnExit)."""

from types import SimpleNamespace

from fidelity_rows import Row
from mutations import around, entries, retried_too, unchecked

from batchsim.engine.attempts import Attempts
from batchsim.engine.lifecycle import RETRIABLE, Lifecycle
from batchsim.policies import EndedAttempt
from batchsim.policies.retry import _like
from batchsim.records.vocabulary import Outcome

RETRIES = "tests/behaviour/test_retries.py"
GOLDEN = "tests/golden/test_golden_vectors.py"
GUIDE = "User Guide, Automated job retries (job_retries)"
STRATEGY = "API, RetryStrategy"
RULES = "API, EvaluateOnExit"
SPOT = "User Guide, best practices for Spot (bestpractice6)"
EVALUATE = "batchsim/policies/retry.py evaluate_on_exit"
LIKE = "batchsim/policies/retry.py _like"


def retries(change):
    """The retry policy asked with ``change(ended)``."""
    return around(
        Lifecycle, "_is_retried", lambda method, self, job, attempt: asked(method, self, job, attempt, change)
    )


def asked(method, self, job, attempt, change):
    policy = self._tries_again
    self._tries_again = lambda ended: change(policy, ended)
    try:
        return method(self, job, attempt)
    finally:
        self._tries_again = policy


def not_retried(outcome):
    """Attempts that ended so are not retried."""
    return lambda patch: patch.delitem(RETRIABLE, outcome)


def swapped(ended: EndedAttempt) -> EndedAttempt:
    """The two texts of an attempt taken for each other."""
    return ended._replace(status_reason=ended.reason, reason=ended.status_reason)


def any_condition(rule, ended, code):
    """One condition is enough."""

    pairs = (
        (rule.on_status_reason, ended.status_reason),
        (rule.on_reason, ended.reason),
        (rule.on_exit_code, code),
    )
    return any(pattern is not None and _like(pattern, text) for pattern, text in pairs)


def numbered_from_two(method, self, *given):
    """Attempts are numbered one too high."""
    row = method(self, *given)
    self.table.attempt[row] += 1
    return row


ROWS = [
    Row(
        id="B5",
        rule=(
            "A job may be tried 1 to 10 times in all, and a try that failed in STARTING is listed among its "
            "attempts and matched by its rules, though the guide speaks of tries that reached RUNNING"
        ),
        source=f"{STRATEGY}; {GUIDE}",
        where="batchsim/engine/lifecycle.py Lifecycle._used",
        tests={
            True: f"{RETRIES}::test_a_failure_to_start_counts_as_a_try_or_as_a_what_if_does_not[True]",
            False: f"{RETRIES}::test_a_failure_to_start_counts_as_a_try_or_as_a_what_if_does_not[False]",
        },
        status="parameter",
        key="count_start_failures",
    ),
    Row(
        id="B6",
        rule=(
            "A rule of evaluateOnExit applies when all its conditions match; only a star at the end of a pattern "
            "is a wildcard; a failure that no rule matches is retried"
        ),
        source=f"{RULES}; {STRATEGY}",
        where=EVALUATE,
        tests="tests/behaviour/test_lifecycle.py::test_retry_rules",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.policies.retry._matches", any_condition),
    ),
    Row(
        id="V3",
        rule=(
            "Three attempts with the rules [Host EC2* RETRY, onReason * EXIT]: lost to Spot twice and then exit 1 "
            "is FAILED after three attempts, exit 1 at first is FAILED after one"
        ),
        source=SPOT,
        where=EVALUATE,
        tests=(
            f"{GOLDEN}::test_vector_3_two_spot_losses_are_retried_and_then_an_exit_ends_the_job",
            f"{GOLDEN}::test_vector_3_an_exit_at_first_is_not_retried",
        ),
        status="exact",
        breaks=retries(lambda policy, ended: not policy(ended)),
    ),
    Row(
        id="V4",
        rule="Three attempts with the rule [onExitCode 1 EXIT]: exit 2, exit 2 and exit 0 is SUCCEEDED on the third",
        source=STRATEGY,
        where=EVALUATE,
        tests=f"{GOLDEN}::test_vector_4_a_failure_that_no_rule_matches_is_retried",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.policies.retry._like", lambda pattern, text: True),
    ),
    Row(
        id="2.3a",
        rule="Without a retry strategy a job is tried once",
        source=STRATEGY,
        where="batchsim/spec/effective.py resolve",
        tests=f"{RETRIES}::test_without_a_strategy_a_job_is_tried_once",
        status="exact",
        breaks=entries(attempts_allowed=lambda given: given + 1),
    ),
    Row(
        id="2.3b",
        rule="The attempts of a strategy count all tries, not the extra ones",
        source=GUIDE,
        where="batchsim/engine/lifecycle.py Lifecycle._is_retried",
        tests=f"{RETRIES}::test_attempts_count_all_tries_and_not_the_extra_ones",
        status="exact",
        breaks=around(Lifecycle, "_used", lambda used, self, job, outcome: used(self, job, outcome) - 1),
    ),
    Row(
        id="2.3c",
        rule="A strategy has 1 to 10 attempts",
        source=STRATEGY,
        where="batchsim/spec/jobs.py RetryStrategy",
        tests=f"{RETRIES}::test_attempts_are_one_to_ten",
        status="exact",
        breaks=unchecked("E134"),
    ),
    Row(
        id="2.3d",
        rule="Attempts are numbered from 1 (AWS_BATCH_JOB_ATTEMPT)",
        source=GUIDE,
        where="batchsim/engine/attempts.py Attempts.open",
        tests=f"{RETRIES}::test_attempts_are_numbered_from_one",
        status="exact",
        breaks=around(Attempts, "open", numbered_from_two),
    ),
    Row(
        id="2.3e",
        rule="An attempt whose container exited with another code than 0 is retried",
        source=GUIDE,
        where="batchsim/engine/lifecycle.py RETRIABLE",
        tests=f"{RETRIES}::test_an_exit_code_other_than_0_is_retried",
        status="exact",
        breaks=not_retried(Outcome.FAILED),
    ),
    Row(
        id="2.3f",
        rule="An attempt that lost its EC2 instance is retried, Spot reclaims included",
        source=GUIDE,
        where="batchsim/engine/lifecycle.py RETRIABLE",
        tests=f"{RETRIES}::test_a_lost_host_is_retried",
        status="exact",
        breaks=not_retried(Outcome.RECLAIMED),
    ),
    Row(
        id="2.3g",
        rule="An attempt whose container could not start is retried, and rules see its 'Task failed to start'",
        source=GUIDE,
        where="batchsim/engine/lifecycle.py RETRIABLE",
        tests=f"{RETRIES}::test_a_failure_to_start_is_retried",
        status="exact",
        breaks=not_retried(Outcome.START_FAILED),
    ),
    Row(
        id="2.3h",
        rule="A terminated job is not retried",
        source=GUIDE,
        where="batchsim/engine/lifecycle.py RETRIABLE",
        tests=f"{RETRIES}::test_a_terminated_job_is_not_retried",
        status="exact",
        breaks=lambda patch: (
            retried_too(Outcome.TERMINATED)(patch),
            patch.setattr("batchsim.engine.control.JobControl.cancel", lambda self, rows, reason: None),
        ),
    ),
    Row(
        id="2.3i",
        rule="A cancelled job is not retried",
        source=GUIDE,
        where="batchsim/engine/control.py JobControl.cancel",
        tests=f"{RETRIES}::test_a_cancelled_job_is_not_retried",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.engine.lifecycle.Lifecycle.fail", lambda self, job, reason: None),
    ),
    Row(
        id="2.3j",
        rule="No delay before a retry is documented",
        source="not documented",
        where="batchsim/engine/lifecycle.py Lifecycle.settle_attempt",
        tests={
            "0s": f"{RETRIES}::test_a_failed_job_is_runnable_at_once_or_after_a_delay[0s]",
            "90s": f"{RETRIES}::test_a_failed_job_is_runnable_at_once_or_after_a_delay[90s]",
        },
        status="parameter",
        key="retry_delay",
    ),
    Row(
        id="2.3k",
        rule="A strategy with rules says its attempts too, and has at most 5 rules",
        source=STRATEGY,
        where="batchsim/spec/checks/submissions.py MAX_RULES",
        tests=f"{RETRIES}::test_rules_need_attempts_and_are_at_most_five",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.checks.submissions.MAX_RULES", 6),
    ),
    Row(
        id="2.3l",
        rule="All conditions that a rule gives must hold",
        source=RULES,
        where="batchsim/policies/retry.py _matches",
        tests=f"{RETRIES}::test_all_conditions_of_a_rule_must_hold",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.policies.retry._matches", any_condition),
    ),
    Row(
        id="2.3m",
        rule=(
            "Patterns of reasons hold letters, digits, periods, colons and white space, those of exit codes "
            "digits, each 512 characters at most"
        ),
        source=RULES,
        where="batchsim/spec/jobs.py EvaluateOnExit",
        tests=f"{RETRIES}::test_patterns_hold_few_characters_and_at_most_512",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.jobs.re", SimpleNamespace(fullmatch=lambda *_: True)),
    ),
    Row(
        id="2.3n",
        rule="Only a star at the end is a wildcard; without it the whole text must match",
        source=RULES,
        where=LIKE,
        tests=f"{RETRIES}::test_only_a_star_at_the_end_makes_a_prefix_of_a_pattern",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.policies.retry._like", lambda pattern, text: text.startswith((pattern or "").rstrip("*"))
        ),
    ),
    Row(
        id="2.3o",
        rule="A star elsewhere than at the end is refused",
        source=f"{RULES}; observed",
        where="batchsim/spec/jobs.py EvaluateOnExit",
        tests=f"{RETRIES}::test_a_star_at_the_beginning_is_refused",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.spec.jobs.re", SimpleNamespace(fullmatch=lambda *_: True)),
    ),
    Row(
        id="2.3p",
        rule=(
            "onStatusReason looks at the attempt's statusReason, onReason at the container's reason, onExitCode "
            "at its exit code"
        ),
        source=RULES,
        where="batchsim/policies/retry.py _matches",
        tests=f"{RETRIES}::test_each_condition_looks_at_its_own_text",
        status="exact",
        breaks=retries(lambda policy, ended: policy(swapped(ended))),
    ),
    Row(
        id="2.3q",
        rule="A failure that no rule matches is retried while attempts are left",
        source=STRATEGY,
        where=EVALUATE,
        tests=f"{RETRIES}::test_what_no_rule_matches_is_retried",
        status="exact",
        breaks=retries(lambda policy, ended: policy(ended) and len(ended.rules) != 1),
    ),
    Row(
        id="2.3r",
        rule="Rules are asked in the order of the list, and the first that matches decides",
        source="not documented; the only reading under which AWS's advice of a last rule for everything works",
        where=EVALUATE,
        tests={
            "first": f"{RETRIES}::test_the_first_rule_that_matches_decides_or_as_a_what_if_the_last[first]",
            "last": f"{RETRIES}::test_the_first_rule_that_matches_decides_or_as_a_what_if_the_last[last]",
        },
        status="parameter",
        key="retry_rule_order",
    ),
    Row(
        id="2.3s",
        rule="A star matches where a container gave no reason",
        source=f"{SPOT}: its last rule must catch plain failures, which give none",
        where=LIKE,
        tests=f"{RETRIES}::test_a_star_matches_where_a_container_gives_no_reason",
        status="exact",
        breaks=retries(lambda policy, ended: policy(ended) or not ended.reason),
    ),
    Row(
        id="2.3t",
        rule="A star for the exit code matches where there was no exit code, digits do not",
        source="not documented",
        where=LIKE,
        tests={
            True: f"{RETRIES}::test_a_star_matches_where_there_was_no_exit_code_or_as_a_what_if_does_not[True]",
            False: f"{RETRIES}::test_a_star_matches_where_there_was_no_exit_code_or_as_a_what_if_does_not[False]",
        },
        status="parameter",
        key="no_exit_code_matches",
    ),
    Row(
        id="2.3u",
        rule="The values of action may be in any case",
        source=RULES,
        where="batchsim/spec/jobs.py EvaluateOnExit",
        tests=f"{RETRIES}::test_the_case_of_an_action_does_not_matter",
        status="exact",
        breaks=retries(lambda policy, ended: policy(ended._replace(rules=()))),
    ),
    Row(
        id="2.5b",
        rule=(
            "Without rules a bug in the application is retried as readily as a lost host, and each retry goes "
            "before those that wait"
        ),
        source=f"{GUIDE}; {SPOT}",
        where="batchsim/policies/ordering.py retry_key",
        tests=f"{RETRIES}::test_a_bug_is_retried_like_a_lost_host_and_every_retry_goes_before_those_that_wait",
        status="exact",
        breaks=lambda patch: patch.setattr(
            "batchsim.engine.lifecycle.retry_key", lambda position, own, now: (False, own)
        ),
    ),
]
