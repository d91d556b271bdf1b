"""Names as labels of a page: they are data, so nothing in them is mark-up, mathematics or a line end."""

from __future__ import annotations

from collections.abc import Sequence

from batchsim.report.words import plain

LONGEST = 60
"""Characters of a name that a page shows."""

_JOINER = "\N{WORD JOINER}"


def short(name: object, longest: int = LONGEST) -> str:
    """The name on one line, its middle left out where it is longer than ``longest`` characters."""
    text = plain(name)
    if len(text) <= longest:
        return text
    tail = (longest - 1) // 3
    return f"{text[: longest - 1 - tail]}…{text[len(text) - tail :]}"


def distinct(names: Sequence[object], longest: int = LONGEST) -> list[str]:
    """The names, shortened, and numbered where that makes two of them alike."""
    cut = [short(name, longest) for name in names]
    seen: dict[str, int] = {}
    told = []
    for name in cut:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if cut.count(name) == 1 else f"{name} ({seen[name]})")
    return told


def on_axis(text: str) -> str:
    """Text for Bokeh's axes, which take what stands between two double dollars, or escaped brackets, for TeX."""
    return text.replace("$", f"${_JOINER}").replace("\\", f"\\{_JOINER}")


def grouped(names: Sequence[str], codes: Sequence[int], others: int, kind: str) -> list[str]:
    """The labels of groups: of each that stands alone, and of all others together."""
    return distinct([names[code] for code in codes]) + [f"{others} other {kind}"] * bool(others)
