"""What stands in no honest file: edges of every range and beyond, other types, hostile texts."""

from __future__ import annotations

import math
from typing import Any

NUMBERS: tuple[Any, ...] = (
    0, 1, -1, 2, 3, 4, 5, 9, 10, 11, 12, 20, 21, 59, 60, 61, 99, 100, 101, 127, 128, 255, 256, 999, 1_000,
    1_001, 9_999,
    10_000, 10_001, 999_999, 1_000_000, 1_000_001, 10**9 - 1, 10**9, 10**9 + 1, 2**31 - 1, 2**31, 2**32, 2**53,
    2**63 - 1,
    2**63, 2**64, 2**128 - 1, 2**128, 10**40, -60, -(2**63), 0.5, -0.5, 0.25, 1.5, 0.0, -0.0, 1e-320, 1e-9, 0.999999,
    1.0000000001, 1e308, math.nan, math.inf, -math.inf,
)  # fmt: skip

QUANTITIES = (
    "0", "0s", "1ms", "-1s", "1s", "59s", "60s", "61s", "1.5s", "0.5ms", "1h30m", "24h", "25h", "1d", "30d", "366d",
    "3650d", "36500d", "36501d", "99999999999999999999d", "1e9s", "10min", "5 m", "5M", "s", "NaN", "inf", "90", "1B",
    "4GB", "4GiB", "1MiB", "3MiB", "0B", "1023PiB", "1024PiB", "-1GiB", "1GB ", "1gb", "1/s", "50/s", "1000000000/s",
    "0/s", "1/d", "1/9999999/d", "1B/s", "0B/s", "100MB/s", "$0/h", "$0.1/h", "$10000/h", "$10000.01/h",
    "$999999999999999999999999999999/h", "$0.000000001/h", "$0.0000000001/h", "$1", "0,096", "free", "< 4h", "> 0",
    ">= -1", "<", "== 3", "< 1e400", "1000000", "0.25", "1e5", "50%", "+10%",
)  # fmt: skip

TEXTS = (
    "", " ", "x", "x" * 129, "x" * 300, "x" * 100_000, "<script>alert(1)</script>", '"onload=', "=1+1", "+1",
    "-1", "@x",
    "\t", "\x1b[31mred\x1b[0m", "a\nb", "a\rb", "\x85", "\u202egpj.exe", "\u2028", "\ud83d\ude00", "\ud800", "\ufeff",
    "İstanbul", "ß", "../../etc/passwd", "/dev/zero", "/", "..", ".", "CON", "a/b", "a:0", "a:1", "a@1", ":",
    "*", "**",
    "%s%n{0}", "{}", "cron(* * * * ? *)", "cron(0 0 29 2 ? *)", "cron(0 0 31 2 ? *)", "cron(0/0 * * * ? *)", "cron(",
    "rate(1 minute)", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-03-08T02:30:00", "America/New_York",
    "Mars/Olympus", "drained", "unlimited", "new_account", "none", "null", "~", "true", "yes", "Ref::x", "optimal",
    "m5.large", "m5", "c6g", "p4d.24xlarge", "arn:aws:batch:us-east-1:1:job-queue/x", "Host EC2*", "ENABLED",
    "DISABLED",
    "enabled", "SPOT", "EC2", "FARGATE", "SEQUENTIAL", "N_TO_N", '{"a":[1]}',
)  # fmt: skip

SHAPES: tuple[Any, ...] = (
    None, True, False, [], {}, [None], [[]], [0], [""], {"": ""}, {"a": 1}, [{}], {"a": {"a": {"a": {}}}},
    {"uniform": {"min": "0s", "max": "0s"}}, {"uniform": {"min": "2s", "max": "1s"}},
    {"uniform": {"min": "36500d", "max": "36500d"}}, {"exponential": {"mean": "36500d"}},
    {"exponential": {"mean": "1ms"}}, {"exponential": {"mean": "0s"}}, {"lognormal": {"mean": "1s", "cv": 1e300}},
    {"lognormal": {"mean": "1s", "cv": 0}}, {"lognormal": {"median": "1ms", "sigma": 700}},
    {"lognormal": {"median": "36500d", "sigma": 1e308}}, {"lognormal": {"p50": "1s", "p95": "36500d"}},
    {"weibull": {"p50": "1s", "p95": "1s"}}, {"gamma": {"mean": "1s", "cv": 100}},
    {"triangular": {"min": "1s", "mode": "1s", "max": "1s"}}, {"pareto": {"min": "1s", "alpha": 1}},
    {"empirical": {"values": ["1s"]}}, {"empirical": {"values": []}}, {"mixture": []},
    {"mixture": [{"weight": 0, "constant": "1s"}]}, {"poisson": "1000000000/s", "for": "1h"}, {"poisson": "1/s"},
    {"poisson": "1/min", "for": "0s"}, {"cron": "* * * * ? *", "for": "3650d"}, {"rate": "1/d", "start": "1d"},
    {"rates_by_hour": [0] * 24, "for": "1d"}, {"rates_by_hour": [1] * 23, "for": "1d"}, {"trace": "/dev/zero"},
    {"trace": "../../etc/passwd"}, {"trace": ""}, {"trace": "."}, {"after": "x", "delay": "1s"}, {"script": []},
    {"script": [{"run": "0s", "exit": 1}]}, {"script": [{"run": "1ms", "exit": 255}]},
    {"scripts": [[{"run": "1s"}], [{"run": "2s", "exit": 1}]]}, {"dataset": "x"},
)  # fmt: skip

VALUES: tuple[Any, ...] = (*SHAPES, *NUMBERS, *QUANTITIES, *TEXTS)
"""All of them."""

YAML_TOKENS = (
    "- ", ": ", "{", "}", "[", "]", ",", "\n", "\t", "#", " #", "&a ", "*a", "&a [*a]", "!!str ",
    "!!python/object:os ",
    "!", "|", ">", ">-\n", "'", '"', "---\n", "...\n", "? ", "<<: ", "~", "null", ".nan", ".inf", "1e999",
    "0x7f", "0o7",
    "\0", "\x85", "\ufeff", "\u202e", "\\u0000", "%YAML 9.9\n", "%TAG ! x\n", "@", "`", "\r", "\r\n", "\x0b", "\x7f",
)  # fmt: skip

CELLS = (
    "", " ", "0", "-1", "1", "1e400", "nan", "inf", "-inf", "1,5", "1.5", "99999999999999999999",
    "9223372036854775807",
    "9223372036854775808", '"', '""', '"a,b"', "a;b", "=1+1", "\x1b[31m", "x" * 300, "2026-03-10T00:00:00Z",
    "2026-03-10", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "true", "null", "\u202e", "1h", "4GiB",
    "255", "256",
)  # fmt: skip
"""What may stand in a cell of a table."""

BYTES = (
    b"\xff", b"\xfe", b"\x80", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\0", b"\r", b"\r\n", b"\t", b"\x1b", b"\x85", b"\xe2\x80\xae", b"\x1f\x8b\x08", b"PK\x03\x04", b"\x93NUMPY",
)  # fmt: skip
"""Bytes that are no UTF-8, or that begin files of other kinds."""
