"""Row B64, and B13: names that would be file names, and sizes of the file itself."""

from __future__ import annotations

from typing import Any

from hostile.rows.case import Case, Raw, cases

BAD: tuple[tuple[str, Any], ...] = (
    ("empty", ""),
    ("a dot", "."),
    ("two dots", ".."),
    ("the folder above", "../../x"),
    ("a slash", "a/b"),
    ("a backslash", "a\\b"),
    ("a drive", "C:\\x"),
    ("a hundred and twenty-nine characters", "x" * 129),
    ("a hundred thousand characters", "x" * 100_000),
    ("a blank", "a b"),
    ("a blank before", " a"),
    ("a newline behind", "a\n"),
    ("a NUL", "a\0b"),
    ("a colon", "a:b"),
    ("an at", "a@b"),
    ("a star", "a*"),
    ("a dash first", "-rf"),
    ("a formula", "=1+1"),
    ("a script", "<script>alert(1)</script>"),
    ("an escape", "\x1b[31mred"),
    ("a link for the terminal", "\x1b]8;;http://x\x1b\\y\x1b]8;;\x1b\\"),
    ("right to left", "\u202egpj.exe"),
    ("nothing that shows", "a\u200bb"),
    ("accents", "café"),
    ("Cyrillic that looks Latin", "\u0430bc"),
    ("an emoji", "😀"),
    ("a lone surrogate", "\ud800"),
    ("percent", "%s%n"),
    ("braces", "{0}"),
    ("a dollar", "$(id)"),
)
"""Names that AWS Batch refuses, each for its own reason."""
FINE = ("CON", "nul", "x" * 128, "0", "a-_", "aux", "constructor", "__proto__"[2:])
"""Names that it takes, and that some file system or language would not."""

FIELDS = (
    "computeEnvironments.0.computeEnvironmentName",
    "jobQueues.0.jobQueueName",
    "jobDefinitions.0.jobDefinitionName",
    "workload.0.id",
    "workload.0.submit.jobName",
    "schedulingPolicies.0.name",
)
OTHER_KINDS: tuple[tuple[str, Any], ...] = (
    ("a number", 5), ("true", True), ("a date is text", Raw("2026-01-01")), ("not a number", Raw(".nan")),
    ("a list", ["a"]), ("a mapping", {"a": 1}), ("yes is text", Raw("yes")),
)  # fmt: skip


def _field(path: str) -> str:
    return path.rsplit(".", maxsplit=1)[-1]


NAMES = [
    case
    for path in FIELDS
    for what, name in BAD
    for case in cases("B64", "E170", (f"{_field(path)}: {what}", path, name), only=False, says=[f"{_field(path)}: "])
] + [
    case
    for path in FIELDS
    for what, value in OTHER_KINDS
    if not what.endswith("is text")
    for case in cases("B64", "E112", (f"{_field(path)}: {what}", path, value), only=False, says=["not text"])
]

DATASETS = [
    case
    for what, name in BAD
    for case in cases(
        "B64",
        "E170",
        (
            f"data set: {what}",
            "datasets",
            [{"name": name, "size": "1TB", "partitions": 2, "throughput": "1MB/s"}],
        ),
    )
]

ACCEPTED = [
    case
    for name in FINE
    for case in cases("B64", "", (f"fine: {name[:12]}", "workload.0.submit.jobName", name, "workload.0.id", name))
]

CASES: list[Case] = [*NAMES, *DATASETS, *ACCEPTED]
