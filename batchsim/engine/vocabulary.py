"""Texts that columns hold as codes, and the status reasons that AWS Batch gives."""

from __future__ import annotations

from collections.abc import Iterable


class Vocabulary:
    """Texts in order of first use; a text's position is its code."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: list[str] = []
        self._codes: dict[str, int] = {}
        for text in texts:
            self.code(text)

    def code(self, text: str) -> int:
        """Return the code of a text, new or known."""
        code = self._codes.setdefault(text, len(self._texts))
        if code == len(self._texts):
            self._texts.append(text)
        return code

    def text(self, code: int) -> str:
        """Return the text of a code."""
        return self._texts[code]

    def texts(self) -> tuple[str, ...]:
        """Return all texts by code."""
        return tuple(self._texts)


# Fact sheet 2.4; the code of each is its position.
STATUS_REASONS = (
    "",
    "Essential container in task exited",
    "Task failed to start",
    "Job attempt duration exceeded timeout",
    "Your Spot Task was interrupted.",
    "Dependent Job failed",
    "Array Child Job failed",
    "ECS is performing maintenance on the underlying infrastructure hosting the task.",
)
NONE, EXITED, START_FAILED, TIMED_OUT, TASK_INTERRUPTED, DEPENDENCY_FAILED, CHILD_FAILED, TASK_RETIRED = range(
    len(STATUS_REASONS)
)

START_TIMEOUT = "DockerTimeoutError: Could not transition to started; timed out"
"""``container.reason`` of an attempt that failed in STARTING (fact sheet 2.2)."""

CANNOT_PULL = "CannotPullContainerError: the registry did not deliver the image"
"""``container.reason`` of an attempt whose image could not be pulled (ECS, "CannotPullContainer task errors")."""

CANCEL_AFTER = "Canceled by cancel_after"
"""Status reason of a job that had not started so long after its creation (a workload entry's ``cancel_after``)."""

KILLED = 137
"""Exit code of a container that got SIGKILL (128 + 9)."""
TERMINATED_BY_SIGNAL = 143
"""Exit code of a container that ends at SIGTERM (128 + 15)."""
