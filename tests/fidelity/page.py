"""The table of ``docs/fidelity.md``, written from the rows."""

from __future__ import annotations

from collections.abc import Mapping

from fidelity_rows import DEFAULT, Row, all_rows, is_of_world, named_tests, places, value_of
from topics import TOPICS, topic_of

from batchsim.report.assumptions import show
from batchsim.spec import World

HEAD = "| | documented rule | where it lives | test | status |\n|---|---|---|---|---|"


def table() -> str:
    """All topics, each with its rows."""
    rows = all_rows()
    parts = (_topic(topic, [row for row in rows if topic_of(row.id) == topic]) for topic in TOPICS)
    return "\n\n".join(parts) + "\n"


def _topic(topic: str, rows: list[Row]) -> str:
    return "\n".join([f"### {topic}", "", *([HEAD] if rows else []), *map(line, rows)]).rstrip()


def line(row: Row) -> str:
    """One row."""
    rule = f"{row.rule.rstrip('.')}. *{row.source}*"
    cells = [f"**{row.id}**", rule, _where(row), _tests(row), _status(row)]
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _where(row: Row) -> str:
    return "<br>".join(
        f"[{place.path.removeprefix('batchsim/')}](../{place.path}) `{place.name}`" for place in places(row)
    )


def _tests(row: Row) -> str:
    if isinstance(row.tests, Mapping):
        return "<br>".join(f"{_value(row, value)}: {_link(test)}" for value, test in row.tests.items())
    return "<br>".join(map(_link, named_tests(row)))


def _link(test: str) -> str:
    """The test's own sentence; its file is where the link leads."""
    path, _, name = test.partition("::")
    return f"[{name.partition('[')[0].removeprefix('test_').replace('_', ' ')}](../{path})"


def _value(row: Row, value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if value == DEFAULT and is_of_world(row):
        text = "by `market`" if value_of(row.key, DEFAULT) is None else show(World(), row.key)
    return f"`{text}`" if text != "by `market`" else text


def _status(row: Row) -> str:
    told = f"parameter {_key(row)}" if row.status == "parameter" else row.status
    return f"{told}: {row.note.rstrip('.')}" if row.note else told


def _key(row: Row) -> str:
    if not is_of_world(row):
        return f"`{row.key}`"
    usual = getattr(World(), row.key)
    shown = "by `market`" if usual is None else f"`{show(World(), row.key) or 'none'}`"
    return f"`world.{row.key}`, default {shown}"
