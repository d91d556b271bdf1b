"""failure_patterns: each job fails or hangs as AWS tells it, and the mend that the page names makes it succeed."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pandas as pd
import pytest
from scenarios.conftest import Shipped
from scenarios.failure_patterns import PATTERNS, Pattern, mended

from batchsim.records.vocabulary import BlockReason

EACH = pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.job)


def text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


@EACH
def test_a_pattern_shows_its_state_reason_and_code(shipped: Shipped, pattern: Pattern) -> None:
    result = shipped("failure_patterns")
    row = result.jobs.set_index("job_id").loc[pattern.job]
    assert (row["state"], row["attempts"]) == (pattern.state, pattern.attempts)
    assert fnmatchcase(text(row["reason"]).replace("[", "("), pattern.reason.replace("[", "("))
    tries = result.attempts[result.attempts["job_id"] == pattern.job]
    if len(tries):
        last = tries.iloc[-1]
        assert (text(last["reason"]), text(last["exit_code"])) == (pattern.told, text(pattern.exit_code or pd.NA)) or (
            pattern.exit_code == 0 and last["exit_code"] == 0
        )


@EACH
def test_a_job_that_hangs_is_told_of_by_its_code_and_waits_for_its_reason(shipped: Shipped, pattern: Pattern) -> None:
    result = shipped("failure_patterns")
    told = result.blocked.set_index("job_id")["reason"]
    assert text(told.get(pattern.job)) == (pattern.told if pattern.state == "RUNNABLE" else "")
    if pattern.wait:
        row = result.jobs.set_index("job_id").loc[pattern.job]
        waits = {name: row[name] for name in row.index if name.startswith("wait_") and name != "wait_behind_s"}
        waits.pop("wait_s", None)
        assert max(waits, key=waits.get) == f"wait_{pattern.wait}_s"


@EACH
def test_its_explanation_names_it_and_what_it_waits_for(shipped: Shipped, pattern: Pattern) -> None:
    found = shipped("failure_patterns").explain(pattern.job)
    assert found.job == pattern.job
    assert pattern.state in found.headline
    assert len(found.headline) < 400
    if pattern.told and pattern.state == "RUNNABLE":
        assert any(pattern.told in f"{step.reason} {step.text}" for step in found.steps)


@EACH
def test_the_mend_makes_it_succeed(pattern: Pattern) -> None:
    result = mended(pattern)
    assert result.check() == []
    row = result.jobs.set_index("job_id").loc[pattern.job]
    assert row["state"] == "SUCCEEDED"
    assert result.summary()["reclaims"]["cut_short"] == (pattern.job != "sigterm-swallowed"), "its work is whole"


def test_every_code_of_aws_s_has_its_pattern() -> None:
    codes = {pattern.told for pattern in PATTERNS if pattern.state == "RUNNABLE"}
    assert {reason.text for reason in BlockReason} <= codes


def test_every_job_of_the_file_is_a_pattern_or_what_makes_one(shipped: Shipped) -> None:
    jobs = shipped("failure_patterns").jobs["job_id"].tolist()
    assert [job for job in jobs if job not in ("breaks", "giant")] == [pattern.job for pattern in PATTERNS]
