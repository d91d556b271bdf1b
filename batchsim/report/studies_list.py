"""The studies of a store as a table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType

from batchsim.report.layout import rows, section
from batchsim.report.words import plain

Page = Mapping[str, Any]


def listed(page: Page) -> RenderableType:
    """One line a study."""
    heads = ("study", "varies", "points", "runs done", "failed", "seed", "scenario", "begun (UTC)")
    return section(f"Studies in {plain(page['store'])}", rows(heads, [_line(row) for row in page["studies"]], words=2))


def _line(row: Mapping[str, Any]) -> tuple[str, ...]:
    varied = ", ".join(row["asked"].get("vary", {}))
    total = row["points"] * row["replications"]
    return (
        row["name"], varied if len(varied) <= 40 else f"{varied[:39]}…", f"{row['points']:,}",
        f"{row['done']:,} of {total:,}", f"{row['failed']:,}", str(row["seed"]), row["scenario_hash"][:12],
        row["created_at"][:16].replace("T", " "),
    )  # fmt: skip


ORDER = (listed,)
