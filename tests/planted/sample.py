"""One-line mutations of engine and policies, drawn at random, and which layer notices each.

    python tests/planted/sample.py [--lines 150] [--seed 1] [--only scale_in] [--budget 3600] [--reached FILE]

The draw goes through all files in turn (``mutations.py``). Each mutation is written into a copy of the project, and
layers look at it, the cheap ones first, until one is red:

1. ``planted worlds``: the small scenarios of ``tests/planted/worlds.py`` through the checker;
2. ``swarm``: 40 random scenarios through the checker;
3. ``oracle``: 40 random scenarios beside the oracle;
4. ``tests``: every test of behaviour, engine, policies, golden and analysis that reaches the line at all, by coverage.
   One run of them without mutations comes first; ``--reached FILE`` keeps what it saw for the next time;
5. with ``--confirm``: the random scenarios of ``tests/properties`` and ``tests/oracle`` as each change runs them.

Where an exception notices it, that is said: the program stops, and nobody is misled. A mutation may take so much memory
and time and no more; ``hangs`` is what it did until then. What survives is listed with its line, and whether the runs
of 1 to 3 gave other bytes: for somebody to judge, a hole or the same program in other words.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.planted.mutations import ROOT, Mutation, drawn
from tests.planted.reached import Reached, command, fingerprint

MEMORY_BYTES = 6 * 2**30
LOOK_CPU_S = 90
"""What all of the cheap layers may compute for one mutation; they take a tenth of it."""
WALL_FACTOR = 12
"""A process that waits for nothing ends too; the machine may be busy with other things."""
FOR_ONE = ["-q", "-n", "0", "-p", "no:cacheprovider", "--no-header"]
SAME, OTHER = "the same bytes", "other bytes"
RANDOM = ["tests/properties", "tests/oracle"]


@dataclass
class House:
    """A copy of the project in which one file is changed at a time."""

    folder: Path
    expected: str = field(init=False)
    reached: Reached = field(init=False)

    def build(self) -> None:
        """Copy what the tests read, and see what happens without any mutation."""
        listed = ("git", "ls-files", "-coz", "--exclude-standard")
        told = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        for name in filter(None, told.split("\0")):
            if (ROOT / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.folder / name)
        self.expected = self._look().stdout
        if "caught" in self.expected:
            raise SystemExit(f"without any mutation: {self.expected}")

    def learn(self, data: Path) -> None:
        """See which tests reach which lines, unless the file tells."""
        if not data.exists():
            told = self.run([*self._pytest(), *command(data)], 3600)
            if not data.exists():
                raise SystemExit(told.stdout)
        self.reached = Reached(data)

    @contextmanager
    def changed(self, mutation: Mutation) -> Iterator[None]:
        """While a line is another one."""
        file = self.folder / mutation.path.relative_to(ROOT)
        kept = file.read_text(encoding="utf-8")
        file.write_text(mutation.source, encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(kept, encoding="utf-8")

    def look(self, mutation: Mutation) -> str:
        """Which of the cheap layers notices it; ``SAME`` or ``OTHER`` bytes where none does."""
        with self.changed(mutation):
            seen = self._look()
        if not seen.returncode:
            return SAME if seen.stdout == self.expected else OTHER
        told = seen.stdout.rstrip().rpartition("\n")[2]
        return told if told.startswith("caught by ") else _ending(seen, "caught by an exception (import)")

    def test(self, mutation: Mutation, confirm: bool) -> str:
        """Which test notices it; ``SURVIVED`` where none does."""
        tests = self.reached.tests(mutation)
        with self.changed(mutation):
            if told := self._red(tests, 3 * self.reached.seconds(tests) + 60):
                return f"caught by tests: {told}"
            if confirm and (told := self._red(RANDOM, 1800)):
                return f"caught by random scenarios: {told}"
        return f"SURVIVED: {len(tests)} tests reach it"

    def _red(self, tests: list[str], cpu_s: float) -> str:
        """The first test that is red; the process's end where that was not its own."""
        if not tests:
            return ""
        listed = self.folder / "tests.txt"
        listed.write_text("\n".join(tests), encoding="utf-8")
        done = self.run([*self._pytest(), "-x", f"@{listed}"], cpu_s)
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return failed[0][:200] if failed else _ending(done, f"exit code {done.returncode}") if done.returncode else ""

    def _look(self) -> subprocess.CompletedProcess[str]:
        return self.run([sys.executable, "tests/planted/look.py"], LOOK_CPU_S)

    def _pytest(self) -> list[str]:
        return [sys.executable, "-m", "pytest", *FOR_ONE]

    def run(self, command: list[str], cpu_s: float) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy, with so much CPU time; what it left running ends with it."""
        paths = os.pathsep.join(str(self.folder / name) for name in ("", "tests"))
        quiet = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "CI": "true", "OPENBLAS_NUM_THREADS": "1"}
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **quiet},
            start_new_session=True,
            preexec_fn=_limits(cpu_s),  # noqa: PLW1509 (there are no threads)
            **pipes,
        ) as process:
            try:
                told, _ = process.communicate(timeout=WALL_FACTOR * cpu_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                told, _ = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, told)


def _ending(done: subprocess.CompletedProcess[str], otherwise: str) -> str:
    """How a process ended that said nothing of its own."""
    return f"hangs (signal {-done.returncode})" if done.returncode < 0 else otherwise


def _limits(cpu_s: float) -> Callable[[], None]:
    """What a process does to itself before it begins: bounds of memory and of computing."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_s) + 1, int(cpu_s) + 6))

    return limit


def main() -> int:
    """Draw, judge, and tell; exit code 1 if something survived."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, default=150)
    options.add_argument("--skip", type=int, default=0, help="so many of the draw, judged before")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="part of a file's path")
    options.add_argument("--budget", type=float, default=3600, help="seconds after which no other line is begun")
    options.add_argument(
        "--reached", type=Path, help="where it stands which tests reach which lines; made where missing"
    )
    options.add_argument("--confirm", action="store_true", help="show survivors to all random scenarios too")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder) / "house")
        house.folder.mkdir()
        house.build()
        known = wanted.reached or Path(folder) / "reached"
        data = known.with_name(f"{known.name}-{fingerprint()}")
        told = judged(house, drawn(wanted.lines, wanted.seed, wanted.only)[wanted.skip :], wanted, data)
    tell(told)
    return 1 if any(word.startswith("SURVIVED") for word in told.values()) else 0


def judged(house: House, mutations: list[Mutation], wanted: argparse.Namespace, data: Path) -> dict[Mutation, str]:
    """By mutation, who notices it: first all of them through the cheap layers, then the rest through the tests."""
    begun, told = time.monotonic(), dict[Mutation, str]()
    for number, mutation in enumerate(mutations, wanted.skip + 1):
        if time.monotonic() - begun > wanted.budget:
            break
        told[mutation] = house.look(mutation)
        print(f"{number:>4} {told[mutation]}: {mutation}", flush=True)
    left = [mutation for mutation, word in told.items() if word in (SAME, OTHER)]
    if left:
        print(f"{len(left)} lines for the tests that reach them", flush=True)
        house.learn(data)
    for mutation in left:
        found = house.test(mutation, wanted.confirm)
        told[mutation] = f"{found}, {told[mutation]}" if found.startswith("SURVIVED") else found
        print(f"     {told[mutation]}: {mutation}", flush=True)
    return told


def tell(told: dict[Mutation, str]) -> None:
    """Print the table of layers, and what survived."""
    print(f"\n{len(told)} lines of {len({each.path for each in told})} files")
    for layer, count in Counter(
        word.partition(":")[0].partition(" (signal")[0] for word in told.values()
    ).most_common():
        print(f"  {layer:<44}{count:>5}")
    for mutation, word in told.items():
        if word.startswith("SURVIVED"):
            print(f"\n{word}: {mutation}")


if __name__ == "__main__":
    sys.exit(main())
