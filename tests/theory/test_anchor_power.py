"""More planted errors, of one line each: in the rules that T14 to T21 are there for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from batchsim.engine.lifecycle import Lifecycle
from batchsim.policies import packing
from batchsim.policies.fair_share import unreserved_milli
from batchsim.policies.ordering import serving_order
from batchsim.selftest.registry import cases as all_cases
from batchsim.selftest.runner import run_case

CASES = {case.id: case for case in all_cases()}


def lost_half_as_often_again(patch):
    patch.setattr("batchsim.engine.spot.MS_PER_H", 2_400_000)


def no_gap_before_a_retry(patch):
    made = Lifecycle.__init__

    def without_gap(self, *given, **named):
        made(self, *given, **named)
        self._rules = replace(self._rules, retry_delay_ms=0)

    patch.setattr(Lifecycle, "__init__", without_gap)


def least_room_first(patch):
    patch.setitem(packing.PACKINGS, "first_fit", packing.best_fit)


def the_last_place_first(patch):
    patch.setattr("batchsim.engine.scheduler.serving_order", lambda given: serving_order([-each for each in given]))


def weights_upside_down(patch):
    upside_down = "batchsim.engine.share_queue.effective_weight"
    patch.setattr(upside_down, lambda weight, *, prefix, active: 10**18 // weight * (active if prefix else 1))


def one_share_fewer_reserves(patch):
    fewer = "batchsim.engine.share_queue.unreserved_milli"
    patch.setattr(fewer, lambda total, reserved, active: unreserved_milli(total, reserved, active - 1))


def seconds_rounded_down(patch):
    down = "batchsim.analysis.bills.billed_seconds"
    patch.setattr(down, lambda on_ms: np.where(on_ms > 0, np.maximum(60, on_ms // 1000), 0))


@pytest.mark.parametrize(
    ("error", "noticed_by"),
    [
        (lost_half_as_often_again, "T15.1"),
        (no_gap_before_a_retry, "T16.2"),
        (least_room_first, "T19.4"),
        (the_last_place_first, "T18.1"),
        (weights_upside_down, "T20.1"),
        (one_share_fewer_reserves, "T20.3"),
        (seconds_rounded_down, "T21.1"),
    ],
)
def test_an_error_of_one_line_is_noticed(error, noticed_by, monkeypatch):
    error(monkeypatch)
    verdicts = run_case(CASES[noticed_by]).verdicts
    assert [verdict.quantity.name for verdict in verdicts if verdict.outcome == "fail"] != []
