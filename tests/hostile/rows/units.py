"""Rows B41-B50: units, instants, flags, prices, periods, counts, seeds."""

from __future__ import annotations

import math
from typing import Any

from hostile.rows.case import Case, Raw, cases
from hostile.rows.odd import AT, CE, CONTAINER, HUGE, RUN, odd

LENGTHS: tuple[Any, ...] = (
    10,
    1.5,
    "10",
    "10 min",
    "5 m",
    "1e3",
    "1e3s",
    "5M",
    "5S",
    "-5m",
    "5",
    "5mm",
    "m",
    "1:30",
    "PT5M",
    "5m 30s",
    "∞",
    "five",
    "5m\n",
    "９s",
    HUGE + "s",
    "1" + "0" * 29 + "d",
    "36501d",
    "0.0001s",
    "5µs",
    "5us",
    "1w",
    "1y",
    "5min",
    "5sec",
    "1hr",
    Raw("1:30"),
    Raw("2026-01-01"),
    math.nan,
    math.inf,
    True,
    [],
    {},
    Raw(HUGE),
    Raw("1e999"),
    Raw("yes"),
)


UNITS = [
    *(
        case
        for length in LENGTHS
        for case in cases("B41", "E146", (f"max_time {str(length)[:30]!r}", "simulation.max_time", length))
    ),
    *cases("B41", "E146", ("10 min", RUN, "10 min"), says=["10m"]),
    *cases("B41", "E146", ("seconds without a unit", RUN, 300), says=["300s"]),
    *cases(
        "B41",
        "E146",
        ("4GB of an instance type", "world.instanceTypes", {"my.large": {"vcpu": 2, "memory": "4GB", "price": "$1/h"}}),
        says=["4GiB = 4096 MiB"],
    ),
    *cases("B41", "E146", ("4GB of a container", f"{CONTAINER}.memory", "4GB"), says=["4GB = 3814 MiB"]),
    *cases(
        "B41",
        "E146",
        *(
            (f"a data set of {size}", "datasets", [{"name": "d", "size": size, "partitions": 2, "throughput": "1MB/s"}])
            for size in (
                "10",
                "10T",
                "10tb",
                "10 TB",
                "-1TB",
                "1e3GB",
                "1EB",
                "10Tb",
                "1025PiB",
                "0.5B",
                HUGE + "B",
                10,
            )
        ),
    ),
    *cases(
        "B41",
        "E146",
        *(
            (f"a rate of {rate}", AT, {"poisson": rate, "for": "8h"})
            for rate in (
                20,
                "20",
                "20/hour",
                "20 /min",
                "1/0/s",
                "-1/s",
                "1e3/s",
                "20/m",
                "20per min",
                "∞/s",
                HUGE + "/s",
                math.nan,
            )
        ),
    ),
    *cases(
        "B41",
        "E115",
        *(
            (f"an instant {str(when)[:30]}", "simulation.start", when)
            for when in (
                "yesterday",
                "2026-13-01",
                "2026-02-30T00:00:00Z",
                "01/02/2026",
                "0000-01-01",
                "9999-12-31T23:59:60Z",
                "",
                "2026-01-01T25:00:00Z",
                "2026-01-01T00:00:00+99:00",
                "x" * 100_000,
            )
        ),
    ),
    *cases("B41", "E112", ("an instant as a number", "simulation.start", 1767225600)),
    *cases(
        "B41",
        "E115",
        *(
            (f"a time zone {zone[:30]}", "simulation.time_zone", zone)
            for zone in (
                "Mars/Olympus",
                "../../etc/passwd",
                "/etc/passwd",
                "",
                "a\0b",
                "UTC+1",
                "x" * 100_000,
                "Europe",
                ".",
            )
        ),
    ),
    *cases(
        "B41",
        "E115",
        *(
            (f"a cron of {cron[:30]}", AT, f"cron({cron})", "simulation.until", "9d")
            for cron in (
                "0 2 * * ?",
                "61 2 * * ? *",
                "0 25 * * ? *",
                "0 2 32 * ? *",
                "0 2 * 13 ? *",
                "0 2 ? * 8 *",
                "0 2 * * * *",
                "0 2 ? * ? *",
                "0 2 * * ? 1969",
                "a b c d e f",
                "",
                "* " * 1000,
                "1-0 * * * ? *",
                "*/0 * * * ? *",
                "9" * 5000 + " * * * ? *",
                "0 2 L-32 * ? *",
                "@daily",
            )
        ),
    ),
    *cases(
        "B41",
        "E112",
        *(
            (f"a flag of {flag}", "allow_unplaceable", Raw(flag))
            for flag in ("yes", "no", "on", "off", "1", "0", "'true'", "y", "[]")
        ),
    ),
    *cases("B41", "E112", ("a hint for yes", "world.first_hour_free", Raw("yes")), says=["Write true"]),
]


PRICES: tuple[Any, ...] = (
    "free",
    "0,096",
    "$0,096/h",
    "-$1/h",
    "$-1/h",
    "$1",
    "1/h",
    "€1/h",
    "$1/min",
    "$1e3/h",
    "$0.0000000001/h",
    "$" + HUGE + "/h",
    0.096,
    -1,
    math.nan,
    math.inf,
    True,
    [],
    {},
    "",
    "$/h",
    "$1.5.5/h",
    "$1/h\n",
    "$10001/h",
    "$ 1/h",
)


MONEY = [
    *(
        case
        for price in PRICES
        for case in cases(
            "B43",
            "E148",
            (
                f"a price of {str(price)[:20]!r}",
                "world.instanceTypes",
                {"my.large": {"vcpu": 2, "memory": "4GiB", "price": price}},
            ),
        )
    ),
    *cases(
        "B43",
        "E148",
        ("a comma", "world.instanceTypes", {"my.large": {"vcpu": 2, "memory": "4GiB", "price": "$0,096/h"}}),
        says=["The decimal mark is a point"],
    ),
    *cases(
        "B43",
        "E148",
        (
            "no price",
            "world.instanceTypes",
            {"my.large": {"vcpu": 2, "memory": "4GiB"}},
            f"{CE}.instanceTypes",
            ["my.large"],
        ),
    ),
    *cases("B43", "E148", ("of storage", "world.gp3_gb_month", "free")),
]


def _window(start: str, length: Any) -> list[dict[str, Any]]:
    return [{"kind": "capacity", "at": start, "for": length, "select": {"type": "m5.*"}, "capacity": 1}]


TIMES = [
    *cases("B44", "E149", ("a fault of no length", "faults", _window("1h", "0s"))),
    *cases("B44", "E149", ("arrivals of no length", AT, {"poisson": "1/min", "for": "0s"})),
    *cases("B44", "E146", ("a fault of less than nothing", "faults", _window("1h", "-5m"))),
    *cases("B44", "", ("two windows that overlap", "faults", _window("1h", "2h") + _window("2h", "2h"))),
    *cases("B47", "E151", ("a billion jobs", "workload.0.count", 10**9), says=["simulation.max_jobs"]),
    *cases("B47", "E151", ("ten thousand million arrivals", AT, {"poisson": "1000000/s", "for": "10000s"})),
    *cases(
        "B47",
        "E151",
        ("arrays of arrays", "workload.0.count", 10_000, "workload.0.submit.arrayProperties", {"size": 10_000}),
        says=["100,000,000"],
    ),
    *cases("B47", "E151", ("a billion warm instances", f"{CE}.maxvCpus", 10**9 - 1, f"{CE}.minvCpus", 10**9 - 1)),
    *cases("B47", "E151", ("over the limit of its own", "workload.0.count", 5, "simulation.max_jobs", 4)),
    *cases("B47", "E118", ("without an end", AT, {"poisson": "1/s"})),
    *odd(
        "B48",
        "E152",
        "simulation.seed",
        "nought",
        "ten to the nine and one",
        "two to the sixty-four",
        "a plus",
        "octal of YAML 1.1",
    ),
    *cases("B48", "E152", ("two to the 128", "simulation.seed", 2**128), ("two to the 200", "simulation.seed", 2**200)),
    *cases("B48", "", ("two to the 128 but one", "simulation.seed", 2**128 - 1)),
    *cases("B50", "E154", ("a warm-up as long as the run", "simulation.warmup", "30d", "simulation.until", "30d")),
    *cases("B50", "E117", ("a warm-up of a run that drains", "simulation.warmup", "1h")),
]


CASES: list[Case] = [*UNITS, *MONEY, *TIMES]
