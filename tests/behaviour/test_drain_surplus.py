"""Draining: an instance that was surplus for long enough takes no further job, and goes after its last."""

from __future__ import annotations

from scenario_builder import environment, job, scenario

LONG, SHORT = ("long", "2h"), ("short", "10m")
DRAINING = {
    "drain_surplus": True, "scale_down_idle": "5m", "scale_down_check": "60s", "scale_up_delay": "30s",
    "instance_boot": "60s",
}  # fmt: skip


def shrinking(*more, **world):
    """Two instances of 4 vCPUs, each with a job that runs on, and six that end after ten minutes."""
    work = [job("long-a", "2h"), job("short", "10m", size=6), job("long-b", "2h", at="1s")]
    hosts = environment("hosts", ["box.4"], maxvCpus=16)
    return scenario(*work, *more, environments=[hosts], world=DRAINING | world)


def closed(result):
    return result.instances.closed_at_s.dropna().tolist()


def test_an_instance_is_closed_when_it_was_surplus_for_as_long_as_an_idle_one_stays(simulate):
    """From the jobs' end at 690 s the checks at 720 to 1,020 s all see 8 vCPUs of which 2 are needed."""
    assert closed(simulate(shrinking())) == [1020]


def test_one_that_is_needed_stays_open(simulate):
    assert closed(simulate(shrinking(job("more", "2h", vcpus=3, at="15m")))) == []


def test_a_closed_instance_takes_no_job_though_it_has_room(simulate):
    result = simulate(shrinking(job("wide", "10m", vcpus=3, count=2, at="30m")))
    shut = result.instances[result.instances.closed_at_s.notna()].instance.tolist()
    after = result.attempts.query("starting_at_s > 1020")
    assert len(after) == 2
    assert not set(after.instance) & set(shut)


def test_what_it_would_have_held_brings_a_new_instance(simulate):
    late = job("wide", "10m", vcpus=3, count=2, at="30m")
    counts = [len(simulate(shrinking(late, drain_surplus=drains)).instances) for drains in (True, False)]
    assert counts == [3, 2]


def test_it_ends_at_the_first_check_after_its_last_job(simulate):
    result = simulate(shrinking())
    ended = result.attempts.groupby("instance").ended_at_s.max()
    for row in result.instances.itertuples():
        wait_s = 0 if row.closed_at_s > 0 else 300
        assert 0 <= row.ended_at_s - ended[row.instance] - wait_s < 60


def test_minvcpus_are_kept_open(simulate):
    hosts = environment("hosts", ["box.4"], minvCpus=8, maxvCpus=16)
    work = [job("a", "2h"), job("short", "10m", size=6), job("b", "2h", at="1s")]
    result = simulate(scenario(*work, environments=[hosts], world=DRAINING, simulation={"until": "2h"}))
    assert closed(result) == []


def test_an_idle_instance_stays_for_minvcpus_while_a_closed_one_that_goes_counts_no_more(simulate):
    """The open one would go too if the closed one counted towards the minimum in the instant in which it goes."""
    hosts = environment("hosts", ["box.4"], minvCpus=4, maxvCpus=16)
    work = [job("a", "25m"), job("short", "10m", size=6), job("b", "25m", at="1s")]
    result = simulate(scenario(*work, environments=[hosts], world=DRAINING, simulation={"until": "1h"}))
    assert result.instances.closed_at_s.isna().tolist() == result.instances.ended_at_s.isna().tolist()
    assert len(result.instances) == 2


def test_the_emptiest_goes_first_and_then_no_more_than_can_be_spared(simulate):
    """Of three instances of 4 vCPUs, 3, 2 and 1 are held: the last can be spared, and no other then."""
    hosts = environment("hosts", ["box.4"], maxvCpus=16)
    work = [job("a", "3h", vcpus=3), job("fill-a", "10m"), job("b", "3h", vcpus=2), job("fill-b", "10m", vcpus=2)]
    work += [job("c", "3h"), job("fill-c", "10m", vcpus=3)]
    result = simulate(scenario(*work, environments=[hosts], world=DRAINING))
    assert [row.ordinal for row in result.instances.itertuples() if row.closed_at_s > 0] == [2]


def test_the_switch_is_off(simulate):
    result = simulate(shrinking(drain_surplus=False))
    assert closed(result) == []
