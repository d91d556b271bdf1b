"""Random deterministic scenarios through batchsim and the oracle: the same to the millisecond and the nano-dollar.

``python tests/oracle/replay.py 17`` shows scenario 17 and what differs; ``BATCHSIM_ORACLE=300:5000 pytest -m slow
tests/oracle`` compares others than the slow tier's.
"""

from __future__ import annotations

import os

import pytest
from oracle.comparison import differences
from oracle.generator import scenario
from oracle.replay import story

FAST = range(150)
FIRST, LAST = map(int, os.environ.get("BATCHSIM_ORACLE", "150:2150").split(":"))
CHUNK = 100


@pytest.mark.parametrize("seed", FAST)
def test_batchsim_and_the_oracle_agree(seed: int) -> None:
    assert not differences(scenario(seed)), story(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FIRST, LAST, CHUNK))
def test_they_agree_on_many_more(first: int) -> None:
    for seed in range(first, min(first + CHUNK, LAST)):
        assert not differences(scenario(seed)), story(seed)
