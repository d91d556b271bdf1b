"""What containers do between a Spot notice and the loss (fact sheet 2.5 and 5.7).

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
"""

from __future__ import annotations

from math import isnan

import pytest
from pandas import isna
from scenario_builder import attempts_of, environment, job, jobs_of, launched, scenario, starts, task

TWO_MINUTES = {"notice": "120s", "first_hour_free": False}
DRAINED = {**TWO_MINUTES, "spot_drain": True}
RULES = [{"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]
SAVING = {"every": "1h", "cost": "20s", "restore": "30s"}


def spot(types=("box.1",), **resources):
    return environment("spot", types, **{"type": "SPOT", "allocationStrategy": "BEST_FIT_PROGRESSIVE", **resources})


def reclaim(at, ordinal=0, **more):
    return {"kind": "spot_reclaim", "at": at, "select": {"environment": "spot", "ordinal": ordinal}, **more}


def interrupted(simulate, world, run="1h", **keys):
    """A job whose first instance has its notice after 8 and is lost after 10 minutes."""
    work = job("a", run, attempts=2, rules=RULES, **keys)
    return simulate(scenario(work, environments=[spot()], faults=[reclaim("10m")], world=world))


def first(result):
    return attempts_of(result, "a")[0]


@pytest.mark.parametrize("deed", ["die", "exit_zero", "exit_nonzero"])
def test_without_draining_nobody_sends_sigterm_and_the_job_runs_to_the_loss(deed, simulate):
    lost = first(interrupted(simulate, TWO_MINUTES, on_sigterm=deed))
    assert (lost.ended_at_s, lost.outcome, isna(lost.exit_code)) == (600, "reclaimed", True)


def test_who_exits_0_at_sigterm_succeeds_with_unfinished_work_and_is_not_retried(simulate):
    result = interrupted(simulate, DRAINED, on_sigterm="exit_zero")
    tries = [(row.outcome, row.exit_code, row.ended_at_s, row.work_done_s) for row in attempts_of(result, "a")]
    assert tries == [("succeeded", 0, 480, 480)]
    assert jobs_of(result)["a"].state == "SUCCEEDED"
    assert result.summary()["reclaims"]["cut_short"] == 1
    assert "useful_work" not in result.summary()["cost"]["by_cause"]


def test_the_report_warns_of_jobs_that_only_look_done(simulate):
    report = interrupted(simulate, DRAINED, on_sigterm="exit_zero").report(width=100)
    assert "1 job SUCCEEDED with unfinished work" in report


def test_who_exits_otherwise_at_sigterm_is_retried_by_the_rule_for_lost_hosts(simulate):
    result = interrupted(simulate, DRAINED, on_sigterm="exit_nonzero")
    lost, again = attempts_of(result, "a")
    assert (lost.outcome, lost.exit_code, lost.ended_at_s) == ("reclaimed", 143, 480)
    assert lost.status_reason.startswith("Host EC2 (instance i-")
    assert again.outcome == "succeeded"


def test_who_takes_no_notice_is_killed_after_the_stop_timeout(simulate):
    lost = first(interrupted(simulate, {**DRAINED, "stop_timeout": "30s"}))
    assert (lost.ended_at_s, lost.outcome, lost.exit_code) == (510, "reclaimed", 137)


def test_the_loss_comes_first_where_the_stop_timeout_is_longer(simulate):
    lost = first(interrupted(simulate, {**DRAINED, "stop_timeout": "10m"}))
    assert (lost.ended_at_s, lost.outcome, isna(lost.exit_code)) == (600, "reclaimed", True)


def test_a_draining_instance_takes_no_more_jobs(simulate):
    late = job("late", "60s", at="9m")
    done = job("a", "30s")
    for world, instances in ((TWO_MINUTES, 1), (DRAINED, 2)):
        idle = {**world, "scale_down_idle": "1h"}
        result = simulate(scenario(done, late, environments=[spot(maxvCpus=4)], faults=[reclaim("10m")], world=idle))
        assert starts(result)["late"] == 540
        assert len(launched(result)) == instances


def test_an_instance_that_has_its_notice_while_it_boots_takes_none_either(simulate):
    world = {**DRAINED, "instance_boot": "9m"}
    result = simulate(scenario(job("a", "60s"), environments=[spot()], faults=[reclaim("10m")], world=world))
    assert starts(result) == {"a": 480 + 540}


def test_work_is_saved_at_the_notice_and_goes_on_to_the_loss(simulate):
    lost, again = attempts_of(interrupted(simulate, TWO_MINUTES, on_sigterm="checkpoint", checkpoint=SAVING), "a")
    assert (lost.sigterm_at_s, lost.ended_at_s, lost.work_saved_s, lost.work_done_s) == (480, 600, 480, 580)
    assert (lost.checkpoint_s, lost.kept_s, lost.unkept_s) == (20, 480, 100)
    assert (again.work_from_s, again.restore_s) == (480, 30)
    assert again.ended_at_s == 600 + 30 + 3600 - 480


def test_with_sigterm_it_is_saved_and_the_container_exits(simulate):
    lost, again = attempts_of(interrupted(simulate, DRAINED, on_sigterm="checkpoint", checkpoint=SAVING), "a")
    assert (lost.ended_at_s, lost.exit_code, lost.outcome, lost.unkept_s) == (500, 143, "reclaimed", 0)
    assert again.work_from_s == 480


@pytest.mark.parametrize(
    ("world", "cost", "saved"),
    [(TWO_MINUTES, "120s", 480), (TWO_MINUTES, "121s", 0), (DRAINED, "30s", 480), (DRAINED, "31s", 0)],
)
def test_it_is_saved_only_if_there_is_time(world, cost, saved, simulate):
    rule = {"cost": cost, "restore": "0s"}
    lost = first(interrupted(simulate, world, on_sigterm="checkpoint", checkpoint=rule))
    assert lost.work_saved_s == saved
    assert isnan(lost.sigterm_at_s) == (saved == 0)


@pytest.mark.parametrize("world", [TWO_MINUTES, DRAINED])
def test_a_checkpoint_that_costs_nothing_saves_all_the_same(world, simulate):
    rule = {"cost": "0s", "restore": "0s"}
    lost = first(interrupted(simulate, world, on_sigterm="checkpoint", checkpoint=rule))
    assert (lost.work_saved_s, lost.checkpoint_s, lost.ended_at_s) == (480, 0, 480 if world is DRAINED else 600)


def test_nobody_looks_for_the_notice_where_the_world_says_so(simulate):
    world = {**TWO_MINUTES, "checkpoint_on_notice": False}
    assert first(interrupted(simulate, world, on_sigterm="checkpoint", checkpoint=SAVING)).work_saved_s == 0


def test_a_notice_of_no_time_is_none(simulate):
    world = {**DRAINED, "notice": "0s"}
    lost = first(interrupted(simulate, world, on_sigterm="exit_zero"))
    assert (lost.outcome, lost.ended_at_s) == ("reclaimed", 600)


def test_a_checkpoint_under_way_at_the_notice_will_do(simulate):
    """Begun at 470 s, done at 490 s: the container exits then, with 470 s saved."""
    rule = {**SAVING, "every": "470s"}
    lost = first(interrupted(simulate, DRAINED, on_sigterm="checkpoint", checkpoint=rule))
    assert (lost.ended_at_s, lost.work_saved_s, lost.checkpoint_s) == (490, 470, 20)


def test_where_all_work_is_saved_at_the_notice_none_is_lost_to_another_checkpoint(simulate):
    """One that began at 460 s ends in the instant of the notice; one that began at 470 s is still being written."""
    written, under_way = (
        first(interrupted(simulate, TWO_MINUTES, on_sigterm="checkpoint", checkpoint={**SAVING, "every": every}))
        for every in ("460s", "470s")
    )
    assert (written.checkpoint_s, written.work_saved_s, written.work_done_s) == (20, 460, 580)
    assert (under_way.checkpoint_s, under_way.work_saved_s, under_way.work_done_s) == (20, 470, 580)
    assert isnan(written.sigterm_at_s)
    assert isnan(under_way.sigterm_at_s), "neither had to do anything"


def test_a_job_that_ends_within_the_notice_pays_for_its_checkpoint_with_time(simulate):
    result = interrupted(simulate, TWO_MINUTES, run="500s", on_sigterm="checkpoint", checkpoint=SAVING)
    (only,) = attempts_of(result, "a")
    assert (only.ended_at_s, only.outcome, only.checkpoint_s) == (520, "succeeded", 20)


def test_a_timeout_is_not_put_off_by_a_checkpoint_at_the_notice(simulate):
    work = job("a", "500s", attempts=2, timeout_s=510, on_sigterm="checkpoint", checkpoint=SAVING)
    result = simulate(scenario(work, environments=[spot()], faults=[reclaim("10m")], world=TWO_MINUTES))
    (only,) = attempts_of(result, "a")
    assert (only.ended_at_s, only.outcome) == (510, "timed_out")


def test_one_that_is_told_to_stop_just_before_its_timeout_still_saves(simulate):
    lost = first(interrupted(simulate, DRAINED, timeout_s=490, on_sigterm="checkpoint", checkpoint=SAVING))
    assert (lost.sigterm_at_s, lost.ended_at_s, lost.outcome) == (480, 500, "reclaimed")


def test_a_container_that_still_starts_hears_nothing(simulate):
    world = {**DRAINED, "warm_start": "485s"}
    lost = first(interrupted(simulate, world, on_sigterm="exit_zero"))
    assert (lost.outcome, lost.running_at_s, lost.ended_at_s) == ("reclaimed", 485, 510)


@pytest.mark.parametrize("stop_timeout_s", [30, 120, 600])
def test_a_fargate_spot_task_gets_sigterm_at_its_notice_and_sigkill_a_stop_timeout_later(stop_timeout_s, simulate):
    tasks = environment("tasks", type="FARGATE_SPOT", maxvCpus=100)
    world = {"spot_hazard": 1.0, "notice": "120s", "stop_timeout": f"{stop_timeout_s}s"}
    ends = {}
    for deed in ("die", "exit_zero", "exit_nonzero"):
        result = simulate(scenario(task("a", "10h", size=20, on_sigterm=deed), environments=[tasks], world=world), 1)
        ends[deed] = [(row.ended_at_s, str(row.outcome), row.exit_code) for row in result.attempts.itertuples()]
    left = min(stop_timeout_s, 120)
    struck = [each for each in zip(*ends.values(), strict=True) if 120 < each[0][0] < 36_000]
    assert len(struck) > 5
    for (lost, outcome, code), zero, other in struck:
        assert (outcome, code) == ("reclaimed", 137)
        assert zero == (pytest.approx(lost - left), "succeeded", 0)
        assert other == (pytest.approx(lost - left), "reclaimed", 143)
