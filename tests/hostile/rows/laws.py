"""Rows B36-B40: laws, probabilities, samples."""

from __future__ import annotations

import math
from typing import Any

from hostile.rows.case import Case, Raw, cases
from hostile.rows.odd import HUGE, ODD, RUN


def law(name: str, **params: Any) -> dict[str, Any]:
    return {name: params}


LAWS = [
    *cases(
        "B36",
        "E142",
        *(
            (what, RUN, given)
            for what, given in (
                ("mean nought", law("lognormal", mean="0s", cv=1)),
                ("cv below nought", law("lognormal", mean="5m", cv=-1)),
                ("cv not a number", law("lognormal", mean="5m", cv=math.nan)),
                ("cv infinite", law("lognormal", mean="5m", cv=math.inf)),
                ("cv of five thousand digits", law("lognormal", mean="5m", cv=Raw(HUGE))),
                ("cv of 1e999", law("lognormal", mean="5m", cv=Raw("1e999"))),
                ("cv of text", law("lognormal", mean="5m", cv="1")),
                ("cv true", law("lognormal", mean="5m", cv=True)),
                ("cv null", law("lognormal", mean="5m", cv=None)),
                ("sigma 700", law("lognormal", median="5m", sigma=700)),
                ("min more than max", law("uniform", min="5m", max="1m")),
                ("p50 more than p95", law("lognormal", p50="5m", p95="4m")),
                ("a negative min", law("uniform", min="-5m", max="1m")),
                ("a negative mean", law("exponential", mean="-5m")),
                ("mean not a number", law("exponential", mean=math.nan)),
                ("no parameters", law("exponential")),
                ("a bare value", {"exponential": "5m"}),
                ("two laws", {**law("exponential", mean="5m"), **law("uniform", min="1s", max="2s")}),
                ("weibull of shape nought", law("weibull", shape=0, scale="5m")),
                ("gamma of cv 11", law("gamma", mean="5m", cv=11)),
                ("mode outside", law("triangular", min="1m", mode="9m", max="5m")),
                ("an empty mixture", {"mixture": []}),
                ("an empty sample", {"empirical": []}),
                ("a sample of nothing", {"empirical": {}}),
                ("weights that sum to nought", {"mixture": [{"weight": 0, "constant": "5m"}]}),
                (
                    "a weight below nought",
                    {"mixture": [{"weight": -1, "constant": "5m"}, {"weight": 2, "constant": "5m"}]},
                ),
                ("more weights than values", {"empirical": {"values": ["5m"], "weights": [1, 2]}}),
                ("a negative value", {"empirical": ["5m", "-1s"]}),
                ("a value not a number", {"empirical": ["5m", math.nan]}),
            )
        ),
        only=False,
    ),
    *cases(
        "B36", "E106", ("a law misspelt", RUN, law("lognormall", mean="5m", cv=1)), says=["Did you mean lognormal?"]
    ),
    *cases("B36", "E146", ("a mean without unit", RUN, law("exponential", mean=60))),
    *cases("B40", "E106", ("a law of infinite mean", RUN, law("pareto", shape=1, scale="5m"))),
    *cases("B40", "", ("a tail as long as may be", RUN, law("lognormal", median="1m", sigma=20))),
    *(
        case
        for what, value in ODD
        if what not in ("nought", "ten to minus 999", "minus nought")
        for case in cases("B38", "E144", (what, "workload.0.fails", [{"probability": value}]))
    ),
    *cases(
        "B38",
        "E144",
        ("1.1", "workload.0.fails", [{"probability": 1.1}]),
        ("together more than one", "workload.0.fails", [{"probability": 0.6}, {"probability": 0.6}]),
        ("of the world", "world.start_failure", 1.5),
        ("of memory", "world.oom_prob", -0.1),
    ),
    *cases(
        "B39",
        "E160",
        ("a sample without its column", RUN, {"empirical": {"file": "s.csv", "column": "x"}}),
        beside={"s.csv": "t\n1\n"},
    ),
    *cases(
        "B39",
        "E162",
        ("a sample without rows", RUN, {"empirical": {"file": "s.csv", "column": "t"}}),
        beside={"s.csv": "t\n"},
    ),
    *cases(
        "B39",
        "E162",
        ("a sample of empty cells", RUN, {"empirical": {"file": "s.csv", "column": "t"}}),
        beside={"s.csv": "t,u\n,1\n,2\n"},
    ),
    *cases(
        "B39",
        "E160",
        ("an empty sample file", RUN, {"empirical": {"file": "s.csv", "column": "t"}}),
        beside={"s.csv": ""},
    ),
    *(
        case
        for cell in ("nan", "inf", "-1", "1e999", "abc", "1e300", "0x10", "1,5")
        for case in cases(
            "B39",
            "E161",
            (f"a sample of {cell}", RUN, {"empirical": {"file": "s.csv", "column": "t"}}),
            beside={"s.csv": f't\n5\n"{cell}"\n'},
            says=["s.csv:3:"],
        )
    ),
    *cases("B39", "E142", ("percentiles out of order", RUN, {"empirical": {"p50": "5m", "p90": "1m", "max": "1h"}})),
    *cases("B39", "E111", ("percentiles without a max", RUN, {"empirical": {"p50": "5m"}})),
]


CASES: list[Case] = LAWS
