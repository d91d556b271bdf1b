"""Damaged scenarios: by bytes, by tokens, by structure, and with a nasty value in every field; all from one dice."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Container, Iterator
from typing import Any

Path = tuple[str | int, ...]

NASTY: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 59, 60, 10_000, 10_001, 10**9 - 1, 10**9, 10**9 + 1, 2**31, 2**63 - 1, 2**63,
    2**64, 10**40, -(2**63), 0.5, -0.5, 1e-320, 1e308, 1.0000000001, math.nan, math.inf, -math.inf,
    "", " ", "0", "0s", "1ms", "-1s", "1s", "36500d", "36501d", "99999999999999999999d", "1e9s", "10min", "NaN", "inf",
    "1B", "1023PiB", "1024PiB", "4GB", "1MiB", "0B", "1/s", "1000000000/s", "0/s", "1/d", "1/9999999/d", "1B/s",
    "$0/h", "$999999999999999999999999999999/h", "$0.000000001/h", "0,096", "free",
    "x" * 300, "x" * 100_000, "<script>alert(1)</script>", "=1+1", "+1", "-1", "@x", "\x1b[31mred\x1b[0m", "a\nb",
    "a\rb", "\u202egpj.exe", "\u2028", "\ud83d\ude00", "İstanbul", "../../etc/passwd", "/dev/zero", "..", ".",
    "CON", "a/b", "a:0", "a@1", "%s%n{0}", "cron(* * * * ? *)", "cron(0 0 29 2 ? *)", "cron(0 0 31 2 ? *)", "cron(",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "drained", "unlimited", "Ref::x", "optimal", "m5.large", "m5",
    "1000000", "0.25", "1e5", [], {}, [None], [[]], [0], [""], {"": ""}, {"a": 1},
    {"uniform": {"min": "0s", "max": "0s"}}, {"uniform": {"min": "36500d", "max": "36500d"}},
    {"exponential": {"mean": "36500d"}}, {"exponential": {"mean": "1ms"}},
    {"lognormal": {"mean": "1s", "cv": 1e300}}, {"lognormal": {"mean": "1s", "cv": 0}},
    {"lognormal": {"median": "1ms", "sigma": 700}}, {"lognormal": {"median": "36500d", "sigma": 1e308}},
    {"lognormal": {"p50": "1s", "p95": "36500d"}}, {"poisson": "1000000000/s", "for": "1h"}, {"poisson": "1/s"},
    {"poisson": "1/min", "for": "0s"}, {"cron": "* * * * ? *", "for": "3650d"}, {"rate": "1/d", "start": "1d"},
    {"trace": "/dev/zero"}, {"trace": "../../etc/passwd"}, {"trace": ""}, {"trace": "."}, {"after": "x", "delay": "1s"},
    {"script": []}, {"script": [{"run": "0s", "exit": 1}]}, {"script": [{"run": "1ms", "exit": 255}]}, {"dataset": "x"},
)  # fmt: skip
"""What stands in no honest file: edges of every range and beyond, other types, hostile texts."""

TOKENS = (
    "- ", ": ", "{", "}", "[", "]", ",", "\n", "\t", "#", "&a ", "*a", "!!str ", "!", "|", ">", "'", '"', "---\n",
    "...\n", "? ", "<<: ", "~", "null", ".nan", ".inf", "1e999", "0x7f", "\0", "\x85", "\ufeff", "\u202e", "\\u0000",
    "%YAML 9.9\n",
)  # fmt: skip


def by_bytes(text: str, dice: random.Random) -> str:
    """A few bytes changed, lost, doubled; what is no UTF-8 any more comes as replacement characters."""
    raw = bytearray(text.encode())
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(raw))
        end = at + dice.choice((1, 1, 1, 2, 8, 40))
        raw[at:end] = dice.choice((b"", bytes([dice.randrange(256)]), raw[at:end] * 2, raw[end : end + 20]))
    return raw.decode(errors="replace")


def by_tokens(text: str, dice: random.Random) -> str:
    """Tokens of YAML put in, or put for another."""
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(TOKENS) + text[at + dice.choice((0, 0, 1, 2, 5)) :]
    return text


def by_lines(text: str, dice: random.Random) -> str:
    """Lines lost, doubled, moved, or indented otherwise."""
    lines = text.splitlines(keepends=True)
    for _ in range(dice.randint(1, 3)):
        at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        line = lines.pop(at)
        lines[other:other] = dice.choice(([], [line, line], [line], [" " + line], [line.strip() + "\n"]))
        lines = lines or ["\n"]
    return "".join(lines)


def by_structure(data: Any, dice: random.Random) -> Any:
    """Plain data with a value changed, lost, doubled, or in the place of another."""
    data = copy.deepcopy(data)
    for _ in range(dice.randint(1, 3)):
        places = [path for path in paths(data) if path]
        if not places:
            return data
        path = dice.choice(places)
        holder, last = at(data, path[:-1]), path[-1]
        match dice.randrange(5):
            case 0:
                del holder[last]
            case 1:
                holder[last] = copy.deepcopy(at(data, dice.choice(places)))
            case 2 if isinstance(holder, list):
                holder.insert(int(last), copy.deepcopy(holder[int(last)]))
            case 3 if isinstance(holder, dict):
                holder[dice.choice([str(place[-1]) for place in places])] = holder.pop(last)
            case _:
                holder[last] = copy.deepcopy(dice.choice(NASTY))
    return data


def with_a_nasty_value(data: Any, dice: random.Random, spared: Container[Path] = ()) -> Any:
    """Plain data with one nasty value, not at the places ``spared``."""
    data = copy.deepcopy(data)
    path = dice.choice([path for path in paths(data) if path and path not in spared])
    at(data, path[:-1])[path[-1]] = copy.deepcopy(dice.choice(NASTY))
    return data


def paths(data: Any, here: Path = ()) -> Iterator[Path]:
    """Every place in plain data."""
    yield here
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield from paths(value, (*here, key))


def at(data: Any, path: Path) -> Any:
    """What stands at a place."""
    for part in path:
        data = data[part]
    return data
