"""What the rows of a study store may hold: SQLite takes a value of any kind in any column, whoever writes it.

Every reader here raises ``ValueError`` for what no store of ours has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from batchsim.errors import cut
from batchsim.experiments.design import Settings
from batchsim.experiments.paired import Floats

_MOST_REPLICATIONS = 1_000_000
"""As many as a study may ask for."""
_NUMBER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What makes a study the same study."""

    name: str
    scenario_hash: str
    """Of the scenario with what the study sets, before anything varies, and without its seed."""
    code: str
    seed: int
    asked: Mapping[str, Any]
    """What varies and how, as plain data."""
    scenario: str
    """The scenario as a file, for readers of the store."""
    metrics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A study as the store has it."""

    id: int
    question: Question
    replications: int
    """The most that were asked for."""
    created_at: str
    points: int
    done: int
    """Runs."""
    failed: int


def kept_of(row: Sequence[Any]) -> Kept:
    """A study of the store's own columns, then how many points, runs and failures it has."""
    number, name, scenario_hash, code, seed, asked, scenario, metrics, replications, created, points, done, failed = row
    question = Question(
        text(name), text(scenario_hash), text(code), seed_of(seed), question_of(asked), text(scenario),
        names_of(metrics),
    )  # fmt: skip
    return Kept(number, question, replications_of(replications), text(created), points, done, failed)


def differing(kept: Question, asked: Question) -> Iterator[tuple[str, str, str]]:
    """What two studies of one name must share, as told of both."""
    yield "scenario (SHA-256)", kept.scenario_hash, asked.scenario_hash
    yield "code", kept.code, asked.code
    yield "seed", str(kept.seed), str(asked.seed)
    yield "design", as_json(kept.asked), as_json(asked.asked)
    yield "set of metrics", ", ".join(kept.metrics), ", ".join(asked.metrics)


def as_json(value: Any) -> str:
    """As the store holds plain data."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def whole(value: object, least: int = 0, most: int | None = None) -> int:
    """A whole number."""
    if type(value) is not int or value < least or (most is not None and value > most):
        raise _strange(value, f"a whole number of {least} " + ("or more" if most is None else f"to {most}"))
    return value


def replications_of(value: object) -> int:
    """How often each point of a study was asked for."""
    return whole(value, 1, _MOST_REPLICATIONS)


def text(value: object) -> str:
    """A text that can be written anywhere."""
    if not isinstance(value, str):
        raise _strange(value, "a text")
    value.encode()  # an escape of JSON's may be half a character
    return value


def numbers(value: object, count: int) -> Floats:
    """The metrics of one run; NaN = undefined."""
    if not isinstance(value, bytes) or len(value) != count * _NUMBER_BYTES:
        raise _strange(value, f"{count} numbers")
    found = np.frombuffer(value, dtype="<f8")
    if np.isinf(found).any():
        raise ValueError("an infinite number in place of a metric")
    return found


def seed_of(value: object) -> int:
    """A seed, which SQLite's integers are too short for."""
    digits = text(value)
    if not (digits.isascii() and digits.isdigit()):
        raise _strange(value, "a seed")
    return int(digits)


def names_of(value: object) -> tuple[str, ...]:
    """The names of metrics."""
    found = json.loads(text(value))
    if not isinstance(found, list) or len(set(map(text, found))) < len(found):
        raise _strange(value, "a list of names")
    return tuple(found)


def question_of(value: object) -> dict[str, Any]:
    """What a study asks, what varies in it by path."""
    found = json.loads(text(value))
    if not isinstance(found, dict) or not all(isinstance(found.get(key, {}), dict) for key in ("vary", "over")):
        raise _strange(value, "the question of a study")
    return found


def settings_of(value: object) -> Settings:
    """The paths and values of a point, each path once."""
    found = json.loads(text(value))
    if not isinstance(found, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in found):
        raise _strange(value, "the settings of a point")
    text(json.dumps(found, ensure_ascii=False))
    if len({text(path) for path, _ in found}) < len(found):
        raise _strange(value, "the settings of a point")
    return tuple((path, setting) for path, setting in found)


def _strange(value: object, wanted: str) -> ValueError:
    return ValueError(f"{cut(repr(value), 60)} in place of {wanted}")
