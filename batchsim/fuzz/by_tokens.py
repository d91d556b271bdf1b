"""Mutants by tokens: YAML's marks, numbers and units, keys, quotes, anchors and tags; of tables, their cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from batchsim.fuzz.hostile import CELLS, NUMBERS, QUANTITIES, YAML_TOKENS
from batchsim.testing.swarm.choices import Choices, chance, pick

_TOKEN = re.compile(
    r"""(?P<comment>(?<![^\s])\#[^\n]*)|(?P<quoted>"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
    r"""|(?P<number>\$?-?[0-9]+(?:\.[0-9]+)?(?:[A-Za-z]+(?:/[a-z]+)?)?)|(?P<word>[A-Za-z_][\w.*-]*)"""
    r"""|(?P<space>[ \t]+)|(?P<end>\n)|(?P<mark>.)"""
)
_NUMBER = re.compile(r"(\$?)(-?[0-9]+(?:\.[0-9]+)?)(.*)", re.DOTALL)
_UNITS = (
    "",
    "ms",
    "s",
    "m",
    "h",
    "d",
    "min",
    "B",
    "KB",
    "MB",
    "MiB",
    "GB",
    "GiB",
    "TB",
    "PiB",
    "/s",
    "/h",
    "MB/s",
    "x",
)
_MEANT = ("quoted", "number", "word", "mark")

Tokens = list[tuple[str, str]]
"""(what it is, its text)."""


def by_tokens(text: str, choices: Choices) -> str:
    """A scenario's text with one to three changes."""
    tokens = [(found.lastgroup or "mark", found.group()) for found in _TOKEN.finditer(text)]
    for _ in range(pick(choices, (1, 1, 2, 3))):
        pick(choices, _CHANGES)(tokens, choices)
    return "".join(part for _, part in tokens)


def by_cells(text: str, choices: Choices) -> str:
    """A table's text with one to three changes of its cells, rows or marks."""
    rows = [line.split(",") for line in text.split("\n")]
    for _ in range(pick(choices, (1, 1, 2, 3))):
        pick(choices, _OF_TABLES)(rows, choices)
    return "\n".join(",".join(row) for row in rows)


def _places(tokens: Tokens, *kinds: str) -> list[int]:
    return [place for place, (kind, _) in enumerate(tokens) if kind in kinds]


def _any(places: Sequence[int], choices: Choices) -> int | None:
    return pick(choices, places) if places else None


def _swap(tokens: Tokens, choices: Choices) -> None:
    """Two tokens of one kind in each other's place, or of any."""
    kinds = (pick(choices, _MEANT),) if chance(choices, 70) else _MEANT
    places = _places(tokens, *kinds)
    if places:
        one, other = pick(choices, places), pick(choices, places)
        tokens[one], tokens[other] = tokens[other], tokens[one]


def _renumber(tokens: Tokens, choices: Choices) -> None:
    """A number one more or less, at an edge, or with more behind it."""
    place = _any(_places(tokens, "number"), choices)
    if place is None:
        return
    sign, digits, unit = _split(tokens[place][1])
    near = [str(int(float(digits)) + 1), str(int(float(digits)) - 1), f"-{digits}", f"{digits}.5", f"{digits}0", "0"]
    now = pick(choices, near) if chance(choices, 60) else str(pick(choices, NUMBERS))
    tokens[place] = ("number", f"{sign}{now}{unit}")


def _remeasure(tokens: Tokens, choices: Choices) -> None:
    """A number with another unit, with none, or another quantity altogether."""
    place = _any(_places(tokens, "number"), choices)
    if place is not None:
        sign, digits, _ = _split(tokens[place][1])
        now = f"{sign}{digits}{pick(choices, _UNITS)}" if chance(choices, 70) else pick(choices, QUANTITIES)
        tokens[place] = ("number", now)


def _split(number: str) -> tuple[str, str, str]:
    found = _NUMBER.fullmatch(number)
    return (found[1], found[2][:300], found[3]) if found else ("", "0", number)


def _rename(tokens: Tokens, choices: Choices) -> None:
    """A key or word misspelt, in capitals, or another one of the file."""
    place = _any(_places(tokens, "word"), choices)
    if place is None:
        return
    word = tokens[place][1]
    cut = choices.integer(0, len(word) - 1)
    other = tokens[pick(choices, _places(tokens, "word"))][1]
    changed = (word[:cut] + word[cut + 1 :], word[:cut] + word[cut] + word[cut:], word.upper(), word.swapcase(), other)
    tokens[place] = ("word", pick(choices, (*changed, other, f"{word}s", f"{word} ")))


def _requote(tokens: Tokens, choices: Choices) -> None:
    """Quotes lost, gained, or of the other sort."""
    place = _any(_places(tokens, *_MEANT[:3]), choices)
    if place is None:
        return
    kind, text = tokens[place]
    bare = text[1:-1] if kind == "quoted" else text
    tokens[place] = (kind, pick(choices, (bare, f'"{bare}"', f"'{bare}'", f'"{bare}', f"{bare}'")))


def _mark(tokens: Tokens, choices: Choices) -> None:
    """A mark of YAML before a token, or in its place."""
    place = _any(_places(tokens, *_MEANT, "space"), choices)
    if place is not None:
        kept = tokens[place][1] if chance(choices, 70) else ""
        tokens[place] = ("mark", pick(choices, YAML_TOKENS) + kept)


def _lose(tokens: Tokens, choices: Choices) -> None:
    place = _any(_places(tokens, *_MEANT, "space", "end"), choices)
    if place is not None:
        tokens[place] = ("space", "")


def _double(tokens: Tokens, choices: Choices) -> None:
    place = _any(_places(tokens, *_MEANT, "space"), choices)
    if place is not None:
        tokens.insert(place, tokens[place])


def _lines(tokens: Tokens) -> list[tuple[int, int]]:
    """From where to where each line goes that is no comment."""
    ends = _places(tokens, "end")
    starts = [0, *(end + 1 for end in ends[:-1])]
    return [(start, end + 1) for start, end in zip(starts, ends, strict=False) if tokens[start][0] != "comment"]


def _line(tokens: Tokens, choices: Choices) -> None:
    """A line, and so a key, lost, doubled, moved or indented otherwise."""
    lines = _lines(tokens)
    if not lines:
        return
    start, end = pick(choices, lines)
    line = tokens[start:end]
    other, _ = pick(choices, lines)
    deed = choices.integer(0, 3)
    if deed == 0:
        del tokens[start:end]
    elif deed == 1:
        tokens.insert(start, ("space", pick(choices, (" ", "  ", "\t", "    "))))
    else:
        tokens[other:other] = line
        if deed == 2 and other > end:
            del tokens[start:end]


_CHANGES: tuple[Callable[[Tokens, Choices], None], ...] = (
    _swap, _renumber, _renumber, _remeasure, _rename, _rename, _requote, _mark, _lose, _double, _line, _line,
)  # fmt: skip

Rows = list[list[str]]


def _row(rows: Rows, choices: Choices) -> list[str]:
    return rows[0] if chance(choices, 15) else pick(choices, rows)


def _cell(rows: Rows, choices: Choices) -> None:
    row = _row(rows, choices)
    row[choices.integer(0, len(row) - 1)] = pick(choices, CELLS)


def _cell_nearby(rows: Rows, choices: Choices) -> None:
    """A cell with a character more, or another row's."""
    row, other = _row(rows, choices), pick(choices, rows)
    place = choices.integer(0, len(row) - 1)
    row[place] = pick(
        choices, (row[place] + pick(choices, ('"', "'", "\r", ";", "e9", "-", "0")), other[place % len(other)])
    )


def _cell_lost_or_gained(rows: Rows, choices: Choices) -> None:
    row = _row(rows, choices)
    place = choices.integer(0, len(row) - 1)
    if chance(choices, 50) and len(row) > 1:
        del row[place]
    else:
        row.insert(place, row[place])


def _row_lost_or_gained(rows: Rows, choices: Choices) -> None:
    place, row = choices.integer(0, len(rows) - 1), pick(choices, rows)
    if chance(choices, 50) and len(rows) > 1:
        del rows[place]
    else:
        rows.insert(place, list(row))


def _column_swapped(rows: Rows, choices: Choices) -> None:
    one, other = (choices.integer(0, len(rows[0]) - 1) for _ in range(2))
    for row in rows if chance(choices, 60) else rows[:1]:
        if len(row) > max(one, other):
            row[one], row[other] = row[other], row[one]


_OF_TABLES: tuple[Callable[[Rows, Choices], None], ...] = (
    _cell, _cell, _cell, _cell_nearby, _cell_lost_or_gained, _row_lost_or_gained, _column_swapped,
)  # fmt: skip
