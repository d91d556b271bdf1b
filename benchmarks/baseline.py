"""The committed baseline: the ratios of a whole table, so that whoever changes the engine sees what it did to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from table import Row

FILE = Path(__file__).with_name("baseline.json")


def read() -> dict[str, float]:
    """The value of each row by name; empty where none was kept."""
    if not FILE.exists():
        return {}
    kept: dict[str, float] = json.loads(FILE.read_text(encoding="utf-8"))
    return kept


def write(rows: Sequence[Row]) -> None:
    """Keep the ratios of these rows, beside those of others; seconds are not kept, they are another machine's."""
    kept = read() | {row.name: round(row.value, 3) for row in rows if row.is_ratio}
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
