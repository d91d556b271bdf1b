"""The ground of every spec model: frozen, no unknown keys, and errors that carry a code, what is allowed and a hint."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from batchsim.errors import Path

T = TypeVar("T")

LONGEST_NAME = 128
NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
MAX_INT = 10**9
"""Bound on whole numbers for which AWS names none; keeps the engine's 64-bit sums safe."""


class Model(BaseModel):
    """A frozen part of a scenario, built from what the file holds (``"90s"``), keeping what that means (90000)."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a value, seen from inside it: ``path`` is relative to the value.

    ``also``: paths from the top of other places that have a part in it.
    """

    code: str
    message: str
    path: Path = ()
    value: object = None
    allowed: str = ""
    hint: str = ""
    also: tuple[Path, ...] = ()

    def under(self, *parent: str | int) -> Flaw:
        """The same flaw seen from the value that holds ``parent``."""
        return replace(self, path=(*parent, *self.path))


class FlawsError(ValueError):
    """Raised by our validators; pydantic carries it to ``problems.py``, which gives each flaw its place."""

    def __init__(self, *flaws: Flaw) -> None:
        super().__init__(*(flaw.message for flaw in flaws))
        self.flaws = flaws


def flawed(
    code: str, message: str, value: object = None, *, path: Path = (), allowed: str = "", hint: str = ""
) -> FlawsError:
    """One flaw, ready to raise."""
    return FlawsError(Flaw(code, message, path, value, allowed, hint))


@dataclass(frozen=True, slots=True, eq=False)
class FileForm:
    """How a field stands in the file, put into its annotation: ``Annotated[int, FileForm(parse_duration_ms, ...)]``."""

    read: Callable[..., Any]
    """From the file's value to the one kept; raises :class:`FlawsError`. With ``relaxable`` it is told ``strict``."""
    schema: Mapping[str, Any]
    """JSON Schema of the file's value."""
    show: Callable[[Any], Any] | None = None
    """From the value kept to the file's; None where they are the same."""
    relaxable: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """pydantic's hook: ``read`` is the whole validation."""
        del source, handler
        shown = self.show and core_schema.plain_serializer_function_ser_schema(self.show, when_used="unless-none")
        return core_schema.with_info_plain_validator_function(self._validate, serialization=shown)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """pydantic's hook."""
        del core, handler
        return dict(self.schema)

    def _validate(self, value: Any, info: core_schema.ValidationInfo[Any]) -> Any:
        """``strict``: whether AWS's own numeric limits hold, which ``world.strict_limits: false`` lifts."""
        strict = (info.context or {}).get("strict_limits", True)
        return self.read(value, strict) if self.relaxable else self.read(value)


def check_whole(value: object, code: str, low: int, high: int, what: str = "a whole number") -> int:
    """``value`` if it is an integer within [low, high], else a :class:`FlawsError` with ``code``."""
    allowed = f"{what} {low}-{high}" if high != MAX_INT else f"{what} of at least {low}"
    if isinstance(value, int | float) and not isinstance(value, bool) and (value < low or value > high):
        raise flawed(code, "out of range", value, allowed=allowed)
    if isinstance(value, bool) or not isinstance(value, int):
        hint = f"Write {int(value)}" if isinstance(value, float) and value.is_integer() else ""
        raise flawed(code, "not a whole number", value, allowed=allowed, hint=hint)
    return value


def check_number(value: object, code: str, low: float, high: float) -> float:
    """``value`` as a float if it is finite and in [low, high], else a :class:`FlawsError` with ``code``."""
    upper = f" and at most {high:.9g}" if math.isfinite(high) else ""
    allowed = f"a number of at least {low:g}{upper}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise flawed(code, "not a finite number", value, allowed=allowed)
    if not low <= value <= min(high, sys.float_info.max):
        raise flawed(code, "out of range", value, allowed=allowed)
    return float(value)


def check_flag(value: object) -> bool:
    """A YAML 1.2 boolean; ``yes``, ``no``, ``on``, ``off`` are text in YAML 1.2 and therefore refused with a hint."""
    if not isinstance(value, bool):
        words = {"yes": "true", "on": "true", "no": "false", "off": "false"}
        ours = words.get(str(value).lower())
        raise flawed("E112", "not true or false", value, allowed="true, false", hint=f"Write {ours}" if ours else "")
    return value


def check_text(value: object) -> str:
    """Text; a number or boolean where text belongs is refused with the hint to quote it."""
    if isinstance(value, str):
        return value
    word = _yaml_word(value) if isinstance(value, bool | int | float) else ""
    hint = f'Write "{word}", with quotes' if 0 < len(word) <= LONGEST_NAME else ""
    raise flawed("E112", "not text", value, hint=hint)


def check_name(value: object) -> str:
    """A name as AWS allows: 1-128 letters, digits, ``-`` and ``_``, starting with a letter or digit."""
    if not is_name(check_text(value)):
        raise flawed("E170", "not a name", value, allowed="1-128 letters, digits, - and _, the first a letter or digit")
    return str(value)


def is_name(value: object) -> bool:
    """Whether ``value`` is a name as :func:`check_name` wants it."""
    return isinstance(value, str) and bool(NAME.fullmatch(value))


def _yaml_word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_zone(value: object) -> str:
    """The name of a time zone (E115)."""
    text = check_text(value)
    try:
        return text if text == "UTC" else ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise flawed("E115", "unknown time zone", value, allowed="UTC, Europe/Dublin, America/New_York, ...") from None
