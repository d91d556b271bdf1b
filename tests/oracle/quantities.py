"""Texts of a scenario file as whole numbers: durations in ms, memory in MiB, prices in nano-dollars."""

from __future__ import annotations

import re
from fractions import Fraction

MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
BYTES = {"MiB": 2**20, "GiB": 2**30, "MB": 10**6, "GB": 10**9}


def duration_ms(text: str | int) -> int:
    """``1h30m`` in milliseconds."""
    parts = re.findall(r"([0-9.]+)(ms|[smhd])", str(text))
    assert parts or text in (0, "0"), f"not a duration: {text}"
    return whole(sum(Fraction(number) * MS[unit] for number, unit in parts))


def size_bytes(text: str | int) -> int:
    """``4GiB`` in bytes."""
    if text in (0, "0"):
        return 0
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]+)", str(text)).groups()
    return whole(Fraction(number) * BYTES[unit])


def memory_mib(text: str | int) -> int:
    """``4GiB`` in MiB."""
    return whole(Fraction(size_bytes(text), 2**20))


def nano_usd(text: str | int) -> int:
    """``$0.05`` or ``$0.05/h`` in nano-dollars."""
    return whole(Fraction(str(text).removeprefix("$").removesuffix("/h")) * 10**9)


def whole(number: Fraction | int) -> int:
    """The number, which must be whole."""
    assert number == int(number), f"not whole: {number}"
    return int(number)


def half_even(number: Fraction) -> int:
    """The nearest whole number, of two equally near ones the even one."""
    return round(number)
