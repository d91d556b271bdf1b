"""``--vary`` and ``--over``: what varies, and over which values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from batchsim.cli.option_values import read_option
from batchsim.errors import printable


def knobs_of(texts: Sequence[str], option: str, complaint: str) -> dict[str, Any]:
    """What an option that is repeated varies, by path; one path twice is a complaint."""
    pairs = [read_option(parse_vary, text, option) for text in texts]
    paths = [path for path, _ in pairs]
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise typer.BadParameter(f"{printable(twice)} {complaint}", param_hint=option)
    return dict(pairs)


def parse_vary(text: str) -> tuple[str, Any]:
    """``PATH=256,512``, ``PATH=64..4096`` or ``PATH={from: 256, to: 1024}`` taken apart; values are YAML.

    Commas outside of brackets and quotes part values: ``[a, b],[c]`` are two lists. Raises ``ValueError``.
    """
    from batchsim.experiments.variants import pieces
    from batchsim.formats import scenario_yaml
    from batchsim.spec.knobs import range_of

    path, equals, rest = text.partition("=")
    if not (equals and path.strip()):
        raise ValueError(f"{text!r} is not PATH=VALUES, as in spot.maxvCpus=256,512")
    parts = [part.strip() for part in pieces(rest)]
    if not all(parts):
        raise ValueError(f'{text!r} has an empty value; write "" for an empty text')
    if len(parts) == 1 and range_of(parts[0]):
        return path.strip(), parts[0]
    values = [scenario_yaml.parse_value(part) for part in parts]
    return path.strip(), values[0] if len(values) == 1 and isinstance(values[0], dict) else values
