"""``batchsim`` in this process, and the form that every refusal has."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from batchsim.cli.app import app

ERRORS = Path(__file__).resolve().parents[3] / "docs" / "errors.md"
_LINE = re.compile(r"(?P<place>\S.*?:\d+:\d+: |\S.*?: )?(?P<rest>.+) \[(?P<code>E\d{3})\]")
_MORE = re.compile(r"\.\.\. and \d+ more")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str
    cpu_s: float

    @property
    def codes(self) -> list[str]:
        """The codes of the problems, in their order."""
        return re.findall(r"\[(E\d{3})\]$", self.err, re.MULTILINE)


def ask(*arguments: object) -> Answer:
    """``batchsim ARGUMENTS``; an exception that escapes fails the test."""
    began = time.process_time()
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="batchsim")
    cpu_s = time.process_time() - began
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert "Traceback" not in done.output
    return Answer(done.exit_code, done.stdout, done.stderr, cpu_s)


@cache
def documented() -> frozenset[str]:
    """The codes of docs/errors.md."""
    return frozenset(re.findall(r"^\| (E\d+) \|", ERRORS.read_text(encoding="utf-8"), re.MULTILINE))


def must_be_well_told(answer: Answer) -> None:
    """Each line of a refusal is printable, bearable, and ends in a code that the documentation explains; at most 50."""
    lines = answer.err.splitlines()
    assert lines
    assert len(lines) <= 51
    for line in lines:
        assert line.isprintable(), line
        assert len(line) < 5_000
        match = _LINE.fullmatch(line)
        assert match or _MORE.fullmatch(line), line
        assert match is None or match["code"] in documented(), line
    found = re.findall(r"^(?:s\.yaml|.*/s\.yaml):(\d+):(\d+): ", answer.err, re.MULTILINE)
    places = [(int(line), int(col)) for line, col in found]
    assert places == sorted(places), "not in the order of the file"


def must_be_the_same(data: dict[str, Any], answer: Answer) -> None:
    """``--format json`` tells what the lines tell."""
    assert data["valid"] is False
    assert set(data["problems"][0]) == {
        "code", "file", "line", "col", "path", "message", "value", "allowed", "hint",
    }  # fmt: skip
    assert [problem["code"] for problem in data["problems"]] == answer.codes


def problems_of(out: str) -> dict[str, Any]:
    """The JSON of ``validate --format json``."""
    data = json.loads(out)
    assert isinstance(data, dict)
    return data


def words_missing(words: Iterable[str], text: str) -> list[str]:
    """Those that a text does not hold."""
    return [each for each in words if each not in text]
