"""Plain scalars by YAML 1.2's core schema, and text written so that it comes back as itself.

``no`` and ``1:30`` are text here: YAML 1.1's booleans and base-60 numbers are a trap.
"""

from __future__ import annotations

import math
import re
from typing import Any, Self

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?[0-9]{1,60}")
_OCTAL = re.compile(r"0o[0-7]{1,60}")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,60}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")
_NAN = (".nan", ".NaN", ".NAN")

_PLAIN = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_./@+$-]*(?: [A-Za-z0-9_./@+$-]+)*")
_OTHERS_MISREAD = re.compile(r"(?i:y|n|yes|no|on|off)|\d{4}-\d.*|[\d_.+-]+(?:e[\d+-]*)?|0b.*")
"""Plain text that YAML 1.1 readers take for something else; we quote it for their sake."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class AsWritten(float):
    """A number that a float does not tell as the file does: reckoned with as that float, named as it was written."""

    text: str

    def __new__(cls, text: str) -> Self:
        """The nearest float, infinite where there is none."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __str__(self) -> str:
        return self.text


def read_plain(text: str) -> Any:
    """What an unquoted scalar means: None, a boolean, an integer, a float, or its own text."""
    if text in _WORDS:
        return _WORDS[text]
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return AsWritten(text) if math.isinf(value) or text.lstrip("+-").isdecimal() else value
    infinite = _INFINITE.fullmatch(text)
    if infinite:
        return float(f"{infinite[1]}inf")
    return float("nan") if text in _NAN else text


def write_scalar(value: Any) -> str:
    """A scalar as YAML: plain where that reads back as the same value, else in double quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    plain = _PLAIN.fullmatch(value) and read_plain(value) == value and not _OTHERS_MISREAD.fullmatch(value)
    return value if plain else '"' + "".join(map(_escape, value)) + '"'


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
