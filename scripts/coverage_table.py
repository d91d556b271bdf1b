"""The branches that tests reached, package by package, and whether that is as much as the project asks of each.

``make coverage`` runs it after the tests. It fails below 100 % in scheduler, billing and scenario reading, below 95 %
over all, and where a line of the package is excluded by a comment. The table is that of docs/verification.md.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage import Coverage

WHOLE = 95.0
"""Percent of lines and branches of the package that must be reached."""
WHOLLY = {
    "scheduler: `engine`": r"engine/",
    "scheduler: `policies`": r"policies/",
    "billing: `pricing` and its part of `analysis`": (
        r"pricing/|analysis/(attribution|bills|causes|commitments|cost|exact|extras|month|parts|prices)\.py"
    ),
    "scenario reading: `spec` and its part of `formats`": r"spec/|formats/(scenario_yaml|sample_csv|yaml_\w+)\.py",
}
"""Of which every line and branch must be reached: a name, and what matches its files below ``batchsim/``."""
EXCLUDED = re.compile(r"#\s*pragma[:\s]?\s*no\s*(cover|branch)", re.IGNORECASE)
"""What coverage takes for a wish not to be counted. ``if TYPE_CHECKING:`` it never counts: that cannot run."""


@dataclass
class Row:
    """What was reached of some files."""

    name: str
    lines: int = 0
    branches: int = 0
    missed_lines: int = 0
    missed_branches: int = 0
    holes: list[str] = field(default_factory=list)

    def add(self, path: str, facts: Mapping[str, Any]) -> None:
        """Count a file of coverage's JSON report."""
        summary = facts["summary"]
        self.lines += summary["num_statements"]
        self.branches += summary["num_branches"]
        self.missed_lines += summary["missing_lines"]
        self.missed_branches += summary["missing_branches"]
        ways = [f"{a}→{b if b > 0 else 'exit'}" for a, b in facts["missing_branches"]]
        if missing := [*map(str, facts["missing_lines"]), *ways]:
            self.holes.append(f"{path}: {', '.join(missing)}")

    @property
    def percent(self) -> float:
        """Of lines and branches together, unrounded; 100 where there are none."""
        total = self.lines + self.branches
        return 100.0 * (total - self.missed_lines - self.missed_branches) / total if total else 100.0


def rows_of(files: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """The packages of which everything is asked, then the others by name, then the whole; each file is in one."""
    asked = {name: Row(name) for name in WHOLLY}
    others: dict[str, Row] = {}
    whole = Row("the whole package")
    for path, facts in sorted(files.items()):
        inner = Path(path).as_posix().removeprefix("batchsim/")
        name = next((name for name, files in WHOLLY.items() if re.match(files, inner)), None)
        package = f"`{inner.partition('/')[0]}`" if "/" in inner else "`*.py`"
        row = asked[name] if name else others.setdefault(package, Row(package))
        row.add(path, facts)
        whole.add(path, facts)
    return [*asked.values(), *(others[name] for name in sorted(others)), whole]


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| files of | lines | not reached | branches | not reached | reached |"
    yield "|---|---:|---:|---:|---:|---:|"
    for row in rows:
        percent = f"{min(row.percent, 99.99) if row.percent < 100 else 100:.2f} %"
        counts = f"{row.lines:,} | {row.missed_lines:,} | {row.branches:,} | {row.missed_branches:,}"
        yield f"| {row.name} | {counts} | {percent} |"


def complaints(rows: list[Row], excluded: Iterable[str] = ()) -> Iterator[str]:
    """What is less than the project asks for; nothing where all is well."""
    for row in rows[:-1]:
        if row.name in WHOLLY and row.holes:
            yield f"{row.name}: 100 % is asked for, these are not reached"
            yield from (f"  {hole}" for hole in row.holes)
    if rows[-1].percent < WHOLE:
        yield f"{rows[-1].name}: {WHOLE:g} % is asked for"
    yield from (f"{place}: an exclusion; test it, or delete it" for place in excluded)


def exclusions(root: Path) -> Iterator[str]:
    """Where a comment keeps a line from being counted."""
    for path in sorted(root.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if EXCLUDED.search(line):
                yield f"{path}:{number}"


def main() -> int:
    """Print the table, and what it lacks."""
    measured = Coverage()
    measured.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        rows = rows_of(json.loads(report.read_text(encoding="utf-8"))["files"])
    print("\n".join(table(rows)))
    wanting = list(complaints(rows, exclusions(Path("batchsim"))))
    print("\n".join(["", *wanting]) if wanting else "")
    return bool(wanting)


if __name__ == "__main__":
    sys.exit(main())
