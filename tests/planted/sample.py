"""One-line mutations of engine and policies, drawn at random, and which layer notices each.

    python tests/planted/sample.py [--lines 100] [--seed 1] [--only scale_in] [--budget 3600]

A mutation is made by syntax: a comparison turned or shifted, a number moved by one, ``and`` for ``or``, a condition
negated, arithmetic turned, a call or an assignment left out, two arguments exchanged. Each goes into a copy of the
package of its own, and layers look at it in turn, the cheap ones first, until one is red:

1. ``import``: the package loads at all;
2. ``planted worlds``: the small scenarios of ``tests/planted/worlds.py`` through the checker;
3. ``swarm``: 40 random scenarios through the checker;
4. ``oracle``: 40 random scenarios beside the oracle;
5. ``same bytes``: all of these runs beside those of the package as it is. A difference that no layer above names is a
   change of behaviour that is within the rules that they know; the tests have to see it;
6. ``tests``: the tests of behaviour that name the module's words, then those of the engine and the policies.

What survives is listed with its line and difference, for somebody to judge: a hole, or the same program in other words.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PLACES = ("batchsim/engine", "batchsim/policies")
TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
LOOK_CPU_S = 120
"""The longest that a layer may compute for one mutation; what takes longer hangs."""


@dataclass(frozen=True)
class Mutation:
    """One changed line."""

    path: Path
    line: int
    before: str
    after: str
    source: str
    """The whole file with it."""

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}\n  - {self.before.strip()}\n  + {self.after.strip()}"


def mutations_of(path: Path) -> list[Mutation]:
    """All mutations of a file that change one line of it; some may leave no program."""
    text = path.read_text(encoding="utf-8")
    lines, found = text.splitlines(keepends=True), list[Mutation]()
    for node, new in _changes(ast.parse(text)):
        if node.lineno != node.end_lineno:
            continue
        row = node.lineno - 1
        raw = lines[row].encode()
        changed = (raw[: node.col_offset] + new.encode() + raw[node.end_col_offset :]).decode()
        source = "".join([*lines[:row], changed, *lines[row + 1 :]])
        if changed != lines[row]:
            found.append(Mutation(path, node.lineno, lines[row], changed, source))
    return found


def is_a_program(mutation: Mutation) -> bool:
    """Whether the file with it can be read at all."""
    try:
        ast.parse(mutation.source)
    except SyntaxError:
        return False
    return True


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """(what is replaced, by which text) for each change of the tree; annotations and docstrings are left alone."""
    skipped = {id(part) for node in ast.walk(tree) for each in _not_run(node) for part in ast.walk(each)}
    for node in ast.walk(tree):
        if id(node) not in skipped and isinstance(node, ast.expr | ast.stmt):
            yield from ((node, text) for text in _other_words(node))


def _not_run(node: ast.AST) -> Iterator[ast.AST]:
    """Annotations, docstrings, imports, assertions, and what is only there for types."""
    for name in ("annotation", "returns"):
        if isinstance(part := getattr(node, name, None), ast.AST):
            yield part
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert):
        yield node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        yield node


def _other_words(node: ast.expr | ast.stmt) -> Iterator[str]:
    yield from _other_conditions(node)
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            yield f"({ast.unparse(ast.BinOp(left, ARITHMETIC[type(op)](), right))})"
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            yield str(value + 1)
        case ast.Call(func=func, args=[one, other, *rest], keywords=keywords) if ast.dump(one) != ast.dump(other):
            yield ast.unparse(ast.Call(func, [other, one, *rest], keywords))
        case ast.Expr(value=ast.Call()) | ast.AugAssign():
            yield "pass"
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "pass"


def _other_conditions(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op) in TURNED:
            yield ast.unparse(ast.Compare(left, [TURNED[type(op)]()], [right]))
        case ast.BoolOp(op=op, values=values):
            yield f"({ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"bool({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield str(not value)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield f"({ast.unparse(ast.IfExp(test, orelse, body))})"


def drawn(lines: int, seed: int, only: str) -> list[Mutation]:
    """So many mutations, each of another line; every line that has any is equally likely."""
    dice = random.Random(seed)  # noqa: S311 (a sample)
    files = sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py") if only in str(path))
    by_line: dict[tuple[Path, int], list[Mutation]] = {}
    for path in files:
        for each in mutations_of(path):
            by_line.setdefault((path, each.line), []).append(each)
    keys = dice.sample(sorted(by_line), len(by_line))
    chosen = (next(filter(is_a_program, dice.sample(by_line[key], len(by_line[key]))), None) for key in keys)
    return list(islice(filter(None, chosen), lines))


class House:
    """A copy of the package in which one file is changed at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("batchsim", "tests", "scenarios"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        self.expected = self.run([sys.executable, str(HERE / "look.py")]).stdout

    def judge(self, mutation: Mutation) -> str:
        """The layer that notices it; empty where none does."""
        file = self.folder / mutation.path.relative_to(ROOT)
        kept = file.read_text(encoding="utf-8")
        file.write_text(mutation.source, encoding="utf-8")
        try:
            return self._noticed(mutation)
        finally:
            file.write_text(kept, encoding="utf-8")

    def _noticed(self, mutation: Mutation) -> str:
        seen = self.run([sys.executable, str(HERE / "look.py")])
        told = seen.stdout.rstrip().rpartition("\n")[2]
        if seen.returncode < 0:
            return "hangs"
        if seen.returncode:
            return told if told.startswith("caught by ") else "import"
        tests = self.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *self._tests(mutation)]
        )
        if tests.returncode:
            return "tests"
        return "same bytes" if seen.stdout != self.expected else ""

    def _tests(self, mutation: Mutation) -> list[str]:
        """Tests of behaviour and of the engine that name the module, or words of its name."""
        words = [mutation.path.stem, *(word for word in mutation.path.stem.split("_") if len(word) > 4)]
        folders = ("behaviour", "engine", "policies", "golden")
        files = [path for name in folders for path in sorted((self.folder / "tests" / name).glob("test_*.py"))]
        named = [path for path in files if any(word.rstrip("s") in path.stem for word in words)]
        return [str(path) for path in named or files[:12]]

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join(str(self.folder / name) for name in ("", "tests"))
        env = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False, preexec_fn=_limited
        )


def _limited() -> None:
    """Let a process end that computes for too long."""
    resource.setrlimit(resource.RLIMIT_CPU, (LOOK_CPU_S, LOOK_CPU_S))


def main() -> int:
    """Draw, judge, and tell; exit code 1 if something survived."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lines", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", default="", help="part of a file's path")
    options.add_argument("--budget", type=float, default=3600, help="seconds after which no other line is begun")
    wanted = options.parse_args()
    noticed, survived, begun = Counter[str](), list[Mutation](), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        for number, mutation in enumerate(drawn(wanted.lines, wanted.seed, wanted.only), 1):
            if time.monotonic() - begun > wanted.budget:
                break
            layer = house.judge(mutation)
            noticed[layer or "nobody"] += 1
            if layer in ("", "same bytes"):
                survived.append(mutation)
            print(f"{number:>4} {layer or 'SURVIVED'}: {mutation}", flush=True)
    tell(noticed, survived)
    return 1 if survived else 0


def tell(noticed: Counter[str], survived: list[Mutation]) -> None:
    """Print the table of layers, and what survived."""
    total = sum(noticed.values())
    print(f"\n{total} lines")
    for layer, count in noticed.most_common():
        print(f"  {layer:<24}{count:>5}")
    for mutation in survived:
        print(f"\nsurvived: {mutation}")


if __name__ == "__main__":
    sys.exit(main())
