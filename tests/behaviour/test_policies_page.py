"""``docs/policies.md`` keeps its word: its code runs, its tables name what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from batchsim import PolicyError, policies
from batchsim.analysis.invariants import INVARIANTS
from batchsim.policies import Ask, Need
from batchsim.policies.guards import guard_scaling

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_code_of_the_page_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(block, names)  # noqa: S102 (our own page)
    assert capsys.readouterr().out == "{'packing': 'youngest'}\n"
    assert names["night"].check() == []


def test_the_page_names_every_kind_and_contract():
    rows = re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)
    assert set(rows) == set(policies.KINDS)
    named = re.findall(r"`(Demand|Offer|Waiting\w+|Job|Room|Need|EndedAttempt)s?`", PAGE)
    assert {name for name in named if hasattr(policies, name)} == set(named)


def test_the_message_of_the_page_is_the_one_that_is_raised():
    def four_at_a_time(_):
        return 8

    shown = re.search(r"^```text\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    need = Need("hosts", False, (Ask(1, 4, 0, 9),), 60, 0, 0, 64)
    with pytest.raises(PolicyError) as caught:
        guard_scaling("the policy four_at_a_time (for scaling)", four_at_a_time)(need)
    assert str(caught.value) == shown[1]


def test_the_invariants_that_are_left_out_exist():
    ids = set(re.findall(r"`([A-Z]\d\d[a-z]?)`", PAGE))
    assert ids == {"I29", "I29b", "I30", "N32b", "I17", "I17b"}
    assert ids <= {each.id for each in INVARIANTS}
