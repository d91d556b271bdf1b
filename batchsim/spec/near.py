"""The word that somebody probably meant: case-insensitive equality, else the nearest within two edits."""

from __future__ import annotations

from collections.abc import Iterable

MAX_EDITS = 2


def near(word: str, options: Iterable[str]) -> str | None:
    """The option nearest to ``word``, the first of equals; None when none is within two edits (one for short words)."""
    limit = MAX_EDITS if len(word) > 4 else len(word) // 2
    best, best_edits = None, limit + 1
    for option in options:
        edits = _edits(word.lower(), option.lower(), limit)
        if edits < best_edits:
            best, best_edits = option, edits
    return best


def did_you_mean(word: object, options: Iterable[str]) -> str:
    """``Did you mean X?``, or nothing."""
    found = near(str(word), options) if len(str(word)) <= 256 else None
    return f"Did you mean {found}?" if found else ""


def _edits(first: str, second: str, limit: int) -> int:
    """Damerau-Levenshtein distance (neighbours swapped count one), or ``limit + 1`` when it is more."""
    # One edit changes the letters that occur by two at most: this spares the table below for words far apart.
    if abs(len(first) - len(second)) > limit or len(set(first) ^ set(second)) > 2 * limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, start=1):
        older, before, row = before, row, [i]
        for j, right in enumerate(second, start=1):
            edits = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == second[j - 2] and first[i - 2] == right:
                edits = min(edits, older[j - 2] + 1)
            row.append(edits)
        if min(row) > limit:
            return limit + 1
    return row[-1]
