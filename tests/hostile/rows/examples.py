"""One line of each code, as ``batchsim validate`` prints it: the page of errors shows them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hostile.rows import files, jobs, laws, more, names, references, texts, traces, units
from hostile.rows.answer import Answer, ask
from hostile.rows.case import SMALL, Case, written

_SHOWN = 500
_PARTS = (files, references, jobs, laws, units, texts, traces, names, more)


def examples() -> str:
    """The lines, one a code, in a block of text."""
    lines = dict(sorted({**_special(), **_of_cases()}.items()))
    return "\n".join(["```text", *lines.values(), "```"])


def _of_cases() -> dict[str, str]:
    """By code, the first case whose answer is one line that is not too long."""
    found: dict[str, str] = {}
    for case in (case for part in _PARTS for case in part.CASES if case.code):
        if case.code not in found and len(case.file()) < 200_000:
            line = _first(case)
            if line.endswith(f"[{case.code}]") and len(line) < _SHOWN:
                found[case.code] = line
    return found


def _first(case: Case) -> str:
    with _desk() as desk:
        for name, content in case.beside.items():
            (desk / name).write_bytes(content.encode() if isinstance(content, str) else content)
        (desk / "s.yaml").write_bytes(case.file())
        return _line(ask("validate", desk / "s.yaml", *case.options), desk)


def _special() -> dict[str, str]:
    """Those of files too large, and of folders."""
    found = {}
    with _desk() as desk:
        (desk / "s.yaml").write_text(written(SMALL))
        (desk / "out").mkdir()
        (desk / "out" / "mine.txt").touch()
        found["E180"] = _line(ask("run", desk / "s.yaml", "--out", desk / "out"), desk)
        found["E181"] = _line(ask("check", desk / "out"), desk)
        found["E182"] = _line(ask("run", desk / "s.yaml", "--out", desk / "s.yaml"), desk)
        (desk / "s.yaml").write_bytes(traces.trace("B55", "", "E164", "").file())
        with (desk / "t.csv").open("wb") as file:
            file.truncate(3 * 1024**3)
        found["E164"] = _line(ask("validate", desk / "s.yaml"), desk)
        with (desk / "s.yaml").open("wb") as file:
            file.truncate(65 * 1024**2)
        found["E110"] = _line(ask("validate", desk / "s.yaml"), desk)
    return found


@contextmanager
def _desk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as held:
        yield Path(held)


def _line(answer: Answer, desk: Path) -> str:
    return answer.err.replace(f"{desk}{os.sep}", "").splitlines()[0]
