"""One-line mutations of a source file, made by syntax, and a draw of them that is spread over all files."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("batchsim/engine", "batchsim/policies")
TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
}
OTHER_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}
OTHER_NAMES |= {"append": "appendleft", "popleft": "pop", "bisect_left": "bisect_right", "bisect_right": "bisect_left"}


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
    """Annotations, docstrings, imports, assertions, decorators, and what is only there for types."""
    for name in ("annotation", "returns"):
        if isinstance(part := getattr(node, name, None), ast.AST):
            yield part
    yield from getattr(node, "decorator_list", ())
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert):
        yield node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        yield node


def _other_words(node: ast.expr | ast.stmt) -> Iterator[str]:
    yield from _other_conditions(node)
    yield from _other_calls(node)
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            yield f"({ast.unparse(ast.BinOp(left, ARITHMETIC[type(op)](), right))})"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield ast.unparse(operand)
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            yield str(value + 1)
        case ast.Constant(value=float(value)):
            yield str(value * 2 + 1)
        case ast.Assign(targets=[ast.Attribute()], value=ast.Name()):
            pass  # wiring of a constructor: without it nothing runs
        case ast.AugAssign() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "pass"
        case ast.Continue():
            yield "break"
        case ast.Break():
            yield "continue"


def _other_calls(node: ast.expr | ast.stmt) -> Iterator[str]:
    """Two arguments exchanged, the other function of a pair, the call left out."""
    match node:
        case ast.Call(func=ast.Name(id="min" | "max")):
            pass  # in any order
        case ast.Call(func=func, args=[one, other, *rest], keywords=keywords) if ast.dump(one) != ast.dump(other):
            yield ast.unparse(ast.Call(func, [other, one, *rest], keywords))
        case ast.Expr(value=ast.Call()):
            yield "pass"
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in OTHER_NAMES:
            yield ast.unparse(ast.Call(ast.Name(OTHER_NAMES[name]), args, keywords))
        case ast.Call(func=ast.Attribute(value, attr), args=args, keywords=keywords) if attr in OTHER_NAMES:
            yield ast.unparse(ast.Call(ast.Attribute(value, OTHER_NAMES[attr]), args, keywords))


def _other_conditions(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op) in TURNED:
            yield from (ast.unparse(ast.Compare(left, [other()], [right])) for other in TURNED[type(op)])
        case ast.BoolOp(op=op, values=values):
            yield f"({ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))})"
            yield from (ast.unparse(value) for value in values if len(values) == 2)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"bool({ast.unparse(operand)})"
        case ast.Constant(value=bool(value)):
            yield str(not value)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield f"({ast.unparse(ast.IfExp(test, orelse, body))})"


def drawn(lines: int, seed: int, only: str = "") -> list[Mutation]:
    """So many mutations, each of another line, file by file in turn, so that each file has its share.

    Files come in an order drawn at random; within one, every line that can be changed is equally likely.
    """
    dice = random.Random(seed)  # noqa: S311 (a sample)
    files = sorted(path for place in PLACES for path in (ROOT / place).rglob("*.py") if only in str(path))
    rounds = zip_longest(*(_shuffled(path, dice) for path in dice.sample(files, len(files))))
    return list(islice((each for a_round in rounds for each in a_round if each is not None), lines))


def _shuffled(path: Path, dice: random.Random) -> list[Mutation]:
    """One mutation of each line of a file that has any, in random order."""
    by_line: dict[int, list[Mutation]] = {}
    for each in mutations_of(path):
        by_line.setdefault(each.line, []).append(each)
    kept = []
    for line in dice.sample(sorted(by_line), len(by_line)):
        choices = dice.sample(by_line[line], len(by_line[line]))
        kept += list(islice(filter(is_a_program, choices), 1))
    return kept
