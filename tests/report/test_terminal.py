"""The terminal report: the answers, in order, readable at any width, safe with any name."""

from __future__ import annotations

import json

import pytest
from report.runs import finished, stuck_queue

from batchsim.records.tables import Records
from batchsim.report.sections import ORDER
from batchsim.report.terminal import encodable
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


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_asked(result: Result, width: int) -> None:
    assert max(map(len, result.report(width).splitlines())) <= width


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


def test_it_needs_the_summary_alone(result: Result) -> None:
    summary = json.loads(json.dumps(result.summary()))
    assert [part(summary) is None for part in ORDER] == [part(result.summary()) is None for part in ORDER]


def test_it_states_the_models_choices(result: Result) -> None:
    text = result.report()
    assert "Spot market: typical" in text
    assert "30s median (sigma 0.35)" in text
    assert "Fargate" not in text.split("Assumptions")[1]


def test_a_terminal_without_unicode_gets_plain_bars(result: Result) -> None:
    plain = encodable(result.report(), "ascii")
    assert plain.isascii()
    assert "#####" in plain
    assert encodable(result.report(), "utf-8") == result.report()


def with_queue(name: str) -> Records:
    from report.runs import forty_jobs

    return forty_jobs(texts={"queues": (name, "other")})
