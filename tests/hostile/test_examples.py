"""The page of errors shows a line of every code."""

from __future__ import annotations

import re

from hostile.rows.answer import ERRORS, documented
from hostile.rows.examples import examples

ELSEWHERE = {"E190", "E191", "E192", "E193", "E194", "E195", "E196", "E197"}


def test_every_code_has_the_line_that_a_command_prints() -> None:
    shown = ERRORS.read_text(encoding="utf-8").partition("<!-- lines -->\n")[2].partition("\n<!-- /lines -->")[0]
    assert shown == examples()
    codes = re.findall(r"\bE\d{3}\b(?=\]$|:)", shown, re.MULTILINE)
    assert set(codes) == documented() - ELSEWHERE
