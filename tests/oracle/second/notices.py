"""A Spot notice, and the loss that follows it (model.md, "A Spot notice")."""

from __future__ import annotations

from oracle.plain import NEVER
from oracle.second import course, ending, hosts
from oracle.second.objects import Attempt, Reclaim, Scenario


def notice_at(scenario: Scenario, reclaim: Reclaim) -> int:
    return max(0, reclaim.at - scenario.world.notice)


def tell(scenario: Scenario, reclaim: Reclaim, now: int) -> None:
    """The instance has its notice, and with ``spot_drain`` its containers SIGTERM."""
    instance = hosts.find(reclaim)
    if instance is None or instance.notice_at is not None or now == reclaim.at:
        return
    instance.notice_at = now
    for attempt in hosts.of(scenario, instance):
        if scenario.world.drains:
            sigterm(scenario, attempt, reclaim, now)
        elif scenario.world.saves_on_notice:
            sees(attempt, reclaim, now)


def sees(attempt: Attempt, reclaim: Reclaim, now: int) -> None:
    """A container that looks out for notices saves its work if there is time, and works on to the loss."""
    if attempt.job.on_sigterm != "checkpoint" or attempt.running_at > now:
        return
    if course.has_to_save(attempt, now) and now + attempt.job.checkpoint.cost <= reclaim.at:
        course.save_now(attempt, now)


def sigterm(scenario: Scenario, attempt: Attempt, reclaim: Reclaim, now: int) -> None:
    """What a container does that is told; one that is still starting hears nothing."""
    deed = attempt.job.on_sigterm if attempt.running_at <= now else "die"
    if deed == "exit_zero":
        ending.succeed(attempt, now)
    elif deed == "exit_nonzero":
        ending.is_taken(scenario, attempt, now, 143)
    elif deed == "checkpoint":
        saves_and_exits(scenario, attempt, reclaim, now)
    else:
        is_killed_later(scenario, attempt, reclaim, now)


def saves_and_exits(scenario: Scenario, attempt: Attempt, reclaim: Reclaim, now: int) -> None:
    """With 143, when all is written; at once if nothing has to be; as ``die`` if there is no time for it."""
    written_at = course.is_saving_until(attempt, now) or now
    if course.has_to_save(attempt, now):
        written_at += attempt.job.checkpoint.cost
    if written_at > min(now + scenario.world.stop_timeout, reclaim.at):
        is_killed_later(scenario, attempt, reclaim, now)
        return
    if course.has_to_save(attempt, now):
        course.save_now(attempt, now)
    attempt.exits_at = NEVER
    if written_at == now:
        ending.is_taken(scenario, attempt, now, 143)
    else:
        attempt.stops_at, attempt.stop_code = written_at, 143


def is_killed_later(scenario: Scenario, attempt: Attempt, reclaim: Reclaim, now: int) -> None:
    """By SIGKILL, unless the instance is lost by then."""
    killed_at = now + scenario.world.stop_timeout
    if killed_at < reclaim.at:
        attempt.stops_at = killed_at


def stop(scenario: Scenario, attempt: Attempt, now: int) -> None:
    """SIGKILL, or the exit of a container that has saved its work; one that never ran has no exit code."""
    ending.is_taken(scenario, attempt, now, attempt.stop_code if attempt.running_at <= now else None)


def strike(scenario: Scenario, reclaim: Reclaim, now: int) -> None:
    """The instance is lost."""
    instance = hosts.find(reclaim)
    if instance is None:
        return
    for attempt in hosts.of(scenario, instance):
        ending.is_taken(scenario, attempt, now)
    instance.ended_at = now
    if instance.notice_at is None:
        instance.notice_at = now
    if reclaim.replace:
        hosts.replace(instance, now)
