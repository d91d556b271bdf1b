"""What an option's text says, or a usage error that names the option."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from batchsim.errors import cut, printable
from batchsim.units import parse_duration_ms

T = TypeVar("T")


def read_option(parse: Callable[[str], T], text: str, option: str) -> T:
    """An option's text taken apart; what is wrong with it is told of the option."""
    from batchsim.errors import ScenarioError

    try:
        return parse(text)
    except ScenarioError:
        raise
    except ValueError as error:
        raise typer.BadParameter(printable(cut(str(error))), param_hint=option) from None


def limit_s_of(text: str | None) -> float | None:
    """``--run-limit`` in seconds; None without it."""
    return None if text is None else read_option(_limit_s, text, "--run-limit")


def _limit_s(text: str) -> float:
    limit_s = parse_duration_ms(text) / 1000
    if limit_s < 1:
        raise ValueError("a run has a second at least")  # its process needs some to load
    return limit_s
