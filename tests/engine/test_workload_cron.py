"""EventBridge's cron: its wildcards, its limits, daylight saving, and an independent implementation as an oracle."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, given
from hypothesis import strategies as st

from batchsim.engine.workload import cron
from batchsim.engine.workload.cron import CronError, cron_instants_ms, parse_cron

CLOCK_CHANGES = [
    date(2018, 11, 3) + timedelta(days=days)
    for days in (0, 1, 2)  # Sao Paulo skips a midnight
] + [date(2010, 10, 1) - timedelta(days=days) for days in (0, 1, 2)]  # Cairo repeats an hour before midnight
DAY_MS = 86_400_000


def epoch_ms(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def firings(expression, start="2026-01-01", days=366, zone="UTC", first=5):
    """The first firings as UTC text, minutes shown."""
    start_ms = epoch_ms(start)
    instants = cron_instants_ms(expression, zone, start_ms, start_ms + days * DAY_MS)
    return [datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M") for ms in islice(instants, first)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 2 * * ? *)", ["2026-01-01 02:00", "2026-01-02 02:00"]),
        ("0/15 9-10 ? * MON-FRI *", ["2026-01-01 09:00", "2026-01-01 09:15"]),
        ("30 18 ? * 2 *", ["2026-01-05 18:30", "2026-01-12 18:30"]),
        ("0 8 1 * ? *", ["2026-01-01 08:00", "2026-02-01 08:00"]),
        ("0 8 L * ? *", ["2026-01-31 08:00", "2026-02-28 08:00"]),
        ("0 8 LW * ? *", ["2026-01-30 08:00", "2026-02-27 08:00"]),
        ("0 8 3W * ? *", ["2026-01-02 08:00", "2026-02-03 08:00"]),
        ("0 8 1W 2,3,8 ? *", ["2026-02-02 08:00", "2026-03-02 08:00"]),
        ("0 8 31W 5 ? *", ["2026-05-29 08:00"]),
        ("15 10 ? * 6L *", ["2026-01-30 10:15", "2026-02-27 10:15"]),
        ("0 0 ? * L *", ["2026-01-03 00:00", "2026-01-10 00:00"]),
        ("0 0 ? * TUE#2 *", ["2026-01-13 00:00", "2026-02-10 00:00"]),
        ("0 0 ? * 6#5 *", ["2026-01-30 00:00", "2026-05-29 00:00"]),
        ("0 0 29 2 ? 2024-2100/4", []),
        ("0 0 1 JAN,jul ? 2026", ["2026-01-01 00:00", "2026-07-01 00:00"]),
        ("1/30 0 * * ? *", ["2026-01-01 00:01", "2026-01-01 00:31"]),
        ("5,3,4 0 1 1 ? *", ["2026-01-01 00:03", "2026-01-01 00:04"]),
    ],
)
def test_an_expression_fires_when_eventbridge_would(expression, expected):
    assert firings(expression, first=2) == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 2 * * *", "five-field cron lacks the year"),
        ("0 2 * * * *", "must be ?"),
        ("0 2 ? * ? *", "must be ?"),
        ("60 2 * * ? *", "minutes: 60 is not one of 0-59"),
        ("0 24 * * ? *", "hours: 24"),
        ("0 2 0 * ? *", "day of month: 0"),
        ("0 2 * FOO ? *", "month: FOO is not one of 1-12 or JAN-DEC"),
        ("0 2 ? * 0 *", "day of week: 0 is not one of 1-7 or SUN-SAT"),
        ("0 2 ? * 3#6 *", "after #: 6"),
        ("0 2 ? * 3#1,6#3 *", "one expression only"),
        ("0 2 * * ? 1969", "year: 1969"),
        ("0/0 2 * * ? *", "the step"),
        ("30-10 2 * * ? *", "runs backwards"),
        ("0 2 XW * ? *", "day of month: X"),
        ("0 2 1,,2 * ? *", "nothing"),
        ("", "has 0"),
        ("cron(0 2 * * ? *", "minutes: CRON(0"),
    ],
)
def test_a_wrong_expression_says_which_field_and_why(expression, words):
    with pytest.raises(CronError) as error:
        parse_cron(expression)
    assert words in str(error.value)


def test_the_end_is_excluded_and_the_start_included():
    assert firings("0 0 * * ? *", days=3) == ["2026-01-01 00:00", "2026-01-02 00:00", "2026-01-03 00:00"]


def test_a_start_within_a_minute_waits_for_the_next():
    assert firings("* * * * ? *", start="2026-01-01T10:00:00.001", first=1) == ["2026-01-01 10:01"]


def test_local_time_follows_daylight_saving():
    assert firings("0 2 * * ? *", "2026-03-28", zone="Europe/Athens", first=3) == [
        "2026-03-28 00:00",
        "2026-03-29 00:00",
        "2026-03-29 23:00",
    ]


def test_a_local_time_that_does_not_exist_is_skipped():
    assert firings("30 2 * * ? *", "2026-03-07", zone="America/New_York", first=3) == [
        "2026-03-07 07:30",
        "2026-03-09 06:30",
        "2026-03-10 06:30",
    ]


def test_a_local_time_that_comes_twice_fires_once():
    assert firings("30 1 * * ? *", "2026-10-31T12:00", zone="America/New_York", first=2) == [
        "2026-11-01 05:30",
        "2026-11-02 06:30",
    ]


def test_a_zone_ahead_of_utc_begins_in_the_day_before():
    assert firings("0 1 1 1 ? *", "2025-12-31T12:00", zone="Asia/Tokyo", days=2) == ["2025-12-31 16:00"]


@given(
    st.dates(date(1971, 1, 1), date(2037, 12, 30)) | st.sampled_from(CLOCK_CHANGES),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"]
    ),
)
def test_adding_up_times_on_an_even_day_equals_looking_each_up(day, zone):
    expression, zone = parse_cron("* * * * ? *"), ZoneInfo(zone)
    midnight_ms = cron._even_midnight_ms(day, zone)
    assume(midnight_ms is not None)
    assert list(cron._added_up(expression, midnight_ms)) == list(cron._looked_up(expression, day, zone))


def term(low, high):
    number = st.integers(low, high)
    spans = st.tuples(number, number).filter(lambda pair: pair[0] < pair[1]).map(lambda pair: f"{pair[0]}-{pair[1]}")
    steps = st.tuples(spans | st.just("*"), st.integers(1, 7)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.one_of(st.just("*"), number.map(str), spans, steps)


def terms(low, high):
    return st.lists(term(low, high).filter(lambda text: text != "*"), min_size=1, max_size=3).map(",".join) | st.just(
        "*"
    )


@given(terms(0, 59), terms(0, 23), terms(1, 31), terms(1, 12), st.integers(0, 5000))
def test_days_of_the_month_agree_with_another_implementation(minutes, hours, days, months, day):
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day)
    found = agree(f"{minutes} {hours} {days} {months} ? *", f"{minutes} {hours} {days} {months} *", start)
    assert found == sorted(set(found))


@given(terms(0, 59), terms(0, 23), terms(1, 12), st.integers(1, 7), st.sampled_from(["", "L", "#1", "#4", "-7"]))
def test_days_of_the_week_agree_with_another_implementation(minutes, hours, months, weekday, kind):
    other = f"{weekday - 1}-6" if kind == "-7" else f"{weekday - 1}{kind}"
    found = agree(
        f"{minutes} {hours} ? {months} {weekday}{kind} *",
        f"{minutes} {hours} * {months} {other}",
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    days = {datetime.fromtimestamp(at / 1000, UTC).isoweekday() % 7 + 1 for at in found}
    assert days <= set(range(weekday, 8 if kind == "-7" else weekday + 1))


def agree(ours, theirs, start):
    end = start + timedelta(days=70)
    try:
        oracle = CronSim(theirs, start - timedelta(seconds=1))
    except CronSimError:  # it refuses days that its months lack; EventBridge does not
        assume(False)
    expected = [round(at.timestamp() * 1000) for at in islice(takewhile(lambda at: at < end, oracle), 300)]
    start_ms, end_ms = round(start.timestamp() * 1000), round(end.timestamp() * 1000)
    found = list(islice(cron_instants_ms(ours, "UTC", start_ms, end_ms), 300))
    assert found == expected
    return found
