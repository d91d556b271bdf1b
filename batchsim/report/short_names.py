"""Names that have to be short, and yet told apart: of pages and of plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def middle_cut(text: str, longest: int) -> str:
    """The text, its middle left out where it is longer than ``longest`` characters."""
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 3
    return f"{text[: longest - 1 - tail]}…{text[len(text) - tail :]}"


def numbered(names: Sequence[str]) -> list[str]:
    """The names, those that are alike with a number behind them, in their order."""
    total, seen = Counter(names), Counter[str]()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if total[name] == 1 else f"{name} ({seen[name]})")
    return told
