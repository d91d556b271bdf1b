"""Cells of a job history: numbers with a unit, instants, durations as people and schedulers write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from functools import partial
from zoneinfo import ZoneInfo

from batchsim import units
from batchsim.spec.settings import YEARS
from batchsim.spec.workload import TraceColumn
from batchsim.units import MAX_DURATION_MS

Read = Callable[[str], float]
"""What a cell holds; raises ``ValueError``."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MS = {"ms": 1.0, "s": 1e3, "m": 6e4, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
_MIB = {
    "B": 2.0**-20,
    "KiB": 2.0**-10,
    "MiB": 1.0,
    "GiB": 1024.0,
    "kB": 1e3 / 2**20,
    "MB": 1e6 / 2**20,
    "GB": 1e9 / 2**20,
}
TEXT, CLOCK = "text", "clock"
"""Units that stand in the cell itself (``1h 30m``, ``36 GB``); and ``[days-]hours:minutes:seconds``."""
INSTANTS = ("submission", "start", "end")
UNITS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(INSTANTS, tuple(_MS)),
    "run_time": (*_MS, TEXT, CLOCK),
    "memory": (*_MIB, TEXT),
}
"""The units that a column may be given in."""

_LARGEST = float(2**50)
_MOST_MS = float(MAX_DURATION_MS)
_MOST_MIB = 1e9
_MOST_VCPUS = 1e6
_LATEST_MS = 1e13
"""Unix ms; in the year 2286."""
_CLOCK = re.compile(r"(?:([0-9]{1,6})-)?([0-9]{1,9}):([0-5]?[0-9])(?::([0-5]?[0-9](?:\.[0-9]{1,9})?))?")


def zone_of(name: str | None) -> tzinfo:
    """The zone of instants that name none; its name was checked before."""
    return ZoneInfo(name) if name else UTC


def instants(mapping: TraceColumn, zone: tzinfo) -> tuple[Read, str]:
    """How instants are read, as Unix ms, and in words: by a ``strptime`` format, a unit, or as ISO 8601 or seconds."""
    if mapping.format is not None:
        pattern = mapping.format
        return (
            lambda cell: _epoch_ms(datetime.strptime(cell.strip(), pattern), zone),  # noqa: DTZ007
            f"an instant like {pattern} {_years(zone)}",
        )
    if mapping.unit is not None:
        return partial(number, factor=_MS[mapping.unit], most=_LATEST_MS), f"a number of {_upto_latest(mapping.unit)}"
    return partial(instant_ms, zone=zone), an_instant(zone)


def an_instant(zone: tzinfo) -> str:
    """What :func:`instant_ms` reads, in words."""
    ours = f"ISO 8601 (2026-01-01T00:00:00Z) {_years(zone)}"
    return f"an instant: {ours}, or {_upto_latest('s')} (for milliseconds, unit: ms)"


def _years(zone: tzinfo) -> str:
    of_zone = f", at a local time that {zone} has" if isinstance(zone, ZoneInfo) else ""
    return f"of the years {YEARS[0]} to {YEARS[-1]}{of_zone}"


def _upto_latest(unit: str) -> str:
    name = "seconds" if unit == "s" else unit
    return f"{name} from 0 to {_LATEST_MS // _MS[unit]:.0f}"


def instant_ms(cell: str, zone: tzinfo = UTC) -> float:
    """Seconds, or an ISO instant, in Unix ms."""
    try:
        float(cell)
    except ValueError:
        return _epoch_ms(datetime.fromisoformat(cell.strip()), zone)
    return number(cell, 1e3, _LATEST_MS)


def _epoch_ms(instant: datetime, zone: tzinfo) -> float:
    """Unix ms; a local time that comes twice is the first one. ``ValueError`` for one that clocks leave out."""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=zone)
    if aware.year not in YEARS:
        raise ValueError(instant)
    since = aware - _EPOCH
    if instant.tzinfo is None and (_EPOCH + since).astimezone(zone).replace(tzinfo=None) != instant:
        raise ValueError(instant)
    return since // _MICROSECOND / 1000


def durations(mapping: TraceColumn) -> tuple[Read, str]:
    """How run times are read, as ms, and in words."""
    unit = mapping.unit or "s"
    if unit == TEXT:
        return _written_duration_ms, "a duration with its units, as 1h 30m or 95.5s"
    if unit == CLOCK:
        return _clock_ms, "a duration as [days-]hours:minutes:seconds"
    return partial(number, factor=_MS[unit], most=_MOST_MS), f"a number of {unit} from 0 to 36500 days"


def _written_duration_ms(cell: str) -> float:
    return float(units.parse_duration_ms(_joined(cell)))


def _clock_ms(cell: str) -> float:
    match = _CLOCK.fullmatch(cell.strip())
    if match is None:
        raise ValueError(cell)
    days, hours, minutes, seconds = (Fraction(part or 0) for part in match.groups())
    total_ms = float((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
    if total_ms > _MOST_MS:
        raise ValueError(cell)
    return total_ms


def memories(mapping: TraceColumn) -> tuple[Read, str]:
    """How memory is read, as MiB, and in words."""
    unit = mapping.unit or "MiB"
    if unit == TEXT:
        return _written_mib, f"a size with its unit, as 512MiB or 1.5 GB, above 0 and at most {_MOST_MIB:.0f}MiB"
    most = _MOST_MIB // _MIB[unit]
    return partial(positive, factor=_MIB[unit], most=_MOST_MIB), f"a number of {unit} above 0 and at most {most:.0f}"


def vcpus() -> tuple[Read, str]:
    """How vCPUs are read, in thousandths, and in words."""
    read = partial(positive, factor=1e3, most=1e3 * _MOST_VCPUS)
    return read, f"a number of vCPUs above 0 and at most {_MOST_VCPUS:.0f}"


def _written_mib(cell: str) -> float:
    return positive(str(units.parse_bytes(_joined(cell))), 2.0**-20, _MOST_MIB)


def _joined(cell: str) -> str:
    """The quantity without blanks: ``1h 30m`` is ``1h30m``. A bare number has no unit, and is none."""
    text = "".join(cell.split())
    if not text or text[-1].isdigit():
        raise ValueError(cell)
    return text


def _plain(cell: str) -> float:
    """A number as the scenario's file has them: no other digits than 0 to 9, and nothing between them."""
    if not cell.isascii() or "_" in cell:
        raise ValueError(cell)
    return float(cell)


def number(cell: str, factor: float = 1.0, most: float = _LARGEST) -> float:
    """A finite number of at least 0, times ``factor`` at most ``most``."""
    value = _plain(cell) * factor
    if not 0 <= value <= most:
        raise ValueError(cell)
    return value


def positive(cell: str, factor: float = 1.0, most: float = _LARGEST) -> float:
    """A number above 0."""
    value = number(cell, factor, most)
    if value == 0:
        raise ValueError(cell)
    return value


def whole(cell: str, least: int, most: int) -> int:
    """A whole number within bounds."""
    value = number(cell)
    if not value.is_integer() or not least <= value <= most:
        raise ValueError(cell)
    return int(value)


def text(cell: str) -> str:
    """Text that is not empty, without blanks around it."""
    if not cell.strip():
        raise ValueError(cell)
    return cell.strip()
