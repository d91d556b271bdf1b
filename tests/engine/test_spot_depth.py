"""The depth of a Spot pool: a walk that does not depend on when it is asked."""

from __future__ import annotations

import numpy as np

from batchsim.engine.randomness import Draws
from batchsim.engine.spot import DEPTH_STEP_MS, Depth

STREAM = Draws(4).stream("depth", "m5.large us-east-1a")


def test_a_pool_asked_seldom_is_as_deep_as_one_asked_at_every_step():
    often, seldom = Depth(200, STREAM), Depth(200, STREAM)
    walk = [often.at(step * DEPTH_STEP_MS) for step in range(500)]
    assert [seldom.at(step * DEPTH_STEP_MS + 1) for step in (0, 1, 7, 499)] == [walk[step] for step in (0, 1, 7, 499)]


def test_its_logarithm_spreads_by_its_deviation_and_remembers():
    depth = Depth(1_000_000, STREAM)
    walk = np.log([depth.at(step * DEPTH_STEP_MS) / 1e6 for step in range(5_000)])
    assert abs(walk.std() - 0.8) < 0.15
    assert abs(np.corrcoef(walk[1:], walk[:-1])[0, 1] - 0.9) < 0.03
