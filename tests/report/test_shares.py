"""The report of fair-share queues: a line a share, and nothing where there are none."""

from __future__ import annotations

from scenario_builder import fair, fixed, job, scenario

import batchsim


def shown(*work: object, **keys: object) -> str:
    return batchsim.run(scenario(*work, environments=[fixed(2)], **keys), seed=1).report(width=100)


def test_each_share_has_a_line_the_largest_first_with_its_effective_weight() -> None:
    report = shown(job("a", "1h", share="a"), job("b", "2h", share="team1"), **fair({"team*": 0.5}))
    lines = report.partition("\nShares\n")[2].splitlines()[:3]
    assert [line.split()[:5] for line in lines[1:]] == [
        ["queue", "team1", "0.5", "1", "2.0"],
        ["queue", "a", "1", "1", "1.0"],
    ]


def test_of_many_shares_twenty_are_shown_and_the_rest_is_counted() -> None:
    report = shown(*(job(f"j{number}", share=f"id{number}") for number in range(23)), **fair())
    assert "and 3 further shares (summary.json has all)" in report


def test_without_fair_share_the_report_says_nothing_of_it() -> None:
    report = shown(job("a"))
    assert "Shares" not in report
    assert "fair share:" not in report


def test_the_choices_behind_fair_share_are_among_the_assumptions() -> None:
    report = shown(job("a", share="a"), world={"decay_kernel": "rect", "fss_hol": "per_share"}, **fair())
    assert "fair share: usage taken every 1s, rect decay over 10m at least; a head that does not" in report
