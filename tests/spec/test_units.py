"""Quantities: what is accepted, what is refused and how the refusal helps, and that text and number agree both ways."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsim import units


@pytest.mark.parametrize(
    ("text", "ms"),
    [("90s", 90_000), ("5m", 300_000), ("1.5h", 5_400_000), ("2d", 172_800_000), ("250ms", 250), ("1h30m", 5_400_000)],
)
def test_a_duration_is_milliseconds(text: str, ms: int) -> None:
    assert units.parse_duration_ms(text) == ms


@pytest.mark.parametrize("zero", [0, "0", "0s", 0.0])
def test_zero_needs_no_unit(zero: str | float) -> None:
    assert units.parse_duration_ms(zero) == 0


@pytest.mark.parametrize(
    ("wrong", "help_"),
    [
        (10, "write 10s for 10 seconds"),
        ("10", "needs a unit"),
        ("1e3", "needs a unit"),
        ("10 min", "10 min is 10m"),
        ("5 m", "5 m is 5m"),
        ("2 hours", "2 hours is 2h"),
        ("1:30", "not a duration"),
        ("-5", "must not be negative"),
        ("0.1ms", "finer than a millisecond"),
        ("40000d", "longer than"),
        (True, "needs a unit"),
        (None, "needs a unit"),
        ("nan", "not a duration"),
        (float("inf"), "needs a unit"),
        ("٣s", "not a duration"),
    ],
)
def test_a_wrong_duration_is_refused_with_help(wrong: object, help_: str) -> None:
    with pytest.raises(ValueError, match=help_):
        units.parse_duration_ms(wrong)  # type: ignore[arg-type]


@given(st.integers(0, units.MAX_DURATION_MS))
def test_a_duration_comes_back_from_its_text(ms: int) -> None:
    assert units.parse_duration_ms(units.format_duration(ms)) == ms


def test_seven_and_a_bit_seconds_read_as_people_write_them() -> None:
    assert units.format_duration(7_300) == "7.3s"
    assert units.format_duration(5_400_000) == "1h30m"


def test_decimal_and_binary_sizes_differ() -> None:
    assert units.parse_bytes("10TB") == 10**13
    assert units.parse_bytes("4GiB") == 4 * 2**30
    assert units.parse_bytes("400kB") == 400_000


@pytest.mark.parametrize(("wrong", "help_"), [("10tb", "perhaps 10TB"), ("4G", "4GB or 4GiB"), ("4", "needs a unit")])
def test_a_wrong_size_is_refused_with_what_it_may_mean(wrong: str, help_: str) -> None:
    with pytest.raises(ValueError, match=help_):
        units.parse_bytes(wrong)


@given(st.integers(0, units.MAX_BYTES))
def test_a_size_comes_back_from_its_text(size: int) -> None:
    assert units.parse_bytes(units.format_bytes(size)) == size


def test_four_gigabytes_are_not_whole_mebibytes() -> None:
    with pytest.raises(ValueError, match=r"4GB = 3814\.7 MiB; 4GiB = 4096 MiB"):
        units.parse_mib("4GB")
    assert units.parse_mib("4GiB") == 4096
    assert units.parse_mib(units.format_mib(7647)) == 7647


@pytest.mark.parametrize(("text", "rate"), [("50/s", 50), ("20/min", Fraction(1, 3)), ("5/h", Fraction(1, 720))])
def test_a_rate_is_exact(text: str, rate: Fraction) -> None:
    assert units.parse_rate_per_s(text) == rate
    assert units.format_rate(Fraction(rate)) == text


@given(st.fractions(min_value=0, max_value=10**6, max_denominator=10**9))
def test_a_rate_comes_back_from_its_text(rate: Fraction) -> None:
    assert units.parse_rate_per_s(units.format_rate(rate)) == rate


def test_money_is_nano_dollars() -> None:
    assert units.parse_usd_per_h_nano("$0.05/h") == 50_000_000
    assert units.parse_usd_nano("$0.08") == 80_000_000
    assert units.format_usd(80_000_000) == "$0.08"
    assert units.format_usd(12_345_678_900_000, places=2) == "$12,345.68"
    assert units.format_usd(-1_500_000_000) == "-$1.50"


@pytest.mark.parametrize("wrong", ["free", "0.05", "$0,096/h", "0.05/h", "$-1/h", "$0.0000000001/h"])
def test_wrong_money_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"money|nano-dollar|unit"):
        units.parse_usd_per_h_nano(wrong)


@given(st.integers(0, 10**18))
def test_money_comes_back_from_its_text(nano: int) -> None:
    assert units.parse_usd_nano(units.format_usd(nano)) == nano


def test_a_throughput_is_bytes_a_second() -> None:
    assert units.parse_throughput_bytes_per_s("80MB/s") == 80_000_000
    with pytest.raises(ValueError, match="80MB/s"):
        units.parse_throughput_bytes_per_s("80MB")


@pytest.mark.parametrize("zero", ["0", 0])
def test_no_bytes_and_no_events_need_no_unit(zero: str | int) -> None:
    assert units.parse_bytes(zero) == units.parse_rate_per_s(zero) == 0


@pytest.mark.parametrize(
    ("wrong", "help_"),
    [
        ("0.0001kB", "finer than a byte: 0.0001kB = 0.1 bytes"),
        ("1025PiB", "larger than 1024PiB"),
        ("a lot", "not a size: write 400MB, 10TB, 512MiB or 4GiB$"),
        ("10tb", "perhaps 10TB"),
        ("4 G", "perhaps 4GB or 4GiB"),
    ],
)
def test_a_wrong_size_is_refused_with_its_limit(wrong: str, help_: str) -> None:
    with pytest.raises(ValueError, match=help_):
        units.parse_bytes(wrong)
