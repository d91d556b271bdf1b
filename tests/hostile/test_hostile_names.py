"""Texts that would steer a browser, a spreadsheet, a terminal or a log (B61-B63), and names of files (B64)."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hostile.rows.answer import ask
from hostile.rows.case import changed, written

import batchsim
from batchsim.formats import table_csv

TEXTS = (
    "<script>alert(1)</script>",
    "</script><script>x",
    '" onload="x',
    "' onerror='x",
    "javascript:alert(1)",
    "<svg/onload=x>",
    "<!--",
    "]]>",
    "&lt;",
    "{{x}}",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "=cmd|' /C calc'!A0",
    "'=1",
    "''",
    '"a","b"',
    "a\nb",
    "a\r\nb",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://x\x1b\\y\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "\u202egpj.exe",
    "a\u200bb",
    "\u2028",
    "\u2066x",
    "\x7f",
    "\x9b31m",
    "%s%n",
    "\\x1b",
    "[bold]x[/bold]",
    "[/nope]",
    "😀" * 50,
    "x" * 200,
    " ",
    "İ",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose free texts are all of that kind: reasons of failures, images, names of the scenario."""
    desk = tmp_path_factory.mktemp("names")
    entries = [
        {
            "id": f"job-{number}",
            "submit": {"jobName": f"job-{number}", "jobQueue": "work", "jobDefinition": f"kind-{number}"},
            "run": {"script": [{"run": "1m", "exit": 1, "reason": text}]},
        }
        for number, text in enumerate(TEXTS)
    ]
    kinds = [
        {
            "jobDefinitionName": f"kind-{number}",
            "type": "container",
            "containerProperties": {"image": text, "vcpus": 1, "memory": 512},
        }
        for number, text in enumerate(TEXTS)
    ]
    name = " ".join(TEXTS)[:5000]
    data = changed({"name": name, "description": name, "workload": entries, "jobDefinitions": kinds})
    (desk / "s.yaml").write_text(written(data))
    told = ask("run", desk / "s.yaml", "--out", desk / "out", "--events", "--costs")
    assert told.code == 0, told.err
    (desk / "out.txt").write_text(told.out)
    return desk


def test_a_terminal_shows_them_escaped(folder: Path) -> None:
    shown = (folder / "out.txt").read_text()
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert all(char.isprintable() or char == "\n" for char in ask("validate", folder / "s.yaml").out)


def test_no_cell_is_computed_and_all_come_back(folder: Path) -> None:
    reasons = []
    for file in (folder / "out").glob("*.csv"):
        for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline="")):
            bad = [cell for cell in row if cell[:1] in "=+-@\t\r" and cell and not re.fullmatch(r"-?[0-9.]+", cell)]
            assert bad == []
        if file.name == "attempts.csv":
            reasons = table_csv.read(file)["reason"]
    assert set(TEXTS) <= set(reasons)


def test_every_event_is_one_line_of_json_and_the_texts_come_back(folder: Path) -> None:
    lines = (folder / "out" / "events.jsonl").read_text().split("\n")[:-1]
    events = [json.loads(line) for line in lines]
    found = {event["detail"]["container"].get("reason") for event in events}
    assert set(TEXTS) <= found
    assert all(line.isprintable() for line in lines)


class Page(HTMLParser):
    """What a browser would see: elements, attributes, addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_a_page_holds_them_as_text(folder: Path) -> None:
    result = batchsim.run(batchsim.load(folder / "s.yaml"), seed=1)
    page = Page()
    page.feed(result._repr_html_())
    assert page.tags <= {"div", "table", "tbody", "tr", "td", "th", "thead", "caption", "ul", "li", "b", "style"}
    assert page.attributes <= {"style", "title"}


def test_the_checker_reads_them_back(folder: Path) -> None:
    assert ask("check", folder / "out").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../../x", "a/b", "CON", "..", ".", "\x1b[31m", "x" * 1000, "=1+1", "<b>", "a b"])
def test_a_variant_of_any_name_writes_numbered_files(folder: Path, tmp_path: Path, name: str) -> None:
    words = ["compare", folder / "s.yaml", "--variant", f"{name}: spot.maxvCpus=8", "--replications", "2"]
    told = ask(*words, "--out", tmp_path / "out")
    assert told.code in (0, 2), told.err
    assert all(char.isprintable() or char == "\n" for char in told.out + told.err)
    files = {path.name for path in tmp_path.rglob("*")} - {"out"}
    tables = {"comparison.json", "report.html", "table.csv", "differences.csv", "thresholds.csv", "values.csv"}
    assert files == ({*tables, "variant-0.resolved.yaml", "variant-1.resolved.yaml"} if told.code == 0 else set())
