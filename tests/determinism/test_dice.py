"""No library's dice decide a result: they are taken away while rich scenarios run, and named nowhere in the source."""

from __future__ import annotations

import inspect
import os
import random
import secrets
import uuid
from collections.abc import Callable, Iterator
from typing import NoReturn

import numpy as np
import pytest
from effort import effort

from tests.determinism.digests import digests

NAMES = ["rich", *map(str, range(effort(fast=4, verify=12, long=600)))]


class DiceError(Exception):
    """Somebody threw them."""


def forbidden(name: str) -> Callable[..., NoReturn]:
    def throw(*_: object, **__: object) -> NoReturn:
        raise DiceError(name)

    return throw


def dice() -> Iterator[tuple[object, str]]:
    """All of numpy's, with the constructors of its generators, and all of the standard library's."""
    for module in (np.random, random, secrets):
        for name, made in vars(module).items():
            if callable(made) and not name.startswith("_") and not inspect.ismodule(made):
                yield module, name
    yield from ((random.Random, name) for name in ("random", "getrandbits", "seed"))
    yield from ((os, "urandom"), (uuid, "uuid1"), (uuid, "uuid4"))


@pytest.fixture
def without_dice(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    digests(NAMES[:2])  # so that all is imported: importing is no run
    found = list(dice())
    assert {name for _, name in found} >= {"default_rng", "Generator", "RandomState", "random", "normal", "randint"}
    with monkeypatch.context() as patch:
        for owner, name in found:
            patch.setattr(owner, name, forbidden(name))
        yield


@pytest.mark.usefixtures("without_dice")
def test_a_run_needs_no_dice_of_any_library(cases) -> None:
    cases(len(NAMES))
    assert len(digests(NAMES)) == len(NAMES)


@pytest.mark.usefixtures("without_dice")
def test_dice_that_were_taken_away_are_missed() -> None:
    with pytest.raises(DiceError, match="default_rng"):
        np.random.default_rng(1)
    with pytest.raises(DiceError, match="random"):
        random.random()  # noqa: S311
