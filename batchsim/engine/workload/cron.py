"""Amazon EventBridge's six-field cron expressions and the instants at which they fire in a time zone.

Fields: minutes, hours, day of month, month, day of week (1 = Sunday), year; wildcards ``, - * / ?`` and ``L W #`` as
in EventBridge's cron reference. Daylight saving follows EventBridge Scheduler's "Schedule types": a local time that
does not exist is skipped, one that comes twice fires at the first.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTH_WORDS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY_WORDS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = {name: number for number, name in enumerate(_MONTH_WORDS, 1)}
_DAYS = {name: number for number, name in enumerate(_DAY_WORDS, 1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class CronError(ValueError):
    """An expression that EventBridge would refuse; the text says which field and why."""


@dataclass(frozen=True, slots=True)
class _Field:
    """What one position of an expression may hold."""

    name: str
    low: int
    high: int
    words: dict[str, int]

    def number(self, text: str) -> int:
        """One value, by number or word."""
        value = _whole(text) if _is_whole(text) else self.words.get(text, -1)
        if not self.low <= value <= self.high:
            words = f" or {next(iter(self.words))}-{list(self.words)[-1]}" if self.words else ""
            raise CronError(f"{self.name}: {text or 'nothing'} is not one of {self.low}-{self.high}{words}")
        return value

    def values(self, text: str) -> frozenset[int]:
        """All values of a list of terms ``*``, ``a``, ``a-b``, each with an optional ``/step``."""
        return frozenset().union(*(self._term(term) for term in text.split(",")))

    def _term(self, term: str) -> range:
        base, slash, step_text = term.partition("/")
        first, dash, last = base.partition("-")
        low = self.low if base == "*" else self.number(first)
        high = self.number(last) if dash else self.high if base == "*" or slash else low
        if high < low:
            raise CronError(f"{self.name}: the range {base} runs backwards")
        return range(low, high + 1, self._step(step_text) if slash else 1)

    def _step(self, text: str) -> int:
        if not (_is_whole(text) and _whole(text) > 0):
            raise CronError(f"{self.name}: the step after / must be a whole number from 1 (got {text or 'nothing'})")
        return _whole(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _whole(text: str) -> int:
    """A number in digits; of more digits than any field takes, one that is too large."""
    return int(text.lstrip("0")[:_DIGITS] or "0")


_DIGITS = 9


_MINUTE = _Field("minutes", 0, 59, {})
_HOUR = _Field("hours", 0, 23, {})
_DAY = _Field("day of month", 1, 31, {})
_MONTH = _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 1, 7, _DAYS)
_YEAR = _Field("year", 1970, 2199, {})


@dataclass(frozen=True, slots=True)
class CronExpression:
    """A parsed expression; exactly one of ``days`` and ``weekdays`` is None (``?``)."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: str | None
    months: frozenset[int]
    weekdays: str | None
    years: frozenset[int]

    def days_of(self, year: int, month: int) -> list[int]:
        """The days of one month on which it fires, in order."""
        if year not in self.years or month not in self.months:
            return []
        text, day_numbers = (self.days, _days_of_month) if self.days else (self.weekdays or "", _days_by_weekday)
        return sorted({day for term in text.split(",") for day in day_numbers(term, year, month)})


def parse_cron(text: str) -> CronExpression:
    """Parse ``cron(0 2 * * ? *)``, or its inside alone. Raises :class:`CronError`."""
    match = re.fullmatch(r"\s*(?:cron\s*\((.*)\)|([^()]*))\s*", text, re.IGNORECASE)
    fields = ((match[1] or match[2] or "") if match else text).upper().split()
    if len(fields) != 6:
        hint = "; a five-field cron lacks the year: add *" if len(fields) == 5 else ""
        raise CronError(
            f"needs six fields (minutes hours day-of-month month day-of-week year), has {len(fields)}{hint}"
        )
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise CronError("exactly one of day of month and day of week must be ?")
    expression = CronExpression(
        tuple(sorted(_MINUTE.values(minutes))),
        tuple(sorted(_HOUR.values(hours))),
        None if days == "?" else days,
        _MONTH.values(months),
        None if weekdays == "?" else weekdays,
        _YEAR.values(years),
    )
    _check_days(expression)
    return expression


def cron_instants_ms(text: str, time_zone: str, start_epoch_ms: int, end_epoch_ms: int) -> Iterator[int]:
    """The instants (Unix ms) at which an expression fires, from ``start`` up to but excluding ``end``, in order."""
    expression, zone = parse_cron(text), ZoneInfo(time_zone)
    first, last = (
        (_EPOCH + edge * _MS).astimezone(zone).date() + timedelta(days=slack)
        for edge, slack in ((start_epoch_ms, -1), (end_epoch_ms, 1))
    )
    for day in _dates(expression, first, last):
        even_ms = _even_midnight_ms(day, zone)
        instants = _looked_up(expression, day, zone) if even_ms is None else _added_up(expression, even_ms)
        for instant_ms in instants:
            if start_epoch_ms <= instant_ms < end_epoch_ms:
                yield instant_ms


def _dates(expression: CronExpression, first: date, last: date) -> Iterator[date]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        for day in expression.days_of(year, month):
            if first <= (found := date(year, month, day)) <= last:
                yield found
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _even_midnight_ms(day: date, zone: ZoneInfo) -> int | None:
    """Midnight (Unix ms) of a day whose clocks are not changed, else None."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    if midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset():
        return None
    return (midnight - _EPOCH) // _MS


def _added_up(expression: CronExpression, midnight_ms: int) -> Iterator[int]:
    """The fast path of :func:`_looked_up` for days of 24 hours: ten times as fast, tested to be its equal."""
    for hour in expression.hours:
        for minute in expression.minutes:
            yield midnight_ms + (hour * 60 + minute) * 60_000


def _looked_up(expression: CronExpression, day: date, zone: ZoneInfo) -> Iterator[int]:
    """The instants of any day: each local time is looked up, and skipped where the clocks jump over it."""
    for hour in expression.hours:
        for minute in expression.minutes:
            local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            instant = local.astimezone(UTC)
            if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                yield (instant - _EPOCH) // _MS


def _days_of_month(term: str, year: int, month: int) -> list[int]:
    """Days of one term of the day-of-month field: ``L``, ``LW``, ``15W`` or numbers."""
    last = monthrange(year, month)[1]
    if term == "L":
        return [last]
    if term.endswith("W"):
        day = last if term == "LW" else _DAY.number(term[:-1])
        return [_nearest_workday(year, month, day, last)] if day <= last else []
    return [day for day in _DAY.values(term) if day <= last]


def _nearest_workday(year: int, month: int, day: int, last: int) -> int:
    """The Monday to Friday nearest to a day, within its month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _days_by_weekday(term: str, year: int, month: int) -> list[int]:
    """Days of one term of the day-of-week field: ``L`` (Saturday), ``6L`` (last Friday), ``3#2`` or numbers."""
    if term == "L":
        return _weekday_days(7, year, month)
    if term.endswith("L"):
        return _weekday_days(_WEEKDAY.number(term[:-1]), year, month)[-1:]
    if "#" in term:
        weekday, _, nth = term.partition("#")
        position = _NTH.number(nth)
        return _weekday_days(_WEEKDAY.number(weekday), year, month)[position - 1 : position]
    return [day for weekday in _WEEKDAY.values(term) for day in _weekday_days(weekday, year, month)]


_NTH = _Field("day of week, after #", 1, 5, {})


def _weekday_days(weekday: int, year: int, month: int) -> list[int]:
    """All days of a month that fall on a weekday (1 = Sunday)."""
    first_weekday, last = monthrange(year, month)
    first = (weekday - 2 - first_weekday) % 7 + 1
    return list(range(first, last + 1, 7))


def _check_days(expression: CronExpression) -> None:
    """Read both day fields once, on a month of 31 days, for their errors."""
    if expression.weekdays and "#" in expression.weekdays and "," in expression.weekdays:
        raise CronError("day of week: # allows one expression only")
    if expression.days is not None:
        for term in expression.days.split(","):
            _days_of_month(term, 2024, 1)
    if expression.weekdays is not None:
        for term in expression.weekdays.split(","):
            _days_by_weekday(term, 2024, 1)
