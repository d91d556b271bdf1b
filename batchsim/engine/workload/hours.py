"""The hours of local time that a stretch of simulated time is made of, clocks that are changed included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from batchsim.units import MS_PER_H

HOURS_A_WEEK = 168
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def local_hours(time_zone: str, start_epoch_ms: int, end_epoch_ms: int) -> Iterator[tuple[int, int]]:
    """(first instant in Unix ms, hour of the week) of each stretch within one local hour, from ``start`` to ``end``.

    Hour 0 is Monday's first. An hour that the clocks jump over has no stretch, one that comes twice has two.
    """
    zone, at_ms = ZoneInfo(time_zone), start_epoch_ms
    while at_ms < end_epoch_ms:
        local = _local(at_ms, zone)
        yield at_ms, local.weekday() * 24 + local.hour
        at_ms = _next_ms(at_ms, local, zone)


def _next_ms(at_ms: int, local: datetime, zone: ZoneInfo) -> int:
    """The next full local hour, or the change of clocks before it."""
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    next_ms = at_ms + MS_PER_H - past // _MS
    if _local(next_ms, zone).utcoffset() == local.utcoffset():
        return next_ms
    low, high = at_ms, next_ms  # the offset of low still holds, that of high is new
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _local(middle, zone).utcoffset() == local.utcoffset() else (low, middle)
    return high


def _local(epoch_ms: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + epoch_ms * _MS).astimezone(zone)
