"""Names as labels of a page: they are data, so nothing in them is mark-up, mathematics or a line end."""

from __future__ import annotations

from collections.abc import Sequence

from batchsim.report.short_names import middle_cut, numbered
from batchsim.report.words import plain

LONGEST = 60
"""Characters of a name that a page shows."""

_JOINER = "\N{WORD JOINER}"


def short(name: object, longest: int = LONGEST) -> str:
    """The name on one line, its middle left out where it is longer than ``longest`` characters."""
    return middle_cut(plain(name), longest)


def distinct(names: Sequence[object], longest: int = LONGEST) -> list[str]:
    """The names, shortened, and numbered where that makes two of them alike."""
    return numbered([short(name, longest) for name in names])


def on_axis(text: str) -> str:
    """Text for Bokeh's axes, which take what stands between two double dollars, or escaped brackets, for TeX."""
    return text.replace("$", f"${_JOINER}").replace("\\", f"\\{_JOINER}")


def grouped(names: Sequence[str], codes: Sequence[int], others: int, kind: str) -> list[str]:
    """The labels of groups: of each that stands alone, and of all others together."""
    return distinct([names[code] for code in codes]) + [f"{others} other {kind}"] * bool(others)
