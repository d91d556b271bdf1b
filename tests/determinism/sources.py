"""What in a source file could let the machine, the process or the clock decide: found in its syntax tree.

- ``dice``: a name of a library's random numbers;
- ``clock``: the time of day, or of the process;
- ``hash``: ``hash()`` or ``id()``, which differ between processes;
- ``folder``: the entries of a folder as the file system gives them, not sorted;
- ``set``: the elements of a set in the order in which it has them. A set is an expression that is one, or a name, an
  attribute, a parameter or a result that is bound or annotated as one in the same file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

DICE_MODULES = ("random", "secrets", "numpy.random")
DICE = ("urandom", "uuid1", "uuid4", "default_rng", "RandomState", "getrandom")
CLOCK = ("time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "utcnow", "today", "process_time")
FOLDERS = ("listdir", "scandir", "iterdir", "glob", "rglob", "walk")
ORDERED = ("sorted", "len", "any", "all", "min", "max", "set", "frozenset", "bool", "isinstance")
"""What may be given a set, or a folder's entries: no order comes out. ``min`` and ``max`` without a key."""
IN_ORDER = ("list", "tuple", "enumerate", "iter", "next", "map", "filter", "zip", "sum", "reversed", "chain", "islice",
            "dict", "fromkeys", "join", "extend", "from_iterable", "array", "fromiter", "accumulate")  # fmt: skip
SETS = ("set", "frozenset", "Set", "AbstractSet", "MutableSet")
SET_METHODS = ("union", "intersection", "difference", "symmetric_difference", "copy")


class Find(NamedTuple):
    kind: str
    line: int
    text: str


def finds(source: str) -> list[Find]:
    """What a file holds of it, in the order of its lines."""
    tree = ast.parse(source)
    for parent in ast.walk(tree):
        for child in ast.iter_child_nodes(parent):
            child.parent = parent  # type: ignore[attr-defined]
    sets = _bound_to_sets(tree)
    found = {Find(kind, node.lineno, ast.unparse(node)) for node in ast.walk(tree) for kind in _kinds(node, sets)}
    return sorted(found, key=lambda find: (find.line, find.kind, find.text))


def _kinds(node: ast.AST, sets: set[str]) -> Iterator[str]:
    yield from _from_libraries(node)
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if isinstance(node.func, ast.Name) and name in ("hash", "id"):
            yield "hash"
        if name in FOLDERS and not _goes_into(node, ORDERED):
            yield "folder"
    if _is_set(node, sets) and _gives_its_order(node):
        yield "set"


def _from_libraries(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [each.name for each in node.names]
        module = getattr(node, "module", None) or ""
        full = [f"{module}.{name}" if module else name for name in names]
        if any(name == bad or name.startswith(f"{bad}.") for name in (*full, module) for bad in DICE_MODULES):
            yield "dice"
        if module == "time" or (isinstance(node, ast.Import) and "time" in names):
            yield "clock"
    if isinstance(node, ast.Attribute):
        if node.attr in DICE or (node.attr == "random" and isinstance(node.value, ast.Name) and node.value.id == "np"):
            yield "dice"
        if node.attr in CLOCK or (node.attr == "now" and _name(node.value) == "datetime"):
            yield "clock"


def _gives_its_order(node: ast.AST) -> bool:
    """Whether the elements are taken one by one, and what comes of it is not a set again, or put in order."""
    parent = getattr(node, "parent", None)
    if isinstance(parent, ast.For) and parent.iter is node:
        return True
    if isinstance(parent, ast.comprehension) and parent.iter is node:
        whole = parent.parent  # type: ignore[attr-defined]
        return not isinstance(whole, ast.SetComp) and not _goes_into(whole, ORDERED)
    if isinstance(parent, ast.Starred):
        return not isinstance(parent.parent, ast.Set) and not _goes_into(parent, ORDERED)  # type: ignore[attr-defined]
    if isinstance(parent, ast.Call) and node in parent.args:
        name = _name(parent.func)
        keyed = name in ("min", "max") and any(word.arg == "key" for word in parent.keywords)
        return keyed or (name in IN_ORDER and not _goes_into(parent, ORDERED))
    return isinstance(parent, ast.Attribute) and parent.attr == "pop"


def _goes_into(node: ast.AST, names: tuple[str, ...]) -> bool:
    parent = getattr(node, "parent", None)
    if isinstance(parent, ast.Starred | ast.comprehension | ast.GeneratorExp | ast.ListComp | ast.SetComp):
        return isinstance(parent, ast.SetComp) or _goes_into(parent, names)
    return isinstance(parent, ast.Call) and _name(parent.func) in names and not parent.keywords


def _is_set(node: ast.AST, sets: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name in ("set", "frozenset"):
            return True
        of_set = isinstance(node.func, ast.Attribute) and _is_set(node.func.value, sets)
        return name in sets or (of_set and name in SET_METHODS)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.Sub | ast.BitXor):
        return _is_set(node.left, sets) or (_is_set(node.right, sets) and not isinstance(node.op, ast.Sub))
    if isinstance(node, ast.IfExp):
        return _is_set(node.body, sets) or _is_set(node.orelse, sets)
    return isinstance(node, ast.Name | ast.Attribute) and _name(node) in sets and not isinstance(node.ctx, ast.Store)


def _bound_to_sets(tree: ast.AST) -> set[str]:
    """Names that hold a set somewhere in the file; a name that is also bound to something else counts as well."""
    found: set[str] = set()
    for _ in range(2):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and _is_set(node.value, found):
                found |= {_name(target) for target in node.targets}
            elif isinstance(node, ast.AnnAssign) and _says_set(node.annotation):
                found.add(_name(node.target))
            elif isinstance(node, ast.arg) and node.annotation is not None and _says_set(node.annotation):
                found.add(node.arg)
            elif isinstance(node, ast.FunctionDef) and node.returns is not None and _says_set(node.returns):
                found.add(node.name)
            elif isinstance(node, ast.NamedExpr) and _is_set(node.value, found):
                found.add(_name(node.target))
    return found - {""}


def _says_set(annotation: ast.AST) -> bool:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return _says_set(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.Subscript):
        return _name(annotation.value) in SETS
    if isinstance(annotation, ast.BinOp):
        return _says_set(annotation.left) or _says_set(annotation.right)
    return _name(annotation) in SETS


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
