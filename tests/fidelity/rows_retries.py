"""Rows of the table of behaviours: retries (User Guide, "Automated job retries")."""

from fidelity_rows import Row

ROWS = [
    Row(
        id="V4",
        rule="A failure that no rule of evaluateOnExit matches is retried while attempts are left",
        source="API, RetryStrategy",
        where="batchsim/policies/retry.py evaluate_on_exit",
        tests="tests/golden/test_golden_vectors.py::test_vector_4_a_failure_that_no_rule_matches_is_retried",
        status="exact",
        breaks=lambda patch: patch.setattr("batchsim.policies.retry._like", lambda pattern, text: True),
    ),
]
