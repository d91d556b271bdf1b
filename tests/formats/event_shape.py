"""The shape of EventBridge's "Batch Job State Change", field by field, written from AWS's documentation.

User Guide, "AWS Batch EventBridge events": the envelope and an example; "detail is a JobDetail", whose fields and types
are the API's (JobDetail, AttemptDetail, AttemptContainerDetail, ArrayPropertiesDetail, JobDependency, RetryStrategy,
ContainerDetail, ResourceRequirement, KeyValuePair). A field that starts with ``?`` may be missing. What batchsim adds
stands under ``detail.batchsim`` alone.
"""

from __future__ import annotations

import re
from typing import Any

Shape = Any
"""A type, a pattern, a tuple of words, a list of one shape for each item, a mapping of fields, or ``Each``."""


class Each:
    """A mapping with any keys whose values have one shape."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


STATES = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED", "FAILED")
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
JOB_ID = re.compile(rf"{UUID}(:\d+)?")
JOB_ARN = re.compile(rf"arn:aws:batch:[a-z0-9-]+:\d{{12}}:job/{UUID}(:\d+)?")
QUEUE_ARN = re.compile(r"arn:aws:batch:[a-z0-9-]+:\d{12}:job-queue/.+")
EPOCH_MS = range(10**12, 10**13)
CONTAINER_ENDED: Shape = {
    "?containerInstanceArn": re.compile(r"arn:aws:ecs:[a-z0-9-]+:\d{12}:container-instance/.+"),
    "?exitCode": int,
    "?reason": re.compile(r"(?s).{1,255}"),
}
DETAIL: Shape = {
    "jobArn": JOB_ARN,
    "jobName": str,
    "jobId": JOB_ID,
    "jobQueue": QUEUE_ARN,
    "status": STATES,
    "?statusReason": str,
    "attempts": [{"container": CONTAINER_ENDED, "?startedAt": EPOCH_MS, "?stoppedAt": EPOCH_MS, "statusReason": str}],
    "createdAt": EPOCH_MS,
    "?startedAt": EPOCH_MS,
    "?stoppedAt": EPOCH_MS,
    "retryStrategy": {
        "attempts": range(1, 11),
        "evaluateOnExit": [
            {
                "?onStatusReason": str,
                "?onReason": str,
                "?onExitCode": str,
                "action": re.compile("(?i)retry|exit"),
            }
        ],
    },
    "?timeout": {"attemptDurationSeconds": int},
    "dependsOn": [{"?jobId": JOB_ID, "?type": ("N_TO_N", "SEQUENTIAL")}],
    "jobDefinition": re.compile(r"arn:aws:batch:[a-z0-9-]+:\d{12}:job-definition/.+:\d+"),
    "parameters": Each(str),
    "?arrayProperties": {
        "?size": range(2, 10_001),
        "?index": range(10_000),
        "statusSummary": Each(int),
        "?statusSummaryLastUpdatedAt": EPOCH_MS,
    },
    "container": {
        "image": str,
        "command": [str],
        "environment": [{"name": str, "value": str}],
        "resourceRequirements": [{"type": ("VCPU", "MEMORY", "GPU"), "value": re.compile(r"\d+(\.\d+)?")}],
        **CONTAINER_ENDED,
    },
    "tags": Each(str),
    "propagateTags": bool,
    "platformCapabilities": [("EC2", "FARGATE")],
    "batchsim": {
        "jobId": str,
        "at": EPOCH_MS,
        "?attempt": range(1, 11),
        "?runnableAt": EPOCH_MS,
        "?startingAt": EPOCH_MS,
    },
}
EVENT: Shape = {
    "version": ("0",),
    "id": re.compile(UUID),
    "detail-type": ("Batch Job State Change", "Batch Job Queue Blocked"),
    "source": ("aws.batch",),
    "account": re.compile(r"\d{12}"),
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "region": str,
    "resources": [re.compile(r"arn:aws:batch:.+")],
    "detail": DETAIL,
}


def wrongs(event: Any) -> list[str]:
    """What of an event is not as AWS has it; none is good."""
    found = list(_wrongs(event, EVENT, "event"))
    if not found and event["resources"][:1] != [event["detail"]["jobArn"]]:
        found.append("event.resources: the job's ARN is not the first")
    return found


def _wrongs(value: Any, shape: Shape, at: str) -> list[str]:
    if isinstance(shape, dict):
        return _fields(value, shape, at)
    if isinstance(shape, Each):
        inside = value.items() if isinstance(value, dict) else ()
        return [w for key, each in inside for w in _wrongs(each, shape.shape, f"{at}.{key}")] + _kind(value, dict, at)
    if isinstance(shape, list):
        items = enumerate(value if isinstance(value, list) else ())
        return [w for n, each in items for w in _wrongs(each, shape[0], f"{at}[{n}]")] + _kind(value, list, at)
    return [] if _fits(value, shape) else [f"{at}: {value!r}"]


def _fits(value: Any, shape: Shape) -> bool:
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, range):
        return type(value) is int and value in shape
    return value in shape if isinstance(shape, tuple) else type(value) is shape


def _kind(value: Any, kind: type, at: str) -> list[str]:
    return [] if isinstance(value, kind) else [f"{at}: {value!r} is no {kind.__name__}"]


def _fields(value: Any, shape: dict[str, Shape], at: str) -> list[str]:
    if wrong := _kind(value, dict, at):
        return wrong
    known = {name.removeprefix("?"): inside for name, inside in shape.items()}
    found = [f"{at}.{name}: missing" for name in shape if not name.startswith("?") and name not in value]
    found += [f"{at}.{name}: unknown" for name in value if name not in known]
    return found + [w for name in value if name in known for w in _wrongs(value[name], known[name], f"{at}.{name}")]
