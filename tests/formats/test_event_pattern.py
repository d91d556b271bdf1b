"""EventBridge's event patterns: what its User Guide's examples match, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from batchsim.formats.event_pattern import matches
from batchsim.spec.base import FlawsError
from batchsim.spec.event_patterns import read_pattern

EVENT: dict[str, Any] = {
    "source": "aws.ec2",
    "detail-type": "EC2 Instance State-change Notification",
    "time": "2026-01-15T02:49:37Z",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-1", "arn:aws:ec2:us-east-1:123456789012:instance/i-2"],
    "detail": {
        "state": "running",
        "file": "2026/report.PNG",
        "literal": r"a*b\c",
        "c-count": 3,
        "price": 301.8,
        "empty": "",
        "nothing": None,
        "flag": True,
        "source-ip": "10.0.0.33",
        "list": [],
        "attempts": [{"exit": 1, "where": "a"}, {"exit": 137, "where": "b"}, {"where": "c"}],
    },
}


def in_detail(**fields: Any) -> dict[str, Any]:
    return {"detail": {name.replace("_", "-"): wanted for name, wanted in fields.items()}}


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        {"source": ["aws.batch", "aws.ec2"]},
        {"source": ["aws.ec2"], "detail": {"state": ["stopped", "running"]}},
        {"resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-2", "other"]},  # the lists intersect
        {"time": [{"prefix": "2026-01-15"}]},
        in_detail(state=[{"prefix": {"equals-ignore-case": "RUN"}}]),
        in_detail(file=[{"suffix": ".PNG"}]),
        in_detail(file=[{"suffix": {"equals-ignore-case": ".png"}}]),
        in_detail(state=[{"equals-ignore-case": "RUNNING"}]),
        in_detail(file=[{"wildcard": "*/report.*"}]),
        in_detail(literal=[{"wildcard": r"a\*b\\*"}]),
        in_detail(state=[{"anything-but": "stopped"}]),
        in_detail(state=[{"anything-but": ["stopped", "overloaded"]}]),
        in_detail(c_count=[{"anything-but": [100, 200]}]),
        in_detail(state=[{"anything-but": {"prefix": "init"}}]),
        in_detail(state=[{"anything-but": {"suffix": ["ed", "nated"]}}]),
        in_detail(state=[{"anything-but": {"equals-ignore-case": ["STOPPED"]}}]),
        in_detail(file=[{"anything-but": {"wildcard": "*.csv"}}]),
        in_detail(c_count=[{"numeric": [">", 0, "<=", 5]}]),
        in_detail(price=[{"numeric": ["=", 3.018e2]}]),
        in_detail(source_ip=[{"cidr": "10.0.0.0/24"}]),
        in_detail(c_count=[{"exists": True}]),
        in_detail(elsewhere=[{"exists": False}]),
        in_detail(list=[{"exists": False}]),
        {"detail": [{"exists": False}]},  # only leaves exist
        {"elsewhere": {"deep": [{"exists": False}]}},
        in_detail(empty=[""]),
        in_detail(nothing=[None]),
        in_detail(flag=[True]),
        in_detail(attempts={"exit": [137]}),
        in_detail(attempts={"exit": [137], "where": ["b"]}),
        in_detail(attempts={"exit": [{"exists": False}], "where": ["c"]}),
        {"source": ["aws.ec2"], "$or": [{"detail": {"state": ["stopped"]}}, {"detail": {"c-count": [3]}}]},
        {"detail": {"$or": [{"state": ["x"]}, {"$or": [{"c-count": [9]}, {"price": [301.8]}]}]}},
    ],
    ids=str,
)
def test_a_pattern_matches(pattern: dict[str, Any]) -> None:
    assert matches(read_pattern(pattern), EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.EC2"]},  # character by character
        {"source": ["aws.ec2"], "detail": {"state": ["stopped"]}},
        {"region": ["us-east-1"]},
        {"detail": ["running"]},
        {"source": {"deep": ["aws.ec2"]}},
        in_detail(c_count=["3"]),
        in_detail(c_count=[3.0]),  # 3 and 3.0 differ as they are written
        in_detail(flag=[1]),
        in_detail(empty=[None]),
        in_detail(elsewhere=[None]),
        in_detail(file=[{"suffix": ".png"}]),
        in_detail(c_count=[{"prefix": "3"}]),
        in_detail(file=[{"wildcard": "report*"}]),
        in_detail(state=[{"anything-but": ["running"]}]),
        in_detail(price=[{"anything-but": 301.8}]),
        in_detail(state=[{"anything-but": {"prefix": "run"}}]),
        in_detail(elsewhere=[{"anything-but": "x"}]),  # it must be there
        in_detail(c_count=[{"numeric": [">", 3]}]),
        in_detail(state=[{"numeric": [">", 0]}]),
        in_detail(source_ip=[{"cidr": "10.0.1.0/24"}]),
        in_detail(state=[{"cidr": "10.0.1.0/24"}]),
        in_detail(c_count=[{"exists": False}]),
        {"detail": [{"exists": True}]},
        in_detail(attempts={"exit": [137], "where": ["a"]}),  # not of one and the same attempt
        {"$or": [{"source": ["aws.batch"]}, {"detail": {"state": ["stopped"]}}]},
    ],
    ids=str,
)
def test_a_pattern_does_not_match(pattern: dict[str, Any]) -> None:
    assert not matches(read_pattern(pattern), EVENT)


@pytest.mark.parametrize(
    ("pattern", "path", "message"),
    [
        ({}, (), "an empty pattern"),
        ([], (), "a mapping of fields"),
        ("{", (), "not JSON"),
        ({"source": "aws.batch"}, ("source",), "values stand in a list"),
        ({"source": []}, ("source",), "an empty list"),
        ({"source": [["aws.batch"]]}, ("source", 0), "a list within a list"),
        ({"detail": {}}, ("detail",), "an empty pattern"),
        ({"a": [{"prefx": "x"}]}, ("a", 0, "prefx"), "unknown filter"),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, ("a", 0), "exactly one name"),
        ({"a": [{}]}, ("a", 0), "exactly one name"),
        ({"a": [{"prefix": 5}]}, ("a", 0, "prefix"), "not text"),
        ({"a": [{"suffix": {"prefix": "x"}}]}, ("a", 0, "suffix", "prefix"), "unknown filter"),
        ({"a": [{"wildcard": "a**b"}]}, ("a", 0, "wildcard"), "two wildcards"),
        ({"a": [{"wildcard": r"a\b"}]}, ("a", 0, "wildcard"), "backslash"),
        ({"a": [{"wildcard": 7}]}, ("a", 0, "wildcard"), "not text"),
        ({"a": [{"anything-but": ["x", 5]}]}, ("a", 0, "anything-but"), "not a mixture"),
        ({"a": [{"anything-but": {"numeric": ["=", 1]}}]}, ("a", 0, "anything-but", "numeric"), "unknown filter"),
        ({"a": [{"anything-but": {"prefix": []}}]}, ("a", 0, "anything-but", "prefix"), "an empty list"),
        ({"a": [{"anything-but": {"prefix": ["x", 1]}}]}, ("a", 0, "anything-but", "prefix", 1), "not text"),
        ({"a": [{"numeric": [">"]}]}, ("a", 0, "numeric"), "comparisons and numbers"),
        ({"a": [{"numeric": ["~", 5]}]}, ("a", 0, "numeric", 0), "not a comparison"),
        ({"a": [{"numeric": [">", "5"]}]}, ("a", 0, "numeric", 1), "not a comparison"),
        ({"a": [{"numeric": [">", 6e9]}]}, ("a", 0, "numeric", 1), "not a comparison"),
        ({"a": [{"exists": "yes"}]}, ("a", 0, "exists"), "true or false"),
        ({"a": [{"cidr": "10.0.0.0/99"}]}, ("a", 0, "cidr"), "IP addresses"),
        ({"$or": [{"a": ["x"]}]}, ("$or",), "at least two"),
        ({"$or": [{"a": ["x"]}, {"a": []}]}, ("$or", 1, "a"), "an empty list"),
    ],
    ids=str,
)
def test_a_bad_pattern_says_where_and_why(pattern: object, path: tuple[object, ...], message: str) -> None:
    with pytest.raises(FlawsError) as error:
        read_pattern(pattern)
    (flaw,) = error.value.flaws
    assert flaw.code == "E145"
    assert flaw.path == path
    assert message in flaw.message


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(FlawsError) as error:
        read_pattern({"source": [], "detail": {"status": "FAILED"}})
    assert [flaw.path for flaw in error.value.flaws] == [("source",), ("detail", "status")]


def test_json_text_as_aws_calls_take_it_is_a_pattern() -> None:
    assert read_pattern('{"source": ["aws.batch"]}') == {"source": ["aws.batch"]}
