"""Names as labels: they are data, so nothing in them is mathematics or a line end, and long ones are cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from batchsim.report.short_names import middle_cut, numbered
from batchsim.report.words import plain

LONGEST = 26
"""Characters of a name that a label shows."""


def labels(names: Sequence[object], longest: int = LONGEST) -> list[str]:
    """The names as labels of one plot: shortened, and numbered where that makes two of them alike."""
    return [label(name) for name in numbered([shortened(name, longest) for name in names])]


def shortened(name: object, longest: int = LONGEST) -> str:
    """The name on one line, its middle left out where it is longer than ``longest`` characters."""
    text = "".join(character if _can_be_drawn(character) else _escaped(character) for character in plain(name))
    return middle_cut(text, longest)


def label(text: str) -> str:
    """Text for matplotlib, which takes ``$`` for mathematics and hides labels that start with an underscore."""
    safe = text.replace("$", r"\$")
    return f"\N{ZERO WIDTH SPACE}{safe}" if safe.startswith("_") else safe


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


@cache
def _can_be_drawn(character: str) -> bool:
    """Whether the font that comes with matplotlib has the character; it warns of others and draws boxes."""
    return ord(character) in _font()


@cache
def _font() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
