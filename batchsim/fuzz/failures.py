"""Failures by what failed: the first of each way is shrunk and kept, with the command that repeats it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from batchsim.fuzz.files import Files, scenario_name
from batchsim.fuzz.judge import Verdict


@dataclass
class Failure:
    """One way to fail, and the mutants that fail so."""

    first: Verdict
    numbers: list[tuple[str, int]] = field(default_factory=list)
    """(kind, number) of each."""
    files: Files = field(default_factory=dict)
    """The first one's, shrunk as far as time allowed."""
    size: int = 0
    """Bytes of the first one's scenario before it was shrunk."""
    kept: Path | None = None
    """Where they were written."""

    @property
    def sign(self) -> str:
        """What fails."""
        return self.first.sign

    @property
    def scenario(self) -> bytes:
        """The shrunk scenario."""
        return self.files[scenario_name(self.files)] if self.files else b""

    def keep(self, folder: Path) -> None:
        """Write the files into a folder of their own, and the failure beside them."""
        here = folder / f"{self.first.kind}-{self.first.number}"
        for name, content in self.files.items():
            path = here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if self.files:
            (here / "failure.txt").write_text(f"{self.sign}\n\n{self.first.message}\n", encoding="utf-8")
            self.kept = here / scenario_name(self.files)
