"""Mutants by bytes: flipped, put in, lost, doubled, cut off, moved, spliced with another file, no UTF-8 any more."""

from __future__ import annotations

from collections.abc import Callable

from batchsim.fuzz.hostile import BYTES
from batchsim.testing.swarm.choices import Choices, chance, pick

_LENGTHS = (1, 1, 1, 2, 3, 8, 40, 200)
_TRIES = 4


def by_bytes(raw: bytes, other: bytes, choices: Choices) -> bytes:
    """``raw`` with one change to four; ``other`` is what splices are taken from."""
    for _ in range(pick(choices, (1, 1, 1, 2, 4))):
        raw = pick(choices, _CHANGES)(raw or b"\n", other or b"\n", choices)
    return raw


def _somewhere(raw: bytes, choices: Choices) -> int:
    """A place, hardly ever in a line of comment, where a change would change nothing."""
    place = 0
    for _ in range(_TRIES):
        place = choices.integer(0, len(raw) - 1)
        line = raw[raw.rfind(b"\n", 0, place) + 1 : place + 1]
        if b"#" not in line:
            break
    return place


def _stretch(raw: bytes, choices: Choices) -> tuple[int, int]:
    start = _somewhere(raw, choices)
    return start, min(len(raw), start + pick(choices, _LENGTHS))


def _flip(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    place = _somewhere(raw, choices)
    return raw[:place] + bytes([raw[place] ^ 1 << choices.integer(0, 7)]) + raw[place + 1 :]


def _replace(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    place = _somewhere(raw, choices)
    return raw[:place] + bytes([choices.integer(0, 255)]) + raw[place + 1 :]


def _insert(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    place = _somewhere(raw, choices)
    added = bytes(choices.integer(0, 255) for _ in range(choices.integer(1, 6)))
    return raw[:place] + added + raw[place:]


def _not_utf8(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    place = 0 if chance(choices, 15) else _somewhere(raw, choices)
    return raw[:place] + pick(choices, BYTES) + raw[place + choices.integer(0, 1) :]


def _delete(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    start, end = _stretch(raw, choices)
    return raw[:start] + raw[end:]


def _double(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    start, end = _stretch(raw, choices)
    return raw[:end] + raw[start:end] * pick(choices, (1, 1, 1, 2, 9)) + raw[end:]


def _move(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    start, end = _stretch(raw, choices)
    rest = raw[:start] + raw[end:]
    place = choices.integer(0, len(rest))
    return rest[:place] + raw[start:end] + rest[place:]


def _truncate(raw: bytes, other: bytes, choices: Choices) -> bytes:
    del other
    return raw[: choices.integer(0, len(raw))]


def _splice(raw: bytes, other: bytes, choices: Choices) -> bytes:
    """The beginning of one and the end of the other, cut at any byte or where lines begin."""
    here, there = choices.integer(0, len(raw)), choices.integer(0, len(other))
    if chance(choices, 70):
        here, there = raw.rfind(b"\n", 0, here) + 1, other.rfind(b"\n", 0, there) + 1
    return raw[:here] + other[there:]


def _graft(raw: bytes, other: bytes, choices: Choices) -> bytes:
    start, end = _stretch(other, choices)
    place = _somewhere(raw, choices)
    return raw[:place] + other[start:end] + raw[place:]


def _line(raw: bytes, other: bytes, choices: Choices) -> bytes:
    """A line lost, doubled, moved, or indented otherwise."""
    del other
    lines = raw.splitlines(keepends=True) or [b"\n"]
    line = lines.pop(choices.integer(0, len(lines) - 1))
    place = choices.integer(0, len(lines))
    lines[place:place] = pick(choices, ([], [line, line], [line], [b" " + line], [line.lstrip()], [b"\t" + line]))
    return b"".join(lines)


_CHANGES: tuple[Callable[[bytes, bytes, Choices], bytes], ...] = (
    _flip, _replace, _insert, _delete, _double, _move, _line, _line, _graft, _not_utf8, _truncate, _splice,
)  # fmt: skip
