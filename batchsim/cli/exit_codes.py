"""The exit codes that scripts rely on (0: fine)."""

from __future__ import annotations

ANSWER_IS_NO = 1
BAD_INPUT = 2
"""The input or the command line is wrong."""
INPUT_OUTPUT = 4
"""Reading or writing failed, or there is no memory."""
POINTS_FAILED = 5
"""Finished, but some runs of a study failed."""
BUG = 70
"""A bug in batchsim."""
INTERRUPTED = 130
"""By Ctrl-C; 143 after SIGTERM and 129 after SIGHUP follow the same rule, 128 and the signal's number."""
