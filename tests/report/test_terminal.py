"""The terminal report: the answers, in order, readable at any width, safe with any name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper

import numpy as np
import pytest
from report.runs import finished, stuck_queue

from batchsim.analysis.prices import Rules
from batchsim.records.tables import Records
from batchsim.records.vocabulary import JobState
from batchsim.report.sections import ORDER
from batchsim.report.terminal import LEAST_WIDTH, encodable, print_report, report_text
from batchsim.result import Result


@pytest.fixture(scope="module")
def result() -> Result:
    return finished()


def headings(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith(" ")]


def test_it_answers_in_order(result: Result) -> None:
    assert [heading.split(":")[0] for heading in headings(result.report())] == [
        "small",
        "Entries",
        "Cost",
        "Latency",
        "Throughput",
        "Over time (start to 8m 20s)",
        "Utilisation of instances",
        "Retries and reclaims",
        "Not counted",
        "Assumptions (AWS does not publish these; see the scenario's world)",
    ]


def test_a_single_run_says_that_it_has_no_interval(result: Result) -> None:
    assert "7 (1 replication: no interval)" in result.report()


def test_it_prints_the_summarys_figures(result: Result) -> None:
    cost = result.summary()["cost"]
    assert f"${cost['total_usd']:.4f}, ready after 3m 20s" in result.report()
    assert "2026-01-01 00:03:20 UTC, 3m 20s after the start" in result.report()
    assert "1 instance with 1 live attempt" in result.report()
    assert "of 0.04 TB" in result.report()


def test_stuck_jobs_come_first_of_all() -> None:
    text = finished(records=stuck_queue()).report()
    assert text.strip().startswith("STUCK: 1 job can never start")
    assert "main: no instance type fits in hosts" in text
    assert "1 vCPU, 999,999 MiB" in text


def test_thresholds_are_listed_with_their_verdict() -> None:
    text = finished({"thresholds": {"makespan_s": "< 4h", "cost_usd": "< 0.001"}}).report()
    assert [line.split()[0] for line in text.splitlines() if "< " in line] == ["ok", "FAILED"]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_asked(result: Result, width: int) -> None:
    assert max(map(len, result.report(width).splitlines())) <= width


def test_no_figure_loses_a_digit_in_a_narrow_terminal(result: Result) -> None:
    narrow = result.report(20)
    assert max(map(len, narrow.splitlines())) == LEAST_WIDTH
    assert "…" not in narrow
    assert set(re.findall(r"\$[\d.,]+", result.report())) == set(re.findall(r"\$[\d.,]+", narrow))


def test_long_names_are_folded_not_cut() -> None:
    name = "q" * 128
    lines = finished(records=with_queue(name)).report(80).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("q" * 20) for line in lines) > 1


def test_control_characters_in_names_are_escaped() -> None:
    text = finished({"name": "evil\x1b[31m\nname"}, with_queue("q\x1b[2J")).report()
    assert "\x1b" not in text
    assert r"evil\x1b[31m\nname" in text


def test_markup_in_names_is_printed_as_it_is() -> None:
    assert "[bold]x[/bold] :smile:" in finished({"name": "[bold]x[/bold] :smile:"}).report()


def test_every_section_speaks_for_an_empty_run() -> None:
    from analysis.builders import run

    empty = finished(records=run(calls=[], jobs=[], attempts=[]))
    assert "no jobs" in empty.report()
    assert "\n\n\n" not in empty.report()


def test_it_needs_the_summary_alone(result: Result) -> None:
    summary = json.loads(json.dumps(result.summary()))
    assert [part(summary) is None for part in ORDER] == [part(result.summary()) is None for part in ORDER]


def test_it_states_the_models_choices(result: Result) -> None:
    text = result.report()
    assert "30s median (sigma 0.35)" in text
    assert "Fargate" not in text.split("Assumptions")[1]


def test_it_states_the_market_that_the_run_used() -> None:
    assert "Spot market (typical): 0.02 reclaims an hour" in flat(finished())
    assert "pools of 200 instances (median)" in flat(finished())
    given = finished({"world": {"market": "calm", "spot_hazard": 0.5, "spot_depth": "unlimited"}})
    assert "Spot market (calm): 0.5 reclaims an hour" in flat(given)
    assert "0 shocks a day that each take half of a pool, pools of unlimited depth" in flat(given)


def test_it_says_that_a_regions_price_of_volumes_is_not_known() -> None:
    abroad = finished({"world": {"region": "eu-west-1"}})
    assert "root volumes: $0.08 a GB-month, the price of us-east-1" in flat(abroad)
    assert "root volumes" not in flat(finished())
    assert "root volumes" not in flat(finished({"world": {"region": "eu-west-1", "gp3_gb_month": "$0.088"}}))


def test_it_states_every_value_of_the_world_that_is_not_the_default() -> None:
    world = {"retry_delay": "5s", "warm_start": "0s", "first_hour_free": False, "prices": {"m5.large": {"spot": 0}}}
    assert [line for line in finished({"world": world}).summary()["assumptions"] if line.startswith("changed")] == [
        "changed: world.prices: m5.large",
        "changed: world.retry_delay: 5s (default: 0s)",
        "changed: world.warm_start: 0s (default: 7.3s median (sigma 0.8))",
        "changed: world.first_hour_free: false (default: true)",
    ]


def test_failed_jobs_are_named_by_reason() -> None:
    records = with_failures()
    text = finished(records=records).report()
    assert "Failed: 2 jobs" in text
    assert "Essential container in task exited (exit code 3, disk full)" in text
    assert "not all data ready" in text


def test_without_data_sets_the_work_is_done_and_no_data_ready() -> None:
    text = finished(records=stuck_queue()).report()
    assert "not every job succeeded" in text
    assert "done at" in text
    assert "data" not in text.split("Not counted")[0]


def test_what_the_first_hour_rule_waived_is_told(result: Result) -> None:
    assert "all of it waived by the first-hour rule" in flat(result)


def test_a_run_without_spot_is_not_compared_with_on_demand() -> None:
    from report.runs import forty_jobs

    spot = forty_jobs()
    spot.instances.spot[:] = False
    assert "On-Demand" not in finished(records=spot).report()


def test_an_environment_that_reached_its_maximum_is_named() -> None:
    full = finished(rules=Rules(max_vcpus=(4, None)))
    assert "hosts reached its maxvCpus, 4" in flat(full)
    assert "reached its maxvCpus" not in flat(finished(rules=Rules(max_vcpus=(5, None))))


def test_a_terminal_without_unicode_gets_plain_bars(result: Result) -> None:
    plain = encodable(result.report(), "ascii")
    assert plain.isascii()
    assert "#####" in plain
    assert encodable(result.report(), "utf-8") == result.report()


@pytest.mark.parametrize(
    ("encoding", "told"),
    [(None, report_text), ("utf-8", report_text), ("ascii", lambda summary: encodable(report_text(summary), "ascii"))],
)
def test_a_stream_is_given_the_report_as_it_can_take_it(
    encoding: str | None, told: Callable[[object], str], result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in memory has no encoding, and takes every character."""
    stream = StringIO() if encoding is None else TextIOWrapper(BytesIO(), encoding)
    monkeypatch.setattr("sys.stdout", stream)
    print_report(result.summary())
    stream.seek(0)
    assert stream.read() == told(result.summary())


def flat(result: Result) -> str:
    """The report as one line."""
    return " ".join(result.report().split())


def with_failures() -> Records:
    """Jobs 2 and 3 FAILED, with an exit code and a reason."""
    from report.runs import forty_jobs

    records = forty_jobs(texts={"container_reasons": ("", "disk full")})
    records.jobs.state[2:4] = JobState.FAILED
    failed = np.isin(records.attempts.job, (2, 3))
    records.attempts.exit_code[failed] = 3
    records.attempts.container_reason[failed] = 1
    return records


def with_queue(name: str) -> Records:
    from report.runs import forty_jobs

    return forty_jobs(texts={"queues": (name, "other")})
