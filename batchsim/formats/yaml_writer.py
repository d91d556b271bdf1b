"""Plain data as YAML whose bytes depend on nothing but the data: no library's taste, no locale, no order of hashing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from batchsim.formats.yaml_scalars import write_scalar

_ONE_LINE = 88
"""A mapping or list that is this short goes on one line."""


def write_yaml(data: dict[str, Any]) -> str:
    """``data`` (dicts, lists, scalars) as a YAML 1.2 document in block style, short parts on one line."""
    return "".join(f"{line}\n" for line in _block(data)) if data else "{}\n"


def _block(value: Any) -> Iterator[str]:
    """Lines of a non-empty mapping or list, not indented."""
    pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in pairs:
        lead = "-" if key is None else f"{write_scalar(key)}:"
        flow = _flow(item)
        if not isinstance(item, dict | list) or not item or (len(flow) <= _ONE_LINE and not _is_section(item)):
            yield f"{lead} {flow}"
            continue
        lines = _block(item)
        if key is None:
            yield f"- {next(lines)}"
        else:
            yield lead
        yield from (f"  {line}" for line in lines)


def _is_section(item: Any) -> bool:
    """A list of mappings, or a mapping that holds one: it reads better with a line each."""
    if isinstance(item, list):
        return any(isinstance(part, dict) for part in item) and len(item) > 1
    return isinstance(item, dict) and any(_is_section(part) for part in item.values())


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{write_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return write_scalar(value)
