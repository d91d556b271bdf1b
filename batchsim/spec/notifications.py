"""Who is told of what: rules in EventBridge's manner over the events that AWS Batch sends."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from batchsim.spec.base import Model
from batchsim.spec.event_patterns import PATTERN
from batchsim.spec.kinds import Name, Text


class Notification(Model):
    """An EventBridge rule with one target (API PutRule, PutTargets): each event that it matches is a notification."""

    name: Name
    eventPattern: Annotated[dict[str, Any], PATTERN]
    """What it matches; kept as JSON."""
    state: Literal["ENABLED", "DISABLED"] = "ENABLED"
    target: Text = ""
    """Where a match goes, an SNS topic for one; text that is written beside each match."""
