"""The terminal report of fair-share queues: what each share got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from batchsim.report.layout import rows, section
from batchsim.report.words import count, dollars, duration, plural, share

_SHOWN = 20
_HEADERS = ("queue", "share", "weight", "jobs", "vCPU-hours", "of the queue", "wait, mean", "for its turn", "cost")


def shares(summary: Mapping[str, Any]) -> RenderableType | None:
    """The shares of all fair-share queues, those with most vCPU time first."""
    found = sorted(summary["shares"], key=lambda each: -float(each["vcpu_s"]))
    if not found:
        return None
    lines = [
        (
            each["queue"],
            each["share"],
            f"{each['weight_factor']:g}",
            count(each["jobs"]),
            count(each["vcpu_s"] / 3600, 1),
            share(each["vcpu_share"]),
            duration(each["wait_mean_s"]),
            duration(each["turn_mean_s"]),
            dollars(each["cost_loaded_usd"]),
        )
        for each in found[:_SHOWN]
    ]
    rest = len(found) - _SHOWN
    more = Text(f"and {plural(rest, 'further share')} (summary.json has all)") if rest > 0 else None
    return section("Shares", rows(_HEADERS, lines, words=2), more)
