"""Quantities as people write them, turned into exact integers and fractions, and back.

A quantity is a decimal number followed at once by its unit: ``90s``, ``1h30m``, ``4GiB``, ``20/min``, ``$0.05/h``. A
bare number is refused, except 0. Every error is a ``ValueError`` that says what was understood and what to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

Quantity = str | int | float

MS_PER_S = 1_000
MS_PER_H = 3_600_000
PICO = 10**12
NANO_PER_USD = 1_000_000_000
MIB = 1 << 20

DURATION_MS: Mapping[str, int] = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""Milliseconds in each unit of time, the longest first."""

BYTES: Mapping[str, int] = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGTP", start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTP", start=1)},
}
"""Bytes in each unit: TB = 10**12, TiB = 2**40."""

RATE_SECONDS: Mapping[str, int] = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
"""Seconds in each unit that a rate is given by."""

MAX_DURATION_MS = 36_500 * DURATION_MS["d"]
MAX_BYTES = 1024**6

_NUMBER = r"[0-9]{1,30}(?:\.[0-9]{1,30})?"
_PART = re.compile(rf"({_NUMBER})(ms|[dhms])")
_DURATION = re.compile(rf"(?:{_NUMBER}(?:ms|[dhms]))+")
_SIZED = re.compile(rf"({_NUMBER})([A-Za-z]+)")
_RATE = re.compile(rf"({_NUMBER})(?:/([1-9][0-9]*))?/(s|min|h|d)")
_THROUGHPUT = re.compile(rf"({_NUMBER}[A-Za-z]+)/s")
_USD = re.compile(rf"\$({_NUMBER})")
_USD_PER_H = re.compile(rf"\$({_NUMBER})/h")
_WORDS = (
    (r"(?:milliseconds?|msecs?|millis)", "ms"),
    (r"(?:seconds?|secs?)", "s"),
    (r"(?:minutes?|mins?)", "m"),
    (r"(?:hours?|hrs?)", "h"),
    (r"days?", "d"),
)


def parse_duration_ms(value: Quantity) -> int:
    """Milliseconds in ``90s``, ``5m``, ``1.5h``, ``2d``, ``250ms`` or ``1h30m``; 0 needs no unit."""
    if isinstance(value, str) and len(value) <= _SHORT:
        return _known_duration_ms(value)
    return _duration_ms(value)


_SHORT = 12
"""Longer texts are no durations that come again, and are not to be kept."""


@lru_cache(maxsize=2048)
def _known_duration_ms(text: str) -> int:
    """The same few durations stand in every scenario, and are read again by whoever checks its run."""
    return _duration_ms(text)


def _duration_ms(value: Quantity) -> int:
    text = _text(value, "a duration needs a unit, as in 90s, 5m, 1.5h, 2d or 250ms", _duration_of_number)
    if text == "0":
        return 0
    if not _DURATION.fullmatch(text):
        raise ValueError(f"not a duration: write 90s, 5m, 1.5h, 1h30m, 2d or 250ms{_duration_hint(text)}")
    total = sum(Fraction(number) * DURATION_MS[unit] for number, unit in _PART.findall(text))
    if total.denominator != 1:
        raise ValueError(f"finer than a millisecond: {text} = {float(total):g} ms")
    if total > MAX_DURATION_MS:
        raise ValueError("longer than 36500d")
    return int(total)


def parse_bytes(value: Quantity) -> int:
    """Bytes in ``10TB`` (10**13) or ``4GiB`` (4 * 2**30); 0 needs no unit."""
    text = _text(value, "a size needs a unit, as in 10TB (10^13 bytes) or 4GiB (4 * 2^30 bytes)")
    if text == "0":
        return 0
    match = _SIZED.fullmatch(text)
    if not match or match[2] not in BYTES:
        raise ValueError(f"not a size: write 400MB, 10TB, 512MiB or 4GiB{_size_hint(text)}")
    size = Fraction(match[1]) * BYTES[match[2]]
    if size.denominator != 1:
        raise ValueError(f"finer than a byte: {text} = {float(size):g} bytes")
    if size > MAX_BYTES:
        raise ValueError("larger than 1024PiB")
    return int(size)


def parse_mib(value: Quantity) -> int:
    """Whole MiB in ``4GiB`` (4096) or ``512MiB``; a size that is not whole MiB, as 4GB = 3814.7 MiB, is refused."""
    text = str(value)
    mib = Fraction(parse_bytes(value), MIB)
    if mib.denominator != 1:
        hint = f"; {text[:-1]}iB = {int(parse_bytes(f'{text[:-1]}iB') / MIB)} MiB" if _is_decimal_unit(text) else ""
        raise ValueError(f"not whole MiB: {text} = {float(mib):.1f} MiB{hint}")
    return int(mib)


def parse_rate_per_s(value: Quantity) -> Fraction:
    """Events a second in ``50/s``, ``20/min``, ``5/h`` or ``1/d``, exactly; ``1/3/s`` is a third a second."""
    text = _text(value, "a rate needs a unit, as in 50/s, 20/min or 5/h")
    if text == "0":
        return Fraction(0)
    match = _RATE.fullmatch(text)
    if not match:
        raise ValueError("not a rate: write 50/s, 20/min, 5/h or 1/d")
    return Fraction(match[1]) / int(match[2] or 1) / RATE_SECONDS[match[3]]


def parse_throughput_bytes_per_s(value: Quantity) -> int:
    """Bytes a second in ``80MB/s``."""
    text = _text(value, "a throughput needs a unit, as in 80MB/s or 100MiB/s")
    match = _THROUGHPUT.fullmatch(text)
    if not match:
        raise ValueError("not a throughput: write 80MB/s or 100MiB/s")
    return parse_bytes(match[1])


def parse_usd_nano(value: Quantity) -> int:
    """Nano-dollars in ``$0.08``; 0 needs no unit."""
    return _parse_money(value, _USD, "$0.08")


def parse_usd_per_h_nano(value: Quantity) -> int:
    """Nano-dollars an hour in ``$0.05/h``; 0 needs no unit."""
    return _parse_money(value, _USD_PER_H, "$0.05/h")


def format_duration(duration_ms: int) -> str:
    """The exact text of a duration: ``1h30m``, ``7.3s``, ``250ms``, ``0s``; inverse of :func:`parse_duration_ms`."""
    rest, parts = duration_ms, []
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, DURATION_MS[unit])
        parts += [f"{count}{unit}"] if count else []
    if 0 < rest < MS_PER_S:
        parts.append(f"{rest}ms")
    elif rest or not parts:
        parts.append(f"{format_decimal(Fraction(rest, MS_PER_S))}s")
    return "".join(parts)


def format_bytes(size: int) -> str:
    """Exact text of a size, in the largest unit that holds it in whole numbers: ``10TB``, ``4GiB``, ``17B``."""
    if size == 0:
        return "0B"
    unit = max((unit for unit, length in BYTES.items() if size % length == 0), key=lambda unit: BYTES[unit])
    return f"{size // BYTES[unit]}{unit}"


def format_mib(size_mib: int) -> str:
    """Exact text of a size in MiB: ``4GiB``, ``7647MiB``."""
    return f"{size_mib // 1024}GiB" if size_mib and size_mib % 1024 == 0 else f"{size_mib}MiB"


def format_rate(rate_per_s: Fraction) -> str:
    """Exact text of a rate, in the first unit that makes it whole, or else a finite decimal: ``50/s``, ``20/min``."""
    by_unit = {unit: rate_per_s * seconds for unit, seconds in RATE_SECONDS.items()}
    for fits in (lambda rate: rate.denominator == 1, _is_finite_decimal):
        for unit, rate in by_unit.items():
            if fits(rate):
                return f"{format_decimal(rate)}/{unit}"
    return f"{rate_per_s.numerator}/{rate_per_s.denominator}/s"


def format_usd(nano_usd: int, places: int | None = None) -> str:
    """Dollars, rounded half even to ``places`` decimals; exact with at least two decimals when ``places`` is None."""
    sign, amount = ("-" if nano_usd < 0 else ""), Fraction(abs(nano_usd), NANO_PER_USD)
    if places is not None:
        scaled = round(amount * 10**places)
        whole, part = divmod(scaled, 10**places)
        return f"{sign}${whole:,}.{part:0{places}d}" if places else f"{sign}${whole:,}"
    whole_text, _, decimals = format_decimal(amount).partition(".")
    return f"{sign}${whole_text}.{decimals.ljust(2, '0')}"


def format_decimal(number: Fraction) -> str:
    """Exact decimal text of a non-negative fraction that has a finite one."""
    places = 0
    while (number * 10**places).denominator != 1:
        places += 1
    whole, part = divmod(int(number * 10**places), 10**places)
    return f"{whole}.{part:0{places}d}" if places else str(whole)


def _parse_money(value: Quantity, pattern: re.Pattern[str], example: str) -> int:
    text = _text(value, f"an amount of money needs its unit, as in {example}")
    if text == "0":
        return 0
    match = pattern.fullmatch(text)
    if not match:
        comma = ". The decimal mark is a point" if "," in text else ""
        raise ValueError(f"not an amount of money: write it as {example}{comma}")
    nano = Fraction(match[1]) * NANO_PER_USD
    if nano.denominator != 1:
        raise ValueError(f"finer than a nano-dollar: {text}")
    return int(nano)


def _text(value: object, needs_unit: str, hint_of: object = None) -> str:
    """The text of a quantity, "0" for any zero; a bare number is an error that says what it may have meant."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(needs_unit)  # noqa: TRY004 -- every error of this module is a ValueError
    if isinstance(value, str) and not re.fullmatch(r"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?", value):
        return value
    if float(value) == 0:
        return "0"
    if str(value).startswith("-"):
        raise ValueError("must not be negative")
    raise ValueError(needs_unit + (hint_of(value) if callable(hint_of) else ""))


def _duration_of_number(value: Quantity) -> str:
    return f"; write {value}s for {value} seconds" if re.fullmatch(_NUMBER, str(value)) else ""


def _duration_hint(text: str) -> str:
    """What ``10 min`` or ``5 m`` would be, written our way."""
    ours = re.sub(r"\s+", "", text.lower())
    for words, unit in _WORDS:
        ours = re.sub(rf"(?<=\d){words}(?![a-z])", unit, ours)
    return f"; {text} is {ours}" if ours != text and _DURATION.fullmatch(ours) else ""


def _size_hint(text: str) -> str:
    """What ``10tb`` or ``4 G`` may have meant."""
    match = re.fullmatch(rf"({_NUMBER})\s*([A-Za-z]+)", text)
    if not match:
        return ""
    stem = match[2].lower()
    near = [unit for unit in BYTES if unit.lower() in (stem, f"{stem}b", f"{stem}ib")]
    return f"; perhaps {' or '.join(match[1] + unit for unit in near)}" if near else ""


def _is_decimal_unit(text: str) -> bool:
    return bool(re.fullmatch(rf"{_NUMBER}[MGTP]B", text))


def _is_finite_decimal(number: Fraction) -> bool:
    rest = number.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
