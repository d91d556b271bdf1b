"""Rows with planted faults: ``test_verify.py`` holds ``verify.py`` to telling each of them."""

from fidelity_rows import PROJECT, Row

GOLDEN = "tests/golden/test_golden_vectors.py"
VECTOR_4 = f"{GOLDEN}::test_vector_4_a_failure_that_no_rule_matches_is_retried"
RULES = "tests/behaviour/test_lifecycle.py::test_retry_rules"
POSITIONS = "tests/behaviour/test_queues.py::test_a_retried_job_goes_to_the"
LIKE = "batchsim.policies.retry._like"


def row(name, test, breaks, **keys):
    """An exact row, unless ``keys`` say otherwise."""
    return Row(id=name, rule="", source="", tests=test, breaks=breaks, **{"status": "exact", **keys})


def all_alike(*_):
    """A rule that a test of retry rules must notice."""
    return True


def nothing(_):
    """No change at all."""


def crash(*_):
    """No assertion."""
    raise ZeroDivisionError


def assert_within(*_):
    """An assertion of the engine's own, which is no merit of a test."""
    raise AssertionError


assert_within.__code__ = assert_within.__code__.replace(
    co_filename=str(PROJECT / "batchsim" / "engine" / "lifecycle.py")
)


ROWS = [
    row("B1", (VECTOR_4, RULES), lambda patch: patch.setattr(LIKE, all_alike)),
    row("B2", VECTOR_4, nothing),
    row("B3", VECTOR_4, lambda patch: patch.setattr(LIKE, crash)),
    row("B4", VECTOR_4, lambda patch: patch.setattr(LIKE, assert_within)),
    row("B5", VECTOR_4, lambda patch: patch.setattr("batchsim.policies.retry.no_such_rule", crash)),
    row("B6", f"{GOLDEN}::test_vector_99", nothing),
    row("B7", VECTOR_4, None),
    row(
        "B8",
        {"front": f"{POSITIONS}[front]", "back": VECTOR_4},
        None,
        status="parameter",
        key="retry_position",
    ),
]
