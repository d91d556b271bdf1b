"""``docs/testing.md`` keeps its word: its code runs, its tests pass, its tables name what there is."""

from __future__ import annotations

import inspect
import re
import unittest
from pathlib import Path

import pytest

from batchsim import testing
from batchsim.testing.policies import _GUARDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names() -> dict[str, object]:
    """What the page's code leaves behind, run from top to bottom."""
    found: dict[str, object] = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for block in BLOCKS:
            exec(block, found)  # noqa: S102 (our own page)
    return found


def test_the_tests_of_the_page_pass(names: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    tests = {name: made for name, made in names.items() if name.startswith("test_")}
    assert len(tests) == 2
    for test in tests.values():
        test()


def test_the_machine_of_the_page_passes(names: dict[str, object]) -> None:
    outcome = unittest.TestResult()
    names["TestNight"]("runTest").run(outcome)
    assert outcome.testsRun == 1
    assert outcome.wasSuccessful(), outcome.errors + outcome.failures


def test_the_message_of_the_page_is_the_one_that_is_raised(names: dict[str, object]) -> None:
    (shown,) = re.findall(r"^```text\n(.*?)\n```$", PAGE, re.MULTILINE | re.DOTALL)
    assert str(names.get("error") or shown_by(names["greedy"])) == shown


def shown_by(policy: object) -> str:
    with pytest.raises(testing.policies.PolicyError) as caught:
        testing.check_policy("scaling", policy)
    return str(caught.value)


def test_the_table_of_parts_is_complete() -> None:
    rows = re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE)
    parts = [
        name for name, made in vars(testing.strategies).items()
        if inspect.isfunction(made) and made.__module__ == testing.strategies.__name__ and not name.startswith("_")
    ]  # fmt: skip
    assert rows == [name for name in parts if name not in ("scenarios", "scenario_data")]


def test_every_public_name_and_every_kind_of_policy_is_on_the_page() -> None:
    unsaid = {"Choices", "Mark", "submit", "expected_marks"}
    assert [name for name in testing.__all__ if name not in unsaid and name not in PAGE] == []
    assert all(f"`{kind}`" in PAGE for kind in _GUARDS)
